//! What programs and monitors are told, and the exit statuses.

use super::{GLPAT, some};
use crate::support::home::Home;
use serde_json::json;

#[test]
fn a_monitor_gets_one_line_and_its_own_exit_status() {
    let desk = Home::with_forge(GLPAT);
    let forge = desk.server().forge();
    let url = ["--nagios", "--forge", "gitlab", "https://HOST"];
    for (more, status, begin, end) in [
        (json!({ "scopes": ["api"], "expires": null }), 0, "PAT OK: the token is good", ""),
        (json!({ "scopes": ["api"], "expires": "2099-01-31" }), 0, "PAT OK: ", ";14;3"),
        (json!({ "scopes": ["api"], "expires": "2020-01-31" }), 2, "PAT CRITICAL: ", ""),
        (json!({ "scopes": ["api"], "revoked": true }), 2, "PAT CRITICAL: ", ""),
    ] {
        forge.knows("alices", GLPAT, more);
        let ran = desk.check(&url);
        assert_eq!(ran.status.code(), Some(status), "{ran}");
        let text = ran.stdout();
        let line = text.strip_suffix('\n').unwrap_or_default();
        assert!(line.starts_with(begin) && line.ends_with(end) && !line.contains('\n'), "{ran}");
    }
    forge.set("fault", "html=200");
    assert_eq!(desk.check(&url).status.code(), Some(3));
    forge.unset("fault");
    let ran =
        desk.check(&["--nagios", "--forge", "gitlab", "--warn-before", "99999d", "https://HOST"]);
    assert_eq!(ran.status.code(), Some(2), "{ran}");
    forge.knows("alices", GLPAT, json!({ "scopes": ["api"], "expires": "2099-01-31" }));
    let ran =
        desk.check(&["--nagios", "--forge", "gitlab", "--warn-before", "99999d", "https://HOST"]);
    assert!(ran.stdout().starts_with("PAT WARNING: ") && ran.status.code() == Some(1), "{ran}");
}

#[test]
fn what_a_host_does_wrong_is_told_apart_and_nothing_of_it_believed() {
    let desk = Home::with_forge(GLPAT);
    let forge = desk.server().forge();
    forge.knows("alices", GLPAT, json!({ "scopes": ["api"] }));
    let other = desk.server().other();
    for (fault, told) in [
        ("html=200".to_owned(), "unknown html"),
        ("html=203".to_owned(), "unknown html"),
        ("nonsense".to_owned(), "unknown answer"),
        ("long".to_owned(), "unknown answer"),
        (format!("moved=https://{other}"), "unknown redirect"),
        ("limited=17".to_owned(), "limited null"),
        ("status=401+Denied".to_owned(), "refused null"),
        ("status=404+Not+here".to_owned(), "unknown answer"),
        ("status=502+Bad".to_owned(), "unknown server"),
    ] {
        forge.set("fault", &fault);
        let one = desk.checked(&["--forge", "gitlab", "https://HOST"]);
        assert_eq!(some(&one, &["state", "reason"]), told, "{fault}: {one:#}");
    }
    forge.set("fault", "limited=17");
    let one = desk.checked(&["--forge", "gitlab", "https://HOST"]);
    assert_eq!(one["retry_after"], 17, "{one:#}");
    // Only the first server has seen the token.
    let asked = forge.asked();
    assert!(asked.iter().all(|asked| asked.host == desk.server().host()), "{asked:?}");
}

#[test]
fn a_forge_below_a_path_is_asked_there_and_nothing_goes_to_the_root() {
    let desk = Home::with_forge(GLPAT);
    let forge = desk.server().forge();
    forge.knows("alices", GLPAT, json!({ "scopes": ["api"] }));
    forge.set("below", "/forge");
    desk.keep("team", "bob", GLPAT);
    desk.configure("credential.useHttpPath", "true");
    forge.asked();
    let one = desk.checked(&["--forge", "gitlab", "--username", "bob", "https://HOST/team"]);
    assert_eq!(some(&one, &["state", "reason"]), "unknown no-api", "{one:#}");
    assert_eq!(forge.asked(), []);
    let words = ["--forge", "gitlab", "--username", "bob", "--api", "https://HOST/forge"];
    let one = desk.checked(&[&words[..], &["https://HOST/team"]].concat());
    assert_eq!(some(&one, &["state", "owner"]), "good alice", "{one:#}");
    // Both are kept with the account.
    let one = desk.checked(&["--username", "bob", "https://HOST/team"]);
    assert_eq!(some(&one, &["state", "owner"]), "good alice", "{one:#}");
    for api in ["https://h.example/forge", "forge", "https://HOST:1/forge"] {
        let ran = desk.check(&["--forge", "gitlab", "--api", api, "https://HOST/team"]);
        ran.fails(2, "--api takes the URL of the forge on the same host");
    }
}

#[test]
fn who_has_no_account_is_told_what_to_type() {
    let desk = Home::with_forge(GLPAT);
    let one = desk.checked(&["https://nobody.example/team/repo.git"]);
    assert_eq!(some(&one, &["state", "reason"]), "unknown no-account", "{one:#}");
    let text = desk.check(&["https://nobody.example/team/repo.git"]).stdout();
    assert!(text.contains("hint: keep a token: git credential-pat login https://nobody.example"));
    assert!(text.lines().count() <= 6);
}

#[test]
fn people_get_two_to_six_lines_with_what_to_type() {
    let desk = Home::with_forge(GLPAT);
    let forge = desk.server().forge();
    forge.knows("alices", GLPAT, json!({ "scopes": ["api"], "revoked": true }));
    let ran = desk.check(&["--forge", "gitlab", "https://HOST/team/repo.git"]);
    let text = ran.stdout();
    assert!((2..=6).contains(&text.lines().count()), "{text}");
    let host = desk.server().host();
    for part in [
        &format!("https://{host} for alice: refused\n"),
        "  GitLab does not take the token; remote: Token was revoked.",
        &format!("hint: make a new one: https://{host}/-/user_settings/personal_access_tokens"),
        &format!("hint: then: git credential-pat login --replace --username alice https://{host}"),
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn the_worst_layer_counts_and_each_is_told_beside_it() {
    let desk = Home::with_forge(GLPAT);
    let forge = desk.server().forge();
    let good = json!({ "scopes": ["api"] });
    let revoked = json!({ "scopes": ["api"], "revoked": true });
    for (path, known, told) in [
        ("fault/archived/r", &good, "denied denied good"),
        ("fault/archived/r", &revoked, "refused denied refused"),
        ("fault/absent/r", &good, "absent absent good"),
        ("fault/busy/r", &good, "limited limited good"),
        ("fault/html200/r", &good, "unknown unknown good"),
        ("fault/refused/r", &good, "refused refused good"),
        ("team/repo.git", &revoked, "refused good refused"),
        ("team/repo.git", &good, "good good good"),
    ] {
        forge.knows("alices", GLPAT, known.clone());
        let one = desk.checked(&["--forge", "gitlab", &format!("https://HOST/{path}")]);
        let layers = &one["layers"];
        let states = [&one["state"], &layers["git"]["state"], &layers["api"]["state"]];
        assert_eq!(states.map(|state| state.as_str().unwrap()).join(" "), told, "{path} {one:#}");
    }
}
