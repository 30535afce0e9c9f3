//! `git credential-pat logout URL`: deletes an account and its token.

use super::KeychainArguments;
use super::place::Place;
use crate::credential::Username;
use crate::error::Error;
use crate::{helper, terminal};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The host, or the organisation or repository that the token is for
    url: String,
    /// The account, where there are several
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    #[command(flatten)]
    keychain: KeychainArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    let Place { context, username } = Place::parse(&arguments.url)?;
    let username = match &arguments.username {
        Some(name) => Some(Username::new(name.as_bytes())),
        None => username,
    };
    let mut keychain = arguments.keychain.open()?;
    let contexts = std::slice::from_ref(&context);
    let deleted = helper::with_one_retry(|| {
        let found = keychain.find(contexts, username.as_ref())?;
        let names = keychain.usernames(&found)?;
        if names.iter().any(|name| *name != names[0]) {
            return Err(Error::Usage("several accounts are there: name one with --username NAME"));
        }
        helper::delete(&mut *keychain, &context, username.as_ref())
    })?;
    if deleted == 0 {
        return Err(Error::Refused("no such account is in the keychain"));
    }
    terminal::say("logout", &format!("deleted the account at {context}"));
    terminal::hint("the token itself stays valid until you revoke it at the host");
    Ok(())
}
