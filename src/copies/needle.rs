//! Whether a token stands in a text: as it is, with `%XX`, with backslashes, or in base64.
//!
//! It stands there as a whole only: of a longer token that begins or ends with it, nothing is said.

use crate::base64;
use crate::plain_text::url::decode_all;
use crate::secret::Secret;
use zeroize::Zeroizing;

/// The token that is looked for.
pub(super) struct Needle<'a>(&'a [u8]);

impl<'a> Needle<'a> {
    pub(super) fn of(token: &'a Secret) -> Self {
        Self(token.expose())
    }

    /// Returns whether the token stands in this text.
    pub(super) fn is_in(&self, text: &[u8]) -> bool {
        if self.0.is_empty() {
            return false;
        }
        self.is_in_unquoted(text)
            || (text.contains(&b'\\') && self.is_in_unquoted(&without_backslashes(text)))
    }

    /// Returns whether the text shows the token, also as a part of something longer.
    pub(super) fn is_part_of(&self, text: &[u8]) -> bool {
        self.is_in(text) || text.windows(self.0.len().max(1)).any(|part| part == self.0)
    }

    fn is_in_unquoted(&self, text: &[u8]) -> bool {
        self.stands_in(text)
            || (text.contains(&b'%') && self.stands_in(&decode_all(text)))
            || words_in_base64(text).any(|word| self.is_in_base64(word))
    }

    fn is_in_base64(&self, word: &[u8]) -> bool {
        // Three bytes are four digits.
        if word.len() < self.0.len() / 3 * 4 {
            return false;
        }
        let plain = Zeroizing::new(
            word.iter()
                .map(|digit| match digit {
                    b'-' => b'+',
                    b'_' => b'/',
                    other => *other,
                })
                .collect::<Vec<u8>>(),
        );
        let decoded = base64::decode(&plain).map(Zeroizing::new);
        decoded.is_some_and(|text| self.stands_in(&text))
    }

    /// Returns whether the token stands in the text as it is, with nothing around it that could
    /// belong to a token.
    fn stands_in(&self, text: &[u8]) -> bool {
        let length = self.0.len();
        let is_end = |at: Option<&u8>| at.is_none_or(|byte| is_around_tokens(*byte));
        text.windows(length).enumerate().any(|(start, part)| {
            let end = start + length;
            let before = start.checked_sub(1).and_then(|at| text.get(at));
            part == self.0 && is_end(before) && (is_end(text.get(end)) || is_full_stop(text, end))
        })
    }
}

/// Returns whether a byte can stand beside a token without being a part of it.
fn is_around_tokens(byte: u8) -> bool {
    byte.is_ascii_whitespace()
        || byte.is_ascii_control()
        || b"\"'`@:/?#&=,;()<>[]{}|\\".contains(&byte)
}

/// Returns whether a sentence ends here.
fn is_full_stop(text: &[u8], at: usize) -> bool {
    text[at] == b'.' && text.get(at + 1).is_none_or(|byte| is_around_tokens(*byte))
}

/// Returns the parts of a text that may be base64 of either alphabet, without the padding.
fn words_in_base64(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let is_digit = |b: &u8| b.is_ascii_alphanumeric() || b"+/-_".contains(b);
    text.split(move |b| !is_digit(b)).filter(|word| !word.is_empty())
}

/// Undoes the escapes of a quoted text: `\"`, `\/`, `\u0026`.
fn without_backslashes(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut plain = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        let (b'\\', Some(&escaped)) = (first, tail.first()) else {
            plain.push(first);
            continue;
        };
        rest = &tail[1..];
        match escaped {
            b'n' => plain.push(b'\n'),
            b'r' => plain.push(b'\r'),
            b't' => plain.push(b'\t'),
            b'u' if let Some(character) = numbered(rest) => {
                rest = &rest[4..];
                plain.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            other => plain.push(other),
        }
    }
    plain
}

/// Returns the character of which the text begins with the four hexadecimal digits.
fn numbered(text: &[u8]) -> Option<char> {
    let digits = str::from_utf8(text.get(..4)?).ok()?;
    char::from_u32(u32::from_str_radix(digits, 16).ok()?)
}
