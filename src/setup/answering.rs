//! The account that answers at a URL: our keychains and sources are asked in git's order, as git
//! does, which asks the next one where one has no answer.

use super::{Held, Holder, Setups, still};
use crate::credential::Credential;
use crate::error::Error;
use crate::helper::Policy;
use crate::helper::verdict::{Question, Reason, Verdict, judge};
use crate::keychain::{Keychain, Kind, Options};

/// An account that answers.
pub(crate) struct Answering {
    pub(crate) credential: Credential,
    /// Where it lies.
    pub(crate) keychain: Kind,
    /// Whether uses are noted.
    pub(crate) log: bool,
}

/// How the keychains are asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asking {
    /// A person has typed a command, and may be asked.
    Person,
    /// Nobody may be asked, and nothing is unlocked or changed.
    Still,
}

impl Setups {
    /// Returns the account that answers.
    ///
    /// # Errors
    /// Where none does, for which reason; no reason is that nobody has one.
    pub(crate) fn answering(
        &self,
        url: &str,
        question: &Question<'_>,
        asking: Asking,
        now: u64,
    ) -> Result<Answering, Option<Error>> {
        let mut refusal = None;
        for holder in self.holders(url)? {
            let opened = match asking {
                Asking::Person => holder.open(),
                Asking::Still => holder.open_still(),
            };
            // To look may need an answer of the keychain's, and then the next one is asked as well.
            let mut keychain = match opened {
                Ok(Some(keychain)) => keychain,
                Ok(None) => continue,
                Err(error) if asking == Asking::Still => {
                    refusal = refusal.or(Some(error));
                    continue;
                }
                Err(error) => return Err(Some(error)),
            };
            let policy = Policy { allow_http: holder.allow_http, now };
            match judge(&mut *keychain, question, policy) {
                Ok(Verdict::Served(item)) => {
                    let (keychain, log) = (keychain.kind(), holder.log);
                    return Ok(Answering { credential: item.1, keychain, log });
                }
                Ok(Verdict::Nobody) => {}
                Ok(verdict) => refusal = refusal.or(Some(refused(&verdict))),
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        Err(refusal)
    }
}

impl Holder {
    /// Opens the keychain or the source to look only.
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

/// Why a verdict that serves nothing does not.
fn refused(verdict: &Verdict) -> Error {
    match verdict {
        Verdict::Withheld(_, Reason::Rejected) => Error::Rejected,
        Verdict::Withheld(_, Reason::Expired | Reason::Renewable) => Error::Expired,
        Verdict::Ambiguous(_) => {
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
