//! Somebody who reads a page and types what stands there: in a home of their own, on a terminal,
//! with hosts that have the page's names, and an answer to each question.

use crate::support::home::Home;
use crate::support::page::Block;
use crate::support::program::program;
use crate::support::sandbox::{BINARY, run};
use crate::support::server::Server;
use crate::support::spy;
use crate::support::terminal::Terminal;
use crate::support::tunnel::Tunnel;
use serde_json::json;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::SystemTime;

/// The hosts that the pages name.
const HOST: &str = "git.example.com";
const HOSTS: [&str; 3] = ["github.com", "gitlab.com", "gitlab.example.com"];

/// No forge has given out these; the checksum of the first is right.
pub const TOKEN: &str = "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";
pub const OF_GITLAB: &str = "glpat-TESTONLYTESTONLYTES";

/// The passphrase of whoever makes a vault.
pub const PASSPHRASE: &str = "TESTONLY horse battery staple";

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// See the [module](self).
pub struct Reader {
    pub home: Home,
    tunnel: Option<Tunnel>,
    /// What the page says, and what it is here.
    fills: Vec<(String, String)>,
    /// The folder of the home in which everything is typed.
    folder: String,
    /// The exit status of all that is typed.
    status: i32,
}

impl Reader {
    /// Whose tokens lie in the kernel's keyring, in a git that asks nobody yet.
    pub fn new() -> Self {
        Self::at(Home::bare())
    }

    /// The same with an unlocked GNOME Keyring.
    pub fn at_a_desktop() -> Self {
        Self::at(Home::with_gnome_keyring())
    }

    fn at(mut home: Home) -> Self {
        // Real names are filed: only in a keyring of the test's own.
        assert!(
            home.keychain != "kernel" || crate::support::keyring::Keyring::of_this_test().is_own(),
            "this system allows a test no keyring of its own"
        );
        // A test has one for all its readers.
        let ran = home.sandbox.run(program("keyctl", "keyutils"), &["clear", "@u"], b"");
        assert!(ran.status.success(), "{ran}");
        for (name, value) in [
            // Nowhere: no page is to reach the network.
            ("https_proxy", "http://127.0.0.1:9"),
            ("GIT_AUTHOR_NAME", "Alice"),
            ("GIT_AUTHOR_EMAIL", "alice@h.example"),
            ("GIT_COMMITTER_NAME", "Alice"),
            ("GIT_COMMITTER_EMAIL", "alice@h.example"),
            ("TERM", "dumb"),
        ] {
            home.set(name, value);
        }
        let folder = home.sandbox.home().to_str().unwrap().trim_end_matches('/').to_owned();
        home.set("HOME", &folder);
        // As they are where nobody sets them.
        for name in ["CONFIG", "DATA", "CACHE", "STATE"] {
            home.sandbox.unset(&format!("XDG_{name}_HOME"));
        }
        for name in ["GIT_CONFIG_GLOBAL", "GIT_TRACE", "GIT_TERMINAL_PROMPT"] {
            home.sandbox.unset(name);
        }
        let version = home.sandbox.git(&["version"]).replace("git version ", "");
        let today = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
        let fills = [
            ("/home/alice", folder.as_str()),
            ("/run/secrets", &format!("{folder}/secrets")),
            ("/etc/vault-key", &format!("{folder}/secrets/vault-key")),
            ("2.47.3", version.trim()),
            ("2026-11-21", &today[..10]),
        ];
        let fills = fills.map(|(page, here)| (page.to_owned(), here.to_owned())).into();
        let mut reader = Self { home, tunnel: None, fills, folder: String::new(), status: 0 };
        let path = reader.home.sandbox.get("PATH").to_owned();
        let [own, local] = ["bin", ".local/bin"].map(|name| reader.home.sandbox.path(name));
        reader.home.set("PATH", &format!("{}:{}:{path}", own.display(), local.display()));
        reader
    }

    /// Whose network has the hosts of the pages, with `work/repo.git` and `alice/notes.git`; all
    /// are one.
    pub fn with_hosts(self) -> Self {
        self.at_hosts(&HOSTS)
    }

    fn at_hosts(mut self, hosts: &[&str]) -> Self {
        let names = [HOST.to_owned(), "other.example.com".to_owned()];
        let server = Server::start_also_as(names, hosts);
        for (user, token) in [("alice", TOKEN), ("alice-work", TOKEN)] {
            server.set_token(user, token);
        }
        for path in ["work/repo.git", "alice/notes.git", "team/repo.git"] {
            server.create_repository(path);
        }
        let port = server.ports()[0];
        let routes = hosts.iter().chain([&HOST]).map(|name| ((*name).to_owned(), port));
        let tunnel = Tunnel::new(routes.collect());
        self.home.set("https_proxy", &tunnel.address());
        self.home.set("GIT_SSL_CAINFO", server.certificate().to_str().unwrap());
        self.home.at_server(server);
        self.tunnel = Some(tunnel);
        self
    }

