//! GitLab: gitlab.com, its registry, and every GitLab that says so by its name.
//!
//! Routable tokens end in the CRC-32 of everything before it, in base 36. Administrators may choose
//! prefixes of their own, so a token with none of these can still be a good one.

use super::checksum::{BASE_36, crc_and_rest, is_number};
use super::{
    Beginning, Forge, Id, Integrity, Kind, Page, Recognised, Remark, Wanted, beginning_of,
};

pub(super) struct GitLab;

const DEPLOY: Remark =
    Remark::Condition("it works only with the username that was made with it: --username NAME");

/// The scope with which a token may ask for its successor, and for nothing else.
const ROTATES: &str = "self_rotate";

const NOT_FOR_GIT: Remark = Remark::Unfit("it opens no repository");

const BEGINNINGS: [Beginning; 14] = [
    Beginning::of("glpat-", Kind::Personal).with_signs(),
    Beginning::of("gldt-", Kind::Deploy).with_signs().but(DEPLOY),
    Beginning::of("glcbt-", Kind::CiJob).with_signs(),
    Beginning::of("gloas-", Kind::OauthSecret).with_signs().but(NOT_FOR_GIT),
    Beginning::of("glrt-", Kind::Runner).with_signs().but(NOT_FOR_GIT),
    Beginning::of("glrtr-", Kind::Runner).with_signs().but(NOT_FOR_GIT),
    Beginning::of("GR1348941", Kind::Runner).with_signs().but(NOT_FOR_GIT),
    Beginning::of("glptt-", Kind::Trigger).with_signs().but(NOT_FOR_GIT),
    Beginning::of("glft-", Kind::Feed).with_signs().but(NOT_FOR_GIT),
    Beginning::of("glimt-", Kind::IncomingMail).with_signs().but(NOT_FOR_GIT),
    Beginning::of("glagent-", Kind::Agent).with_signs().but(NOT_FOR_GIT),
    Beginning::of("glsoat-", Kind::Scim).with_signs().but(NOT_FOR_GIT),
    Beginning::of("glffct-", Kind::FeatureFlags).with_signs().but(NOT_FOR_GIT),
    Beginning::of("glwt-", Kind::Workspace).with_signs(),
];

impl Forge for GitLab {
    fn id(&self) -> Id {
        Id::GitLab
    }

    fn name(&self) -> &'static str {
        "GitLab"
    }

    fn word(&self) -> &'static str {
        "gitlab"
    }

    fn is_at(&self, host: &str) -> bool {
        matches!(host, "gitlab.com" | "registry.gitlab.com")
    }

    fn main_host(&self) -> Option<&'static str> {
        Some("gitlab.com")
    }

    fn beginnings(&self) -> &'static [Beginning] {
        &BEGINNINGS
    }

    fn recognise(&self, token: &[u8]) -> Option<Recognised> {
        let beginning = beginning_of(&BEGINNINGS, token)?;
        Some(beginning.recognised(self.id(), routable(token)))
    }

    fn username(&self, token: &[u8]) -> &'static str {
        match beginning_of(&BEGINNINGS, token) {
            Some(Beginning { kind: Kind::CiJob, .. }) => "gitlab-ci-token",
            _ => "oauth2",
        }
    }

    fn pages(&self, wanted: &Wanted) -> Vec<Page> {
        let is_registry = wanted.context.host() == "registry.gitlab.com";
        let usual = if is_registry {
            "read_registry,write_registry,self_rotate"
        } else {
            "read_repository,write_repository,self_rotate"
        };
        let old = wanted.old_scopes().filter(|scopes| !is_fine(scopes));
        let is_short = old.is_some_and(|scopes| !may_renew(scopes));
        let what = if is_short {
            "a personal access token; with the scope self_rotate the next one comes without a page"
        } else {
            "a personal access token"
        };
        let scopes = old.map(|scopes| {
            let more = is_short.then_some(ROTATES);
            scopes.iter().map(String::as_str).chain(more).collect::<Vec<_>>().join(",")
        });
        let scopes = scopes.as_deref().unwrap_or(usual);
        let query = [("name", wanted.name), ("scopes", scopes)];
        let path = "/-/user_settings/personal_access_tokens";
        let address = if is_registry {
            super::with_query(&format!("https://gitlab.com{path}"), &query)
        } else {
            wanted.address(path, &query)
        };
        vec![Page { address, what }]
    }
}

