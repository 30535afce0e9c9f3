//! Somebody with a home folder, a keychain and a host of their own, who types commands and has
//! git ask for tokens. What else there is stands in a chain:
//!
//! ```text
//! Home::new()                              the kernel's keyring, named in the environment
//! Home::bare().configured()                the same, and it is git's configuration that names it
//! Home::with_gnome_keyring().at("cache")   a desktop's keychain, a host whose name begins so
//! Home::bare().with_git_host()             a real git host that asks for a token
//! ```
//!
//! In what is typed and configured, `HOST` is the host of one's own, `LOOP` such an address of
//! this machine and `SIX` such an IPv6 address.

#[cfg(unix)]
mod terminal;
#[cfg(unix)]
mod work;

#[cfg(unix)]
use super::desktop::Desktop;
use super::sandbox::{BINARY, Ran, Sandbox, run};
use super::{KEYCHAIN, Keys};
use humantime::parse_rfc3339;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;
#[cfg(unix)]
use work::Work;
#[cfg(unix)]
pub use work::attributes;

/// Tokens that no forge has given out.
pub const TOKEN: &str = "ghp_TESTONLYaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
pub const OTHER_TOKEN: &str = "ghp_TESTONLYbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// See the [module](self).
pub struct Home {
    // Ended first: what runs there writes into the home folder.
    #[cfg(unix)]
    desktop: Option<Desktop>,
    #[cfg(unix)]
    work: Work,
    /// The home folder and the environment.
    pub sandbox: Sandbox,
    /// What a keychain that all of a user's processes share holds for this test's hosts.
    pub keys: Keys,
    /// The host of one's own.
    pub host: String,
    /// The keychain's name.
    pub keychain: &'static str,
    options: &'static str,
    loopback: String,
    six: String,
    /// What is kept for these two, once they are used.
    of_addresses: OnceLock<[Keys; 2]>,
}

impl Home {
    /// With a keychain that needs no desktop. The environment names it; git is not configured.
    pub fn new() -> Self {
        let mut home = Self::bare();
        home.sandbox.set("GIT_CREDENTIAL_PAT_KEYCHAIN", KEYCHAIN);
        home
    }

    /// The same where nothing names the keychain.
    pub fn bare() -> Self {
        Self::of(Sandbox::new(), KEYCHAIN)
    }

    /// With an unlocked GNOME Keyring.
    #[cfg(unix)]
    pub fn with_gnome_keyring() -> Self {
        Self::at_desktop(Desktop::gnome_keyring())
    }

    /// With the keychain of a desktop.
    #[cfg(unix)]
    pub fn at_desktop(desktop: Desktop) -> Self {
        let home = Self::of(desktop.sandbox.clone(), "secret-service");
        Self { desktop: Some(desktop), ..home }
    }

    /// What runs on the desktop.
    #[cfg(unix)]
    #[track_caller]
    pub fn desktop(&self) -> &Desktop {
        self.desktop.as_ref().expect("a home at a desktop")
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

    /// At a host whose name begins so.
    pub fn at(mut self, label: &str) -> Self {
        self.host = self.keys.host(label);
        self
    }

    /// Whose helper string has these options besides the keychain.
    pub fn with_options(mut self, options: &'static str) -> Self {
        self.options = options;
        self
    }

    /// Whose git asks this helper, by its name and with this keychain.
    #[cfg(unix)]
    pub fn configured(self) -> Self {
        self.helper(&format!("pat --keychain {}", self.keychain));
        self
    }

    /// Where the helper has docker's name, too.
    #[cfg(unix)]
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

    /// The URL of a path at the host of one's own.
    pub fn url(&self, path: &str) -> String {
        let slash = if path.is_empty() || path.starts_with('/') { "" } else { "/" };
        format!("https://{}{slash}{path}", self.host)
    }

    /// The text with this test's own names.
    pub fn fill(&self, text: &str) -> String {
        String::from_utf8(self.fill_bytes(text.as_bytes())).unwrap()
    }

    /// The same for what may be no text.
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

    /// The lines of a request or an answer that is written with blanks between them.
    pub fn lines(&self, spaced: &str) -> String {
        let mut lines = self.fill(spaced).replace(' ', "\n");
        if !lines.is_empty() {
            lines.push('\n');
        }
        lines
    }

    /// Runs an operation of git's with this request, as it is. The operation may have options
    /// of the helper string before it.
    pub fn operation(&self, operation: &str, request: impl AsRef<[u8]>) -> Ran {
        run(self.helper_string(operation), request.as_ref())
    }

    /// The helper as git starts it for an operation.
    pub fn helper_string(&self, operation: &str) -> Command {
        let mut command = self.sandbox.command(BINARY);
        command.args(["--keychain", self.keychain]);
        command.args(self.options.split_whitespace()).args(operation.split(' '));
        command
    }

    /// Runs an operation with a request that is written with blanks, and expects this answer.
    #[track_caller]
    pub fn answers(&self, operation: &str, request: &str, answer: &str) {
        self.operation(operation, self.lines(request)).prints(&self.lines(answer));
    }

    /// A get for the host of one's own, with these lines besides, each with its end.
    pub fn get(&self, more: &str) -> Ran {
        self.operation("get", self.fill(&format!("protocol=https\nhost=HOST\n{more}\n")))
    }

    /// A command as it is typed; the words are split at blanks.
    pub fn typed(&self, line: &str) -> Command {
        let mut command = self.sandbox.command(BINARY);
        command.args(self.fill(line).split_whitespace());
        command
    }

    /// Types a command, which reads this.
    pub fn types(&self, line: &str, stdin: &str) -> Ran {
        run(self.typed(line), stdin.as_bytes())
    }

    /// The same in a folder of the home.
    pub fn types_in(&self, folder: &str, line: &str, stdin: &str) -> Ran {
        let mut command = self.typed(line);
        command.current_dir(self.sandbox.path(folder));
        run(command, stdin.as_bytes())
    }

    /// The lines of `list` for the host of one's own; a time within the last hour is JUST NOW.
    #[track_caller]
    pub fn listed(&self) -> Vec<String> {
        let ran = self.types("list", "");
        assert!(ran.status.success(), "{ran}");
        let lines = ran.stdout();
        let ours = lines.lines().filter(|line| line.contains(&self.host));
        ours.map(|line| line.split_whitespace().map(age).collect::<Vec<_>>().join(" ")).collect()
    }

    /// Writes a file that is its owner's alone, and the folders above it where they are missing.
    pub fn write(&self, name: impl AsRef<Path>, text: &str) {
        let path = self.sandbox.home().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, self.fill(text)).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }

    /// Expects exactly this in a file.
    #[track_caller]
    pub fn holds(&self, name: &str, text: &str) {
        let content = fs::read_to_string(self.sandbox.path(name)).unwrap();
        assert_eq!(content, self.fill(text), "{name}");
    }
}

fn age(word: &str) -> &str {
    const HOUR: Duration = Duration::from_secs(3600);
    let passed = parse_rfc3339(word).ok().and_then(|time| time.elapsed().ok());
    if passed.is_some_and(|passed| passed < HOUR) { "JUST NOW" } else { word }
}
