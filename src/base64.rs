//! Bytes as text in base64, without the padding: the age format has none.

use zeroize::Zeroizing;

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Returns the bytes as text.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let number =
            group.iter().chain([0; 2].iter()).take(3).fold(0, |n, b| n << 8 | usize::from(*b));
        let digits = [18, 12, 6, 0].map(|shift| char::from(DIGITS[number >> shift & 63]));
        text.extend(&digits[..=group.len()]);
    }
    text
}

/// Returns the bytes of a text, or nothing where no [`encode`] would have written it.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    // It may be a secret, also where its end turns out to be none.
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 4 * 3 + 2));
    for group in text.chunks(4) {
        let mut number = 0;
        for digit in group {
            let digit = DIGITS.iter().position(|d| d == digit)?;
            number = number << 6 | u32::try_from(digit).ok()?;
        }
        let spare = match group.len() {
            4 => 0,
            3 => 2,
            2 => 4,
            _ => return None,
        };
        // One text for the same bytes, not several.
        if number & ((1 << spare) - 1) != 0 {
            return None;
        }
        let number = (number >> spare).to_be_bytes();
        bytes.extend_from_slice(&number[4 - (group.len() - 1)..]);
    }
    Some(std::mem::take(&mut *bytes))
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn bytes_read_back_as_they_were() {
        for (bytes, text) in [
            (&b""[..], ""),
            (b"\0", "AA"),
            (b"f", "Zg"),
            (b"fo", "Zm8"),
            (b"foo", "Zm9v"),
            (b"foob", "Zm9vYg"),
            (b"\xff\xef\xfe\xff", "/+/+/w"),
        ] {
            assert_eq!(encode(bytes), text);
            assert_eq!(decode(text.as_bytes()).as_deref(), Some(bytes));
        }
    }

    #[test]
    fn a_second_text_for_the_same_bytes_is_refused() {
        for text in ["A", "Zg==", "Zh", "Zm9=", "Zm9vY", "Zm8 ", "Zm\n8", "Z_8-", "Zm8\u{e9}"] {
            assert!(decode(text.as_bytes()).is_none(), "{text}");
        }
    }
}
