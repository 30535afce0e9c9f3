//! The branches that may be pushed: one, or all below a name. What git does not take for the name of
//! a ref is none of them.

/// The prefix of the refs that are branches.
const HEADS: &[u8] = b"refs/heads/";

/// One branch, or all below a name: `agent/*`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Branches {
    name: String,
    below: bool,
}

impl Branches {
    /// Reads `agent/fix-1`, or `agent/*` for every branch below `agent`, however deep.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix("refs/heads/").unwrap_or(text);
        let (name, below) = text.strip_suffix("/*").map_or((text, false), |name| (name, true));
        let whole = [HEADS, name.as_bytes()].concat();
        (!name.is_empty() && is_ref(&whole)).then(|| Self { name: name.to_owned(), below })
    }

    /// Returns the ref of one of these branches, as people would type it.
    #[must_use]
    pub fn one(&self) -> String {
        format!("refs/heads/{}{}", self.name, if self.below { "/NAME" } else { "" })
    }

    /// Returns whether a ref is one of these branches. A text that is no ref to git never is.
    #[must_use]
    pub fn contain(&self, reference: &[u8]) -> bool {
        let Some(branch) = reference.strip_prefix(HEADS).filter(|_| is_ref(reference)) else {
            return false;
        };
        let name = self.name.as_bytes();
        match branch.strip_prefix(name) {
            Some(rest) if self.below => rest.len() > 1 && rest[0] == b'/',
            Some(rest) => rest.is_empty(),
            None => false,
        }
    }
}

impl std::fmt::Display for Branches {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.name, if self.below { "/*" } else { "" })
    }
}

/// Returns whether git takes this for the name of a ref, by the rules of git-check-ref-format(1).
/// A pattern alone is no such check: `agent/../main` fits `agent/*`.
#[must_use]
pub fn is_ref(name: &[u8]) -> bool {
    let is_plain = |b: &u8| !b.is_ascii_control() && !b" ~^:?*[\\".contains(b);
    let is_segment = |segment: &[u8]| {
        !segment.is_empty() && !segment.starts_with(b".") && !segment.ends_with(b".lock")
    };
    let has = |pair: &[u8]| name.windows(2).any(|two| two == pair);
    name.contains(&b'/')
        && name.iter().all(is_plain)
        && name.split(|&b| b == b'/').all(is_segment)
        && !has(b"..")
        && !has(b"@{")
        && !name.ends_with(b".")
        && std::str::from_utf8(name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::{Branches, is_ref};

    #[test]
    fn a_pattern_is_a_branch_or_all_below_one() {
        let branches = Branches::parse("agent/*").expect("a pattern");
        for fits in ["refs/heads/agent/x", "refs/heads/agent/x/y", "refs/heads/agent/-"] {
            assert!(branches.contain(fits.as_bytes()), "{fits}");
        }
        for other in [
            "refs/heads/agent",
            "refs/heads/agent/",
            "refs/heads/agentx/y",
            "refs/heads/main",
            "refs/tags/agent/x",
            "refs/for/agent/x",
            "refs/heads/agent/../main",
            "refs/heads/agent/.x",
            "refs/heads/agent/x.lock",
            "refs/heads/agent//x",
            "refs/heads/agent/@{x",
            "refs/heads/agent/x\ny",
            "agent/x",
            "HEAD",
            "",
        ] {
            assert!(!branches.contain(other.as_bytes()), "{other}");
        }
        let one = Branches::parse("refs/heads/topic").expect("a branch");
        assert_eq!(one.to_string(), "topic");
        assert!(one.contain(b"refs/heads/topic"));
        assert!(!one.contain(b"refs/heads/topic/x") && !one.contain(b"refs/heads/topics"));
    }

    #[test]
    fn a_pattern_of_everything_is_none() {
        for text in
            ["", "*", "/*", "a*", "a/*/b", "a/**", "*/a", "a..b", "-a b", "a/*/*", "refs/heads/*"]
        {
            assert_eq!(Branches::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_ref_is_what_git_takes_for_one() {
        for good in ["refs/heads/a", "refs/heads/m\u{fc}ller", "refs/heads/a@b", "refs/heads/a.b"] {
            assert!(is_ref(good.as_bytes()), "{good}");
        }
        for bad in
            ["a", "refs/heads/a.", "refs/heads/a\u{7f}", "refs/heads/a\\b", "/refs/a", "refs/a/"]
        {
            assert!(!is_ref(bad.as_bytes()), "{bad}");
        }
        assert!(!is_ref(b"refs/heads/\xff"));
    }
}
