//! Finds the token that answers for a URL, exactly as a get of git's does, for the commands that
//! give it to a person's other programs.

use super::KeychainArguments;
use super::place::{Place, usable};
use crate::context::Context;
use crate::credential::{Credential, Username};
use crate::error::Error;
use crate::helper::verdict::Verdict;
use crate::setup::{Asking, Chosen, refused};
use crate::terminal;
use crate::time::now;
use crate::uses;

/// The arguments that say whose token is meant, and for which URL.
#[derive(clap::Args)]
pub(super) struct AccountArguments {
    /// The host, or the organisation or repository on it, where the token is to be used
    url: String,
    /// The account, where there are several
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    #[command(flatten)]
    keychain: KeychainArguments,
}

impl AccountArguments {
    /// Returns the context of the URL that was named.
    ///
    /// # Errors
    /// [`Error::Usage`] where the URL cannot be understood.
    pub(super) fn context(&self) -> Result<Context, Error> {
        Place::meant(&self.url).map(|(place, _)| place.context)
    }

    /// Returns the credential that answers for the URL.
    ///
    /// # Errors
    /// Where none answers, with a hint what to type; where the keychain fails.
    pub(super) fn credential(&self, command: &'static str) -> Result<Credential, Error> {
        let place = Place::typed(command, &self.url)?;
        let username = match &self.username {
            Some(name) => Some(Username::new(name.as_bytes())),
            None => place.username.clone(),
        };
        let username = username.map(usable).transpose()?;
        let (setups, _) = self.keychain.setup_at(command, &place)?;
        let configured = setups.configuration(Some(&place.url)).username;
        let contexts = &place.context.outwards();
        let wanted = username.as_ref().or(configured.as_ref().map(|(_, name)| name));
        match setups.first_answer(&place.url, contexts, wanted, Asking::Person)? {
            Some(Chosen { verdict: Verdict::Served(item), holder, keychain }) => {
                if holder.log {
                    let account = item.1.account();
                    uses::note_command(command, &account, keychain.kind(), now());
                }
                Ok(item.1)
            }
            Some(Chosen { verdict, keychain, .. }) => Err(refused(&verdict, keychain.kind())),
            None => {
                if let (None, Some((_, name))) = (&username, &configured) {
                    terminal::say(command, &format!("git's configuration asks for {name} there"));
                }
                Err(Error::NoAccount)
            }
        }
    }
}
