//! The token that answers for a URL: chosen exactly as a get of git's would, for the commands
//! that let it out to a person's other programs.

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

/// Whose token, and for which place.
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
    /// The place that was named.
    ///
    /// # Errors
    /// [`Error::Usage`] where the URL cannot be understood.
    pub(super) fn context(&self) -> Result<Context, Error> {
        Place::parse(&self.url).map(|place| place.context)
    }

    /// The account that answers there.
    ///
    /// # Errors
    /// Where none does, with what to type; and where the keychain fails.
    pub(super) fn credential(&self, command: &'static str) -> Result<Credential, Error> {
        let place = Place::parse(&self.url)?;
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
            Some(Chosen { verdict, .. }) => Err(refused(&verdict)),
            None => {
                if let (None, Some((_, name))) = (&username, &configured) {
                    terminal::say(command, &format!("git's configuration asks for {name} there"));
                }
                Err(Error::NoAccount)
            }
        }
    }
}
