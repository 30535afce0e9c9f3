//! Finds the accounts that are asked about: those that git would get at a URL or at this
//! repository's remotes, or all accounts.

use super::Held;
use crate::api::state::{Reason, Standing, State};
use crate::arguments::ANSWER_ONLY;
use crate::check::{Subject, account_standing};
use crate::cli::place::{Place, usable};
use crate::context::Context;
use crate::credential::Username;
use crate::error::Error;
use crate::forge;
use crate::git::helper_line;
use crate::git::reach::url_of;
use crate::git::url;
use crate::helper;
use crate::helper::verdict::Verdict;
use crate::keychain::{Keychain, Kind};
use crate::setup::{Asking, Chosen, Setups};
use crate::time::now;
use ::url::Url;

/// The accounts that a person named.
pub(in crate::cli) struct Wanted<'a> {
    /// The URL, or none for this repository's remotes.
    pub(in crate::cli) url: Option<&'a str>,
    pub(in crate::cli) username: Option<&'a str>,
    /// The root of the forge's API, where it is not the host's own.
    pub(in crate::cli) api: Option<&'a str>,
}

/// Returns the accounts at the named URL, or at the remotes.
///
/// # Errors
/// [`Error::Usage`] where no URL is named and there is no remote, or where the URL cannot be
/// understood; where a keychain fails.
pub(in crate::cli) fn named(
    wanted: &Wanted<'_>,
    setups: &Setups,
    keychains: &mut Vec<Box<dyn Keychain>>,
) -> Result<Vec<Held>, Error> {
    let username = wanted.username.map(|name| Username::new(name.as_bytes()));
    let username = username.map(usable).transpose()?;
    let mut held = Vec::new();
    for asked in asked(wanted.url)? {
        match asked {
            Asked::Place(place) => {
                check_api(wanted.api, &place.context)?;
                held.push(at(&place, username.as_ref(), setups, keychains)?);
            }
            Asked::Elsewhere(place, to) => {
                let standing = Standing::of(State::Unknown, Reason::Rewritten).at(Some(to));
                held.push(Held { subject: nobody(&place, standing), keychain: None });
            }
        }
    }
    Ok(held)
}

/// The URL to which git would go.
enum Asked {
    Place(Place),
    /// The named URL, and the beginning of the one to which git's `insteadOf` leads from there.
    /// That one is not of https, or has a password of its own.
    Elsewhere(Place, String),
}

fn asked(url: Option<&str>) -> Result<Vec<Asked>, Error> {
    if let Some(url) = url {
        return rewritten(url).map(|asked| vec![asked]);
    }
    let places = Place::of_remotes();
    if places.is_empty() {
        return Err(Error::Usage("name a URL, or --all: no remote here is one of https"));
    }
    Ok(places.into_iter().map(Asked::Place).collect())
}

/// Returns the URL that git makes of one that a person typed, which may be a person's short form.
fn rewritten(text: &str) -> Result<Asked, Error> {
    let typed = Place::parse(text);
    let question = match &typed {
        Ok(place) => place.url.as_str(),
        // Nothing that could hold a token becomes an argument.
        Err(_) if text.contains("://") || text.contains('@') || text.starts_with('-') => {
            return typed.map(Asked::Place);
        }
        Err(_) if forge::holds_token(text.as_bytes()) => return typed.map(Asked::Place),
        Err(_) => text.trim(),
    };
    let Some(url) = url_of(question).filter(|url| url.as_str() != question) else {
        return typed.map(Asked::Place);
    };
    match (Place::parse(&url), typed) {
        (Ok(place), _) => Ok(Asked::Place(place)),
        (Err(_), Ok(typed)) => {
            let parsed = Url::parse(&url).ok();
            let host = parsed.as_ref().and_then(Url::host_str).unwrap_or_default();
            let scheme = parsed.as_ref().map_or("ssh", Url::scheme);
            let shown = forge::shown(&format!("{scheme}://{host}")).to_owned();
            Ok(Asked::Elsewhere(typed, shown))
        }
        (Err(error), Err(_)) => Err(error),
    }
}

/// Fails where `--api` is not on the host itself: the token would go elsewhere.
pub(in crate::cli) fn check_api(api: Option<&str>, context: &Context) -> Result<(), Error> {
    let Some(api) = api else { return Ok(()) };
    let is_there = Place::parse(api).is_ok_and(|place| {
        place.context.host_level() == context.host_level() && place.username.is_none()
    });
    if is_there && api.contains("://") {
        Ok(())
    } else {
        Err(Error::Usage("--api takes the URL of the forge on the same host"))
    }
}

fn nobody(place: &Place, account: Standing) -> Subject {
    Subject {
        context: place.context.clone(),
        username: place.username.clone(),
        credential: None,
        account,
        url: Some(place.url.clone()),
        path: path_of(place),
        helper: None,
    }
}

fn path_of(place: &Place) -> String {
    String::from_utf8_lossy(&url::path(&place.url).unwrap_or_default()).into_owned()
}

