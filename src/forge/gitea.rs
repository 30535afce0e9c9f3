//! Gitea and Forgejo: codeberg.org, gitea.com, and every host that says so by its name. Their
//! tokens are 40 hexadecimal digits, without prefix, checksum or end. The tokens of an OAuth
//! application begin with a prefix.

use super::{
    Beginning, Forge, Id, Integrity, Kind, Page, Recognised, Remark, Wanted, beginning_of,
};

pub(super) struct Gitea;

const NOT_FOR_GIT: Remark = Remark::Unfit("it opens no repository");

const BEGINNINGS: [Beginning; 2] = [
    Beginning::of("gto_", Kind::OauthSecret).but(NOT_FOR_GIT),
    Beginning::of("gta_", Kind::OauthCode).but(NOT_FOR_GIT),
];

impl Forge for Gitea {
    fn id(&self) -> Id {
        Id::Gitea
    }

    fn name(&self) -> &'static str {
        "Gitea or Forgejo"
    }

    fn word(&self) -> &'static str {
        "gitea"
    }

    fn is_called(&self, label: &str) -> bool {
        label == self.word() || label == "forgejo"
    }

    fn is_at(&self, host: &str) -> bool {
        matches!(host, "codeberg.org" | "gitea.com")
    }

    fn beginnings(&self) -> &'static [Beginning] {
        &BEGINNINGS
    }

    fn recognise(&self, token: &[u8]) -> Option<Recognised> {
        if let Some(beginning) = beginning_of(&BEGINNINGS, token) {
            return Some(beginning.recognised(self.id(), Integrity::Unknown));
        }
        let is_digit = |b: &u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        (token.len() == 40 && token.iter().all(is_digit)).then_some(Recognised {
            forge: self.id(),
            kind: Kind::Access,
            unmistakable: false,
            integrity: Integrity::Unknown,
            remark: None,
        })
    }

    fn pages(&self, wanted: &Wanted) -> Vec<Page> {
        vec![Page {
            address: wanted.address("/user/settings/applications", &[]),
            what: "an access token, with permission to read and write repositories",
        }]
    }
}
