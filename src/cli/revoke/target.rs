//! The account whose token is to be revoked, and the other accounts here that hold the same token.

use super::{Arguments, say};
use crate::check::Subject;
use crate::cli::check::Held;
use crate::cli::check::subjects::{self, Wanted};
use crate::cli::place::Place;
use crate::cli::rotate::words::in_place;
use crate::credential::{Account, Credential, Username};
use crate::error::Error;
use crate::helper;
use crate::keychain::{Keychain, Kind};
use crate::setup::{Setups, Sharer};
use crate::time::now;

/// An account whose token is to be revoked.
pub(super) struct Doomed {
    /// The account, with the token as the one that answers, for questions to the forge.
    pub(super) subject: Subject,
    pub(super) credential: Credential,
    /// The number of the keychain that holds it, or none where it comes from a source.
    pub(super) keychain: Option<usize>,
    /// Whether the account has set the token aside.
    pub(super) is_aside: bool,
}

/// An account in the keychain of this number.
pub(super) struct Other {
    pub(super) account: Account,
    pub(super) keychain: usize,
    /// Whether the account has set the token aside.
    pub(super) is_aside: bool,
}

impl Doomed {
    /// Takes an account with its token, or nothing where it has none.
    pub(super) fn of(subject: Subject, keychain: Option<usize>) -> Option<Self> {
        let credential = subject.credential.clone()?;
        let has_token = !credential.token.expose().is_empty();
        has_token.then_some(Self { subject, credential, keychain, is_aside: false })
    }

    /// Returns whether it is this account, in the keychain of this number.
    pub(super) fn is_of(&self, account: &Account, keychain: usize) -> bool {
        self.credential.account() == *account && self.keychain == Some(keychain)
    }

    /// Returns the account for people: `alice at https://h.example`.
    pub(super) fn shown(&self) -> String {
        in_place(self.subject.username.as_ref(), &self.credential.context)
    }
}

impl Other {
    pub(super) fn shown(&self) -> String {
        in_place(Some(&self.account.username), &self.account.context)
    }
}

/// Returns the account that git would use at the named URL, or at this repository's remotes. Where
/// git would use none, returns one that is put away at exactly that place.
///
/// # Errors
/// Where there is none or more than one, or a keychain fails.
pub(super) fn named(
    arguments: &Arguments,
    setups: &Setups,
    keychains: &mut Vec<Box<dyn Keychain>>,
) -> Result<Doomed, Error> {
    use crate::api::state::Reason;
    let wanted = Wanted {
        url: arguments.url.as_deref(),
        username: arguments.username.as_deref(),
        api: arguments.api.as_deref(),
    };
    let mut held = subjects::named(&wanted, setups, keychains)?;
    held.dedup_by(|a, b| {
        let account = |held: &Held| held.subject.credential.as_ref().map(Credential::account);
        account(a).is_some() && account(a) == account(b)
    });
    let one = match held.len() {
        1 => held.pop().ok_or(Error::NoAccount)?,
        _ => {
            return Err(Error::Usage("the remotes here use several accounts: name a URL"));
        }
    };
    if one.subject.credential.is_some() {
        return Doomed::of(one.subject, one.keychain).ok_or(Error::NoAccount);
    }
    match one.subject.account.reason {
        Some(Reason::Ambiguous) => {
            Err(Error::Usage("several accounts are there: name one with --username NAME"))
        }
        Some(Reason::Locked) => Err(Error::Locked),
        Some(Reason::Damaged) => Err(Error::Damaged),
        Some(Reason::Http) => Err(Error::Refused(
            "http is unencrypted: use https, or add --allow-http to the helper string",
        )),
        Some(Reason::NoAccount) => put_away(arguments, &one.subject, setups, keychains),
        _ => Err(Error::NoAccount),
    }
}

fn put_away(
    arguments: &Arguments,
    subject: &Subject,
    setups: &Setups,
    keychains: &mut Vec<Box<dyn Keychain>>,
) -> Result<Doomed, Error> {
    let url = Place::of(subject.context.clone()).url;
    let mut keychain = setups.at(Some(&url))?.open()?;
    let named = arguments.username.as_ref().map(|name| Username::new(name.as_bytes()));
    let name = named.as_ref().or(subject.username.as_ref());
    let kept = || helper::accounts_at(&mut *keychain, &subject.context, name, now());
    let mut items = helper::with_retries(kept)?;
    if items.len() > 1 {
        return Err(Error::Usage("several accounts are there: name one with --username NAME"));
    }
    let (_, credential) = items.pop().ok_or(Error::NoAccount)?;
    keychains.push(keychain);
    let subject = Subject::of(credential, now());
    Doomed::of(subject, Some(keychains.len() - 1)).ok_or(Error::NoAccount)
}

/// Returns the other accounts here that hold the same token, and says what could not be searched.
///
/// # Errors
/// Where the environment names an unknown keychain.
pub(super) fn same_token(
    doomed: &Doomed,
    setups: &Setups,
    keychains: &mut Vec<Box<dyn Keychain>>,
) -> Result<Vec<Other>, Error> {
    let own = doomed.keychain.map_or(Kind::Source, |number| keychains[number].kind());
    let (account, token) = (doomed.credential.account(), &doomed.credential.token);
    let sharing = setups.same_token(&account, token, own, now())?;
    for (name, error) in &sharing.failed {
        say(&format!("{name} was not searched for the same token: {error}"));
    }
    if sharing.unread > 0 {
        let count = sharing.unread;
        say(&format!("accounts that cannot be read, and may have the same token: {count}"));
    }
    let first = keychains.len();
    keychains.extend(sharing.keychains);
    let others = sharing.accounts.into_iter().map(|sharer| {
        let Sharer { account, keychain, is_aside } = sharer;
        Other { account, keychain: first + keychain, is_aside }
    });
    Ok(others.collect())
}
