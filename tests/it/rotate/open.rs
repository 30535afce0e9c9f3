//! What `list` and `status` say of a rotation that was cut off: they only look.

use super::said;
use crate::check::GLPAT;
use crate::support::home::Home;

#[test]
fn list_and_status_speak_of_it_and_status_names_what_mends_it() {
    let desk = Home::with_gitlab();
    desk.server().forge().set("issuing", "close");
    desk.rotate(&["--unattended", "https://HOST"]);
    let before = desk.listed_account();
    for (age, words) in [(1, "is not known yet"), (91, "nobody knows yet whether there is a new")] {
        desk.note_is_of(age);
        let status = desk.sandbox.helper(&["status", &desk.url("")], "");
        let text = String::from_utf8_lossy(&status.stdout).into_owned();
        assert_eq!(status.status.code(), Some(1), "{status}");
        assert!(text.contains(words), "{text}");
        assert!(text.contains("git credential-pat rotate --username alice https://"), "{text}");
        assert!(!text.contains(GLPAT) && !said(&status).contains(GLPAT));
    }
    let list = desk.sandbox.helper(&["list", "--keychain", desk.keychain], "");
    let text = String::from_utf8_lossy(&list.stdout).into_owned();
    assert!(text.contains("ready; a rotation has begun"), "{text}");
    assert!(before["previous"].is_null() && before["rotating"].is_string(), "{before:#}");
    assert!(!desk.server().forge().issued().is_empty());
}
