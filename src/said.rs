//! What a server has said, fit to be shown to people: on one line, without what moves a cursor
//! or turns other text, no longer than somebody reads, and without the secrets that it was sent,
//! which some servers repeat in their errors: as they are, or in base64, as they came.

use crate::context::{escape, shown};
use crate::forge;
use crate::needle::Needle;
use crate::secret::Secret;

/// How many characters are shown.
const MOST: usize = 300;

/// A text that is no longer than somebody reads.
pub(crate) fn capped(text: &str) -> String {
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Returns what a server has said to somebody who sent these secrets; none where that is nothing.
/// Where it may hold a part of one, or another token, only that is said.
pub(crate) fn by_server<'a>(
    text: &[u8],
    sent: impl IntoIterator<Item = &'a Secret>,
) -> Option<String> {
    /// How much is read. What is shown of it is much shorter.
    const READ: usize = 64 * 1024;
    let text = &text[..text.len().min(READ)];
    let words: Vec<String> =
        text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).map(escape).collect();
    let line = words.join(" ");
    if line.is_empty() {
        return None;
    }
    let is_repeated = sent.into_iter().any(|secret| Needle::of(secret).is_partly_in(text));
    if is_repeated || forge::holds_token(text) {
        return Some(forge::A_TOKEN.to_owned());
    }
    Some(capped(&shown(&line)))
}

#[cfg(test)]
mod tests {
    use super::by_server;
    use crate::secret::Secret;

    fn said(text: &[u8]) -> Option<String> {
        by_server(text, [&Secret::new(b"TESTONLYtoken0123")])
    }

    #[test]
    fn it_is_one_line_that_moves_nothing_and_has_an_end() {
        for (text, shown) in [
            (&b"Repository not found.\n"[..], Some("Repository not found.")),
            (b"a\r\n\n  b\x1b[2J\x07", Some("a b%1B[2J%07")),
            ("a\u{202e}b".as_bytes(), Some("a%E2%80%AEb")),
            (b" \n", None),
            (b"\xff", Some("%FF")),
        ] {
            assert_eq!(said(text).as_deref(), shown);
        }
        assert_eq!(said("x".repeat(10_000).as_bytes()).map(|s| s.chars().count()), Some(301));
    }

    #[test]
    fn a_token_that_is_repeated_is_not_shown_nor_is_a_part_of_it() {
        for text in [
            "no TESTONLYtoken0123 here",
            "TESTONLYt…",
            "not token0123",
            // base64 of `alice:` and the token, and its first half, and base64 for URLs.
            "what is Basic YWxpY2U6VEVTVE9OTFl0b2tlbjAxMjM=?",
            "bad header: YWxpY2U6VEVTVE9OTFl0b2tl…",
            "YWxpY2U6Pz8_VEVTVE9OTFl0b2tlbjAxMjM",
            "/login?password=%54%45STONLYtoken0123",
            "{\"got\": \"\\u0054ESTONLYtoken0123\"}",
            "see glpat-TESTONLYTESTONLYTESTONLY",
        ] {
            assert_eq!(said(text.as_bytes()).as_deref(), Some("(a token)"), "{text}");
        }
    }
}
