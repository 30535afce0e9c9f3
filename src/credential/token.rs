//! A token by itself: who brought it, how long it is good, and whether it was refused.

use crate::secret::Secret;

/// Who brought an account, or a token.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Maker {
    /// A person, by a command for that purpose: `login`, `import`, `docker login`. An item that
    /// does not say whose it is counts as a person's.
    #[default]
    Person,
    /// git, which approves what it has used and what stands in a URL.
    Git,
}

/// Whether a token may be served, as far as that does not depend on the asker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// The token may be served.
    Live,
    /// The token's account was put away, whatever the token.
    PutAway,
    /// The host refused the token.
    Rejected,
    /// The token has expired.
    Expired,
}

/// A token and what is known of it. Times are in seconds since 1970 UTC.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// The password for HTTP Basic, or what follows the scheme in the header.
    pub secret: Secret,
    /// The scheme of the `Authorization` header where it is not Basic, e.g. `Bearer`.
    pub authtype: Option<Vec<u8>>,
    /// When it expires, or none where that is unknown or never.
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
    /// Returns whether it is this very token, with this scheme: what git stores and erases. To its
    /// forge a token is the same with every scheme, see [`Credential::place_of`].
    ///
    /// [`Credential::place_of`]: super::Credential::place_of
    #[must_use]
    pub fn is(&self, authtype: Option<&[u8]>, secret: &Secret) -> bool {
        self.secret == *secret && self.authtype.as_deref() == authtype
    }

    /// Returns whether it has expired at `now`.
    #[must_use]
    pub fn is_expired(&self, now: u64) -> bool {
        has_come(self.expiry, now)
    }

    /// Returns whether the host refused it more than 30 days before `now`: it then counts as
    /// absent.
    #[must_use]
    pub fn is_long_rejected(&self, now: u64) -> bool {
        is_long_ago(self.rejected_at, now)
    }

    /// Returns its state at `now`.
    #[must_use]
    pub fn state(&self, now: u64) -> State {
        match self.rejected_at {
            Some(_) => State::Rejected,
            None if self.is_expired(now) => State::Expired,
            None => State::Live,
        }
    }
}

/// An account's second token, beside the one that answers. It never answers itself.
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

/// How long a refused token or an account that was put away can be brought back, in seconds: 30
/// days.
pub const KEPT_FOR: u64 = 30 * 24 * 60 * 60;

/// Returns whether it happened, and so long before `now` that it cannot be undone any more.
pub(super) fn is_long_ago(at: Option<u64>, now: u64) -> bool {
    // 2024. This program is younger: an earlier time comes from a wrong clock.
    const BEGINNING: u64 = 1_704_067_200;
    at.is_some_and(|at| at >= BEGINNING && at.saturating_add(KEPT_FOR) < now)
}
