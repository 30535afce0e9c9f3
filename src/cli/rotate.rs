//! `git credential-pat rotate [URL]` puts a new token in the place of an account's. The rules are
//! those of [`rotate`](crate::rotate); here is what is said and asked.
//!
//! - [`which`]: the accounts that are meant. [`words`]: what is said of a rotation.
//! - [`one`]: the way of one account. [`by_page`], [`by_password`]: where a person is needed.
//! - [`others`]: what else had the old token.

mod by_page;
mod by_password;
mod one;
mod others;
mod which;
pub(super) mod words;

use super::KeychainArguments;
use super::login::{expiry, parse_forge};
use crate::check::Options;
use crate::credential::Credential;
use crate::error::Error;
use crate::forge;
use crate::keychain::{Keychain, Kind};
use crate::setup::Setups;
use crate::terminal;
use crate::time::now;
use std::time::Duration;

#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags are what people type")]
pub(super) struct Arguments {
    /// The host, or the organisation or repository that the token is for [default: this
    /// repository's remote]
    url: Option<String>,
    /// The account, where there are several
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// The new token's end, as for login [default: as long as the old one was made for, else 90
    /// days]
    #[arg(long, value_name = "DATE|90d")]
    expires: Option<String>,
    /// Ask nobody: rotate only where the forge gives a new token for the old one
    #[arg(long)]
    unattended: bool,
    /// Leave the old token alive, where the forge does not end it itself
    #[arg(long)]
    keep_old: bool,
    /// Rotate every account whose token ends soon
    #[arg(long, requires = "due", conflicts_with_all = ["url", "username", "api"])]
    all: bool,
    /// With --all: how soon
    #[arg(long, value_name = "14d", requires = "all", value_parser = humantime::parse_duration)]
    due: Option<Duration>,
    /// Agree to what would be asked
    #[arg(long)]
    yes: bool,
    /// The forge at the host, where its name does not tell, as for check
    #[arg(long, value_name = "NAME", value_parser = parse_forge)]
    forge: Option<forge::Id>,
    /// The forge's URL, if it is not at the root of its host, as for check
    #[arg(long, value_name = "URL")]
    api: Option<String>,
    #[command(flatten)]
    keychain: KeychainArguments,
}

impl Arguments {
    /// Returns how the forge is asked about a token.
    fn options(&self) -> Options {
        const PATIENCE: Duration = Duration::from_secs(20);
        Options {
            forge: self.forge,
            api: self.api.clone(),
            offline: false,
            warn_before: 0,
            timeout: PATIENCE,
            now: now(),
        }
    }

    /// Returns the end of the new token that was named, if one was.
    ///
    /// # Errors
    /// [`Error::Usage`] where it cannot be understood, or is `never`.
    fn end(&self) -> Result<Option<u64>, Error> {
        let Some(text) = &self.expires else { return Ok(None) };
        let end = expiry::parse(text, now())?;
        end.map(Some).ok_or(Error::Usage("a token that is rotated needs an end, such as 90d"))
    }
}

/// Rotates the token of exactly this account, or brings to its end what was cut off, without asking
/// anybody. It is due so long before its end. Says what has become of it. Returns whether all is
/// well.
///
/// # Errors
/// Where nothing was begun.
pub(super) fn unattended(
    keychain: &mut dyn Keychain,
    credential: &Credential,
    setups: &Setups,
    due: Duration,
) -> Result<bool, Error> {
    let arguments = Arguments {
        url: None,
        username: None,
        expires: None,
        unattended: true,
        keep_old: false,
        all: false,
        due: Some(due),
        yes: false,
        forge: None,
        api: None,
        keychain: KeychainArguments { keychain: None },
    };
    one::Way { arguments: &arguments, setups, end: None }.go(keychain, credential)
}

/// Runs the command. Returns the exit status: 0 if every token that was meant is new, else 1.
pub(super) fn run(arguments: &Arguments) -> Result<u8, Error> {
    let end = arguments.end()?;
    let setups = arguments.keychain.setups()?;
    let mut keychains: Vec<Box<dyn Keychain>> = Vec::new();
    let (meant, failed) = which::meant(arguments, &setups, &mut keychains)?;
    if arguments.all && meant.is_empty() && failed.is_none() {
        terminal::say("rotate", "no token ends so soon");
    }
    let mut is_well = true;
    for which::Meant { credential, keychain } in meant {
        let keychain = &mut *keychains[keychain];
        if keychain.kind() == Kind::Source {
            return Err(Error::Refused(
                "the token comes from a source, not from a keychain: rotate it where it is kept",
            ));
        }
        let way = one::Way { arguments, setups: &setups, end };
        is_well &= match way.go(keychain, &credential) {
            Ok(is_well) => is_well,
            // Each account goes its own way.
            Err(error) if arguments.all => {
                words::of_error(&credential, error);
                false
            }
            Err(error) => return Err(error),
        };
    }
    failed.map_or(Ok(u8::from(!is_well)), Err)
}
