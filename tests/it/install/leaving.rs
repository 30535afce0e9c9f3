//! Somebody leaves: nothing is left that was not there, and what stays is named.

use super::{SCRIPT, fresh_host};
use crate::support::keyring::Keyring;
use crate::support::sandbox::{BINARY, Ran, Sandbox};
use crate::support::terminal::Terminal;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Where `install.sh` puts the program unless it is told otherwise.
const PROGRAM: &str = ".local/bin/git-credential-pat";

/// A home as a new user has it: none of the folders is named, and all that is ours is new.
fn newcomer() -> Sandbox {
    let mut sandbox = Sandbox::new();
    for name in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"] {
        sandbox.unset(name);
    }
    sandbox.unset("GIT_CONFIG_GLOBAL");
    for folder in ["config", "data", "cache", "state"] {
        fs::remove_dir(sandbox.path(folder)).unwrap();
    }
    sandbox
}

/// Everything below the home: folders by their rights, files by their content.
fn everything(sandbox: &Sandbox) -> BTreeMap<String, String> {
    let (mut all, mut folders) = (BTreeMap::new(), vec![sandbox.home().to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(sandbox.home()).unwrap().display().to_string();
            if path.is_dir() {
                let mode = fs::metadata(&path).unwrap().permissions().mode();
                all.insert(name, format!("folder {mode:o}"));
                folders.push(path);
            } else {
                let content = fs::read(&path).unwrap();
                all.insert(name, String::from_utf8_lossy(&content).into_owned());
            }
        }
    }
    all
}

#[track_caller]
fn runs(sandbox: &Sandbox, program: impl AsRef<Path>, line: &str, stdin: &str) -> Ran {
    let words: Vec<&str> = line.split_whitespace().collect();
    let ran = sandbox.run(program.as_ref(), &words, stdin.as_bytes());
    assert!(ran.status.success(), "{ran}");
    ran
}

/// Installs, and uses what writes something anywhere.
fn uses_it(sandbox: &Sandbox, host: &str) {
    runs(sandbox, SCRIPT, &format!("--reset-helpers --binary {BINARY}"), "");
    let program = sandbox.path(PROGRAM);
    let pat = |line: &str, stdin: &str| {
        runs(sandbox, &program, &line.replace("HOST", host), &stdin.replace("HOST", host));
    };
    pat("login --with-token --username alice https://HOST", "ghp_TESTONLY1\n");
    pat("configure --yes --only https://HOST/org", "");
    sandbox.git(&["init", "-q", "work"]);
    let work = |words: &[&str]| {
        let mut command = sandbox.command(&program);
        let ran = crate::support::sandbox::run(
            {
                command.args(words).current_dir(sandbox.path("work"));
                command
            },
            b"",
        );
        assert!(ran.status.success(), "{ran}");
    };
    work(&["configure", "--yes", "--local"]);
    let url = format!("https://bob:ghp_TESTONLY2@{host}/team/repo.git");
    sandbox.git(&["config", "--global", "url.https://x.example/.insteadOf", &url]);
    pat("import --from config --yes --remove", "");
    sandbox.git(&["config", "--global", "--unset", "url.https://x.example/.insteadOf"]);
    // What a person agrees to at a terminal.
    let mut login = sandbox.command(&program);
    login.args(["login", "--expires", "never", "--username", "carol"]);
    login.arg(format!("https://{host}/part"));
    let mut terminal = Terminal::run(&login);
    answer_all(&mut terminal);
    let (status, screen) = terminal.ends();
    assert!(status.success(), "{screen}");
}

/// Gives a token and says yes to all else.
fn answer_all(terminal: &mut Terminal) {
    terminal.waits_until_it_echoes(false);
    terminal.types("ghp_TESTONLY3\n");
    terminal.waits_until_it_echoes(true);
    for _ in 0..6 {
        terminal.types("y\n");
    }
}

