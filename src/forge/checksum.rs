//! The checksums that some forges put at the end of their tokens.

/// Digits as GitHub counts in base 62.
pub(super) const BASE_62: &[u8; 62] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Digits as GitLab counts in base 36.
pub(super) const BASE_36: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// Digits of RFC 4648's base 32.
pub(super) const BASE_32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Digits of upper-case hexadecimal.
pub(super) const BASE_16: &[u8; 16] = b"0123456789ABCDEF";

/// Returns whether these are the digits of a number, the most significant first, filled up on the
/// left with the digit for zero.
pub(super) fn is_number(given: &[u8], mut number: u64, digits: &[u8]) -> bool {
    let base = digits.len() as u64;
    let all = given.iter().rev().all(|&digit| {
        let index = usize::try_from(number % base).unwrap_or_default();
        number /= base;
        digit == digits[index]
    });
    all && number == 0
}

/// Returns the CRC-32 (IEEE) of the bytes before the last `length`, and those last bytes.
pub(super) fn crc_and_rest(bytes: &[u8], length: usize) -> Option<(u64, &[u8])> {
    let (body, rest) = bytes.split_at_checked(bytes.len().checked_sub(length)?)?;
    Some((crc32fast::hash(body).into(), rest))
}

#[cfg(test)]
mod tests {
    use super::{BASE_16, BASE_32, BASE_36, BASE_62, crc_and_rest, is_number};

    #[test]
    fn a_number_has_exactly_its_digits() {
        for (given, number, digits) in [
            ("00001Z", 62 + 35, &BASE_62[..]),
            ("00001z", 62 + 61, BASE_62),
            ("0000010", 36, BASE_36),
            ("AAAAAABA", 32, BASE_32),
            ("0000000A", 10, BASE_16),
            ("", 0, BASE_16),
        ] {
            assert!(is_number(given.as_bytes(), number, digits), "{given}");
            assert!(!is_number(given.as_bytes(), number + 1, digits), "{given}");
        }
        assert!(!is_number(b"0", 16, BASE_16), "a digit is missing");
        assert!(!is_number(b"a", 10, BASE_16), "another case is another digit");
    }

    #[test]
    fn the_sum_is_the_ieee_one() {
        assert_eq!(crc_and_rest(b"123456789xy", 2), Some((0xCBF4_3926, &b"xy"[..])));
        assert_eq!(crc_and_rest(b"x", 2), None);
    }
}
