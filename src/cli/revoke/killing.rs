//! The order of the steps: lock, read again, ask the forge, and only where the token is dead take
//! it out of the accounts. Whatever ends this process in between, the token is either alive and
//! kept, or dead and still here: the next `revoke` finds that out.

use super::target::{Doomed, Other};
use super::{report, say};
use crate::check::Options;
use crate::cli::{links, use_account};
use crate::credential::{Account, Username};
use crate::error::Error;
use crate::forge;
use crate::helper::{self, Dropped};
use crate::keychain::Keychain;
use crate::revoke::{self, Outcome};
use crate::setup::Setups;
use crate::time::now;

/// The keychains, and how forges are asked.
pub(super) struct Killing<'a> {
    pub(super) keychains: Vec<Box<dyn Keychain>>,
    pub(super) setups: &'a Setups,
    pub(super) options: &'a Options,
}

impl Killing<'_> {
    /// Marks a token that others have seen as rejected, in every account here that holds it.
    ///
    /// # Errors
    /// Where a keychain fails.
    pub(super) fn mark_all(&mut self, doomed: &Doomed, others: &[Other]) -> Result<(), Error> {
        let own = doomed.keychain.map(|number| (number, doomed.credential.account()));
        let others = others.iter().map(|other| (other.keychain, other.account.clone()));
        for (number, account) in own.into_iter().chain(others) {
            let Some(keychain) = self.keychains.get_mut(number) else { continue };
            let _guard = keychain.exclusive(Some(&account.context.host_level()));
            let mark = || {
                helper::mark_rejected(&mut **keychain, &account, &doomed.credential.token, now())
            };
            helper::with_retries(mark)?;
        }
        Ok(())
    }

    /// Revokes a token, says what became of it, and takes it out of the accounts that hold it if it
    /// is dead then. With `is_breach` it is also taken out where its forge has no way to revoke it.
    ///
    /// # Errors
    /// Where the lock cannot be had, the account has changed, or a rotation is open: nothing was
    /// begun then. Where a keychain fails afterwards.
    pub(super) fn kill(
        &mut self,
        doomed: &Doomed,
        others: &[Other],
        is_breach: bool,
    ) -> Result<Outcome, Error> {
        let account = doomed.credential.account();
        let waiting = &mut || say(&report::waiting(doomed, self.options));
        let Some(number) = doomed.keychain else {
            let outcome = revoke::revoke(&doomed.subject, self.options, waiting);
            report::after(doomed, &outcome, is_breach, self.options);
            if takes_out(&outcome, is_breach) {
                self.drop_from(others, doomed)?;
            }
            return Ok(outcome);
        };
        let keychain = self.keychains.get_mut(number).ok_or(Error::NoAccount)?;
        let guard = keychain.exclusive(Some(&account.context.host_level()));
        let Some(guard) = guard else {
            return Err(Error::Busy);
        };
        let there = helper::kept_at(&mut **keychain, &account)?;
        let there = there.filter(|there| there.place_of(&doomed.credential.token).is_some());
        let Some(there) = there else {
            return Err(Error::Replaced);
        };
        // What has become of a new token is found out with the old one.
        if there.rotating_at.is_some() && !is_breach {
            return Err(Error::Rotating);
        }
        let outcome = revoke::revoke(&doomed.subject, self.options, waiting);
        report::after(doomed, &outcome, is_breach, self.options);
        if takes_out(&outcome, is_breach) {
            self.drop_one(number, &account, doomed)?;
            drop(guard);
            self.drop_from(others, doomed)?;
        } else if matches!(outcome, Outcome::NotInForce(_)) {
            let mark = || {
                helper::mark_rejected(&mut **keychain, &account, &doomed.credential.token, now())
            };
            helper::with_retries(mark)?;
        }
        Ok(outcome)
    }

    fn drop_from(&mut self, others: &[Other], doomed: &Doomed) -> Result<(), Error> {
        for Other { account, keychain: number, .. } in others {
            let Some(keychain) = self.keychains.get_mut(*number) else { continue };
            let _guard = keychain.exclusive(Some(&account.context.host_level()));
            self.drop_one(*number, account, doomed)?;
        }
        Ok(())
    }

    /// Takes the token out of one account, and says so. Links to the account and git's setting of
    /// its username go with it.
    fn drop_one(&mut self, number: usize, account: &Account, doomed: &Doomed) -> Result<(), Error> {
        let Some(keychain) = self.keychains.get_mut(number) else { return Ok(()) };
        let drop = || helper::drop_token(&mut **keychain, account, &doomed.credential.token, now());
        let dropped = helper::with_retries(drop)?;
        let place = forge::shown_context(&account.context);
        match dropped {
            Dropped::Nothing => return Ok(()),
            Dropped::Account => say(&format!("deleted the account at {place}")),
            Dropped::Token { other_is_put_away } => {
                let which = if other_is_put_away { "" } else { ", which lay aside" };
                say(&format!("deleted the token of the account at {place}{which}"));
                if other_is_put_away {
                    report::other_token(account);
                }
                return Ok(());
            }
        }
        let own = doomed.credential.account() == *account;
        let name = if own { doomed.credential.username.clone() } else { None };
        let name = name.unwrap_or_else(|| account.username.clone());
        self.forget(account, &name)
    }

    /// Removes what led to an account that is deleted.
    fn forget(&self, account: &Account, name: &Username) -> Result<(), Error> {
        if account.context.registry().is_some() || name.is_empty() {
            return Ok(());
        }
        for registry in links::remove_to(&account.context, name)? {
            say(&format!("{registry} was linked to it, and gets no token any more"));
        }
        let gone = Account { context: account.context.clone(), username: name.clone() };
        use_account::forget("revoke", self.setups, &[gone])
    }
}

/// Returns whether a token is taken out of its accounts after this.
fn takes_out(outcome: &Outcome, is_breach: bool) -> bool {
    outcome.is_dead() || (is_breach && *outcome == Outcome::NoWay)
}
