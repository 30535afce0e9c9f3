//! What else git needs to come by a token that was stored: done where a person agreed, else
//! said.

use super::Setup;
use crate::context::Context;
use crate::credential::{Credential, Username};
use crate::error::Error;
use crate::git::{self, Failed};
use crate::helper;
use crate::keychain::Keychain;
use crate::terminal;
use crate::terminal::prompt::Terminal;
use crate::time::now;

/// Something that git is to be told, and whether a person agreed.
pub(super) struct Setting {
    lack: Lack,
    agreed: bool,
}

/// Something that git was not told yet.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Lack {
    /// To send the path at this context.
    Path(Context),
    /// Which of several accounts at this context is meant.
    Username(Context, Username),
    /// To use this helper.
    Helper(String),
}

/// What git lacks for this account.
///
/// # Errors
/// Where the keychain fails.
pub(super) fn lacks(
    setup: &Setup,
    keychain: &mut dyn Keychain,
    credential: &Credential,
) -> Result<Vec<Lack>, Error> {
    let mut lacks = Vec::new();
    let context = &credential.context;
    let path = above_repository(context);
    if context.is_scoped() && !git::sends_path(&path) {
        lacks.push(Lack::Path(path));
    }
    if !credential.any_username
        && has_others(keychain, credential)?
        && !git::asks_for_username(context)
    {
        let username = credential.username.clone().unwrap_or_default();
        lacks.push(Lack::Username(context.clone(), username));
    }
    if git::our_helper().is_none() {
        let helper = format!("pat --keychain {}", keychain.kind().name());
        let allow_http = if setup.allow_http { " --allow-http" } else { "" };
        lacks.push(Lack::Helper(format!("{helper}{allow_http}")));
    }
    Ok(lacks)
}

/// Where git is to send the path for a context: a repository's URL may end in `.git`, and for
/// git that is another place.
pub(super) fn above_repository(context: &Context) -> Context {
    let outwards = context.outwards();
    outwards.get(1).filter(|above| above.is_scoped()).unwrap_or(context).clone()
}

/// Asks a person, if there is one, about each. Nothing is changed yet.
///
/// # Errors
/// Where the person gives up.
pub(super) fn ask(
    lacks: Vec<Lack>,
    mut terminal: Option<&mut Terminal>,
) -> Result<Vec<Setting>, Error> {
    let settings = lacks.into_iter().map(|lack| {
        let agreed = match terminal.as_mut() {
            Some(terminal) => terminal.confirm(&lack.question())?,
            None => false,
        };
        Ok(Setting { lack, agreed })
    });
    settings.collect()
}

/// Whether a person has other accounts there, between which git would have to choose.
fn has_others(keychain: &mut dyn Keychain, credential: &Credential) -> Result<bool, Error> {
    let account = credential.account();
    let persons = || helper::names_of_persons(keychain, &account.context, now());
    let names = helper::with_retries(persons)?;
    Ok(names.iter().any(|name| *name != account.username))
}

/// Does what was agreed to, and says how to do the rest.
pub(super) fn carry_out(command: &'static str, settings: &[Setting]) -> Result<(), Error> {
    for Setting { lack, agreed } in settings {
        if *agreed {
            lack.carry_out()?;
            terminal::say(command, &format!("changed git's configuration: {}", lack.line()));
        } else {
            terminal::hint(&lack.hint());
        }
    }
    Ok(())
}

impl Lack {
    fn question(&self) -> String {
        match self {
            Self::Path(context) => {
                format!("git sends the path only where it is told to. Tell it for {context}?")
            }
            Self::Username(context, username) => {
                format!("There are other accounts at {context}. Let git use {username} there?")
            }
            Self::Helper(_) => "git does not use this helper yet. Make it?".to_owned(),
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::Path(context) => format!(
                "git needs to send the path: git config --global credential.{context}.useHttpPath true"
            ),
            Self::Username(context, _) => format!(
                "several accounts are there, choose one with: \
                 git config --global credential.{context}.username NAME"
            ),
            Self::Helper(helper) => format!(
                "git does not use this helper yet: \
                 git config --global --add credential.helper '{helper}'"
            ),
        }
    }

    fn line(&self) -> String {
        match self {
            Self::Path(context) => format!("credential.{context}.useHttpPath = true"),
            Self::Username(context, name) => format!("credential.{context}.username = {name}"),
            Self::Helper(helper) => format!("credential.helper = {helper}"),
        }
    }

    fn carry_out(&self) -> Result<(), Error> {
        match self {
            Self::Path(context) => git::send_path(context).map_err(Failed::tell),
            Self::Username(context, username) => git::set_username(context, username),
            Self::Helper(helper) => git::add_helper(helper).map_err(Failed::tell),
        }
    }
}
