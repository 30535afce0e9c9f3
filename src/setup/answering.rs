//! The account that answers at a URL. Our keychains and sources are asked in git's order, until one
//! of them has an answer, as git does.

#[cfg(target_os = "linux")]
use super::{Held, still};
use super::{Holder, Setups, locked};
use crate::context::Context;
#[cfg(target_os = "linux")]
use crate::credential::Credential;
use crate::credential::Username;
use crate::error::Error;
use crate::helper::Policy;
use crate::helper::verdict::{Question, Reason, Verdict, judge};
#[cfg(target_os = "linux")]
use crate::keychain::Options;
use crate::keychain::{Keychain, Kind};
use crate::time::now;

/// The verdict that counts among those of all our lines that git asks, with its line and keychain.
pub(crate) struct Chosen {
    pub(crate) verdict: Verdict,
    pub(crate) holder: Holder,
    pub(crate) keychain: Box<dyn Keychain>,
}

/// The account that answers for somebody to whom access is lent.
#[cfg(target_os = "linux")]
pub(crate) struct Answering {
    pub(crate) credential: Credential,
    /// The keychain that holds the account.
    pub(crate) keychain: Kind,
    /// Whether uses are noted.
    pub(crate) log: bool,
}

/// The way in which the keychains are asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asking {
    /// A person has typed a command, and may be asked.
    Person,
    /// Nobody may be asked, and nothing is unlocked or changed.
    #[cfg(target_os = "linux")]
    Still,
}

impl Setups {
    /// Returns the first of our lines that has an answer at this URL: git asks the next one where
    /// one has none. Where none answers, returns the first that has an account, or nothing.
    ///
    /// # Errors
    /// The error of a keychain that fails before another has an account, where none answers.
    pub(crate) fn first_answer(
        &self,
        url: &str,
        contexts: &[Context],
        username: Option<&Username>,
        asking: Asking,
    ) -> Result<Option<Chosen>, Error> {
        let question = Question { contexts, username, takes_schemes: true };
        let mut first = Ok(None);
        for holder in self.holders(url)? {
            let opened = match asking {
                Asking::Person => Ok(holder.open()?),
                #[cfg(target_os = "linux")]
                Asking::Still => holder.open_still(),
            };
            let result = match opened {
                Ok(None) => continue,
                Ok(Some(mut keychain)) => {
                    let policy = Policy { allow_http: holder.allow_http, now: now() };
                    let verdict = judge(&mut *keychain, &question, policy);
                    verdict.map(|verdict| Chosen { verdict, holder, keychain })
                }
                Err(error) => Err(error),
            };
            match result {
                Ok(chosen @ Chosen { verdict: Verdict::Served(_), .. }) => return Ok(Some(chosen)),
                Ok(Chosen { verdict: Verdict::Nobody, .. }) => {}
                Ok(chosen) if matches!(first, Ok(None)) => first = Ok(Some(chosen)),
                Err(error) if matches!(first, Ok(None)) => first = Err(error),
                Ok(_) | Err(_) => {}
            }
        }
        first
    }
}

#[cfg(target_os = "linux")]
impl Holder {
    /// Opens the keychain or the source only to look: nobody is asked, and nothing is unlocked.
    fn open_still(&self) -> Result<Option<Box<dyn Keychain>>, Error> {
        match &self.held {
            Held::Keychain(options) => {
                still(&Options { cache: None, patient: false, asks: false, ..options.clone() })
                    .map(Some)
            }
            Held::Source(_) => self.open(),
        }
    }
}

/// Returns the error of a verdict of this keychain that serves no token.
pub(crate) fn refused(verdict: &Verdict, keychain: Kind) -> Error {
    match verdict {
        Verdict::Withheld(_, Reason::Rejected) => Error::Rejected,
        Verdict::Withheld(_, Reason::Expired | Reason::Renewable) => Error::Expired,
        Verdict::Ambiguous(..) => {
            Error::Usage("several accounts are there: name one with --username NAME")
        }
        Verdict::Locked => locked(keychain),
        Verdict::Damaged => Error::Damaged,
        Verdict::RefusedHttp => Error::Refused(
            "http is unencrypted: use https, or add --allow-http to the helper string",
        ),
        Verdict::Served(_) | Verdict::Withheld(_, Reason::Scheme) | Verdict::Nobody => {
            Error::NoAccount
        }
    }
}