    /// Whose git asks this helper.
    pub fn configured(self) -> Self {
        self.home.helper(&format!("pat --keychain {}", self.home.keychain));
        self
    }

    /// Whose network has the hosts and GitHub's API, and who has kept alice's token at this forge,
    /// which knows it.
    #[track_caller]
    pub fn with_living_token(self, url: &str) -> Self {
        let reader = self.at_hosts(&[&HOSTS[..], &["api.github.com"]].concat());
        let token = if url.contains("gitlab") { OF_GITLAB } else { TOKEN };
        let words = ["login", "--with-token", "--offline", "--username", "alice", url];
        let ran = reader.home.sandbox.helper(&words, token);
        assert!(ran.status.success(), "{ran}");
        let known = json!({ "scopes": ["api", "repo"], "expires": "2099-01-31" });
        reader.home.server().forge().knows("alices", token, known);
        reader
    }

    /// The names of the tokens that the forge takes.
    pub fn living(&self) -> Vec<String> {
        self.home.server().forge().living()
    }

    /// Who has kept a token for this user at this place.
    #[track_caller]
    pub fn with_account(self, user: &str, url: &str) -> Self {
        let words = ["login", "--with-token", "--username", user, url];
        let keychain = ["--keychain", self.home.keychain];
        let ran = self.home.sandbox.helper(&[&words[..], &keychain].concat(), TOKEN);
        assert!(ran.status.success(), "{ran}");
        self
    }

    /// Whose token for alice at this host was refused.
    #[track_caller]
    pub fn refused_at(self, host: &str) -> Self {
        let request = format!("protocol=https\nhost={host}\nusername=alice\npassword={TOKEN}\n\n");
        self.home.operation("erase", request).prints("");
        self
    }

    /// Where a program of this name does this.
    pub fn with_program(self, name: &str, body: &str) -> Self {
        let path = self.home.sandbox.path("bin").join(name);
        spy::program(&path, &format!("#!/bin/sh\nset -eu\n{body}\n"));
        self
    }

    /// Where this file is its owner's alone.
    pub fn with_file(self, name: &str, text: &str) -> Self {
        self.home.write(name, text);
        self
    }

    /// For whom this word of the page is another one.
    pub fn with(mut self, page: &str, here: &str) -> Self {
        self.fills.push((page.to_owned(), here.to_owned()));
        self
    }

    /// Who types everything in this folder of the home.
    pub fn inside(mut self, folder: &str) -> Self {
        folder.clone_into(&mut self.folder);
        self
    }

    /// With a folder that has of a checkout what the installer looks at. The compiler stands for
    /// the real one, which takes minutes: it brings the program that the tests were built with.
    pub fn with_checkout(self, folder: &str) -> Self {
        let at = self.home.sandbox.path(folder);
        for file in ["install.sh", "Cargo.toml", "src/cli/git-credential-pat.1"] {
            let copy = at.join(file);
            fs::create_dir_all(copy.parent().unwrap()).unwrap();
            fs::copy(Path::new(ROOT).join(file), &copy).unwrap();
        }
        let suite = Path::new(ROOT).join("tests/run.sh");
        assert!(fs::metadata(suite).unwrap().permissions().mode() & 0o111 == 0o111);
        // This very test is a part of what it runs.
        spy::program(&at.join("tests/run.sh"), "#!/bin/sh\n");
        let build = format!(
            "while [ \"$1\" != --target-dir ]; do shift; done\n\
             mkdir -p \"$2/release\" && cp '{BINARY}' \"$2/release/git-credential-pat\""
        );
        self.with_program("rustc", "echo rustc 9.0.0").with_program("cargo", &build)
    }

    /// Where the commands say by this exit status that something is not as it should be.
    pub fn expecting(mut self, status: i32) -> Self {
        self.status = status;
        self
    }

    /// Where the helper has docker's name, too.
    pub fn with_docker_name(self) -> Self {
        let folder = self.home.sandbox.path("bin");
        fs::create_dir_all(&folder).unwrap();
        symlink(BINARY, folder.join("docker-credential-pat")).unwrap();
        self
    }

    /// The text with what is here in the place of what the page says.
    pub fn fill(&self, text: &str) -> String {
        self.fills.iter().fold(text.to_owned(), |text, (page, here)| text.replace(page, here))
    }

    /// Types or copies what stands there.
    #[track_caller]
    pub fn follows(&self, block: &Block) {
        let text = self.fill(&block.text);
        match block.language.as_str() {
            "sh" | "inline" => self.types(&text),
            "console" => self.compares(&text),
            "ini" => self.appends(".gitconfig", &text),
            "json" => self.appends(".docker/config.json", &text),
            other => panic!("nothing is known of {other}:\n{text}"),
        }
    }

