//! `git credential-pat login [URL]` keeps a token, and makes git use it.
//!
//! First everything is asked and checked, then everything is done: a person who gives up at any
//! question leaves nothing half done.

pub(super) mod ask;
pub(super) mod expiry;
pub(super) mod learn;
pub(super) mod page;
pub(super) mod proxy;
mod save;

use super::place::{Place, usable};
use super::{KeychainArguments, links, settle};
use crate::context::Context;
use crate::credential::{Credential, Username};
use crate::error::Error;
use crate::forge;
use crate::git::url;
use crate::helper::Restored;
use crate::keychain::Keychain;
use crate::terminal::prompt::Terminal;
use crate::time::{now, relative};
use crate::{helper, terminal};
use ask::Login;
use save::{Saved, save};

#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags are what people type")]
pub(super) struct Arguments {
    /// The host, e.g. <https://github.com>; with a path, the organisation or repository that
    /// the token is for [default: asked for]
    url: Option<String>,
    /// The account [default: the URL's, else asked for; with --with-token the only account at the
    /// URL, else the host's convention]
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// Read the token from standard input, and ask nothing
    #[arg(long)]
    with_token: bool,
    /// The token's end: a date, at whose beginning (00:00 UTC) the token ends, a time such as
    /// 2027-01-31T12:00:00Z, or a span from now, such as 90d. It is not served after that
    #[arg(long, value_name = "DATE|90d")]
    expires: Option<String>,
    /// Replace the account's token, if it has another one that still serves
    #[arg(long)]
    replace: bool,
    /// The forge at the host, where its name does not tell: github, gitlab, bitbucket, gitea (or
    /// Forgejo), azure or huggingface. It has the token page, is asked about the token, and is kept
    /// with the account
    #[arg(long, value_name = "NAME", value_parser = parse_forge)]
    forge: Option<forge::Id>,
    /// Give the token to this container registry, too, e.g. ghcr.io: docker, podman and others
    /// then get whatever token the account has
    #[arg(long, value_name = "REGISTRY")]
    also: Vec<String>,
    /// Answer any username that a clone URL carries with this token
    #[arg(long)]
    any_username: bool,
    /// Do not ask the forge about the token
    #[arg(long)]
    offline: bool,
    /// Keep a token even if the forge does not take it
    #[arg(long)]
    force: bool,
    /// Serve again a token that the host rejected, or an account that was put away
    #[arg(long, conflicts_with_all = ["with_token", "any_username", "expires", "replace", "forge", "also", "force"])]
    restore: bool,
    /// Ask nothing; fail where something would have to be asked
    #[arg(long)]
    no_input: bool,
    #[command(flatten)]
    keychain: KeychainArguments,
}

pub(super) fn parse_forge(word: &str) -> Result<forge::Id, String> {
    let words = || forge::Id::ALL.map(|id| id.forge().word()).join(", ");
    forge::Id::from_word(word).ok_or_else(|| format!("it takes one of {}", words()))
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    let place = arguments.url.as_deref().map(|url| Place::typed("login", url)).transpose()?;
    let also = links::registries(&arguments.also)?;
    if arguments.with_token && terminal::stdin_is_terminal() {
        return Err(Error::Usage(
            "--with-token reads a pipe or a file: leave it out to be asked, without an echo",
        ));
    }
    let mut terminal = person(arguments)?;
    if place.is_none() && terminal.is_some() {
        // Which host it is has yet to be asked; most have the same keychain.
        is_ready(&mut *arguments.keychain.setups()?.at(None)?.open()?, None)?;
    }
    let place = match (place, &mut terminal) {
        (Some(place), _) => place,
        (None, Some(terminal)) => ask_place(terminal)?,
        (None, None) => return Err(Error::Usage("the URL of the host is missing")),
    };
    let (setups, setup) = arguments.keychain.setup_at("login", &place)?;
    if place.context.exposes_secrets() && !setup.allow_http && !arguments.restore {
        proxy::agree(&place, terminal.as_mut())?;
    }
    let given = match &arguments.username {
        Some(name) => Some(Username::new(name.as_bytes())),
        None => place.username.clone(),
    };
    let given = given.map(usable).transpose()?;
    if given.as_ref().is_some_and(Username::is_empty) {
        return Err(Error::Usage("this username cannot be used"));
    }
    let expiry = match &arguments.expires {
        Some(text) => expiry::parse(text, now())?,
        None => None,
    };
    let mut keychain = setup.open()?;
    if arguments.restore {
        return restore(&mut *keychain, &place.context, given.as_ref());
    }
    if terminal.is_some() {
        is_ready(&mut *keychain, Some(&place.context))?;
    }
    let (context, replace) = (place.context.clone(), arguments.replace);
    let mut login = Login { arguments, context, also, replace, is_refused: false };
    let credential = match &mut terminal {
        Some(terminal) => login.converse(terminal, &mut *keychain, given, expiry)?,
        None => login.read(&mut *keychain, given, expiry)?,
    };
    let so_far = settle::answering(&setups, &mut *keychain, &credential.context)?;
    let lacks = settle::lacks(&setups, &place.url, &mut *keychain, &credential, so_far)?;
    let settings = match &mut terminal {
        Some(terminal) => settle::ask(lacks, Some(terminal))?,
        None => settle::keep(lacks),
    };
    let links = links::of(&login.also, &credential);
    links::may_be_written(&links, login.replace)?;
    let (saved, credential) = save(&mut *keychain, credential, login.replace)?;
    report(&saved, &credential, &*keychain);
    settle::carry_out("login", &settings, &[place.url])?;
    if let Some(lack) = proxy::lack(setups.entries(), &credential.context) {
        terminal::say("login", &lack);
        terminal::hint(&proxy::mend(&credential.context, credential.username.as_ref()));
    }
    // The changed configuration may name another keychain for docker.
    links::write("login", &links, login.replace)?;
    if login.is_refused {
        return Err(Error::Refused("the forge does not take the token, which is stored as it is"));
    }
    Ok(())
}

