//! `git credential-pat import` brings tokens from plain text, and from other helpers, into the
//! keychain.
//!
//! It takes one source after the other: it reads the source, shows what would become of each
//! token, asks, writes, reads back, and only then offers to remove the plain text. A token that is
//! not understood, or not wanted, stays in its source. Another token that the keychain has for the
//! same account is replaced only with `--replace`.
//!
//! - [`found`]: the entries of a source. [`plan`]: what becomes of each.
//! - [`from`]: the sources by name. A file for each: [`store_file`], [`netrc`], [`git_config`],
//!   [`gh`], [`glab`], [`keyring`], [`other_helper`], [`foreign_items`],
//!   [`our_keychain`].
//! - [`asking`]: the questions to the forges about what was brought.
//! - [`git_hosts`]: the entries of `.netrc` that are git's. [`store_lines`]: the lines of git's
//!   `store`, once nothing is left in its files.
//! - [`credential_url`]: the token of a URL. [`plain_file`]: a file that loses some of its parts in
//!   one step.

mod asking;
mod credential_url;
#[cfg(all(unix, not(target_os = "macos")))]
mod foreign_items;
mod found;
mod from;
mod gh;
mod git_config;
mod git_hosts;
mod glab;
mod keyring;
pub(super) mod look;
mod netrc;
mod other_helper;
mod our_keychain;
mod plain_file;
mod plan;
mod store_file;
mod store_lines;

use super::KeychainArguments;
use super::place::Place;
use super::settle::{self, Lack};
use crate::context::Context;
use crate::credential::Credential;
use crate::error::Error;
use crate::git::url;
use crate::keychain::Kind;
use crate::setup::{Opened, Setups};
use crate::terminal;
use crate::terminal::prompt::Terminal;
use found::Source;
use from::From;
use plan::{Plan, Step};
use std::collections::BTreeMap;

#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags are what people type")]
pub(super) struct Arguments {
    /// Where the tokens are: store (git's plain-text file), netrc, gh (its hosts file, and its
    /// keyring entries), each with =FILE for another file; config (git's configuration, also
    /// called remotes); libsecret or manager (the items of these helpers in the desktop's
    /// keychain); with one URL, keyring=SERVICE/USER (an entry of another program); or, with URLs,
    /// glab (its keyring entries) or any helper of git's by its name; kernel, or the name of another
    /// keychain of ours (what is kept there) [default: all plain-text files and git's configuration,
    /// each offered]
    #[arg(long, value_name = "SOURCE", value_parser = from::parse)]
    from: Vec<From>,
    /// Import only tokens for these URLs. A helper, glab and an entry of the keyring need the URLs
    /// that their tokens are for
    #[arg(value_name = "URL")]
    urls: Vec<String>,
    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Import without asking
    #[arg(long)]
    yes: bool,
    /// Replace another token that the keychain has for the same account
    #[arg(long)]
    replace: bool,
    /// Remove from the source the tokens that the keychain then has. Where the keychain forgets
    /// them at a reboot, ask first, unless --yes is given, too
    #[arg(long, conflicts_with = "dry_run")]
    remove: bool,
    /// Do not offer to ask the forges whether they take the tokens
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    keychain: KeychainArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    if arguments.from.is_empty() && arguments.yes {
        return Err(Error::Usage("--yes needs the source by name: --from SOURCE"));
    }
    let urls = arguments.urls.iter().map(|url| Place::parse(url));
    let urls = urls.collect::<Result<Vec<_>, _>>()?;
    let setups = arguments.keychain.setups()?;
    let mut sources = Vec::new();
    if arguments.from.is_empty() {
        for from in from::PLAIN_TEXT {
            match from.sources(&urls) {
                Ok(found) => sources.extend(found),
                // A source that cannot be read does not hide the others.
                Err(error) => terminal::say("import", &error.to_string()),
            }
        }
    }
    for from in &arguments.from {
        let found = from.sources(&urls)?;
        if found.is_empty() {
            return Err(Error::Refused("there is nothing of the kind that --from names"));
        }
        sources.extend(found);
    }
    sources.retain(|source| !source.entries.is_empty());
    found::keep_names_apart(&mut sources);
    if sources.is_empty() {
        terminal::say("import", "there is no token to import");
    }
    let opened = Opened::none(&setups);
    let brought = Vec::new();
    let mut import = Import { arguments, setups: &setups, opened, person: None, brought };
    for source in &sources {
        import.source(source)?;
    }
    drop(sources);
    import.end_store()?;
    import.ask_forges()
}

