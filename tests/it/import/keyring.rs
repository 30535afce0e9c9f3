//! Entries that programs of the keyring family keep. They are in real keychains, written by the
//! family's own crates and, with the attributes of the other libraries, by `secret-tool`.

use super::others::{answers, import, plant, secret_tool};
use crate::keyring_family::in_own_session;
use crate::support::desktop::Desktop;
use crate::support::home::Home;
use crate::support::keyring::elsewhere;
use crate::support::program::program;
use crate::support::sandbox::{BINARY, Ran, run};
use keyring_core::api::CredentialStoreApi;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

const STAYS: &str = "hint: the entry stays: it belongs to the program that made it";

#[test]
fn an_entry_of_the_real_crate_is_imported_and_stays() {
    let mut desktop = None;
    let in_desktop = || {
        let desktop = desktop.insert(Desktop::gnome_keyring());
        desktop.sandbox.command("env")
    };
    if elsewhere("import::keyring::an_entry_of_the_real_crate_is_imported_and_stays", in_desktop) {
        return;
    }
    let entry = keyring::Entry::new("https://app.example/api/", "alice").unwrap();
    entry.set_password("ghp_TESTONLY1").unwrap();
    let pat = |words: &[&str], stdin: &str| {
        let mut command = Command::new(BINARY);
        command.args(words);
        run(command, stdin.as_bytes())
    };
    let from = "--from=keyring=https://app.example/api//alice";
    let ran = pat(&["import", from, "--yes", "--remove", "https://h.example/team"], "");
    assert!(ran.status.success() && ran.stderr().contains(STAYS), "{ran}");
    assert!(
        ran.stdout().starts_with("the keyring entry https://app.example/api//alice\n"),
        "{ran}"
    );
    assert!(!(ran.stdout() + &ran.stderr()).contains("TESTONLY"), "{ran}");
    pat(&["get"], "protocol=https\nhost=h.example\npath=team/x.git\n\n")
        .prints("username=alice\npassword=ghp_TESTONLY1\n");
    assert_eq!(entry.get_password().unwrap(), "ghp_TESTONLY1");
}

/// The family's store leaves a key in its own session and in the persistent keyring.
#[test]
fn an_entry_in_the_kernels_keyring_is_found_in_another_session() {
    if in_own_session(
        "import::keyring::an_entry_in_the_kernels_keyring_is_found_in_another_session",
    ) {
        return;
    }
    let newcomer = Home::new();
    let store = linux_keyutils_keyring_store::Store::new().unwrap();
    let entry = store.build(&newcomer.keys.host("app"), "alice", None).unwrap();
    entry.set_secret(b"ghp_TESTONLY1").unwrap();
    let line = newcomer.typed("import --from keyring=APP/alice --yes https://bob@HOST");
    let app = format!("keyring={}/alice", newcomer.keys.host("app"));
    let mut session = newcomer.sandbox.command(program("keyctl", "keyutils"));
    session.args(["session", "-", BINARY]);
    session.args(
        line.get_args().map(|word| if word == "keyring=APP/alice" { app.as_ref() } else { word }),
    );
    let ran = run(session, b"");
    entry.delete_credential().unwrap();
    assert!(ran.status.success() && ran.stderr().contains(STAYS), "{ran}");
    newcomer.serves("", "username=bob password=ghp_TESTONLY1");
}

#[test]
fn a_key_of_keyring_rs_before_version_4_is_found() {
    let newcomer = Home::new();
    let app = newcomer.keys.host("app");
    let key = ["add", "user", &format!("keyring-rs:alice@{app}"), "ghp_TESTONLY1", "@u"];
    let ran = newcomer.sandbox.run(program("keyctl", "keyutils"), &key, b"");
    assert!(ran.status.success(), "{ran}");
    newcomer.imports(&format!("--from keyring={app}/alice --yes https://HOST"));
    newcomer.serves("", "username=alice password=ghp_TESTONLY1");
}

#[test]
fn entries_of_all_libraries_are_read() {
    for mut desktop in [Desktop::gnome_keyring(), Desktop::keepassxc(), Desktop::kwallet()] {
        desktop.sandbox.set("DISPLAY", ":0");
        for (number, (attributes, secret)) in [
            // One entry is go-keyring's, two are python-keyring's, one is keyring-rs' since version
            // 2.
            ("service app0 username alice", "ghp_TESTONLY0"),
            ("service app1 username alice application Python", "ghp_TESTONLY1\n"),
            (
                "xdg:schema org.freedesktop.Secret.Generic service app2 username alice \
                 application Python",
                "ghp_TESTONLY2",
            ),
            (
                "service app3 username alice target default application rust-keyring",
                "go-keyring-base64:Z2hwX1RFU1RPTkxZMw==",
            ),
        ]
        .into_iter()
        .enumerate()
        {
            plant(&desktop, attributes, secret);
            // One entry is another user's, one is another service's.
            plant(&desktop, &attributes.replace("alice", "alice2"), "ghp_TESTONLY9");
            plant(&desktop, &attributes.replace("service app", "service xapp"), "ghp_TESTONLY9");
            let host = format!("h{number}.example");
            let from = format!("keyring=app{number}/alice");
            import(&desktop, &["--from", &from, &format!("https://{host}")]);
            let answer = format!("username=alice\npassword=ghp_TESTONLY{number}\n");
            answers(&desktop, &format!("protocol=https host={host} "), &answer);
        }
    }
}

fn refused(desktop: &Desktop, from: &str, urls: &[&str]) -> Ran {
    desktop.sandbox.helper(&[&["import", "--yes", "--from", from], urls].concat(), "")
}

