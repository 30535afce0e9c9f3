//! docker's credential helper protocol. This binary speaks it under the name
//! `docker-credential-pat`: for docker, podman, buildah, skopeo and every program that reads
//! `credHelpers`.
//!
//! ```text
//! docker-credential-pat get      ghcr.io on standard input → {"ServerURL":…,"Username":…,"Secret":…}
//! docker-credential-pat store    the same JSON on standard input
//! docker-credential-pat erase    ghcr.io on standard input
//! docker-credential-pat list     → {"ghcr.io":"alice"}
//! ```
//!
//! `helper::registry` says which account a registry has. A failure is told on standard output with
//! exit status 1, in the words that clients know (docker-credential-helpers,
//! `credentials/error.go`).

use crate::context::{Context, Protocol};
use crate::credential::{Account, Credential, Username};
use crate::error::Error;
use crate::git::url;
use crate::hardening;
use crate::helper::{self, Policy, registry};
use crate::keychain::{Found, Keychain, Kind};
use crate::secret::Buffer;
use crate::setup::{Setup, Setups};
use crate::terminal::{self, RawStdout, RequestStdin};
use crate::time::now;
use crate::uses;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
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

/// docker's name of Docker Hub.
const HUB_URL: &str = "https://index.docker.io/v1/";

/// Returns whether the process was started under docker's name of it.
#[must_use]
pub fn is_called(program: &OsStr) -> bool {
    Path::new(program).file_stem().is_some_and(|name| name == NAME)
}

/// Carries out the action in these arguments, which lack the program's name. Returns the exit
/// status.
#[must_use]
pub fn run(arguments: &[OsString]) -> u8 {
    hardening::hide_memory();
    let word = arguments.first().and_then(|word| word.to_str()).filter(|_| arguments.len() == 1);
    let policy = Policy { allow_http: false, now: now() };
    let (mut input, mut output) = (RequestStdin::default(), RawStdout);
    let mut log = false;
    let mut open = |context: &Context| {
        let setup = setup(context)?;
        log |= setup.log;
        setup.open()
    };
    let action = word.and_then(Action::from_name);
    let (status, served) = serve(action, &mut input, &mut output, &mut open, policy);
    if let Some((account, keychain)) = served.filter(|_| log) {
        uses::note_command("docker", &account, keychain, policy.now);
    }
    status
}

/// Returns what holds for a registry's context, or for the context that the registry is linked to.
fn setup(context: &Context) -> Result<Setup, Error> {
    // docker would read git's own words as an answer.
    let setups = Setups::for_docker(None).map_err(|failed| failed.trouble)?;
    let url = (context.protocol() != Protocol::Docker).then(|| url::of(context));
    setups.at(url.as_deref())
}

/// An action that docker can ask of a helper.
#[derive(Clone, Copy)]
enum Action {
    Get,
    Store,
    Erase,
    List,
    Version,
}

impl Action {
    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "get" => Self::Get,
            "store" => Self::Store,
            "erase" => Self::Erase,
            "list" => Self::List,
            "version" => Self::Version,
            _ => return None,
        })
    }
}

/// Serves one action: reads its request from `input`, carries it out on the keychain that `open`
/// gives for each context, and writes the answer or the failure to `output` in one write. Returns
/// the exit status, and the account whose token was handed out, with the keychain that has it.
fn serve(
    action: Option<Action>,
    input: &mut dyn Read,
    output: &mut dyn Write,
    open: &mut Open<'_>,
    policy: Policy,
) -> (u8, Option<(Account, Kind)>) {
    let mut call = Call { input, open, policy, served: None };
    let result = match action {
        Some(Action::Get) => call.get(),
        Some(Action::Store) => call.store(),
        Some(Action::Erase) => call.erase(),
        Some(Action::List) => call.list(),
        Some(Action::Version) => Ok(version()),
        None => Err(Failure::Text("usage: docker-credential-pat store|get|erase|list|version")),
    };
    let (text, status) = match result {
        Ok(text) => (text, 0),
        Err(failure) => (Zeroizing::new(format!("{}\n", failure.text()).into_bytes()), 1),
    };
    // Where this fails, there is nobody to tell.
    if output.write_all(&text).is_err() { (1, None) } else { (status, call.served) }
}

