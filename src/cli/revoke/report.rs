//! What is said before a token is revoked, and afterwards, with what is left to do by hand.

use super::say;
use super::target::{Doomed, Other};
use crate::api::state::{Reason, State};
use crate::check::{self, Options, api_layer};
use crate::cli::check::report::{of_api, why, with_said};
use crate::context::shown;
use crate::copies::{self, Search};
use crate::credential::Account;
use crate::error::Error;
use crate::forge::{self, Id, Kind};
use crate::git::words::{typed, username_option};
use crate::revoke::{self, Outcome};
use crate::terminal;
use std::fmt::Write;

fn forge_of(doomed: &Doomed, options: &Options) -> Option<Id> {
    api_layer::forge_of(&doomed.subject, options).map(|(forge, _)| forge)
}

fn name_of(doomed: &Doomed, options: &Options) -> &'static str {
    forge_of(doomed, options).map_or("the forge", Id::name)
}

/// Returns the kind of the token, by the forge at the host or else by its form.
fn kind_of(doomed: &Doomed, options: &Options) -> Option<Kind> {
    let credential = &doomed.credential;
    let known = check::recognised(&credential.context, forge_of(doomed, options), credential);
    known.map(|known| known.kind)
}

/// What cannot be undone at GitHub.
pub(super) const FINAL: &str =
    "GitHub revokes a token for good, and mails its owner that others have seen it";

/// Returns whether it is GitHub that revokes the token, as one that was disclosed.
pub(super) fn is_final(doomed: &Doomed, options: &Options) -> bool {
    revoke::forge_that_can(&doomed.subject, options) == Some(Id::GitHub)
        && kind_of(doomed, options) != Some(Kind::Installation)
}

/// Says which token it is, who else has it here, and what cannot be undone.
pub(super) fn before(doomed: &Doomed, others: &[Other], options: &Options) {
    let kind = kind_of(doomed, options);
    let kind_name = kind.map_or("token", Kind::name);
    say(&format!("the {kind_name} of {}", doomed.shown()));
    for other in others {
        say(&format!("{} has the same token, and loses it, too", other.shown()));
    }
    if is_final(doomed, options) {
        say(FINAL);
    }
    let aside = doomed.credential.aside.as_ref().map(|aside| &aside.token.secret);
    if aside.is_some_and(|aside| *aside != doomed.credential.token) {
        say("another token of this account lies aside, and is not revoked with it");
    }
}

/// Returns the words while the token still lives.
pub(super) fn waiting(doomed: &Doomed, options: &Options) -> String {
    let forge = name_of(doomed, options);
    format!("{forge} has accepted it: for up to a minute it is asked whether the token is dead")
}

/// Says that an account's other token is put away, and how to get at it.
pub(super) fn other_token(account: &Account) {
    let (place, name) = words(account);
    say("its other token, which lay aside, is put away");
    terminal::hint(&format!(
        "to have it back: git credential-pat login --restore{name} {place}; to revoke it, too: \
         git credential-pat revoke{name} {place}"
    ));
}

fn words(account: &Account) -> (String, String) {
    let place = typed(&forge::shown_context(&account.context));
    (place, username_option(Some(&account.username)))
}

/// Returns the command that tries it again.
fn again(doomed: &Doomed, is_breach: bool) -> String {
    let (place, name) = words(&doomed.credential.account());
    let breach = if is_breach { " --breach" } else { "" };
    format!("git credential-pat revoke{breach}{name} {place}")
}

