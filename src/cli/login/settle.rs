//! What else git needs to come by the token: done where a person agreed, else said.

use crate::cli::{Setup, git_config};
use crate::context::Context;
use crate::credential::{Credential, Username};
use crate::error::Error;
use crate::helper;
use crate::keychain::Keychain;
use crate::terminal;
use crate::terminal::prompt::Terminal;

/// A setting that git lacks.
pub(super) struct Setting {
    what: What,
    agreed: bool,
}

enum What {
    /// The path at this context.
    Path(Context),
    /// Which of several accounts at this context.
    Username(Context, Username),
    /// This helper.
    Helper(String),
}

/// What git lacks for this account, and what a person says to it. Nothing is changed yet.
pub(super) fn plan(
    setup: &Setup,
    keychain: &mut dyn Keychain,
    credential: &Credential,
    mut terminal: Option<&mut Terminal>,
) -> Result<Vec<Setting>, Error> {
    let mut settings = Vec::new();
    let mut lacks = |what: What| -> Result<(), Error> {
        let agreed = match terminal.as_mut() {
            Some(terminal) => terminal.confirm(&what.question())?,
            None => false,
        };
        settings.push(Setting { what, agreed });
        Ok(())
    };
    let context = &credential.context;
    if context.is_scoped() && !git_config::sends_path(context) {
        lacks(What::Path(context.clone()))?;
    }
    if !credential.any_username
        && has_others(keychain, credential)?
        && !git_config::asks_for_username(context)
    {
        let username = credential.username.clone().unwrap_or_default();
        lacks(What::Username(context.clone(), username))?;
    }
    if git_config::our_helper().is_none() {
        let helper = format!("pat --keychain {}", keychain.kind().name());
        let allow_http = if setup.allow_http { " --allow-http" } else { "" };
        lacks(What::Helper(format!("{helper}{allow_http}")))?;
    }
    Ok(settings)
}

/// Whether other accounts are there, between which git would have to choose.
fn has_others(keychain: &mut dyn Keychain, credential: &Credential) -> Result<bool, Error> {
    let account = credential.account();
    let contexts = std::slice::from_ref(&account.context);
    helper::with_retries(|| {
        let found = keychain.find(contexts, None)?;
        let names = keychain.usernames(&found)?;
        Ok(names.iter().any(|name| *name != account.username))
    })
}

/// Does what was agreed to, and says how to do the rest.
pub(super) fn carry_out(settings: &[Setting]) -> Result<(), Error> {
    for Setting { what, agreed } in settings {
        if *agreed {
            what.carry_out()?;
            terminal::say("login", &format!("changed git's configuration: {}", what.line()));
        } else {
            terminal::hint(&what.hint());
        }
    }
    Ok(())
}

impl What {
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
            Self::Path(context) => git_config::send_path(context),
            Self::Username(context, username) => git_config::set_username(context, username),
            Self::Helper(helper) => git_config::add_helper(helper),
        }
    }
}
