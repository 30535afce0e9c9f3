//! Somebody at work: a sandbox, a git host that asks for a token, and the helper configured
//! in git as its README says.

use super::desktop::Desktop;
use super::kernel::Keys;
use super::program::program;
use super::sandbox::{BINARY, Ran, Sandbox, run};
use super::server::Server;
use super::watch::Watch;
use serde_json::Value;
use std::fmt::Write;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Tokens that no forge has given out.
pub const TOKEN: &str = "ghp_TESTONLYaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
pub const OTHER_TOKEN: &str = "ghp_TESTONLYbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// See the [module](self).
pub struct Desk {
    pub server: Server,
    /// What the kernel's keyring holds for the server's hosts.
    pub keys: Keys,
    home: Home,
    keychain: &'static str,
    git: PathBuf,
    session: bool,
    mark: Vec<u8>,
}

/// Where somebody works.
enum Home {
    /// On a machine without a desktop: there is no D-Bus.
    Server(Sandbox),
    Desktop(Desktop),
}

impl Desk {
    /// With the kernel's keyring and no D-Bus, and the server's user `alice`, whose token
    /// is [`TOKEN`]. There is a repository `team/repo.git`.
    pub fn new() -> Self {
        Self::at(Home::Server(Sandbox::new()), "kernel")
    }

    /// The same with an unlocked GNOME Keyring.
    pub fn with_gnome_keyring() -> Self {
        Self::at(Home::Desktop(Desktop::gnome_keyring()), "secret-service")
    }

    fn at(home: Home, keychain: &'static str) -> Self {
        let keys = Keys::new();
        let server = Server::start([keys.host("git"), keys.host("other")]);
        let git = program("git", "git");
        let mut desk = Self { server, keys, home, keychain, git, session: false, mark: Vec::new() };
        desk.server.introduce_to(desk.sandbox());
        desk.server.set_token("alice", TOKEN);
        desk.server.create_repository("team/repo.git");
        desk.configure("user.name", "Alice");
        desk.configure("user.email", "alice@h.example");
        desk.configure("credential.helper", &format!("{BINARY} --keychain {keychain}"));
        let trace = desk.sandbox().path("trace");
        desk.set("GIT_TRACE", trace.to_str().unwrap());
        desk
    }

    /// The home and the environment.
    pub fn sandbox(&self) -> &Sandbox {
        match &self.home {
            Home::Server(sandbox) => sandbox,
            Home::Desktop(desktop) => &desktop.sandbox,
        }
    }

    fn sandbox_mut(&mut self) -> &mut Sandbox {
        match &mut self.home {
            Home::Server(sandbox) => sandbox,
            Home::Desktop(desktop) => &mut desktop.sandbox,
        }
    }

