//! The use log has a line of JSON for each use of an account: who used which account, and when. It
//! is kept where our line in git's configuration says `--log`.
//!
//! ```text
//! {"time":"2027-01-31T13:04:05Z","via":"git","operation":"get","result":"served",
//!  "context":"https://github.com/work","username":"alice","by":["git-remote-https","git fetch"]}
//! ```
//!
//! The log is a diary for its owner, and no evidence: every program of the user can change it. It
//! holds no token, no digest of one, no path of a request and no arguments of programs. It is
//! written after the answer has left, and its failures are ignored: a full disk does not keep git
//! from its token.

mod parents;

use crate::context::Context;
use crate::credential::{Account, Username};
use crate::error::Error;
use crate::forge;
use crate::helper::verdict::Reason;
use crate::helper::{Outcome, Withheld};
use crate::keychain::Kind;
use crate::private_file::{self, Folder, Links};
use crate::protocol::Operation;
#[cfg(target_os = "linux")]
use crate::setup::Answering;
use crate::state_folder;
use crate::time::{DAY, from_rfc3339, now, rfc3339};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Write;

const FILE: &str = "uses.jsonl";
const OLDER_FILE: &str = "uses.1.jsonl";

/// The length of a full file, in bytes. A new file then takes its name.
const FULL: u64 = 1024 * 1024;

/// The longest line, in bytes. Another process's write does not tear a write of this length.
const MAX_LINE: usize = 1000;

/// The age, in seconds, at which a use is no longer shown.
const KEPT_FOR: u64 = 90 * DAY;

/// One use of an account: a line of the log.
#[derive(Serialize, Deserialize)]
pub(crate) struct Use<'a> {
    /// The time of the use, in the form of RFC 3339.
    pub(crate) time: Cow<'a, str>,
    /// The way by which the token left: `git`, `docker`, `token` or `exec`. With `lend` it stays.
    pub(crate) via: Cow<'a, str>,
    /// The operation: `get`, `store` or `erase`. `lend` has `fetch`, `push` and `lfs`.
    pub(crate) operation: Cow<'a, str>,
    /// The result of the operation in one word, see [`result`].
    pub(crate) result: Cow<'a, str>,
    /// The account's context, or the host alone where no account was found.
    pub(crate) context: Cow<'a, str>,
    /// The account's username. There is none where the account has none, answers for any username,
    /// or was not found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) username: Option<Cow<'a, str>>,
    /// The keychain's name, where our line names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) keychain: Option<Cow<'a, str>>,
    /// The programs that asked, the nearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) by: Vec<Cow<'a, str>>,
    /// The refs that somebody to whom access was lent pushed: at most four, and then the number of
    /// further ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) refs: Vec<Cow<'a, str>>,
}

/// A use of access that was lent.
#[cfg(target_os = "linux")]
pub(crate) struct Lent {
    /// The repository.
    pub(crate) repository: Context,
    /// `fetch`, `push` or `lfs`.
    operation: &'static str,
    /// The refs that were to be pushed.
    pub(crate) refs: Vec<String>,
    /// The time of the request, in seconds since 1970 UTC.
    pub(crate) now: u64,
}

#[cfg(target_os = "linux")]
impl Lent {
    pub(crate) fn new(repository: &Context, operation: &'static str, now: u64) -> Self {
        Self { repository: repository.clone(), operation, refs: Vec::new(), now }
    }
}

/// Notes that access was lent or refused, if uses are noted. The account's own line in git's
/// configuration says so, or `is_wanted` where there is no account.
#[cfg(target_os = "linux")]
pub(crate) fn note_lending(
    lent: &Lent,
    is_served: bool,
    answering: Option<&Answering>,
    is_wanted: impl FnOnce() -> bool,
) {
    const SHOWN: usize = 4;
    if !answering.map_or_else(is_wanted, |answering| answering.log) {
        return;
    }
    let account = answering.map(|answering| answering.credential.account());
    let place = account
        .as_ref()
        .map_or((&lent.repository, None), |account| (&account.context, Some(&account.username)));
    let mut refs: Vec<Cow<'_, str>> = lent.refs.iter().take(SHOWN).map(Into::into).collect();
    if let Some(more) = lent.refs.len().checked_sub(SHOWN).filter(|&more| more > 0) {
        refs.push(format!("and {more} more").into());
    }
    let result = if is_served { "served" } else { "denied" };
    let keychain = answering.map(|answering| answering.keychain);
    write(line("lend", lent.operation, result, place, keychain, lent.now, refs));
}

