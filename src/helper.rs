//! What get, store and erase mean, once, above every keychain.
//!
//! Each operation first asks whether the request is ours to answer at all:
//! what is outside the grammar, unencrypted, incomplete or not to be kept is passed over in
//! silence, so that git goes on to the next helper. Only then is a keychain touched.
//!
//! Where the keychain fails in a way that is worth another try, the operation begins again
//! from its search. That is safe also for what writes: it first looks at what is there.

mod choice;
pub(crate) mod explanation;
pub(crate) mod registry;
mod state;
#[cfg(test)]
mod tests;
pub mod verdict;

pub(crate) use choice::{Choice, choose, read_sound};

use crate::context::Context;
use crate::credential::{Credential, Username};
use crate::error::Error;
use crate::keychain::{Found, Keychain};
use crate::protocol::{self, Answer, Operation, Request};
use crate::secret::Secret;
use choice::named;
use std::io::{Read, Write};
use verdict::{Question, Reason, Verdict, judge};
use zeroize::Zeroizing;

/// How the helper was set up, and when it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Policy {
    /// Whether unencrypted `http` to other machines is answered and stored, too.
    pub allow_http: bool,
    /// The time, in seconds since 1970 UTC.
    pub now: u64,
}

impl Policy {
    /// Returns whether tokens are kept and handed out for this context: not where they could be
    /// read on the way, unless that was allowed.
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
        /// The account, if its token ends within a week.
        ending: Option<Ending>,
    },
    /// The account that would answer has a token whose time is over.
    Expired(Ending),
    /// Several accounts would answer for this host, and none was picked.
    Ambiguous(Context),
    /// The request was for unencrypted `http`.
    RefusedHttp,
}

/// An account whose token ends soon, or has ended.
#[derive(Clone, PartialEq, Eq)]
pub struct Ending {
    /// Where the token goes.
    pub context: Context,
    /// What git is told when it names no username.
    pub username: Option<Username>,
    /// The token's end, in seconds since 1970 UTC.
    pub expiry: u64,
    /// When it was stored, in seconds since 1970 UTC.
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

/// Serves one operation: reads the request from `input`, does what it means on the keychain that
/// `open` gives for it, and writes the answer, if there is one, to `output` in one write. Where
/// `open` gives none, nothing is done.
///
/// This is the whole helper: whoever brings the two streams is a front door to it, be it git's
/// process or somebody's socket. What comes back is for telling a person; the answer has left.
///
/// # Errors
/// Where the request is none, a stream or the keychain fails.
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
    let credential = match judge(keychain, &question, policy)? {
        Verdict::Served(credential) => credential,
        Verdict::Withheld(credential, Reason::Expired | Reason::Renewable) => {
            let ending = Ending::of(&credential, policy.now);
            return Ok(ending.map_or(Outcome::Silent, Outcome::Expired));
        }
        Verdict::Withheld(_, Reason::Rejected | Reason::Scheme) | Verdict::Nobody => {
            return Ok(Outcome::Silent);
        }
        Verdict::Ambiguous => return Ok(Outcome::Ambiguous(host)),
        Verdict::RefusedHttp => return Ok(Outcome::RefusedHttp),
        Verdict::Locked => return Err(Error::Locked),
        Verdict::Damaged => return Err(Error::Damaged),
    };
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
        token: &credential.token,
        authtype: credential.authtype.as_deref(),
        expiry: credential.expiry,
        refresh_token: credential.refresh_token.as_ref(),
        state: state.as_deref(),
    };
    let ending = Ending::of(&credential, policy.now);
    Ok(Outcome::Answer { lines: answer.to_bytes()?, ending })
}

