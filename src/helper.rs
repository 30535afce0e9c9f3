//! What get, store and erase mean, once, above every keychain.
//!
//! Each operation first asks whether the request is ours to answer. It ignores, in silence, a
//! request that is outside the grammar, unencrypted, incomplete or not to be kept, so that git goes
//! on to the next helper. Only then is a keychain touched.
//!
//! Where the keychain fails in a way that is worth another try, the operation begins again from its
//! search. That is safe also for store and erase: they look at the account first.

mod choice;
mod erasing;
pub(crate) mod explanation;
pub(crate) mod kept_http;
pub(crate) mod registry;
mod restoring;
mod revoking;
mod state;
mod storing;
#[cfg(test)]
mod tests;
mod two_tokens;
pub mod verdict;

pub use choice::Item;
pub(crate) use choice::{
    Choice, all_with_contents, choose, names_of_persons, read_sound, with_contents,
};
pub(crate) use restoring::accounts_at;
pub use restoring::{Restored, restore};
pub(crate) use revoking::{Dropped, drop_token, mark_rejected};

use crate::context::Context;
use crate::credential::{Account, Credential, Maker, Username};
use crate::error::Error;
use crate::forge;
use crate::keychain::{Found, Keychain};
use crate::protocol::{self, Answer, Operation, Request};
use erasing::{named_token, put_accounts_away, reject};
use kept_http::is_kept;
use std::io::{Read, Write};
use storing::{Brought, offered};
use two_tokens::later_than;
pub(crate) use two_tokens::rotated;
use verdict::{Question, Reason, Verdict, judge};
use zeroize::Zeroizing;

/// The helper's setting, and the time at which it runs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Policy {
    /// Whether unencrypted `http` to other machines is answered and stored, too.
    pub allow_http: bool,
    /// The time, in seconds since 1970 UTC.
    pub now: u64,
}

impl Policy {
    /// Returns whether tokens are kept and handed out for this context. They are not where they
    /// could be read on the way, unless that was allowed.
    #[must_use]
    pub fn allows(self, context: &Context) -> bool {
        self.allow_http || !context.exposes_secrets()
    }
}

/// How an operation ended.
pub enum Outcome {
    /// There is nothing to say.
    Silent,
    /// There is an answer.
    Answer {
        /// The lines for git, wiped when dropped.
        lines: Zeroizing<Vec<u8>>,
        /// The account that answers.
        account: Account,
        /// The account, if its token ends within a week.
        ending: Option<Ending>,
    },
    /// The account that would answer is git's, and its token has expired.
    Expired(Ending),
    /// The account that would answer is a person's, and its token must not leave.
    Withheld(Box<Withheld>),
    /// No account is there for a request to this host.
    Nobody(Context),
    /// Accounts of several names at this context would answer, and none was picked.
    Ambiguous(Context, Vec<Username>),
    /// A token of this account was stored, or marked as rejected.
    Written(Account),
    /// The accounts that were named at this context are put away.
    PutAway(Context),
    /// The request was for unencrypted `http`.
    RefusedHttp,
}

/// A person's account that would have answered, and the reason why it does not.
pub struct Withheld {
    /// The context to which the token would go.
    pub context: Context,
    /// The username that git is told when it names none.
    pub username: Option<Username>,
    /// Why its token must not leave.
    pub reason: Reason,
    /// The time since when it is so, in seconds since 1970 UTC.
    pub since: u64,
    /// The usernames of the other accounts that could answer for this context.
    pub others: Vec<Username>,
}

/// An account whose token ends soon, or has ended.
#[derive(Clone, PartialEq, Eq)]
pub struct Ending {
    /// The context to which the token goes.
    pub context: Context,
    /// The username that git is told when it names none.
    pub username: Option<Username>,
    /// The token's end, in seconds since 1970 UTC.
    pub expiry: u64,
    /// The time when the token was stored, in seconds since 1970 UTC.
    pub stored_at: u64,
}

