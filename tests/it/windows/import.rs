//! Plain text that is brought into the Credential Manager.

use crate::support::home::Home;
use std::fs;

#[test]
fn a_token_leaves_the_plain_file_once_it_is_kept() {
    let place = Home::bare();
    let file = place.sandbox.path("plain text");
    let ours = format!("https://alice:TESTONLY-plain@{}\n", place.host);
    let other = "https://alice@no-token.example\n";
    fs::write(&file, format!("{other}{ours}")).unwrap();
    let source = format!("store={}", file.display());
    let ran = place.sandbox.helper(&["import", "--yes", "--remove", "--from", &source], "");
    assert!(ran.status.success(), "{ran}");
    place.gets("alice", "TESTONLY-plain");
    assert_eq!(fs::read_to_string(&file).unwrap(), other);
    let left: Vec<_> = fs::read_dir(place.sandbox.path("")).unwrap().collect();
    let locks = left.iter().flatten().filter(|entry| entry.path().extension().is_some());
    assert_eq!(locks.count(), 0, "the lock is gone");
}
