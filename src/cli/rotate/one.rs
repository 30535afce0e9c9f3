//! The way of one account: what is asked before, the rotation itself, and what is said after.

use super::{Arguments, words};
use crate::api::Facts;
use crate::api::renewal::Renewal;
use crate::api::state::State;
use crate::check::kept::Kept;
use crate::credential::Credential;
use crate::error::Error;
use crate::keychain::Keychain;
use crate::rotate::online::Online;
use crate::rotate::{self, Asked, Outside, Resumed, Stage};
use crate::setup::Setups;
use crate::terminal;
use crate::terminal::prompt::Terminal;
use crate::time::{DAY, now};
use std::time::Duration;

/// How long a new token lives where nobody says so, and the old one's life is not known.
const USUAL_LIFE: u64 = 90 * DAY;

/// The longest life of a new token where nobody says so: GitLab grants no more.
const LONGEST_LIFE: u64 = 365 * DAY;

/// What one account needs, see the [module](self).
pub(super) struct Way<'a> {
    pub(super) arguments: &'a Arguments,
    #[expect(dead_code, reason = "for the other places that have the token")]
    pub(super) setups: &'a Setups,
    /// The end of the new token that was named, if one was.
    pub(super) end: Option<u64>,
}

impl Way<'_> {
    /// Rotates the account's token, or brings a rotation to its end that was cut off. Returns
    /// whether all is well.
    ///
    /// # Errors
    /// Where nothing was begun.
    pub(super) fn go(
        &self,
        keychain: &mut dyn Keychain,
        credential: &Credential,
    ) -> Result<bool, Error> {
        if Stage::of(credential).is_some() {
            return self.resume(keychain, credential);
        }
        self.rotate(keychain, credential)
    }

    /// Waits until it can be known what has become of a rotation, and says it.
    fn resume(&self, keychain: &mut dyn Keychain, credential: &Credential) -> Result<bool, Error> {
        let options = self.arguments.options();
        let online = Online { options: &options, expiry: 0 };
        let account = credential.account();
        let mut resumed = rotate::resume(keychain, &account, &online)?;
        if let Resumed::NotYet(seconds) = resumed {
            words::waiting("rotate", credential, seconds);
            online.wait(Duration::from_secs(seconds));
            resumed = rotate::resume(keychain, &account, &online)?;
        }
        Ok(words::of_resumed("rotate", credential, &resumed))
    }

    fn rotate(&self, keychain: &mut dyn Keychain, old: &Credential) -> Result<bool, Error> {
        let options = self.arguments.options();
        // The old token tells what may be asked for, and whether it lives at all.
        let online = Online { options: &options, expiry: 0 };
        let layer = online.ask(old);
        if !matches!(layer.standing.state, State::Good | State::Ending | State::Denied) {
            words::not_begun(old, &layer.standing);
            return Ok(false);
        }
        let learnt = Kept::of(old).learn(old.clone(), &layer.facts, now());
        match online.renewal(&learnt) {
            Ok(Renewal::ByToken) => {}
            Ok(renewal @ (Renewal::ByPassword | Renewal::ByPage)) => {
                return Ok(self.by_person(&learnt, renewal));
            }
            Ok(Renewal::None(why)) => return Err(words::no_way(why)),
            Err(standing) => {
                words::not_begun(old, &standing);
                return Ok(false);
            }
        }
        if !self.may_be_forgotten(keychain)? {
            return Ok(false);
        }
        let expiry = self.expiry(old, &layer.facts, now());
        let online = Online { options: &options, expiry };
        let begun = rotate::begin(keychain, &old.account(), &old.token, &online)?;
        let asked = begun.ask(&online);
        Ok(self.after(keychain, old, asked, &online))
    }

    /// Says what has become of the request, and verifies the new token.
    fn after(
        &self,
        keychain: &mut dyn Keychain,
        old: &Credential,
        asked: Asked,
        outside: &dyn Outside,
    ) -> bool {
        let new = match asked {
            Asked::Here(new) => new,
            asked => return words::of_asked(old, asked, self.arguments.unattended),
        };
        let verified = rotate::verify(keychain, &new, self.arguments.keep_old, outside);
        words::of_verified("rotate", &new, verified.as_ref().map_err(|error| *error))
    }

    /// Says where a person makes a new token.
    #[expect(clippy::unused_self, reason = "a person is asked here")]
    fn by_person(&self, old: &Credential, _renewal: Renewal) -> bool {
        words::needs_person(old);
        false
    }

    /// Returns whether the keychain is one that outlives the machine's next start, or a person
    /// agrees to one that does not.
    fn may_be_forgotten(&self, keychain: &dyn Keychain) -> Result<bool, Error> {
        if keychain.kind().outlives_reboot() {
            return Ok(true);
        }
        let warning = "this keychain is in memory: once the machine is started anew, nobody has \
                       the new token";
        if self.arguments.yes || self.arguments.unattended {
            terminal::say("rotate", warning);
            return Ok(true);
        }
        if !terminal::stdin_is_terminal() {
            return Err(Error::Usage(
                "this keychain is in memory, and would forget the new token at the next start: \
                 add --yes, or keep the account in another one",
            ));
        }
        terminal::say("rotate", warning);
        Terminal::open()?.confirm("Rotate it all the same?")
    }

    /// Returns the end of the new token: as it was named, else after as long a life as the old one
    /// was given.
    fn expiry(&self, old: &Credential, facts: &Facts, now: u64) -> u64 {
        let end = match facts.expiry {
            crate::api::Told::At(at) => Some(at),
            _ => old.expiry,
        };
        let life = end.and_then(|end| end.checked_sub(old.stored_at));
        let life = life.unwrap_or(USUAL_LIFE).clamp(DAY, LONGEST_LIFE);
        self.end.unwrap_or(now.saturating_add(life))
    }
}
