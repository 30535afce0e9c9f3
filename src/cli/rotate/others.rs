//! What else had the old token: other accounts here, which get the new one where a person agrees,
//! and copies in the files of other programs, which are named with what to do.

use super::words;
use crate::cli::rotate::Arguments;
use crate::copies::{self, Copy, Search};
use crate::credential::Credential;
use crate::forge;
use crate::keychain::Kind;
use crate::rotate::following;
use crate::secret::Secret;
use crate::setup::{Setups, Sharer, Sharing};
use crate::terminal;
use crate::terminal::prompt::Terminal;
use crate::time::now;

/// Lets everything follow that had the old token, or names it. Returns whether no account here is
/// left with it.
pub(super) fn follow(
    arguments: &Arguments,
    setups: &Setups,
    old: &Secret,
    new: &Credential,
    own: Kind,
) -> bool {
    let is_well = match setups.same_token(&new.account(), old, own, now()) {
        Ok(sharing) => accounts(arguments, sharing, old, new),
        Err(error) => {
            say(&format!("which other accounts had the old token is not known: {error}"));
            false
        }
    };
    name_copies(&copies::of(old));
    is_well
}

fn say(text: &str) {
    terminal::say("rotate", text);
}

fn accounts(arguments: &Arguments, mut sharing: Sharing, old: &Secret, new: &Credential) -> bool {
    for (name, error) in &sharing.failed {
        say(&format!("{name}: whether an account there had the old token is not known: {error}"));
    }
    if sharing.unread > 0 {
        let count = sharing.unread;
        say(&format!("accounts that are locked or damaged, and may have the old token: {count}"));
    }
    for place in &sharing.linked {
        say(&format!("{} gets the new token by its link", forge::shown_context(place)));
    }
    // What is set aside answers nothing.
    let others: Vec<&Sharer> = sharing.accounts.iter().filter(|one| !one.is_aside).collect();
    if others.is_empty() {
        return sharing.failed.is_empty();
    }
    for other in &others {
        say(&format!("{} had the same token", words::of_account(&other.account)));
    }
    if !agrees(arguments) {
        say("these accounts still have the old token");
        let hint = "to let them follow, --yes; or for each: git credential-pat login --replace URL";
        terminal::hint(hint);
        return false;
    }
    let mut is_well = sharing.failed.is_empty();
    for other in others {
        let keychain = &mut *sharing.keychains[other.keychain];
        match following::follow(keychain, &other.account, old, new) {
            Ok(true) => say(&format!("{} has the new one, too", words::of_account(&other.account))),
            Ok(false) => {}
            Err(error) => {
                is_well = false;
                let whose = words::of_account(&other.account);
                say(&format!("{whose} still has the old token: {error}"));
            }
        }
    }
    is_well
}

/// Returns whether the other accounts are to follow.
fn agrees(arguments: &Arguments) -> bool {
    if arguments.yes {
        return true;
    }
    if arguments.unattended || !terminal::stdin_is_terminal() {
        return false;
    }
    let question = "Give them the new one, too?";
    Terminal::open().and_then(|mut terminal| terminal.agrees(question)).unwrap_or(false)
}

/// Names the places outside of our keychains in which the old token lies, and what to do there.
fn name_copies(search: &Search) {
    for copy in &search.copies {
        say(&format!("the old token is also in {}", Copy::place(copy)));
        terminal::hint(copy.mend.text());
    }
    for unread in &search.unread {
        say(&format!("{} was not searched for the old token: {}", unread.file, unread.why));
    }
    say(copies::UNSEEN);
}
