//! Whether a token, or another secret, stands in a text: as it is, with `%XX`, with backslashes, or in
//! base64.
//!
//! Where one is looked for, it stands there as a whole only: of a longer token that begins or ends with
//! it, nothing is said. What is to be shown must not even have a part of one.

use crate::base64;
use crate::plain_text::url::decode_all;
use crate::secret::Secret;
use std::collections::BTreeSet;
use zeroize::Zeroizing;

/// The token that is looked for.
pub(crate) struct Needle<'a>(&'a [u8]);

impl<'a> Needle<'a> {
    pub(crate) fn of(token: &'a Secret) -> Self {
        Self(token.expose())
    }

    /// Returns whether the token stands in this text.
    pub(crate) fn is_in(&self, text: &[u8]) -> bool {
        !self.0.is_empty() && in_any_form(text, self.0.len(), &|text| self.stands_in(text))
    }

    /// Returns whether the text has a part of the secret that is too long to be a word.
    pub(crate) fn is_partly_in(&self, text: &[u8]) -> bool {
        /// The length of such a part.
        const PART: usize = 8;
        let length = self.0.len().min(PART);
        if length == 0 {
            return false;
        }
        let parts: BTreeSet<&[u8]> = self.0.windows(length).collect();
        in_any_form(text, length, &|text| text.windows(length).any(|part| parts.contains(part)))
    }

    /// Returns whether the text shows the token, also as a part of something longer.
    pub(crate) fn is_part_of(&self, text: &[u8]) -> bool {
        self.is_in(text) || text.windows(self.0.len().max(1)).any(|part| part == self.0)
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

/// Returns whether this holds for a text in one of its forms. At least so many bytes are looked for.
fn in_any_form(text: &[u8], least: usize, holds: &dyn Fn(&[u8]) -> bool) -> bool {
    let unquoted = |text: &[u8]| {
        holds(text)
            || (text.contains(&b'%') && holds(&decode_all(text)))
            || words_in_base64(text).any(|word| in_base64(word, least, holds))
    };
    unquoted(text) || (text.contains(&b'\\') && unquoted(&without_backslashes(text)))
}

fn in_base64(word: &[u8], least: usize, holds: &dyn Fn(&[u8]) -> bool) -> bool {
    // Three bytes are four digits.
    if word.len() < least / 3 * 4 {
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
    // One that was cut off still has its first bytes.
    let decoded =
        decoded.or_else(|| base64::decode(&plain[..plain.len() / 4 * 4]).map(Zeroizing::new));
    decoded.is_some_and(|text| holds(&text))
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
