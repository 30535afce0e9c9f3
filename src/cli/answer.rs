//! Finds the token that answers for a URL, exactly as a get of git's does, for the commands that
//! give it to a person's other programs.

use super::KeychainArguments;
use super::place::{Place, usable};
use crate::context::Context;
use crate::credential::{Credential, Username};
use crate::error::Error;
use crate::helper::Policy;
use crate::helper::verdict::{Question, Reason, Verdict, judge};
use crate::keychain::Keychain;
use crate::setup::{Holder, Setups};
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
        match first_answer(&setups, &place.url, contexts, wanted)? {
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

/// The verdict that counts among those of all our lines that git asks, with its line and keychain.
pub(super) struct Chosen {
    pub(super) verdict: Verdict,
    pub(super) holder: Holder,
    pub(super) keychain: Box<dyn Keychain>,
}

/// Returns the first of our lines that has an answer at this URL: git asks the next one where one
/// has none. Where none answers, returns the first that has an account, or nothing.
///
/// # Errors
/// The error of a keychain that fails before another has an account, where none answers.
pub(super) fn first_answer(
    setups: &Setups,
    url: &str,
    contexts: &[Context],
    username: Option<&Username>,
) -> Result<Option<Chosen>, Error> {
    let question = Question { contexts, username, takes_schemes: true };
    let mut first = Ok(None);
    for holder in setups.holders(url)? {
        let Some(mut keychain) = holder.open()? else { continue };
        let policy = Policy { allow_http: holder.allow_http, now: now() };
        let result = judge(&mut *keychain, &question, policy);
        let chosen = |verdict| Some(Chosen { verdict, holder, keychain });
        match result {
            Ok(verdict @ Verdict::Served(_)) => return Ok(chosen(verdict)),
            Ok(Verdict::Nobody) => {}
            Ok(verdict) if matches!(first, Ok(None)) => first = Ok(chosen(verdict)),
            Err(error) if matches!(first, Ok(None)) => first = Err(error),
            Ok(_) | Err(_) => {}
        }
    }
    first
}

/// Returns the error of a verdict that serves no token.
fn refused(verdict: &Verdict) -> Error {
    match verdict {
        Verdict::Withheld(_, Reason::Rejected) => Error::Rejected,
        Verdict::Withheld(_, Reason::Expired | Reason::Renewable) => Error::Expired,
        Verdict::Ambiguous(..) => {
            Error::Usage("several accounts are there: name one with --username NAME")
        }
        Verdict::Locked => Error::Locked,
        Verdict::Damaged => Error::Damaged,
        Verdict::RefusedHttp => Error::Refused(
            "http is unencrypted: use https, or add --allow-http to the helper string",
        ),
        Verdict::Served(_) | Verdict::Withheld(_, Reason::Scheme) | Verdict::Nobody => {
            Error::NoAccount
        }
    }
}
