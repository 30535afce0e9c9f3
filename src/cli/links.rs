//! Links container registries to an account, for `login` and `edit`. A linked registry gets
//! whatever token the account has.

use crate::context::Context;
use crate::credential::{Account, Credential, Username};
use crate::error::Error;
use crate::git::Failed;
use crate::helper::{self, Item, registry};
use crate::keychain::{Found, Keychain};
use crate::setup::Setups;
use crate::terminal;
use crate::time::now;
use serde_json::json;

/// Returns the registries with these names.
///
/// # Errors
/// [`Error::Usage`] where one of them is no name of a registry.
pub(super) fn registries(names: &[String]) -> Result<Vec<Context>, Error> {
    names.iter().map(|name| named(name)).collect()
}

fn named(name: &str) -> Result<Context, Error> {
    if registry::exposes_secrets(name) {
        return Err(Error::Usage(
            "a registry that is called http:// would show the token on its way",
        ));
    }
    let context = registry::context(name);
    context.ok_or(Error::Usage("this is no name of a registry"))
}

/// Returns the links of these registries to an account.
pub(super) fn of(registries: &[Context], credential: &Credential) -> Vec<Credential> {
    registries.iter().map(|at| registry::link(at.clone(), credential, now())).collect()
}

/// Checks whether these links can be written. A registry's own token is not lost without `replace`.
///
/// # Errors
/// Where a link cannot be written, or docker's keychain fails.
pub(super) fn may_be_written(links: &[Credential], replace: bool) -> Result<(), Error> {
    if links.is_empty() {
        return Ok(());
    }
    let mut keychain = keychain_of_docker()?;
    for link in links {
        let kept = registry::kept(&mut *keychain, &link.context, now())?;
        let is_own = kept.is_some_and(|kept| kept.linked_to.is_none());
        if is_own && !replace {
            return Err(Error::Refused(
                "the registry has a token of its own: add --replace to drop it",
            ));
        }
    }
    Ok(())
}

/// Writes these links, and says so.
///
/// # Errors
/// Where docker's keychain fails, or a registry has a token of its own.
pub(super) fn write(
    command: &'static str,
    links: &[Credential],
    replace: bool,
) -> Result<(), Error> {
    may_be_written(links, replace)?;
    for link in links {
        registry::put(&mut *keychain_of_docker()?, link, &mut |_| Ok(None))?;
        let name = link.context.registry().unwrap_or_default();
        terminal::say(command, &format!("{name} gets this account's token, too"));
        terminal::hint(&format!(
            "docker and podman ask for it with this in their configuration: \
             \"credHelpers\": {{ {}: \"pat\" }}",
            json!(name)
        ));
    }
    Ok(())
}

/// Makes the links that lead to an account lead to its new name.
///
/// # Errors
/// Where docker's keychain fails.
pub(super) fn follow(old: &Credential, new: &Credential) -> Result<(), Error> {
    let mut keychain = keychain_of_docker()?;
    let name = old.username.clone().unwrap_or_default();
    for (_, link) in to(&mut *keychain, &old.context, &name)? {
        let link = Credential { server: link.server, ..registry::link(link.context, new, now()) };
        registry::put(&mut *keychain, &link, &mut |_| Ok(None))?;
    }
    Ok(())
}

/// Removes the links that lead to an account of this username. Returns the names of their
/// registries.
///
/// # Errors
/// Where docker's keychain fails.
pub(super) fn remove_to(context: &Context, username: &Username) -> Result<Vec<String>, Error> {
    let mut keychain = keychain_of_docker()?;
    let links = to(&mut *keychain, context, username)?;
    let mut names = Vec::new();
    for (found, link) in links {
        keychain.delete(&found)?;
        names.extend(link.context.registry());
    }
    Ok(names)
}

/// Returns the links that lead to an account of this username.
fn to(
    keychain: &mut dyn Keychain,
    context: &Context,
    username: &Username,
) -> Result<Vec<Item>, Error> {
    let listed = helper::with_retries(|| keychain.list())?;
    let is_open =
        |(found, account): &(Found, Account)| account.context.registry().is_some() && !found.locked;
    let found: Vec<Found> = listed.into_iter().filter(is_open).map(|(found, _)| found).collect();
    let (mut links, _) = helper::read_sound(keychain, &found)?;
    links.retain(|(_, link)| {
        let name = link.username.clone().unwrap_or_default();
        link.linked_to.as_ref() == Some(context) && name == *username
    });
    Ok(links)
}

/// Opens the keychain in which docker's helper looks for a registry.
fn keychain_of_docker() -> Result<Box<dyn Keychain>, Error> {
    Setups::for_docker(None).map_err(Failed::tell)?.at(None)?.open()
}
