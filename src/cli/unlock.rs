//! `git credential-pat unlock` opens the vault for a while, and changes its passphrase or key.

use super::KeychainArguments;
use super::passphrase::Passphrases;
use crate::error::{Error, VaultTrouble};
use crate::keychain::Kind;
use crate::keychain::vault::{State, USUAL_TIME, Vault};
use crate::secret::Secret;
use crate::terminal;
use humantime::parse_duration;
use std::time::Duration;

/// The number of times that a person may type the passphrase.
const TRIES: usize = 3;

const REBOOT: &str = "reboot";

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// How long the vault stays unlocked, such as 30m, 12h or 7d, or until `reboot`
    #[arg(long = "for", value_name = "12h", value_parser = parse_time)]
    time: Option<Time>,
    /// Give the vault another passphrase. That does not shut out somebody who has the old one and
    /// an old copy of `identity.age`
    #[arg(long)]
    change_passphrase: bool,
    /// Let the new passphrase take 35 MB of memory instead of 264. It can then be guessed eight
    /// times as fast
    #[arg(long, requires = "change_passphrase")]
    low_memory: bool,
    /// Give the vault another key, and encrypt all tokens anew. That shuts out somebody who has an
    /// old copy of `identity.age`
    #[arg(long)]
    new_key: bool,
}

/// A span of time. None stands for the time until reboot.
type Time = Option<Duration>;

fn parse_time(text: &str) -> Result<Time, &'static str> {
    if text == REBOOT {
        return Ok(None);
    }
    // The kernel counts in 32 bits.
    let time = parse_duration(text).ok().filter(|time| u32::try_from(time.as_secs()).is_ok());
    let time = time.filter(|time| time.as_secs() > 0).map(Some);
    time.ok_or("no such time: it is like 30m, 12h or 7d, or reboot")
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    let vault = vault()?;
    match vault.state()? {
        State::Absent => return Err(VaultTrouble::Absent.into()),
        State::Given => {
            return Err(Error::Refused(
                "something gives the vault's key: there is nothing to unlock",
            ));
        }
        State::Locked | State::Unlocked(_) => {}
    }
    vault.takes_passphrase()?;
    let time = arguments.time.unwrap_or(Some(USUAL_TIME));
    let mut passphrases = Passphrases::of_stdin()?;
    let mut passphrase = unlock(&vault, &mut passphrases, time)?;
    if arguments.change_passphrase {
        let new = passphrases.chosen()?;
        vault.change_passphrase(passphrase.expose(), new.expose(), arguments.low_memory)?;
        passphrase = new;
        say("the vault has another passphrase");
        if !arguments.new_key {
            terminal::hint(
                "it does not shut out who has an old copy of identity.age and the old \
                 passphrase; this does: git credential-pat unlock --new-key",
            );
        }
    }
    if arguments.new_key {
        let changed = vault.change_key(passphrase.expose(), time)?;
        say(&format!("the vault has another key, and {} encrypted anew", tokens(changed.items)));
        if changed.damaged > 0 {
            say(&format!("files that are damaged and stay as they are: {}", changed.damaged));
        }
    }
    say(&format!("the vault is {}", vault.state()?.in_words()));
    Ok(())
}

/// Unlocks the vault. Returns the passphrase.
fn unlock(vault: &Vault, passphrases: &mut Passphrases, time: Time) -> Result<Secret, Error> {
    let mut tries = if passphrases.can_repeat() { TRIES } else { 1 };
    loop {
        let passphrase = passphrases.current()?;
        tries -= 1;
        match vault.unlock_with(passphrase.expose(), time) {
            Ok(()) => return Ok(passphrase),
            Err(error @ Error::Vault(VaultTrouble::WrongPassphrase)) if tries > 0 => {
                say(&error.to_string());
            }
            Err(error) => return Err(error),
        }
    }
}

/// Returns the vault, with the options of our helper line.
pub(super) fn vault() -> Result<Vault, Error> {
    let setup = KeychainArguments { keychain: Some(Kind::Vault) }.setups()?.at(None)?;
    Ok(Vault::new(&setup.options))
}

fn tokens(count: usize) -> String {
    if count == 1 { "1 token is".to_owned() } else { format!("{count} tokens are") }
}

fn say(what: &str) {
    terminal::say("unlock", what);
}

#[cfg(test)]
mod tests {
    use super::parse_time;
    use std::time::Duration;

    #[test]
    fn a_time_is_a_span_or_until_reboot() {
        let hours = |hours: u64| Ok(Some(Duration::from_secs(hours * 60 * 60)));
        assert_eq!(parse_time("12h"), hours(12));
        assert_eq!(parse_time("7d"), hours(7 * 24));
        assert_eq!(parse_time("reboot"), Ok(None));
        for text in ["", "0s", "12", "ever", "-1h", "200years", "10ms"] {
            assert!(parse_time(text).is_err(), "{text}");
        }
    }
}