/// Returns whether the scopes are finer ones, whose names nobody knows.
pub(crate) fn is_fine(scopes: &[String]) -> bool {
    scopes.is_empty() || scopes.iter().any(|scope| scope == "granular")
}

/// Returns whether a token with these scopes may ask for its successor, as far as they tell.
pub(crate) fn may_renew(scopes: &[String]) -> bool {
    is_fine(scopes) || scopes.iter().any(|scope| matches!(scope.as_str(), "api" | ROTATES))
}

/// Judges `PREFIX-payload.01.LLCCCCCCC`, earlier without the `01`. A token without dots is of the
/// old form, which has no checksum.
fn routable(token: &[u8]) -> Integrity {
    let Some(dot) = token.iter().rposition(|&b| b == b'.') else { return Integrity::Unknown };
    // A job token may be a JWT, whose parts are far longer.
    if token.len() - dot > 20 {
        return Integrity::Unknown;
    }
    match crc_and_rest(token, 7) {
        Some((crc, sum)) if is_number(sum, crc, BASE_36) => Integrity::Right,
        _ => Integrity::Doubtful,
    }
}

#[cfg(test)]
mod tests {
    use super::{Forge, GitLab, Integrity, Page, Wanted};
    use crate::context::Context;
    use crate::forge::Old;

    fn integrity(token: &str) -> Integrity {
        GitLab.recognise(token.as_bytes()).expect("GitLab's").integrity
    }

    /// Bodies that are no token's, with the checksum that GitLab would give them.
    const ROUTABLE: [&str; 2] = [
        "glpat-TESTONLYTESTONLYTESTONLYTESTONLY.01.0w18drafh",
        "glpat-TESTONLYTESTONLYTESTONLYTESTONLY.0w0m946q6",
    ];

    #[test]
    fn a_routable_token_carries_its_checksum() {
        for token in ROUTABLE {
            assert_eq!(integrity(token), Integrity::Right, "{token}");
            assert_eq!(integrity(&token.replace("TESTONLY", "TESTONLX")), Integrity::Doubtful);
            assert_eq!(integrity(&token[..token.len() - 1]), Integrity::Doubtful);
        }
    }

    #[test]
    fn what_has_no_checksum_is_taken_as_it_is() {
        for token in ["glpat-TESTONLYTESTONLYTEST", "gldt-x", "glcbt-64_TESTONLYTESTONLYTEST"] {
            assert_eq!(integrity(token), Integrity::Unknown, "{token}");
        }
        let jwt = format!("glcbt-{0}.{0}.{0}", "TESTONLY".repeat(5));
        assert_eq!(integrity(&jwt), Integrity::Unknown);
        assert!(GitLab.recognise(b"mycompany-glpat-TESTONLY").is_none());
    }

    fn page_like(url: &str, scopes: Option<&[String]>) -> Page {
        let context = Context::from_canonical(url).expect("canonical");
        let old = scopes.map(|scopes| Old { kind: None, scopes: Some(scopes) });
        let wanted = Wanted { context: &context, name: "git", days: Some(3), old };
        GitLab.pages(&wanted).remove(0)
    }

    #[test]
    fn the_page_for_a_successor_has_the_old_scopes_and_the_one_that_spares_the_page() {
        for (scopes, query) in [
            (&["api"][..], "api"),
            (&["read_api", "self_rotate"], "read_api%2Cself_rotate"),
            (&["read_api"], "read_api%2Cself_rotate"),
            (&["granular"], "read_repository%2Cwrite_repository%2Cself_rotate"),
            (&[], "read_repository%2Cwrite_repository%2Cself_rotate"),
        ] {
            let old: Vec<String> = scopes.iter().map(ToString::to_string).collect();
            let page = page_like("https://gitlab.com", Some(&old));
            assert!(page.address.ends_with(&format!("&scopes={query}")), "{}", page.address);
            assert_eq!(page.what.contains("self_rotate"), scopes == ["read_api"], "{scopes:?}");
        }
    }

    #[test]
    fn the_page_is_filled_in() {
        let page = |url: &str| page_like(url, None).address;
        assert_eq!(
            page("https://gitlab.example:8443/team"),
            "https://gitlab.example:8443/-/user_settings/personal_access_tokens\
             ?name=git&scopes=read_repository%2Cwrite_repository%2Cself_rotate"
        );
        assert!(page("https://registry.gitlab.com").starts_with("https://gitlab.com/-/"));
    }
}