    /// The keychain's name.
    pub fn keychain(&self) -> &'static str {
        self.keychain
    }

    /// Sets a variable for every later command.
    pub fn set(&mut self, name: &str, value: &str) {
        self.sandbox_mut().set(name, value);
    }

    /// Remembers what the keychain is like, for [`Self::is_unwritten`].
    pub fn mark_unwritten(&mut self) {
        self.keys.mark_unwritten();
        self.mark = self.keyring_file();
    }

    /// Whether the keychain has not been written since.
    pub fn is_unwritten(&self) -> bool {
        self.keys.are_unwritten() && self.mark == self.keyring_file()
    }

    /// What is asked of the desktop's keychain during some work.
    #[track_caller]
    pub fn calls_of(&self, work: impl FnOnce()) -> Vec<String> {
        let Home::Desktop(desktop) = &self.home else { panic!("there is no desktop") };
        let watch = Watch::new(desktop);
        work();
        watch.calls(desktop)
    }

    /// GNOME Keyring's file, which it encrypts afresh at each write.
    fn keyring_file(&self) -> Vec<u8> {
        match &self.home {
            Home::Server(_) => Vec::new(),
            Home::Desktop(desktop) => {
                fs::read(desktop.sandbox.path("data/keyrings/login.keyring")).unwrap()
            }
        }
    }

    /// From now on with this git.
    pub fn with_git(mut self, git: &Path) -> Self {
        git.clone_into(&mut self.git);
        self
    }

    /// From now on every git command in a session keyring of its own, to which the user's
    /// keyring is not linked.
    pub fn in_fresh_sessions(mut self) -> Self {
        self.session = true;
        self
    }

    /// Sets a variable of git's global configuration.
    pub fn configure(&self, name: &str, value: &str) {
        self.sandbox().git(&["config", "--global", name, value]);
    }

    /// Runs git with this input to its end; after two minutes it is ended. (git-lfs asks
    /// again for ever where it is given a refused token again.)
    pub fn run_git(&self, args: &[&str], stdin: &str) -> Ran {
        let mut command = self.sandbox().command(program("timeout", "coreutils"));
        command.arg("120");
        if self.session {
            command.arg(program("keyctl", "keyutils")).args(["session", "-"]);
        }
        command.arg(&self.git).args(args);
        run(command, stdin.as_bytes())
    }

    /// Runs git and expects it to succeed.
    #[track_caller]
    pub fn git(&self, args: &[&str]) -> Ran {
        let ran = self.run_git(args, "");
        assert!(ran.status.success(), "{ran}");
        ran
    }

    /// Runs git and expects it to fail for want of a credential.
    #[track_caller]
    pub fn git_is_refused(&self, args: &[&str]) -> Ran {
        let ran = self.run_git(args, "");
        let said = ran.stderr();
        let refused =
            said.contains("terminal prompts disabled") || said.contains("Authentication failed");
        assert!(!ran.status.success() && refused, "{ran}");
        ran
    }

    /// From now on somebody who is asked types this.
    pub fn types(&mut self, user: &str, token: &str) {
        let script = self.sandbox().path("askpass");
        let text = format!("#!/bin/sh\ncase $1 in User*) echo {user};; *) echo {token};; esac\n");
        fs::write(&script, text).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        self.set("GIT_ASKPASS", script.to_str().unwrap());
    }

    /// From now on nobody is there to be asked.
    pub fn types_nothing(&mut self) {
        self.sandbox_mut().unset("GIT_ASKPASS");
    }

    /// Has git store a credential, as after a first success.
    #[track_caller]
    pub fn approve(&self, place: &str, user: &str, token: &str) {
        let description = format!("{}username={user}\npassword={token}\n", attributes(place));
        let ran = self.run_git(&["credential", "approve"], &description);
        let silent = !ran.stderr().contains("git-credential-pat");
        assert!(ran.status.success() && silent, "{ran}");
    }

    /// The token that the helper answers for a place, e.g. `https://h.test/team/repo.git`,
    /// and a username, if there is one.
    #[track_caller]
    pub fn token(&self, place: &str, user: Option<&str>) -> Option<String> {
        let mut request = attributes(place);
        if let Some(user) = user {
            writeln!(request, "username={user}").unwrap();
        }
        let ran = self.sandbox().helper(&["--keychain", self.keychain, "get"], request);
        assert!(ran.status.success(), "{ran}");
        let answer = ran.stdout();
        answer.lines().find_map(|line| line.strip_prefix("password=")).map(str::to_owned)
    }

    /// What is kept for the server's hosts: place, username and state, as `list` tells.
    #[track_caller]
    pub fn accounts(&self) -> Vec<String> {
        let ran = self.sandbox().helper(&["list", "--json", "--keychain", self.keychain], "");
        assert!(ran.status.success(), "{ran}");
        let list: Value = serde_json::from_slice(&ran.stdout).unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let hosts = [self.server.host(), self.server.other()];
        list.as_array()
            .unwrap()
            .iter()
            .map(|row| ["context", "username", "state"].map(|key| text(&row[key])).join(" "))
            .filter(|row| hosts.iter().any(|host| row.contains(host)))
            .collect()
    }

    /// The operations for which git has run the helper since this was last asked.
    pub fn operations(&self) -> Vec<String> {
        let trace = self.sandbox().path("trace");
        let text = fs::read_to_string(&trace).unwrap_or_default();
        fs::write(&trace, "").unwrap();
        text.lines()
            .filter(|line| line.contains("run_command:") && line.contains("git-credential-pat"))
            .filter_map(|line| line.trim_end_matches('\'').rsplit(' ').next())
            .map(str::to_owned)
            .collect()
    }

    /// The URL of a repository at the first host.
    pub fn url(&self, path: &str) -> String {
        format!("https://{}/{path}", self.server.host())
    }

    /// The URL of a repository at the second host.
    pub fn other_url(&self, path: &str) -> String {
        format!("https://{}/{path}", self.server.other())
    }
}

/// A place as the lines of a credential description.
pub fn attributes(place: &str) -> String {
    let (protocol, rest) = place.split_once("://").unwrap();
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let path = if path.is_empty() { String::new() } else { format!("path={path}\n") };
    format!("protocol={protocol}\nhost={host}\n{path}")
}
