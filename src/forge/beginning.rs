//! The look of tokens among other things: in a username, a host's name, a URL, an argument.
//!
//! A token in the place of a name would be shown wherever names are shown, and filed where
//! everybody may search. Each forge says how its own tokens begin; this module decides, for the
//! whole program, whether a text is a token or holds one.
//!
//! ```text
//! ghp_TESTONLYTESTONLYTEST      a token, whatever its checksum says
//! hf_maier                      a name: it merely begins so
//! ```

use super::{Forge, Id, Integrity, Kind, Recognised, Remark, forges};
use crate::context::Context;

/// The words that are shown in the place of a token.
pub(crate) const A_TOKEN: &str = "(a token)";

/// The shortest text after a beginning that makes it a token.
const BODY: usize = 16;

/// How some of a forge's tokens begin.
pub(crate) struct Beginning {
    /// The first characters, which no other forge's tokens have.
    pub(super) text: &'static str,
    pub(super) kind: Kind,
    pub(super) remark: Option<Remark>,
    /// Whether `_` and `-` may stand in the text after it, as in base64 for URLs.
    has_signs: bool,
}

impl Beginning {
    /// Returns the beginning of tokens that go on with letters and digits.
    pub(super) const fn of(text: &'static str, kind: Kind) -> Self {
        Self { text, kind, remark: None, has_signs: false }
    }

    /// Returns the same beginning, but `_` and `-` may follow, too.
    pub(super) const fn with_signs(self) -> Self {
        Self { has_signs: true, ..self }
    }

    /// Returns the same beginning, with a remark about such a token.
    pub(super) const fn but(self, remark: Remark) -> Self {
        Self { remark: Some(remark), ..self }
    }

    /// Returns the kind of a token that begins so.
    pub(super) fn recognised(&self, forge: Id, integrity: Integrity) -> Recognised {
        let Self { kind, remark, .. } = *self;
        Recognised { forge, kind, unmistakable: true, integrity, remark }
    }

    /// Returns whether a text begins with a token of this kind. Upper and lower case count as the
    /// same, because hosts are in lower case.
    fn begins(&self, text: &[u8], is_name: bool) -> bool {
        let Some((first, rest)) = text.split_at_checked(self.text.len()) else { return false };
        let is_sign = |b: &u8| (is_name || self.has_signs) && matches!(b, b'_' | b'-');
        let is_body = |b: &u8| b.is_ascii_alphanumeric() || is_sign(b);
        first.eq_ignore_ascii_case(self.text.as_bytes())
            && rest.iter().take(BODY).filter(|b| is_body(b)).count() == BODY
    }
}

/// Returns the one of these beginnings with which a token begins.
pub(super) fn beginning_of(
    beginnings: &'static [Beginning],
    token: &[u8],
) -> Option<&'static Beginning> {
    beginnings.iter().find(|beginning| token.starts_with(beginning.text.as_bytes()))
}

/// Returns whether the name of an account or of a host is rather a token.
pub(crate) fn is_token(name: &[u8]) -> bool {
    begins_as_token(name, true) || holds_token(name)
}

/// Returns whether a token stands somewhere in a text. Less is taken for one than in a name: paths
/// are made of words, and some words begin as tokens do.
pub(crate) fn holds_token(text: &[u8]) -> bool {
    let is_start = |&at: &usize| at == 0 || !text[at - 1].is_ascii_alphabetic();
    (0..text.len()).filter(is_start).any(|at| begins_as_token(&text[at..], false))
        || forges().any(|forge| forge.has_marks(text))
}

/// Returns whether a token stands in a context's host or in its path.
pub(crate) fn is_in_context(context: &Context) -> bool {
    is_token(context.host().as_bytes()) || holds_token(&context.path())
}

/// Returns a text for people, in which nobody should find a token.
pub(crate) fn shown(text: &str) -> &str {
    if holds_token(text.as_bytes()) { A_TOKEN } else { text }
}

