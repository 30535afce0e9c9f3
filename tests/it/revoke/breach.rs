//! `--breach`: git is not given the token any more, whatever its forge says, and what else there is
//! to do is listed.

use super::{GLPAT, says};
use crate::support::home::Home;
use serde_json::json;

const WORDS: [&str; 5] = ["--breach", "--yes", "--forge", "gitlab", "https://HOST"];

fn desk() -> Home {
    let desk = Home::with_forge(GLPAT);
    desk.server().forge().knows("alices", GLPAT, json!({ "scopes": ["api"] }));
    desk
}

fn answer(desk: &Home, path: &str) -> String {
    desk.operation("get", format!("protocol=https\nhost={}\npath={path}\n\n", desk.host)).stdout()
}

#[test]
fn git_is_not_given_the_token_although_its_forge_is_not_reached() {
    let desk = desk();
    desk.keep("team", "bob", GLPAT);
    desk.configure("http.proxy", "http://127.0.0.1:9");
    let ran = desk.revoke(&WORDS);
    says(&ran, 1, &["GitLab is not reached", "kept here as rejected, and git is not given it"]);
    let list = ran.stdout();
    assert!(
        list.contains("- revoke it at https://") && list.contains("it may still live"),
        "{ran}"
    );
    assert_eq!(desk.kept(), ["alice rejected", "bob rejected"]);
    assert_eq!([answer(&desk, ""), answer(&desk, "team/r.git")], ["", ""]);
    // The next one asks again, with or without the word.
    desk.configure("http.proxy", "");
    says(&desk.revoke(&["--yes", "--forge", "gitlab", "https://HOST"]), 0, &["it is dead"]);
    assert_eq!(desk.kept(), [""; 0]);
}

#[test]
fn once_it_is_dead_it_is_deleted_and_what_else_there_is_to_do_is_listed() {
    let desk = desk();
    desk.keep("team", "bob", GLPAT);
    desk.write(".git-credentials", &format!("https://alice:{GLPAT}@{}\n", desk.host));
    let ran = desk.revoke(&WORDS);
    says(&ran, 0, &["it is dead"]);
    let list = ran.stdout();
    for text in [
        "what else there is to do:\n",
        "  - make a new one: git credential-pat login --username alice https://",
        "  - the same token was there, too: git credential-pat login --username bob https://",
        "of ~/.git-credentials, too; to take it out: ",
        "/-/user_settings/personal_access_tokens",
        "what cannot be seen from here: variables of the environment and of CI, other machines",
    ] {
        assert!(list.contains(text), "{text:?}: {ran}");
    }
    assert_eq!(desk.kept(), [""; 0]);
}

#[test]
fn where_the_forge_has_no_way_it_is_deleted_here_and_the_page_comes_first() {
    let (desk, _tunnel) = Home::with_named_forges(GLPAT);
    let token = "hf_TESTONLYTESTONLYTESTONLYTESTONLYTE";
    desk.keep_at("https://huggingface.co", "alice", token);
    let ran = desk.revoke(&["--breach", "--yes", "https://huggingface.co"]);
    says(
        &ran,
        1,
        &["Hugging Face has no way to revoke this token from here, and it still lives", "deleted"],
    );
    let list = ran.stdout();
    let first = list.lines().nth(1).unwrap_or_default();
    assert!(first.contains("revoke it at https://huggingface.co/settings/tokens"), "{ran}");
    assert_eq!(desk.kept(), ["alice ready"], "the other host's");
}

#[test]
fn where_nobody_knows_the_forge_it_is_kept_as_rejected() {
    let desk = desk();
    let ran = desk.revoke(&["--breach", "--yes", "https://HOST"]);
    says(&ran, 1, &["nobody knows which forge it is", "kept here as rejected", "--forge gitlab"]);
    assert_eq!(desk.kept(), ["alice rejected"]);
    assert_eq!(desk.server().forge().asked(), []);
}