/// Keeps a credential that has just worked, unless it is already there.
///
/// # Errors
/// Where the keychain fails; what it held before is then unchanged.
pub fn store(
    request: &Request,
    policy: Policy,
    keychain: &mut dyn Keychain,
) -> Result<Outcome, Error> {
    let host = match place_of(request, policy) {
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
    // What everybody may search for is no place for a token.
    if request.username.as_ref().is_some_and(Username::is_token) {
        return Ok(Outcome::Silent);
    }
    let _guard = keychain.exclusive();
    let new = New { request, host: &host, authtype, token, now: policy.now };
    with_retries(|| new.store(keychain))?;
    Ok(Outcome::Silent)
}

/// Rejects the token that the host has just refused; or, where none is given, deletes what
/// the request names.
///
/// # Errors
/// Where the keychain fails.
pub fn erase(
    request: &Request,
    policy: Policy,
    keychain: &mut dyn Keychain,
) -> Result<Outcome, Error> {
    let Place::Host(host) = place_of(request, policy) else { return Ok(Outcome::Silent) };
    let username = request.username.as_ref();
    if let Some((authtype, token)) = refused(request) {
        let _guard = keychain.exclusive();
        let contexts = host.answering(request.path.as_deref());
        with_retries(|| reject(keychain, &contexts, username, (authtype, token), policy.now))?;
    } else if let Some(context) = host.scoped(request.path.as_deref().unwrap_or_default()) {
        let _guard = keychain.exclusive();
        with_retries(|| delete(keychain, &context, username))?;
    }
    Ok(Outcome::Silent)
}

/// Deletes the account with this username, or without one all accounts, of exactly this
/// context; how many there were.
///
/// # Errors
/// Where the keychain fails. A locked item is not deleted.
pub fn delete(
    keychain: &mut dyn Keychain,
    context: &Context,
    username: Option<&Username>,
) -> Result<usize, Error> {
    let found = keychain.find(std::slice::from_ref(context), username)?;
    let found = choice::unlocked(keychain, found, std::slice::from_ref(context), username)?;
    for item in &found {
        keychain.delete(item)?;
    }
    Ok(found.len())
}

/// Deletes an item whose token was rejected long ago; whether it did. A new token that has
/// come in its place stays.
///
/// # Errors
/// Where the keychain fails.
pub(crate) fn forget_long_rejected(
    keychain: &mut dyn Keychain,
    found: &Found,
    now: u64,
) -> Result<bool, Error> {
    let _guard = keychain.exclusive();
    let read = keychain.read(std::slice::from_ref(found))?;
    let is_old = read.iter().any(|(_, credential)| credential.is_long_rejected(now));
    if is_old {
        keychain.delete(found)?;
    }
    Ok(is_old)
}

/// How often an operation is begun again. Not once only: gnome-keyring fails by itself once in
/// some thousand connections, and that must not use up the answer to what else happens.
const RETRIES: usize = 2;

/// Runs an operation, again where its error says that this may help.
///
/// # Errors
/// The operation's.
pub fn with_retries<T>(mut operation: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    for _ in 0..RETRIES {
        match operation() {
            Err(error) if error.is_transient() => {}
            result => return result,
        }
    }
    operation()
}

/// Whether a request is ours to act on.
enum Place {
    Host(Context),
    RefusedHttp,
    NotOurs,
}

fn place_of(request: &Request, policy: Policy) -> Place {
    match host_of(request) {
        Some(host) if policy.allows(&host) => Place::Host(host),
        Some(_) => Place::RefusedHttp,
        None => Place::NotOurs,
    }
}

/// The host of a request, if it is one that can have accounts.
fn host_of(request: &Request) -> Option<Context> {
    Context::of_host(request.protocol.as_deref()?, request.host.as_deref()?)
}

/// The token that a store brings, with its scheme if it is not Basic. An incomplete
/// credential brings none.
fn offered(request: &Request) -> Option<(Option<&[u8]>, &Secret)> {
    if let (Some(authtype), Some(credential)) = (&request.authtype, &request.credential) {
        return Some((Some(authtype), credential));
    }
    request.username.as_ref()?;
    Some((None, request.password.as_ref()?))
}

/// The token that an erase names.
fn refused(request: &Request) -> Option<(Option<&[u8]>, &Secret)> {
    match (&request.credential, &request.password) {
        (Some(credential), _) => Some((request.authtype.as_deref(), credential)),
        (None, Some(password)) => Some((None, password)),
        (None, None) => None,
    }
}

/// A credential that is to be kept.
struct New<'a> {
    request: &'a Request,
    host: &'a Context,
    authtype: Option<&'a [u8]>,
    token: &'a Secret,
    now: u64,
}

