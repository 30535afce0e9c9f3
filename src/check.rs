//! Checks a token: whose it is, what it may do, until when, and why git was refused.
//!
//! Four layers judge it, each where it applies, and the worst judgement counts:
//!
//! - the account: whether git would get its token;
//! - the form: what the token itself shows, and its end as far as that is known;
//! - [`git_layer`]: git itself, where a repository was named;
//! - [`api_layer`]: the forge, where it is known which one it is.
//!
//! The forge's answers are [`kept`] with the account. [`all`] asks about many accounts. Nothing
//! here speaks to people, but [`advice`] knows what to type.

pub(crate) mod advice;
pub(crate) mod all;
pub(crate) mod api_layer;
pub(crate) mod git_layer;
pub(crate) mod kept;

use crate::api::Facts;
use crate::api::state::{Reason, Standing, State};
use crate::context::Context;
use crate::credential::{self, Account, Credential, Username};
use crate::forge::{self, Id, Integrity, Recognised};
use crate::git::entries::Entries;
use crate::hardening;
use crate::rotate::Stage;
use crate::time::DAY;
use api_layer::ApiLayer;
use git_layer::GitLayer;
use kept::Kept;
use std::time::{Duration, Instant};

/// How long before its end a token is reported, where a person says nothing else, in seconds: 14
/// days.
pub(crate) const WARN_BEFORE: u64 = 14 * DAY;

/// The options of a check.
#[derive(Clone)]
pub(crate) struct Options {
    /// The forge at the host, where its name does not tell.
    pub(crate) forge: Option<Id>,
    /// The root of its API.
    pub(crate) api: Option<String>,
    /// Whether nobody is asked.
    pub(crate) offline: bool,
    /// The time before its end at which a token is reported, in seconds.
    pub(crate) warn_before: u64,
    /// The longest time that all questions about one account may take.
    pub(crate) timeout: Duration,
    /// The time, in seconds since 1970 UTC.
    pub(crate) now: u64,
}

/// An account that is asked about.
pub(crate) struct Subject {
    /// The context to which its token goes.
    pub(crate) context: Context,
    pub(crate) username: Option<Username>,
    /// The credential, where it can be read.
    pub(crate) credential: Option<Credential>,
    /// Whether git would get its token.
    pub(crate) account: Standing,
    /// The URL of a repository, or of a part of a host, that was named.
    pub(crate) url: Option<String>,
    /// The path of that URL, or else of the account's context.
    pub(crate) path: String,
    /// Our helper's line, where git is to be asked.
    pub(crate) helper: Option<String>,
}

impl Subject {
    /// Returns an account whose token is asked about by itself: nobody has named a URL.
    pub(crate) fn of(credential: Credential, now: u64) -> Self {
        Self {
            context: credential.context.clone(),
            username: credential.username.clone(),
            account: account_standing(&credential, now),
            path: String::from_utf8_lossy(&credential.context.path()).into_owned(),
            credential: Some(credential),
            url: None,
            helper: None,
        }
    }

    /// Returns the account by the name that people see, also where it answers for any username.
    pub(crate) fn named(&self) -> Account {
        let username = self.username.clone().unwrap_or_default();
        Account { context: self.context.clone(), username }
    }
}

/// The result of a check.
pub(crate) struct Checked {
    pub(crate) subject: Subject,
    /// The kind of token, by its form.
    pub(crate) kind: Option<Recognised>,
    pub(crate) forge: Option<Id>,
    pub(crate) form: Standing,
    pub(crate) git: Option<GitLayer>,
    pub(crate) api: Option<ApiLayer>,
    /// The forge's facts about it, from now or from the last question.
    pub(crate) facts: Facts,
    /// The token's end, as far as it is known.
    pub(crate) expiry: Option<u64>,
    /// The account with the new facts that are to be kept, if there are any.
    pub(crate) learnt: Option<Credential>,
    /// The notes that a person should read, too.
    pub(crate) notes: Vec<String>,
    /// The worst judgement, which counts.
    pub(crate) worst: Standing,
}

impl Checked {
    /// Returns whether neither git's host nor the forge's API takes the token.
    pub(crate) fn is_refused_by_both(&self) -> bool {
        let api = self.api.as_ref().is_some_and(|api| api.standing.is_refused());
        api && self.git.as_ref().is_some_and(|git| git.standing.is_refused())
    }

    /// Returns whether the token may read, by the word of git or of the forge.
    pub(crate) fn may_read(&self) -> Option<bool> {
        both(self.git.as_ref().and_then(|git| git.may_read), self.facts.may_read)
    }

