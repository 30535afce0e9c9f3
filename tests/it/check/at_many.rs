//! `--all`: every account, hosts side by side, none asked more than it should be.

use super::GLPAT;
use crate::support::home::Home;
use serde_json::{Value, json};
use std::time::Duration;

fn all(desk: &Home, words: &[&str]) -> Vec<Value> {
    let ran = desk.check(&[&["--all", "--json", "--keychain", desk.keychain], words].concat());
    let all: Value = serde_json::from_slice(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran}"));
    let is_own = |one: &&Value| {
        let context = one["context"].as_str().unwrap();
        context.contains("127.0.0.1") || context.contains(&desk.keys.host(""))
    };
    all.as_array().unwrap().iter().filter(is_own).cloned().collect()
}

fn token(number: usize) -> String {
    format!("glpat-TESTONLYTESTONLYTEST{number:02}")
}

#[test]
fn after_five_refusals_in_a_row_a_host_is_left_in_peace() {
    let desk = Home::with_forge(GLPAT);
    let forge = desk.server().forge();
    forge.knows("good", GLPAT, json!({ "scopes": ["read_repository"] }));
    for number in 0..8 {
        desk.keep("", &format!("bob{number}"), &token(number));
    }
    let told = all(&desk, &["--forge", "gitlab"]);
    let states: Vec<&str> = told.iter().map(|one| one["state"].as_str().unwrap()).collect();
    let refused = ["refused"; 5];
    assert_eq!(states, [&["good"][..], &refused, &["unknown"; 3]].concat(), "{told:#?}");
    assert_eq!(told[8]["reason"], "spared");
    let asked = forge.asked();
    assert_eq!(asked.iter().filter(|asked| asked.token == "-").count(), 5, "{asked:?}");
}

#[test]
fn what_has_ended_is_asked_about_as_well_and_each_twice_at_most() {
    let desk = Home::with_forge(GLPAT);
    let forge = desk.server().forge();
    forge.knows("api", GLPAT, json!({ "scopes": ["api"], "expires": "2099-01-31" }));
    forge.knows("over", &token(1), json!({ "scopes": ["api"], "expires": "2020-01-01" }));
    desk.keep("", "bob", &token(1));
    let words = ["login", "--with-token", "--offline", "--expires", "1s", "--username", "carol"];
    let ran = desk.sandbox.helper(&[&words[..], &[&desk.url("")]].concat(), token(2));
    assert!(ran.status.success(), "{ran}");
    forge.knows("ended", &token(2), json!({ "scopes": ["api"], "expires": "2099-01-31" }));
    std::thread::sleep(Duration::from_secs(2));
    let told = all(&desk, &["--forge", "gitlab"]);
    let states: Vec<&str> = told.iter().map(|one| one["state"].as_str().unwrap()).collect();
    // The date of the third was wrong: its forge has just taken it.
    assert_eq!(states, ["good", "ended", "good"], "{told:#?}");
    let asked = forge.asked();
    for name in ["api", "over", "ended"] {
        let often = asked.iter().filter(|asked| asked.token == name).count();
        assert!((1..=2).contains(&often), "{name} {asked:?}");
    }
    assert_eq!(all(&desk, &["--offline"])[2]["state"], "good");
    assert_eq!(forge.asked(), []);
}

#[test]
fn hosts_are_asked_side_by_side_and_each_for_one_account_after_the_other() {
    let desk = Home::with_forge(GLPAT);
    let forge = desk.server().forge();
    forge.knows("good", GLPAT, json!({ "scopes": ["read_repository"] }));
    let [first, second, _] = desk.server().ports();
    for (port, name) in [(first, "a"), (first, "b"), (second, "c"), (second, "d")] {
        desk.keep_at(&format!("https://127.0.0.1:{port}"), name, GLPAT);
    }
    // Each host waits until the other is asked as well.
    forge.set("fault", "together");
    let told = all(&desk, &["--forge", "gitlab"]);
    let states: Vec<&str> = told.iter().map(|one| one["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["good"; 5], "{told:#?}");
    assert!(forge.has("met"), "the hosts were asked one after the other");
}