/// Returns the terminal of the person to ask, or nobody where no question is needed.
fn person(arguments: &Arguments) -> Result<Option<Terminal>, Error> {
    if arguments.with_token || arguments.restore {
        return Ok(None);
    }
    if arguments.no_input {
        return Err(Error::Usage("--no-input needs --with-token and the token on standard input"));
    }
    Terminal::open().map(Some)
}

/// Checks that a keychain answers and is open, at this context or any, so that nobody types a token
/// in vain.
fn is_ready(keychain: &mut dyn Keychain, context: Option<&Context>) -> Result<(), Error> {
    let usual = Context::of_host(b"https", USUAL_HOST.as_bytes());
    let contexts: Vec<Context> = context.cloned().or(usual).into_iter().collect();
    helper::with_retries(|| keychain.find(&contexts, None).and_then(|_| keychain.make_ready()))
}

/// The host that is offered where no remote tells another.
const USUAL_HOST: &str = "github.com";

fn ask_place(terminal: &mut Terminal) -> Result<Place, Error> {
    // In a repository, the token is mostly for its own host.
    let remote = Place::of_remotes().into_iter().next();
    let host = remote.map(|place| place.context.host_level().to_string());
    let host = host.map(|host| host.strip_prefix("https://").map_or(host.clone(), str::to_owned));
    let place = terminal.ask_for("Host", host.as_deref().unwrap_or(USUAL_HOST), |answer| {
        Place::typed("login", answer)
    })?;
    if place.context.is_scoped() {
        return Ok(place);
    }
    let question = match forge::likely_at(&place.context).map(forge::Forge::id) {
        Some(forge::Id::GitLab) => {
            "Group, subgroup (group/subgroup) or project, if the token is for one only"
        }
        _ => "Organisation or repository, if the token is for one only",
    };
    let context = terminal.ask_for(question, "all", |answer| {
        let path = if answer == "all" { "" } else { answer.trim_matches('/') };
        let scoped =
            place.context.scoped(path.as_bytes()).filter(|context| !forge::is_in_context(context));
        scoped.ok_or(Error::Usage("this names no organisation or repository"))
    })?;
    Ok(Place { url: url::at(&context, place.username.as_ref(), &context.path()), context, ..place })
}

fn report(saved: &Saved, credential: &Credential, keychain: &dyn Keychain) {
    let username = credential.username.clone().unwrap_or_default();
    let place = &credential.context;
    let kind = keychain.kind();
    let keychain = kind.in_a_sentence();
    let life = credential.expiry.map(|expiry| format!("; it expires {}", relative(expiry, now())));
    let life = life.unwrap_or_default();
    terminal::say(
        "login",
        &match saved {
            Saved::Stored => {
                format!("stored the token for {username} at {place} in {keychain}{life}")
            }
            Saved::AlreadyThere => {
                format!("the token for {username} at {place} is already in {keychain}{life}")
            }
        },
    );
    if let (Saved::Stored, Some(instead)) = (saved, kind.instead()) {
        terminal::hint(instead);
    }
}

/// Makes a token serve again that the host rejected, or an account that was put away.
fn restore(
    keychain: &mut dyn Keychain,
    context: &Context,
    username: Option<&Username>,
) -> Result<(), Error> {
    let _guard = keychain.exclusive(None);
    match helper::with_retries(|| helper::restore(keychain, context, username, now()))? {
        Restored::Account(credential) => {
            let name = credential.username.filter(|name| !name.is_empty());
            let whose = name.map(|name| format!(" for {name}")).unwrap_or_default();
            terminal::say("login", &format!("the token{whose} at {context} serves again"));
            Ok(())
        }
        Restored::Nobody => Err(Error::NoAccount),
        Restored::Nothing => Err(Error::Refused("the account's token is not rejected")),
        Restored::Several => {
            Err(Error::Usage("several accounts are there: name one with --username NAME"))
        }
    }
}