impl Ending {
    fn of(credential: &Credential, now: u64) -> Option<Self> {
        Some(Self {
            expiry: credential.expiry.filter(|_| credential.ends_soon(now))?,
            context: credential.context.clone(),
            username: credential.username.clone(),
            stored_at: credential.stored_at,
        })
    }
}

/// Serves one operation: reads the request from `input`, carries it out on the keychain that `open`
/// gives for it, and writes the answer, if there is one, to `output` in one write. Where `open`
/// gives no keychain, nothing is done.
///
/// This is the whole helper: a front door to it brings the two streams, be it git's process or
/// somebody's socket. The outcome serves to tell a person about it; the answer has left already.
///
/// # Errors
/// Where the bytes are no request, or a stream or the keychain fails.
pub fn serve<'k>(
    operation: Operation,
    input: &mut dyn Read,
    output: &mut dyn Write,
    open: impl FnOnce(&Request) -> Result<Option<Box<dyn Keychain + 'k>>, Error>,
    policy: Policy,
) -> Result<Outcome, Error> {
    let run = match operation {
        Operation::Get => get,
        Operation::Store => store,
        Operation::Erase => erase,
        Operation::Capability => {
            write(output, protocol::CAPABILITIES.as_bytes())?;
            return Ok(Outcome::Silent);
        }
    };
    let request = Request::read(input)?;
    let Some(mut keychain) = open(&request)? else { return Ok(Outcome::Silent) };
    let outcome = run(&request, policy, &mut *keychain)?;
    if let Outcome::Answer { lines, .. } = &outcome {
        write(output, lines)?;
    }
    Ok(outcome)
}

fn write(output: &mut dyn Write, bytes: &[u8]) -> Result<(), Error> {
    output.write_all(bytes).map_err(|error| Error::Stream(error.kind()))
}

/// Answers a request with the account that it is for.
///
/// # Errors
/// Where the keychain fails, or holds something under the account's key that was not meant
/// for it.
pub fn get(
    request: &Request,
    policy: Policy,
    keychain: &mut dyn Keychain,
) -> Result<Outcome, Error> {
    let Some(host) = host_of(request) else { return Ok(Outcome::Silent) };
    let question = Question {
        contexts: &host.answering(request.path.as_deref()),
        username: request.username.as_ref(),
        takes_schemes: request.capabilities.authtype,
    };
    let item = match judge(keychain, &question, policy)? {
        Verdict::Served(item) => item,
        Verdict::Withheld(item, Reason::Renewable) => {
            return renewable(question.username, item.1);
        }
        Verdict::Withheld(item, reason)
            if item.1.made_by == Maker::Person && reason != Reason::Scheme =>
        {
            let credential = item.1;
            let since = match reason {
                Reason::Rejected => credential.rejected_at,
                _ => credential.expiry,
            };
            return Ok(Outcome::Withheld(Box::new(Withheld {
                others: choice::names_of_others(
                    keychain,
                    question.contexts,
                    &credential,
                    policy.now,
                ),
                since: since.unwrap_or(policy.now),
                context: credential.context,
                username: credential.username,
                reason,
            })));
        }
        Verdict::Withheld(item, Reason::Expired) => {
            let ending = Ending::of(&item.1, policy.now);
            return Ok(ending.map_or(Outcome::Silent, Outcome::Expired));
        }
        Verdict::Withheld(_, Reason::Rejected | Reason::Scheme) => return Ok(Outcome::Silent),
        Verdict::Nobody => return Ok(Outcome::Nobody(host)),
        Verdict::Ambiguous(at, names) => return Ok(Outcome::Ambiguous(at, names)),
        Verdict::RefusedHttp => return Ok(Outcome::RefusedHttp),
        Verdict::Locked => return Err(Error::Locked),
        Verdict::Damaged => return Err(Error::Damaged),
    };
    let credential = &item.1;
    let username = question.username.or(credential.username.as_ref());
    let state = request.capabilities.state.then(|| {
        state::handed_out(&state::Content {
            host: &host,
            path: request.path.as_deref(),
            username,
            authtype: credential.authtype.as_deref(),
            token: &credential.token,
            expiry: credential.expiry,
            refresh_token: credential.refresh_token.as_ref(),
        })
    });
    let answer = Answer {
        username,
        token: Some(&credential.token),
        authtype: credential.authtype.as_deref(),
        expiry: credential.expiry,
        refresh_token: credential.refresh_token.as_ref(),
        state: state.as_deref(),
    };
    let lines = answer.to_bytes()?;
    let ending = Ending::of(credential, policy.now);
    Ok(Outcome::Answer { lines, account: item.1.into_account(), ending })
}

