//! Writes the results for people, with two to six lines for an account: first the state, then the
//! reasons, then what to type.

use crate::api::state::{Reason, Standing, State};
use crate::check::advice;
use crate::check::git_layer::GitLayer;
use crate::check::{Checked, kept::Kept};
use crate::context::{Context, shown};
use crate::credential::Username;
use crate::forge;
use crate::time::relative;
use std::fmt::Write;

/// The greatest number of hints for an account.
pub(in crate::cli) const HINTS: usize = 2;

pub(super) fn text(all: &[Checked], now: u64) -> String {
    if all.is_empty() {
        return "no account is there\n".to_owned();
    }
    let mut text = String::new();
    for checked in all {
        for line in lines(checked, now) {
            let _ = writeln!(text, "{}", shown(&line));
        }
    }
    text
}

/// Returns the line that says whose token it is, and its state.
pub(in crate::cli) fn heading(checked: &Checked) -> String {
    let why = why(&checked.worst).map(|why| format!(", {why}")).unwrap_or_default();
    format!("{}: {}{why}", whose(checked), checked.worst.state.word())
}

/// Returns the place of an account, and its name.
pub(in crate::cli) fn whose(checked: &Checked) -> String {
    whose_of(&checked.subject.context, checked.subject.username.as_ref())
}

/// Returns the same of an account that was not checked.
pub(in crate::cli) fn whose_of(context: &Context, username: Option<&Username>) -> String {
    let name = username.filter(|name| !name.is_empty());
    let name = name.map(|name| format!(" for {name}")).unwrap_or_default();
    format!("{}{name}", forge::shown_context(context))
}

fn lines(checked: &Checked, now: u64) -> Vec<String> {
    let mut lines = vec![heading(checked)];
    lines.extend(token(checked, now).map(|token| format!("  {token}")));
    if let Some(git) = &checked.git {
        lines.push(format!("  git {}", of_git(git)));
    }
    if let Some(api) = checked.api.as_ref().filter(|api| api.standing.state != State::Good) {
        let name = checked.forge.map_or("the forge", forge::Id::name);
        lines.push(format!("  {name} {}", of_api(&api.standing)));
    }
    lines.extend(checked.notes.iter().map(|note| format!("  {note}")));
    // A person reads six lines, and the last should say what to do.
    let hints = advice::of(checked);
    let hints = hints.iter().take(HINTS).map(|hint| format!("hint: {hint}"));
    let room = 6 - hints.len().min(6);
    lines.truncate(room);
    lines.extend(hints);
    lines
}

/// Returns whose token it is, of which kind, for what and until when.
fn token(checked: &Checked, now: u64) -> Option<String> {
    let credential = checked.subject.credential.as_ref()?;
    let kind = checked.kind.map(|kind| format!("{} {}", kind.forge.name(), kind.kind.name()));
    let mut text = kind.unwrap_or_else(|| "a token".to_owned());
    if let Some(owner) = &checked.facts.owner {
        let _ = write!(text, " of {owner}");
    }
    match checked.facts.scopes.as_deref() {
        Some([]) => text.push_str("; it has no scopes"),
        Some(scopes) => {
            let _ = write!(text, "; it may {}", scopes.join(", "));
        }
        None => {}
    }
    if let Some(end) = checked.expiry {
        let word = if end > now { "ends" } else { "ended" };
        let _ = write!(text, "; it {word} {}", relative(end, now));
    }
    if let Some(used) = checked.facts.last_used {
        let _ = write!(text, "; last used {}", relative(used, now));
    }
    let before = Kept::of(credential).checked_at.filter(|_| checked.learnt.is_none());
    if let Some(at) = before {
        let _ = write!(text, " (as of {})", relative(at, now));
    }
    Some(text)
}

fn of_git(git: &GitLayer) -> String {
    let without = if git.is_public { ", which it does without a token" } else { "" };
    let state = match (git.may_read, git.may_push) {
        (Some(true), Some(true)) => format!("may read{without}, and is offered to push"),
        (Some(true), Some(false)) => format!("may read{without}, and not push"),
        (Some(true), None) => format!("may read{without}; of pushing nothing is known"),
        (_, Some(true)) => "is offered to push, and may not read".to_owned(),
        (Some(false), _) => "may neither read nor push".to_owned(),
        (None, _) => in_words(&git.standing),
    };
    with_said(state, &git.standing)
}

