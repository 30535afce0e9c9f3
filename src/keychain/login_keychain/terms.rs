//! The names of an account's item in the login keychain, and the meaning of its statuses. Pure.

use crate::context::{Context, unescape};
use crate::credential::{Account, Username};
use crate::error::Error;

/// The beginning of our items' services, which tells them from everybody else's.
const PREFIX: &str = "git-credential-pat:";

/// The account attribute of an item without a username, because the keychain takes an empty one for
/// a wildcard. In every username that is written, two digits follow a `%`.
const NOBODY: &str = "%none";

/// The status of an item that is not there.
pub(super) const NOT_FOUND: i32 = -25300;

/// The status of a window that was needed and not allowed.
const INTERACTION_NOT_ALLOWED: i32 = -25308;

/// The status of a window that was needed and not allowed, or was answered with no or a wrong
/// password.
const AUTH_FAILED: i32 = -25293;

/// The two attributes by which the keychain knows an item. They are never empty, and never another
/// account's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Names {
    /// `git-credential-pat:https://github.com`: shown as *Where*.
    pub(super) service: String,
    /// The username as [`escape`](crate::context::escape) writes it: shown as *Account*.
    pub(super) account: String,
}

impl Names {
    /// Returns the names of an account's item.
    pub(super) fn of(account: &Account) -> Self {
        let username = &account.username;
        let name = if username.is_empty() { NOBODY.to_owned() } else { username.filed() };
        Self { service: service(&account.context), account: name }
    }

    /// Returns the account of an item, or nothing where the item is not ours.
    pub(super) fn to_account(&self) -> Option<Account> {
        let context = Context::from_canonical(self.service.strip_prefix(PREFIX)?)?;
        let username = match self.account.as_str() {
            NOBODY => Username::default(),
            name => Username::new(&unescape(name)?),
        };
        let account = Account { context, username };
        // Only names that we would have written are ours.
        (Self::of(&account) == *self).then_some(account)
    }

    /// Returns both names in one text. A service holds no tab.
    pub(super) fn to_text(&self) -> String {
        format!("{}\t{}", self.service, self.account)
    }

    /// Undoes [`Self::to_text`].
    pub(super) fn from_text(text: &str) -> Option<Self> {
        let (service, account) = text.split_once('\t')?;
        Some(Self { service: service.to_owned(), account: account.to_owned() })
    }
}

/// Returns the service of all items of a context.
pub(super) fn service(context: &Context) -> String {
    format!("{PREFIX}{context}")
}

/// Returns whether a window in which a person is asked may help.
pub(super) fn needs_somebody(status: i32) -> bool {
    matches!(status, INTERACTION_NOT_ALLOWED | AUTH_FAILED)
}

/// Returns a status of the Security framework as our error.
pub(super) fn error(status: i32) -> Error {
    match status {
        // -128 is userCanceledErr, a status of the whole system.
        -128 => Error::Denied,
        AUTH_FAILED => Error::RefusedOrWrongPassword,
        // -25315 is errSecInteractionRequired, an older status of the same meaning.
        INTERACTION_NOT_ALLOWED | -25315 => Error::NobodyToAsk,
        // -25291 is errSecNotAvailable.
        -25291 => Error::NoKeychain,
        // -25307 is errSecNoDefaultKeychain, -25294 is errSecNoSuchKeychain: its file is gone.
        -25307 | -25294 => Error::NoDefaultKeychain,
        // -25292 is errSecReadOnly, -61 is errSecWrPerm.
        -25292 | -61 => Error::Keychain("it cannot be written"),
        // -25299 is errSecDuplicateItem: the item was not there a moment ago.
        -25299 => Error::Transient("another program has just stored it"),
        // -25302 is errSecDataTooLarge.
        -25302 => Error::TooLong,
        NOT_FOUND => Error::Transient("an item is gone"),
        other => Error::System(other.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Names, error, needs_somebody};
    use crate::context::Context;
    use crate::credential::{Account, Username};
    use crate::error::Error;
    use std::collections::BTreeSet;

    #[test]
    fn every_account_has_names_of_its_own_that_read_back_and_are_never_empty() {
        let mut seen = BTreeSet::new();
        for context in ["https://h.example", "https://h.example:8443", "docker://h.example/a b"] {
            let context = Context::from_canonical(context).expect("canonical");
            for username in ["", "alice", "Alice", "%none", "%", "a\tb", "gr\u{fc}\u{df}e"] {
                let username = Username::new(username.as_bytes());
                let account = Account { context: context.clone(), username };
                let names = Names::of(&account);
                assert!(!names.service.is_empty() && !names.account.is_empty());
                assert!(names.to_account().is_some_and(|read| read == account));
                assert_eq!(Names::from_text(&names.to_text()), Some(names.clone()));
                assert!(seen.insert(names.to_text()), "{names:?}");
            }
        }
    }

    #[test]
    fn what_others_put_there_is_not_ours() {
        for (service, account) in [
            ("https://h.example", "alice"),
            ("git:https://h.example", "alice"),
            ("git-credential-pat:", "alice"),
            ("git-credential-pat:https://H.example", "alice"),
            ("git-credential-pat:https://h.example/", "alice"),
            ("git-credential-pat:https://h.example", ""),
            ("git-credential-pat:https://h.example", "%6e"),
            ("git-credential-pat:https://h.example", "100%"),
        ] {
            let names = Names { service: service.to_owned(), account: account.to_owned() };
            assert!(names.to_account().is_none(), "{names:?}");
        }
    }

    #[test]
    fn statuses_that_need_different_deeds_have_different_hints() {
        let mut hints = BTreeSet::new();
        for status in [-128, -25293, -25308, -25291, -25307] {
            let error = error(status);
            let hint = error.hint().unwrap_or_else(|| panic!("{status}: {error} has no hint"));
            assert!(hints.insert(hint), "{status}: {hint}");
        }
        assert!(needs_somebody(-25308) && !needs_somebody(-128) && !needs_somebody(-25300));
        assert_eq!(error(-1), Error::System(-1));
    }
}
