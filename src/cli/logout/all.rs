//! `logout --all` deletes every account from each keychain that `list` reads, for a person who
//! gives this program up.

use crate::cli::KeychainArguments;
use crate::credential::Account;
use crate::error::Error;
use crate::forge;
use crate::helper;
use crate::keychain::{Keychain, Kind};
use crate::setup::Setup;
use crate::terminal;
use crate::terminal::prompt::Terminal;

/// A keychain and its accounts.
type Held = (Box<dyn Keychain>, Vec<Account>);

/// Deletes every account, where a person agrees or `yes` says so.
///
/// # Errors
/// Where a keychain cannot be read: nothing is deleted then. Where nobody can be asked, or the
/// person says no.
pub(super) fn run(keychain: &KeychainArguments, yes: bool) -> Result<(), Error> {
    let mut keychains = everything(&keychain.setups()?.everywhere()?)?;
    let count: usize = keychains.iter().map(|(_, accounts)| accounts.len()).sum();
    if count == 0 {
        say("no account is there: nothing to delete");
        return Ok(());
    }
    for (keychain, accounts) in &keychains {
        terminal::write_raw(text(keychain.kind(), accounts).as_bytes())?;
    }
    let them = accounts_in_words(count);
    terminal::hint(
        "the tokens themselves live on at their hosts; to end those of a host before they are \
         deleted: git credential-pat revoke --all-at HOST",
    );
    if !yes {
        let terminal = Terminal::open().map_err(|_| NOBODY)?;
        let mut terminal =
            Some(terminal).filter(|_| terminal::stdin_is_terminal()).ok_or(NOBODY)?;
        if !terminal.confirm(&format!("Delete {them} with all tokens?"))? {
            return Err(Error::Refused("nothing was deleted"));
        }
    }
    for (keychain, accounts) in &mut keychains {
        for Account { context, username } in accounts {
            helper::with_retries(|| helper::delete(&mut **keychain, context, Some(username)))?;
        }
    }
    say(&format!("deleted {them}"));
    Ok(())
}

const NOBODY: Error = Error::Usage("nobody can be asked here: add --yes to delete every account");

/// Returns the keychains, each of them once, with their accounts.
fn everything(setups: &[Setup]) -> Result<Vec<Held>, Error> {
    let mut keychains: Vec<Held> = Vec::new();
    for setup in setups {
        let named = |error: &Error| say(&format!("{}: {error}", setup.name()));
        let mut keychain = match setup.open() {
            // A line for certain URLs may name a keychain of another system.
            Err(Error::Unsupported) if setups.len() > 1 => continue,
            opened => opened.inspect_err(named)?,
        };
        let listed = helper::with_retries(|| keychain.list()).inspect_err(named)?;
        // If no keychain was named, its kind is known only now.
        if keychains.iter().all(|(other, _)| other.kind() != keychain.kind()) {
            let mut accounts: Vec<Account> =
                listed.into_iter().map(|(_, account)| account).collect();
            accounts.sort();
            accounts.dedup();
            keychains.push((keychain, accounts));
        }
    }
    Ok(keychains)
}

fn text(kind: Kind, accounts: &[Account]) -> String {
    let mut text = String::new();
    for Account { context, username } in accounts {
        let context = forge::shown_context(context);
        let (name, kind) = (username.listed(), kind.name());
        text.push_str(&crate::context::shown(&format!("{context}  {name}  {kind}")));
        text.push('\n');
    }
    text
}

fn accounts_in_words(count: usize) -> String {
    if count == 1 { "1 account".to_owned() } else { format!("{count} accounts") }
}

fn say(what: &str) {
    terminal::say("logout", what);
}