struct Import<'a> {
    arguments: &'a Arguments,
    setups: &'a Setups,
    /// The keychains that were opened for the contexts of tokens.
    opened: Opened<'a>,
    /// The terminal, which is opened when there is something to ask.
    person: Option<Terminal>,
    /// The accounts that were stored.
    brought: Vec<Credential>,
}

impl Import<'_> {
    fn source(&mut self, source: &Source) -> Result<(), Error> {
        let mut plan = Plan::make(source, &mut self.opened, self.arguments.replace)?;
        terminal::write_raw(plan.table().as_bytes())?;
        for (label, what) in plan.copied_along() {
            let warning = format!(
                "warning: {label}: the token came with {what}, which the host would refuse"
            );
            terminal::say("import", &warning);
        }
        if self.arguments.dry_run {
            return Ok(());
        }
        if let Some(removal) = source.removal.as_ref().filter(|_| self.arguments.remove) {
            // Otherwise the import would be done and the removal would fail.
            removal.check(&plan.to_settle())?;
        }
        let wanted = plan.count(|step| step.is_wanted());
        let answering = self.answering(&plan)?;
        let agreed = wanted > 0 && self.agrees_to_import(&mut plan, wanted)?;
        if agreed {
            let stored = plan.carry_out(&mut self.opened)?;
            for new in plan.stored() {
                self.brought.retain(|old| old.account() != new.account());
                self.brought.push(new.clone());
            }
            for (number, kind) in stored.iter().enumerate() {
                if !stored[..number].contains(kind) {
                    let count = stored.iter().filter(|other| *other == kind).count();
                    let keychain = kind.in_a_sentence();
                    terminal::say("import", &format!("stored {} in {keychain}", tokens(count)));
                }
            }
        }
        if plan.count(|step| matches!(step, Step::Differs)) > 0 {
            terminal::hint("to replace a token that is stored, repeat with --replace");
        }
        self.settle(source, &plan, &answering)?;
        self.remove(source, &plan)
    }

    /// Returns whether a person agrees to the import of all tokens or of some, which are then the
    /// wanted ones of the plan.
    fn agrees_to_import(&mut self, plan: &mut Plan<'_>, wanted: usize) -> Result<bool, Error> {
        let question = format!("Import {}?", tokens(wanted));
        if wanted == 1 || self.arguments.yes {
            return self.agrees(&question);
        }
        let answer = self.person()?.ask(&format!("{question} [y/N, or e to choose each] "))?;
        match answer.to_lowercase().get(..1) {
            Some("y") => Ok(true),
            Some("e") => {
                let person = self.person()?;
                Ok(plan.choose(&mut |question| person.confirm(question))? > 0)
            }
            _ => Ok(false),
        }
    }

    /// Makes git stop asking its own `store`, if the files of that were read.
    fn end_store(&mut self) -> Result<(), Error> {
        let from = &self.arguments.from;
        let is_store = |from: &From| matches!(from, From::Store(_));
        if self.arguments.dry_run || !(from.is_empty() || from.iter().any(is_store)) {
            return Ok(());
        }
        let (yes, remove) = (self.arguments.yes, self.arguments.remove);
        store_lines::end(&mut |question| {
            if yes {
                // `--yes` alone agrees to an import, and not to changes of git's configuration.
                return Ok(remove);
            }
            self.person().map_or(Ok(false), |person| person.confirm(question))
        })
    }

    /// Removes from the source the entries that the keychain has now, if a person agrees.
    fn remove(&mut self, source: &Source, plan: &Plan) -> Result<(), Error> {
        let settled = plan.settled();
        if settled.is_empty() {
            return Ok(());
        }
        let Some(removal) = &source.removal else {
            if let Some(remark) = &source.remark {
                terminal::hint(remark);
            }
            return Ok(());
        };
        let (mut what, name) = (tokens(settled.len()), &source.name);
        let dropped = plan.dropped();
        if dropped > 0 {
            what = format!("{what} ({dropped} of them never used, and kept nowhere)");
        }
        let kinds = plan.kept_in(&mut self.opened)?;
        let forgetful = kinds.into_iter().find(|kind| !kind.outlives_reboot());
        if self.may_remove(&format!("Remove {what} from {name}?"), forgetful)? {
            removal.remove(&settled)?;
            terminal::say("import", &format!("removed {what} from {name}"));
            if let Some(kind) = forgetful {
                terminal::hint(&format!("the only copy is now in {}", kind.in_a_sentence()));
            }
            if let Some(remark) = &source.remark {
                terminal::hint(remark);
            }
        } else if let Some(kind) = forgetful {
            terminal::hint(&format!(
                "{name} still holds them in plain text, and what is imported is in {}",
                kind.in_a_sentence()
            ));
        } else {
            terminal::hint(&format!("{name} still holds them: add --remove"));
        }
        Ok(())
    }

    /// Returns whether a person agrees to a removal. Where a keychain forgets at a reboot,
    /// `--remove` alone is no agreement: the last lasting copy would go.
    fn may_remove(&mut self, question: &str, forgetful: Option<Kind>) -> Result<bool, Error> {
        match forgetful {
            _ if self.arguments.yes => Ok(self.arguments.remove),
            None if self.arguments.remove => Ok(true),
            None => self.agrees(question),
            Some(kind) => self.agrees(&format!("They are in {}. {question}", kind.in_a_sentence())),
        }
    }

    /// Returns the accounts that answer so far at the contexts for which tokens are to be stored.
    fn answering(&mut self, plan: &Plan) -> Result<BTreeMap<Context, Credential>, Error> {
        let mut answering = BTreeMap::new();
        for Credential { context, .. } in plan.wanted() {
            let (keychain, _) = self.opened.at(context)?;
            if let Some(credential) = settle::answering(self.setups, keychain, context)? {
                answering.insert(context.clone(), credential);
            }
        }
        Ok(answering)
    }

    /// Offers the changes of git's configuration that the stored tokens need.
    fn settle(
        &mut self,
        source: &Source,
        plan: &Plan,
        answering: &BTreeMap<Context, Credential>,
    ) -> Result<(), Error> {
        let mut lacks: Vec<Lack> = Vec::new();
        let mut urls = Vec::new();
        for credential in plan.stored() {
            let url = url::of(&credential.context);
            let (keychain, _) = self.opened.at(&credential.context)?;
            let so_far = answering.get(&credential.context).cloned();
            let found = settle::lacks(self.setups, &url, keychain, credential, so_far)?;
            urls.push(url);
            for lack in found {
                // Of several accounts, the first one in the source has answered so far.
                let is_said = lacks.iter().any(|other| match (other, &lack) {
                    (Lack::Account(said), Lack::Account(several)) => said.is_at(several),
                    (said, lack) => said == lack,
                });
                let is_done_later = matches!(lack, Lack::Path(_)) && source.sends_path;
                if !is_said && !is_done_later {
                    lacks.push(lack);
                }
            }
        }
        // --yes agrees to an import, not to changes of git's configuration.
        let settings = settle::ask(lacks, self.person.as_mut())?;
        settle::carry_out("import", &settings, &urls)
    }

    /// Returns whether a person agrees, now or by `--yes`.
    fn agrees(&mut self, question: &str) -> Result<bool, Error> {
        if self.arguments.yes {
            return Ok(true);
        }
        self.person()?.confirm(question)
    }

    fn person(&mut self) -> Result<&mut Terminal, Error> {
        Ok(match &mut self.person {
            Some(person) => person,
            none => none.insert(Terminal::open().map_err(|_| {
                Error::Usage("there is no terminal to ask on: add --yes, or --dry-run to look only")
            })?),
        })
    }
}

fn tokens(count: usize) -> String {
    if count == 1 { "1 token".to_owned() } else { format!("{count} tokens") }
}
