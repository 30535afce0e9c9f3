//! docker's credential helper protocol, spoken by this binary under the name
//! `docker-credential-pat`: for docker, podman, buildah, skopeo and what else reads
//! `credHelpers`.
//!
//! ```text
//! docker-credential-pat get      ghcr.io on standard input → {"ServerURL":…,"Username":…,"Secret":…}
//! docker-credential-pat store    the same JSON on standard input
//! docker-credential-pat erase    ghcr.io on standard input
//! docker-credential-pat list     → {"ghcr.io":"alice"}
//! ```
//!
//! Which account a registry has, see [`registry`]. What fails is said on standard output with
//! exit status 1, in the words that clients know (docker-credential-helpers,
//! `credentials/error.go`).

use crate::cli;
use crate::context::Context;
use crate::credential::{Credential, Username};
use crate::error::Error;
use crate::secret::Buffer;
use crate::time::now;
use crate::{forge, hardening, helper, registry, terminal};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::Path;
use zeroize::Zeroizing;

/// The program's name as docker calls it.
const NAME: &str = "docker-credential-pat";

/// The longest request in bytes: a name and a token.
const MAX_REQUEST: usize = 256 * 1024;

/// docker's own words, which its clients compare.
const NOT_FOUND: &str = "credentials not found in native keychain";
const NO_SERVER: &str = "no credentials server URL";
const NO_USERNAME: &str = "no credentials username";

/// How Docker Hub is called by docker.
const HUB_URL: &str = "https://index.docker.io/v1/";

/// Whether the process was started under docker's name for it.
#[must_use]
pub fn is_called(program: &OsStr) -> bool {
    Path::new(program).file_stem().is_some_and(|name| name == NAME)
}

/// Does what these arguments, without the program's name, ask for; the exit status.
#[must_use]
pub fn run(arguments: &[OsString]) -> u8 {
    hardening::hide_memory();
    let action = arguments.first().and_then(|word| word.to_str()).filter(|_| arguments.len() == 1);
    let result = match action {
        Some("get") => get(),
        Some("store") => store(),
        Some("erase") => erase(),
        Some("list") => list(),
        Some("version") => Ok(version()),
        _ => Err(Failure::Text("usage: docker-credential-pat store|get|erase|list|version")),
    };
    let (output, status) = match result {
        Ok(output) => (output, 0),
        Err(failure) => (Zeroizing::new(format!("{}\n", failure.text()).into_bytes()), 1),
    };
    // Nobody is left to be told where this fails.
    let written = terminal::write_raw(&output);
    if written.is_err() { 1 } else { status }
}

/// Why there is no answer.
enum Failure {
    Text(&'static str),
    Error(Error),
}

impl Failure {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => (*text).to_owned(),
            Self::Error(error) => {
                let hint = error.hint().map_or_else(String::new, |hint| format!(" ({hint})"));
                format!("{}: {error}{hint}", terminal::NAME)
            }
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// What goes in and out. The token is borrowed from what was read, unless it is escaped.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry<'a> {
    #[serde(rename = "ServerURL", borrow, default)]
    server: Cow<'a, str>,
    #[serde(borrow, default)]
    username: Cow<'a, str>,
    #[serde(borrow, default)]
    secret: Cow<'a, str>,
}

type Output = Zeroizing<Vec<u8>>;

fn get() -> Result<Output, Failure> {
    let request = read()?;
    let server = server(&request)?;
    let context = context(server)?;
    let mut keychain = cli::configured_keychain()?;
    let account = helper::with_retries(|| registry::account(&mut *keychain, &context))?;
    let credential = account.ok_or(Failure::Text(NOT_FOUND))?;
    let username = credential.username.unwrap_or_default();
    let text = |bytes| std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| Error::Damaged);
    json(&Entry {
        server: Cow::Borrowed(server),
        username: text(username.as_bytes())?,
        secret: text(credential.token.expose())?,
    })
}

