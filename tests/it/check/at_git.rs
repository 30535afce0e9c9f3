//! What git itself comes to: its own transport is asked, and what it says is told apart.

use super::{GLPAT, some};
use crate::support::home::Home;
use crate::support::server::Request;

/// What was asked of the git host since `before`.
fn since(desk: &Home, before: usize) -> Vec<Request> {
    desk.server().requests(|all| all.len() > before).split_off(before)
}

#[test]
fn what_a_host_says_to_git_is_told_apart() {
    let desk = Home::with_forge(GLPAT);
    for (path, told) in [
        ("team/repo.git", "good null true true null"),
        ("fault/scope/r", "denied scope false false Write access to repository not granted."),
        ("fault/download/r", "denied scope false false You are not allowed to download code."),
        (
            "fault/rights/r",
            "denied read-only false false You are not allowed to push code to this project.",
        ),
        (
            "fault/archived/r",
            "denied archived false false This repository was archived so it is \
                              read-only.",
        ),
        ("fault/ip/r", "denied ip false false The organization has an IP allow list enabled."),
        (
            "fault/policy/r",
            "denied policy false false Acme forbids access via a personal access token (classic).",
        ),
        (
            "fault/terms/r",
            "denied account false false You must accept the Terms of Service before \
                           you can go on.",
        ),
        (
            "fault/job/r",
            "denied policy false false Authentication by CI/CD job token not allowed from A to B.",
        ),
        ("fault/http/r", "denied policy false false Pulling over HTTP is not allowed."),
        (
            "fault/mirror/r",
            "denied read-only false false This repository is a mirror and read-only.",
        ),
        (
            "fault/azure/r",
            "denied read-only false false TF401027: You need the Git 'GenericContribute' permission.",
        ),
        (
            "fault/off/r",
            "denied account false false Your account has been deactivated by your administrator.",
        ),
        ("fault/sso/r", "denied sso false false SAML enforcement."),
        ("fault/absent/r", "absent null false false Repository not found."),
        ("fault/refused/r", "refused null null null HTTP Basic: Access denied."),
        (
            "fault/unscoped/r",
            "denied scope false false HTTP Basic: Access denied. The token is improperly scoped.",
        ),
        ("fault/over/r", "ended null null null The Personal Access Token used has expired."),
        ("fault/down/r", "limited null null null Back soon."),
        ("fault/busy/r", "limited null null null Slow down."),
        ("fault/broken/r", "unknown server null null Bad gateway."),
        ("fault/html200/r", "unknown html null null null"),
        ("fault/html203/r", "unknown html null null null"),
        ("fault/moved/r", "unknown redirect null null null"),
        ("fault/moved-port/r", "unknown redirect null null null"),
    ] {
        let one = desk.checked(&[&format!("https://HOST/{path}")]);
        let names = ["state", "reason", "may_read", "may_push", "said"];
        assert_eq!(some(&one, &names), told, "{path}: {one:#}");
    }
}

#[test]
fn single_sign_on_names_the_address_to_open() {
    let desk = Home::with_forge(GLPAT);
    for path in ["fault/sso/r", "fault/sso-text/r"] {
        let one = desk.checked(&[&format!("https://HOST/{path}")]);
        let address = "https://github.example/orgs/acme/sso?authorization_request=A1B2C3";
        assert_eq!(some(&one, &["reason", "sso_url"]), format!("sso {address}"), "{one:#}");
        let text = desk.check(&[&format!("https://HOST/{path}")]).stdout();
        assert!(text.contains(&format!("hint: let the organisation in at {address}")), "{text}");
    }
}

#[test]
fn a_redirect_is_asked_again_only_at_the_same_server_and_port() {
    let desk = Home::with_forge(GLPAT);
    let one = desk.checked(&["https://HOST/fault/moved-here/r"]);
    assert_eq!(some(&one, &["state", "may_push"]), "good true", "{one:#}");
    let [_, second, _] = desk.server().ports();
    for (path, to) in [
        ("fault/moved/r", format!("https://{}/fault/moved/r", desk.server().other())),
        (
            "fault/moved-port/r",
            format!("https://{}:{second}/fault/moved-port/r", desk.server().names()[0]),
        ),
        ("moved/team/r", format!("https://{}/team/r", desk.server().other())),
    ] {
        let one = desk.checked(&[&format!("https://HOST/{path}")]);
        assert_eq!(some(&one, &["state", "reason"]), "unknown redirect", "{one:#}");
        assert_eq!(one["redirect"], to);
    }
    let all = desk.server().requests(|all| !all.is_empty());
    assert!(all.iter().all(|request| request.port != second), "{all:?}");
}

