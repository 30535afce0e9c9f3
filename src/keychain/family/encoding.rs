//! The form that a writer gave a secret before it was stored.

use crate::error::Error;
use crate::hex;
use zeroize::Zeroizing;

/// The prefix that go-keyring puts before a secret that it encodes, as it always does on macOS:
/// first the present one, then that of its older versions.
const PREFIXES: [(&[u8], Decode); 2] =
    [(b"go-keyring-base64:", base64), (b"go-keyring-encoded:", hex::decode)];

/// A function that decodes a text, or returns nothing where it is not of this form.
type Decode = fn(&[u8]) -> Option<Zeroizing<Vec<u8>>>;

/// Returns the secret as it was before its writer encoded it.
///
/// # Errors
/// [`Error::Refused`] where it is marked as encoded, and is not.
pub(super) fn decode(stored: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, Error> {
    for (prefix, decode) in PREFIXES {
        if let Some(text) = stored.strip_prefix(prefix) {
            return decode(text).ok_or(Error::Refused("the entry is not as go-keyring writes it"));
        }
    }
    Ok(stored)
}

/// Decodes standard base64, with its padding.
fn base64(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let digits = text.strip_suffix(b"==").or(text.strip_suffix(b"=")).unwrap_or(text);
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 4 * 3));
    for group in digits.chunks(4) {
        let mut value = 0;
        for &digit in group {
            value = value << 6 | sextet(digit)?;
        }
        value <<= 6 * (4 - group.len());
        bytes.extend_from_slice(&value.to_be_bytes()[1..group.len()]);
    }
    Some(bytes)
}

/// Returns the six bits of a digit.
fn sextet(digit: u8) -> Option<u32> {
    let value = match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(value.into())
}

/// Converts a Windows text (UTF-16) to UTF-8, and leaves anything else as it is. A token has no NUL
/// in UTF-8, and in UTF-16 nearly every other byte is one.
#[cfg(any(windows, test))]
pub(super) fn from_utf16(stored: Zeroizing<Vec<u8>>) -> Zeroizing<Vec<u8>> {
    let (units, rest) = stored.as_chunks();
    if !rest.is_empty() || !stored.contains(&0) {
        return stored;
    }
    let mut text = Zeroizing::new(Vec::with_capacity(units.len() * 3));
    for letter in char::decode_utf16(units.iter().map(|unit| u16::from_le_bytes(*unit))) {
        let Ok(letter) = letter else { return stored };
        let mut bytes = Zeroizing::new([0; 4]);
        text.extend_from_slice(letter.encode_utf8(&mut *bytes).as_bytes());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{decode, from_utf16};
    use zeroize::Zeroizing;

    fn read(stored: &str) -> Option<Vec<u8>> {
        decode(Zeroizing::new(stored.as_bytes().to_vec())).ok().map(|bytes| bytes.to_vec())
    }

    #[test]
    fn what_go_keyring_encodes_is_decoded() {
        for (stored, secret) in [
            ("ghp_TESTONLY1", "ghp_TESTONLY1"),
            ("go-keyring-base64:Z2hwX1RFU1RPTkxZMQ==", "ghp_TESTONLY1"),
            ("go-keyring-base64:Z2hwX1RFU1RPTkxZMTI=", "ghp_TESTONLY12"),
            ("go-keyring-base64:Z2hwX1RFU1RPTkxZMTIz", "ghp_TESTONLY123"),
            ("go-keyring-base64:fn5+Pz8/", "~~~???"),
            ("go-keyring-base64:", ""),
            ("go-keyring-encoded:6768705f544553544f4e4c5931", "ghp_TESTONLY1"),
            ("x-go-keyring-base64:AA", "x-go-keyring-base64:AA"),
        ] {
            assert_eq!(read(stored), Some(secret.as_bytes().to_vec()), "{stored}");
        }
    }

    #[test]
    fn what_is_marked_as_encoded_and_is_not_is_no_secret() {
        for text in ["A", "AA", "AA=", "A===", "====", "AA==AAAA", "AAAA\n", "A A=", "AA-_"] {
            assert_eq!(read(&format!("go-keyring-base64:{text}")), None, "{text}");
        }
        for text in ["6", "6g", "+6", "67 8"] {
            assert_eq!(read(&format!("go-keyring-encoded:{text}")), None, "{text}");
        }
    }

    #[test]
    fn a_text_of_windows_is_read_and_another_is_left_as_it_is() {
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        let read = |stored: &[u8]| from_utf16(Zeroizing::new(stored.to_vec())).to_vec();
        for text in ["", "ghp_TESTONLY1", "\u{fc}\u{1f511}x"] {
            assert_eq!(read(&utf16(text)), text.as_bytes(), "{text}");
            assert_eq!(read(text.as_bytes()), text.as_bytes(), "{text}");
        }
        // One ends with half of a surrogate pair, the other with half of a unit.
        for stored in [&[0x00, 0xd8, b'x', 0][..], &[b'x', 0, b'y']] {
            assert_eq!(read(stored), stored);
        }
    }
}
