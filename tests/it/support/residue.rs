//! The remains of a secret in some bytes. They are found by every window of eight of its bytes, raw
//! and in the encodings in which a secret is usually copied. A freed block loses its first bytes to
//! the allocator, and a stack frame is overwritten in part. So a search for the whole secret would
//! find next to nothing.

use std::collections::HashMap;
use std::fmt::Write;

/// The length of a piece that counts. Eight digits of hex are only four bytes of a secret, and the
/// addresses in a process's map contain those by chance.
pub const WINDOW: usize = 8;
const WIDE_WINDOW: usize = 2 * WINDOW;

/// A search for secrets.
pub struct Needles {
    secrets: Vec<Vec<u8>>,
    windows: HashMap<[u8; WINDOW], &'static str>,
    /// The first two bytes that any window has. Nearly all memory is skipped by these.
    beginnings: Vec<bool>,
}

/// A piece that was found.
#[derive(Clone, Debug)]
pub struct Piece {
    pub encoding: &'static str,
    pub at: usize,
    pub length: usize,
}

impl Needles {
    pub fn new(secrets: &[&[u8]]) -> Self {
        let mut needles = Self {
            secrets: secrets.iter().map(|secret| secret.to_vec()).collect(),
            windows: HashMap::new(),
            beginnings: vec![false; 1 << 16],
        };
        for secret in secrets {
            needles.add("raw", secret);
            let wide = secret.iter().flat_map(|&b| [b, 0]).collect::<Vec<u8>>();
            needles.add("UTF-16", &wide);
            needles.add("hex", hex(secret).as_bytes());
            needles.add("hex", hex(secret).to_uppercase().as_bytes());
            // In a longer text, the base64 of the secret is one of three, depending on where it
            // begins.
            for skipped in 0..3.min(secret.len()) {
                needles.add("base64", &base64(&secret[skipped..]));
            }
        }
        needles
    }

    fn add(&mut self, encoding: &'static str, encoded: &[u8]) {
        for window in encoded.windows(WINDOW) {
            self.beginnings[beginning(window)] = true;
            self.windows.entry(window.try_into().unwrap()).or_insert(encoding);
        }
    }

    /// Returns the pieces in some bytes, in their order.
    pub fn find(&self, bytes: &[u8]) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut next = 0;
        while next + WINDOW <= bytes.len() {
            // An index is used, not an iterator: this runs over megabytes in builds for debugging.
            let at = next;
            next += 1;
            if !self.beginnings[beginning(&bytes[at..])] {
                continue;
            }
            let Some(&encoding) = self.windows.get(&bytes[at..at + WINDOW]) else { continue };
            match pieces.last_mut() {
                Some(last) if last.encoding == encoding && last.at + last.length >= at => {
                    last.length = at + WINDOW - last.at;
                }
                _ => pieces.push(Piece { encoding, at, length: WINDOW }),
            }
        }
        pieces.retain(|piece| match piece.encoding {
            "UTF-16" | "hex" => piece.length >= WIDE_WINDOW,
            _ => true,
        });
        pieces
    }

    /// Returns whether any piece is in there.
    pub fn are_in(&self, bytes: &[u8]) -> bool {
        !self.find(bytes).is_empty()
    }

    /// Returns the number of secrets. Only code that reads x86-64's registers needs it.
    #[cfg(target_arch = "x86_64")]
    pub fn count(&self) -> usize {
        self.secrets.len()
    }

    /// Returns which secrets stand there whole and unencoded, and where.
    pub fn whole(&self, bytes: &[u8]) -> Vec<(usize, usize)> {
        let mut whole = Vec::new();
        for piece in self.find(bytes).iter().filter(|piece| piece.encoding == "raw") {
            let found = &bytes[piece.at..piece.at + piece.length];
            for (number, secret) in self.secrets.iter().enumerate() {
                let places = found.windows(secret.len()).enumerate().filter(|(_, w)| w == secret);
                whole.extend(places.map(|(at, _)| (number, piece.at + at)));
            }
        }
        whole
    }
}

fn beginning(window: &[u8]) -> usize {
    usize::from(window[0]) << 8 | usize::from(window[1])
}

/// Encodes in hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// Encodes in base64, without padding: the bytes after the secret decide about the last letters.
pub fn base64(bytes: &[u8]) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let three = bytes.chunks_exact(3);
    three
        .flat_map(|c| {
            let bits = usize::from(c[0]) << 16 | usize::from(c[1]) << 8 | usize::from(c[2]);
            [18, 12, 6, 0].map(|shift| LETTERS[bits >> shift & 63])
        })
        .collect()
}

#[test]
fn a_piece_is_found_in_each_encoding_and_nothing_else() {
    let needles = Needles::new(&[b"ghp_TESTONLY3kVb9ZqL"]);
    let found = |bytes: &[u8]| {
        needles.find(bytes).iter().map(|p| (p.encoding, p.at, p.length)).collect::<Vec<_>>()
    };
    assert_eq!(found(b"xxTONLY3kVb9yy"), [("raw", 2, 10)]);
    assert_eq!(found(b"L\0Y\x003\0k\0V\0b\x009\0Z\0q\0"), [("UTF-16", 0, 18)]);
    assert_eq!(found(b" 4f4e4c59336b56623"), [("hex", 1, 17)]);
    assert_eq!(found(b"4F4E4C59336B5662"), [("hex", 0, 16)]);
    assert_eq!(found(b"7f4f4e4c59336b56-7f4f4e4c593000 N\0L\0Y\x003\0k\0V\0b\0"), []);
    // `printf a:ghp_TESTONLY3kVb9ZqL | base64` and so on with one and two letters before.
    for text in ["YTpnaHBfVEVTVE9OTFkza1ZiOVpxTA", "YWE6Z2hwX1RFU1RPTkxZM2tWYjlacUw"] {
        assert!(needles.are_in(text.as_bytes()), "{text}");
    }
    assert_eq!(found(b"TONLY3k TESTONL ghp_TEST"), [("raw", 16, 8)]);
    assert_eq!(needles.whole(b"ghp_TESTONLY3kVb9ZqL ghp_TESTONLY3kVb9Zq"), [(0, 0)]);
}
