//! `git credential-pat login URL`: keeps a token, and makes git use it.

use super::place::{Place, is_plain};
use super::{KeychainArguments, Setup, describe, git_config};
use crate::credential::{Credential, Username, now};
use crate::error::Error;
use crate::keychain::{self, Keychain};
use crate::secret::{Buffer, Secret};
use crate::terminal::prompt::Terminal;
use crate::{forge, helper, terminal};
use std::io::Read;
use zeroize::Zeroizing;

/// The longest token that is read, in bytes; today's longest have about 600.
const MAX_TOKEN: usize = 64 * 1024;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The host, e.g. <https://github.com>; with a path, the organisation or repository that
    /// the token is for
    url: String,
    /// The account [default: the URL's, else asked for; with --with-token the host's
    /// convention]
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// Read the token from standard input
    #[arg(long)]
    with_token: bool,
    /// Answer any username that a clone URL carries with this token
    #[arg(long)]
    any_username: bool,
    /// Serve again a token that the host rejected
    #[arg(long, conflicts_with_all = ["with_token", "any_username"])]
    restore: bool,
    #[command(flatten)]
    keychain: KeychainArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    let place = Place::parse(&arguments.url)?;
    let setup = arguments.keychain.setup()?;
    if place.context.exposes_secrets() && !setup.allow_http {
        return Err(Error::Refused(
            "http is unencrypted: use https, or add --allow-http to the helper string",
        ));
    }
    let mut keychain = keychain::open(&setup.options)?;
    let given = match &arguments.username {
        Some(name) => Some(Username::new(name.as_bytes())),
        None => place.username.clone(),
    };
    if given.as_ref().is_some_and(|name| name.is_empty() || !is_plain(name)) {
        return Err(Error::Usage("this username cannot be used"));
    }
    if arguments.restore {
        return restore(&mut *keychain, &place, given.as_ref());
    }
    let mut terminal = if arguments.with_token { None } else { Some(Terminal::open()?) };
    let credential = ask(arguments, &place, given, terminal.as_mut())?;
    save(&mut *keychain, &credential)?;
    report(&credential, &*keychain);
    settle(&setup, &mut *keychain, &credential, terminal.as_mut())
}

/// Everything that a person says: on a terminal, or by flags and standard input.
fn ask(
    arguments: &Arguments,
    place: &Place,
    given: Option<Username>,
    terminal: Option<&mut Terminal>,
) -> Result<Credential, Error> {
    let context = &place.context;
    let mut any_username = arguments.any_username;
    let (username, token) = if let Some(terminal) = terminal {
        let username = if let Some(name) = given {
            name
        } else {
            let convention = forge::conventional_username(context, b"");
            let answer = terminal.ask(&format!("Username for {context} [{convention}]: "))?;
            Username::new(if answer.is_empty() { convention } else { &answer }.as_bytes())
        };
        let token = terminal.ask_hidden(&format!("Token for {username} at {context}: "))?;
        if !any_username && forge::has_meaningless_usernames(context) {
            any_username = terminal.confirm(
                "Clone URLs of this host carry usernames that mean nothing. Answer any of them \
                 with this token?",
            )?;
        }
        (username, token)
    } else {
        let token = read_token(&mut terminal::raw_stdin()?)?;
        let convention =
            || Username::new(forge::conventional_username(context, token.expose()).as_bytes());
        (given.unwrap_or_else(convention), token)
    };
    check(&token)?;
    Ok(Credential {
        context: context.clone(),
        username: Some(username),
        any_username,
        token,
        authtype: None,
        expiry: None,
        refresh_token: None,
        stored_at: now(),
        rejected_at: None,
    })
}

/// Reads a token, without the blanks and the line end around it.
fn read_token(input: &mut dyn Read) -> Result<Secret, Error> {
    let mut buffer = Zeroizing::new(vec![0; MAX_TOKEN + 1]);
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(e) => return Err(Error::Stream(e.kind())),
        }
    }
    if filled > MAX_TOKEN {
        return Err(Error::Refused("what was read is too long to be a token"));
    }
    buffer.truncate(filled);
    let buffer = Buffer::from(buffer);
    Ok(buffer.secret(buffer.expose().trim_ascii()))
}

