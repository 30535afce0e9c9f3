//! Keeps what a forge has told of a token: one line of the item, in JSON, which git's operations
//! carry along unread.
//!
//! ```text
//! known={"owner":"alice","scopes":["api"],"ends":1798761600,"forge":"gitlab","checked":1796169600}
//! ```

use crate::api::{Facts, Told};
use crate::credential::Credential;
use crate::forge::Id;
use crate::secret::Secret;
use serde_json::{Map, Value, json};

/// The facts that are kept, see the [module](self). Times are in seconds since 1970 UTC.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct Kept {
    pub(crate) owner: Option<String>,
    pub(crate) scopes: Option<Vec<String>>,
    /// The token's end, as the forge has told it.
    ends: Told,
    /// The end that a person typed before the forge told one.
    typed: Option<u64>,
    /// The forge, where the host's name does not tell.
    pub(crate) forge: Option<Id>,
    /// The root of its API, where a person named it.
    pub(crate) api: Option<String>,
    /// The time of the last question about the token.
    pub(crate) checked_at: Option<u64>,
}

impl Kept {
    /// Returns the facts that are kept with this account's token.
    pub(crate) fn of(credential: &Credential) -> Self {
        let Some(known) = &credential.known else { return Self::default() };
        let Ok(json) = serde_json::from_slice::<Value>(known.expose()) else {
            return Self::default();
        };
        let text = |name: &str| json[name].as_str().map(ToOwned::to_owned);
        let texts = json["scopes"]
            .as_array()
            .map(|scopes| scopes.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect());
        let ends = match &json["ends"] {
            Value::Bool(false) => Told::Never,
            end => end.as_u64().map_or(Told::Nothing, Told::At),
        };
        Self {
            owner: text("owner"),
            scopes: texts,
            ends,
            typed: json["typed"].as_u64(),
            forge: text("forge").and_then(|word| Id::from_word(&word)),
            api: text("api"),
            checked_at: json["checked"].as_u64(),
        }
    }

    /// Returns what is known of the token that comes in this one's place: where its forge is.
    pub(crate) fn of_successor(&self) -> Self {
        let Self { owner, scopes, forge, api, .. } = self.clone();
        Self { owner, scopes, forge, api, ..Self::default() }
    }

    fn to_secret(&self) -> Secret {
        let ends = match self.ends {
            Told::Nothing => Value::Null,
            Told::Never => Value::Bool(false),
            Told::At(at) => at.into(),
        };
        let mut map = Map::new();
        for (name, value) in [
            ("owner", json!(self.owner)),
            ("scopes", json!(self.scopes)),
            ("ends", ends),
            ("typed", json!(self.typed)),
            ("forge", json!(self.forge.map(|forge| forge.forge().word()))),
            ("api", json!(self.api)),
            ("checked", json!(self.checked_at)),
        ] {
            if !value.is_null() {
                map.insert(name.to_owned(), value);
            }
        }
        Secret::new(Value::Object(map).to_string().as_bytes())
    }

    /// Returns the account with these facts instead of those that it had.
    pub(crate) fn put(&self, credential: Credential) -> Credential {
        Credential { known: Some(self.to_secret()), ..credential }
    }

    /// Returns the account with the facts that a forge has told of its token at `now`.
    ///
    /// The end that the forge tells replaces the one that it told before. Of this end and the one
    /// that a person typed, the earlier counts, unless the typed one has passed: the token has just
    /// worked.
    pub(crate) fn learn(mut self, credential: Credential, facts: &Facts, now: u64) -> Credential {
        if self.ends == Told::Nothing {
            self.typed = credential.expiry;
        }
        let typed = self.typed.filter(|typed| *typed > now);
        let expiry = match facts.expiry {
            Told::Nothing => credential.expiry,
            Told::Never => typed,
            Told::At(at) => Some(typed.map_or(at, |typed| typed.min(at))),
        };
        if facts.expiry != Told::Nothing {
            self.ends = facts.expiry;
        }
        self.owner = facts.owner.clone().or(self.owner);
        self.scopes = facts.scopes.clone().or(self.scopes);
        self.checked_at = Some(now);
        self.put(Credential { expiry, ..credential })
    }
}

#[cfg(test)]
mod tests {
    use super::Kept;
    use crate::api::{Facts, Told};
    use crate::context::Context;
    use crate::credential::Credential;
    use crate::forge::Id;
    use crate::secret::Secret;

    const NOW: u64 = 1_000;

    fn account(expiry: Option<u64>) -> Credential {
        let context = Context::from_canonical("https://h.example").expect("canonical");
        Credential { expiry, ..Credential::new(context, None, Secret::new(b"TESTONLY"), 1) }
    }

    fn told(credential: Credential, expiry: Told) -> Credential {
        let facts = Facts { expiry, ..Facts::default() };
        Kept::of(&credential).learn(credential, &facts, NOW)
    }

    #[test]
    fn what_is_kept_reads_back() {
        let kept = Kept {
            owner: Some("al\"ice\u{fc}".to_owned()),
            scopes: Some(vec!["api".to_owned()]),
            ends: Told::Never,
            typed: Some(5),
            forge: Some(Id::GitLab),
            api: Some("https://h.example/git".to_owned()),
            checked_at: Some(7),
        };
        assert_eq!(Kept::of(&kept.put(account(None))), kept);
        let line = kept.to_secret();
        assert!(!line.expose().contains(&b'\n'));
        assert_eq!(Kept::of(&Kept::default().put(account(None))), Kept::default());
        let strange = Credential { known: Some(Secret::new(b"x")), ..account(None) };
        assert_eq!(Kept::of(&strange), Kept::default());
    }

    #[test]
    fn the_forges_end_replaces_its_own_and_the_earlier_of_it_and_a_persons_holds() {
        let (soon, late) = (NOW + 10, NOW + 20);
        for (typed, said, ends) in [
            (None, &[Told::At(late)][..], Some(late)),
            (None, &[Told::At(soon), Told::At(late)], Some(late)),
            (None, &[Told::At(soon), Told::Never], None),
            (None, &[Told::At(soon), Told::Nothing], Some(soon)),
            (Some(soon), &[Told::At(late)], Some(soon)),
            (Some(late), &[Told::At(soon)], Some(soon)),
            (Some(late), &[Told::At(soon), Told::Never], Some(late)),
            (Some(late), &[Told::Never], Some(late)),
            // The token has just worked after the typed end.
            (Some(NOW - 1), &[Told::At(late)], Some(late)),
            (Some(NOW - 1), &[Told::Never], None),
        ] {
            let credential = said.iter().fold(account(typed), |one, told_now| told(one, *told_now));
            assert_eq!(credential.expiry, ends, "{typed:?} {said:?}");
        }
    }

    #[test]
    fn what_a_forge_does_not_say_stays() {
        let facts = Facts { owner: Some("alice".to_owned()), ..Facts::default() };
        let credential = Kept::default().learn(account(None), &facts, NOW);
        let credential = told(credential, Told::Nothing);
        let kept = Kept::of(&credential);
        assert_eq!((kept.owner.as_deref(), kept.checked_at), (Some("alice"), Some(NOW)));
    }
}
