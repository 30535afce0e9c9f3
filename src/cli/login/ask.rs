//! Gets the details of a login, from a person at the terminal or from flags and standard input.

use super::{Arguments, expiry, learn, page};
use crate::cli::accounts;
use crate::cli::place::{flaw, usable};
use crate::context::Context;
use crate::credential::{Credential, Username};
use crate::error::Error;
use crate::keychain::Keychain;
use crate::secret::{Buffer, Secret};
use crate::terminal::prompt::Terminal;
use crate::time::{now, relative};
use crate::{forge, hardening, terminal};
use std::io::Read;
use zeroize::Zeroizing;

/// The longest token that is read, in bytes; today's longest have about 600.
const MAX_TOKEN: usize = 64 * 1024;

/// The details of a login that are known before the first question.
pub(super) struct Login<'a> {
    pub(super) arguments: &'a Arguments,
    pub(super) context: Context,
    /// The registries that get the token, too.
    pub(super) also: Vec<Context>,
    /// Whether another token of the account may be overwritten.
    pub(super) replace: bool,
    /// Whether the forge does not take the token, and nobody has agreed to keep it all the same.
    pub(super) is_refused: bool,
}

/// The owner of the token.
struct Owner {
    username: Username,
    any_username: bool,
    /// Whether nobody has chosen the username.
    by_convention: bool,
}

impl Owner {
    /// Takes the owner's username that the forge has told, if nobody has chosen a username.
    fn learn(&mut self, learnt: &learn::Learnt) {
        if let Some(owner) = learnt.owner().filter(|_| self.by_convention) {
            self.username = owner;
        }
    }
}

fn ask_end(terminal: &mut Terminal) -> Result<Option<u64>, Error> {
    terminal.ask_for(
        "When does the token expire, e.g. 2027-01-31 or 90d",
        expiry::NEVER,
        |answer| expiry::parse(answer, now()),
    )
}