#[test]
fn who_leaves_has_the_home_as_it_was_before() {
    if !Keyring::of_this_test().is_own() {
        return;
    }
    for has_configuration in [false, true] {
        let sandbox = newcomer();
        let host = fresh_host();
        if has_configuration {
            let text = "[user]\n\tname = Alice\n[credential]\n\thelper = cache\n";
            fs::write(sandbox.path(".gitconfig"), text).unwrap();
        }
        let before = everything(&sandbox);
        uses_it(&sandbox, &host);
        let noted = fs::read_to_string(sandbox.path(".local/state/git-credential-pat/written"));
        assert!(noted.unwrap().contains("useHttpPath"));
        let ran = runs(&sandbox, SCRIPT, "--uninstall --purge", "");
        assert!(ran.stdout().contains("Removed."), "{ran}");
        assert!(!ran.stdout().contains("Tokens stay"), "{ran}");
        let local = fs::read_to_string(sandbox.path("work/.git/config")).unwrap();
        assert!(!local.contains("credential"), "{local}");
        fs::remove_dir_all(sandbox.path("work")).unwrap();
        assert_eq!(everything(&sandbox), before, "{ran}");
        runs(&sandbox, BINARY, "list --keychain kernel", "").prints_nothing_of(&host);
    }
}

impl Ran {
    #[track_caller]
    fn prints_nothing_of(&self, host: &str) {
        assert!(!self.stdout().contains(host), "{self}");
    }
}

#[test]
fn what_a_person_wrote_stays() {
    let sandbox = newcomer();
    let text = "[credential \"https://h.example\"]\n\tusername = alice\n\
                [credential]\n\thelper = store\n\thelper =\n\thelper = cache\n";
    fs::write(sandbox.path(".gitconfig"), text).unwrap();
    fs::create_dir_all(sandbox.path(".local/bin")).unwrap();
    runs(&sandbox, SCRIPT, &format!("--binary {BINARY}"), "");
    runs(&sandbox, SCRIPT, "--uninstall", "");
    assert_eq!(fs::read_to_string(sandbox.path(".gitconfig")).unwrap(), text);
    assert!(sandbox.path(".local/bin").is_dir());
    assert!(!sandbox.path(".local/state").exists());
}

#[test]
fn what_a_person_told_git_of_a_place_stays() {
    let sandbox = newcomer();
    let key = "credential.https://h.example.useHttpPath";
    let configure = |sandbox: &Sandbox| {
        runs(sandbox, SCRIPT, &format!("--binary {BINARY}"), "");
        let program = sandbox.path(PROGRAM);
        runs(sandbox, &program, "configure --yes --env X https://h.example/a", "");
    };
    configure(&sandbox);
    let part = "credential.https://h.example/a.useHttpPath";
    assert_eq!(sandbox.git(&["config", "--global", part]), "true\n");
    sandbox.git(&["config", "--global", key, "true"]);
    sandbox.git(&["config", "--global", "credential.https://h.example.username", "alice"]);
    runs(&sandbox, SCRIPT, "--uninstall", "");
    let left = sandbox.git(&["config", "--global", "--list"]);
    let host = "credential.https://h.example";
    assert_eq!(left, format!("{host}.usehttppath=true\n{host}.username=alice\n"));
}

#[test]
fn what_is_left_is_named_with_the_reason() {
    let sandbox = newcomer();
    runs(&sandbox, SCRIPT, &format!("--binary {BINARY}"), "");
    let bin = sandbox.path(".local/bin");
    fs::write(sandbox.path(".bashrc"), format!("export PATH={}:$PATH\n", bin.display())).unwrap();
    fs::create_dir_all(sandbox.path(".docker")).unwrap();
    fs::write(sandbox.path(".docker/config.json"), "{\"credsStore\": \"pat\"}").unwrap();
    fs::create_dir_all(sandbox.path(".cargo/registry")).unwrap();
    let ran = runs(&sandbox, SCRIPT, "--uninstall", "");
    for said in ["Tokens stay in the keychain", "~/.bashrc names", "names pat", ".cargo/registry"] {
        assert!(ran.stdout().contains(said), "no {said:?}\n{ran}");
    }
}

