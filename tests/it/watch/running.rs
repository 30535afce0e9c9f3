//! What the timer runs: silent if all is well, and asking nobody.

use super::{revoke, runs, well};
use crate::check::GLPAT;
use crate::support::desktop::Desktop;
use crate::support::home::Home;
use crate::support::program::program;
use crate::support::server_home::ServerHome;
use serde_json::json;
use std::os::unix::fs::symlink;

#[test]
fn all_well_is_not_one_byte() {
    let desk = well();
    runs(&desk, &[]).prints("");
    runs(&desk, &["--notify", "--tell", "false"]).prints("");
    assert!(desk.sandbox.helper(&["watch"], "").stdout().contains("all was well"));
}

#[test]
fn a_finding_is_said_once_and_again_when_it_changes() {
    let desk = well();
    revoke(&desk);
    let ran = runs(&desk, &[]);
    ran.fails(1, " for alice: refused");
    assert!(ran.stderr().contains("hint: make a new one: ") && !ran.stderr().contains(GLPAT));
    assert!(ran.stderr().starts_with("git-credential-pat: watch: https://"), "{ran}");
    let again = runs(&desk, &[]);
    assert!(again.stderr.is_empty() && again.status.code() == Some(1), "{again}");
    let forge = desk.server().forge();
    forge.knows("alices", GLPAT, json!({ "scopes": ["api"], "expires": "2020-01-01" }));
    runs(&desk, &[]).fails(1, " for alice: ended");
    forge.knows("alices", GLPAT, json!({ "scopes": ["api"], "expires": "2099-01-01" }));
    runs(&desk, &[]).prints("");
    forge.knows("alices", GLPAT, json!({ "scopes": ["api"], "expires": "2020-01-01" }));
    // It was well in between.
    runs(&desk, &[]).fails(1, " for alice: ended");
}

#[test]
fn a_host_that_is_not_reached_or_wants_to_be_left_alone_is_reported_as_that() {
    let mut desk = well();
    desk.server().forge().set("fault", "limited=17");
    runs(&desk, &[]).fails(1, " for alice: limited");
    desk.set("https_proxy", "http://127.0.0.1:9");
    runs(&desk, &[]).fails(1, " for alice: unreachable, the network");
    assert!(runs(&desk, &[]).stderr.is_empty());
}

#[test]
fn a_locked_desktop_is_reported_and_nobody_is_asked() {
    let mut user = Home::with_gnome_keyring();
    user.set("DISPLAY", ":99");
    let login = "login --with-token --username alice --keychain secret-service https://HOST";
    assert!(user.types(login, "ghp_TESTONLY1\n").status.success());
    user.desktop().lock();
    let calls = user.calls_of(|| {
        let ran = runs(&user, &["--keychain", "secret-service"]);
        ran.fails(1, "watch: the keychain is locked: accounts that were not checked: 1");
        assert!(ran.stderr().contains("hint: unlock it in the desktop session"), "{ran}");
    });
    assert!(!calls.is_empty(), "the keychain was not asked");
    assert!(
        !calls.iter().any(|call| call.contains("nlock") || call.contains("Prompt")),
        "{calls:?}"
    );
    assert!(user.desktop().is_locked());
    let again = runs(&user, &["--keychain", "secret-service"]);
    assert!(again.stderr.is_empty() && again.status.code() == Some(1), "{again}");
}

#[test]
fn a_locked_keepassxc_is_not_searched_because_that_asks() {
    let desktop = Desktop::locked_keepassxc();
    let user = Home::at_desktop(desktop);
    let calls = user.calls_of(|| {
        runs(&user, &["--keychain", "secret-service"]).fails(1, "watch: the keychain is locked");
    });
    assert!(!calls.iter().any(|call| call.contains("SearchItems")), "{calls:?}");
}

#[test]
fn a_locked_vault_is_reported_and_no_passphrase_asked_for() {
    let server = ServerHome::new();
    assert!(server.types("lock", "").status.success());
    let said = "watch: the vault is locked";
    server.types("watch run --keychain vault", "").fails(1, said);
    let terminal =
        server.on_terminal("PAT watch run --keychain vault; PAT watch run --keychain vault");
    let (_, screen) = terminal.ends();
    assert!(!screen.to_lowercase().contains("passphrase:"), "{screen}");
}

#[test]
fn where_curl_is_missing_that_is_said() {
    let mut desk = well();
    let folder = desk.sandbox.path("alone");
    std::fs::create_dir(&folder).unwrap();
    symlink(program("git", "git"), folder.join("git")).unwrap();
    desk.set("PATH", folder.to_str().unwrap());
    runs(&desk, &[]).fails(1, "watch: the forges are not asked: there is no curl");
}