    /// Returns whether push is offered, by the word of git or of the forge.
    pub(crate) fn may_push(&self) -> Option<bool> {
        both(self.git.as_ref().and_then(|git| git.may_push), self.facts.may_push)
    }

    /// Returns whether nothing is known to be wrong.
    pub(crate) fn is_well(&self) -> bool {
        match self.worst.state {
            State::Good => true,
            State::Unknown => self.worst.is_unasked(),
            _ => false,
        }
    }
}

/// Returns the answer of git and the forge together. A no counts more than a yes: git's yes may be
/// for a public repository, and the forge's for a scope.
fn both(git: Option<bool>, forge: Option<bool>) -> Option<bool> {
    match (git, forge) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (git, forge) => git.or(forge),
    }
}

/// Asks about one account. The forge comes first, because git's request counts there as a use of
/// the token.
pub(crate) fn one(subject: Subject, options: &Options, entries: &Entries) -> Checked {
    let deadline = Instant::now() + options.timeout;
    let api = api_layer::of(&subject, options, None, all::QUESTIONS, deadline);
    let git = git_of(&subject, options, entries, deadline);
    concluded(subject, options, git, api)
}

fn git_of(
    subject: &Subject,
    options: &Options,
    entries: &Entries,
    deadline: Instant,
) -> Option<GitLayer> {
    let (Some(url), Some(helper)) = (&subject.url, &subject.helper) else { return None };
    let credential = subject.credential.as_ref()?;
    if options.offline || !names_repository(subject, options) {
        return None;
    }
    // A token that is filed as a username must be in no argument either.
    let is_name = |name: &&Username| !name.is_empty() && !name.is_token();
    let username = subject.username.as_ref().filter(is_name);
    let username = username.map(|name| String::from_utf8_lossy(name.as_bytes()).into_owned());
    let username = username.as_deref();
    let ask = git_layer::Ask { url, username, helper, token: &credential.token, deadline };
    Some(git_layer::ask(&ask, entries))
}

/// Returns whether the URL is of a repository, as far as its forge tells.
fn names_repository(subject: &Subject, options: &Options) -> bool {
    let path = subject.path.trim_matches('/');
    match api_layer::forge_of(subject, options) {
        Some((forge, _)) => forge.forge().is_repository(subject.context.host(), path),
        None => !path.is_empty(),
    }
}

/// Returns the result of the layers' answers.
pub(crate) fn concluded(
    mut subject: Subject,
    options: &Options,
    git: Option<GitLayer>,
    api: Option<ApiLayer>,
) -> Checked {
    let now = options.now;
    let mut notes = Vec::new();
    let forge = api_layer::forge_of(&subject, options).map(|(forge, _)| forge);
    let kept = subject.credential.as_ref().map(Kept::of).unwrap_or_default();
    let mut facts = api.as_ref().map(|api| api.facts.clone()).unwrap_or_default();
    // A use that is not older than our own last question may have been that question.
    let before = kept.checked_at.unwrap_or(now);
    facts.last_used = facts.last_used.filter(|used| *used < before);
    let learnt = learnt(&subject, options, &kept, git.as_ref(), api.as_ref());
    facts.owner = facts.owner.or(kept.owner);
    facts.scopes = facts.scopes.or(kept.scopes);
    let latest = learnt.as_ref().or(subject.credential.as_ref());
    let expiry = latest.and_then(|credential| credential.expiry);
    if subject.account.state == State::Ended && latest.is_some_and(|c| c.is_live(now)) {
        // Only the date was wrong.
        subject.account = Standing::good();
    }
    let kind = subject.credential.as_ref().and_then(|c| recognised(&c.context, forge, c));
    let is_taken = api.as_ref().is_some_and(|api| api.standing.state == State::Good);
    if kind.is_some_and(|kind| kind.integrity == Integrity::Wrong) && !is_taken {
        notes.push("the token's checksum is wrong: it was mistyped or cut off".to_owned());
    }
    let form = form(&subject, expiry, options);
    if let Some(git) = &git {
        notes.extend(git.notes.iter().map(ToString::to_string));
    }
    notes.extend(api.iter().flat_map(|api| api.notes.clone()));
    let worst = worst(&subject.account, &form, git.as_ref(), api.as_ref(), expiry, options);
    Checked { subject, kind, forge, form, git, api, facts, expiry, learnt, notes, worst }
}

