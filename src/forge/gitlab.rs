//! GitLab: gitlab.com, its registry, and every GitLab that says so by its name.
//!
//! Routable tokens end in the CRC-32 of all before it, in base 36. Administrators may choose
//! prefixes of their own, so that a token with none of these is still a good one.

use super::checksum::{BASE_36, crc_and_rest, is_number};
use super::{Forge, Id, Integrity, Kind, Page, Recognised, Remark, Wanted};

pub(super) struct GitLab;

const DEPLOY: Remark =
    Remark::Condition("it works only with the username that was made with it: --username NAME");
const NOT_FOR_GIT: Remark = Remark::Unfit("it opens no repository");

/// Prefixes, what they are called, and what there is to say.
const PREFIXES: [(&[u8], Kind, Option<Remark>); 9] = [
    (b"glpat-", Kind::Personal, None),
    (b"gldt-", Kind::Deploy, Some(DEPLOY)),
    (b"glcbt-", Kind::CiJob, None),
    (b"gloas-", Kind::OauthSecret, Some(NOT_FOR_GIT)),
    (b"glrt-", Kind::Runner, Some(NOT_FOR_GIT)),
    (b"glptt-", Kind::Trigger, Some(NOT_FOR_GIT)),
    (b"glft-", Kind::Feed, Some(NOT_FOR_GIT)),
    (b"glimt-", Kind::IncomingMail, Some(NOT_FOR_GIT)),
    (b"glagent-", Kind::Agent, Some(NOT_FOR_GIT)),
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

    fn recognise(&self, token: &[u8]) -> Option<Recognised> {
        let (_, kind, remark) =
            PREFIXES.into_iter().find(|(prefix, ..)| token.starts_with(prefix))?;
        let integrity = routable(token);
        Some(Recognised { forge: self.id(), kind, unmistakable: true, integrity, remark })
    }

    fn username(&self, token: &[u8]) -> &'static str {
        if token.starts_with(b"glcbt-") { "gitlab-ci-token" } else { "oauth2" }
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

/// `PREFIX-payload.01.LLCCCCCCC`, earlier without the `01`; without dots it is of the old
/// form, which has no checksum.
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
