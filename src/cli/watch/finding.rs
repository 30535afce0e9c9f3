//! What a watch has found: an account that is not well, or something that keeps accounts from being
//! checked.

use crate::api::state::{Reason, Standing, State};
use crate::check::Checked;
use crate::check::advice;
use crate::cli::check::{json, report};
use crate::credential::{Account, Username};
use crate::error::Error;
use crate::time::{DAY, relative, rfc3339};
use crate::watch::memory::Said;
use serde_json::{Value, json};

/// The number of days before a token's end from which it is spoken of each day.
const LAST_DAYS: u64 = 3;

/// See the [module](self).
pub(super) struct Finding {
    /// What it is about, for [`Said`].
    fields: Vec<Vec<u8>>,
    /// Another number where something else is to be said.
    version: u64,
    /// The finding in a line.
    pub(super) line: String,
    /// What a person can do, of which the first helps most.
    pub(super) hints: Vec<String>,
    /// The same for programs.
    pub(super) json: Value,
}

/// The things beside accounts that a finding can be about.
const KEYCHAIN: &str = "keychain";
const LOCKED: &str = "locked";
const CURL: &str = "curl";

impl Finding {
    /// Returns whether it is to be said now, and notes that it is.
    pub(super) fn is_new(&self, said: &Said, now: u64) -> bool {
        said.is_new(&self.fields(), self.version, now)
    }

    /// Forgets that it was said.
    pub(super) fn forget(&self, said: &Said) {
        said.forget(&self.fields());
    }

    fn fields(&self) -> Vec<&[u8]> {
        self.fields.iter().map(Vec::as_slice).collect()
    }

    fn of_account(checked: &Checked, now: u64) -> Self {
        let hints = advice::of(checked).into_iter().take(report::HINTS).collect();
        let end = checked.expiry.filter(|_| checked.worst.state == State::Ending);
        let mut line = report::heading(checked);
        if let Some(end) = end {
            line = format!("{line} {}", relative(end, now));
        }
        let json = json::of(checked, now);
        let version = version(&checked.worst, end, now);
        Self { fields: fields_of(checked), version, line, hints, json }
    }

    /// Makes a finding of an account that is to be rotated, and is not. What it says helps first.
    pub(super) fn of_unrotated(checked: &Checked, why: &str, hint: Option<&str>, now: u64) -> Self {
        let account = Self::of_account(checked, now);
        let mut hints: Vec<String> = hint.map(ToOwned::to_owned).into_iter().collect();
        hints.extend(account.hints);
        hints.dedup();
        let mut json = account.json;
        json["rotation"] = why.into();
        json["hints"] = hints.clone().into();
        let line = format!("{}: {why}", account.line);
        Self { version: of_words(why), line, hints, json, fields: account.fields }
    }

    /// Makes a finding of an account that is to be rotated, and is not there.
    pub(super) fn of_missing(whose: &str, why: &str, hint: &str, now: u64) -> Self {
        let mut finding = Self::of_thing(whose, why, Reason::NoAccount.word(), Some(hint), now);
        finding.line = format!("{whose}: {why}");
        finding.json["rotation"] = why.into();
        finding
    }

    fn of_thing(name: &str, what: &str, reason: &str, hint: Option<&str>, now: u64) -> Self {
        let hints: Vec<String> = hint.into_iter().map(ToOwned::to_owned).collect();
        let json = json!({
            "state": State::Unknown.word(),
            "reason": reason,
            "context": null,
            "username": null,
            "said": what,
            "checked": rfc3339(now),
            "hints": hints,
        });
        let (fields, version) = (vec![name.into()], of_words(what));
        Self { fields, version, line: what.to_owned(), hints, json }
    }
}

/// Returns a number that is another one where something else is to be said: another state, another
/// reason, and in a token's last days another number of them.
fn version(standing: &Standing, end: Option<u64>, now: u64) -> u64 {
    let days = end.map(|end| end.saturating_sub(now) / DAY).filter(|days| *days < LAST_DAYS);
    of_words(&format!("{} {:?} {days:?}", standing.state.word(), standing.reason))
}

/// Returns a number that is another one for other words.
fn of_words(what: &str) -> u64 {
    u64::from(crc32fast::hash(what.as_bytes()))
}

fn fields_of(checked: &Checked) -> Vec<Vec<u8>> {
    let name = checked.subject.username.as_ref().map_or(&b""[..], Username::as_bytes);
    vec![b"account".to_vec(), checked.subject.context.to_string().into_bytes(), name.to_vec()]
}