/// Returns the kind of token by its form, at the forge that is known to be there.
pub(crate) fn recognised(
    context: &Context,
    forge: Option<Id>,
    credential: &Credential,
) -> Option<Recognised> {
    let token = credential.token.expose();
    let own = forge.and_then(|id| id.forge().recognise(token));
    let recognised = own.or_else(|| forge::recognise(context, token));
    // A checksum leaves copies of its input on the stack.
    hardening::wipe_stack();
    recognised
}

fn form(subject: &Subject, expiry: Option<u64>, options: &Options) -> Standing {
    let Some(credential) = &subject.credential else { return subject.account.clone() };
    // With a refresh token beside it, it is renewed without a person.
    let is_renewed = credential.refresh_token.is_some();
    let is_near = |end: u64| end - options.now <= options.warn_before && !is_renewed;
    match expiry {
        Some(end) if end <= options.now => Standing::of(State::Ended, None),
        Some(end) if is_near(end) => Standing::of(State::Ending, None),
        _ => Standing::good(),
    }
}

/// Returns the worst judgement. Where nobody was asked, an unknown state is the best one, unless
/// `--offline` was wanted and the token's end is known.
fn worst(
    account: &Standing,
    form: &Standing,
    git: Option<&GitLayer>,
    api: Option<&ApiLayer>,
    expiry: Option<u64>,
    options: &Options,
) -> Standing {
    let is_said = |standing: &&Standing| !standing.is_unasked();
    let asked: Vec<&Standing> = git
        .map(|git| &git.standing)
        .into_iter()
        .chain(api.map(|api| &api.standing))
        .filter(is_said)
        .collect();
    // Of two that are equally bad, the later one knows more, and counts.
    let all = [account, form].into_iter().chain(asked.iter().copied());
    let worst = all.max_by_key(|standing| standing.state).cloned().unwrap_or_else(Standing::good);
    if !asked.is_empty() || worst.state > State::Good {
        return worst;
    }
    if options.offline {
        let is_known = expiry.is_some();
        return if is_known { worst } else { Standing::of(State::Unknown, Reason::Offline) };
    }
    let unasked = api.map(|api| api.standing.clone());
    unasked.unwrap_or_else(|| Standing::of(State::Unknown, Reason::NoForge))
}

/// Returns the account with the facts that were learnt, if somebody has answered.
fn learnt(
    subject: &Subject,
    options: &Options,
    kept: &Kept,
    git: Option<&GitLayer>,
    api: Option<&ApiLayer>,
) -> Option<Credential> {
    let credential = subject.credential.clone()?;
    let is_told = api.is_some_and(|api| api.standing.is_answer());
    if !is_told && !git.is_some_and(|git| git.standing.is_answer()) {
        return None;
    }
    let facts = api.filter(|_| is_told).map(|api| &api.facts);
    Some(match facts {
        Some(facts) => told(credential, facts, options),
        None => kept.clone().learn(credential, &Facts::default(), options.now),
    })
}

/// Returns the account with what its forge has just told of its token. The forge and address that a
/// person named are kept with it, because they have answered.
pub(crate) fn told(credential: Credential, facts: &Facts, options: &Options) -> Credential {
    let credential = with_named_forge(credential, options);
    Kept::of(&credential).learn(credential, facts, options.now)
}

/// Returns the account with the forge and address that a person named, where the host's name does
/// not tell the forge.
pub(crate) fn with_named_forge(credential: Credential, options: &Options) -> Credential {
    let is_named = options.forge.is_some() || options.api.is_some();
    if !is_named || forge::at(&credential.context).is_some() {
        return credential;
    }
    let mut kept = Kept::of(&credential);
    kept.forge = options.forge.or(kept.forge);
    kept.api = options.api.clone().or(kept.api);
    kept.put(credential)
}

/// Returns whether it is known which forge an account's token is of.
pub(crate) fn knows_forge_of(credential: &Credential) -> bool {
    forge::at(&credential.context).is_some() || Kept::of(credential).forge.is_some()
}

/// Returns whether git would get an account's token, by its state alone.
pub(crate) fn account_standing(credential: &Credential, now: u64) -> Standing {
    match credential.state(now) {
        credential::State::Live if Stage::of(credential).is_some() => {
            Standing::of(State::Unknown, Reason::Rotating)
        }
        credential::State::Live => Standing::good(),
        credential::State::Expired => Standing::of(State::Ended, None),
        credential::State::Rejected => Standing::of(State::Refused, Reason::Rejected),
        credential::State::PutAway => Standing::of(State::Unknown, Reason::PutAway),
    }
}
