//! Makes a vault for the line that is to be configured, where there is none, and unlocks it.

use crate::cli::passphrase::Passphrases;
use crate::error::Error;
use crate::keychain::vault::{Beginning, State, USUAL_TIME, Vault};
use crate::keychain::{Identity, Kind, Options};
use crate::terminal;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(super) struct VaultArguments {
    /// With --keychain vault: let a new vault's passphrase take 35 MB of memory instead of 264. It
    /// can then be guessed eight times as fast
    #[arg(long)]
    low_memory: bool,
    /// With --keychain vault: read its passphrase from this file's first line, or from standard
    /// input, and do not ask
    #[arg(long, value_name = "FILE|-")]
    passphrase_from: Option<PathBuf>,
    /// With --keychain vault: take its key from this file, which only its owner can read, and have
    /// no passphrase
    #[arg(long, value_name = "FILE", conflicts_with = "identity_command")]
    identity: Option<PathBuf>,
    /// With --keychain vault: take its key from the output of this command, given as words with a
    /// shell's quotes, and have no passphrase
    #[arg(long, value_name = "WORDS")]
    identity_command: Option<String>,
}

impl VaultArguments {
    /// Returns the file or command that gives the vault's key, if one was named.
    ///
    /// # Errors
    /// Where the file cannot be named in git's configuration.
    pub(super) fn identity(&self) -> Result<Option<Identity>, Error> {
        let Some(path) = &self.identity else {
            return Ok(self.identity_command.clone().map(Identity::Command));
        };
        let path = std::path::absolute(path).ok().filter(|path| path.to_str().is_some());
        let path = path.ok_or(Error::Refused("the path of the key's file cannot be written"))?;
        Ok(Some(Identity::File(path)))
    }

    /// Returns whether an option was given that is for a vault only.
    pub(super) fn is_given(&self) -> bool {
        self.low_memory
            || self.passphrase_from.is_some()
            || self.identity.is_some()
            || self.identity_command.is_some()
    }

    /// Makes the vault where there is none, and unlocks it.
    ///
    /// # Errors
    /// Where it cannot be made or unlocked.
    pub(super) fn prepare(&self, identity: Option<&Identity>) -> Result<(), Error> {
        let options = Options { identity: identity.cloned(), ..Options::default() };
        let options = Options { kind: Some(Kind::Vault), ..options };
        let vault = Vault::new(&options);
        let passphrases = || Passphrases::from(self.passphrase_from.as_deref());
        match vault.state()? {
            State::Absent => self.make(&vault)?,
            _ if self.low_memory => {
                return Err(Error::Usage(
                    "the vault is there already: its passphrase can be changed with \
                     git credential-pat unlock --change-passphrase --low-memory",
                ));
            }
            State::Locked => {
                vault.takes_passphrase()?;
                vault.unlock_with(passphrases()?.current()?.expose(), Some(USUAL_TIME))?;
                say(&format!("the vault is {}", vault.state()?.in_words()));
            }
            State::Unlocked(_) | State::Given => {}
        }
        if vault.lies_beside_its_key() {
            say("the vault and its key are on the same disk: who takes it has both");
        }
        Ok(())
    }

    fn make(&self, vault: &Vault) -> Result<(), Error> {
        let passphrases = || Passphrases::from(self.passphrase_from.as_deref());
        let passphrase = match vault.beginning()? {
            Beginning::Given => {
                vault.make_with_given_key()?;
                say(&format!("made a vault for the key that was given, in {}", shown(vault)));
                terminal::hint("without this key the tokens in it are gone: keep a copy elsewhere");
                return Ok(());
            }
            Beginning::IdentityAge => passphrases()?.current()?,
            Beginning::Nothing => passphrases()?.chosen()?,
        };
        vault.make_with_passphrase(passphrase.expose(), self.low_memory, Some(USUAL_TIME))?;
        say(&format!("made a vault in {}", shown(vault)));
        say(&format!("the vault is {}", vault.state()?.in_words()));
        terminal::hint(
            "without its file identity.age and the passphrase the tokens are gone: keep a copy of \
             both elsewhere",
        );
        Ok(())
    }
}

fn shown(vault: &Vault) -> String {
    vault.place().map(|path: &PathBuf| Path::display(path).to_string()).unwrap_or_default()
}

fn say(what: &str) {
    terminal::say("configure", what);
}
