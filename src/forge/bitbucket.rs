//! Bitbucket: bitbucket.org with Atlassian's tokens, and those of Bitbucket Data Center.
//!
//! Atlassian's tokens end in the CRC-32 of everything before it, in upper-case hexadecimal.

use super::checksum::{BASE_16, crc_and_rest, is_number};
use super::{
    Beginning, Forge, Id, Integrity, Kind, Page, Recognised, Remark, Wanted, beginning_of,
};
use crate::context::Context;

pub(super) struct Bitbucket;

const ENDED: Remark =
    Remark::Unfit("Bitbucket takes none any more since July 2026, make an API token");

const BEGINNINGS: [Beginning; 4] = [
    Beginning::of("ATATT", Kind::Api).with_signs(),
    Beginning::of("ATCTT", Kind::Access).with_signs(),
    Beginning::of("ATBB", Kind::AppPassword).but(ENDED),
    Beginning::of("BBDC-", Kind::DataCenterAccess),
];

/// The usernames for Atlassian's API tokens, and for all others.
const CONVENTIONS: [&str; 2] = ["x-bitbucket-api-token-auth", "x-token-auth"];

impl Forge for Bitbucket {
    fn id(&self) -> Id {
        Id::Bitbucket
    }

    fn name(&self) -> &'static str {
        "Bitbucket"
    }

    fn word(&self) -> &'static str {
        "bitbucket"
    }

    fn is_at(&self, host: &str) -> bool {
        host == "bitbucket.org"
    }

    fn main_host(&self) -> Option<&'static str> {
        Some("bitbucket.org")
    }

    fn beginnings(&self) -> &'static [Beginning] {
        &BEGINNINGS
    }

    fn recognise(&self, token: &[u8]) -> Option<Recognised> {
        let beginning = beginning_of(&BEGINNINGS, token)?;
        let integrity = match beginning.kind {
            Kind::DataCenterAccess => Integrity::Unknown,
            Kind::AppPassword => atlassian(token, 36),
            _ => atlassian(token, 192),
        };
        Some(beginning.recognised(self.id(), integrity))
    }

    fn username(&self, token: &[u8]) -> &'static str {
        // The other tokens are a repository's, a project's or a workspace's.
        match beginning_of(&BEGINNINGS, token) {
            Some(Beginning { kind: Kind::Api, .. }) => CONVENTIONS[0],
            _ => CONVENTIONS[1],
        }
    }

    fn has_meaningless_usernames(&self) -> bool {
        true
    }

    fn is_meaningless(&self, username: &[u8]) -> bool {
        // A person's own name is meaningful: it must be the right one.
        CONVENTIONS.iter().any(|name| name.as_bytes() == username)
    }

    fn pages(&self, wanted: &Wanted) -> Vec<Page> {
        let page = if self.is_at(wanted.context.host()) {
            Page {
                address: "https://id.atlassian.com/manage-profile/security/api-tokens".to_owned(),
                what: "an API token with scopes, for Bitbucket: read:repository:bitbucket and \
                       write:repository:bitbucket",
            }
        } else {
            Page {
                address: wanted.address("/account", &[]),
                what: "an HTTP access token, under Manage account",
            }
        };
        vec![page]
    }

    fn list_of_tokens(&self, context: &Context, kind: Option<Kind>) -> Option<String> {
        // The token of a repository, a project or a workspace stands in the settings of that.
        let wanted = Wanted { context, name: "git", days: None, old: None };
        let page = self.pages(&wanted).pop().filter(|_| kind != Some(Kind::Access));
        page.map(|page| page.address)
    }
}

fn atlassian(token: &[u8], length: usize) -> Integrity {
    if token.len() != length {
        return Integrity::Doubtful;
    }
    match crc_and_rest(token, 8) {
        Some((crc, sum)) if is_number(sum, crc, BASE_16) => Integrity::Right,
        _ => Integrity::Wrong,
    }
}

#[cfg(test)]
mod tests {
    use super::{Bitbucket, Forge, Integrity, Kind, Remark};

    /// Returns a body that is no token's, with the checksum that Atlassian would give it.
    fn api_token() -> String {
        format!("ATATT3{}={}", "TESTONLY".repeat(22) + "T", "418FA74F")
    }

    #[test]
    fn an_atlassian_token_carries_its_checksum() {
        let token = api_token();
        let known = Bitbucket.recognise(token.as_bytes()).expect("Bitbucket's");
        assert_eq!((known.kind, known.integrity, token.len()), (Kind::Api, Integrity::Right, 192));
        let typo = token.replacen("TESTONLY", "TESTONLX", 1);
        let kind = Bitbucket.recognise(typo.as_bytes()).expect("Bitbucket's");
        assert_eq!(kind.integrity, Integrity::Wrong);
        let kind = Bitbucket.recognise(&token.as_bytes()[..191]).expect("Bitbucket's");
        assert_eq!(kind.integrity, Integrity::Doubtful);
    }

    #[test]
    fn an_app_password_is_told_apart() {
        let kind = Bitbucket.recognise(b"ATBBTESTONLY").expect("Bitbucket's");
        assert!(matches!(kind.remark, Some(Remark::Unfit(_))));
        assert!(Bitbucket.recognise(b"BBDC-TESTONLY").is_some_and(|kind| kind.remark.is_none()));
    }
}