fn check(token: &Secret) -> Result<(), Error> {
    if token.expose().is_empty() {
        return Err(Error::Refused("no token was given"));
    }
    if token.expose().iter().any(u8::is_ascii_control) {
        return Err(Error::Refused("a token is one line without control characters"));
    }
    Ok(())
}

/// Writes the account and reads it back.
fn save(keychain: &mut dyn Keychain, credential: &Credential) -> Result<(), Error> {
    let _guard = keychain.exclusive();
    helper::with_one_retry(|| helper::put(keychain, credential))?;
    let account = credential.account();
    let contexts = std::slice::from_ref(&account.context);
    let read =
        helper::with_one_retry(|| helper::choose(keychain, contexts, Some(&account.username)))?;
    match read {
        helper::Choice::Account(found) if found.1.token == credential.token => Ok(()),
        _ => Err(Error::Keychain("the token could not be read back")),
    }
}

fn report(credential: &Credential, keychain: &dyn Keychain) {
    let username = credential.username.clone().unwrap_or_default();
    let place = &credential.context;
    let keychain = describe(keychain.kind());
    terminal::say("login", &format!("stored the token for {username} at {place} in {keychain}"));
}

/// What else git needs to come by the token: done where a person agrees, else said.
fn settle(
    setup: &Setup,
    keychain: &mut dyn Keychain,
    credential: &Credential,
    mut terminal: Option<&mut Terminal>,
) -> Result<(), Error> {
    let mut offer = |what: &str, command: &str, act: &dyn Fn() -> Result<(), Error>| {
        if let Some(terminal) = terminal.as_mut()
            && terminal.confirm(what)?
        {
            return act();
        }
        terminal::hint(command);
        Ok(())
    };
    let context = &credential.context;
    if context.is_scoped() && !git_config::sends_path(context) {
        offer(
            &format!("git sends the path only where it is told to. Tell it for {context}?"),
            &format!(
                "git needs to send the path: git config --global credential.{context}.useHttpPath true"
            ),
            &|| git_config::send_path(context),
        )?;
    }
    let contexts = std::slice::from_ref(context);
    let username = credential.username.clone().unwrap_or_default();
    let others = helper::with_one_retry(|| keychain.find(contexts, None))?.len() > 1;
    if others && !credential.any_username && !git_config::asks_for_username(context) {
        offer(
            &format!("There are other accounts at {context}. Let git use {username} there?"),
            &format!(
                "several accounts are there, choose one with: \
                 git config --global credential.{context}.username NAME"
            ),
            &|| git_config::set_username(context, &username),
        )?;
    }
    if git_config::our_helper().is_none() {
        let helper = format!("pat --keychain {}", keychain.kind().name());
        let helper = if setup.allow_http { format!("{helper} --allow-http") } else { helper };
        offer(
            "git does not use this helper yet. Make it?",
            &format!(
                "git does not use this helper yet: git config --global --add credential.helper '{helper}'"
            ),
            &|| git_config::add_helper(&helper),
        )?;
    }
    Ok(())
}

/// Makes a rejected token serve again.
fn restore(
    keychain: &mut dyn Keychain,
    place: &Place,
    username: Option<&Username>,
) -> Result<(), Error> {
    let _guard = keychain.exclusive();
    let contexts = std::slice::from_ref(&place.context);
    let choice = helper::with_one_retry(|| helper::choose(keychain, contexts, username))?;
    let (at, credential) = match choice {
        helper::Choice::Account(account) => *account,
        helper::Choice::None => return Err(Error::Refused("no such account is in the keychain")),
        helper::Choice::Ambiguous => {
            return Err(Error::Usage("several accounts are there: name one with --username NAME"));
        }
    };
    if credential.rejected_at.is_none() {
        return Err(Error::Refused("the account's token is not rejected"));
    }
    keychain.write(Some(&at), &Credential { rejected_at: None, ..credential })?;
    terminal::say("login", &format!("the token at {} serves again", place.context));
    Ok(())
}
