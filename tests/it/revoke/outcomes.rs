//! What becomes of the account after each answer, and after none.

use super::{GHP, GLPAT, says};
use crate::support::home::Home;
use serde_json::{Value, json};

const WORDS: [&str; 4] = ["--yes", "--forge", "gitlab", "https://HOST"];

fn desk(more: &Value) -> Home {
    let desk = Home::with_forge(GLPAT);
    desk.server().forge().knows("alices", GLPAT, json!({ "scopes": ["api"] }));
    let mut known = json!({ "scopes": ["api"] });
    known.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    desk.server().forge().knows("alices", GLPAT, known);
    desk
}

#[test]
fn a_token_that_dies_later_is_asked_about_six_times_and_then_kept_as_rejected() {
    let desk = desk(&json!({ "dies_at": "never" }));
    let forge = desk.server().forge();
    says(
        &desk.revoke(&WORDS),
        1,
        &[
            "GitLab has accepted it: for up to a minute it is asked whether the token is dead",
            "GitLab has accepted it, and still takes the token: accepted, not yet in force",
            "it is kept here as rejected, and git is not given it",
            "hint: in a while: git credential-pat revoke --username alice https://",
        ],
    );
    let own = "/api/v4/personal_access_tokens/self";
    let asked = forge.asked().into_iter().filter(|asked| asked.path == own).count();
    assert_eq!(asked, 6);
    assert_eq!(desk.kept(), ["alice rejected"]);
    // The next one asks again, and finds it dead.
    forge.knows("alices", GLPAT, json!({ "revoked": true }));
    says(&desk.revoke(&WORDS), 0, &["GitLab did not take the token before: it was dead already"]);
    assert_eq!(desk.kept(), [""; 0]);
}

#[test]
fn a_lost_answer_is_made_up_for_by_a_question() {
    // The connection is cut once it has happened; the answer does not come in time.
    for lost in ["cut", "30"] {
        let desk = desk(&json!({ "lost": lost }));
        let time = if lost == "cut" { "60s" } else { "3s" };
        let ran = desk.revoke(&[&WORDS[..], &["--timeout", time]].concat());
        if lost == "cut" || ran.status.success() {
            says(&ran, 0, &["it is dead", "deleted the account"]);
        } else {
            // The machine was too busy for the question, too.
            says(&ran, 1, &["the token may still live"]);
            says(&desk.revoke(&WORDS), 0, &["it was dead already"]);
        }
        assert_eq!(desk.kept(), [""; 0]);
    }
}

#[test]
fn whatever_is_no_revocation_keeps_the_account() {
    let desk = desk(&json!({}));
    let forge = desk.server().forge();
    for (fault, told) in [
        (
            "status=500+x /self",
            "GitLab gave no answer: the server failed; remote: x: the token may",
        ),
        ("html=200 /self", "GitLab gave no answer: a page for people came back"),
        ("html=401 /self", "GitLab gave no answer: a page for people came back"),
        ("limited=7 /self", "GitLab wants to be asked later"),
        ("denied=insufficient_scope /self", "GitLab has not revoked the token: the token lacks a"),
        ("status=422+no /self", "GitLab has not revoked the token; remote: no; it is kept here as"),
        (
            "echo= /self",
            "GitLab did not take the token before: it was dead already; remote: (a token)",
        ),
    ] {
        forge.set("fault", fault);
        let ran = desk.revoke(&WORDS);
        // A forge that repeats the token refuses it, and is believed.
        let is_refused = fault.starts_with("echo");
        says(&ran, i32::from(!is_refused), &[told]);
        assert!(!forge.is_revoked("alices"), "{fault}");
        assert_eq!(desk.kept(), if is_refused { &[][..] } else { &["alice ready"] }, "{fault}");
    }
}

#[test]
fn a_401_that_only_the_revocation_gets_is_not_believed() {
    let desk = Home::with_forge(GHP);
    let forge = desk.server().forge();
    forge.knows("classic", GHP, json!({ "scopes": ["repo"] }));
    forge.set("fault", "status=401+Bad+credentials /credentials/revoke");
    let ran = desk.revoke(&["--yes", "--forge", "github", "https://HOST"]);
    says(&ran, 1, &["kept here as it was"]);
    assert_eq!(desk.kept(), ["alice ready"]);
}

#[test]
fn an_unreachable_host_and_no_curl_keep_the_account() {
    let mut desk = desk(&json!({}));
    desk.configure("http.proxy", "http://127.0.0.1:9");
    says(&desk.revoke(&WORDS), 1, &["GitLab is not reached", "the token may still live"]);
    let folder = desk.sandbox.path("few");
    std::fs::create_dir(&folder).unwrap();
    for name in ["git", "sh"] {
        let real = crate::support::program::program(name, name);
        std::os::unix::fs::symlink(real, folder.join(name)).unwrap();
    }
    desk.set("PATH", folder.to_str().unwrap());
    says(&desk.revoke(&WORDS), 1, &["there is no curl", "hint: install curl"]);
    assert_eq!(desk.kept(), ["alice ready"]);
}