/// Answers with what is known of a token that has expired, but without the token, as git does: a
/// generator that git asks after us uses the refresh token to get a new one.
fn renewable(username: Option<&Username>, credential: Credential) -> Result<Outcome, Error> {
    let answer = Answer {
        username: username.or(credential.username.as_ref()),
        token: None,
        authtype: None,
        expiry: credential.expiry,
        refresh_token: credential.refresh_token.as_ref(),
        state: None,
    };
    let lines = answer.to_bytes()?;
    Ok(Outcome::Answer { lines, account: credential.into_account(), ending: None })
}

/// Keeps a credential that git says has worked, unless it is kept already. Where it would displace
/// a token that may still be good, it is set aside or not kept.
///
/// # Errors
/// Where the keychain fails; its content is then unchanged.
pub fn store(
    request: &Request,
    policy: Policy,
    keychain: &mut dyn Keychain,
) -> Result<Outcome, Error> {
    let host = match place_of(request, policy, keychain) {
        Place::Host(host) => host,
        Place::RefusedHttp => return Ok(Outcome::RefusedHttp),
        Place::NotOurs => return Ok(Outcome::Silent),
    };
    let Some((authtype, token)) = offered(request) else { return Ok(Outcome::Silent) };
    if request.ephemeral || request.expiry.is_some_and(|expiry| expiry <= policy.now) {
        return Ok(Outcome::Silent);
    }
    let handed_out = state::handed_out(&state::Content {
        host: &host,
        path: request.path.as_deref(),
        username: request.username.as_ref(),
        authtype,
        token,
        expiry: request.expiry,
        refresh_token: request.refresh_token.as_ref(),
    });
    if request.states.iter().any(|state| *state == handed_out.as_bytes()) {
        return Ok(Outcome::Silent);
    }
    // Everybody may search for usernames and hosts, so no token may stand in them.
    let is_token = request.username.as_ref().is_some_and(Username::is_token);
    if is_token || forge::is_token(host.host().as_bytes()) {
        return Ok(Outcome::Silent);
    }
    let _guard = keychain.exclusive(Some(&host));
    let brought = Brought { request, host: &host, authtype, token, now: policy.now };
    let written = with_retries(|| brought.store(keychain))?;
    Ok(written.map_or(Outcome::Silent, Outcome::Written))
}

/// Rejects the token that the host has just refused. Where no token is given, puts away the
/// accounts that the request names. Nothing is deleted.
///
/// # Errors
/// Where the keychain fails.
pub fn erase(
    request: &Request,
    policy: Policy,
    keychain: &mut dyn Keychain,
) -> Result<Outcome, Error> {
    let Place::Host(host) = place_of(request, policy, keychain) else { return Ok(Outcome::Silent) };
    let (username, now) = (request.username.as_ref(), policy.now);
    if let Some(token) = named_token(request) {
        let _guard = keychain.exclusive(Some(&host));
        let contexts = host.answering(request.path.as_deref());
        if let Some(account) = with_retries(|| reject(keychain, &contexts, username, token, now))? {
            return Ok(Outcome::Written(account));
        }
    } else if is_kept(keychain, &host) {
        // git calls it so after every 407 of a proxy whose user it does not know.
        return Ok(Outcome::Silent);
    } else if let Some(context) = host.scoped(request.path.as_deref().unwrap_or_default()) {
        let _guard = keychain.exclusive(Some(&host));
        if with_retries(|| put_accounts_away(keychain, &context, username, now))? {
            return Ok(Outcome::PutAway(context));
        }
    }
    Ok(Outcome::Silent)
}

