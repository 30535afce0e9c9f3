//! A token by itself: who brought it, how long it is good, and whether it was refused.

use crate::secret::Secret;

/// Who brought an account, or a token.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Maker {
    /// A person, by a command that is for that: `login`, `import`, `docker login`. What does not
    /// say whose it is counts as a person's.
    #[default]
    Person,
    /// git, which approves what it has used and what stands in a URL.
    Git,
}

/// Whether a token may be served, as far as that does not depend on who asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// It may.
    Live,
    /// Its account was put away, whatever the token.
    PutAway,
    /// The host refused it.
    Rejected,
    /// Its time is over.
    Expired,
}

/// A token and what is known of it. Times are in seconds since 1970 UTC.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// The password for HTTP Basic, or what follows the scheme in the header.
    pub secret: Secret,
    /// The scheme of the `Authorization` header where it is not Basic, e.g. `Bearer`.
    pub authtype: Option<Vec<u8>>,
    /// When it ends, or none where that is unknown or never.
    pub expiry: Option<u64>,
    /// The OAuth refresh token that came with it.
    pub refresh_token: Option<Secret>,
    /// When it was stored.
    pub stored_at: u64,
    /// When the host refused it.
    pub rejected_at: Option<u64>,
    /// What its forge has told of it, as `check` keeps it.
    pub known: Option<Secret>,
    /// Who brought it.
    pub made_by: Maker,
}

impl Token {
    /// Returns whether it is this very token, with this scheme.
    #[must_use]
    pub fn is(&self, authtype: Option<&[u8]>, secret: &Secret) -> bool {
        self.secret == *secret && self.authtype.as_deref() == authtype
    }

    /// Returns whether its time is over at `now`.
    #[must_use]
    pub fn is_expired(&self, now: u64) -> bool {
        has_come(self.expiry, now)
    }

    /// Returns whether the host refused it so long before `now` that it is as if it were not
    /// there: 30 days.
    #[must_use]
    pub fn is_long_rejected(&self, now: u64) -> bool {
        is_long_ago(self.rejected_at, now)
    }

    /// Its state at `now`.
    #[must_use]
    pub fn state(&self, now: u64) -> State {
        match self.rejected_at {
            Some(_) => State::Rejected,
            None if self.is_expired(now) => State::Expired,
            None => State::Live,
        }
    }
}

/// A token that an account has beside the one that answers. By itself it never does.
#[derive(Clone, PartialEq, Eq)]
pub struct Aside {
    /// The token.
    pub token: Token,
    /// When it was set aside, in seconds since 1970 UTC.
    pub since: u64,
}

/// Returns whether there is an end, and it has come at `now`.
pub(super) fn has_come(end: Option<u64>, now: u64) -> bool {
    end.is_some_and(|end| end <= now)
}

/// How long what was refused or put away can be brought back, in seconds: 30 days.
pub const KEPT_FOR: u64 = 30 * 24 * 60 * 60;

/// Returns whether something happened, and longer before `now` than it can be brought back.
pub(super) fn is_long_ago(at: Option<u64>, now: u64) -> bool {
    // 2024. This program is younger: an earlier time is that of a clock that was wrong.
    const BEGINNING: u64 = 1_704_067_200;
    at.is_some_and(|at| at >= BEGINNING && at.saturating_add(KEPT_FOR) < now)
}
