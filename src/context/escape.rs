//! Bytes as text and back, for whatever takes only text: a keychain's attributes, a screen.

use std::borrow::Cow;

/// Characters that are not seen, or that make the text around them look like another, beside
/// control characters: Unicode 16's format characters and separators, blanks other than the space,
/// characters that are ignored by default, and those that each font shows as it likes (private
/// use). Joiners and marks that a script's spelling needs are among them: a name with one is better
/// seen in pieces than not at all.
const UNSEEN: [(char, char); 31] = [
    ('\u{a0}', '\u{a0}'),
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{1680}', '\u{1680}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{2000}', '\u{200f}'),
    ('\u{2028}', '\u{202f}'),
    ('\u{205f}', '\u{206f}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3000}', '\u{3000}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{e000}', '\u{f8ff}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{fffe}', '\u{ffff}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{13440}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{10ffff}'),
];

/// Returns whether people see this character, and it does not change how others look.
pub(crate) fn is_seen(c: char) -> bool {
    // The ranges are in ascending order.
    let after = UNSEEN.partition_point(|(_, last)| *last < c);
    !c.is_control() && UNSEEN.get(after).is_none_or(|(first, _)| c < *first)
}

/// Returns a text as people may see it, on one line: a character that [is not seen](is_seen)
/// becomes `%XX`, as in [`escape`]. Parts that were escaped before stay as they are.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_seen) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_seen(c) {
            shown.push(c);
        } else {
            c.encode_utf8(&mut [0; 4]).bytes().for_each(|b| push_escaped(&mut shown, b));
        }
    }
    shown.into()
}

/// Returns bytes as text that any keychain can file and show: UTF-8 stays as it is; `%`, control
/// characters and bytes that are no UTF-8 become `%XX`. Different bytes give different texts.
#[must_use]
pub fn escape(bytes: &[u8]) -> String {
    // The text may be a secret, so it must never grow: that would leave a copy behind.
    let mut text = String::with_capacity(3 * bytes.len());
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

/// Undoes [`escape`], or returns nothing where a `%` is not followed by two hexadecimal digits.
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
    use super::{UNSEEN, escape, is_seen, shown, unescape};

    #[test]
    fn escaping_is_injective() {
        for bytes in [&b"%41"[..], b"A", b"\xFF", b"%FF", b"\xC2\x85", b"a%", b"\xE2\x82"] {
            assert_eq!(unescape(&escape(bytes)).as_deref(), Some(bytes));
        }
        assert_eq!(unescape("%4"), None);
        assert_eq!(unescape("%+1"), None);
    }

    #[test]
    fn what_hides_or_turns_other_text_is_not_shown_as_it_is() {
        for (text, expected) in [
            ("alice", "alice"),
            ("m\u{fc}ller \u{7530} %41", "m\u{fc}ller \u{7530} %41"),
            ("a\u{202e}b", "a%E2%80%AEb"),
            ("\u{2066}a\u{2069}", "%E2%81%A6a%E2%81%A9"),
            ("a\u{200b}\u{feff}", "a%E2%80%8B%EF%BB%BF"),
            ("a\u{ad}b\u{a0}", "a%C2%ADb%C2%A0"),
            ("\u{e0041}", "%F3%A0%81%81"),
            ("a\n\u{1b}[2J\u{9b}", "a%0A%1B[2J%C2%9B"),
        ] {
            assert_eq!(shown(text), expected);
            assert_eq!(shown(&shown(text)), expected);
        }
    }

    #[test]
    fn the_table_of_what_is_not_seen_is_in_order() {
        assert!(UNSEEN.iter().all(|(first, last)| first <= last));
        assert!(UNSEEN.is_sorted_by(|(_, last), (first, _)| last < first));
        let ends = UNSEEN.iter().flat_map(|(first, last)| [*first, *last]);
        assert!(ends.into_iter().all(|c| !is_seen(c)));
        assert!([' ', '~', '\u{a1}', '\u{2027}', '\u{2030}', '\u{1f600}'].into_iter().all(is_seen));
    }
}