#[test]
fn a_public_repository_is_said_to_be_one_and_says_nothing_of_the_token() {
    let desk = Home::with_forge(GLPAT);
    desk.server().create_repository("public/repo.git");
    let one = desk.checked(&["https://HOST/public/repo.git"]);
    assert_eq!(some(&one, &["public", "may_read", "may_push"]), "true true null", "{one:#}");
    assert_eq!(some(&one, &["state", "reason"]), "unknown anonymous");
    let text = desk.check(&["https://HOST/public/repo.git"]).stdout();
    assert!(text.contains("git may read, which it does without a token"), "{text}");
}

#[test]
fn gits_own_store_and_erase_change_nothing() {
    let desk = Home::with_forge(GLPAT);
    desk.operations();
    let mut desk = desk;
    desk.mark_unwritten();
    for path in ["fault/refused/r", "fault/absent/r", "fault/html200/r"] {
        desk.check(&[&format!("https://HOST/{path}")]);
    }
    // A refusal is no reason to mark a token, and what nobody has said is not kept.
    let rows = desk.accounts();
    assert!(rows.len() == 1 && rows[0].ends_with("alice ready"), "{rows:?}");
    desk.checked(&["https://HOST/team/repo.git"]);
    let rows = desk.accounts();
    assert!(rows.len() == 1 && rows[0].ends_with("alice ready"), "{rows:?}");
}

#[test]
fn another_ones_header_is_left_out_and_said() {
    let desk = Home::with_forge(GLPAT);
    // bob's, who is nobody there.
    desk.configure("http.https://HOST/.extraHeader", "Authorization: Basic Ym9iOlRFU1RPTkxZ");
    desk.server().forge().knows("alices", GLPAT, serde_json::json!({ "scopes": ["api"] }));
    let one = desk.checked(&["--forge", "gitlab", "https://HOST/team/repo.git"]);
    assert_eq!(some(&one, &["state", "owner", "may_push"]), "good alice true", "{one:#}");
    let notes = one["notes"].to_string();
    assert!(notes.contains("http.extraHeader"), "{notes}");
    desk.configure("http.https://HOST/.extraHeader", "X-Other: 1");
    let one = desk.checked(&["https://HOST/team/repo.git"]);
    assert_eq!(some(&one, &["state", "notes"]), "good []", "{one:#}");
}

#[test]
fn a_line_of_netrc_that_comes_first_is_said() {
    let desk = Home::with_forge(GLPAT);
    let name = &desk.server().names()[0];
    let line = format!("machine {name} login alice password {GLPAT}\n");
    std::fs::write(desk.sandbox.path(".netrc"), line).unwrap();
    let one = desk.checked(&["https://HOST/team/repo.git"]);
    assert_eq!(some(&one, &["state", "reason"]), "unknown netrc", "{one:#}");
}

#[test]
fn the_url_is_what_git_makes_of_it() {
    let desk = Home::with_forge(GLPAT);
    desk.config(&["--global", "url.https://HOST/.insteadOf", "work:"]);
    let one = desk.checked(&["work:team/repo.git"]);
    assert_eq!(some(&one, &["state", "may_push"]), "good true", "{one:#}");
    desk.config(&["--global", "url.git@h.example:.insteadOf", "https://ssh.example/"]);
    let one = desk.checked(&["https://ssh.example/team/repo.git"]);
    assert_eq!(some(&one, &["state", "reason"]), "unknown rewritten", "{one:#}");
    desk.config(&["--global", "url.https://x:ghp_TESTONLYx@HOST/.insteadOf", "token:"]);
    let ran = desk.check(&["token:team/repo.git"]);
    assert!(!ran.stdout().contains("TESTONLY") && !ran.stderr().contains("TESTONLY"), "{ran}");
}

#[test]
fn without_a_url_it_is_the_remotes_of_the_repository() {
    let desk = Home::with_forge(GLPAT);
    let ran = desk.check(&[]);
    ran.fails(2, "name a URL, or --all");
    desk.git(&["init", "--quiet", "."]);
    desk.git(&["remote", "add", "origin", "https://HOST/team/repo.git"]);
    desk.git(&["remote", "add", "ssh", "git@h.example:team/repo.git"]);
    let one = desk.checked(&[]);
    assert_eq!(some(&one, &["state", "may_push"]), "good true", "{one:#}");
}

#[test]
fn a_host_without_a_repository_is_not_asked_by_git() {
    let desk = Home::with_forge(GLPAT);
    let before = desk.server().requests(|_| true).len();
    let one = desk.checked(&["https://HOST"]);
    assert_eq!(some(&one, &["state", "reason"]), "unknown no-forge", "{one:#}");
    assert!(one["layers"]["git"].is_null());
    desk.checked(&["https://HOST/team/repo.git"]);
    let asked = since(&desk, before);
    assert!(
        asked.iter().all(|request| request.path.ends_with("/info/refs")
            || request.path.ends_with("/git-upload-pack")),
        "{asked:?}"
    );
}
