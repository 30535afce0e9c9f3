//! Reports which account answers, why the others do not, and the state of their tokens.
//!
//! The keychain is only read: nobody is asked, and nothing is unlocked or written.

use super::finding::{Finding, Mend};
use super::places::{Asked, percent};
use crate::check;
use crate::check::kept::Kept;
use crate::cli::login::proxy;
use crate::cli::settle::above_repository;
use crate::context::{Context, Protocol};
use crate::credential::{State, Username};
use crate::error::{Error, VaultTrouble};
use crate::forge;
use crate::git;
use crate::git::configuration::Configuration;
use crate::git::entries::Entries;
use crate::git::url;
use crate::git::words::{typed, username_option};
use crate::helper::explanation::{Explained, Why};
use crate::rotate::Stage;
use crate::time::{DAY, now, relative, rfc3339};
use crate::uses::{Summary, Uses};
use crate::withheld::use_words;
use serde_json::{Value, json};
use std::cell::LazyCell;

/// The time after which an unused token is reported, in seconds: 60 days.
const UNUSED: u64 = 60 * DAY;

/// Returns the account's own username, also where it answers for any.
fn username(explained: &Explained) -> Username {
    let own = explained.credential.as_ref().and_then(|c| c.username.clone());
    own.unwrap_or_else(|| explained.account.username.clone())
}

/// Returns the account's name for people.
pub(super) fn name(explained: &Explained) -> String {
    let name = username(explained);
    let any = explained.credential.as_ref().is_some_and(|credential| credential.any_username);
    match (name.is_empty(), any) {
        (true, _) => "(no username)".to_owned(),
        (false, true) => format!("{name} (any)"),
        (false, false) => name.to_string(),
    }
}

/// Returns in words why an account answers or does not, and what else lies in it.
pub(super) fn reason(explained: &Explained, asked_name: Option<&str>) -> String {
    let mut text = why(explained, asked_name);
    for more in [aside(explained), rotation(explained)].into_iter().flatten() {
        text.push_str("; ");
        text.push_str(more);
    }
    text
}

/// Returns the words about what the forge has told of the account's token, if it was asked.
pub(super) fn told(explained: &Explained) -> Option<String> {
    let kept = Kept::of(explained.credential.as_ref()?);
    let at = kept.checked_at?;
    let owner = kept.owner.map(|owner| format!("of {owner}; ")).unwrap_or_default();
    let scopes = kept.scopes.filter(|scopes| !scopes.is_empty());
    let scopes = scopes.map(|scopes| format!("may {}; ", scopes.join(", "))).unwrap_or_default();
    Some(format!("{owner}{scopes}checked {}", relative(at, now())))
}

/// Returns the words about the account's other token, if it has one.
pub(super) fn aside(explained: &Explained) -> Option<&'static str> {
    let aside = explained.credential.as_ref()?.aside.as_ref();
    aside.map(|_| "another token is set aside")
}

/// Returns the words about a rotation of the account's token that has not come to its end.
fn rotation(explained: &Explained) -> Option<&'static str> {
    Stage::of(explained.credential.as_ref()?).map(Stage::in_words)
}

/// Returns the finding about such a rotation. What has become of it is asked by another command.
fn about_rotation(explained: &Explained, who: &str, now: u64) -> Option<Finding> {
    let stage = Stage::of(explained.credential.as_ref()?)?;
    let seconds = stage.unsettled_for(now);
    let what = match stage {
        Stage::Begun(_) if seconds > 0 => format!(
            "{who} is being rotated; what has become of that is not known yet, for {seconds} seconds"
        ),
        Stage::Begun(at) => format!(
            "{who} was rotated {}, and nobody knows yet whether there is a new one",
            relative(at, now)
        ),
        Stage::Unverified => format!("{who} is a new one, and nobody knows yet whether it is good"),
        Stage::Unrevoked => format!("{who} is a new one, and the old one was not revoked yet"),
    };
    Some(Finding::wrong("rotating", what, ours(explained, "rotate")))
}

