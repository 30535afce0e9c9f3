//! Who is told of what a watch has found: a command, the desktop.

use super::{revoke, runs, well};
use crate::check::GLPAT;
use crate::notifications::Watch;
use crate::support::home::Home;
use crate::support::spy::program;
use serde_json::Value;
use std::fs;

/// A program that keeps its arguments and its input in the home folder.
fn listener(desk: &Home) -> String {
    let path = desk.sandbox.path("it's a listener");
    let home = desk.sandbox.home().display().to_string();
    let text = format!(
        "#!/bin/sh\nprintf '[%s]' \"$@\" >'{home}/arguments'\ncat >'{home}/told'\ntty >'{home}/tty'\n\
         echo out; exit \"$(cat '{home}/status' 2>/dev/null || echo 0)\"\n"
    );
    program(&path, &text);
    path.to_str().unwrap().replace('\'', "\\'").replace(' ', "\\ ")
}

#[test]
fn a_command_is_told_in_the_json_of_check_without_the_token() {
    let desk = well();
    let checked = desk.checked(&["https://HOST"]);
    revoke(&desk);
    let line = format!("{} 'a; $(touch pwned)' \"it's\" `x` ''", listener(&desk));
    let ran = runs(&desk, &["--tell", &line]);
    assert!(ran.stdout.is_empty() && ran.stderr.is_empty(), "{ran}");
    assert_eq!(ran.status.code(), Some(1), "{ran}");
    let told = fs::read_to_string(desk.sandbox.path("told")).unwrap();
    assert!(!told.contains("TESTONLY"), "{told}");
    let told: Value = serde_json::from_str(&told).unwrap();
    let [one] = &told.as_array().unwrap()[..] else { panic!("{told:#}") };
    assert_eq!(one["state"], "refused", "{told:#}");
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(one), names(&checked));
    let arguments = fs::read_to_string(desk.sandbox.path("arguments")).unwrap();
    assert_eq!(arguments, "[a; $(touch pwned)][it's][`x`][]");
    assert!(!desk.sandbox.path("pwned").exists());
}

#[test]
fn what_a_command_has_not_heard_is_said_here_and_told_again() {
    let desk = well();
    revoke(&desk);
    fs::write(desk.sandbox.path("status"), "3").unwrap();
    let line = listener(&desk);
    for _ in 0..2 {
        let ran = runs(&desk, &["--tell", &line]);
        ran.fails(1, " for alice: refused");
        assert!(ran.stderr().contains("the command of --tell has failed: exit status: 3"), "{ran}");
    }
    runs(&desk, &["--tell", "/nonexistent/x"]).fails(1, "--tell cannot be started");
    fs::write(desk.sandbox.path("status"), "0").unwrap();
    assert!(runs(&desk, &["--tell", &line]).stderr.is_empty());
    fs::remove_file(desk.sandbox.path("told")).unwrap();
    assert!(runs(&desk, &["--tell", &line]).stderr.is_empty());
    assert!(!desk.sandbox.path("told").exists(), "it was told twice");
}

#[test]
fn a_command_that_is_none_or_holds_a_token_is_refused() {
    let desk = Home::bare();
    for line in ["", "a 'b", &format!("curl -H {GLPAT}"), "a\nb"] {
        let ran = desk.sandbox.helper(&["watch", "daily", "--yes", "--tell", line], "");
        ran.fails(2, "git-credential-pat: watch: --tell");
        assert!(!ran.stderr().contains("TESTONLY"), "{ran}");
    }
}

#[test]
fn the_desktop_is_notified_where_that_is_wanted() {
    let user = Home::with_gnome_keyring();
    let login = |name: &str| {
        let line = "login --with-token --offline --expires 1s --keychain secret-service";
        let ran = user.types(&format!("{line} --username {name} https://HOST"), "ghp_TESTONLY1\n");
        assert!(ran.status.success(), "{ran}");
    };
    login("a<b>");
    std::thread::sleep(std::time::Duration::from_secs(2));
    let watch = Watch::of(&user);
    let ran = runs(&user, &["--keychain", "secret-service", "--notify"]);
    ran.fails(1, " for a<b>: ended");
    let seen = watch.sees("member=Notify", 1);
    let seen = if seen.contains("check --all") { seen } else { watch.sees("check --all", 1) };
    assert!(seen.contains("for a&lt;b&gt;: ended") && !seen.contains("TESTONLY"), "{seen}");
    // What was said is not sent again; another account's is.
    runs(&user, &["--keychain", "secret-service", "--notify"]);
    login("bob");
    std::thread::sleep(std::time::Duration::from_secs(2));
    runs(&user, &["--keychain", "secret-service", "--notify"]);
    let seen = watch.sees("for bob: ended", 1);
    assert_eq!(seen.matches("member=Notify").count(), 2, "{seen}");
}
