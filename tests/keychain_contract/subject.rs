//! The keychain under test: how it is opened, and the few functions with which the checks use it.

use git_credential_pat::context::Context;
use git_credential_pat::credential::{Account, Credential, Username};
use git_credential_pat::error::Error;
use git_credential_pat::keychain::{Found, Keychain};
use git_credential_pat::secret::Secret;
use std::io::Write;
use std::process::{self, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Opens a keychain anew, as another program would.
pub type Open<'a> = &'a (dyn Fn() -> Box<dyn Keychain> + Sync);

/// A keychain of this system.
pub struct Subject<'a> {
    pub open: Open<'a>,
    /// Makes the command of the built helper on the same keychain, without an operation. There is
    /// none where the items end with the handle.
    pub helper: Option<&'a (dyn Fn() -> Command + Sync)>,
    /// The length in bytes up to which it must keep every token.
    pub takes: usize,
}

/// A host that no other check, test or earlier run has, so that no item of a person's own keychain
/// is touched.
pub struct Host(String);

impl Host {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self(format!("contract-{}-{now:x}-{count}.test", process::id()))
    }

    /// Returns the host as git names it.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// Returns the context of `https://HOST` and this rest, e.g. `:8443/team`.
    pub fn at(&self, rest: &str) -> Context {
        Context::from_canonical(&format!("https://{}{rest}", self.0)).unwrap()
    }

    /// Returns the context of a container registry at this host.
    pub fn registry(&self) -> Context {
        Context::of_registry(&self.0).unwrap()
    }

    /// Returns whether the context is one of this host's.
    pub fn has(&self, context: &Context) -> bool {
        context.host() == self.0
    }
}

/// Returns a credential that has an expiry and no other details. An empty username is none.
pub fn credential(at: &Context, username: &str, token: &str) -> Credential {
    let username = (!username.is_empty()).then(|| name(username));
    let token = Secret::new(token.as_bytes());
    Credential { expiry: Some(4_000_000_000), ..Credential::new(at.clone(), username, token, 1) }
}

pub fn name(username: &str) -> Username {
    Username::new(username.as_bytes())
}

/// A handle of a keychain, with which the checks call it as its callers do.
pub struct Handle(pub Box<dyn Keychain>);

impl Handle {
    /// Finds the items of a context, and of this username if one is given.
    #[track_caller]
    pub fn find(&mut self, at: &Context, username: Option<&str>) -> Vec<Found> {
        self.find_all(std::slice::from_ref(at), username.map(name).as_ref())
    }

    /// Finds the items of any of these contexts, and of this username if one is given.
    #[track_caller]
    pub fn find_all(&mut self, contexts: &[Context], username: Option<&Username>) -> Vec<Found> {
        again(|| self.0.find(contexts, username)).unwrap()
    }

    /// Lists every account, also of other hosts.
    #[track_caller]
    pub fn list(&mut self) -> Vec<(Found, Account)> {
        again(|| self.0.list()).unwrap()
    }

    /// Returns the only item of this account.
    #[track_caller]
    pub fn one(&mut self, at: &Context, username: &str) -> Found {
        let mut found = self.find(at, Some(username));
        assert_eq!(found.len(), 1, "items of {username:?} at {at}");
        found.remove(0)
    }

    /// Returns the tokens of a context, and of this username if one is given, sorted.
    #[track_caller]
    pub fn tokens(&mut self, at: &Context, username: Option<&str>) -> Vec<String> {
        let found = self.find(at, username);
        let read = self.0.read(&found).unwrap();
        let text = |c: &Credential| String::from_utf8(c.token.expose().to_vec()).unwrap();
        let mut tokens: Vec<String> = read.iter().map(|(_, credential)| text(credential)).collect();
        tokens.sort();
        tokens
    }

    /// Adds a credential for an account that does not exist yet.
    #[track_caller]
    pub fn add(&mut self, credential: &Credential) {
        again(|| self.0.write(None, credential)).unwrap();
    }

    /// Adds a token for an account that does not exist yet.
    #[track_caller]
    pub fn add_token(&mut self, at: &Context, username: &str, token: &str) {
        self.add(&credential(at, username, token));
    }

    /// Replaces the content of the account's item.
    #[track_caller]
    pub fn replace(&mut self, credential: &Credential) {
        let account = credential.account();
        let found = self.find_all(std::slice::from_ref(&account.context), Some(&account.username));
        assert_eq!(found.len(), 1, "items to replace");
        self.0.write(Some(&found[0]), credential).unwrap();
    }

    /// Returns the content of the account's item.
    #[track_caller]
    pub fn read(&mut self, at: &Context, username: &str) -> Credential {
        let found = self.one(at, username);
        let mut read = self.0.read(std::slice::from_ref(&found)).unwrap();
        assert!(read.len() == 1 && read[0].0 == found, "what was found is what was read");
        read.remove(0).1
    }

    #[track_caller]
    pub fn delete(&mut self, at: &Context, username: &str) {
        let found = self.one(at, username);
        self.0.delete(&found).unwrap();
    }

    /// Returns the contexts and usernames of all accounts of this host, in order.
    #[track_caller]
    pub fn accounts(&mut self, host: &Host) -> Vec<String> {
        let listed = self.list();
        let ours = listed.iter().filter(|(_, account)| host.has(&account.context));
        let text = ours.map(|(_, account)| format!("{} {}", account.context, account.username));
        let mut accounts: Vec<String> = text.collect();
        accounts.sort();
        accounts
    }
}

/// Calls again after a transient error, as every caller does. gnome-keyring sometimes refuses a
/// search or a new item without a cause.
pub fn again<T>(mut call: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    match call() {
        Err(error) if error.is_transient() => call(),
        result => result,
    }
}

/// Runs the helper with this request, and returns its output. It must succeed and print nothing on
/// stderr.
#[track_caller]
pub fn run(mut helper: Command, request: &str) -> String {
    helper.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = helper.spawn().unwrap();
    child.stdin.take().unwrap().write_all(request.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{helper:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}
