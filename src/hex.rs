//! Bytes as hexadecimal digits, in which names and states hold digests.

use std::fmt::Write;
use zeroize::Zeroizing;

/// Appends two lower-case digits for each byte.
pub(crate) fn push(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
}

/// Returns the bytes of these digits in memory that is wiped, or nothing where the text is not
/// two digits for each byte.
pub(crate) fn decode(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (pairs, rest) = text.as_chunks();
    if !rest.is_empty() {
        return None;
    }
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let mut bytes = Zeroizing::new(Vec::with_capacity(pairs.len()));
    for &[high, low] in pairs {
        bytes.push(u8::try_from(digit(high)? * 16 + digit(low)?).ok()?);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::{decode, push};

    #[test]
    fn every_byte_has_two_digits() {
        let mut text = String::from("a-");
        push(&mut text, &[0, 0x0a, 0xff]);
        assert_eq!(text, "a-000aff");
        assert!(decode(b"000aFf").is_some_and(|bytes| *bytes == [0, 0x0a, 0xff]));
        assert!(decode(b"0").is_none() && decode(b"+1").is_none() && decode(b"0g").is_none());
    }
}
