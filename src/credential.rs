//! What is kept for one account: a token that answers and, at most, one that was set aside.
//!
//! git approves what stands in a URL, even where it was never sent, and nothing tells that from
//! a token that has worked. So what git brings never takes the place of a token that could still
//! serve; it lies beside it. Whose account and token it is, a person's or git's, is kept with
//! each. The rules stand in [`helper`](crate::helper).

mod token;

pub use token::{Aside, KEPT_FOR, Maker, State, Token};

use crate::context::{Context, escape, shown};
use crate::forge;
use crate::secret::Secret;
use std::fmt;
use token::{has_come, is_long_ago};

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
    /// The name as text that is safe to show, see [`escape`], and what people would not see in
    /// it as `%XX`, too. At times a token stands in the place of a name: of that, only this much
    /// is said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_token() {
            return f.write_str(forge::A_TOKEN);
        }
        f.write_str(&shown(&self.filed()))
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

/// An account with the token that answers, and what is known of both: the content of a
/// keychain's item. Times are in seconds since 1970 UTC.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// The only place to which the token may go.
    pub context: Context,
    /// What git is told when it names no username; none is not told.
    pub username: Option<Username>,
    /// Whether any username that a request names is answered with that very name.
    pub any_username: bool,
    /// Who brought the account.
    pub made_by: Maker,
    /// When the account was put away: it answers nothing until it is brought back.
    pub put_away_at: Option<u64>,
    /// The password for HTTP Basic, or what follows [`Self::authtype`] in the header.
    pub token: Secret,
    /// The scheme of the `Authorization` header where it is not Basic, e.g. `Bearer`.
    pub authtype: Option<Vec<u8>>,
    /// When the token ends, or none where that is unknown or never.
    pub expiry: Option<u64>,
    /// The OAuth refresh token that came with it.
    pub refresh_token: Option<Secret>,
    /// When the token was stored.
    pub stored_at: u64,
    /// When the host refused the token. It is served no more.
    pub rejected_at: Option<u64>,
    /// What its forge has told of the token, as `check` keeps it.
    pub known: Option<Secret>,
    /// Who brought the token.
    pub token_by: Maker,
    /// The account's other token, which does not answer.
    pub aside: Option<Box<Aside>>,
    /// For a container registry without a token of its own: the place whose account of the
    /// same username has it. The token here is then empty.
    pub linked_to: Option<Context>,
    /// For a container registry: what it was called by the program that stored the token, such
    /// as `https://index.docker.io/v1/`.
    pub server: Option<String>,
}

impl Credential {
    /// A person's account with a token of which nothing else is known, stored at this time.
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
            made_by: Maker::Person,
            put_away_at: None,
            token,
            authtype: None,
            expiry: None,
            refresh_token: None,
            stored_at,
            rejected_at: None,
            known: None,
            token_by: Maker::Person,
            aside: None,
            linked_to: None,
            server: None,
        }
    }

    /// The key under which it is filed.
    #[must_use]
    pub fn account(&self) -> Account {
        let username = if self.any_username { None } else { self.username.clone() };
        Account { context: self.context.clone(), username: username.unwrap_or_default() }
    }

    /// Returns whether it is filed under this username.
    #[must_use]
    pub fn is_of(&self, username: &Username) -> bool {
        match &self.username {
            Some(own) if !self.any_username => own == username,
            _ => username.is_empty(),
        }
    }

    /// The token that answers, by itself.
    #[must_use]
    pub fn answering(&self) -> Token {
        Token {
            secret: self.token.clone(),
            authtype: self.authtype.clone(),
            expiry: self.expiry,
            refresh_token: self.refresh_token.clone(),
            stored_at: self.stored_at,
            rejected_at: self.rejected_at,
            known: self.known.clone(),
            made_by: self.token_by,
        }
    }

    /// The account with another token in place of the one that answers.
    #[must_use]
    pub fn with_answering(self, token: Token) -> Self {
        Self {
            token: token.secret,
            authtype: token.authtype,
            expiry: token.expiry,
            refresh_token: token.refresh_token,
            stored_at: token.stored_at,
            rejected_at: token.rejected_at,
            known: token.known,
            token_by: token.made_by,
            ..self
        }
    }

    /// The same with account and token as a person's, and nothing beside them.
    #[must_use]
    pub fn as_a_persons(self) -> Self {
        Self {
            made_by: Maker::Person,
            token_by: Maker::Person,
            put_away_at: None,
            aside: None,
            ..self
        }
    }

    /// Returns whether the token's time is over at `now`.
    #[must_use]
    pub fn is_expired(&self, now: u64) -> bool {
        has_come(self.expiry, now)
    }

    /// Returns whether the token's time is over at `now` or soon will be, within 7 days.
    #[must_use]
    pub fn ends_soon(&self, now: u64) -> bool {
        const SOON: u64 = 7 * 24 * 60 * 60;
        has_come(self.expiry, now.saturating_add(SOON))
    }

    /// Returns whether the account is at `now` as if it were not there: put away for more than
    /// 30 days, or refused for so long, and its other token, too, if it has one.
    #[must_use]
    pub fn is_gone(&self, now: u64) -> bool {
        let is_others_gone =
            || self.aside.as_ref().is_none_or(|aside| aside.token.is_long_rejected(now));
        is_long_ago(self.put_away_at, now)
            || (is_long_ago(self.rejected_at, now) && is_others_gone())
    }

    /// The state at `now` of the token that answers.
    #[must_use]
    pub fn state(&self, now: u64) -> State {
        match (self.put_away_at, self.rejected_at) {
            (Some(_), _) => State::PutAway,
            (None, Some(_)) => State::Rejected,
            (None, None) if self.is_expired(now) => State::Expired,
            (None, None) => State::Live,
        }
    }

    /// Returns whether the token may be served at `now`.
    #[must_use]
    pub fn is_live(&self, now: u64) -> bool {
        self.state(now) == State::Live
    }
}

#[cfg(test)]
mod tests {
    use super::Username;

    #[test]
    fn a_name_is_filed_as_it_is_and_shown_as_people_can_read_it() {
        for (name, shown, filed) in [
            ("al ice", "al ice", "al ice"),
            ("hf_maier", "hf_maier", "hf_maier"),
            ("ghp_TESTONLYTESTONLY", "(a token)", "ghp_TESTONLYTESTONLY"),
            // As before, or nothing would be found any more.
            ("a\u{202e}b%", "a%E2%80%AEb%25", "a\u{202e}b%25"),
        ] {
            let name = Username::new(name.as_bytes());
            assert_eq!((name.to_string().as_str(), name.filed().as_str()), (shown, filed));
        }
    }
}
