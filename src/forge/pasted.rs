//! Text that was copied along with a token: quotes, the word before it in a header, a variable's
//! name. The host would refuse all of it, and nobody sees it once it is stored.

use super::{at, recognise};
use crate::context::Context;

/// Returns what stands around a token for this context, in a few words of a sentence. Where the
/// host's forge is known, none of it belongs to a token. Elsewhere it is reported only if the rest
/// has the form of one.
pub(crate) fn around(context: &Context, token: &[u8]) -> Option<String> {
    let mut rest = token;
    let mut found: Vec<&str> = Vec::new();
    while let Some((what, inner)) = layer(context, rest) {
        if inner.is_empty() {
            break;
        }
        if !found.contains(&what) {
            found.push(what);
        }
        rest = inner;
    }
    let is_one = || at(context).is_some() || recognise(context, rest).is_some();
    (!found.is_empty() && is_one()).then(|| found.join(" and "))
}

/// Returns the outermost layer around a token in words, and the text inside of it.
fn layer<'a>(context: &Context, text: &'a [u8]) -> Option<(&'static str, &'a [u8])> {
    const MARKS: [&str; 4] = ["\u{feff}", "\u{200b}", "\u{a0}", "\u{2060}"];
    const QUOTES: [(&str, &str); 6] = [
        ("\"", "\""),
        ("'", "'"),
        ("`", "`"),
        ("\u{201c}", "\u{201d}"),
        ("\u{2018}", "\u{2019}"),
        ("\u{201e}", "\u{201c}"),
    ];
    const BEFORE: [(&str, &str); 5] = [
        ("Authorization:", "`Authorization:`"),
        ("Bearer ", "`Bearer `"),
        ("Basic ", "`Basic `"),
        ("token ", "`token `"),
        ("export ", "`export `"),
    ];
    for mark in MARKS.map(str::as_bytes) {
        let inner = text.strip_prefix(mark).or_else(|| text.strip_suffix(mark));
        if let Some(inner) = inner {
            return Some(("an invisible character (a byte order mark or the like)", inner));
        }
    }
    for (open, close) in QUOTES {
        let (open, close) = (open.as_bytes(), close.as_bytes());
        if let Some(inner) = text.strip_prefix(open) {
            return Some(("quotes", inner.strip_suffix(close).unwrap_or(inner)));
        }
    }
    for (word, what) in BEFORE {
        if let Some((before, inner)) = text.split_at_checked(word.len())
            && before.eq_ignore_ascii_case(word.as_bytes())
        {
            return Some((what, inner.trim_ascii()));
        }
    }
    if let Some(inner) = assigned(context, text) {
        return Some(("a variable's name and `=`", inner));
    }
    let signs = [";", ","].map(|sign| (sign, "a sign at its end"));
    let quotes = QUOTES.map(|(_, close)| (close, "quotes"));
    let after = signs.into_iter().chain(quotes);
    after.into_iter().find_map(|(sign, what)| Some((what, text.strip_suffix(sign.as_bytes())?)))
}

/// Returns the text behind `NAME=`. A token may hold a `=` itself.
fn assigned<'a>(context: &Context, text: &'a [u8]) -> Option<&'a [u8]> {
    let end = text.iter().position(|&b| b == b'=')?;
    let (name, value) = (&text[..end], &text[end + 1..]);
    let is_name = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    let could_be_name = !name.is_empty() && !name[0].is_ascii_digit() && name.iter().all(is_name);
    let is_loud = !name.iter().any(u8::is_ascii_lowercase);
    let value = value.trim_ascii();
    let bare = value.strip_prefix(b"\"").or_else(|| value.strip_prefix(b"'")).unwrap_or(value);
    let is_assignment = could_be_name
        && recognise(context, text).is_none()
        && (is_loud || recognise(context, bare).is_some());
    is_assignment.then_some(value)
}

#[cfg(test)]
mod tests {
    use super::around;
    use crate::context::Context;

    fn said(url: &str, token: &str) -> Option<String> {
        around(&Context::from_canonical(url).expect("canonical"), token.as_bytes())
    }

    #[test]
    fn what_was_copied_along_is_named() {
        let token = "ghp_TESTONLYTESTONLYTESTONLYTESTONLYTEST";
        let mark = "an invisible character (a byte order mark or the like)";
        for (text, what) in [
            (format!("\u{feff}{token}"), mark),
            (format!("{token}\u{200b}"), mark),
            (format!("\"{token}\""), "quotes"),
            (format!("'{token}'"), "quotes"),
            (format!("\u{201c}{token}\u{201d}"), "quotes"),
            (format!("{token}\""), "quotes"),
            (format!("Bearer {token}"), "`Bearer `"),
            (format!("bearer  {token}"), "`Bearer `"),
            (format!("Authorization: token {token}"), "`Authorization:` and `token `"),
            (format!("GITHUB_TOKEN={token}"), "a variable's name and `=`"),
            (format!("token={token}"), "a variable's name and `=`"),
            (
                format!("export GH_TOKEN=\"{token}\""),
                "`export ` and a variable's name and `=` and quotes",
            ),
            (format!("\"{token}\","), "quotes and a sign at its end"),
        ] {
            for url in ["https://github.com", "https://git.example"] {
                assert_eq!(said(url, &text).as_deref(), Some(what), "{text} {url}");
            }
        }
    }

    #[test]
    fn at_a_known_forge_also_what_is_not_recognised_is_looked_at() {
        for text in ["\"TESTONLY\"", "MY_TOKEN=TESTONLY", "Bearer TESTONLY", "\u{feff}TESTONLY"] {
            assert!(said("https://dev.azure.com/o", text).is_some(), "{text}");
            assert!(said("https://git.example", text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_token_as_it_is_has_nothing_around_it() {
        for (url, token) in [
            ("https://github.com", "ghp_TESTONLYTESTONLYTESTONLYTESTONLYTEST"),
            ("https://github.com", "TESTONLY"),
            ("https://bitbucket.org", "ATATTTESTONLYTESTONLYTESTONLY=418FA74F"),
            ("https://bitbucket.org", "TESTONLY_lower=418FA74F"),
            ("https://bitbucket.org", "BBDC-TESTONLYTESTONLY="),
            ("https://git.example", "TESTONLY="),
            ("https://github.com", "\""),
            ("https://github.com", ""),
        ] {
            assert_eq!(said(url, token), None, "{token}");
        }
    }
}
