//! What git must be told to come by what was imported: done where a person agrees, else said.

use super::Import;
use super::found::Source;
use super::plan::Plan;
use crate::cli::git_config;
use crate::context::Context;
use crate::credential::{Account, Username};
use crate::error::Error;
use crate::helper;
use crate::keychain::Keychain;
use crate::terminal;

impl Import<'_> {
    pub(super) fn settle(&mut self, source: &Source, plan: &Plan) -> Result<(), Error> {
        let stored = plan.stored();
        for (index, Account { context, username }) in stored.iter().enumerate() {
            let is_first = stored[..index].iter().all(|other| other.context != *context);
            if context.is_scoped() && !source.sends_path && is_first {
                self.path(&above_repository(context))?;
            }
            // Of several in one source the first is the one that answered so far.
            if is_first && is_ambiguous(self.keychain, context)? {
                self.username(context, username)?;
            }
        }
        if !stored.is_empty() && git_config::our_helper().is_none() {
            let helper = format!("pat --keychain {}", self.keychain.kind().name());
            let how = format!("git config --global --add credential.helper '{helper}'");
            self.offer(
                "git does not use this helper yet. Make it?",
                &format!("git does not use this helper yet: {how}"),
                || git_config::add_helper(&helper),
            )?;
        }
        Ok(())
    }

    fn path(&mut self, context: &Context) -> Result<(), Error> {
        if git_config::sends_path(context) {
            return Ok(());
        }
        let how = format!("git config --global credential.{context}.useHttpPath true");
        self.offer(
            &format!("git sends the path only where it is told to. Tell it for {context}?"),
            &format!("git needs to send the path: {how}"),
            || git_config::send_path(context),
        )
    }

    fn username(&mut self, context: &Context, username: &Username) -> Result<(), Error> {
        if git_config::asks_for_username(context) {
            return Ok(());
        }
        let how = format!("git config --global credential.{context}.username NAME");
        self.offer(
            &format!("There are several accounts at {context}. Let git use {username} there?"),
            &format!("several accounts are at {context}, choose one with: {how}"),
            || git_config::set_username(context, username),
        )
    }

    fn offer(
        &mut self,
        question: &str,
        hint: &str,
        act: impl FnOnce() -> Result<(), Error>,
    ) -> Result<(), Error> {
        // --yes agrees to an import, not to changes of git's configuration.
        if !self.arguments.yes && self.agrees(question)? {
            return act();
        }
        terminal::hint(hint);
        Ok(())
    }
}

/// Where git is to send the path for a context: a repository's URL may end in `.git`, and for
/// git that is another place.
fn above_repository(context: &Context) -> Context {
    let outwards = context.outwards();
    outwards.get(1).filter(|above| above.is_scoped()).unwrap_or(context).clone()
}

/// Whether several accounts are at a context, and none of them without a username.
fn is_ambiguous(keychain: &mut dyn Keychain, context: &Context) -> Result<bool, Error> {
    let contexts = std::slice::from_ref(context);
    let names = helper::with_one_retry(|| {
        let found = keychain.find(contexts, None)?;
        keychain.usernames(&found)
    })?;
    Ok(names.iter().all(|name| !name.is_empty()) && names.iter().any(|name| *name != names[0]))
}
