//! `logout --all` deletes every account from each keychain that `list` reads, and git's settings of
//! their usernames, for a person who gives this program up.

use crate::cli::{KeychainArguments, use_account};
use crate::credential::{Account, Username};
use crate::error::Error;
use crate::forge;
use crate::helper;
use crate::keychain::{Keychain, Kind};
use crate::setup::Setup;
use crate::terminal;
use crate::terminal::prompt::Terminal;

/// A keychain and its accounts.
type Held = (Box<dyn Keychain>, Vec<Kept>);

/// An account, and its own username, also if it answers any.
struct Kept {
    account: Account,
    own_name: Username,
}

/// Deletes every account, where a person agrees or `yes` says so.
///
/// # Errors
/// Where a keychain cannot be read: nothing is deleted then. Where nobody can be asked, or the
/// person says no.
pub(super) fn run(keychain: &KeychainArguments, yes: bool) -> Result<(), Error> {
    let setups = keychain.setups()?;
    let mut keychains = everything(&setups.everywhere()?)?;
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
    let mut gone = Vec::new();
    for (keychain, accounts) in &mut keychains {
        for Kept { account: Account { context, username }, own_name } in accounts {
            helper::with_retries(|| helper::delete(&mut **keychain, context, Some(username)))?;
            gone.push(Account { context: context.clone(), username: own_name.clone() });
        }
    }
    say(&format!("deleted {them}"));
    use_account::forget("logout", &setups, &gone)
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
        let contents = helper::with_retries(|| helper::all_with_contents(&mut *keychain));
        let contents = contents.inspect_err(named)?;
        // If no keychain was named, its kind is known only now.
        if keychains.iter().all(|(other, _)| other.kind() != keychain.kind()) {
            let mut accounts: Vec<Kept> = contents
                .into_iter()
                .map(|(_, account, credential)| {
                    let own_name = credential.and_then(|credential| credential.username);
                    Kept { own_name: own_name.unwrap_or_else(|| account.username.clone()), account }
                })
                .collect();
            accounts.sort_by(|a, b| a.account.cmp(&b.account));
            accounts.dedup_by(|a, b| a.account == b.account);
            keychains.push((keychain, accounts));
        }
    }
    Ok(keychains)
}

fn text(kind: Kind, accounts: &[Kept]) -> String {
    let mut text = String::new();
    for Kept { account: Account { context, username }, .. } in accounts {
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