fn why(explained: &Explained, asked_name: Option<&str>) -> String {
    let name = asked_name.unwrap_or_default();
    match explained.why {
        Why::Answers => match explained.credential.as_ref().and_then(|c| c.expiry) {
            Some(expiry) => format!("answers; expires {}", relative(expiry, now())),
            None => "answers".to_owned(),
        },
        Why::PutAway => "put away".to_owned(),
        Why::Rejected => "rejected by the host".to_owned(),
        Why::Expired => "expired".to_owned(),
        Why::Scheme => "needs a newer git (2.46)".to_owned(),
        Why::Locked => "locked".to_owned(),
        Why::Damaged => "damaged".to_owned(),
        Why::Ambiguous => "could answer; so could another".to_owned(),
        Why::NoPath => "for a path, and git sends none".to_owned(),
        Why::OtherPath => "for another path".to_owned(),
        Why::OtherUsername => format!("git asks for {name}"),
        Why::LessSpecific => "a smaller part of the host comes first".to_owned(),
        Why::AnotherFirst => "another account comes first".to_owned(),
        Why::Refused => "unencrypted http is not answered".to_owned(),
    }
}

pub(super) fn to_json(explained: &Explained, asked_name: Option<&str>) -> Value {
    let expiry = explained.credential.as_ref().and_then(|c| c.expiry);
    let kept = explained.credential.as_ref().map(Kept::of).unwrap_or_default();
    json!({
        "context": forge::shown_context(&explained.account.context),
        "username": Some(username(explained)).filter(|n| !n.is_empty()).map(|n| n.to_string()),
        "answers": explained.why == Why::Answers,
        "another_aside": aside(explained).is_some(),
        "rotation": rotation(explained),
        "why": reason(explained, asked_name),
        "expires": expiry.map(rfc3339),
        "owner": kept.owner,
        "scopes": kept.scopes,
        "checked": kept.checked_at.map(rfc3339),
    })
}

/// Returns what is wrong with the answer for a URL.
pub(super) fn about_answer(
    asked: &Asked,
    accounts: &[Explained],
    asked_name: Option<&Username>,
    configuration: &Configuration<'_>,
) -> Option<Finding> {
    let place = &asked.context.host_level();
    let covers =
        |explained: &Explained| asked.context.outwards().contains(&explained.account.context);
    let first = |why: Why| accounts.iter().find(|explained| explained.why == why);
    if let Some(one) = first(Why::Ambiguous) {
        let what = format!("several accounts could answer at {place}, so none does");
        let mend = Mend::ours(&use_words(&one.account.context, Some(&username(one))));
        return Some(Finding::wrong("ambiguous", what, mend));
    }
    if let Some(one) = first(Why::Scheme) {
        let place = &one.account.context;
        let what = format!("the token at {place} is of a kind that this git does not take");
        let mend = Mend::Advice("git 2.46 or newer takes it".to_owned());
        return Some(Finding::wrong("scheme", what, mend));
    }
    // These have a finding of their own.
    let own = [Why::Answers, Why::Rejected, Why::Expired, Why::Locked, Why::Damaged];
    let lacks_path = |one: &Explained| one.why == Why::NoPath && covers(one);
    if own.iter().any(|why| first(*why).is_some()) || accounts.iter().any(lacks_path) {
        return None;
    }
    if first(Why::Refused).is_some() || place.exposes_secrets() {
        return None;
    }
    let asked_name = asked_name.filter(|name| !name.is_token() && !name.is_empty());
    let whom = asked_name.map(|name| format!(" for {name}")).unwrap_or_default();
    let elsewhere = accounts.iter().find(|one| matches!(one.why, Why::NoPath | Why::OtherPath));
    let what = match elsewhere {
        Some(one) => format!(
            "no token is kept{whom} for {}; what is kept for {} is not for it",
            forge::shown_context(&asked.context),
            forge::shown_context(&one.account.context)
        ),
        None => format!("no token is kept{whom} at {place}"),
    };
    let user = asked_name.map(|name| format!("{}@", percent(name)));
    let text = place.to_string();
    let (protocol, rest) = text.split_once("://")?;
    let url = format!("{protocol}://{}{rest}", user.unwrap_or_default());
    let mend = Mend::ours(&format!("login {}", typed(&url)));
    // Somebody else's repository may well be read without a token.
    let is_put_away = |one: &Explained| one.why == Why::PutAway;
    let is_expected = asked.named
        || accounts.iter().any(|one| covers(one) && !is_put_away(one))
        || configuration.has_ours_for_the_host();
    let finding = if is_expected { Finding::wrong } else { Finding::note };
    Some(finding("no-account", what, mend))
}

