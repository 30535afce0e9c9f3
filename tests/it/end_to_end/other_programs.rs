//! Programs that use git's credential commands in their own way: some put their own token in the
//! place of all others, and some get a new one with a refresh token.

use crate::support::home::{Home, OTHER_TOKEN, TOKEN, attributes};
use crate::support::program::{gits, program};
use crate::support::sandbox::{BINARY, run};
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// Does what `gh auth login` and glab do at every login: reject the host alone, approve their own.
fn logs_in_elsewhere(desk: &Home, name: &str, token: &str) {
    let host = attributes(&desk.url(""));
    let ran = desk.run_git(&["credential", "reject"], &host);
    assert!(ran.status.success() && ran.stderr.is_empty(), "{ran}");
    desk.approve(&desk.url(""), name, token);
}

fn command(desk: &Home, words: &[&str], stdin: &str) {
    let place = desk.url("");
    let words = [words, &[place.as_str(), "--keychain", desk.keychain]].concat();
    let ran = desk.sandbox.helper(&words, stdin);
    assert!(ran.status.success(), "{ran}");
}

#[test]
fn a_login_of_another_program_puts_away_and_a_person_brings_back() {
    for desk in [Home::bare().with_git_host(), Home::with_gnome_keyring().with_git_host()] {
        for theirs in ["alice", "x-access-token"] {
            command(&desk, &["login", "--username", "alice", "--with-token", "--replace"], TOKEN);
            logs_in_elsewhere(&desk, theirs, OTHER_TOKEN);
            assert_eq!(desk.token(&desk.url(""), None).as_deref(), Some(OTHER_TOKEN));
            command(&desk, &["login", "--restore", "--username", "alice"], "");
            assert_eq!(desk.token(&desk.url(""), None).as_deref(), Some(TOKEN), "{theirs}");
            desk.git(&["ls-remote", &desk.url("team/repo.git")]);
        }
    }
}

#[test]
fn what_is_put_away_is_listed_and_told_by_status_until_logout_deletes_it() {
    let desk = Home::bare().with_git_host();
    command(&desk, &["login", "--username", "alice", "--with-token"], TOKEN);
    let host = attributes(&desk.url(""));
    assert!(desk.run_git(&["credential", "reject"], &host).status.success());
    let place = desk.url("");
    assert_eq!(desk.accounts(), [format!("{} alice put away", place.trim_end_matches('/'))]);
    let status = desk.sandbox.helper(&["status", &place, "--keychain", desk.keychain], "");
    let told = status.stdout();
    assert!(told.contains("put away") && told.contains("login --restore"), "{status}");
    command(&desk, &["logout"], "");
    assert_eq!(desk.accounts(), [""; 0]);
}

/// Makes a helper that notes its request, and has a token for a request that brings `r1`.
fn generator(desk: &Home) -> String {
    let path = desk.sandbox.path("generator");
    let script = format!(
        "#!/bin/sh\n\
         [ \"$1\" = get ] || exit 0\n\
         cat >{asked}\n\
         grep -q '^oauth_refresh_token=r1$' {asked} || exit 0\n\
         printf 'password={OTHER_TOKEN}\\noauth_refresh_token=r2\\n'\n",
        asked = desk.sandbox.path("asked").display()
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn an_expired_token_is_renewed_in_silence_by_a_generator_after_us() {
    for git in gits() {
        let desk = Home::bare().with_git_host().with_git(&git);
        desk.server().set_token("alice", OTHER_TOKEN);
        // The token was stored in 2020, and ended a day later.
        let life = "password_expiry_utc=1577923200\noauth_refresh_token=r1\n";
        let full = format!("{}username=alice\npassword={TOKEN}\n{life}", attributes(&desk.url("")));
        let mut stored = desk.sandbox.command(program("faketime", "faketime"));
        stored.args(["-f", "@2020-01-01 00:00:00", BINARY, "--keychain", "kernel", "store"]);
        run(stored, full.as_bytes()).prints("");
        let asked = attributes(&desk.url(""));
        desk.sandbox
            .helper(&["--keychain", "kernel", "get"], &asked)
            .prints(&format!("username=alice\n{life}"));

        let helper = format!("!{}", generator(&desk));
        desk.sandbox.git(&["config", "--global", "--add", "credential.helper", &helper]);
        let version = desk.git(&["version"]).stdout();
        let knows_refresh_tokens = version.trim() >= "git version 2.41";
        if knows_refresh_tokens {
            let ran = desk.git(&["ls-remote", &desk.url("team/repo.git")]);
            assert!(!ran.stderr().contains("git-credential-pat"), "{ran}");
            let given = fs::read_to_string(desk.sandbox.path("asked")).unwrap();
            assert!(given.contains("username=alice\n") && !given.contains(TOKEN), "{given}");
            // The new token is kept, with the refresh token for the next time.
            let told = format!("username=alice\npassword={OTHER_TOKEN}\noauth_refresh_token=r2\n");
            desk.sandbox.helper(&["--keychain", "kernel", "get"], &asked).prints(&told);
        } else {
            desk.git_is_refused(&["ls-remote", &desk.url("team/repo.git")]);
        }
    }
}
