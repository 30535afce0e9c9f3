//! The token that answers for a URL: chosen exactly as a get of git's would, for the commands
//! that let it out to a person's other programs.

use super::KeychainArguments;
use super::place::{Place, usable};
use crate::context::Context;
use crate::credential::{Credential, Username};
use crate::error::Error;
use crate::helper::Policy;
use crate::helper::verdict::{Question, Reason, Verdict, judge};
use crate::keychain;
use crate::time::now;

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
    pub(super) fn credential(&self) -> Result<Credential, Error> {
        let place = Place::parse(&self.url)?;
        let username = match &self.username {
            Some(name) => Some(Username::new(name.as_bytes())),
            None => place.username,
        };
        let username = username.map(usable).transpose()?;
        let setup = self.keychain.setup()?;
        let mut keychain = keychain::open(&setup.options)?;
        let question = Question {
            contexts: &place.context.outwards(),
            username: username.as_ref(),
            takes_schemes: true,
        };
        let policy = Policy { allow_http: setup.allow_http, now: now() };
        Err(match judge(&mut *keychain, &question, policy)? {
            Verdict::Served(item) => return Ok(item.1),
            Verdict::Withheld(_, Reason::Rejected) => Error::Rejected,
            Verdict::Withheld(_, Reason::Expired | Reason::Renewable) => Error::Expired,
            Verdict::Withheld(_, Reason::Scheme) | Verdict::Nobody => Error::NoAccount,
            Verdict::Ambiguous(_) => {
                Error::Usage("several accounts are there: name one with --username NAME")
            }
            Verdict::Locked => Error::Locked,
            Verdict::Damaged => Error::Damaged,
            Verdict::RefusedHttp => Error::Refused(
                "http is unencrypted: use https, or add --allow-http to the helper string",
            ),
        })
    }
}
