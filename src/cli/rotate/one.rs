//! The way of one account: what is asked before, the rotation itself, and what is said after.

use super::{Arguments, others, words};
use crate::api::Facts;
use crate::api::renewal::Renewal;
use crate::api::state::{Reason, State};
use crate::check;
use crate::credential::Credential;
use crate::error::Error;
use crate::keychain::{Keychain, Kind};
use crate::rotate::online::Online;
use crate::rotate::revoking::Revoking;
use crate::rotate::{self, Asked, Outside, Resumed, Stage, Verified};
use crate::setup::Setups;
use crate::terminal;
use crate::terminal::prompt::Terminal;
use crate::time::{DAY, now};
use std::time::{Duration, Instant};

/// How long a new token lives where nobody says so, and the old one's life is not known.
const USUAL_LIFE: u64 = 90 * DAY;

/// The longest life of a new token where nobody says so: GitLab grants no more.
const LONGEST_LIFE: u64 = 365 * DAY;

/// What one account needs, see the [module](self).
pub(super) struct Way<'a> {
    pub(super) arguments: &'a Arguments,
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
        let options = self.arguments.options();
        let credential = &check::with_named_forge(credential.clone(), &options);
        if Stage::of(credential).is_some() {
            return self.resume(keychain, credential);
        }
        self.rotate(keychain, credential)
    }

    /// Waits until it can be known what has become of a rotation, and says it.
    fn resume(&self, keychain: &mut dyn Keychain, credential: &Credential) -> Result<bool, Error> {
        let options = self.arguments.options();
        let online = Online { options: &options, expiry: 0 };
        let is_wanted = |forge| self.may_revoke(forge);
        let outside = Revoking::new(&online, &options, &is_wanted);
        let account = credential.account();
        let begun = Instant::now();
        let mut resumed = rotate::resume(keychain, &account, false, &outside)?;
        if let Resumed::NotYet(seconds) = resumed {
            words::waiting("rotate", credential, seconds);
        }
        while let Resumed::NotYet(seconds) = resumed {
            // The process that has begun it may still be at work, and end it before.
            online.wait(Duration::from_secs(seconds.min(2)));
            // A clock that is set back must not make it wait longer.
            let has_waited = begun.elapsed().as_secs() > rotate::SETTLED_AFTER;
            resumed = rotate::resume(keychain, &account, has_waited, &outside)?;
        }
        let is_well = words::of_resumed("rotate", credential, &resumed);
        if outside.has_left_old_alive() {
            words::old_lives_on(credential);
        }
        match &resumed {
            Resumed::Here(new, verified) => {
                Ok(self.follow(keychain.kind(), new, verified) && is_well)
            }
            _ => Ok(is_well),
        }
    }

    fn rotate(&self, keychain: &mut dyn Keychain, old: &Credential) -> Result<bool, Error> {
        let options = self.arguments.options();
        // The old token tells what may be asked for, and whether it lives at all.
        let online = Online { options: &options, expiry: 0 };
        let layer = online.ask(old);
        // A forge that wants to be asked seldom has been asked lately.
        let is_spared = layer.standing.reason == Some(Reason::Spared);
        let lives = matches!(layer.standing.state, State::Good | State::Ending | State::Denied);
        if !lives && !is_spared {
            words::not_begun(old, &layer.standing);
            return Ok(false);
        }
        let learnt = check::told(old.clone(), &layer.facts, &options);
        let renewal = match online.renewal(&learnt) {
            Ok(Renewal::None(why)) => return Err(words::no_way(why)),
            Ok(renewal) => renewal,
            Err(standing) => {
                words::not_begun(old, &standing);
                return Ok(false);
            }
        };
        if renewal != Renewal::ByToken && self.arguments.unattended {
            words::needs_person(&learnt);
            return Ok(false);
        }
        if !self.may_be_forgotten(keychain)? {
            return Ok(false);
        }
        let expiry = self.expiry(old, &layer.facts, now());
        let online = Online { options: &options, expiry };
        match renewal {
            Renewal::ByPassword => return self.by_password(keychain, &learnt, &online),
            Renewal::ByPage => return self.by_page(keychain, &learnt, &online),
            Renewal::ByToken | Renewal::None(_) => {}
        }
        let begun = rotate::begin(keychain, &old.account(), &learnt, &online)?;
        let asked = begun.ask(&online);
        Ok(self.after(keychain, old, asked, &online))
    }

    /// Says what has become of the request, and verifies the new token.
    pub(super) fn after(
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
        let is_well = words::of_verified("rotate", &new, verified.as_ref().map_err(|error| *error));
        match &verified {
            Ok(verified) => self.follow(keychain.kind(), &new, verified) && is_well,
            Err(_) => is_well,
        }
    }

    /// Lets what else had the old token follow, unless the new one is not taken.
    fn follow(&self, own: Kind, new: &Credential, verified: &Verified) -> bool {
        let learnt = match verified {
            Verified::Ended(ended) => ended,
            Verified::Unrevoked(_) | Verified::Unknown(_) => new,
            Verified::Refused(_) => return false,
        };
        let Some(old) = &new.previous else { return true };
        others::follow(self.arguments, self.setups, &old.secret, learnt, own)
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
        let due = self.arguments.due.map(|due| due.as_secs());
        let life = life(end.and_then(|end| end.checked_sub(old.stored_at)), due);
        self.end.unwrap_or(now.saturating_add(life))
    }
}

/// Returns how long a new token should live whose old one lived for so long, in whole days: GitLab
/// ends a token when a day begins, and a token that is rotated again and again must not live
/// shorter each time.
fn life(of_old: Option<u64>, due: Option<u64>) -> u64 {
    let life = of_old.map(|life| life.div_ceil(DAY).saturating_mul(DAY));
    // One that is kept here since shortly before its end would be due again at once.
    let least = due.map_or(DAY, |due| due.saturating_mul(2));
    let life = life.filter(|life| *life >= least).unwrap_or(USUAL_LIFE.max(least));
    life.clamp(DAY, LONGEST_LIFE)
}

#[cfg(test)]
mod tests {
    use super::life;
    use crate::time::{DAY, HOUR};

    #[test]
    fn a_new_token_lives_as_long_as_the_old_one_in_whole_days() {
        for (of_old, due, days) in [
            (None, None, 90),
            (Some(30 * DAY), None, 30),
            (Some(30 * DAY - 9 * HOUR), None, 30),
            (Some(400 * DAY), None, 365),
            (Some(30 * DAY), Some(14 * DAY), 30),
            (Some(10 * DAY), Some(14 * DAY), 90),
            (None, Some(60 * DAY), 120),
        ] {
            assert_eq!(life(of_old, due), days * DAY, "{of_old:?} {due:?}");
        }
        // It ends at the beginning of a day, so it lives a little shorter than was asked for.
        let now = 1_800_000_000;
        let ends = |life: u64| (now + life) / DAY * DAY - now;
        let first = ends(life(Some(30 * DAY), None));
        assert_eq!(ends(life(Some(first), None)), first);
    }
}