/// Notes the result of an operation of git's, for an account or for the host of the request.
pub(crate) fn note_operation(
    operation: Operation,
    host: &Context,
    outcome: &Result<Outcome, Error>,
    keychain: Option<Kind>,
    now: u64,
) {
    let (context, username) = match outcome {
        Ok(Outcome::Answer { account, .. } | Outcome::Written(account)) => {
            (&account.context, Some(&account.username))
        }
        Ok(Outcome::Withheld(account)) => (&account.context, account.username.as_ref()),
        Ok(Outcome::Expired(ending)) => (&ending.context, ending.username.as_ref()),
        Ok(Outcome::PutAway(context)) => (context, None),
        _ => (host, None),
    };
    let result = result(operation, outcome);
    note("git", operation.name(), result, (context, username), keychain, now);
}

/// Notes that a command let the token of an account out.
pub(crate) fn note_command(via: &'static str, account: &Account, keychain: Kind, now: u64) {
    let account = (&account.context, Some(&account.username));
    note(via, Operation::Get.name(), "served", account, Some(keychain), now);
}

fn note(
    via: &str,
    operation: &str,
    result: &str,
    (context, username): (&Context, Option<&Username>),
    keychain: Option<Kind>,
    now: u64,
) {
    let mut line = line(via, operation, result, (context, username), keychain, now, Vec::new());
    line.by = parents::names().into_iter().map(Cow::Owned).collect();
    write(line);
}

fn line<'a>(
    via: &'a str,
    operation: &'a str,
    result: &'a str,
    (context, username): (&Context, Option<&Username>),
    keychain: Option<Kind>,
    now: u64,
    refs: Vec<Cow<'a, str>>,
) -> Use<'a> {
    Use {
        time: rfc3339(now).into(),
        via: via.into(),
        operation: operation.into(),
        result: result.into(),
        context: forge::shown_context(context).into(),
        username: username.filter(|name| !name.is_empty()).map(|name| name.to_string().into()),
        keychain: keychain.map(|kind| kind.name().into()),
        by: Vec::new(),
        refs,
    }
}

fn write(mut line: Use<'_>) {
    if let Some(folder) = state_folder::made() {
        let _ = append(&folder, &mut line);
    }
}

/// Returns the result of an operation in one word.
fn result(operation: Operation, outcome: &Result<Outcome, Error>) -> &'static str {
    match (operation, outcome) {
        (_, Ok(Outcome::Answer { .. })) => "served",
        (Operation::Erase, Ok(Outcome::Written(_))) | (_, Ok(Outcome::PutAway(_))) => "erased",
        (_, Ok(Outcome::Written(_))) => "stored",
        (_, Ok(Outcome::Expired(_))) => "expired",
        (_, Ok(Outcome::Withheld(account))) => match &**account {
            Withheld { reason: Reason::Rejected, .. } => "rejected",
            Withheld { reason: Reason::Expired | Reason::Renewable | Reason::Scheme, .. } => {
                "expired"
            }
        },
        (_, Ok(Outcome::Ambiguous(..))) => "ambiguous",
        (_, Ok(Outcome::RefusedHttp)) => "refused",
        (Operation::Get, Ok(Outcome::Silent)) | (_, Ok(Outcome::Nobody(_))) => "none",
        (_, Ok(Outcome::Silent)) => "unchanged",
        (_, Err(Error::Locked)) => "locked",
        (_, Err(_)) => "failed",
    }
}

