//! What is kept for one account.

use crate::context::{Context, escape};
use crate::forge;
use crate::secret::Secret;
use std::fmt;

/// A username as git gives it: any bytes but LF, CR and NUL, compared byte for byte.
///
/// In an account's key an empty username stands for none.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Username(Vec<u8>);

impl Username {
    /// Takes the bytes as they are.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// The bytes for git.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The name as keychains file it: as text, from which the bytes can be read back, see
    /// [`escape`]. What is shown is [`fmt::Display`]'s.
    #[must_use]
    pub fn filed(&self) -> String {
        escape(&self.0)
    }

    /// Whether it is rather a token, which a person or a program has put in a name's place.
    #[must_use]
    pub fn is_token(&self) -> bool {
        forge::is_token(&self.0)
    }

    /// Whether it is the key of an account without a username.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Username {
    /// The name as text that is safe to show, see [`escape`]. At times a token stands in the
    /// place of a name: of that, only this much is said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_token() { f.write_str(forge::A_TOKEN) } else { f.write_str(&self.filed()) }
    }
}

/// An account's key: one username in one context. A keychain holds one item for it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account {
    /// Where its token goes.
    pub context: Context,
    /// Empty for an account without a username, and for one that answers any.
    pub username: Username,
}

/// Whether a token may be served, as far as it tells by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// It may.
    Live,
    /// The host refused it.
    Rejected,
    /// Its time is over.
    Expired,
}

/// A token and what is known of it: the content of a keychain's item.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// The only place to which the token may go.
    pub context: Context,
    /// What git is told when it names no username; none is not told.
    pub username: Option<Username>,
    /// Whether any username that a request names is answered with that very name.
    pub any_username: bool,
    /// The password for HTTP Basic, or what follows [`Self::authtype`] in the header.
    pub token: Secret,
    /// The scheme of the `Authorization` header where it is not Basic, e.g. `Bearer`.
    pub authtype: Option<Vec<u8>>,
    /// When the token ends, in seconds since 1970 UTC; none where that is unknown or never.
    pub expiry: Option<u64>,
    /// The OAuth refresh token that came with it.
    pub refresh_token: Option<Secret>,
    /// When it was stored, in seconds since 1970 UTC.
    pub stored_at: u64,
    /// When the host refused it, in seconds since 1970 UTC. It is served no more.
    pub rejected_at: Option<u64>,
    /// For a container registry without a token of its own: the place whose account of the
    /// same username has it. The token here is then empty.
    pub linked_to: Option<Context>,
}

impl Credential {
    /// A token of which nothing else is known, stored at this time (seconds since 1970 UTC).
    #[must_use]
    pub fn new(
        context: Context,
        username: Option<Username>,
        token: Secret,
        stored_at: u64,
    ) -> Self {
        Self {
            context,
            username,
            any_username: false,
            token,
            authtype: None,
            expiry: None,
            refresh_token: None,
            stored_at,
            rejected_at: None,
            linked_to: None,
        }
    }

    /// The key under which it is filed.
    #[must_use]
    pub fn account(&self) -> Account {
        let username = if self.any_username { None } else { self.username.clone() };
        Account { context: self.context.clone(), username: username.unwrap_or_default() }
    }

    /// Whether the token's time is over at `now` (seconds since 1970 UTC).
    #[must_use]
    pub fn is_expired(&self, now: u64) -> bool {
        self.expiry.is_some_and(|expiry| expiry <= now)
    }

    /// Whether the token's time is over at `now` or soon will be, within 7 days (seconds since
    /// 1970 UTC).
    #[must_use]
    pub fn ends_soon(&self, now: u64) -> bool {
        const SOON: u64 = 7 * 24 * 60 * 60;
        self.expiry.is_some_and(|expiry| expiry <= now.saturating_add(SOON))
    }

    /// Whether the host refused it so long before `now` (seconds since 1970 UTC) that it may
    /// be forgotten: 30 days.
    #[must_use]
    pub fn is_long_rejected(&self, now: u64) -> bool {
        const LIFETIME: u64 = 30 * 24 * 60 * 60;
        // 2024. This program is younger: an earlier time is that of a clock that was wrong.
        const BEGINNING: u64 = 1_704_067_200;
        let is_long_ago = |at: u64| at >= BEGINNING && at.saturating_add(LIFETIME) < now;
        self.rejected_at.is_some_and(is_long_ago)
    }

    /// Its state at `now` (seconds since 1970 UTC).
    #[must_use]
    pub fn state(&self, now: u64) -> State {
        match self.rejected_at {
            Some(_) => State::Rejected,
            None if self.is_expired(now) => State::Expired,
            None => State::Live,
        }
    }

    /// Whether it may be served at `now` (seconds since 1970 UTC).
    #[must_use]
    pub fn is_live(&self, now: u64) -> bool {
        self.state(now) == State::Live
    }
}

#[cfg(test)]
mod tests {
    use super::Username;

    #[test]
    fn a_name_that_is_a_token_is_filed_as_it_is_and_never_shown() {
        for (name, shown, filed) in [
            ("al ice", "al ice", "al ice"),
            ("hf_maier", "hf_maier", "hf_maier"),
            ("ghp_TESTONLYTESTONLY", "(a token)", "ghp_TESTONLYTESTONLY"),
        ] {
            let name = Username::new(name.as_bytes());
            assert_eq!((name.to_string().as_str(), name.filed().as_str()), (shown, filed));
        }
    }
}