/// The reason why there is no answer.
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

/// An account as docker sends and reads it. The token is borrowed from the input, unless it is
/// escaped.
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

/// An action, while it is served.
struct Call<'a, 'k> {
    input: &'a mut dyn Read,
    open: &'a mut Open<'k>,
    policy: Policy,
    served: Option<(Account, Kind)>,
}

/// A function that opens the keychain for a context.
type Open<'k> = dyn FnMut(&Context) -> Result<Box<dyn Keychain + 'k>, Error> + 'k;

impl Call<'_, '_> {
    fn get(&mut self) -> Result<Output, Failure> {
        let request = self.read()?;
        let server = server(&request)?;
        let context = context(server)?;
        let mut keychain = (self.open)(&context)?;
        let kept = registry::kept(&mut *keychain, &context, self.policy.now)?;
        let kind = keychain.kind();
        let account = match kept {
            Some(kept) if registry::may_go_to(&kept, server) => self.followed(kept)?,
            _ => None,
        };
        let credential = account.ok_or(Failure::Text(NOT_FOUND))?;
        let username = credential.username.unwrap_or_default();
        self.served = Some((Account { context, username: username.clone() }, kind));
        let text =
            |bytes| std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| Error::Damaged);
        json(&Entry {
            server: Cow::Borrowed(server),
            username: text(username.as_bytes())?,
            secret: text(credential.token.expose())?,
        })
    }

    fn store(&mut self) -> Result<Output, Failure> {
        let request = self.read()?;
        let entry: Entry<'_> = serde_json::from_slice(request.expose())
            .map_err(|_| Error::Refused("what docker sent cannot be understood"))?;
        if entry.server.is_empty() {
            return Err(Failure::Text(NO_SERVER));
        }
        if entry.username.is_empty() {
            return Err(Failure::Text(NO_USERNAME));
        }
        if entry.secret.is_empty() {
            return Err(Error::Refused("docker sent no token: nothing is stored").into());
        }
        let username = Username::new(entry.username.as_bytes());
        let secret = request.secret(entry.secret.as_bytes());
        if entry.username.bytes().any(|b| matches!(b, b'\n' | b'\r' | 0)) {
            return Err(Error::Refused("a username is one line").into());
        }
        if username.is_token() {
            return Err(Error::Refused("a token is no username: it is the password").into());
        }
        let account =
            Credential::new(context(&entry.server)?, Some(username), secret, self.policy.now);
        let account = Credential { server: Some(entry.server.into_owned()), ..account };
        let mut keychain = (self.open)(&account.context)?;
        registry::put(&mut *keychain, &account, &mut |link| self.followed(link))?;
        Ok(Output::default())
    }

    fn erase(&mut self) -> Result<Output, Failure> {
        let request = self.read()?;
        let context = context(server(&request)?)?;
        let mut keychain = (self.open)(&context)?;
        let _guard = keychain.exclusive(None);
        helper::with_retries(|| helper::delete(&mut *keychain, &context, None))?;
        Ok(Output::default())
    }

    fn list(&mut self) -> Result<Output, Failure> {
        let hub = context(registry::HUB)?;
        let mut keychain = (self.open)(&hub)?;
        let registries: BTreeMap<String, String> = helper::with_retries(|| {
            let mut listed = keychain.list()?;
            listed.retain(|(_, account)| account.context.registry().is_some());
            let open: Vec<Found> =
                listed.iter().filter(|(found, _)| !found.locked).map(|(f, _)| f.clone()).collect();
            // An account that cannot be read is listed under its usual name.
            let read = helper::read_sound(&mut *keychain, &open).unwrap_or_default().0;
            let servers = listed.into_iter().filter_map(|(found, account)| {
                let read = read.iter().find(|(f, read)| *f == found && read.account() == account);
                let server = read.and_then(|(_, read)| read.server.clone());
                let server = server.or_else(|| Some(usual_name(account.context.registry()?)))?;
                Some((server, name_for_docker(&account.username)))
            });
            Ok(servers.collect())
        })?;
        json(&registries)
    }

    /// Returns a registry's account, with the token of its link if it is one.
    fn followed(&mut self, kept: Credential) -> Result<Option<Credential>, Error> {
        let Some(place) = kept.linked_to.clone() else { return Ok(Some(kept)) };
        registry::followed(&mut *(self.open)(&place)?, kept, self.policy.now)
    }

    /// Reads the whole input.
    fn read(&mut self) -> Result<Buffer, Error> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_REQUEST + 1));
        let limit = u64::try_from(MAX_REQUEST).unwrap_or(u64::MAX) + 1;
        (&mut *self.input)
            .take(limit)
            .read_to_end(&mut bytes)
            .map_err(|e| Error::Stream(e.kind()))?;
        if bytes.len() > MAX_REQUEST {
            return Err(Error::Refused("what docker sent is too long"));
        }
        Ok(bytes.into())
    }
}

