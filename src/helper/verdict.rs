//! The verdict on a question: whether the account may be served and, if not, why.
//!
//! This is the one module that judges: for git's get, for `status`, for `token` and `exec`, and for
//! docker. Each of them puts its question and only words the verdict.

use super::choice::{Choice, Item, choose};
use super::kept_http::is_kept;
use super::{Policy, with_retries};
use crate::context::Context;
use crate::credential::{State, Username};
use crate::error::Error;
use crate::keychain::Keychain;

/// A question for an account.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The contexts from which it may be answered, all of one host, the most specific first.
    pub contexts: &'a [Context],
    /// The username of the account, where the asker names one.
    pub username: Option<&'a Username>,
    /// Whether the asker can use a scheme other than Basic.
    pub takes_schemes: bool,
}

/// The answer to a question.
pub enum Verdict {
    /// This account answers.
    Served(Box<Item>),
    /// This account was chosen, and its token must not leave. No other account answers instead.
    Withheld(Box<Item>, Reason),
    /// No account fits the question.
    Nobody,
    /// Accounts of these names fit, at this context, and nothing tells which is meant.
    Ambiguous(Context, Vec<Username>),
    /// The account must be unlocked first, and was not.
    Locked,
    /// The account's item cannot be understood, or was not meant for it.
    Damaged,
    /// The question was for unencrypted `http`, and no person keeps an account there.
    RefusedHttp,
}

/// Why the token of the account that was chosen must not leave.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// The host rejected it.
    Rejected,
    /// The asker cannot use the token's scheme.
    Scheme,
    /// The token has expired.
    Expired,
    /// The token has expired, and a refresh token is there that gets a new one.
    Renewable,
}

/// Judges a question. A transient failure is tried again.
///
/// # Errors
/// Where the keychain fails otherwise than by being locked or damaged.
pub fn judge(
    keychain: &mut dyn Keychain,
    question: &Question<'_>,
    policy: Policy,
) -> Result<Verdict, Error> {
    let Question { contexts, username, takes_schemes } = *question;
    let refused = contexts.iter().find(|context| !policy.allows(context));
    if refused.is_some_and(|context| !is_kept(keychain, context)) {
        return Ok(Verdict::RefusedHttp);
    }
    let item = match with_retries(|| choose(keychain, contexts, username, policy.now)) {
        Ok(Choice::Account(item)) => item,
        Ok(Choice::None) => return Ok(Verdict::Nobody),
        Ok(Choice::Ambiguous(at, names)) => return Ok(Verdict::Ambiguous(at, names)),
        Err(Error::Locked) => return Ok(Verdict::Locked),
        Err(Error::Damaged) => return Ok(Verdict::Damaged),
        Err(error) => return Err(error),
    };
    let credential = &item.1;
    let reason = match credential.state(policy.now) {
        // `choose` never picks an account that was put away.
        State::PutAway => return Ok(Verdict::Nobody),
        State::Rejected => Reason::Rejected,
        _ if credential.authtype.is_some() && !takes_schemes => Reason::Scheme,
        State::Expired if credential.refresh_token.is_some() => Reason::Renewable,
        State::Expired => Reason::Expired,
        State::Live => return Ok(Verdict::Served(item)),
    };
    Ok(Verdict::Withheld(item, reason))
}
