//! Which tokens a timer may rotate while nobody looks, of those that a person has agreed to.
//!
//! A token that is used somewhere else, too, is left to a person: once it is rotated, whatever has
//! the old one fails. So a token of which a copy lies about is left out, one that another account
//! has, too, and one that its forge has seen from several addresses. So is one whose keychain forgets at the next start of the machine:
//! the new token would be nowhere then.

use crate::api::renewal::Renewal;
use crate::api::state::State;
use crate::check::kept::Kept;
use crate::check::{Checked, Options};
use crate::copies::{self, Search};
use crate::credential::Credential;
use crate::error::Error;
use crate::forge;
use crate::keychain::Kind;
use crate::rotate::Stage;
use crate::rotate::online::Online;
use crate::setup::{Setups, Sharing};

/// What is to be done with a token that may be rotated.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Plan {
    /// Its end is not near, or it cannot be known now whether it lives.
    NotYet,
    Rotate,
    /// A person must rotate it, for this reason.
    LeftOut(LeftOut),
}

/// The reason why a token is left to a person, and what helps.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct LeftOut {
    pub(crate) why: String,
    pub(crate) hint: Option<String>,
}

/// Returns what is to be done with an account's token that ends within `due` seconds. Where else the
/// token lies is searched only where everything else is right.
///
/// # Errors
/// Where the environment names an unknown keychain.
pub(crate) fn plan(
    checked: &Checked,
    kind: Kind,
    due: u64,
    options: &Options,
    setups: &Setups,
) -> Result<Plan, Error> {
    let latest = checked.learnt.as_ref().or(checked.subject.credential.as_ref());
    let Some(credential) = latest else { return Ok(Plan::NotYet) };
    if Stage::of(credential).is_some() {
        // One that was cut off is brought to its end, whatever has become of the token since.
        return Ok(Plan::Rotate);
    }
    if !is_due(credential, checked.expiry, due, options.now) {
        return Ok(Plan::NotYet);
    }
    // What is wrong with it is reported as with every other account.
    if !matches!(checked.worst.state, State::Good | State::Ending) {
        return Ok(Plan::NotYet);
    }
    let objection = objection(credential, options).or_else(|| of_place(checked, kind));
    if let Some(left_out) = objection {
        return Ok(Plan::LeftOut(left_out));
    }
    let token = &credential.token;
    let sharing = setups.same_token(&credential.account(), token, kind, options.now)?;
    let left_out = shared(&sharing).or_else(|| lying_about(&copies::of(token)));
    Ok(left_out.map_or(Plan::Rotate, Plan::LeftOut))
}

fn is_due(credential: &Credential, expiry: Option<u64>, due: u64, now: u64) -> bool {
    let end = expiry.or(credential.expiry);
    end.is_some_and(|end| end > now && end <= now.saturating_add(due))
}

/// Returns why nobody but a person can rotate an account's token, if that is so.
pub(crate) fn objection(credential: &Credential, options: &Options) -> Option<LeftOut> {
    let online = Online { options, expiry: 0 };
    let why = match online.renewal(credential) {
        Ok(Renewal::ByToken) => return None,
        Ok(Renewal::None(why)) => why.to_owned(),
        Ok(Renewal::ByPage | Renewal::ByPassword) => {
            let scopes = Kept::of(credential).scopes.unwrap_or_default().join(", ");
            let scopes =
                if scopes.is_empty() { scopes } else { format!(" of one that may {scopes}") };
            format!("its forge gives a new token in the place{scopes} to a person alone")
        }
        Err(_) => "nobody knows how its forge is asked".to_owned(),
    };
    Some(LeftOut { why, hint: None })
}

/// Returns why a token is not rotated where it is kept, or where it is used.
fn of_place(checked: &Checked, kind: Kind) -> Option<LeftOut> {
    if !kind.outlives_reboot() {
        return Some(in_memory(kind));
    }
    let addresses = checked.facts.used_from.as_deref().unwrap_or_default();
    if addresses.len() > 1 {
        let addresses = addresses.join(", ");
        let why = format!("it was used from several addresses: {addresses}");
        return Some(LeftOut { why, hint: None });
    }
    None
}

/// Returns why no token of a keychain in memory is rotated.
pub(crate) fn in_memory(kind: Kind) -> LeftOut {
    let why = format!("the new one would be lost in {}", kind.in_a_sentence());
    LeftOut { why, hint: kind.instead().map(ToOwned::to_owned) }
}

/// Returns why a token is left out that another account here has, or may have.
fn shared(sharing: &Sharing) -> Option<LeftOut> {
    let other = sharing.accounts.iter().find(|one| !one.is_aside);
    let why = match other {
        Some(other) => {
            let place = forge::shown_context(&other.account.context);
            let name = Some(&other.account.username).filter(|name| !name.is_empty());
            let name = name.map(|name| format!(" for {name}")).unwrap_or_default();
            format!("another account has the same token: {place}{name}")
        }
        None if sharing.unread > 0 || !sharing.failed.is_empty() => {
            "another account may have the same token, and cannot be read now".to_owned()
        }
        None => return None,
    };
    Some(LeftOut { why, hint: None })
}

fn lying_about(search: &Search) -> Option<LeftOut> {
    if let Some(copy) = search.copies.first() {
        let others = match search.copies.len() - 1 {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let why = format!("a copy of it lies elsewhere: {}{others}", copy.place());
        return Some(LeftOut { why, hint: Some(copy.mend.text().to_owned()) });
    }
    let unread = search.unread.first()?;
    let why = format!("a copy of it may lie in {}: {}", unread.file, unread.why);
    Some(LeftOut { why, hint: None })
}
