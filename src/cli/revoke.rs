//! `git credential-pat revoke [URL]` ends a token at its forge, and only then deletes it here.
//!
//! - [`target`]: the account whose token is meant, and all others here that hold the same token.
//! - [`killing`]: the order of the steps, so that no token is lost here that may still live.
//! - [`report`]: what is said before and afterwards. [`all_at`]: every token of one host.

mod all_at;
mod killing;
mod report;
mod target;

use super::KeychainArguments;
use super::check::parse_timeout;
use super::login::parse_forge;
use crate::check::Options;
use crate::error::Error;
use crate::forge;
use crate::keychain::Keychain;
use crate::terminal;
use crate::terminal::prompt::Terminal;
use crate::time::now;
use killing::Killing;
use std::time::Duration;
use target::Doomed;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The host, or the organisation or repository, where git would use the token [default: this
    /// repository's remote]
    url: Option<String>,
    /// The account, where there are several
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// Others have seen the token: git is not given it from now on, whatever the forge answers, and
    /// what else there is to do is shown
    #[arg(long)]
    breach: bool,
    /// Revoke without asking
    #[arg(long)]
    yes: bool,
    /// Revoke every token that is kept here for this host, before you give the machine away
    #[arg(long, value_name = "HOST", conflicts_with_all = ["url", "username", "breach"])]
    all_at: Option<String>,
    /// The forge at the host, where its name does not tell: github, gitlab, bitbucket, gitea
    /// (or Forgejo), azure or huggingface
    #[arg(long, value_name = "NAME", value_parser = parse_forge)]
    forge: Option<forge::Id>,
    /// The forge's URL, if it is not at the root of its host: <https://HOST/git>
    #[arg(long, value_name = "URL")]
    api: Option<String>,
    /// The longest time that one question to the forge may take
    #[arg(long, value_name = "30s", default_value = "30s", value_parser = parse_timeout)]
    timeout: Duration,
    #[command(flatten)]
    keychain: KeychainArguments,
}

impl Arguments {
    fn options(&self) -> Options {
        Options {
            forge: self.forge,
            api: self.api.clone(),
            offline: false,
            warn_before: 0,
            timeout: self.timeout,
            now: now(),
        }
    }
}

/// Runs the command. Returns the exit status: 0 if the token is dead and gone from here, or 1.
pub(super) fn run(arguments: &Arguments) -> Result<u8, Error> {
    let setups = arguments.keychain.setups()?;
    let options = arguments.options();
    if let Some(host) = &arguments.all_at {
        return all_at::run(host, arguments.yes, &setups, &options);
    }
    let mut keychains: Vec<Box<dyn Keychain>> = Vec::new();
    let doomed = target::named(arguments, &setups, &mut keychains)?;
    let others = target::same_token(&doomed, &setups, &mut keychains)?;
    report::before(&doomed, &others, &options);
    if !arguments.yes {
        agree(&doomed)?;
    }
    let mut killing = Killing { keychains, setups: &setups, options: &options };
    if arguments.breach {
        killing.mark_all(&doomed, &others)?;
    }
    let outcome = killing.kill(&doomed, &others, arguments.breach)?;
    if arguments.breach {
        report::what_else(&doomed, &others, &outcome, &options)?;
    }
    Ok(u8::from(!outcome.is_dead()))
}

/// Asks the person at the terminal, who types the username of the account.
///
/// # Errors
/// [`Error::Usage`] where nobody can be asked, [`Error::Refused`] where the answer is no.
fn agree(doomed: &Doomed) -> Result<(), Error> {
    let mut terminal = asked()?;
    let name = doomed.subject.username.as_ref().filter(|name| !name.is_empty());
    let agrees = match name {
        Some(name) => {
            let name = name.to_string();
            terminal.ask(&format!("To revoke it, type the username {name}: "))? == name
        }
        None => terminal.confirm("Revoke it?")?,
    };
    if agrees { Ok(()) } else { Err(Error::Refused("nothing was revoked")) }
}

/// Returns the terminal of the person who is asked. Nobody is asked where input comes from a
/// script: its writer is not at the terminal.
fn asked() -> Result<Terminal, Error> {
    const NOBODY: Error = Error::Usage("nobody can be asked here: add --yes to revoke without");
    let terminal = Terminal::open().map_err(|_| NOBODY)?;
    if terminal::stdin_is_terminal() { Ok(terminal) } else { Err(NOBODY) }
}

fn say(what: &str) {
    terminal::say("revoke", what);
}
