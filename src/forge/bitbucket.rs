//! Bitbucket: bitbucket.org with Atlassian's tokens, and those of Bitbucket Data Center.
//!
//! Atlassian's tokens end in the CRC-32 of all before it, in upper-case hexadecimal.

use super::checksum::{BASE_16, crc_and_rest, is_number};
use super::{Forge, Id, Integrity, Kind, Page, Recognised, Remark, Wanted};

pub(super) struct Bitbucket;

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

    fn recognise(&self, token: &[u8]) -> Option<Recognised> {
        const ENDED: Remark =
            Remark::Unfit("Bitbucket takes none any more since July 2026, make an API token");
        let (kind, length, remark) = match token {
            [b'A', b'T', b'A', b'T', b'T', ..] => (Kind::Api, 192, None),
            [b'A', b'T', b'C', b'T', b'T', ..] => (Kind::Access, 192, None),
            [b'A', b'T', b'B', b'B', ..] => (Kind::AppPassword, 36, Some(ENDED)),
            [b'B', b'B', b'D', b'C', b'-', ..] => {
                return Some(self.found(Kind::DataCenterAccess, Integrity::Unknown, None));
            }
            _ => return None,
        };
        Some(self.found(kind, atlassian(token, length), remark))
    }

    fn username(&self, token: &[u8]) -> &'static str {
        // The others are a repository's, a project's or a workspace's.
        if token.starts_with(b"ATATT") { "x-bitbucket-api-token-auth" } else { "x-token-auth" }
    }

    fn has_meaningless_usernames(&self) -> bool {
        true
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
}

impl Bitbucket {
    fn found(&self, kind: Kind, integrity: Integrity, remark: Option<Remark>) -> Recognised {
        Recognised { forge: self.id(), kind, unmistakable: true, integrity, remark }
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

    /// No token's body, with the checksum that Atlassian would give it.
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