/// Returns a context for people. An older version may have taken a token for a part of it.
pub(crate) fn shown_context(context: &Context) -> String {
    if is_in_context(context) {
        format!("{}://{A_TOKEN}", context.protocol().as_str())
    } else {
        context.to_string()
    }
}

fn begins_as_token(text: &[u8], is_name: bool) -> bool {
    forges().flat_map(Forge::beginnings).any(|beginning| beginning.begins(text, is_name))
}

#[cfg(test)]
mod tests {
    use super::{holds_token, is_token, shown, shown_context};
    use crate::context::Context;
    use crate::forge::{Forge, Id, forges};

    /// The shortest body that counts.
    const BODY: &str = "TESTONLYTESTONLY";

    #[test]
    fn what_begins_like_a_token_of_any_forge_and_goes_on_is_one() {
        for beginning in forges().flat_map(Forge::beginnings) {
            let token = format!("{}{BODY}", beginning.text);
            for text in [token.clone(), token.to_lowercase(), token.to_uppercase()] {
                assert!(is_token(text.as_bytes()) && holds_token(text.as_bytes()), "{text}");
            }
            let short = &token[..token.len() - 1];
            assert!(!is_token(short.as_bytes()) && !holds_token(short.as_bytes()), "{short}");
            for text in [
                format!("https://{token}@h.example"),
                format!("https://a%20{token}.example/"),
                format!("git:{token}:x-oauth-basic"),
                format!("/path/to/{token}"),
                format!("own-{token}"),
            ] {
                assert!(is_token(text.as_bytes()) && holds_token(text.as_bytes()), "{text}");
            }
        }
    }

    #[test]
    fn azures_token_is_known_by_its_marks_also_in_a_hosts_case() {
        let token =
            format!("{}JQQJ99AA{}AZDO{}", "TESTONLY".repeat(6) + "TEST", "A".repeat(16), "TEST");
        for text in [token.clone(), token.to_lowercase(), format!("https://x:{token}@h.example")] {
            assert!(is_token(text.as_bytes()) && holds_token(text.as_bytes()), "{text}");
        }
        let other = token.replace("AZDO", "AZDX");
        assert!(!is_token(other.as_bytes()) && !holds_token(&token.as_bytes()[..83]));
    }

    #[test]
    fn a_name_that_merely_begins_so_is_a_name() {
        for name in [
            "",
            "alice",
            "hf_maier",
            "hf_maier@long-company-name.example",
            "glpat-tool",
            "laughs_at_everything_that_moves",
            "x-access-token",
            "project_1234_bot_0123456789abcdef0123456789abcdef",
            "0123456789abcdef0123456789abcdef01234567",
        ] {
            assert!(!is_token(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn a_path_of_words_holds_no_token() {
        for path in [
            "org/hf_transformers_and-datasets",
            "my_hf_collection-of-models",
            "laughs_at_everything_that_moves",
            "combatbbcnewsarchiveofall",
        ] {
            assert!(!holds_token(path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn no_forges_beginning_is_anothers() {
        let all: Vec<(Id, &str)> = forges()
            .flat_map(|forge| forge.beginnings().iter().map(move |b| (forge.id(), b.text)))
            .collect();
        for (id, text) in &all {
            for (other, begun) in all.iter().filter(|(_, begun)| begun != text) {
                assert!(!text.starts_with(begun), "{id:?}'s {text} is {other:?}'s {begun}, too");
            }
        }
    }

    #[test]
    fn nothing_of_a_token_is_shown() {
        assert_eq!(shown("ghp_TESTONLYTESTONLY"), "(a token)");
        assert_eq!(shown("hf_maier"), "hf_maier");
        assert_eq!(shown("HF_TOKEN_FOR_PRODUCTION"), "HF_TOKEN_FOR_PRODUCTION");
        for (context, text) in [
            ("https://hf_testonlytestonly", "https://(a token)"),
            ("https://h.example/ghp_TESTONLYTESTONLY", "https://(a token)"),
            ("https://h.example/org", "https://h.example/org"),
        ] {
            let context = Context::from_canonical(context).expect("canonical");
            assert_eq!(shown_context(&context), text);
        }
    }
}
