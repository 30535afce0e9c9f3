//! What is said of a rotation, by `rotate` and by `check`. Each of them says how it stands, and
//! whether all is well.

use crate::api::state::{Reason, Standing, State};
use crate::check::kept::Kept;
use crate::cli::check;
use crate::credential::Credential;
use crate::error::{Error, kept};
use crate::forge::{self, Wanted};
use crate::git::words::typed;
use crate::rotate::{Asked, Resumed, Verified};
use crate::secret::Secret;
use crate::terminal;
use crate::terminal::prompt::Terminal;
use crate::time::{now, relative};

/// Returns the account in words: `alice at https://h.example`.
fn whose(credential: &Credential) -> String {
    let place = forge::shown_context(&credential.context);
    match credential.username.as_ref().filter(|name| !name.is_empty()) {
        Some(name) => format!("{name} at {place}"),
        None => place,
    }
}

/// Returns the option and the URL that name the account.
fn named(credential: &Credential) -> String {
    let place = typed(&forge::shown_context(&credential.context));
    let name = credential.username.as_ref().filter(|name| !name.is_empty() && !name.is_token());
    let name = name.map(|name| format!(" --username {}", typed(name.as_bytes())));
    format!("{}{place}", name.unwrap_or_default() + " ").trim_start().to_owned()
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
    match standing.state {
        State::Refused | State::Ended => make_new(old),
        _ if standing.reason == Some(Reason::NoForge) => {
            terminal::hint("say what runs there: --forge gitlab, gitea, …");
        }
        _ if standing.reason == Some(Reason::NoApi) => {
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

/// Returns the address of the page where a token is made.
fn page(old: &Credential) -> Option<String> {
    let known = Kept::of(old).forge.map(forge::Id::forge);
    let forge = forge::at(&old.context).or(known).or_else(|| forge::likely_at(&old.context))?;
    let scopes = Kept::of(old).scopes;
    let token = forge::Old {
        kind: forge::recognise(&old.context, old.token.expose()).map(|known| known.kind),
        scopes: scopes.as_deref(),
    };
    let wanted = Wanted { context: &old.context, name: "git", days: None, old: Some(token) };
    forge.pages(&wanted).into_iter().next().map(|page| page.address)
}

/// Says that nobody knows yet what has become of a rotation.
pub(in crate::cli) fn waiting(command: &str, credential: &Credential, seconds: u64) {
    let text = format!(
        "{}: a rotation was cut off, and its request may still be on its way: what has become of \
         it can be known in {seconds} seconds, so this waits",
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
        Asked::Unkept(new, error, _held) => unkept(old, &new.token, error, is_unattended),
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
fn unkept(old: &Credential, new: &Secret, error: Error, is_unattended: bool) {
    let whose = whose(old);
    terminal::complain(
        "rotate",
        &format!("{whose}: THE NEW TOKEN COULD NOT BE KEPT ANYWHERE: {error}"),
    );
    let terminal = Terminal::open().ok().filter(|_| !is_unattended);
    let shown = terminal.is_some_and(|mut terminal| {
        let text = "This is the new token, and its only copy. Keep it now:";
        terminal.show(text).is_ok() && terminal.show_secret(new).is_ok()
    });
    if shown {
        terminal::hint(&format!(
            "once the keychain takes it: git credential-pat login --replace {}",
            named(old)
        ));
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
            say("the rotation that was cut off has come to its end");
            true
        }
        Resumed::NotYet(seconds) => {
            say(&format!(
                "a rotation was cut off, and what has become of it is not known yet: its request \
                 may still be on its way, for {seconds} seconds"
            ));
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

/// Returns in words what the forge has said, or why nobody was asked.
fn in_words(standing: &Standing) -> String {
    check::in_words(standing)
}
