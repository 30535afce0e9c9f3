//! What is said of a rotation, by `rotate` and by `check`. Each of them says how it stands, and
//! whether all is well.

use crate::api::state::{Reason, Standing};
use crate::check::kept::Kept;
use crate::cli::check;
use crate::context::Context;
use crate::credential::{Account, Credential, Username};
use crate::error::{Error, kept};
use crate::forge::{self, Wanted};
use crate::git::words::{typed, username_option};
use crate::rotate::{self, Asked, Resumed, Verified};
use crate::terminal;
use crate::terminal::prompt::Terminal;
use crate::time::{now, relative};

/// Returns the account in words: `alice at https://h.example`.
pub(super) fn whose(credential: &Credential) -> String {
    in_place(credential.username.as_ref(), &credential.context)
}

/// Returns an account of which only the key is known in words.
pub(super) fn of_account(account: &Account) -> String {
    in_place(Some(&account.username), &account.context)
}

pub(in crate::cli) fn in_place(name: Option<&Username>, context: &Context) -> String {
    let place = forge::shown_context(context);
    match name.filter(|name| !name.is_empty()) {
        Some(name) => format!("{name} at {place}"),
        None => place,
    }
}

/// Returns the option and the URL that name the account.
fn named(credential: &Credential) -> String {
    let name = username_option(credential.username.as_ref());
    format!("{name} {}", place(credential)).trim_start().to_owned()
}

/// Says that one account's rotation failed before it began.
pub(super) fn of_error(credential: &Credential, error: Error) {
    terminal::say("rotate", &format!("{}: {error}", whose(credential)));
    if let Some(hint) = error.hint() {
        terminal::hint(hint);
    }
}

/// Returns the error where nobody can get another token for this one.
pub(super) fn no_way(why: &str) -> Error {
    Error::Refused(kept(format!("this token cannot be rotated: {why}")))
}

/// Says why nothing was begun: the old token is not taken, or nobody can be asked.
pub(super) fn not_begun(old: &Credential, standing: &Standing) {
    let why = in_words(standing);
    terminal::say("rotate", &format!("{}: {why}, so nothing was begun", whose(old)));
    match standing.reason {
        _ if standing.is_refused() => make_new(old),
        Some(Reason::NoForge) => {
            terminal::hint("say what runs there: --forge gitlab, gitea, …");
        }
        Some(Reason::NoApi) => {
            terminal::hint("say where the forge is: --api URL");
        }
        _ => terminal::hint(&format!("see why with: git credential-pat check {}", named(old))),
    }
}

/// Says that a person is needed, and where.
pub(super) fn needs_person(old: &Credential) {
    let text = format!("{}: its forge gives a new token to a person alone", whose(old));
    terminal::say("rotate", &text);
    make_new(old);
}

/// Says where a new token is made, and how it comes here.
fn make_new(old: &Credential) {
    if let Some(page) = page(old) {
        terminal::hint(&format!("make a new one: {page}"));
    }
    terminal::hint(&format!("then: git credential-pat login --replace {}", named(old)));
}

/// Returns the kind of an account's token, as far as its form tells.
pub(super) fn kind_of(old: &Credential) -> Option<forge::Kind> {
    forge::recognise(&old.context, old.token.expose()).map(|known| known.kind)
}

/// Says why nothing was begun with a password.
pub(super) fn not_by_password(old: &Credential, why: &str) {
    terminal::say("rotate", &format!("{}: {why}, so nothing was begun", whose(old)));
    make_new(old);
}

/// Returns the forge of an account, as far as it is known or likely.
fn forge_of(old: &Credential) -> Option<&'static dyn forge::Forge> {
    let known = Kept::of(old).forge.map(forge::Id::forge);
    forge::at(&old.context).or(known).or_else(|| forge::likely_at(&old.context))
}

/// Returns the address of the page where a token is made.
fn page(old: &Credential) -> Option<String> {
    let forge = forge_of(old)?;
    let scopes = Kept::of(old).scopes;
    let token = forge::Old { kind: kind_of(old), scopes: scopes.as_deref() };
    let wanted = Wanted { context: &old.context, name: "git", days: None, old: Some(token) };
    forge.pages(&wanted).into_iter().next().map(|page| page.address)
}

