//! Reads age files with headers that somebody who knows a file's key could write. There is no
//! panic, and the `age` crate reads each file as we do. Both open what we encrypt.
//!
//! Input: a digit, then a whole file if the digit is odd, or else the lines of a header, in which
//! a line `$` stands for the stanza that our key opens.
#![no_main]

use age::x25519::Identity;
use chacha20poly1305::{AeadInOut, ChaCha20Poly1305, KeyInit};
use git_credential_pat::keychain::vault::age::{File, Key, MAX_CONTENT, Recipient, encrypt};
use git_credential_pat::secret::FixedBytes;
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use libfuzzer_sys::fuzz_target;
use sha2::Sha256;
use std::sync::LazyLock;

/// The key that consists of the bytes 0 to 31.
const IDENTITY: &str = "AGE-SECRET-KEY-1QQQSYQCYQ5RQWZQFPG9SCRGWPUGPZYSNZS23V9CCRYDPK8QARC0SWRYDWG";

const INTRODUCTION: &[u8] = b"age-encryption.org/v1\n";
const CONTENT: &[u8] = b"TESTONLY content\n";

static THEIRS: LazyLock<Identity> = LazyLock::new(|| IDENTITY.parse().expect("an identity"));

static OURS: LazyLock<Key> = LazyLock::new(|| {
    Key::new(FixedBytes::new(std::array::from_fn(|n| u8::try_from(n).expect("small"))))
});

/// The stanza of a file for the key above, and the file's own key, which the stanza holds.
static OPENING: LazyLock<(Vec<u8>, [u8; 16])> = LazyLock::new(|| {
    let file = encrypt(CONTENT, &Recipient::Key(OURS.public())).expect("encrypted");
    let end = file.windows(4).position(|four| four == b"\n---").expect("a MAC") + 1;
    let stanza = file[INTRODUCTION.len()..end].to_vec();
    let text = String::from_utf8(stanza.clone()).expect("text");
    let words: Vec<&str> = text.split_whitespace().collect();
    let share: [u8; 32] = base64(words[2]).try_into().expect("a share");
    let shared = MontgomeryPoint(share).mul_clamped(*OURS.expose()).to_bytes();
    let wrapping =
        derive(&shared, &[share, *OURS.public()].concat(), b"age-encryption.org/v1/X25519");
    let mut wrapped = base64(words[3]);
    let tag: [u8; 16] = wrapped.split_off(16).try_into().expect("a tag");
    let cipher = ChaCha20Poly1305::new((&wrapping).into());
    let opened = cipher.decrypt_inout_detached(
        (&[0; 12]).into(),
        b"",
        wrapped.as_mut_slice().into(),
        (&tag).into(),
    );
    opened.expect("our own");
    (stanza, wrapped.try_into().expect("a key"))
});

use curve25519_dalek::montgomery::MontgomeryPoint;

fuzz_target!(|data: &[u8]| {
    let Some((&digit, rest)) = data.split_first() else { return };
    let file = if digit % 2 == 1 { rest.to_vec() } else { with_header(rest) };
    let ours = File::parse(&file).and_then(|file| file.open(&OURS));
    let theirs = age::decrypt(&*THEIRS, &file);
    let is_long = file.len() > 4096;
    match (&ours, &theirs) {
        (Ok(ours), Ok(theirs)) => assert_eq!(**ours, *theirs, "another content"),
        (Ok(_), Err(error)) => panic!("we alone open it: {error}"),
        // The crate also takes a stanza without the line that ends its body, as older versions
        // wrote it. We keep to the format.
        (Err(why), Ok(_)) => {
            let is_plain = rest.split_inclusive(|&b| b == b'\n').all(|line| line == b"$\n");
            let is_refused = is_long || is_armor(&file) || (digit % 2 == 0 && !is_plain);
            assert!(is_refused, "they alone open it: {why:?}");
        }
        (Err(_), Err(_)) => {}
    }
    if let Ok(file) = File::parse(&file)
        && let Ok(Some(work)) = file.work_factor()
    {
        assert!((1..=20).contains(&work), "more work than may be: {work}");
        if work < 5 {
            let _ = file.open_with_passphrase(rest);
        }
    }
    let content = &rest[..rest.len().min(MAX_CONTENT)];
    let file = encrypt(content, &Recipient::Key(OURS.public())).expect("encrypted");
    let opened = File::parse(&file).and_then(|file| file.open(&OURS));
    assert!(opened.is_ok_and(|opened| *opened == content), "not what was encrypted");
    assert_eq!(age::decrypt(&*THEIRS, &file).expect("theirs"), content);
});

/// Returns a whole file with these lines as its header, as somebody who knows its key writes it.
fn with_header(lines: &[u8]) -> Vec<u8> {
    let (stanza, file_key) = &*OPENING;
    let mut file = INTRODUCTION.to_vec();
    for line in lines.split_inclusive(|&b| b == b'\n') {
        file.extend_from_slice(if line == b"$\n" { stanza } else { line });
    }
    file.extend_from_slice(b"---");
    let key = derive(file_key, b"", b"header");
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&key).expect("any length");
    mac.update(&file);
    file.push(b' ');
    file.extend_from_slice(in_base64(&mac.finalize().into_bytes()).as_bytes());
    file.push(b'\n');
    let nonce = [5; 16];
    file.extend_from_slice(&nonce);
    let mut content = CONTENT.to_vec();
    let cipher = ChaCha20Poly1305::new((&derive(file_key, &nonce, b"payload")).into());
    let last = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let tag = cipher.encrypt_inout_detached((&last).into(), b"", content.as_mut_slice().into());
    file.extend_from_slice(&content);
    file.extend_from_slice(&tag.expect("short"));
    file
}

fn is_armor(file: &[u8]) -> bool {
    file.starts_with(b"-----BEGIN")
}

fn derive(secret: &[u8], salt: &[u8], label: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(Some(salt), secret).expand(label, &mut key).expect("short");
    key
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64(text: &str) -> Vec<u8> {
    let digits = text.bytes().map(|c| DIGITS.iter().position(|d| *d == c).expect("a digit"));
    let bits: Vec<usize> = digits.flat_map(|d| (0..6).rev().map(move |bit| d >> bit & 1)).collect();
    let byte = |bits: &[usize]| bits.iter().fold(0, |all, bit| all << 1 | bit);
    bits.chunks_exact(8).map(|bits| u8::try_from(byte(bits)).expect("a byte")).collect()
}

fn in_base64(bytes: &[u8]) -> String {
    let bits: Vec<usize> =
        bytes.iter().flat_map(|b| (0..8).rev().map(move |bit| usize::from(b >> bit & 1))).collect();
    let digit = |bits: &[usize]| {
        let number = bits.iter().fold(0, |all, bit| all << 1 | bit) << (6 - bits.len());
        char::from(DIGITS[number])
    };
    bits.chunks(6).map(digit).collect()
}