/// Returns in words what the forge has said of the token, or why it was not asked.
pub(in crate::cli) fn of_api(standing: &Standing) -> String {
    match (standing.reason, &standing.said) {
        (Some(Reason::NoWay), Some(why)) => format!("was not asked: {why}"),
        _ => with_said(in_words(standing), standing),
    }
}

pub(in crate::cli) fn with_said(text: String, standing: &Standing) -> String {
    let said = standing.said.as_deref();
    match (said, standing.state) {
        // These are curl's or git's own words.
        (Some(said), State::Unreachable) => format!("{text}: {said}"),
        (Some(said), _) => format!("{text}; remote: {said}"),
        (None, _) => text,
    }
}

/// Returns in words what git or the forge says of the token.
fn in_words(standing: &Standing) -> String {
    let reason = standing.reason;
    match standing.state {
        State::Good | State::Ending => "takes the token".to_owned(),
        State::Refused => "does not take the token".to_owned(),
        State::Ended => "says that the token's time is over".to_owned(),
        State::Denied => match why(standing) {
            Some(why) => format!("is not let in: {why}"),
            None => "is not let in".to_owned(),
        },
        State::Absent => "finds nothing there".to_owned(),
        State::Limited => "wants to be asked later".to_owned(),
        State::Unreachable => match reason {
            Some(Reason::Certificate) => "is not reached, for a certificate".to_owned(),
            Some(Reason::Timeout) => "did not answer in time".to_owned(),
            _ => "is not reached".to_owned(),
        },
        State::Unknown => match reason {
            Some(reason) if reason.is_unasked() => {
                format!("was not asked: {}", why(standing).unwrap_or_default())
            }
            _ => format!("gave no answer: {}", why(standing).unwrap_or_default()),
        },
    }
}

/// Returns a reason in words.
pub(in crate::cli) fn why(standing: &Standing) -> Option<String> {
    let to = || standing.address.as_ref().map(|to| format!(" to {to}")).unwrap_or_default();
    Some(match standing.reason? {
        Reason::Scope => "the token lacks a scope".to_owned(),
        Reason::Sso => "single sign-on is missing".to_owned(),
        Reason::Policy => "a policy of the owner forbids it".to_owned(),
        Reason::Ip => "from this address nobody is let in".to_owned(),
        Reason::Archived => "the repository is archived".to_owned(),
        Reason::ReadOnly => "it may only read".to_owned(),
        Reason::Account => "something is wrong with the account".to_owned(),
        Reason::Other => return None,
        Reason::Redirect => format!("the host sends on{}", to()),
        Reason::Html => "a page for people came back".to_owned(),
        Reason::Answer => "what came back cannot be understood".to_owned(),
        Reason::Server => "the server failed".to_owned(),
        Reason::NoForge => "nobody knows which forge it is".to_owned(),
        Reason::Offline => "nobody was asked".to_owned(),
        Reason::OtherForge => "the token is another forge's, and is not sent there".to_owned(),
        Reason::NoApi => "where its API is, nobody knows".to_owned(),
        Reason::NoWay => "it has no way to ask".to_owned(),
        Reason::Spared => "it is not asked often".to_owned(),
        Reason::NoCurl => "there is no curl".to_owned(),
        Reason::NoGit => "git cannot be run".to_owned(),
        Reason::Netrc => "a line in .netrc came first".to_owned(),
        Reason::Anonymous => "nobody was asked who they are".to_owned(),
        Reason::Rewritten => format!("git goes elsewhere{}", to()),
        Reason::Network => "the network".to_owned(),
        Reason::Certificate => "a certificate".to_owned(),
        Reason::Timeout => "there was no answer in time".to_owned(),
        Reason::NoAccount => "no account is there for it".to_owned(),
        Reason::PutAway => "it is put away".to_owned(),
        Reason::Rotating => "a rotation of it has not come to its end".to_owned(),
        Reason::Ambiguous => "several accounts could answer".to_owned(),
        Reason::Rejected => "the host has refused it before".to_owned(),
        Reason::Locked => "it is locked".to_owned(),
        Reason::Damaged => "what is kept is damaged".to_owned(),
        Reason::Http => "it would be sent unencrypted".to_owned(),
    })
}
