//! What people type: login, logout, list.

use crate::support::sandbox::{BINARY, Ran, Sandbox};
use crate::support::terminal::Terminal;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A user with the kernel keyring, which all tests share: so each has a host of its own.
struct Person {
    sandbox: Sandbox,
    host: String,
}

impl Person {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mut sandbox = Sandbox::new();
        sandbox.set("GIT_CREDENTIAL_PAT_KEYCHAIN", "kernel");
        Self { sandbox, host: format!("commands-{}-{number}.example", std::process::id()) }
    }

    fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.host)
    }

    /// Runs a command; the words are split at blanks, `HOST` is the test's own.
    fn types(&self, line: &str, stdin: &str) -> Ran {
        let line = line.replace("HOST", &self.host);
        self.sandbox.helper(&line.split_whitespace().collect::<Vec<_>>(), stdin)
    }

    fn on_terminal(&self, line: &str) -> Terminal {
        let line = line.replace("HOST", &self.host);
        let mut command: Command = self.sandbox.command(BINARY);
        command.args(line.split_whitespace());
        Terminal::run(&command)
    }

    fn get(&self, more: &str) -> Ran {
        self.sandbox.helper(&["get"], format!("protocol=https\nhost={}\n{more}\n", self.host))
    }

    /// The lines of `list` for this test's host.
    fn listed(&self) -> Vec<String> {
        let ran = self.types("list", "");
        assert!(ran.status.success(), "{ran}");
        let lines = ran.stdout();
        let ours = lines.lines().filter(|line| line.contains(&self.host));
        ours.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        for path in ["", "path=org\n", "path=org/repo\n"] {
            let request = format!("protocol=https\nhost={}\n{path}\n", self.host);
            self.sandbox.helper(&["--keychain", "kernel", "erase"], request);
        }
    }
}

#[test]
fn login_keeps_a_piped_token_under_the_hosts_convention() {
    let person = Person::new();
    let ran = person.types("login --with-token https://HOST", "  ghp_TESTONLY1\r\n");
    assert!(ran.status.success() && ran.stdout.is_empty(), "{ran}");
    let said = ran.stderr();
    assert!(said.contains(&format!("stored the token for token at {}", person.url(""))), "{ran}");
    assert!(said.contains("in memory only, gone at reboot"), "{ran}");
    assert!(said.contains("hint: git does not use this helper yet: git config"), "{ran}");
    assert!(!said.contains("TESTONLY"), "{ran}");
    person.get("").prints("username=token\npassword=ghp_TESTONLY1\n");
}

#[test]
fn login_takes_the_username_from_the_option_then_from_the_url() {
    let person = Person::new();
    person.types("login --with-token --username bob https://alice@HOST", "ghp_TESTONLY1\n");
    person.get("").prints("username=bob\npassword=ghp_TESTONLY1\n");
    person.types("login --with-token alice@HOST", "ghp_TESTONLY2\n");
    person.get("username=alice\n").prints("username=alice\npassword=ghp_TESTONLY2\n");
}

#[test]
fn login_again_replaces_the_token() {
    let person = Person::new();
    person.types("login --with-token https://HOST", "ghp_TESTONLY1\n");
    person.types("login --with-token https://HOST", "ghp_TESTONLY2\n");
    person.get("").prints("username=token\npassword=ghp_TESTONLY2\n");
    assert_eq!(person.listed().len(), 1);
}

#[test]
fn login_refuses_what_is_no_token_and_keeps_nothing() {
    let person = Person::new();
    for (token, message) in [
        ("", "no token was given"),
        (" \n", "no token was given"),
        ("ghp_TESTONLY1\nghp_TESTONLY2\n", "a token is one line"),
        ("ghp_TESTONLY\u{1b}[31m", "a token is one line"),
        (&*"x".repeat(70_000), "too long"),
    ] {
        person.types("login --with-token https://HOST", token).fails(1, message);
    }
    person.types("login --with-token http://HOST", "ghp_TESTONLY1\n").fails(1, "unencrypted");
    person.types("login --with-token https://a:ghp_TESTONLY9@HOST", "").fails(2, "URL");
    assert!(person.listed().is_empty());
}