/// Returns what is not well, but for the accounts that are settled otherwise. What is well again is
/// forgotten.
pub(super) fn all(
    all: &[&Checked],
    settled: &[Account],
    failed: Option<Error>,
    said: &Said,
    now: u64,
) -> Vec<Finding> {
    let mut things = Vec::new();
    if let Some(error) = failed {
        let reason = match error {
            Error::Locked | Error::Vault(_) => LOCKED,
            _ => State::Unreachable.word(),
        };
        things.push(Finding::of_thing(KEYCHAIN, &error.to_string(), reason, error.hint(), now));
    }
    let is_locked = |one: &&&Checked| one.worst.reason == Some(Reason::Locked);
    let locked = all.iter().filter(is_locked).count();
    if locked > 0 {
        let what = format!("{}: accounts that were not checked: {locked}", Error::Locked);
        let hint = Error::Locked.hint();
        things.push(Finding::of_thing(LOCKED, &what, LOCKED, hint, now));
    }
    if all.iter().any(|one| advice::lacks_curl(one)) {
        let what = "the forges are not asked: there is no curl";
        let reason = Reason::NoCurl.word();
        things.push(Finding::of_thing(CURL, what, reason, Some("install curl"), now));
    }
    for name in [KEYCHAIN, LOCKED, CURL] {
        if things.iter().all(|thing| thing.fields != [name.as_bytes()]) {
            said.forget(&[name.as_bytes()]);
        }
    }
    let mut accounts: Vec<&Checked> = Vec::new();
    for one in all.iter().filter(|one| !is_locked(one)) {
        if settled.contains(&one.subject.named()) {
            continue;
        }
        if one.is_well() {
            let fields = fields_of(one);
            said.forget(&fields.iter().map(Vec::as_slice).collect::<Vec<_>>());
        } else {
            accounts.push(one);
        }
    }
    // The worst ones come first.
    accounts.sort_by_key(|one| std::cmp::Reverse(one.worst.state));
    things.extend(accounts.into_iter().map(|one| Finding::of_account(one, now)));
    things
}

#[cfg(test)]
mod tests {
    use super::{Finding, version};
    use crate::api::state::{Reason, Standing, State};
    use crate::check::{self, Subject};
    use crate::cli::check::usual_options;
    use crate::context::Context;
    use crate::credential::Credential;
    use crate::secret::Secret;
    use crate::time::DAY;

    #[test]
    fn an_account_that_is_not_rotated_is_named_with_why_and_what_helps_first() {
        let missing = Finding::of_missing("the token", "it is gone", "name it anew", 1);
        assert_eq!(missing.line, "the token: it is gone");
        assert_eq!(missing.hints, ["name it anew"]);
        assert_eq!(missing.json["rotation"], "it is gone");
        assert_eq!(missing.json["reason"], "no-account");
        let context = Context::from_canonical("https://h.example").expect("canonical");
        let account = Credential::new(context, None, Secret::new(b"glpat-TESTONLY"), 1);
        let ended = Credential { expiry: Some(2), ..account };
        let options = check::Options { now: 3, offline: true, ..usual_options() };
        let checked = check::concluded(Subject::of(ended, 3), &options, None, None);
        let plain = Finding::of_account(&checked, 3);
        let unrotated = Finding::of_unrotated(&checked, "a copy lies there", Some("take it"), 3);
        assert_eq!(unrotated.line, format!("{}: a copy lies there", plain.line));
        assert_eq!((&*unrotated.hints[0], &unrotated.hints[1..]), ("take it", &plain.hints[..]));
        assert_eq!(unrotated.json["hints"][0], "take it");
        assert_eq!(unrotated.json["rotation"], "a copy lies there");
        assert!(unrotated.fields == plain.fields && unrotated.version != plain.version);
    }

    #[test]
    fn an_end_is_spoken_of_each_day_only_when_it_is_near() {
        const NOW: u64 = 1_796_169_600;
        let ending = |days: u64| {
            let standing = Standing::of(State::Ending, None);
            version(&standing, Some(NOW + days * DAY + DAY / 2), NOW)
        };
        assert_eq!(ending(13), ending(3));
        assert!(ending(3) != ending(2) && ending(2) != ending(1) && ending(1) != ending(0));
    }

    #[test]
    fn another_state_or_reason_is_something_else_to_say() {
        let of = |state, reason: Option<Reason>| version(&Standing::of(state, reason), None, 0);
        let all = [
            of(State::Refused, None),
            of(State::Ended, None),
            of(State::Denied, Some(Reason::Scope)),
            of(State::Denied, Some(Reason::Ip)),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(!all[..at].contains(one), "{at}");
        }
    }
}
