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
        let query = [("name", wanted.name), ("scopes", "read_repository,write_repository")];
        let path = "/-/user_settings/personal_access_tokens";
        let address = if wanted.context.host() == "registry.gitlab.com" {
            super::with_query(
                &format!("https://gitlab.com{path}"),
                &[("name", wanted.name), ("scopes", "read_registry,write_registry")],
            )
        } else {
            wanted.address(path, &query)
        };
        vec![Page { address, what: "a personal access token" }]
    }
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
    use super::{Forge, GitLab, Integrity, Wanted};
    use crate::context::Context;

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

    #[test]
    fn the_page_is_filled_in() {
        let page = |url: &str| {
            let context = Context::from_canonical(url).expect("canonical");
            let wanted = Wanted { context: &context, name: "git", days: Some(3) };
            GitLab.pages(&wanted).remove(0).address
        };
        assert_eq!(
            page("https://gitlab.example:8443/team"),
            "https://gitlab.example:8443/-/user_settings/personal_access_tokens\
             ?name=git&scopes=read_repository%2Cwrite_repository"
        );
        assert!(page("https://registry.gitlab.com").starts_with("https://gitlab.com/-/"));
    }
}
