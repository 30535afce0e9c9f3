//! Reads and writes an age identity in the form for people: `AGE-SECRET-KEY-1…`, and its public
//! half `age1…`, both in bech32 (BIP 173).

use crate::secret::FixedBytes;
use zeroize::Zeroizing;

const DIGITS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// The number of digits of a key of 32 bytes, and of its checksum.
const KEY: usize = 52;
const CHECKSUM: usize = 6;

const SECRET: &str = "age-secret-key-";

/// Returns a secret key as a line of an identity file.
pub(super) fn secret(key: &[u8; 32]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(encode(SECRET, key));
    text.make_ascii_uppercase();
    text
}

/// Returns a public key in the form that `age -r` takes.
#[cfg(test)]
pub(super) fn public(key: &[u8; 32]) -> String {
    encode("age", key)
}

/// Returns the secret key of a line of an identity file, whose letters must be capitals.
pub(super) fn parse_secret(line: &[u8]) -> Option<FixedBytes<32>> {
    let beginning = SECRET.to_ascii_uppercase();
    let digits = line.strip_prefix(beginning.as_bytes())?.strip_prefix(b"1")?;
    if digits.len() != KEY + CHECKSUM || digits.iter().any(u8::is_ascii_lowercase) {
        return None;
    }
    let mut values = FixedBytes::new([0; KEY + CHECKSUM]);
    for (value, digit) in values.iter_mut().zip(digits) {
        let small = digit.to_ascii_lowercase();
        *value = u8::try_from(DIGITS.iter().position(|d| *d == small)?).ok()?;
    }
    if checksum(SECRET, &*values) != 1 {
        return None;
    }
    let mut key = FixedBytes::new([0; 32]);
    let (mut number, mut bits, mut count) = (0u32, 0, 0);
    for &value in &values[..KEY] {
        number = (number << 5 | u32::from(value)) & 0xFFF;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            *key.get_mut(count)? = u8::try_from(number >> bits & 0xFF).ok()?;
            count += 1;
        }
    }
    // The digits have 260 bits for the key's 256. The other four must be zero.
    (number.trailing_zeros() >= 4).then_some(key)
}

fn encode(beginning: &str, key: &[u8; 32]) -> String {
    let mut values = FixedBytes::new([0; KEY + CHECKSUM]);
    for (index, value) in values[..KEY].iter_mut().enumerate() {
        let (byte, shift) = (index * 5 / 8, index * 5 % 8);
        let pair = u16::from(key[byte]) << 8 | u16::from(*key.get(byte + 1).unwrap_or(&0));
        *value = u8::try_from(pair >> (11 - shift) & 31).unwrap_or_default();
    }
    let sum = checksum(beginning, &*values) ^ 1;
    for (index, value) in values[KEY..].iter_mut().enumerate() {
        *value = u8::try_from(sum >> (5 * (CHECKSUM - 1 - index)) & 31).unwrap_or_default();
    }
    let mut text = String::with_capacity(beginning.len() + 1 + values.len());
    text.push_str(beginning);
    text.push('1');
    text.extend(values.iter().map(|&value| char::from(DIGITS[usize::from(value)])));
    text
}

/// Returns BIP 173's polynomial over the parts before and after the `1`.
fn checksum(beginning: &str, values: &[u8]) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let high = beginning.bytes().map(|b| b >> 5);
    let low = beginning.bytes().map(|b| b & 31);
    high.chain([0]).chain(low).chain(values.iter().copied()).fold(1, |sum: u32, value| {
        let shifted = (sum & 0x1FF_FFFF) << 5 ^ u32::from(value);
        let bits = GENERATOR.iter().enumerate().filter(|(bit, _)| sum >> (25 + bit) & 1 == 1);
        bits.fold(shifted, |sum, (_, generator)| sum ^ generator)
    })
}

#[cfg(test)]
mod tests {
    use super::{parse_secret, public, secret};

    // The texts of the bytes 0 to 31, by the reference implementation of BIP 173.
    const TEXT: &str = "AGE-SECRET-KEY-1QQQSYQCYQ5RQWZQFPG9SCRGWPUGPZYSNZS23V9CCRYDPK8QARC0SWRYDWG";
    const PUBLIC_TEXT: &str = "age1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0savhh7m";

    fn counted() -> [u8; 32] {
        std::array::from_fn(|n| u8::try_from(n).expect("32 at most"))
    }

    #[test]
    fn a_key_reads_back_as_it_was() {
        for key in [counted(), [0; 32], [0xFF; 32], [0x5A; 32]] {
            let text = secret(&key);
            assert_eq!(parse_secret(text.as_bytes()).as_deref(), Some(&key));
            assert!(text.starts_with("AGE-SECRET-KEY-1"), "{}", *text);
        }
        assert_eq!(*secret(&counted()), TEXT);
        assert_eq!(public(&counted()), PUBLIC_TEXT);
    }

    #[test]
    fn a_key_with_a_wrong_character_is_no_key() {
        let text = secret(&counted());
        for at in 0..text.len() {
            let mut changed = text.as_bytes().to_vec();
            changed[at] = if changed[at] == b'Q' { b'P' } else { b'Q' };
            assert!(parse_secret(&changed).is_none(), "character {at}");
        }
        assert!(parse_secret(&text.as_bytes()[1..]).is_none());
        assert!(parse_secret(&text.as_bytes()[..text.len() - 1]).is_none());
        assert!(parse_secret(text.to_ascii_lowercase().as_bytes()).is_none());
    }
}
