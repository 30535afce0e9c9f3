//! A person with a home folder, a keychain and a host of their own, who types commands and has git
//! ask for tokens. The chain says what else there is:
//!
//! ```text
//! Home::new()                              the kernel's keyring, named in the environment
//! Home::bare().configured()                the same, and it is git's configuration that names it
//! Home::with_gnome_keyring().at("cache")   a desktop's keychain, a host whose name begins so
//! Home::bare().with_git_host()             a real git host that asks for a token
//! ```
//!
//! In commands and configurations, `HOST` stands for the person's own host, `LOOP` for a loopback
//! address of their own and `SIX` for such an IPv6 address.

#[cfg(unix)]
mod commands;
#[cfg(unix)]
mod work;

#[cfg(unix)]
use super::desktop::Desktop;
use super::sandbox::{BINARY, Ran, Sandbox, run};
use super::{KEYCHAIN, Keys};
#[cfg(unix)]
use std::fs;
use std::process::Command;
use std::sync::OnceLock;
#[cfg(unix)]
use work::Work;
#[cfg(unix)]
pub use work::{OTHER_TOKEN, TOKEN, attributes};

/// See the [module](self).
pub struct Home {
    // The desktop is dropped first: its programs write into the home folder.
    #[cfg(unix)]
    desktop: Option<Desktop>,
    #[cfg(unix)]
    work: Work,
    /// The home folder and the environment.
    pub sandbox: Sandbox,
    /// The test's items in a keychain that all of a user's processes share.
    pub keys: Keys,
    /// The person's own host.
    pub host: String,
    /// The keychain's name.
    pub keychain: &'static str,
    options: &'static str,
    loopback: String,
    six: String,
    /// The items of these two addresses, once they are used.
    of_addresses: OnceLock<[Keys; 2]>,
}

/// The methods of the chain.
#[cfg(unix)]
impl Home {
    /// Makes a home with a keychain that needs no desktop and that the environment names. git is
    /// not configured.
    pub fn new() -> Self {
        let mut home = Self::bare();
        home.sandbox.set("GIT_CREDENTIAL_PAT_KEYCHAIN", KEYCHAIN);
        home
    }

    /// Makes a home with an unlocked GNOME Keyring.
    pub fn with_gnome_keyring() -> Self {
        Self::at_desktop(Desktop::gnome_keyring())
    }

    /// Makes a home with the keychain of a desktop.
    pub fn at_desktop(desktop: Desktop) -> Self {
        let home = Self::of(desktop.sandbox.clone(), "secret-service");
        Self { desktop: Some(desktop), ..home }
    }

    /// Returns the desktop.
    #[track_caller]
    pub fn desktop(&self) -> &Desktop {
        self.desktop.as_ref().expect("a home at a desktop")
    }

    /// Chooses a host whose name begins so.
    pub fn at(mut self, label: &str) -> Self {
        self.host = format!("{label}.{}", self.keys.host("h"));
        self
    }

    /// Adds these options to the helper string, besides the keychain.
    pub fn with_options(mut self, options: &'static str) -> Self {
        self.options = options;
        self
    }

    /// Configures git with this helper, by its name and with this keychain.
    pub fn configured(self) -> Self {
        self.helper(&format!("pat --keychain {}", self.keychain));
        self
    }

    /// Gives the helper docker's name, too.
    pub fn with_docker(mut self) -> Self {
        let folder = self.sandbox.path("bin");
        fs::create_dir(&folder).unwrap();
        std::os::unix::fs::symlink(BINARY, folder.join("docker-credential-pat")).unwrap();
        let path = format!("{}:{}", folder.display(), self.sandbox.get("PATH"));
        self.set("PATH", &path);
        self
    }

    /// Sets a variable for every later command.
    pub fn set(&mut self, name: &str, value: &str) {
        self.sandbox.set(name, value);
    }
}

impl Home {
    /// Makes a home with a keychain that needs no desktop, and that nothing names.
    pub fn bare() -> Self {
        Self::of(Sandbox::new(), KEYCHAIN)
    }

    fn of(sandbox: Sandbox, keychain: &'static str) -> Self {
        let keys = Keys::new();
        let [a, b, c] = keys.number();
        let (loopback, six) =
            (format!("127.{a}.{b}.{c}"), format!("[2001:db8:{a:x}:{b:x}:{c:x}::1]"));
        Self {
            #[cfg(unix)]
            desktop: None,
            #[cfg(unix)]
            work: Work::default(),
            sandbox,
            host: keys.host("h"),
            keys,
            keychain,
            options: "",
            loopback,
            six,
            of_addresses: OnceLock::new(),
        }
    }

    /// Returns the URL of a path at the person's own host.
    pub fn url(&self, path: &str) -> String {
        let slash = if path.is_empty() || path.starts_with('/') { "" } else { "/" };
        format!("https://{}{slash}{path}", self.host)
    }

    /// Returns the text with this test's own names.
    pub fn fill(&self, text: &str) -> String {
        String::from_utf8(self.fill_bytes(text.as_bytes())).unwrap()
    }

    /// Returns bytes, which may be no text, with this test's own names.
    pub fn fill_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let upper = self.six.to_uppercase();
        let long = self.six.replace("::", ":0:0:");
        let names = [
            ("HOST", &self.host),
            ("LOOP", &self.loopback),
            ("SIXUPPER", &upper),
            ("SIXLONG", &long),
            ("SIX", &self.six),
        ];
        let mut filled = Vec::new();
        let mut rest = bytes;
        while let Some((first, after)) = rest.split_first() {
            let name = names.iter().find(|(name, _)| rest.starts_with(name.as_bytes()));
            if let Some((name, value)) = name {
                if *name != "HOST" {
                    let keys = || [&self.loopback, &self.six].map(|label| Keys::labelled(label));
                    self.of_addresses.get_or_init(keys);
                }
                filled.extend_from_slice(value.as_bytes());
                rest = &rest[name.len()..];
            } else {
                filled.push(*first);
                rest = after;
            }
        }
        filled
    }

    /// Returns the lines of a request or an answer that is written with blanks between them.
    pub fn lines(&self, spaced: &str) -> String {
        let mut lines = self.fill(spaced).replace(' ', "\n");
        if !lines.is_empty() {
            lines.push('\n');
        }
        lines
    }

    /// Runs one of git's operations with this request, as it is. The operation may have options of
    /// the helper string before it.
    pub fn operation(&self, operation: &str, request: impl AsRef<[u8]>) -> Ran {
        run(self.helper_string(operation), request.as_ref())
    }

    /// Returns the helper as git starts it for an operation.
    pub fn helper_string(&self, operation: &str) -> Command {
        let mut command = self.sandbox.command(BINARY);
        command.args(["--keychain", self.keychain]);
        command.args(self.options.split_whitespace()).args(operation.split(' '));
        command
    }

    /// Remembers the state of the keychain, for [`Self::is_unwritten`].
    pub fn mark_unwritten(&mut self) {
        self.keys.mark_unwritten();
        #[cfg(unix)]
        {
            self.work.mark = self.keyring_file();
        }
    }

    /// Returns whether the keychain has not been written since.
    pub fn is_unwritten(&self) -> bool {
        #[cfg(unix)]
        if self.work.mark != self.keyring_file() {
            return false;
        }
        self.keys.are_unwritten()
    }

    /// Runs an operation with a request that is written with blanks, and expects this answer.
    #[track_caller]
    pub fn answers(&self, operation: &str, request: &str, answer: &str) {
        self.operation(operation, self.lines(request)).prints(&self.lines(answer));
    }
}