    fn appends(&self, name: &str, text: &str) {
        let path = self.home.sandbox.path(name);
        let before = fs::read_to_string(&path).unwrap_or_default();
        self.home.write(name, &(before + text));
    }

    /// Types lines at a shell that ends at the first failure.
    #[track_caller]
    fn types(&self, text: &str) {
        let mut shell = self.home.sandbox.command(program("bash", "bash"));
        shell.args(["-eu", "-o", "pipefail", "-c", text]);
        shell.current_dir(self.home.sandbox.path(&self.folder));
        let (status, screen) = Terminal::of_columns(200, &shell).talks(|question| {
            let answer = answer(question)?;
            Some((format!("{answer}\n"), answer.contains("TESTONLY")))
        });
        assert_eq!(status.code(), Some(self.status), "{text}\nshows\n{screen}");
        assert!(!screen.contains("TESTONLY"), "{text}\nshows\n{screen}");
    }

    /// Types what stands after each prompt, answers as the page does, and expects to see every
    /// line of it, in this order.
    #[track_caller]
    fn compares(&self, text: &str) {
        let mut shell = self.home.sandbox.command(program("bash", "bash"));
        shell.args(["--noprofile", "--norc", "--noediting", "-i"]);
        shell.env("PS1", "\n$ ").current_dir(self.home.sandbox.path(&self.folder));
        let mut terminal = Terminal::of_columns(200, &shell);
        let (mut prompts, mut shown) = (0, String::new());
        for line in text.lines() {
            if let Some(command) = line.strip_prefix("$ ") {
                prompts += 1;
                terminal.shows_often("\n$ ", prompts);
                terminal.types(&format!("{command}\n"));
            } else if let Some((question, typed)) = asked(line) {
                terminal.shows(question);
                let secret = typed.is_empty().then(|| answer(question)).flatten();
                if secret.is_some_and(|answer| answer.contains("TESTONLY")) {
                    terminal.waits_until_it_echoes(false);
                }
                terminal.types(&format!("{}\n", secret.unwrap_or(typed)));
            }
        }
        terminal.shows_often("\n$ ", prompts + 1);
        terminal.types("exit\n");
        shown += &terminal.ends().1;
        assert!(!shown.contains("TESTONLY"), "{shown}");
        let mut lines = shown.lines().map(str::trim_end);
        for expected in text.lines().map(str::trim_end) {
            let is_there = lines.by_ref().any(|line| line == expected);
            assert!(is_there, "not shown in its place: {expected}\n{shown}");
        }
    }

    /// Whom git's server takes for the user of a repository when git clones it.
    #[track_caller]
    pub fn clones_as(&self, url: &str, user: &str) {
        let folder = self.home.sandbox.path("clones").join(url.rsplit('/').nth(1).unwrap());
        let ran = self.home.run_git(&["clone", "--quiet", url, folder.to_str().unwrap()], "");
        assert!(ran.status.success(), "{ran}");
        assert!(self.tunnel.is_some(), "this reader has no hosts");
        let path = url.splitn(4, '/').nth(3).unwrap();
        self.home.server().requests(|all| {
            all.iter().any(|r| r.user == user && r.status == 200 && r.path.contains(path))
        });
    }

    /// The token that git would use at this URL.
    pub fn token_at(&self, url: &str) -> Option<String> {
        let request = crate::support::home::attributes(url);
        let mut git = self.home.sandbox.command("git");
        git.args(["credential", "fill"]);
        let answer = run(git, request.as_bytes()).stdout();
        answer.lines().find_map(|line| line.strip_prefix("password=")).map(str::to_owned)
    }
}

/// A line of a page in which somebody was asked: the question, and what was typed.
fn asked(line: &str) -> Option<(&str, &str)> {
    let is_question = |text: &str| answer(text).is_some();
    let ends = line.match_indices(": ").map(|(at, end)| at + end.len());
    let ends = ends.chain(
        line.match_indices("? [").filter_map(|(at, _)| Some(at + line[at..].find("] ")? + 2)),
    );
    let mut splits = ends.map(|at| line.split_at(at));
    splits.find(|(question, _)| is_question(question))
}

/// What a reader answers who takes what is offered.
fn answer(question: &str) -> Option<&'static str> {
    let question = question.trim_start_matches('\r');
    let is_told = question.starts_with("hint: ") || question.starts_with("git-credential-pat: ");
    if is_told || !question.ends_with(": ") && !question.ends_with("] ") {
        return None;
    }
    let answers = [
        ("Token for", if question.contains("gitlab") { OF_GITLAB } else { TOKEN }),
        ("assphrase", PASSPHRASE),
        ("The same again", PASSPHRASE),
        ("Username for", "alice"),
        ("type the username", "alice"),
        ("When does the token", "90d"),
        ("[y/N]", "y"),
        ("[Y/n]", "y"),
        ("]: ", ""),
    ];
    answers.into_iter().find(|(part, _)| question.contains(part)).map(|(_, answer)| answer)
}