/// Says that nobody knows yet what has become of a rotation.
pub(in crate::cli) fn waiting(command: &str, credential: &Credential, seconds: u64) {
    let text = format!(
        "{}: a rotation is under way or was cut off, and its request may be on its way: what has \
         become of it can be known in {seconds} seconds, so this waits",
        whose(credential)
    );
    terminal::say(command, &text);
}

/// Says what has become of the request where the new token is not in the account's place. Returns
/// whether all is well, which it is not.
pub(super) fn of_asked(old: &Credential, asked: Asked, is_unattended: bool) -> bool {
    let whose = whose(old);
    let say = |text: &str| terminal::say("rotate", &format!("{whose}: {text}"));
    match asked {
        Asked::Here(_) => return true,
        Asked::Beside => {
            say("the account got another token while this one was rotated, and keeps it; the new \
                 one is set aside in it");
            terminal::hint(&format!("see both with: git credential-pat status {}", place(old)));
        }
        Asked::InRefuge(error) => {
            say(&format!(
                "the new token is in the kernel's keyring alone, which forgets it when the \
                 machine is started anew: {error}"
            ));
            terminal::hint(&format!(
                "mend that, then bring it home with: git credential-pat rotate {}",
                named(old)
            ));
        }
        Asked::Unkept(new, error, _held) => unkept(old, &new, error, is_unattended),
        Asked::DidNotHappen(standing, failed) => {
            say(&format!("{}, so the old token stays as it was", in_words(&standing)));
            if let Some(error) = failed {
                say(&format!("the note of the rotation is still there: {error}"));
                terminal::hint(&format!(
                    "to take it away: git credential-pat rotate {}",
                    named(old)
                ));
            }
        }
        Asked::Unclear(standing) => {
            say(&format!(
                "{}, so nobody knows yet whether there is a new token",
                in_words(&standing)
            ));
            terminal::hint(&format!(
                "this waits until it can be known, and asks: git credential-pat rotate {}",
                named(old)
            ));
        }
    }
    false
}

fn place(credential: &Credential) -> String {
    typed(&forge::shown_context(&credential.context))
}

/// Shows a token that no keychain took on the terminal of the person who runs this, and nowhere
/// else.
fn unkept(old: &Credential, new: &Credential, error: Error, is_unattended: bool) {
    let whose = whose(old);
    terminal::complain(
        "rotate",
        &format!("{whose}: THE NEW TOKEN COULD NOT BE KEPT ANYWHERE: {error}"),
    );
    let terminal = Terminal::open().ok().filter(|_| !is_unattended);
    let shown = terminal.is_some_and(|mut terminal| {
        let text = "This is the new token, and its only copy. Keep it now:";
        terminal.show(text).is_ok() && terminal.show_secret(&new.token).is_ok()
    });
    if shown {
        terminal::hint(&format!(
            "once the keychain takes it: git credential-pat login --replace {}",
            named(old)
        ));
    } else if new.previous.as_deref().is_some_and(|old| old.rejected_at.is_none()) {
        terminal::complain("rotate", &format!("{whose}: it is lost, and the old one lives on"));
        make_new(old);
    } else {
        terminal::complain("rotate", &format!("{whose}: it is lost, and the old one is dead"));
        make_new(old);
    }
}

