//! Azure DevOps: dev.azure.com and the older `*.visualstudio.com`. The address of the token
//! page needs the organisation's name.

use super::{Beginning, Forge, Id, Integrity, Kind, Page, Recognised, Wanted, with_query};
use url::Url;

pub(super) struct Azure;

const SITE: &str = "https://dev.azure.com";

/// The length of a token since 2024, and the marks at fixed positions in it.
const LENGTH: usize = 84;
const MARKS: [(usize, &[u8]); 2] = [(52, b"JQQJ99"), (76, b"AZDO")];

/// Returns whether it is a token of the form used since 2024, in upper or lower case, because a
/// host is in lower case.
fn is_marked(token: &[u8]) -> bool {
    let stands_there = |(at, mark): (usize, &[u8])| {
        token.get(at..at + mark.len()).is_some_and(|there| there.eq_ignore_ascii_case(mark))
    };
    token.len() == LENGTH
        && MARKS.into_iter().all(stands_there)
        && token.iter().all(u8::is_ascii_alphanumeric)
}

impl Forge for Azure {
    fn id(&self) -> Id {
        Id::Azure
    }

    fn name(&self) -> &'static str {
        "Azure DevOps"
    }

    fn word(&self) -> &'static str {
        "azure"
    }

    fn is_at(&self, host: &str) -> bool {
        host == "dev.azure.com" || host.ends_with(".visualstudio.com")
    }

    fn main_host(&self) -> Option<&'static str> {
        Some("dev.azure.com")
    }

    fn beginnings(&self) -> &'static [Beginning] {
        &[]
    }

    fn has_marks(&self, text: &[u8]) -> bool {
        text.windows(LENGTH).any(is_marked)
    }

    fn recognise(&self, token: &[u8]) -> Option<Recognised> {
        let is_new = is_marked(token);
        let is_old_digit = |b: &u8| matches!(b, b'a'..=b'z' | b'2'..=b'7');
        let is_old = token.len() == 52 && token.iter().all(is_old_digit);
        (is_new || is_old).then_some(Recognised {
            forge: self.id(),
            kind: Kind::Personal,
            unmistakable: is_new,
            integrity: Integrity::Unknown,
            remark: None,
        })
    }

    fn is_repository(&self, _host: &str, path: &str) -> bool {
        path.split('/').any(|part| part == "_git")
    }

    fn has_meaningless_usernames(&self) -> bool {
        true
    }

    fn is_meaningless(&self, _username: &[u8]) -> bool {
        true
    }

    fn pages(&self, wanted: &Wanted) -> Vec<Page> {
        let what = "a personal access token, with Code: read and write";
        if wanted.context.host().ends_with(".visualstudio.com") {
            return vec![Page { address: wanted.address("/_usersSettings/tokens", &[]), what }];
        }
        let Some(owner) = wanted.context.owner().and_then(|owner| str::from_utf8(owner).ok())
        else {
            return Vec::new();
        };
        let Ok(mut url) = Url::parse(SITE) else { return Vec::new() };
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend([owner, "_usersSettings", "tokens"]);
        }
        vec![Page { address: with_query(url.as_str(), &[]), what }]
    }
}

#[cfg(test)]
mod tests {
    use super::{Azure, Forge, Wanted};
    use crate::context::Context;

    #[test]
    fn both_lengths_are_known_and_only_the_new_one_anywhere() {
        let new =
            format!("{}JQQJ99AA{}AZDO{}", "TESTONLY".repeat(6) + "TEST", "A".repeat(16), "TEST");
        let kind = Azure.recognise(new.as_bytes()).expect("Azure's");
        assert!(kind.unmistakable);
        let old = "testonly".repeat(6) + "test";
        let kind = Azure.recognise(old.as_bytes()).expect("Azure's");
        assert!(!kind.unmistakable);
        assert!(Azure.recognise(b"testonly").is_none());
    }

    #[test]
    fn the_page_needs_the_organisation() {
        let page = |url: &str| {
            let context = Context::from_canonical(url).expect("canonical");
            let wanted = Wanted { context: &context, name: "git", days: None, old: None };
            Azure.pages(&wanted).pop().map(|page| page.address)
        };
        assert_eq!(page("https://dev.azure.com"), None);
        assert_eq!(
            page("https://dev.azure.com/my org/project").as_deref(),
            Some("https://dev.azure.com/my%20org/_usersSettings/tokens")
        );
        assert_eq!(
            page("https://org.visualstudio.com").as_deref(),
            Some("https://org.visualstudio.com/_usersSettings/tokens")
        );
    }
}