/// Deletes for a person the account with this username, or without one all accounts, of exactly
/// this context. Returns how many there were.
///
/// # Errors
/// Where the keychain fails. A locked item is not deleted.
pub fn delete(
    keychain: &mut dyn Keychain,
    context: &Context,
    username: Option<&Username>,
) -> Result<usize, Error> {
    let found = keychain.find(std::slice::from_ref(context), username)?;
    let found = choice::unlocked(keychain, found, context, username)?;
    for item in &found {
        keychain.delete(item)?;
    }
    Ok(found.len())
}

/// Deletes an item whose account is gone: put away or refused more than 30 days ago. Returns
/// whether it did so; an account that has come in its place meanwhile stays.
///
/// # Errors
/// Where the keychain fails.
pub(crate) fn forget_if_gone(
    keychain: &mut dyn Keychain,
    found: &Found,
    now: u64,
) -> Result<bool, Error> {
    let _guard = keychain.exclusive(None);
    let read = keychain.read(std::slice::from_ref(found))?;
    let is_gone = read.iter().any(|(_, credential)| credential.is_gone(now));
    if is_gone {
        keychain.delete(found)?;
    }
    Ok(is_gone)
}

/// How often an operation begins again. Once would not be enough: gnome-keyring fails by itself
/// once in some thousand connections, and that must not use up the retry for another failure.
const RETRIES: usize = 2;

/// Runs an operation, and runs it again where its error says that this may help.
///
/// # Errors
/// The operation's own errors.
pub fn with_retries<T>(mut operation: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    for _ in 0..RETRIES {
        match operation() {
            Err(error) if error.is_transient() => {}
            result => return result,
        }
    }
    operation()
}

/// Says whether a request is ours to act on.
enum Place {
    Host(Context),
    RefusedHttp,
    NotOurs,
}

fn place_of(request: &Request, policy: Policy, keychain: &mut dyn Keychain) -> Place {
    match host_of(request) {
        Some(host) if policy.allows(&host) || is_kept(keychain, &host) => Place::Host(host),
        Some(_) => Place::RefusedHttp,
        None => Place::NotOurs,
    }
}

/// Returns the host of a request, if it is one that can have accounts.
pub(crate) fn host_of(request: &Request) -> Option<Context> {
    Context::of_host(request.protocol.as_deref()?, request.host.as_deref()?)
}

/// Returns what is kept under exactly this key, in whatever state.
///
/// # Errors
/// Where the keychain fails, [`Error::Damaged`] where the item cannot be understood.
pub(crate) fn kept_at(
    keychain: &mut dyn Keychain,
    account: &Account,
) -> Result<Option<Credential>, Error> {
    with_retries(|| {
        let contexts = std::slice::from_ref(&account.context);
        let found = keychain.find(contexts, Some(&account.username))?;
        let found = choice::unlocked(keychain, found, &account.context, Some(&account.username))?;
        let mut read = keychain.read(&found)?;
        read.retain(|(_, credential)| credential.account() == *account);
        Ok(choice::latest(read).map(|(_, credential)| credential))
    })
}

/// Writes a credential over its account's item, or as a new account.
///
/// # Errors
/// Where the keychain fails.
pub fn put(keychain: &mut dyn Keychain, credential: &Credential) -> Result<(), Error> {
    let account = credential.account();
    let contexts = std::slice::from_ref(&account.context);
    let found = keychain.find(contexts, Some(&account.username))?;
    let found = choice::unlocked(keychain, found, &account.context, Some(&account.username))?;
    let at = match found.as_slice() {
        [] => None,
        [only] => Some(only.clone()),
        several => {
            let latest = keychain.read(several)?.into_iter().max_by_key(|(_, old)| old.stored_at);
            if let Some((at, old)) = latest {
                let stored_at = later_than(old.stored_at, credential.stored_at);
                return keychain.write(Some(&at), &Credential { stored_at, ..credential.clone() });
            }
            None
        }
    };
    keychain.write(at.as_ref(), credential)
}
