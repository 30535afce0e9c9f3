//! What people type in the place of a URL, and how login finds out the host by itself.

use crate::support::home::Home;
use crate::support::sandbox::BINARY;
use crate::support::terminal::Terminal;

/// Somebody with a repository in `repo`, whose remote `origin` has this URL.
fn with_origin(url: &str) -> Home {
    let person = Home::new().configured();
    person.sandbox.git(&["init", "--quiet", "repo"]);
    person.sandbox.git(&["-C", "repo", "remote", "add", "origin", &person.fill(url)]);
    person
}

#[test]
fn a_remotes_name_stands_for_its_url() {
    let person = with_origin("https://HOST/team/repo.git");
    let login = "login --with-token --username alice origin";
    let ran = person.types_in("repo", login, "ghp_TESTONLY1");
    let said = person.fill("login: taken for https://HOST/team/repo\n");
    assert!(ran.status.success() && ran.stderr().contains(&said), "{ran}");
    person.get("path=team/repo.git\n").prints("username=alice\npassword=ghp_TESTONLY1\n");
    let ran = person.types_in("repo", "token origin", "");
    assert_eq!(ran.stdout(), "ghp_TESTONLY1\n", "{ran}");
    let ran = person.types_in("repo", "use origin", "");
    assert!(ran.stdout().starts_with(&person.url("team/repo: ")), "{ran}");
    assert!(person.types_in("repo", "logout origin", "").status.success());
    assert!(person.listed().is_empty());
}

#[test]
fn a_remote_that_is_reached_by_ssh_has_a_form_for_https() {
    let person = with_origin("git@HOST:team/repo.git");
    let ran = person.types_in("repo", "login --with-token origin", "ghp_TESTONLY1");
    let form = person.fill(": type https://HOST/team/repo\n");
    ran.fails(2, "this is an address for SSH, which takes no token");
    assert!(ran.stderr().contains(&form), "{ran}");
    // Another name is a host's.
    let ran = person.types_in("repo", "use upstream", "");
    assert_eq!(ran.stdout(), "https://upstream: nobody\n", "{ran}");
}

#[test]
fn a_page_of_a_repository_stands_for_the_repository() {
    let person = Home::new().configured();
    let line = "login --with-token --username alice https://HOST/o/r/tree/main/src";
    let ran = person.types(line, "ghp_TESTONLY1");
    let said = person.fill("login: taken for https://HOST/o/r\n");
    assert!(ran.status.success() && ran.stderr().contains(&said), "{ran}");
    person.get("path=o/r.git\n").prints("username=alice\npassword=ghp_TESTONLY1\n");
}

#[test]
fn what_is_no_place_is_answered_with_the_right_form() {
    let person = Home::new().configured();
    for (url, said) in [
        ("git@github.com:org/repo.git", "takes no token: type https://github.com/org/repo"),
        ("ssh://git@github.com/org/repo", "takes no token: type https://github.com/org/repo"),
        ("github.com.", "ends without a dot: type https://github.com"),
        ("github", "no host of this name is known: type https://github.com"),
        ("*.github.com", "there are no wildcards"),
        ("github.com:65536", "a port is a number from 1 to 65535"),
    ] {
        for command in ["login --with-token", "status", "token", "use", "logout"] {
            person.types(&format!("{command} {url}"), "ghp_TESTONLY1").fails(2, said);
        }
    }
    assert!(person.listed().is_empty());
}

#[test]
fn in_a_repository_its_remotes_host_is_the_default() {
    let person = with_origin("https://bob@HOST/team/repo.git");
    let mut login = person.typed("login");
    login.current_dir(person.sandbox.path("repo"));
    let mut terminal = Terminal::run(&login);
    terminal.shows(&person.fill("Host [HOST]: "));
    terminal.types("github\n");
    terminal.shows("no host of this name is known: type https://github.com");
    terminal.types("\n");
    terminal.shows("Organisation or repository, if the token is for one only [all]: ");
    terminal.types("\u{4}");
    let (status, screen) = terminal.ends();
    assert!(!status.success() && screen.contains("given up"), "{screen}");
}

#[test]
fn a_keychain_that_does_not_answer_is_found_before_anything_is_asked() {
    let mut person = Home::new();
    person.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus");
    for line in ["login --keychain secret-service", "login --keychain secret-service HOST"] {
        let (status, screen) = person.on_terminal(line).ends();
        assert_eq!(status.code(), Some(1), "{screen}");
        assert!(
            screen.starts_with("git-credential-pat: login: the keychain cannot be"),
            "{screen}"
        );
    }
    // The vault asks for its passphrase first: nobody types a token for a locked one.
    let script = "PAT login --keychain vault HOST";
    let (status, screen) = person.runs_on_terminal(script).ends();
    assert!(!status.success() && !screen.contains("Username"), "{BINARY} {screen}");
}
