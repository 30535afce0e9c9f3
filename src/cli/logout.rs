//! `git credential-pat logout [URL]` deletes an account and its token. [`all`] deletes every one.

mod all;

use super::place::Place;
use super::{KeychainArguments, accounts, use_account};
use crate::check::kept::Kept;
use crate::context::Context;
use crate::credential::{Credential, Username};
use crate::error::Error;
use crate::forge::Id;
use crate::git::Failed;
use crate::helper::registry;
use crate::keychain::Keychain;
use crate::setup::Setups;
use crate::terminal::prompt::Terminal;
use crate::time::now;
use crate::{forge, hardening, helper, terminal};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The host, or the organisation or repository that the token is for; a container registry
    /// as `list` shows it, e.g. <docker://ghcr.io> [default: asked for]
    url: Option<String>,
    /// The account, where there are several
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// Delete every account that `list` shows, at any URL
    #[arg(long, conflicts_with_all = ["url", "username"])]
    all: bool,
    /// With --all: delete them without asking
    #[arg(long, requires = "all")]
    yes: bool,
    #[command(flatten)]
    keychain: KeychainArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    if arguments.all {
        return all::run(&arguments.keychain, arguments.yes);
    }
    // Nobody is asked where input comes from a script: its writer is not at the terminal.
    let mut terminal = if terminal::stdin_is_terminal() { Some(Terminal::open()?) } else { None };
    let place = match (&arguments.url, &mut terminal) {
        (Some(url), _) => place(url)?,
        (None, Some(terminal)) => place(&terminal.ask("URL to log out of: ")?)?,
        (None, None) => return Err(Error::Usage("the URL of the host is missing")),
    };
    let (setups, mut keychain) = if place.context.registry().is_some() {
        let setups = Setups::for_docker(arguments.keychain.keychain).map_err(Failed::tell)?;
        let keychain = setups.at(None)?.open()?;
        (setups, keychain)
    } else {
        let (setups, setup) = arguments.keychain.setup_at("logout", &place)?;
        (setups, setup.open()?)
    };
    let Place { context, username, .. } = place;
    let username = match &arguments.username {
        Some(name) => Some(Username::new(name.as_bytes())),
        None => username,
    };
    let filed = helper::with_retries(|| filed_names(&mut *keychain, &context, username.as_ref()))?;
    let name = match (filed.as_slice(), &mut terminal) {
        ([], _) => return Err(Error::NoAccount),
        ([only], _) => only,
        (several, Some(terminal)) => which(terminal, several)?,
        (_, None) => {
            return Err(Error::Usage("several accounts are there: name one with --username NAME"));
        }
    };
    let is_link = context.registry().is_some()
        && registry::kept(&mut *keychain, &context, now())?
            .is_some_and(|kept| kept.linked_to.is_some());
    let own_name = own_name(&mut *keychain, &context, name)?;
    let account = accounts::key(&context, name, false);
    let kept = helper::kept_at(&mut *keychain, &account).ok().flatten();
    helper::with_retries(|| helper::delete(&mut *keychain, &context, Some(name)))?;
    terminal::say("logout", &format!("deleted the account at {context}"));
    use_account::forget("logout", &setups, &[accounts::key(&context, &own_name, false)])?;
    if let Some(hint) = lives_on(&context, kept.as_ref()).filter(|_| !is_link) {
        terminal::hint(&hint);
    }
    Ok(())
}

/// Returns where a token that is deleted here lives on, and where a person ends it. Returns nothing
/// where there was none, or its time is over. What could not be read may live.
fn lives_on(context: &Context, kept: Option<&Credential>) -> Option<String> {
    if kept.is_some_and(|kept| kept.token.expose().is_empty() || kept.is_expired(now())) {
        return None;
    }
    let known = kept.and_then(|kept| forge::recognise(context, kept.token.expose()));
    hardening::wipe_stack();
    let told = kept.and_then(|kept| Kept::of(kept).forge).map(Id::forge);
    let forge = forge::at(context).or(told).or_else(|| forge::likely_at(context));
    let page = forge.and_then(|at| at.list_of_tokens(context, known.map(|known| known.kind)));
    Some(match page {
        Some(page) => format!(
            "the token itself lives on until you revoke it at {page}; the next time, \
             git credential-pat revoke does both"
        ),
        None => "the token itself lives on until you revoke it at the host".to_owned(),
    })
}

fn place(url: &str) -> Result<Place, Error> {
    let Some(registry) = url.trim().strip_prefix("docker://") else {
        return Place::typed("logout", url);
    };
    let context = registry::context(registry);
    let context = context.ok_or(Error::Usage("this is no name of a registry"))?;
    Ok(Place { url: String::new(), context, username: None })
}

/// The name under which people know an account: one that answers any is filed under none.
fn own_name(
    keychain: &mut dyn Keychain,
    context: &Context,
    filed: &Username,
) -> Result<Username, Error> {
    if !filed.is_empty() {
        return Ok(filed.clone());
    }
    let only = accounts::only_account(keychain, context)?;
    Ok(only.map(|(name, _)| name).unwrap_or_default())
}

/// Returns the usernames under which the accounts that may be meant are filed, each once. An
/// account that answers for any username is filed under none.
fn filed_names(
    keychain: &mut dyn Keychain,
    context: &Context,
    username: Option<&Username>,
) -> Result<Vec<Username>, Error> {
    // An older version has filed a token as a name, which `list` shows by this word.
    let is_hidden = username.is_some_and(|name| name.as_bytes() == forge::A_TOKEN.as_bytes());
    let asked = username.filter(|_| !is_hidden);
    let found = keychain.find(std::slice::from_ref(context), asked)?;
    let mut names = keychain.usernames(&found)?;
    if let Some(asked) = asked
        && names.is_empty()
    {
        // `list` shows an odd name in another form, which is not the name itself.
        let all = keychain.find(std::slice::from_ref(context), None)?;
        names = keychain.usernames(&all)?;
        names.retain(|name| name.filed().as_bytes() == asked.as_bytes());
    }
    names.retain(|name| !is_hidden || name.is_token());
    if let Some(username) = username
        && names.is_empty()
        && accounts::answers_any(keychain, context, username)?
    {
        names.push(Username::default());
    }
    names.sort();
    names.dedup();
    Ok(names)
}

fn which<'a>(terminal: &mut Terminal, names: &'a [Username]) -> Result<&'a Username, Error> {
    let list: Vec<String> = names.iter().map(Username::listed).collect();
    let answer = terminal.ask(&format!("Which account, {}: ", list.join(" or ")))?;
    let chosen = names.iter().find(|name| name.listed() == answer);
    chosen.ok_or(Error::NoAccount)
}
