//! The commands that people type.

use crate::support::home::Home;
use serde_json::Value;

#[test]
fn a_token_is_logged_in_listed_printed_and_logged_out() {
    let place = Home::bare();
    let url = place.url("");
    let login = ["login", "--with-token", "--username", "Alice", "--expires", "90d", &url];
    let ran = place.sandbox.helper(&login, "TESTONLY-1\r\n");
    assert!(ran.status.success(), "{ran}");
    assert!(ran.stderr().contains("in Windows' Credential Manager (credential-manager)"), "{ran}");
    let list = place.sandbox.helper(&["list", "--json"], "");
    let rows: Value = serde_json::from_slice(&list.stdout).unwrap();
    let row = rows.as_array().unwrap().iter().find(|row| row["context"] == url.as_str()).unwrap();
    assert_eq!(
        (&row["username"], &row["keychain"]),
        (&"Alice".into(), &"credential-manager".into())
    );
    assert!(!list.stdout().contains("TESTONLY"), "{list}");
    place.sandbox.helper(&["token", &url], "").prints("TESTONLY-1\n");
    let again = place.sandbox.helper(&login, "TESTONLY-2");
    again.fails(1, "the account has another token already");
    let gone = place.sandbox.helper(&["logout", "--username", "Alice", &url], "");
    assert!(gone.status.success(), "{gone}");
    assert_eq!(place.keys.seen(), []);
}

#[test]
fn nobody_is_asked_where_there_is_no_console() {
    let place = Home::bare();
    let ran = place.sandbox.helper(&["login", "--no-input", &place.url("")], "");
    ran.fails(2, "--with-token");
}

#[test]
fn a_keychain_of_another_system_is_refused_by_name() {
    let place = Home::bare();
    for keychain in ["kernel", "secret-service"] {
        let ran =
            place.sandbox.helper(&["--keychain", keychain, "get"], "protocol=https\nhost=h\n");
        ran.fails(1, "this keychain does not exist on this system");
    }
}

#[test]
fn docker_finds_its_helper_under_its_name() {
    let place = Home::bare();
    let program = place.sandbox.path("docker-credential-pat.exe");
    std::fs::copy(crate::support::sandbox::BINARY, &program).unwrap();
    let server = &place.host;
    let stored = format!(r#"{{"ServerURL":"{server}","Username":"Alice","Secret":"TESTONLY"}}"#);
    place.sandbox.run(&program, &["store"], stored.as_bytes()).prints("");
    let ran = place.sandbox.run(&program, &["get"], server.as_bytes());
    let answer: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!((&answer["Username"], &answer["Secret"]), (&"Alice".into(), &"TESTONLY".into()));
    place.sandbox.run(&program, &["erase"], server.as_bytes()).prints("");
    assert_eq!(place.keys.seen(), []);
}