/// Returns the finding that the URL is one for which nothing is answered.
pub(super) fn about_http(
    asked: &Asked,
    allow_http: bool,
    accounts: &[Explained],
    entries: &Entries,
) -> Option<Finding> {
    let host = asked.context.host_level();
    let at_host = accounts.iter().find(|one| one.account.context == host);
    if let Some(lack) = proxy::lack(entries, &host).filter(|_| at_host.is_some()) {
        let name = at_host.map(|one| &one.account.username);
        return Some(Finding::wrong("proxy-user", lack, Mend::Command(proxy::mend(&host, name))));
    }
    // An account that a person keeps for this very host is answered all the same.
    let is_kept = at_host.is_some_and(|one| one.why != Why::Refused);
    let refused = host.exposes_secrets() && !allow_http && !is_kept;
    let what = "unencrypted http is neither answered nor stored";
    let mend = "use https, or add --allow-http to the helper string";
    // A remote may well be for reading only.
    let finding = if asked.named { Finding::wrong } else { Finding::note };
    refused.then(|| finding("http", what, Mend::Advice(mend.to_owned())))
}

/// Returns what is wrong with the accounts themselves.
pub(super) fn about_accounts(
    accounts: &[Explained],
    entries: &Entries,
    asked: Option<&Asked>,
) -> Vec<Finding> {
    let now = now();
    // The log is read once, and only where it is kept.
    let uses = LazyCell::new(|| Uses::read().summary());
    let mut findings = Vec::new();
    // Where another account answers, git misses nothing.
    let answers = accounts.iter().any(|one| one.why == Why::Answers);
    // An account for another part of the host does not count at a URL.
    let is_at = |context: &Context| asked.is_some_and(|a| a.context.outwards().contains(context));
    let lacks_path = |context: &Context| match asked {
        Some(asked) if is_at(context) => !Configuration::at(entries, Some(&asked.url)).sends_path,
        Some(asked) => context.outwards().contains(&asked.context) && !is_reached(context, entries),
        None => !is_reached(context, entries),
    };
    let is_missed = |one: &Explained| {
        !answers || asked.is_none() || matches!(one.why, Why::Rejected | Why::Expired)
    };
    if accounts.iter().any(|explained| explained.locked) {
        findings.push(keychain(Error::Locked));
    }
    for explained in accounts.iter().filter(|explained| !explained.locked) {
        let context = &explained.account.context;
        if forge::is_in_context(context) {
            // An older version has taken this. No command takes it any more.
            let what = "a token was taken for a part of a URL, and is filed for everybody to see";
            let mend = "revoke it at its host, and delete the item in the keychain's own program";
            findings.push(Finding::wrong("token-in-url", what, Mend::Advice(mend.to_owned())));
            continue;
        }
        let who = format!("the token for {} at {context}", name(explained));
        findings.extend(about_rotation(explained, &who, now));
        match &explained.credential {
            None => {
                let what = format!("{who} is damaged");
                findings.push(Finding::wrong("damaged", what, login(explained, "")));
            }
            Some(credential) => match credential.state(now) {
                State::PutAway => {
                    let what = format!("{who} was put away, and is deleted 30 days later");
                    let mend = login(explained, " --restore");
                    findings.push(Finding::note("put-away", what, mend));
                }
                State::Rejected => {
                    let what = format!("{who} was rejected by the host");
                    let finding = if is_missed(explained) { Finding::wrong } else { Finding::note };
                    findings.push(finding("rejected", what, login(explained, "")));
                }
                State::Expired => {
                    let what = format!("{who} has expired");
                    let finding = if is_missed(explained) { Finding::wrong } else { Finding::note };
                    findings.push(finding("expired", what, login(explained, "")));
                }
                State::Live => {
                    let soon = |expiry: &u64| expiry - now <= check::WARN_BEFORE;
                    if Stage::of(credential).is_some() {
                        // What becomes of its end is not known before the rotation has ended.
                    } else if let Some(expiry) = credential.expiry.filter(soon) {
                        let what = format!("{who} expires {}", relative(expiry, now));
                        let mend = if check::knows_forge_of(credential) {
                            ours(explained, "rotate")
                        } else {
                            login(explained, " --replace")
                        };
                        findings.push(Finding::wrong("expires-soon", what, mend));
                    } else if is_unused(explained, entries, &uses, now) {
                        let what = format!("{who} has not been used for 60 days, says the log");
                        let mend =
                            Mend::Advice("revoke it at its host if nobody needs it".to_owned());
                        findings.push(Finding::note("unused", what, mend));
                    }
                }
            },
        }
        let is_put_away = explained.credential.as_ref().is_some_and(|c| c.put_away_at.is_some());
        if context.is_scoped() && !is_put_away && is_gits(context) && lacks_path(context) {
            let what = format!("{who} is not used: git does not send the path there");
            let above = above_repository(context);
            let place = match asked {
                // git compares the path with its `.git`.
                Some(asked) if above == *context && asked.context == *context => {
                    url::with_path(context, &url::path(&asked.url).unwrap_or_default())
                }
                _ => url::of(&above),
            };
            let key = git::key(&place, "useHttpPath");
            let mend = Mend::Command(format!("git config --global {} true", typed(&key)));
            // Elsewhere a repository's own configuration may say otherwise.
            let finding = if is_at(context) { Finding::wrong } else { Finding::note };
            findings.push(finding("no-path", what, mend));
        }
    }
    findings
}