fn at(
    place: &Place,
    username: Option<&Username>,
    setups: &Setups,
    keychains: &mut Vec<Box<dyn Keychain>>,
) -> Result<Held, Error> {
    let configuration = setups.configuration(Some(&place.url));
    let configured = configuration.username.as_ref().map(|(_, name)| name);
    let wanted = username.or(place.username.as_ref()).or(configured);
    let everywhere = place.context.outwards();
    let path = url::path(&place.url).filter(|path| !path.is_empty());
    let host = place.context.host_level();
    let as_git =
        if configuration.sends_path { host.answering(path.as_deref()) } else { vec![host] };
    let mut chosen = setups.first_answer(&place.url, &as_git, wanted, Asking::Person)?;
    let is_gits = chosen.is_some();
    if !is_gits {
        // An account that git never gets can be asked about all the same.
        chosen = setups.first_answer(&place.url, &everywhere, wanted, Asking::Person)?;
    }
    let unknown = |reason| Standing::of(State::Unknown, reason);
    let Some(Chosen { verdict, holder, keychain }) = chosen else {
        return Ok(Held { subject: nobody(place, unknown(Reason::NoAccount)), keychain: None });
    };
    let item = match verdict {
        Verdict::Served(item) | Verdict::Withheld(item, _) => item,
        verdict => {
            let reason = match verdict {
                Verdict::Ambiguous(..) => Reason::Ambiguous,
                Verdict::Locked => Reason::Locked,
                Verdict::Damaged => Reason::Damaged,
                Verdict::RefusedHttp => Reason::Http,
                _ => Reason::NoAccount,
            };
            return Ok(Held { subject: nobody(place, unknown(reason)), keychain: None });
        }
    };
    let credential = item.1;
    let account = account_standing(&credential, now());
    let name = wanted.cloned().or_else(|| credential.username.clone());
    let is_served = is_gits && credential.is_live(now());
    let url = nameless(&place.url);
    let helper = helper_line::by_path()
        .filter(|_| is_served)
        .map(|program| format!("{program}{} {ANSWER_ONLY}", holder.options));
    let is_kept = keychain.kind() != Kind::Source;
    keychains.push(keychain);
    let subject = Subject {
        context: credential.context.clone(),
        username: name,
        credential: Some(credential),
        account,
        url,
        path: path_of(place),
        helper,
    };
    Ok(Held { subject, keychain: is_kept.then_some(keychains.len() - 1) })
}

/// Returns the URL without a username, in the form for a setting's name.
fn nameless(url: &str) -> Option<String> {
    let mut url = Url::parse(url).ok()?;
    url.set_username("").ok()?;
    // git takes the first `=` for the end of the name.
    Some(url.as_str().replace('=', "%3D"))
}

/// Returns every account in the keychains that git's configuration names, and the error of a
/// keychain that fails.
///
/// # Errors
/// Where there is one keychain, and it fails.
pub(in crate::cli) fn all(
    setups: &Setups,
    keychains: &mut Vec<Box<dyn Keychain>>,
) -> Result<(Vec<Held>, Option<Error>), Error> {
    let everywhere = setups.everywhere()?;
    let is_one = everywhere.len() == 1;
    let (mut all, mut failed) = (Vec::new(), None);
    for setup in everywhere {
        let result = setup.open().and_then(|mut keychain| {
            let accounts = helper::with_retries(|| accounts(&mut *keychain))?;
            Ok((keychain, accounts))
        });
        match result {
            Ok((keychain, accounts)) => {
                if keychains.iter().any(|known| known.kind() == keychain.kind()) {
                    continue;
                }
                keychains.push(keychain);
                let at = Some(keychains.len() - 1);
                all.extend(accounts.into_iter().map(|subject| Held { subject, keychain: at }));
            }
            Err(error) if is_one => return Err(error),
            // A line for certain URLs may name a keychain of another system.
            Err(Error::Unsupported) => {}
            Err(error) => failed = Some(error),
        }
    }
    all.sort_by(|a, b| {
        let key = |held: &Held| (held.subject.context.clone(), held.subject.username.clone());
        key(a).cmp(&key(b))
    });
    Ok((all, failed))
}

fn accounts(keychain: &mut dyn Keychain) -> Result<Vec<Subject>, Error> {
    let mut subjects = Vec::new();
    for (found, account, credential) in helper::all_with_contents(keychain)? {
        let unknown = |reason| Standing::of(State::Unknown, reason);
        let standing = match &credential {
            // A link has another account's token, and a sign for single sign-on has none.
            Some(c) if c.is_gone(now()) || c.token.expose().is_empty() => continue,
            Some(credential) => account_standing(credential, now()),
            None if found.locked => unknown(Reason::Locked),
            None => unknown(Reason::Damaged),
        };
        let name = credential.as_ref().and_then(|c| c.username.clone());
        let filed = Some(account.username).filter(|name| !name.is_empty());
        subjects.push(Subject {
            path: String::from_utf8_lossy(&account.context.path()).into_owned(),
            context: account.context,
            username: name.or(filed),
            credential,
            account: standing,
            url: None,
            helper: None,
        });
    }
    Ok(subjects)
}