/// Says what became of the token, and what to do about it.
pub(super) fn after(doomed: &Doomed, outcome: &Outcome, is_breach: bool, options: &Options) {
    let forge = name_of(doomed, options);
    let again = again(doomed, is_breach);
    let kept = match (doomed.keychain, is_breach) {
        (None, _) => "",
        (Some(_), true) => "; it is kept here as rejected, and git is not given it",
        (Some(_), false) => "; it is kept here as it was",
    };
    match outcome {
        Outcome::Confirmed => say(&format!("{forge} does not take the token any more: it is dead")),
        Outcome::AlreadyDead(standing) => {
            let text = format!("{forge} did not take the token before: it was dead already");
            say(&with_said(text, standing));
        }
        Outcome::NotInForce(now) => {
            let text = match now.state {
                State::Unknown | State::Unreachable | State::Limited => {
                    format!("{forge} has accepted it, and then {}", of_api(now))
                }
                _ => format!("{forge} has accepted it, and still takes the token"),
            };
            say(&format!("{text}: accepted, not yet in force"));
            if doomed.keychain.is_some() {
                say("it is kept here as rejected, and git is not given it");
            }
            terminal::hint(&format!("in a while: {again}"));
        }
        Outcome::Denied(standing) => {
            let text = match (standing.state, why(standing)) {
                (State::Denied, Some(why)) => format!("has not revoked the token: {why}"),
                (State::Denied, None) => "has not revoked the token".to_owned(),
                _ => of_api(standing),
            };
            let text = match standing.state {
                State::Denied => with_said(text, standing),
                _ => text,
            };
            say(&format!("{forge} {text}{kept}"));
            match standing.state {
                State::Limited => terminal::hint(&format!("later: {again}")),
                _ => at_page(doomed, options),
            }
        }
        Outcome::NotReached(standing) => {
            say(&format!("{forge} {}: the token may still live{kept}", of_api(standing)));
            terminal::hint(&format!("repeat it: {again}"));
        }
        Outcome::NoWay if is_breach => {
            say(&format!("{forge} has no way to revoke this token from here, and it still lives"));
            at_page(doomed, options);
        }
        Outcome::NoWay => {
            say(&format!("{forge} has no way to revoke this token from here{kept}"));
            at_page(doomed, options);
            let (place, name) = words(&doomed.credential.account());
            terminal::hint(&format!("then: git credential-pat logout{name} {place}"));
        }
        Outcome::Unasked(standing) => {
            let reason = why(standing).unwrap_or_default();
            say(&format!("{forge} was not asked: {reason}{kept}"));
            match standing.reason {
                Some(Reason::NoForge) => {
                    terminal::hint("say what runs there: --forge gitlab, gitea, …");
                }
                Some(Reason::NoApi) => {
                    let root = api_layer::root(&doomed.credential.context);
                    terminal::hint(&format!("say where the forge is: --api {}", typed(&root)));
                }
                Some(Reason::NoCurl) => {
                    terminal::hint("install curl, by which the forge is asked");
                }
                _ => {}
            }
            at_page(doomed, options);
        }
    }
    if doomed.keychain.is_none() {
        say(
            "the token did not come from a keychain: take it out where git's configuration reads it",
        );
    }
}

fn at_page(doomed: &Doomed, options: &Options) {
    if let Some(page) = page(doomed, options) {
        terminal::hint(&format!("revoke it by hand at {page}"));
    }
}

/// Returns the address where a person revokes the token: at the token's own forge, where its form
/// tells which one that is.
fn page(doomed: &Doomed, options: &Options) -> Option<String> {
    let credential = &doomed.credential;
    let known = forge::recognise(&credential.context, credential.token.expose());
    let stranger =
        known.filter(|known| known.unmistakable && Some(known.forge) != forge_of(doomed, options));
    if let Some(known) = stranger
        && let Some(host) = known.forge.forge().main_host()
        && forge_of(doomed, options).is_some()
    {
        let context = crate::context::Context::of_host(b"https", host.as_bytes())?;
        return known.forge.forge().list_of_tokens(&context, Some(known.kind));
    }
    let forge = forge_of(doomed, options).map(Id::forge);
    let forge = forge.or_else(|| forge::likely_at(&credential.context));
    forge?.list_of_tokens(&credential.context, kind_of(doomed, options))
}

/// Prints everything else that is to be done once others have seen a token.
///
/// # Errors
/// Where standard output fails.
pub(super) fn what_else(
    doomed: &Doomed,
    others: &[Other],
    outcome: &Outcome,
    options: &Options,
) -> Result<(), Error> {
    let mut lines = Vec::new();
    let page = page(doomed, options);
    if !outcome.is_dead() {
        lines.push(match &page {
            Some(page) => format!("revoke it at {page}: it may still live"),
            None => "revoke it on its forge's page of tokens: it may still live".to_owned(),
        });
    } else if let Some(page) = &page {
        lines.push(format!("look there whether other tokens were made with it: {page}"));
    }
    let (place, name) = words(&doomed.credential.account());
    lines.push(format!("make a new one: git credential-pat login{name} {place}"));
    lines.extend(others.iter().filter(|other| !other.is_aside).map(|other| {
        let (place, name) = words(&other.account);
        format!("the same token was there, too: git credential-pat login{name} {place}")
    }));
    if doomed.credential.rotating_at.is_some() {
        let page = page.unwrap_or_else(|| "its forge's page".to_owned());
        lines.push(format!("a rotation had begun, and may have made a new token: look at {page}"));
    }
    if doomed.credential.aside.is_some() {
        lines.push("think of the account's other token, too, which lay aside".to_owned());
    }
    lines.push(
        "look at what was done with it: the forge's log, new keys, hooks and pushes".to_owned(),
    );
    let Search { copies, unread } = copies::of(&doomed.credential.token);
    lines.extend(copies.iter().map(|copy| {
        format!("the token lies in {}, too; to take it out: {}", copy.place(), copy.mend.text())
    }));
    lines.extend(unread.iter().map(|unread| {
        format!("{} was not read, and may hold the token: {}", unread.file, unread.why)
    }));
    lines.push(copies::UNSEEN.to_owned());
    let mut text = "what else there is to do:\n".to_owned();
    for line in lines {
        let _ = writeln!(text, "  - {}", shown(&line));
    }
    terminal::write_raw(text.as_bytes())
}