#[test]
fn no_command_line_error_repeats_an_argument() {
    let person = Person::new();
    for line in [
        "login https://HOST ghp_TESTONLY1",
        "login --token=ghp_TESTONLY1 https://HOST",
        "login --keychain ghp_TESTONLY1 HOST",
        "list ghp_TESTONLY1",
        "login ghp_TESTONLY1@@",
        "--keychain=ghp_TESTONLY1 get",
        "--ghp_TESTONLY1 get",
        "completions ghp_TESTONLY1",
    ] {
        let ran = person.types(line, "");
        assert!(!ran.status.success() && !ran.stderr.is_empty(), "{ran}");
        assert!(!ran.stderr().contains("TESTONLY"), "{line}: {ran}");
    }
}

#[test]
fn a_path_makes_a_scoped_account_and_says_what_git_needs() {
    let person = Person::new();
    person.types("login --with-token https://HOST", "ghp_TESTONLY1\n");
    let ran = person.types("login --with-token --username bob https://HOST/org", "ghp_TESTONLY2\n");
    let setting = format!("credential.{}.useHttpPath", person.url("/org"));
    let command = format!("git config --global {setting} true");
    assert!(ran.stderr().contains(&command), "{ran}");
    person.get("path=org/repo\n").prints("username=bob\npassword=ghp_TESTONLY2\n");
    person.get("").prints("username=token\npassword=ghp_TESTONLY1\n");
    person.sandbox.git(&["config", "--global", &setting, "true"]);
    let ran = person.types("login --with-token --username bob https://HOST/org", "ghp_TESTONLY2\n");
    assert!(!ran.stderr().contains("useHttpPath"), "{ran}");
}

#[test]
fn login_uses_the_keychain_that_git_is_configured_with() {
    let mut person = Person::new();
    person.sandbox.unset("GIT_CREDENTIAL_PAT_KEYCHAIN");
    let helper = format!("{BINARY} --keychain kernel --timeout 3600");
    person.sandbox.git(&["config", "--global", "credential.helper", &helper]);
    let ran = person.types("login --with-token https://HOST", "ghp_TESTONLY1\n");
    assert!(ran.stderr().contains("(kernel)"), "{ran}");
    assert!(!ran.stderr().contains("does not use this helper yet"), "{ran}");
    assert_eq!(person.listed(), [format!("{} token ready - kernel", person.url(""))]);
}

#[test]
fn list_shows_what_is_known_of_an_account_and_never_its_token() {
    let person = Person::new();
    let store = |path: &str, more: &str| {
        let request = format!("protocol=https\nhost={}\n{path}username=a\n{more}\n", person.host);
        person.sandbox.helper(&["store"], request).prints("");
    };
    store("", "password=ghp_TESTONLY1\npassword_expiry_utc=1924988399\n");
    store("path=org\n", "password=ghp_TESTONLY2\n");
    let request =
        format!("protocol=https\nhost={}\npath=org\npassword=ghp_TESTONLY2\n\n", person.host);
    person.sandbox.helper(&["erase"], request).prints("");
    assert_eq!(
        person.listed(),
        [
            format!("{} a ready 2030-12-31T22:59:59Z kernel", person.url("")),
            format!("{} a rejected - kernel", person.url("/org")),
        ]
    );
    let json = person.types("list --json", "");
    let listed: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    let of = |context: String| {
        listed.as_array().unwrap().iter().find(|row| row["context"] == *context).unwrap()
    };
    let host = of(person.url(""));
    assert_eq!(host["username"], "a");
    assert_eq!(host["expires"], "2030-12-31T22:59:59Z");
    assert_eq!(host["state"], "ready");
    assert_eq!(host["keychain"], "kernel");
    assert!(host["rejected"].is_null() && host["stored"].is_string());
    assert!(of(person.url("/org"))["rejected"].is_string());
    assert!(!json.stdout().contains("TESTONLY"));
}