fn append(folder: &Folder, line: &mut Use<'_>) -> Option<()> {
    let mut text = serde_json::to_vec(line).ok()?;
    if text.len() >= MAX_LINE {
        line.by.clear();
        line.refs.clear();
        text = serde_json::to_vec(line).ok().filter(|text| text.len() < MAX_LINE)?;
    }
    text.push(b'\n');
    let mut file = folder.file_to_append(FILE)?;
    if file.metadata().ok()?.len() >= FULL {
        // The process that has the lock renames the full file. The others still write into it.
        if file.try_lock().is_ok() && folder.rename(&file, FILE, OLDER_FILE).is_some() {
            file = folder.file_to_append(FILE)?;
        }
    }
    file.write_all(&text).ok()
}

/// The content of the log.
#[derive(Default)]
pub(crate) struct Uses {
    /// The text of both files, the older first.
    text: String,
}

impl Uses {
    /// Reads the log. A log that does not exist is empty.
    pub(crate) fn read() -> Self {
        let mut text = String::new();
        for name in [OLDER_FILE, FILE] {
            let content = state_folder::path().and_then(|folder| {
                let file = private_file::open(&folder.join(name), Links::Refused).ok()?;
                private_file::read(&file, usize::try_from(2 * FULL).unwrap_or(usize::MAX)).ok()
            });
            if let Some(content) = content {
                text.push_str(&String::from_utf8_lossy(&content));
                text.push('\n');
            }
        }
        Self { text }
    }

    /// Returns the uses of the last 90 days, in the order in which they were noted. Each comes with
    /// its time in seconds since 1970 UTC. Lines that are no uses are passed over.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, Use<'_>)> {
        let now = now();
        self.text.lines().filter_map(move |line| {
            let line: Use<'_> = serde_json::from_str(line).ok()?;
            let time = from_rfc3339(&line.time)?;
            (time.saturating_add(KEPT_FOR) > now).then_some((time, line))
        })
    }

    /// Returns when tokens were let out last, and since when the log holds every use.
    pub(crate) fn summary(&self) -> Summary {
        let mut last = BTreeMap::new();
        let mut times = Vec::new();
        for (time, line) in self.iter() {
            times.push(time);
            if line.result == "served" {
                let username = line.username.unwrap_or_default().into_owned();
                let latest = last.entry((line.context.into_owned(), username)).or_insert(time);
                *latest = time.max(*latest);
            }
        }
        Summary { last, whole_since: Summary::whole_since(times) }
    }
}

/// What the log says of the accounts, see [`Uses::summary`].
pub(crate) struct Summary {
    /// When each account was served last, by its context and its username, which may be empty.
    last: BTreeMap<(String, String), u64>,
    whole_since: Option<u64>,
}

impl Summary {
    /// Returns whether no token was let out.
    pub(crate) fn is_empty(&self) -> bool {
        self.last.is_empty()
    }

    /// Returns when the account's token was let out last, in seconds since 1970 UTC.
    pub(crate) fn last_of(&self, account: &Account) -> Option<u64> {
        self.last.get(&key(account)).copied()
    }

    /// Returns whether the account's token has not been let out since this time, and the log would
    /// know.
    pub(crate) fn is_unused_since(&self, account: &Account, time: u64) -> bool {
        self.whole_since.is_some_and(|begin| begin < time)
            && self.last_of(account).is_none_or(|last| last < time)
    }

    /// Returns the time since when the log holds every use: from then on, no more than a month lies
    /// between two uses. In a longer silence, uses may not have been noted.
    fn whole_since(mut times: Vec<u64>) -> Option<u64> {
        const SILENCE: u64 = 30 * DAY;
        times.sort_unstable();
        let mut from = now();
        for time in times.into_iter().rev() {
            if from.saturating_sub(time) > SILENCE {
                break;
            }
            from = from.min(time);
        }
        (from < now()).then_some(from)
    }
}

/// Returns the context and username by which the log names an account.
fn key(account: &Account) -> (String, String) {
    let username = Some(&account.username).filter(|name| !name.is_empty());
    let username = username.map(ToString::to_string).unwrap_or_default();
    (forge::shown_context(&account.context), username)
}

/// Deletes the log.
///
/// # Errors
/// Where a file of the log exists and cannot be deleted.
pub(crate) fn clear() -> std::io::Result<()> {
    let Some(folder) = state_folder::path() else { return Ok(()) };
    for name in [FILE, OLDER_FILE] {
        match std::fs::remove_file(folder.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
