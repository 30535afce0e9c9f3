//! Bytes as text and back, for whatever takes only text: a keychain's attributes, a screen.

/// Bytes as text that any keychain can file and show: UTF-8 stays as it is; `%`, control
/// characters and bytes that are no UTF-8 become `%XX`. Different bytes give different
/// texts.
#[must_use]
pub fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c == '%' || c.is_control() {
                c.encode_utf8(&mut [0; 4]).bytes().for_each(|b| push_escaped(&mut text, b));
            } else {
                text.push(c);
            }
        }
        chunk.invalid().iter().for_each(|&b| push_escaped(&mut text, b));
    }
    text
}

fn push_escaped(text: &mut String, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    text.push('%');
    text.push(char::from(HEX[usize::from(byte >> 4)]));
    text.push(char::from(HEX[usize::from(byte & 15)]));
}

/// Undoes [`escape`]; nothing where a `%` is not followed by two hexadecimal digits.
#[must_use]
pub fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'%' {
            let (digits, tail) = tail.split_at_checked(2)?;
            let digit = |b: u8| char::from(b).to_digit(16);
            let value = digit(digits[0])? * 16 + digit(digits[1])?;
            bytes.push(u8::try_from(value).ok()?);
            rest = tail;
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::{escape, unescape};

    #[test]
    fn escaping_is_injective() {
        for bytes in [&b"%41"[..], b"A", b"\xFF", b"%FF", b"\xC2\x85", b"a%", b"\xE2\x82"] {
            assert_eq!(unescape(&escape(bytes)).as_deref(), Some(bytes));
        }
        assert_eq!(unescape("%4"), None);
        assert_eq!(unescape("%+1"), None);
    }
}