/// Says what was learnt of the new token. Returns whether all is well.
pub(super) fn of_verified(
    command: &str,
    new: &Credential,
    verified: Result<&Verified, Error>,
) -> bool {
    let whose = whose(new);
    let say = |text: &str| terminal::say(command, &format!("{whose}: {text}"));
    let again = || {
        terminal::hint(&format!("to ask again: git credential-pat rotate {}", named(new)));
    };
    match verified {
        Ok(Verified::Ended(ended)) => {
            let end = ended.expiry.map(|end| format!(", which ends {}", relative(end, now())));
            let old = match &new.previous {
                Some(old) if old.rejected_at.is_some() => "; the old one is dead",
                _ => "",
            };
            say(&format!("the new token is here and good{}{old}", end.unwrap_or_default()));
            true
        }
        Ok(Verified::Unrevoked(standing)) => {
            say(&format!(
                "the new token is here and good, but the old one still lives: {}",
                in_words(standing)
            ));
            again();
            false
        }
        Ok(Verified::Unknown(standing)) => {
            say(&format!(
                "the new token is here, but nobody knows yet whether it is good: {}",
                in_words(standing)
            ));
            again();
            false
        }
        Ok(Verified::Refused(standing)) => {
            say(&format!("the new token is here, but is not taken: {}", in_words(standing)));
            make_new(new);
            false
        }
        Err(error) => {
            say(&format!("the new token is here, but the note of the rotation, too: {error}"));
            again();
            false
        }
    }
}

/// Says what has become of a rotation that was cut off. Returns whether all is well.
pub(in crate::cli) fn of_resumed(
    command: &str,
    credential: &Credential,
    resumed: &Resumed,
) -> bool {
    let whose = whose(credential);
    let say = |text: &str| terminal::say(command, &format!("{whose}: {text}"));
    match resumed {
        Resumed::Nothing => {
            say("the rotation has come to its end meanwhile");
            true
        }
        Resumed::NotYet(seconds) => {
            say(&format!(
                "a rotation was cut off, and what has become of it is not known yet: its request \
                 may still be on its way, for {seconds} seconds"
            ));
            false
        }
        Resumed::DidNotHappen if let Some(name) = stray(credential) => {
            say(
                "the rotation that was cut off left the old token, which stays; a new one may have \
                 been made, and nobody has it",
            );
            let page = page(credential).map(|page| format!(", at {page}")).unwrap_or_default();
            terminal::hint(&format!("look for {name:?}, and delete it{page}"));
            false
        }
        Resumed::DidNotHappen => {
            say("the rotation that was cut off did not happen: the old token lives, and stays");
            terminal::hint(&format!(
                "to begin anew: git credential-pat rotate {}",
                named(credential)
            ));
            false
        }
        Resumed::Lost => {
            terminal::complain(
                command,
                &format!(
                    "{whose}: the rotation that was cut off did happen, and its answer was lost: \
                     the old token is dead, and nobody has the new one"
                ),
            );
            make_new(credential);
            false
        }
        Resumed::Unclear(standing) => {
            say(&format!(
                "a rotation was cut off, and nobody knows what has become of it: {}",
                in_words(standing)
            ));
            terminal::hint(&format!(
                "to ask again: git credential-pat rotate {}",
                named(credential)
            ));
            false
        }
        Resumed::Here(new, verified) => {
            say("the rotation that was cut off did happen, and its token is here");
            of_verified(command, new, Ok(verified))
        }
    }
}

/// Returns the name of the token that a rotation asked for which left the old one alive, so that
/// nobody knows whether there is a new one: where a password gave it.
fn stray(old: &Credential) -> Option<String> {
    let named = forge::at(&old.context).map(forge::Forge::id).or_else(|| Kept::of(old).forge);
    let began = old.rotating_at.filter(|_| named == Some(forge::Id::Gitea));
    began.map(rotate::password::name_of_token)
}

/// Says that the old token lives on at a forge where nobody else can end it.
pub(super) fn old_lives_on(old: &Credential) {
    let text = format!("{}: the old token still lives at its forge", whose(old));
    terminal::say("rotate", &text);
    let page = forge_of(old).and_then(|forge| forge.list_of_tokens(&old.context, kind_of(old)));
    if let Some(page) = page {
        terminal::hint(&format!("delete it there: {page}"));
    }
}

/// Returns in words what the forge has said, or why nobody was asked.
pub(super) fn in_words(standing: &Standing) -> String {
    let words = check::in_words(standing);
    match words.strip_prefix("is not let in") {
        Some(why) => format!("the forge says no{why}"),
        None => format!("the forge {words}"),
    }
}
