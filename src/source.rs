//! Tokens that come from a variable, a file or a command instead of a keychain, for machines that
//! have none.
//!
//! ```text
//! [credential]
//!     helper = pat --for https://github.com --env GITHUB_TOKEN
//!     helper = pat --for https://git.example.com/team --file /run/secrets/token
//!     helper = pat --for https://gitlab.com --command 'pass show git/gitlab'
//!     helper = pat --ci                            what the runner itself brings, see [ci]
//! ```
//!
//! Each source is bound to exactly one URL, and to its scope if the URL has a path: a source
//! without a URL serves nobody. A source is a keychain of one account that cannot be written, so
//! all rules of matching are those of [`helper`](crate::helper); git's store and erase change
//! nothing.

mod ci;
pub(crate) mod command;
mod file;

pub(crate) use command::{Ended, printed};

use crate::context::{Context, unescape};
use crate::credential::{Account, Credential, Username};
use crate::error::{self, Error};
use crate::forge;
use crate::hardening;
use crate::keychain::lock::Lock;
use crate::keychain::{Found, ItemId, Keychain, Kind};
use crate::secret::{Buffer, Secret};
use std::env;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// The longest output or file that is read, in bytes. Today's longest tokens have about 600.
const MAX_TOKEN: usize = 64 * 1024;

/// The origin of a token.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The variable of this name.
    Variable(String),
    /// A file that only its owner can read.
    File(PathBuf),
    /// The output of a command, given as words with a shell's quotes, but run without a shell.
    Command(String),
}

/// A token's context, and its origin.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// The only context for which it answers.
    pub(crate) context: Context,
    /// The username, or none for the host's conventional one.
    pub(crate) username: Option<Username>,
    /// Whether it answers for any username that a request names.
    pub(crate) any_username: bool,
    /// The scheme of the `Authorization` header where it is not Basic.
    pub(crate) authtype: Option<Vec<u8>>,
    /// The origin of the token.
    pub(crate) origin: Origin,
}

/// The sources that a helper string can name.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum SourceOptions {
    /// `--for URL` with `--env`, `--file` or `--command`.
    Bound(Box<Source>),
    /// `--ci`: the token of the runner.
    Runner,
}

impl SourceOptions {
    /// Returns whether it runs a command, which takes its time.
    #[must_use]
    pub(crate) fn is_command(&self) -> bool {
        matches!(self, Self::Bound(source) if matches!(source.origin, Origin::Command(_)))
    }

    /// Returns the source, or none where the runner brings none.
    #[must_use]
    pub(crate) fn open(&self) -> Option<Source> {
        match self {
            Self::Bound(source) => Some((**source).clone()),
            Self::Runner => ci::detect(|name| env::var(name).ok()),
        }
    }
}

/// Returns the context of a URL as `--for` takes it: `https://host[:port][/scope]`, nothing else.
#[must_use]
pub(crate) fn place(url: &str) -> Option<Context> {
    let (protocol, rest) = url.split_once("://")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = Context::of_host(protocol.as_bytes(), host.as_bytes())?;
    host.scoped(&unescape(path.trim_matches('/'))?)
}

impl Source {
    /// Returns bytes that tell this source from others for the same context.
    #[must_use]
    pub(crate) fn identity(&self) -> Vec<u8> {
        match &self.origin {
            Origin::Variable(name) => format!("variable {name}").into_bytes(),
            Origin::File(path) => [b"file ", path.as_os_str().as_encoded_bytes()].concat(),
            Origin::Command(line) => format!("command {line}").into_bytes(),
        }
    }

    /// Returns whether the token is there, as far as that shows without running a command.
    ///
    /// # Errors
    /// The reason why it is not there.
    pub(crate) fn look(&self) -> Result<(), &'static str> {
        if matches!(self.origin, Origin::Command(_)) {
            return Ok(());
        }
        self.token().map(|_| ()).map_err(|error| match error {
            Error::Source(why) | Error::TokenFile(why) => why,
            other => error::kept(other.to_string()),
        })
    }

    fn token(&self) -> Result<Secret, Error> {
        let bytes = match &self.origin {
            Origin::Variable(name) => variable(name)?,
            Origin::File(path) => file::read(path).map_err(|untrusted| file::error(&untrusted))?,
            Origin::Command(line) => command::output(line)?,
        };
        let bytes = Buffer::from(bytes);
        // Editors, `echo` and people put more behind a token than one line end.
        let line = bytes.expose().trim_ascii();
        if line.is_empty() {
            return Err(Error::Source("it gave nothing"));
        }
        if line.iter().any(u8::is_ascii_control) {
            return Err(Error::Source("it gave more than one line without control characters"));
        }
        Ok(bytes.secret(line))
    }

    fn account(&self) -> Account {
        let own = if self.any_username { None } else { self.username.clone() };
        Account { context: self.context.clone(), username: own.unwrap_or_default() }
    }

    fn found(&self) -> Found {
        Found { id: ItemId("source".to_owned()), context: self.context.clone(), locked: false }
    }
}