impl Login<'_> {
    /// Takes the credential from flags and standard input.
    pub(super) fn read(
        &mut self,
        keychain: &mut dyn Keychain,
        given: Option<Username>,
        expiry: Option<u64>,
    ) -> Result<Credential, Error> {
        let token = read_token(&mut terminal::raw_stdin()?)?;
        check(&token)?;
        let mut owner = match given {
            Some(username) => self.named(keychain, username)?,
            None => self.only_or_conventional(keychain, token.expose())?,
        };
        for warning in self.warnings(&token, &owner) {
            say(&warning);
        }
        let learnt = learn::ask(self.arguments, &self.context, &owner.username, &token);
        learnt.say();
        self.is_refused = learnt.is_refused() && !self.arguments.force;
        owner.learn(&learnt);
        Ok(learnt.put(self.credential(owner, token, expiry)))
    }

    /// Asks a person at the terminal for the credential, and changes nothing yet.
    pub(super) fn converse(
        &mut self,
        terminal: &mut Terminal,
        keychain: &mut dyn Keychain,
        given: Option<Username>,
        mut expiry: Option<u64>,
    ) -> Result<Credential, Error> {
        let context = self.context.clone();
        let mut owner = match given {
            Some(username) => self.named(keychain, username)?,
            None => self.ask_username(terminal, keychain)?,
        };
        self.ask_to_replace(terminal, keychain, &owner)?;
        page::offer(terminal, &context, self.arguments.forge, expiry, None)?;
        let (token, learnt) = self.ask_token(terminal, &mut owner)?;
        owner.learn(&learnt);
        if !owner.any_username && forge::has_meaningless_usernames(&context) {
            owner.any_username = terminal.agrees(
                "Clone URLs of this host carry usernames that mean nothing, and git asks for \
                 them. Answer any of them with this token?",
            )?;
        }
        // A forge that was asked may have told the end.
        if self.arguments.expires.is_none() && !learnt.tells_end() {
            expiry = ask_end(terminal)?;
        }
        Ok(learnt.put(self.credential(owner, token, expiry)))
    }

    /// Asks until there is a fit token that the person wants to store, and that the forge takes, if
    /// it is asked.
    fn ask_token(
        &self,
        terminal: &mut Terminal,
        owner: &mut Owner,
    ) -> Result<(Secret, learn::Learnt), Error> {
        loop {
            let question = format!("Token for {} at {}: ", owner.username, self.context);
            let token = terminal.ask_hidden(&question)?;
            if let Err(error) = check(&token) {
                terminal.show(&format!("{error}"))?;
                continue;
            }
            let asked = owner.username.clone();
            if owner.by_convention {
                // Some hosts have a conventional username for each kind of token.
                owner.username = self.convention(token.expose());
            }
            let warnings = self.warnings(&token, owner);
            warnings.iter().for_each(say);
            let is_doubtful = warnings.iter().any(|warning| warning.strong);
            if is_doubtful && !terminal.confirm("Store it anyway?")? {
                terminal.show("Then give another one, or nothing with Ctrl-C.")?;
                owner.username = asked;
                continue;
            }
            let learnt = learn::ask(self.arguments, &self.context, &owner.username, &token);
            learnt.say();
            if !learnt.is_refused() || self.arguments.force {
                return Ok((token, learnt));
            }
            terminal.show("Give another one, or nothing with Ctrl-C; --force keeps this one.")?;
            owner.username = asked;
        }
    }

    fn ask_username(
        &self,
        terminal: &mut Terminal,
        keychain: &mut dyn Keychain,
    ) -> Result<Owner, Error> {
        let likely = self.only_or_conventional(keychain, b"")?;
        // The words are only for a conventional username, and not for that of an existing account.
        let what = match forge::at(&self.context) {
            _ if !likely.by_convention => "",
            Some(_) if forge::is_meaningless(&self.context, likely.username.as_bytes()) => {
                ", this one is for tokens"
            }
            Some(_) => ", any name will do here",
            None => ", most hosts take any name with a token",
        };
        let question = format!("Username for {}{what}", self.context);
        let default = likely.username.to_string();
        let username = terminal
            .ask_for(&question, &default, |answer| usable(Username::new(answer.as_bytes())))?;
        // An odd name is shown in another form, which is not the name itself.
        if username.to_string() == default { Ok(likely) } else { self.named(keychain, username) }
    }

    /// Returns the owner where no username is given: the only account at the context, so that a new
    /// token replaces the old one, else the host's convention.
    fn only_or_conventional(
        &self,
        keychain: &mut dyn Keychain,
        token: &[u8],
    ) -> Result<Owner, Error> {
        // A username that nobody can have was filed by mistake, and is not offered again.
        let only = accounts::only_account(keychain, &self.context)?;
        if let Some((username, any)) = only.filter(|(username, _)| flaw(username).is_none()) {
            let any_username = any || self.arguments.any_username;
            return Ok(Owner { username, any_username, by_convention: false });
        }
        Ok(Owner { by_convention: true, ..self.named(keychain, self.convention(token))? })
    }

    /// Returns the owner with this username, whose account may answer for any.
    fn named(&self, keychain: &mut dyn Keychain, username: Username) -> Result<Owner, Error> {
        let any_username = self.arguments.any_username
            || accounts::answers_any(keychain, &self.context, &username)?;
        Ok(Owner { username, any_username, by_convention: false })
    }

    /// Asks whether to replace the account's token, if it has one that serves.
    fn ask_to_replace(
        &mut self,
        terminal: &mut Terminal,
        keychain: &mut dyn Keychain,
        Owner { username, any_username, .. }: &Owner,
    ) -> Result<(), Error> {
        let key = accounts::key(&self.context, username, *any_username);
        let Some(old) = accounts::existing(keychain, &key)? else { return Ok(()) };
        if self.replace || !old.is_live(now()) {
            return Ok(());
        }
        let known = forge::recognise(&self.context, old.token.expose());
        let kind = known.map(|known| format!("{} {}", known.forge.name(), known.kind.name()));
        let kind = kind.unwrap_or_else(|| "token".to_owned());
        let life = old.expiry.map(|expiry| format!(", which expires {}", relative(expiry, now())));
        self.replace = terminal.confirm(&format!(
            "{username} has a {kind} at {} already{}. Replace it?",
            self.context,
            life.unwrap_or_default(),
        ))?;
        if self.replace { Ok(()) } else { Err(Error::Refused("nothing was changed")) }
    }

    fn convention(&self, token: &[u8]) -> Username {
        let forge = self.arguments.forge;
        Username::new(forge::conventional_username(&self.context, forge, token).as_bytes())
    }

    fn warnings(&self, token: &Secret, owner: &Owner) -> Vec<forge::Warning> {
        let token = token.expose();
        let mut warnings = forge::warnings(&self.context, token, owner.by_convention);
        for registry in &self.also {
            for warning in forge::warnings(registry, token, false) {
                if warnings.iter().all(|known| known.text != warning.text) {
                    warnings.push(warning);
                }
            }
        }
        // A checksum leaves copies of its input on the stack.
        hardening::wipe_stack();
        warnings
    }

    fn credential(&self, owner: Owner, token: Secret, expiry: Option<u64>) -> Credential {
        Credential {
            any_username: owner.any_username,
            expiry,
            ..Credential::new(self.context.clone(), Some(owner.username), token, now())
        }
    }
}

fn say(warning: &forge::Warning) {
    terminal::say("login", &format!("warning: {}", warning.text));
}

/// Reads a token, without the blanks and line ends around it.
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

/// Fails where this cannot be a token.
pub(in crate::cli) fn check(token: &Secret) -> Result<(), Error> {
    if token.expose().is_empty() {
        return Err(Error::Refused("no token was given"));
    }
    if token.expose().iter().any(u8::is_ascii_control) {
        return Err(Error::Refused("a token is one line without control characters"));
    }
    Ok(())
}
