//! Work with git: a git host that asks for a token, the git that is used, and the helper runs.

use super::Home;
use crate::support::program::program;
use crate::support::sandbox::{BINARY, Ran, run};
use crate::support::server::Server;
use crate::support::watch::Watch;
use serde_json::Value;
use std::fmt::Write;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Tokens that no forge has given out.
pub const TOKEN: &str = "ghp_TESTONLYaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
pub const OTHER_TOKEN: &str = "ghp_TESTONLYbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// The git host, the git and the settings with which a person works.
#[derive(Default)]
pub struct Work {
    server: Option<Server>,
    git: Option<PathBuf>,
    in_fresh_sessions: bool,
    /// The content of the keyring's file when it was marked.
    pub mark: Vec<u8>,
}

impl Home {
    /// Starts a git host with its user `alice`, whose token is [`TOKEN`], and a repository
    /// `team/repo.git`. git asks this helper.
    pub fn with_git_host(mut self) -> Self {
        let server = Server::start([self.keys.host("git"), self.keys.host("other")]);
        server.introduce_to(&self.sandbox);
        server.set_token("alice", TOKEN);
        server.create_repository("team/repo.git");
        self.host = server.host();
        self.work.server = Some(server);
        self.configure("user.name", "Alice");
        self.configure("user.email", "alice@h.example");
        self.configure("credential.helper", &format!("{BINARY} --keychain {}", self.keychain));
        let trace = self.sandbox.path("trace");
        self.set("GIT_TRACE", trace.to_str().unwrap());
        self
    }

    /// Gives it this server, which ends with the home, and leaves git as it is.
    pub fn at_server(&mut self, server: Server) {
        self.work.server = Some(server);
    }

    /// Uses this git from now on.
    pub fn with_git(mut self, git: &Path) -> Self {
        let folder = Path::new(BINARY).parent().unwrap().display();
        let path = std::env::var("PATH").unwrap();
        self.set("PATH", &format!("{folder}:{}:{path}", git.parent().unwrap().display()));
        self.work.git = Some(git.to_owned());
        self
    }

    /// Runs every git command, from now on, in a session keyring of its own, to which the user's
    /// keyring is not linked.
    pub fn in_fresh_sessions(mut self) -> Self {
        self.work.in_fresh_sessions = true;
        self
    }

    /// Returns the git host.
    #[track_caller]
    pub fn server(&self) -> &Server {
        self.work.server.as_ref().expect("a home with a git host")
    }

    /// Returns the URL of a repository at the git host's second name.
    pub fn other_url(&self, path: &str) -> String {
        format!("https://{}/{path}", self.server().other())
    }

    /// Runs git's `config`.
    pub fn config(&self, words: &[&str]) {
        let words: Vec<String> = words.iter().map(|word| self.fill(word)).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.sandbox.git(&[&["config"], &words[..]].concat());
    }

    /// Sets a variable of git's global configuration.
    pub fn configure(&self, name: &str, value: &str) {
        self.config(&["--global", name, value]);
    }

    /// Adds a line to git's global `credential.helper`.
    pub fn helper(&self, line: &str) {
        self.config(&["--global", "--add", "credential.helper", line]);
    }

    /// Returns the lines of git's global `credential.helper`.
    pub fn helpers(&self) -> Vec<String> {
        let args = ["config", "--global", "--null", "--get-all", "credential.helper"];
        let values = self.sandbox.run("git", &args, b"").stdout();
        values.split_terminator('\0').map(str::to_owned).collect()
    }

    /// Runs git with this input to its end, or for two minutes at most. (git-lfs asks again for
    /// ever where it gets a refused token again.)
    pub fn run_git(&self, args: &[&str], stdin: &str) -> Ran {
        let mut command = self.sandbox.command(program("timeout", "coreutils"));
        command.arg("120");
        if self.work.in_fresh_sessions {
            command.arg(program("keyctl", "keyutils")).args(["session", "-"]);
        }
        command.arg(self.work.git.clone().unwrap_or_else(|| program("git", "git")));
        command.args(args.iter().map(|word| self.fill(word)));
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

    /// Lets a person, from now on, type this where git asks.
    pub fn types_for_git(&mut self, user: &str, token: &str) {
        let script = self.sandbox.path("askpass");
        let text = format!("#!/bin/sh\ncase $1 in User*) echo {user};; *) echo {token};; esac\n");
        fs::write(&script, text).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        self.set("GIT_ASKPASS", script.to_str().unwrap());
    }

    /// Lets nobody, from now on, answer git's questions.
    pub fn types_nothing_for_git(&mut self) {
        self.sandbox.unset("GIT_ASKPASS");
    }

    /// Makes git store a credential, as after a first success.
    #[track_caller]
    pub fn approve(&self, place: &str, user: &str, token: &str) {
        let description = format!("{}username={user}\npassword={token}\n", attributes(place));
        let ran = self.run_git(&["credential", "approve"], &description);
        let silent = !ran.stderr().contains("git-credential-pat");
        assert!(ran.status.success() && silent, "{ran}");
    }

    /// Returns the token that the helper answers for a URL, e.g. `https://h.test/team/repo.git`,
    /// and a username, if there is one.
    #[track_caller]
    pub fn token(&self, place: &str, user: Option<&str>) -> Option<String> {
        let mut request = attributes(place);
        if let Some(user) = user {
            writeln!(request, "username={user}").unwrap();
        }
        let ran = self.operation("get", request);
        assert!(ran.status.success(), "{ran}");
        let answer = ran.stdout();
        answer.lines().find_map(|line| line.strip_prefix("password=")).map(str::to_owned)
    }

    /// Returns the accounts for this test's hosts: context, username and state, as `list` shows
    /// them.
    #[track_caller]
    pub fn accounts(&self) -> Vec<String> {
        let ran = self.sandbox.helper(&["list", "--json", "--keychain", self.keychain], "");
        assert!(ran.status.success(), "{ran}");
        let list: Value = serde_json::from_slice(&ran.stdout).unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let label = self.keys.host("");
        list.as_array()
            .unwrap()
            .iter()
            .map(|row| ["context", "username", "state"].map(|key| text(&row[key])).join(" "))
            .filter(|row| row.contains(&label))
            .collect()
    }

    /// Returns the operations for which git has run the helper since this was last asked.
    pub fn operations(&self) -> Vec<String> {
        let trace = self.sandbox.path("trace");
        let text = fs::read_to_string(&trace).unwrap_or_default();
        fs::write(&trace, "").unwrap();
        text.lines()
            .filter(|line| line.contains("run_command:") && line.contains("git-credential-pat"))
            .filter_map(|line| line.trim_end_matches('\'').rsplit(' ').next())
            .map(str::to_owned)
            .collect()
    }

    /// Returns the content of GNOME Keyring's file, which it encrypts afresh at each write.
    pub(super) fn keyring_file(&self) -> Vec<u8> {
        let file = self.sandbox.path("data/keyrings/login.keyring");
        if self.desktop.is_some() { fs::read(file).unwrap() } else { Vec::new() }
    }

    /// Returns the calls to the desktop's keychain during some work.
    #[track_caller]
    pub fn calls_of(&self, work: impl FnOnce()) -> Vec<String> {
        let watch = Watch::new(self.desktop());
        work();
        watch.calls(self.desktop())
    }
}

/// Returns a URL as the lines of a credential description.
pub fn attributes(place: &str) -> String {
    let (protocol, rest) = place.split_once("://").unwrap();
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let path = if path.is_empty() { String::new() } else { format!("path={path}\n") };
    format!("protocol={protocol}\nhost={host}\n{path}")
}