impl New<'_> {
    fn store(&self, keychain: &mut dyn Keychain) -> Result<(), Error> {
        let contexts = self.host.answering(self.request.path.as_deref());
        let username = self.request.username.as_ref();
        if let Choice::Account(account) = choose(keychain, &contexts, username)? {
            let (at, old) = *account;
            let same_token = self.is_token_of(&old);
            if same_token && old.is_live(self.now) && self.adds_nothing_to(&old) {
                return Ok(());
            }
            let same_username = old.any_username || old.account().username == self.username();
            let replaces = same_username && !old.is_live(self.now);
            if same_token || replaces {
                let credential = self.merged_into(old, same_token);
                return keychain.write(Some(&at), &credential);
            }
        }
        // A path that can be no scope must not widen the token to the whole host.
        let path = self.request.path.as_deref().unwrap_or_default();
        let Some(context) = self.host.scoped(path) else { return Ok(()) };
        let credential = Credential {
            authtype: self.authtype.map(<[u8]>::to_vec),
            expiry: self.request.expiry,
            refresh_token: self.request.refresh_token.clone(),
            ..Credential::new(
                context.clone(),
                self.request.username.clone(),
                self.token.clone(),
                self.now,
            )
        };
        put(keychain, &credential)
    }

    fn username(&self) -> Username {
        self.request.username.clone().unwrap_or_default()
    }

    fn is_token_of(&self, old: &Credential) -> bool {
        old.token == *self.token && old.authtype.as_deref() == self.authtype
    }

    /// Whether every attribute of the request is there already. One that the request does
    /// not carry is no difference: an older git does not send the expiry back.
    fn adds_nothing_to(&self, old: &Credential) -> bool {
        let refresh_token = self.request.refresh_token.as_ref();
        self.request.expiry.is_none_or(|expiry| old.expiry == Some(expiry))
            && refresh_token.is_none_or(|token| old.refresh_token.as_ref() == Some(token))
    }

    /// The account's new content: a different token inherits nothing of the old one's life.
    fn merged_into(&self, old: Credential, same_token: bool) -> Credential {
        let (old_expiry, old_refresh_token) =
            if same_token { (old.expiry, old.refresh_token) } else { (None, None) };
        // None and an empty one are one account, and a new token says which of them it is.
        let keeps_username = same_token || old.any_username;
        let username = if keeps_username { old.username } else { self.request.username.clone() };
        Credential {
            username,
            token: self.token.clone(),
            authtype: self.authtype.map(<[u8]>::to_vec),
            // A token that has just worked is not past its end, whatever was known of it.
            expiry: self.request.expiry.or(old_expiry.filter(|&expiry| expiry > self.now)),
            refresh_token: self.request.refresh_token.clone().or(old_refresh_token),
            stored_at: later_than(old.stored_at, self.now),
            rejected_at: None,
            ..old
        }
    }
}

/// Writes a credential to where its account lies, or as a new account.
///
/// # Errors
/// Where the keychain fails.
pub fn put(keychain: &mut dyn Keychain, credential: &Credential) -> Result<(), Error> {
    let account = credential.account();
    let contexts = std::slice::from_ref(&account.context);
    let found = keychain.find(contexts, Some(&account.username))?;
    let found = choice::unlocked(keychain, found, contexts, Some(&account.username))?;
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

/// The time of storing in place of an item of that time. Where a keychain holds two items
/// for one account the later one answers: a second that is not over, or a clock that was set
/// back, must not make it the other one.
fn later_than(old: u64, now: u64) -> u64 {
    now.max(old.saturating_add(1))
}

fn reject(
    keychain: &mut dyn Keychain,
    contexts: &[Context],
    username: Option<&Username>,
    (authtype, token): (Option<&[u8]>, &Secret),
    now: u64,
) -> Result<(), Error> {
    for (at, credential) in named(keychain, contexts, username)? {
        let same_token = credential.token == *token && credential.authtype.as_deref() == authtype;
        if same_token && credential.rejected_at.is_none() {
            // A clock that was set back must not make it one that was rejected long ago.
            let rejected_at = Some(now.max(credential.stored_at));
            keychain.write(Some(&at), &Credential { rejected_at, ..credential })?;
        }
    }
    Ok(())
}