#[test]
fn an_entry_that_is_absent_ambiguous_or_locked_says_so() {
    let desktop = Desktop::gnome_keyring();
    let url = ["https://h.example"];
    refused(&desktop, "keyring=app/alice", &url)
        .fails(1, "the keyring has no entry of this service and user\nhint: SERVICE is all before");
    plant(&desktop, "service app username alice target one", "ghp_TESTONLY1");
    plant(&desktop, "service app username alice target two", "ghp_TESTONLY1");
    let ran = import(&desktop, &["--from", "keyring=app/alice", url[0]]);
    assert!(ran.stderr().contains("stored 1 token"), "{ran}");
    plant(&desktop, "service app username alice target two", "ghp_TESTONLY2");
    refused(&desktop, "keyring=app/alice", &url)
        .fails(1, "several entries of this service and user, and their secrets differ\nhint: ");
    plant(&desktop, "service damaged username alice", "go-keyring-base64:ghp_TESTONLY");
    refused(&desktop, "keyring=damaged/alice", &url)
        .fails(1, "the entry is not as go-keyring writes it");
    desktop.lock();
    refused(&desktop, "keyring=app/alice", &url).fails(1, "the keychain is locked\nhint: ");
}

#[test]
fn an_entry_is_for_exactly_one_place() {
    let desktop = Desktop::empty();
    for urls in [&[][..], &["https://h.example", "https://other.example"]] {
        refused(&desktop, "keyring=app/alice", urls).fails(2, "name the one place it is for");
    }
    refused(&desktop, "glab", &[]).fails(2, "name the places that glab has a token for");
    refused(&desktop, "keyring=app/alice", &["https://h.example"])
        .fails(1, "has no such entry, and no Secret Service can be asked");
}

#[test]
fn ghs_entries_are_read_and_gh_is_not_started() {
    let mut desktop = Desktop::gnome_keyring();
    let hosts = "new.example:\n    users:\n        alice:\n        bob:\n    user: alice\n\
                 old.example:\n    user: carol\nnone.example:\n    user: dave\n";
    fs::create_dir(desktop.sandbox.path("config/gh")).unwrap();
    fs::write(desktop.sandbox.path("config/gh/hosts.yml"), hosts).unwrap();
    let started = desktop.sandbox.path("started");
    let gh = desktop.sandbox.path("bin/gh");
    fs::create_dir(gh.parent().unwrap()).unwrap();
    fs::write(&gh, format!("#!/bin/sh\n: > {}\n", started.display())).unwrap();
    fs::set_permissions(&gh, fs::Permissions::from_mode(0o755)).unwrap();
    let folder = gh.parent().unwrap().to_str().unwrap();
    desktop.sandbox.set("PATH", &format!("{folder}:{}", std::env::var("PATH").unwrap()));
    plant(&desktop, "service gh:new.example username alice", "gho_TESTONLY1");
    plant(&desktop, "service gh:new.example username bob", "gho_TESTONLY2");
    plant(&desktop, "service gh:new.example username ", "gho_TESTONLY1");
    plant(&desktop, "service gh:old.example username ", "gho_TESTONLY3");
    let ran = import(&desktop, &["--from", "gh", "--remove"]);
    let rows: Vec<String> = ran.stdout().lines().skip(2).map(words).collect();
    assert_eq!(
        rows,
        [
            "https://new.example alice import",
            "https://new.example bob import",
            "https://old.example carol import",
            "dave at none.example - stays: neither gh's file nor the keyring has its token",
        ]
    );
    assert!(ran.stderr().contains("hint: gh keeps its own copy"), "{ran}");
    let answer = "username=bob\npassword=gho_TESTONLY2\n";
    answers(&desktop, "protocol=https host=new.example username=bob ", answer);
    let answer = "username=carol\npassword=gho_TESTONLY3\n";
    answers(&desktop, "protocol=https host=old.example ", answer);
    desktop.lock();
    let ran = import(&desktop, &["--from", "gh", "--dry-run", "--keychain", "kernel"]);
    assert_eq!(ran.stdout().matches("stays: the keychain is locked").count(), 3, "{ran}");
    assert!(!started.exists(), "{ran}");
}

#[test]
fn glabs_entries_are_read_for_the_places_that_are_named() {
    let desktop = Desktop::gnome_keyring();
    plant(&desktop, "service glab:new.example:token username ", "glpat-TESTONLY1");
    plant(&desktop, "service glab:new.example:oauth2_refresh_token username ", "TESTONLY");
    plant(&desktop, "service glab:old.example:8443 username ", "glpat-TESTONLY2");
    let places = ["https://new.example", "https://bob@old.example:8443", "https://none.example"];
    let ran = import(&desktop, &[&["--from", "glab"][..], &places].concat());
    let rows: Vec<String> = ran.stdout().lines().map(words).collect();
    assert_eq!(
        rows,
        [
            "glab's keyring entries",
            "PLACE USERNAME WHAT",
            "https://new.example token import",
            "https://old.example:8443 bob import",
            "https://none.example - stays: glab has none for it in the keyring",
        ]
    );
    let answer = "username=bob\npassword=glpat-TESTONLY2\n";
    answers(&desktop, "protocol=https host=old.example:8443 ", answer);
    let still = secret_tool(&desktop, &["lookup", "service", "glab:new.example:token"], b"");
    assert_eq!(still.stdout().trim_end(), "glpat-TESTONLY1", "{still}");
}

/// Returns a line with single blanks.
fn words(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}