#[test]
fn an_account_for_any_username_answers_with_the_one_asked_and_is_listed_as_such() {
    let person = Person::new();
    let line = "login --with-token --any-username --username alice https://HOST";
    assert!(person.types(line, "ghp_TESTONLY1\n").status.success());
    person.get("username=org\n").prints("username=org\npassword=ghp_TESTONLY1\n");
    person.get("").prints("username=alice\npassword=ghp_TESTONLY1\n");
    assert_eq!(person.listed(), [format!("{} alice (any) ready - kernel", person.url(""))]);
    assert!(person.types("logout https://HOST", "").status.success());
    assert!(person.listed().is_empty());
}

#[test]
fn a_rejected_token_is_restored() {
    let person = Person::new();
    person.types("login --with-token https://HOST", "ghp_TESTONLY1\n");
    person.types("login --restore https://HOST", "").fails(1, "is not rejected");
    let request = format!("protocol=https\nhost={}\npassword=ghp_TESTONLY1\n\n", person.host);
    person.sandbox.helper(&["erase"], request).prints("");
    person.get("").prints("");
    assert!(person.types("login --restore https://HOST", "").status.success());
    person.get("").prints("username=token\npassword=ghp_TESTONLY1\n");
}

#[test]
fn logout_deletes_exactly_the_account_named() {
    let person = Person::new();
    for line in ["https://alice@HOST", "https://bob@HOST", "https://alice@HOST/org"] {
        person.types(&format!("login --with-token {line}"), "ghp_TESTONLY1\n");
    }
    person.types("logout https://HOST", "").fails(2, "--username NAME");
    assert_eq!(person.listed().len(), 3);
    assert!(person.types("logout --username alice HOST", "").status.success());
    assert!(person.types("logout https://HOST", "").status.success());
    assert_eq!(person.listed(), [format!("{} alice ready - kernel", person.url("/org"))]);
    person.types("logout https://HOST", "").fails(1, "no such account");
}

#[test]
fn on_a_terminal_the_token_is_asked_for_and_never_shown() {
    let person = Person::new();
    let mut terminal = person.on_terminal("login HOST/org");
    terminal.shows(&format!("Username for {} [token]: ", person.url("/org")));
    terminal.types("alice\n");
    terminal.shows(&format!("Token for alice at {}: ", person.url("/org")));
    let long = "x".repeat(5000);
    terminal.types(&format!("wrong\u{15}ghp_TESTONLYy\u{7f}{long}\n"));
    terminal.shows("Tell it for");
    terminal.types("y\n");
    terminal.shows("git does not use this helper yet. Make it?");
    terminal.types("y\n");
    let (status, screen) = terminal.ends();
    assert!(status.success(), "{screen}");
    assert!(!screen.contains("TESTONLY") && !screen.contains("xxxx"), "{screen}");
    let answer = format!("username=alice\npassword=ghp_TESTONLY{long}\n");
    person.get("path=org\n").prints(&answer);
    let config = person.sandbox.git(&["config", "--global", "--list"]);
    assert!(config.contains("credential.helper=pat --keychain kernel\n"), "{config}");
    let setting = format!("credential.{}.usehttppath=true\n", person.url("/org"));
    assert!(config.contains(&setting), "{config}");
}

#[test]
fn giving_up_leaves_the_terminal_as_it_was() {
    let person = Person::new();
    let line = person.sandbox.path("login.sh");
    let script = format!("{BINARY} login --username a HOST; echo status $?; stty -a");
    std::fs::write(&line, script.replace("HOST", &person.host)).unwrap();
    let mut shell = person.sandbox.command("sh");
    shell.arg(line);
    let mut terminal = Terminal::run(&shell);
    terminal.shows("Token for a at");
    terminal.types("ghp_TESTONLY\u{3}");
    let (_, screen) = terminal.ends();
    assert!(screen.contains("given up") && screen.contains("status 1"), "{screen}");
    for mode in [" echo ", " icanon ", "isig "] {
        assert!(screen.contains(mode), "{mode} is off: {screen}");
    }
    assert!(!screen.contains("TESTONLY"), "{screen}");
}

#[test]
fn where_nobody_can_be_asked_login_says_how_else() {
    let person = Person::new();
    let mut command = person.sandbox.command("setsid");
    command.args(["--wait", BINARY, "login", &person.host]);
    crate::support::sandbox::run(command, b"").fails(1, "--with-token");
}