/// Returns whether other programs take a variable of this name out of the environment: pre-commit,
/// and other programs that run git for a hook, remove variables that begin like git's own.
#[must_use]
pub(crate) fn is_hidden_by_others(variable: &str) -> bool {
    variable.starts_with("GIT_")
}

/// Returns an error with a name in it.
fn told(text: String) -> Error {
    Error::Source(error::kept(text))
}

fn variable(name: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let value = env::var_os(name).filter(|value| !value.is_empty());
    let value = value.ok_or_else(|| {
        let hidden = if is_hidden_by_others(name) {
            "; pre-commit and its like hide what begins with GIT_"
        } else {
            ""
        };
        told(format!("the variable {} is not set{hidden}", forge::shown(name)))
    })?;
    Ok(Zeroizing::new(value.into_encoded_bytes()))
}

impl Keychain for Source {
    fn kind(&self) -> Kind {
        Kind::Source
    }

    fn find(
        &mut self,
        contexts: &[Context],
        username: Option<&Username>,
    ) -> Result<Vec<Found>, Error> {
        let is_here = contexts.contains(&self.context)
            && username.is_none_or(|name| *name == self.account().username);
        Ok(is_here.then(|| self.found()).into_iter().collect())
    }

    fn list(&mut self) -> Result<Vec<(Found, Account)>, Error> {
        Ok(vec![(self.found(), self.account())])
    }

    fn usernames(&mut self, found: &[Found]) -> Result<Vec<Username>, Error> {
        Ok(found.iter().map(|_| self.account().username).collect())
    }

    fn read(&mut self, found: &[Found]) -> Result<Vec<(Found, Credential)>, Error> {
        let Some(found) = found.first() else { return Ok(Vec::new()) };
        hardening::hide_memory();
        let token = self.token()?;
        let convention = || {
            let name = forge::conventional_username(&self.context, None, token.expose());
            Username::new(name.as_bytes())
        };
        let username = match (&self.username, &self.authtype) {
            (Some(name), _) => Some(name.clone()),
            (None, Some(_)) => None,
            (None, None) => Some(convention()),
        };
        let credential = Credential {
            any_username: self.any_username,
            authtype: self.authtype.clone(),
            ..Credential::new(self.context.clone(), username, token, 0)
        };
        Ok(vec![(found.clone(), credential)])
    }

    fn write(&mut self, _at: Option<&Found>, _credential: &Credential) -> Result<(), Error> {
        Err(Error::Source("it cannot be written"))
    }

    fn exclusive(&mut self, _host: Option<&Context>) -> Option<Lock> {
        None
    }

    fn delete(&mut self, _found: &Found) -> Result<(), Error> {
        Err(Error::Source("it cannot be written"))
    }
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn a_place_is_what_the_grammar_takes_and_nothing_repaired() {
        for (url, canonical) in [
            ("https://github.com", "https://github.com"),
            ("https://GitHub.com:443/", "https://github.com"),
            ("https://h.example:8443/team/repo.git", "https://h.example:8443/team/repo"),
            ("https://h.example/a%20b/", "https://h.example/a b"),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
        ] {
            assert_eq!(place(url).map(|place| place.to_string()).as_deref(), Some(canonical));
        }
        for url in [
            "github.com",
            "https://",
            "https:///path",
            "https://*.github.com",
            "https://github.com.",
            "https://alice@github.com",
            "https://a\\@github.com",
            "https://github.com:0",
            "https://github.com:65979",
            "HTTPS://github.com",
            "ssh://github.com",
            "https://h.example/a/../b",
            " https://h.example",
        ] {
            assert!(place(url).is_none(), "{url}");
        }
    }
}
