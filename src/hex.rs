//! Bytes as hexadecimal digits, as names and states have their digests in.

use std::fmt::Write;

/// Appends two small digits for each byte.
pub(crate) fn push(text: &mut String, bytes: impl IntoIterator<Item = u8>) {
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
}

#[cfg(test)]
mod tests {
    use super::push;

    #[test]
    fn every_byte_has_two_digits() {
        let mut text = String::from("a-");
        push(&mut text, [0, 0x0a, 0xff]);
        assert_eq!(text, "a-000aff");
    }
}