fn store() -> Result<Output, Failure> {
    let request = read()?;
    let entry: Entry<'_> = serde_json::from_slice(request.expose())
        .map_err(|_| Error::Refused("what docker sent cannot be understood"))?;
    if entry.server.is_empty() {
        return Err(Failure::Text(NO_SERVER));
    }
    if entry.username.is_empty() {
        return Err(Failure::Text(NO_USERNAME));
    }
    let username = Username::new(entry.username.as_bytes());
    let secret = request.secret(entry.secret.as_bytes());
    if is_of_several_lines(&entry.username) || is_of_several_lines(&entry.secret) {
        return Err(Error::Refused("a username and a token are one line each").into());
    }
    if username.is_token() {
        return Err(Error::Refused("a token is no username: it is the password").into());
    }
    let account = Credential::new(context(&entry.server)?, Some(username), secret, now());
    let mut keychain = cli::configured_keychain()?;
    helper::with_retries(|| registry::put(&mut *keychain, &account))?;
    Ok(Output::default())
}

fn erase() -> Result<Output, Failure> {
    let request = read()?;
    let context = context(server(&request)?)?;
    let mut keychain = cli::configured_keychain()?;
    let _guard = keychain.exclusive();
    helper::with_retries(|| helper::delete(&mut *keychain, &context, None))?;
    Ok(Output::default())
}

fn list() -> Result<Output, Failure> {
    let mut keychain = cli::configured_keychain()?;
    let accounts = helper::with_retries(|| keychain.list())?;
    let registries: BTreeMap<String, String> = accounts
        .into_iter()
        .filter_map(|(_, account)| {
            let registry = account.context.registry()?;
            let server = if registry == registry::HUB { HUB_URL.to_owned() } else { registry };
            Some((server, account.username.to_string()))
        })
        .collect();
    json(&registries)
}

fn version() -> Output {
    let version =
        concat!("docker-credential-pat (git-credential-pat) v", env!("CARGO_PKG_VERSION"), "\n");
    Zeroizing::new(version.as_bytes().to_vec())
}

/// Standard input, whole.
fn read() -> Result<Buffer, Error> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_REQUEST + 1));
    let limit = u64::try_from(MAX_REQUEST).unwrap_or(u64::MAX) + 1;
    terminal::request_stdin()?
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(|e| Error::Stream(e.kind()))?;
    if bytes.len() > MAX_REQUEST {
        return Err(Error::Refused("what docker sent is too long"));
    }
    Ok(bytes.into())
}

/// The registry's name alone on standard input.
fn server(request: &Buffer) -> Result<&str, Failure> {
    let text = std::str::from_utf8(request.expose()).unwrap_or_default().trim();
    if text.is_empty() { Err(Failure::Text(NO_SERVER)) } else { Ok(text) }
}

fn context(server: &str) -> Result<Context, Error> {
    let context = registry::context(server).filter(|context| !forge::is_in_context(context));
    context.ok_or(Error::Refused("this is no name of a registry"))
}

fn is_of_several_lines(text: &str) -> bool {
    text.bytes().any(|b| matches!(b, b'\n' | b'\r' | 0))
}

fn json(value: &impl Serialize) -> Result<Output, Failure> {
    // Room enough, so that it does not move.
    let mut output = Zeroizing::new(Vec::with_capacity(MAX_REQUEST));
    serde_json::to_writer(&mut *output, value).map_err(|_| Error::Damaged)?;
    output.push(b'\n');
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::is_called;
    use std::ffi::OsStr;

    #[test]
    fn the_name_decides() {
        for name in
            ["docker-credential-pat", "/usr/bin/docker-credential-pat", "docker-credential-pat.exe"]
        {
            assert!(is_called(OsStr::new(name)), "{name}");
        }
        for name in ["", "git-credential-pat", "docker-credential-pat-x"] {
            assert!(!is_called(OsStr::new(name)), "{name}");
        }
    }
}