/// Returns whether the log says that a token has not been used for long. For that, the log must be
/// on for its context and reach back far enough.
fn is_unused(
    explained: &Explained,
    entries: &Entries,
    uses: &LazyCell<Summary, impl FnOnce() -> Summary>,
    now: u64,
) -> bool {
    let long_ago = now.saturating_sub(UNUSED);
    let stored = explained.credential.as_ref().map(|credential| credential.stored_at);
    let url = url::of(&explained.account.context);
    let line = Configuration::at(entries, Some(&url));
    line.our_keychain().is_some_and(|(_, options)| options.log)
        && stored.is_some_and(|stored| stored < long_ago)
        && uses.is_unused_since(&explained.account, long_ago)
}

/// Returns whether git sends the path for a repository of this context, with or without `.git`.
fn is_reached(context: &Context, entries: &Entries) -> bool {
    let url = url::of(context);
    [format!("{url}.git"), url].iter().any(|url| Configuration::at(entries, Some(url)).sends_path)
}

/// Returns whether git can ask for this context. It cannot for a container registry's.
fn is_gits(context: &Context) -> bool {
    matches!(context.protocol(), Protocol::Https | Protocol::Http)
}

fn login(explained: &Explained, option: &str) -> Mend {
    let context = &explained.account.context;
    if let Some(registry) = context.registry() {
        return Mend::Command(format!("docker login {}", typed(&registry)));
    }
    ours(explained, &format!("login{option}"))
}

/// Returns a command of ours about this account.
fn ours(explained: &Explained, command: &str) -> Mend {
    let place = typed(&forge::shown_context(&explained.account.context));
    let name = username_option(Some(&username(explained)));
    Mend::ours(&format!("{command}{name} {place}"))
}

/// Returns the finding that a keychain cannot be used.
pub(super) fn keychain(error: Error) -> Finding {
    let id = match error {
        Error::Locked | Error::Vault(VaultTrouble::Locked) => "locked",
        _ => "keychain",
    };
    if error == VaultTrouble::Locked.into() {
        return Finding::wrong(id, error.to_string(), Mend::ours("unlock"));
    }
    let mend = error.hint().map_or(Mend::Nothing, |hint| Mend::Advice(hint.to_owned()));
    Finding::wrong(id, error.to_string(), mend)
}
