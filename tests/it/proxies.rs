//! A proxy's password, for which git asks unencrypted: kept where a person agrees, and there alone.

use crate::support::home::Home;

const LINE: &str = "login --username bob --expires never http://proxy.HOST:3128";

/// Somebody who has kept one.
fn keeper() -> Home {
    let user = Home::bare().configured();
    let mut terminal = user.on_terminal(LINE);
    terminal.shows("Without encryption everybody on the way can read");
    terminal.shows("alone? [y/N] ");
    terminal.types("y\n");
    terminal.shows("Token for bob at ");
    terminal.types("TESTONLY-proxy\n");
    let (status, screen) = terminal.ends();
    assert!(status.success(), "{screen}");
    user
}

fn asks(user: &Home, operation: &str, host: &str, more: &str) -> String {
    let request = user.lines(format!("protocol=http host={host} {more}").trim_end());
    let ran = user.operation(operation, request);
    assert!(ran.status.success() && ran.stderr.is_empty(), "{ran}");
    ran.stdout()
}

fn status(user: &Home) -> String {
    user.types("status --json http://proxy.HOST:3128", "").stdout()
}

#[test]
fn what_a_person_keeps_for_a_proxy_is_answered_there_alone() {
    let user = keeper();
    let answer = "username=bob\npassword=TESTONLY-proxy\n";
    assert_eq!(asks(&user, "get", "proxy.HOST:3128", ""), answer);
    for host in ["proxy.HOST", "proxy.HOST:3129", "other.HOST:3128", "HOST"] {
        assert_eq!(asks(&user, "get", host, ""), "", "{host}");
        asks(&user, "store", host, "username=bob password=TESTONLY-new");
        assert_eq!(asks(&user, "get", host, ""), "", "{host}");
    }
    let status = status(&user);
    assert!(!status.contains("unencrypted http is neither"), "{status}");
}

#[test]
fn it_is_stored_and_rejected_like_any_other_and_a_407_takes_nothing_away() {
    let user = keeper();
    asks(&user, "erase", "proxy.HOST:3128", "");
    assert!(asks(&user, "get", "proxy.HOST:3128", "").contains("TESTONLY-proxy"));
    asks(&user, "store", "proxy.HOST:3128", "username=carol password=TESTONLY-second");
    assert_eq!(user.accounts().len(), 2);
    asks(&user, "erase", "proxy.HOST:3128", "username=bob password=TESTONLY-proxy");
    assert!(
        user.accounts().iter().any(|row| row.contains("bob rejected")),
        "{:?}",
        user.accounts()
    );
}

#[test]
fn nothing_is_kept_without_an_agreement() {
    let user = Home::bare().configured();
    for (line, token) in [
        ("login --with-token --username bob http://proxy.HOST:3128", "TESTONLY-proxy\n"),
        ("login --with-token --username bob http://proxy.HOST:3128/path", "TESTONLY-proxy\n"),
    ] {
        user.types(line, token).fails(1, "http is unencrypted");
    }
    let mut terminal = user.on_terminal(LINE);
    terminal.shows("alone? [y/N] ");
    terminal.types("\n");
    let (status, screen) = terminal.ends();
    assert!(!status.success() && screen.contains("http is unencrypted"), "{screen}");
    assert!(user.accounts().is_empty());
    asks(&user, "store", "proxy.HOST:3128", "username=bob password=TESTONLY-proxy");
    assert!(user.accounts().is_empty());
}

#[test]
fn a_proxy_without_a_user_is_named_with_the_line_that_mends_it() {
    let user = Home::bare().configured();
    user.config(&["--global", "http.proxy", "http://proxy.HOST:3128"]);
    let mut terminal = user.on_terminal(LINE);
    terminal.shows("alone? [y/N] ");
    terminal.types("y\n");
    terminal.shows("Token for bob at ");
    terminal.types("TESTONLY-proxy\n");
    let (_, screen) = terminal.ends();
    let mend = user.fill("git config --global http.proxy http://bob@proxy.HOST:3128");
    assert!(screen.contains("http.proxy does not name the user"), "{screen}");
    assert!(screen.contains(&mend), "{screen}");
    let found = status(&user);
    assert!(found.contains("proxy-user") && found.contains(&mend), "{found}");
    assert!(user.sandbox.run("sh", &["-c", &mend], b"").status.success());
    let found = status(&user);
    assert!(!found.contains("proxy-user"), "{found}");
}