fn version() -> Output {
    let version =
        concat!("docker-credential-pat (git-credential-pat) v", env!("CARGO_PKG_VERSION"), "\n");
    Zeroizing::new(version.as_bytes().to_vec())
}

/// Returns the registry's name, which is all that the request holds.
fn server(request: &Buffer) -> Result<&str, Failure> {
    let text = std::str::from_utf8(request.expose()).unwrap_or_default().trim();
    if text.is_empty() { Err(Failure::Text(NO_SERVER)) } else { Ok(text) }
}

fn context(server: &str) -> Result<Context, Error> {
    let context = registry::context(server);
    context.ok_or(Error::Refused("this is no name of a registry"))
}

/// Returns docker's name of a registry, where the name that it used is not known.
fn usual_name(registry: String) -> String {
    if registry == registry::HUB { HUB_URL.to_owned() } else { registry }
}

/// Returns a username as docker compares it: only what must be escaped is escaped.
fn name_for_docker(username: &Username) -> String {
    match str::from_utf8(username.as_bytes()) {
        Ok(name) if !username.is_token() => name.to_owned(),
        _ => username.to_string(),
    }
}

fn json(value: &impl Serialize) -> Result<Output, Failure> {
    // The output has room enough from the start, so that it does not move.
    let mut output = Zeroizing::new(Vec::with_capacity(MAX_REQUEST));
    serde_json::to_writer(&mut *output, value).map_err(|_| Error::Damaged)?;
    output.push(b'\n');
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::{Action, is_called, serve};
    use crate::context::Context;
    use crate::error::Error;
    use crate::helper::Policy;
    use crate::keychain::Keychain;
    use crate::keychain::memory::MemoryKeychain;
    use std::ffi::OsStr;

    /// Runs an action. Returns its output and its exit status.
    fn run(keychain: &mut MemoryKeychain, action: &str, input: &str) -> (String, u8) {
        let (mut input, mut output) = (input.as_bytes(), Vec::new());
        let policy = Policy { allow_http: false, now: 1 };
        // The keychain is opened once.
        let mut keychain = Some(keychain);
        let mut open = |_: &Context| {
            Ok(Box::new(keychain.take().ok_or(Error::Unsupported)?) as Box<dyn Keychain>)
        };
        let action = Action::from_name(action);
        let (status, _) = serve(action, &mut input, &mut output, &mut open, policy);
        (String::from_utf8(output).expect("text"), status)
    }

    #[test]
    fn what_was_stored_is_got_listed_and_erased() {
        let mut keychain = MemoryKeychain::default();
        let mut does = |action, input, said: &str, status| {
            assert_eq!(run(&mut keychain, action, input), (said.to_owned(), status), "{action}");
        };
        let entry = "{\"ServerURL\":\"ghcr.io\",\"Username\":\"alice\",\"Secret\":\"t\\\"1\"}";
        let none = "credentials not found in native keychain\n";
        does("get", "ghcr.io", none, 1);
        does("store", entry, "", 0);
        does("get", "ghcr.io\n", &format!("{entry}\n"), 0);
        does("list", "", "{\"ghcr.io\":\"alice\"}\n", 0);
        does("erase", "https://ghcr.io/", "", 0);
        does("get", "ghcr.io", none, 1);
        does("list", "", "{}\n", 0);
    }

    #[test]
    fn a_key_of_several_lines_comes_back_whole() {
        let mut keychain = MemoryKeychain::default();
        let key = r#"{\n  \"type\": \"service_account\",\r\n  \"key\": \"TESTONLY%41\\n\"\n}\n"#;
        let entry = format!(
            "{{\"ServerURL\":\"r.example\",\"Username\":\"_json_key\",\"Secret\":\"{key}\"}}"
        );
        for _ in 0..2 {
            assert_eq!(run(&mut keychain, "store", &entry), (String::new(), 0));
            assert_eq!(run(&mut keychain, "get", "r.example"), (format!("{entry}\n"), 0));
        }
    }

    #[test]
    fn registries_are_listed_as_they_were_stored() {
        let mut keychain = MemoryKeychain::default();
        for (server, name) in [
            ("https://index.docker.io/v1/", "alice"),
            ("https://ghcr.io", "b%b"),
            ("r.example:5000", "\u{202e}"),
            ("http://localhost:5000/v2/", "carol"),
            ("q.example/team/image", "dave"),
        ] {
            let entry =
                format!("{{\"ServerURL\":\"{server}\",\"Username\":\"{name}\",\"Secret\":\"t1\"}}");
            assert_eq!(run(&mut keychain, "store", &entry), (String::new(), 0));
            let (list, status) = run(&mut keychain, "list", "");
            let pair = format!("\"{server}\":\"{name}\"");
            assert!(list.contains(&pair) && status == 0, "{list}");
        }
        // Storing under another name of the registry changes the name in the list.
        let entry = "{\"ServerURL\":\"ghcr.io\",\"Username\":\"b%b\",\"Secret\":\"t1\"}";
        assert_eq!(run(&mut keychain, "store", entry), (String::new(), 0));
        let (list, _) = run(&mut keychain, "list", "");
        assert!(list.contains("{\"ghcr.io\":\"b%b\"") && !list.contains("//ghcr.io"), "{list}");
    }

    #[test]
    fn what_fails_is_said_in_dockers_words_or_ours() {
        let said = |action, input| {
            let (said, status) = run(&mut MemoryKeychain::default(), action, input);
            assert_eq!(status, 1, "{action}");
            said
        };
        assert_eq!(said("get", " "), "no credentials server URL\n");
        assert_eq!(said("erase", ""), "no credentials server URL\n");
        let nameless = "{\"ServerURL\":\"ghcr.io\",\"Secret\":\"ghp_TESTONLY\"}";
        assert_eq!(said("store", nameless), "no credentials username\n");
        let long = "g".repeat(300_000);
        for (action, input) in [("get", "ghcr.io."), ("store", "ghp_TESTONLY"), ("get", &long)] {
            let said = said(action, input);
            assert!(said.starts_with("git-credential-pat: "), "{said}");
            assert!(!said.contains("TESTONLY"), "{said}");
        }
        assert!(said("steal", "").starts_with("usage: "));
    }

    #[test]
    fn what_the_keychain_cannot_is_said_with_a_hint() {
        let mut keychain = MemoryKeychain::default();
        keychain.fail_on("find", Error::Denied);
        let (said, status) = run(&mut keychain, "get", "ghcr.io");
        assert!(said.contains("the keychain denied access (repeat") && status == 1, "{said}");
    }

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