#[test]
fn where_nothing_is_installed_the_place_of_the_program_is_named() {
    let mut sandbox = newcomer();
    let ran = runs(&sandbox, SCRIPT, "--uninstall --prefix nowhere", "");
    assert!(ran.stdout().contains("/nowhere\n"), "{ran}");
    runs(&sandbox, SCRIPT, &format!("--binary {BINARY}"), "");
    let path = format!("{}:{}", sandbox.path(".local/bin").display(), sandbox.get("PATH"));
    sandbox.set("PATH", &path);
    let ran = runs(&sandbox, SCRIPT, "--uninstall --prefix nowhere", "");
    let prefix = sandbox.path(".local");
    assert!(ran.stdout().contains(&format!("--prefix {}\n", prefix.display())), "{ran}");
    assert!(sandbox.path(PROGRAM).exists());
}

#[test]
fn at_a_terminal_the_tokens_are_asked_about() {
    if !Keyring::of_this_test().is_own() {
        return;
    }
    for (answer, is_gone) in [("n\n", false), ("y\n", true)] {
        let sandbox = newcomer();
        let host = fresh_host();
        runs(&sandbox, SCRIPT, &format!("--binary {BINARY}"), "");
        let line = format!("login --with-token --username alice https://{host}");
        runs(&sandbox, sandbox.path(PROGRAM), &line, "ghp_TESTONLY1\n");
        let mut command = sandbox.command(SCRIPT);
        command.arg("--uninstall");
        let mut terminal = Terminal::run(&command);
        terminal.shows("Delete 1 account with all tokens? [y/N] ");
        terminal.types(answer);
        let (status, screen) = terminal.ends();
        assert!(status.success() && screen.contains("Removed."), "{screen}");
        assert_eq!(screen.contains("Tokens stay"), !is_gone, "{screen}");
        assert!(!sandbox.path(PROGRAM).exists());
        let listed = runs(&sandbox, BINARY, "list --keychain kernel", "").stdout();
        assert_eq!(!listed.contains(&host), is_gone, "{listed}");
        runs(&sandbox, BINARY, "logout --all --yes --keychain kernel", "");
    }
}

#[test]
fn tokens_that_cannot_be_deleted_keep_the_program() {
    let sandbox = newcomer();
    runs(&sandbox, SCRIPT, &format!("--binary {BINARY}"), "");
    let line = format!("{} --keychain secret-service", sandbox.path(PROGRAM).display());
    sandbox.git(&["config", "--global", "credential.helper", &line]);
    let ran = sandbox.run(SCRIPT, &["--uninstall", "--purge"], b"");
    assert!(ran.status.code() == Some(1), "{ran}");
    assert!(ran.stderr().contains("the tokens could not be deleted, and nothing is removed"));
    assert!(sandbox.path(PROGRAM).exists());
    sandbox.run(SCRIPT, &["--purge"], b"").fails(2, "--purge goes with --uninstall");
}

#[test]
fn logout_all_asks_first_and_deletes_every_account() {
    if !Keyring::of_this_test().is_own() {
        return;
    }
    let user = crate::support::home::Home::bare().configured();
    for place in ["https://HOST", "https://HOST/org", "https://other.HOST:8443"] {
        let ran =
            user.types(&format!("login --with-token --username a {place}"), "ghp_TESTONLY1\n");
        assert!(ran.status.success(), "{ran}");
    }
    user.types("logout --all", "").fails_with_two();
    assert_eq!(user.accounts().len(), 3);
    for (answer, left) in [("n\n", 3), ("y\n", 0)] {
        let mut terminal = user.on_terminal("logout --all");
        terminal.shows(&user.fill("https://HOST/org  a  kernel"));
        terminal.shows("Delete 3 accounts with all tokens? [y/N] ");
        terminal.types(answer);
        let (status, screen) = terminal.ends();
        assert_eq!(status.success(), left == 0, "{screen}");
        assert_eq!(user.accounts().len(), left);
    }
    let ran = user.types("logout --all --yes", "");
    assert!(ran.status.success() && ran.stderr().contains("nothing to delete"), "{ran}");
}

impl Ran {
    #[track_caller]
    fn fails_with_two(&self) {
        assert!(self.status.code() == Some(2), "{self}");
        assert!(self.stderr().contains("add --yes to delete every account"), "{self}");
    }
}
