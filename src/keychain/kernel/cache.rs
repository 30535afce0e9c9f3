//! Copies of another keychain's answers, kept in the user keyring for a while.
//!
//! | here | there |
//! |---|---|
//! | an answer | a key of type `user`, described as `git-credential-pat-cache:HOST<TAB>DIGEST` |
//! | its end | `KEYCTL_SET_TIMEOUT`: the kernel itself removes the key |
//!
//! The digest is over the whole query, so that an answer is found in one call and only by the very
//! query that it answers. The host stands beside it, so that all answers of a host can be found and
//! removed. The description does not begin like an account's: neither `list` nor a search takes a
//! copy for an account.
//!
//! Nothing here fails: where the kernel's keyring cannot be used, there is no copy.

use super::{MAX_PAYLOAD, add_until, describe, possessing, read_payload, serials, user_keyring};
use crate::context::Context;
use crate::credential::{Credential, Username};
use crate::hardening;
use crate::hex;
use crate::keychain::item;
use linux_keyutils::Key;
use sha2::{Digest, Sha256};
use std::time::Duration;

const PREFIX: &str = "git-credential-pat-cache:";

/// A query: the contexts, the most specific first, and the username, if one was named.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::keychain) struct Query {
    /// The keychain that was asked.
    pub(in crate::keychain) origin: Vec<u8>,
    pub(in crate::keychain) contexts: Vec<Context>,
    pub(in crate::keychain) username: Option<Username>,
}

impl Query {
    /// Returns whether a credential is an answer to this query and to no other.
    pub(in crate::keychain) fn is_answered_by(&self, credential: &Credential) -> bool {
        let account = credential.account();
        self.contexts.contains(&account.context)
            && self.username.as_ref().is_none_or(|username| *username == account.username)
    }

    fn description(&self) -> Option<String> {
        let mut digest = Sha256::new();
        let contexts: Vec<String> = self.contexts.iter().map(ToString::to_string).collect();
        let username = self.username.as_ref().map(Username::as_bytes);
        let ends = [username, Some(&self.origin)];
        // No two queries give the same bytes: lengths come first, and none differs from empty.
        digest.update(contexts.len().to_be_bytes());
        for field in contexts.iter().map(|context| Some(context.as_bytes())).chain(ends) {
            digest.update(field.map_or(0, |field| field.len() as u64 + 1).to_be_bytes());
            digest.update(field.unwrap_or_default());
        }
        let mut description = of_host(self.contexts.first()?);
        hex::push(&mut description, &digest.finalize());
        Some(description)
    }
}

/// Returns the beginning of the descriptions of all answers of this host.
fn of_host(context: &Context) -> String {
    format!("{PREFIX}{}\t", context.host_level())
}

/// Returns the answer that is kept for this query.
pub(in crate::keychain) fn recall(query: &Query) -> Option<Credential> {
    let description = query.description()?;
    let key = user_keyring().and_then(|ring| ring.search(&description)).ok()?;
    hardening::hide_memory();
    let content = possessing(|| read_payload(key)).ok()?;
    let credential = item::decode(&content.into()).ok()?;
    query.is_answered_by(&credential).then_some(credential)
}

/// Keeps an answer to this query for so long.
pub(in crate::keychain) fn keep(query: &Query, credential: &Credential, lifetime: Duration) {
    let content = item::Content::of(credential);
    if let Some(description) = query.description().filter(|_| content.len() < MAX_PAYLOAD) {
        let _ = add_until(&description, || content.to_bytes(), lifetime);
    }
}

/// Removes every answer that is kept for this context's host.
pub(in crate::keychain) fn forget(context: &Context) {
    let begin = of_host(context);
    for serial in serials().unwrap_or_default() {
        let description = describe(serial).ok().flatten();
        if description.is_some_and(|text| text.starts_with(begin.as_bytes())) {
            let _ = possessing(|| user_keyring()?.unlink_key(Key::from_id(serial)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Query, of_host};
    use crate::context::Context;
    use crate::credential::Username;
    use std::collections::HashSet;

    fn query(contexts: &[&str], username: Option<&[u8]>) -> Query {
        let context = |text: &&str| Context::from_canonical(text).expect("canonical");
        Query {
            origin: Vec::new(),
            contexts: contexts.iter().map(context).collect(),
            username: username.map(Username::new),
        }
    }

    #[test]
    fn no_two_queries_have_one_description() {
        let queries = [
            query(&["https://h.example"], None),
            query(&["https://h.example"], Some(b"")),
            query(&["https://h.example"], Some(b"alice")),
            query(&["https://h.example:8443"], None),
            query(&["http://h.example"], None),
            query(&["https://h.example/a"], None),
            query(&["https://h.example/a", "https://h.example"], None),
            query(&["https://h.example/a/b", "https://h.example/a", "https://h.example"], None),
            query(&["https://h.example/a"], Some(b"https://h.example")),
            Query { origin: b"command a".to_vec(), ..query(&["https://h.example"], None) },
            Query { origin: b"command b".to_vec(), ..query(&["https://h.example"], None) },
        ];
        let descriptions: HashSet<_> = queries.iter().map(Query::description).collect();
        assert_eq!(descriptions.len(), queries.len());
        assert!(!descriptions.contains(&None));
    }

    #[test]
    fn a_host_finds_its_own_answers_only() {
        let of = |text| of_host(&Context::from_canonical(text).expect("canonical"));
        let scoped = query(&["https://h.example/a", "https://h.example"], None);
        let description = scoped.description().expect("a description");
        assert!(description.starts_with(&of("https://h.example/b")));
        for other in ["https://h.example:8443", "http://h.example", "https://h.exampl"] {
            assert!(!description.starts_with(&of(other)), "{other}");
        }
    }
}
