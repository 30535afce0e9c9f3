//! Hugging Face: models and data sets, which are git repositories, too.

use super::{
    Beginning, Forge, Id, Integrity, Kind, Page, Recognised, Wanted, beginning_of, with_query,
};

pub(super) struct HuggingFace;

const BEGINNINGS: [Beginning; 2] =
    // The second is an organisation's; no new ones are made.
    [Beginning::of("hf_", Kind::Access), Beginning::of("api_org_", Kind::Access)];

impl Forge for HuggingFace {
    fn id(&self) -> Id {
        Id::HuggingFace
    }

    fn name(&self) -> &'static str {
        "Hugging Face"
    }

    fn word(&self) -> &'static str {
        "huggingface"
    }

    fn is_at(&self, host: &str) -> bool {
        matches!(host, "huggingface.co" | "hf.co")
    }

    fn main_host(&self) -> Option<&'static str> {
        Some("huggingface.co")
    }

    fn beginnings(&self) -> &'static [Beginning] {
        &BEGINNINGS
    }

    fn recognise(&self, token: &[u8]) -> Option<Recognised> {
        let beginning = beginning_of(&BEGINNINGS, token)?;
        let body = &token[beginning.text.len()..];
        let usual = body.len() == 34 && body.iter().all(u8::is_ascii_alphanumeric);
        let integrity = if usual { Integrity::Unknown } else { Integrity::Doubtful };
        Some(beginning.recognised(self.id(), integrity))
    }

    fn pages(&self, wanted: &Wanted) -> Vec<Page> {
        const PAGE: &str = "https://huggingface.co/settings/tokens";
        // The only scope is the role.
        let (role, what) = match wanted.old_scopes().and_then(|scopes| scopes.first()) {
            Some(role) if role == "read" => ("read", "a token that may read"),
            Some(role) if role == "fineGrained" => {
                ("fineGrained", "a fine-grained token, with the permissions of the old one")
            }
            Some(_) => ("write", "a token that may write"),
            None => ("", "a token that may write"),
        };
        let address = match role {
            "" => PAGE.to_owned(),
            role => with_query(&format!("{PAGE}/new"), &[("tokenType", role)]),
        };
        vec![Page { address, what }]
    }
}

#[cfg(test)]
mod tests {
    use super::{Forge, HuggingFace, Integrity};

    #[test]
    fn a_token_has_34_letters_and_digits() {
        let integrity = |body: &str| {
            HuggingFace.recognise(format!("hf_{body}").as_bytes()).map(|kind| kind.integrity)
        };
        assert_eq!(integrity(&("TESTONLY".repeat(4) + "TE")), Some(Integrity::Unknown));
        assert_eq!(integrity("TESTONLY"), Some(Integrity::Doubtful));
        assert!(HuggingFace.recognise(b"TESTONLY").is_none());
    }
}
