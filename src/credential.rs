//! The content of one account: a token that answers and, at most, one that was set aside.
//!
//! git approves a token that stands in a URL, even where it was never sent, and nothing tells it
//! from a token that has worked. So a token that git brings never displaces one that could still
//! serve; it lies beside it. The account and each token say who brought them, a person or git. The
//! rules stand in [`helper`](crate::helper).

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

    /// Returns the bytes for git.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the name as keychains file it: as text, from which the bytes can be read back, see
    /// [`escape`]. People see the name's [`fmt::Display`] form.
    #[must_use]
    pub fn filed(&self) -> String {
        escape(&self.0)
    }

    /// Returns whether it is rather a token that a person or a program has put in a name's place.
    #[must_use]
    pub fn is_token(&self) -> bool {
        forge::is_token(&self.0)
    }

    /// Returns the name for a list, in which `-` stands for none.
    pub(crate) fn listed(&self) -> String {
        if self.is_empty() { "-".to_owned() } else { self.to_string() }
    }

    /// Returns whether it is the key of an account without a username.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Username {
    /// Writes the name as text that is safe to show, see [`escape`]. Characters that people would
    /// not see are written as `%XX`, too. Where a token stands in the place of a name, only that is
    /// said.
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
    /// The context to which its token goes.
    pub context: Context,
    /// The username, empty for an account without one, and for an account that answers any.
    pub username: Username,
}

/// Where an account has a token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TokenPlace {
    /// It answers.
    Answering,
    /// It is set aside.
    Aside,
    /// A rotation has replaced it.
    Previous,
}

/// An account with the token that answers, and what is known of both: the content of a
/// keychain's item. Times are in seconds since 1970 UTC.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// The only context for which the token may be handed out.
    pub context: Context,
    /// The username that git is told when it names none, or none where git is told none.
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
    /// When the host refused the token, which is then served no more.
    pub rejected_at: Option<u64>,
    /// What its forge has told of the token, as `check` keeps it.
    pub known: Option<Secret>,
    /// Who brought the token.
    pub token_by: Maker,
    /// The account's other token, which does not answer.
    pub aside: Option<Box<Aside>>,
    /// When a rotation of the token began that has not come to its end: a new token may have been
    /// asked for, or is here and was not verified.
    pub rotating_at: Option<u64>,
    /// The token that a rotation has replaced. It never answers.
    pub previous: Option<Box<Token>>,
    /// For a container registry without a token of its own: the context whose account of the same
    /// username has it. The token here is then empty.
    pub linked_to: Option<Context>,
    /// For a container registry: the name that the program that stored the token has for it, such
    /// as `https://index.docker.io/v1/`.
    pub server: Option<String>,
}

impl Credential {
    /// Returns a person's account with a token of which nothing else is known, stored at this time.
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
            rotating_at: None,
            previous: None,
            linked_to: None,
            server: None,
        }
    }

    /// Returns the key under which the account is filed.
    #[must_use]
    pub fn account(&self) -> Account {
        let username = if self.any_username { None } else { self.username.clone() };
        Account { context: self.context.clone(), username: username.unwrap_or_default() }
    }

    /// Returns the key under which the account is filed, of a credential that nobody needs any more.
    #[must_use]
    pub fn into_account(self) -> Account {
        let username = if self.any_username { None } else { self.username };
        Account { context: self.context, username: username.unwrap_or_default() }
    }

    /// Returns whether the account is filed under this username.
    #[must_use]
    pub fn is_of(&self, username: &Username) -> bool {
        match &self.username {
            Some(own) if !self.any_username => own == username,
            _ => username.is_empty(),
        }
    }

    /// Returns where the account has this token, if it does. A forge knows a token by its bytes:
    /// once it is revoked, it is dead with every scheme. (git's store and erase name the scheme,
    /// too, see [`Token::is`].)
    #[must_use]
    pub fn place_of(&self, secret: &Secret) -> Option<TokenPlace> {
        let is_aside = || self.aside.as_ref().is_some_and(|aside| aside.token.secret == *secret);
        let is_previous =
            || self.previous.as_ref().is_some_and(|previous| previous.secret == *secret);
        if self.token == *secret {
            Some(TokenPlace::Answering)
        } else if is_aside() {
            Some(TokenPlace::Aside)
        } else {
            is_previous().then_some(TokenPlace::Previous)
        }
    }

    /// Returns the token that answers, by itself.
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

    /// Returns the account with another token in place of the one that answers.
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

    /// Returns the account with itself and its token as a person's, not put away, and no other
    /// token. What a rotation has left stays: only the rotation, or a new token, ends it.
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

    /// Returns whether the token has expired at `now`.
    #[must_use]
    pub fn is_expired(&self, now: u64) -> bool {
        has_come(self.expiry, now)
    }

    /// Returns whether the token has expired at `now` or soon will, within 7 days.
    #[must_use]
    pub fn ends_soon(&self, now: u64) -> bool {
        const SOON: u64 = 7 * 24 * 60 * 60;
        has_come(self.expiry, now.saturating_add(SOON))
    }

    /// Returns whether a rotation has begun, and its new token is not here.
    #[must_use]
    pub fn awaits_new_token(&self) -> bool {
        self.rotating_at.is_some() && self.previous.is_none()
    }

    /// Returns whether the account counts as absent at `now`: it was put away more than 30 days
    /// ago, or its token was refused so long ago, and so was its other token, if it has one. Where
    /// a rotation has not come to its end, a refused token is not the whole account.
    #[must_use]
    pub fn is_gone(&self, now: u64) -> bool {
        let is_others_gone =
            || self.aside.as_ref().is_none_or(|aside| aside.token.is_long_rejected(now));
        is_long_ago(self.put_away_at, now)
            || (is_long_ago(self.rejected_at, now)
                && is_others_gone()
                && self.rotating_at.is_none()
                && self.previous.is_none())
    }

    /// Returns the state at `now` of the token that answers.
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
            // Names that are kept already must be found again, so this form stays.
            ("a\u{202e}b%", "a%E2%80%AEb%25", "a\u{202e}b%25"),
        ] {
            let name = Username::new(name.as_bytes());
            assert_eq!((name.to_string().as_str(), name.filed().as_str()), (shown, filed));
        }
    }
}
