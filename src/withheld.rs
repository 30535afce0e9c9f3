//! One line and one hint about an account that was chosen and does not answer. get says them every
//! time, also into a pipe.
//!
//! git then only asks for a username, and a person who reads that, perhaps in an editor's log, does
//! not know why. No line begins with an attribute's name and `=`: some programs read both streams
//! of a helper as one.

use crate::context::Context;
use crate::credential::Username;
use crate::git::words::{typed, username_option};
use crate::helper::Withheld;
use crate::helper::verdict::Reason;
use crate::notification;
use crate::terminal;
use crate::time::relative;

/// Says why a person's account does not answer, and what a person can do about it; where it is to
/// notify, also as a notification.
pub(crate) fn say(account: &Withheld, now: u64, notify: bool) {
    let context = account.context.to_string();
    let name = account.username.as_ref().map_or(&b""[..], Username::as_bytes);
    let about = [context.as_bytes(), name];
    tell(&message(account, now), &remedy(account), notify.then_some(&about), now);
}

/// Says that accounts of these names could answer at this context, and how to choose one; the same
/// way.
pub(crate) fn say_ambiguous(context: &Context, names: &[Username], now: u64, notify: bool) {
    let line = format!("several accounts could answer at {context}: {}", listed(names));
    let words = use_words(context, names.iter().find(|name| is_shown(name)));
    let hint = format!("choose one, such as: git credential-pat {words}");
    let context = context.to_string();
    tell(&line, &hint, notify.then_some(&[context.as_bytes(), b"", b"several"]), now);
}

/// Says a line and a hint; also as a notification, where it is given what they are about.
fn tell(line: &str, hint: &str, about: Option<&[&[u8]]>, now: u64) {
    terminal::say("get", line);
    terminal::hint(hint);
    if let Some(about) = about {
        notification::send(line, hint, about, now);
    }
}

/// What to type after the program's name so that git uses this account; NAME stands for one that
/// cannot be shown.
pub(crate) fn use_words(context: &Context, username: Option<&Username>) -> String {
    let name = username.filter(|name| is_shown(name)).map(Username::as_bytes);
    // Else it would be an option.
    let dashes = if name.is_some_and(|name| name.starts_with(b"-")) { "-- " } else { "" };
    let name = name.map_or_else(|| "NAME".to_owned(), typed);
    format!("use {dashes}{} {name}", typed(&context.to_string()))
}

fn message(account: &Withheld, now: u64) -> String {
    let whose = whose(&account.context, account.username.as_ref());
    let what = match account.reason {
        Reason::Rejected => "was rejected by the host",
        _ => "expired",
    };
    let since = relative(account.since, now);
    let others = match account.others.as_slice() {
        [] => String::new(),
        names => format!("; other accounts there: {}", listed(names)),
    };
    format!("{whose} {what} {since}{others}")
}

fn remedy(account: &Withheld) -> String {
    let login = |option| login(option, &account.context, account.username.as_ref());
    match account.reason {
        Reason::Rejected => format!(
            "if the host was wrong about it: {}; with a new one: {}",
            login("--restore"),
            login("--replace")
        ),
        _ => format!("make a new one, then type: {}", login("--replace")),
    }
}

/// Returns the words for a token: with its account's username and context.
pub(crate) fn whose(context: &Context, username: Option<&Username>) -> String {
    let name = username.filter(|name| !name.is_empty());
    let name = name.map(|name| format!(" for {name}")).unwrap_or_default();
    format!("the token{name} at {context}")
}

/// Returns the login to type for this account. A token in a name's place is left out: login then
/// takes the only account of the context.
pub(crate) fn login(option: &str, context: &Context, username: Option<&Username>) -> String {
    let name = username_option(username);
    let place = typed(&context.to_string());
    format!("git credential-pat login {option}{name} {place}")
}

fn is_shown(name: &Username) -> bool {
    !name.is_empty() && !name.is_token()
}

/// The names, as a list in a sentence.
pub(crate) fn listed(names: &[Username]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::{Withheld, message, remedy};
    use crate::context::Context;
    use crate::credential::Username;
    use crate::helper::verdict::Reason;
    use crate::time::DAY;

    const NOW: u64 = 1_798_761_600;

    fn withheld(reason: Reason, others: &[&str]) -> Withheld {
        Withheld {
            context: Context::from_canonical("https://h.example/a b").expect("canonical"),
            username: Some(Username::new(b"alice")),
            reason,
            since: NOW - 3 * DAY,
            others: others.iter().map(|name| Username::new(name.as_bytes())).collect(),
        }
    }

    #[test]
    fn the_line_says_whose_token_fails_since_when_and_who_else_is_there() {
        assert_eq!(
            message(&withheld(Reason::Rejected, &["bob", "carol"]), NOW),
            "the token for alice at https://h.example/a b was rejected by the host 3 days ago; \
             other accounts there: bob, carol"
        );
        assert_eq!(
            message(&withheld(Reason::Expired, &[]), NOW),
            "the token for alice at https://h.example/a b expired 3 days ago"
        );
    }

    #[test]
    fn the_hint_says_what_to_type() {
        let login = |option| {
            format!("git credential-pat login {option} --username alice 'https://h.example/a b'")
        };
        assert_eq!(
            remedy(&withheld(Reason::Rejected, &[])),
            format!(
                "if the host was wrong about it: {}; with a new one: {}",
                login("--restore"),
                login("--replace")
            )
        );
        assert_eq!(
            remedy(&withheld(Reason::Expired, &[])),
            format!("make a new one, then type: {}", login("--replace"))
        );
    }
}
