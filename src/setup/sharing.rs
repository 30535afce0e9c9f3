//! Which other accounts in our keychains have the token of an account: for another name of the host,
//! for a part of it, for a registry. They all fail once the token is revoked.

use super::Setups;
use crate::context::Context;
use crate::credential::{Account, Credential, TokenPlace};
use crate::error::Error;
use crate::helper;
use crate::keychain::{Found, Keychain, Kind};
use crate::secret::Secret;
use std::collections::BTreeSet;

/// The accounts that share a token with one account.
#[derive(Default)]
pub(crate) struct Sharing {
    /// The accounts that have the same token.
    pub(crate) accounts: Vec<Sharer>,
    /// The registries that are linked to the account, and so get whatever token it has.
    pub(crate) linked: Vec<Context>,
    /// How many accounts are locked or damaged: they may have the token.
    pub(crate) unread: usize,
    /// The keychains that could not be read, each with the error.
    pub(crate) failed: Vec<(&'static str, Error)>,
    /// The keychains that have these accounts.
    pub(crate) keychains: Vec<Box<dyn Keychain>>,
}

/// An account that has the same token.
pub(crate) struct Sharer {
    pub(crate) account: Account,
    /// The number of the keychain that has it, in [`Sharing::keychains`].
    pub(crate) keychain: usize,
    /// Whether it does not answer with this token, which is set aside or was replaced by a rotation.
    pub(crate) is_aside: bool,
}

impl Setups {
    /// Returns which accounts other than this one, which lies in the keychain of kind `own`, have the
    /// same token, in all keychains that git's configuration names. The account itself may have
    /// another token by now.
    ///
    /// # Errors
    /// [`Error::Option`] where the environment names an unknown keychain.
    pub(crate) fn same_token(
        &self,
        of: &Account,
        token: &Secret,
        own: Kind,
        now: u64,
    ) -> Result<Sharing, Error> {
        let mut sharing = Sharing::default();
        let mut seen: Vec<Kind> = Vec::new();
        for setup in self.everywhere()? {
            if setup.options.kind.is_some_and(|kind| seen.contains(&kind)) {
                continue;
            }
            let result = setup.open().and_then(|mut keychain| {
                let contents = helper::with_retries(|| helper::all_with_contents(&mut *keychain))?;
                // If no keychain was named, its kind is known only now.
                let kind = keychain.kind();
                if !seen.contains(&kind) {
                    seen.push(kind);
                    sharing.add(keychain, contents, of, token, kind == own, now);
                }
                Ok(())
            });
            match result {
                // A line for certain URLs may name a keychain of another system.
                Ok(()) | Err(Error::Unsupported) => {}
                Err(error) => sharing.failed.push((setup.name(), error)),
            }
        }
        Ok(sharing)
    }
}

impl Sharing {
    /// Adds the accounts of one keychain, which `is_own` where it has the account itself. It stays
    /// open if it has one with the token.
    fn add(
        &mut self,
        keychain: Box<dyn Keychain>,
        contents: Vec<(Found, Account, Option<Credential>)>,
        of: &Account,
        token: &Secret,
        is_own: bool,
        now: u64,
    ) {
        let number = self.keychains.len();
        let before = self.accounts.len();
        let mut linked: BTreeSet<Context> = self.linked.iter().cloned().collect();
        for (_, account, credential) in contents {
            let Some(credential) = credential else {
                self.unread += 1;
                continue;
            };
            if credential.is_gone(now) || (is_own && account == *of) {
                continue;
            }
            if let Some(place) = &credential.linked_to {
                let is_here = *place == of.context && credential.account().username == of.username;
                if is_here {
                    linked.insert(account.context);
                }
                continue;
            }
            if let Some(place) = credential.place_of(token) {
                let is_aside = place != TokenPlace::Answering;
                self.accounts.push(Sharer { account, keychain: number, is_aside });
            }
        }
        self.linked = linked.into_iter().collect();
        if self.accounts.len() > before {
            self.keychains.push(keychain);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Sharing;
    use crate::context::Context;
    use crate::credential::{Account, Aside, Credential, Username};
    use crate::helper::{self, registry};
    use crate::keychain::memory::MemoryKeychain;
    use crate::secret::Secret;

    fn credential(place: &str, username: &str, token: &str) -> Credential {
        let context = Context::from_canonical(place).expect("canonical");
        let username = Username::new(username.as_bytes());
        Credential::new(context, Some(username), Secret::new(token.as_bytes()), 1)
    }

    #[test]
    fn accounts_with_the_same_token_and_linked_registries_are_found() {
        let mut keychain = MemoryKeychain::default();
        let own = credential("https://h.example", "alice", "ghp_TESTONLY1");
        let aside = credential("https://h.example/old", "alice", "ghp_TESTONLY1").answering();
        let linked = |place: &str, to: &Credential| {
            registry::link(Context::from_canonical(place).expect("canonical"), to, 1)
        };
        for account in [
            own.clone(),
            credential("https://h.example", "bob", "ghp_TESTONLY12"),
            credential("https://h.example/team", "alice", "ghp_TESTONLY1"),
            credential("https://alias.example", "", "ghp_TESTONLY1"),
            credential("docker://r.example", "alice", "ghp_TESTONLY1"),
            Credential {
                aside: Some(Box::new(Aside { token: aside, since: 1 })),
                ..credential("https://h.example/old", "alice", "ghp_TESTONLY2")
            },
            linked("docker://linked.example", &own),
            linked("docker://other.example", &credential("https://h.example", "bob", "")),
        ] {
            helper::put(&mut keychain, &account).expect("a write");
        }
        let mut found = |of: &Account, is_own| {
            let mut sharing = Sharing::default();
            let token = Secret::new(b"ghp_TESTONLY1");
            let contents = helper::all_with_contents(&mut keychain).expect("contents");
            let opened = Box::new(MemoryKeychain::default());
            sharing.add(opened, contents, of, &token, is_own, 1);
            assert!(sharing.accounts.iter().all(|one| one.keychain == 0));
            assert_eq!(sharing.keychains.len(), 1);
            let mut accounts: Vec<String> = sharing
                .accounts
                .iter()
                .map(|one| format!("{} {}", one.account.context, one.is_aside))
                .collect();
            accounts.sort();
            let linked: Vec<String> = sharing.linked.iter().map(ToString::to_string).collect();
            (accounts.join(", "), linked.join(", "))
        };
        let others = "docker://r.example false, https://alias.example false, \
                      https://h.example/old true, https://h.example/team false";
        let expected = (others.to_owned(), "docker://linked.example".to_owned());
        assert_eq!(found(&own.account(), true), expected);
        // What lies elsewhere under the same name is another account.
        assert!(found(&own.account(), false).0.contains("https://h.example false"));
    }
}
