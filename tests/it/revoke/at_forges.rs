//! What each forge is asked, and that it is asked nothing else.

use super::{GHP, GLPAT, says};
use crate::support::home::Home;
use serde_json::json;

fn paths(desk: &Home) -> Vec<String> {
    let asked = desk.server().forge().asked().into_iter();
    asked.map(|asked| format!("{}{} {}", asked.host, asked.path, asked.token)).collect()
}

#[test]
fn github_is_told_of_the_token_without_signing_in_and_asked_until_it_is_dead() {
    let (desk, tunnel) = Home::with_named_forges(GLPAT);
    let forge = desk.server().forge();
    for (host, api) in [("github.com", "api.github.com"), ("acme.ghe.com", "api.acme.ghe.com")] {
        desk.keep_at(&format!("https://{host}"), "alice", GHP);
        forge.knows("classic", GHP, json!({ "scopes": ["repo"], "dies_at": 3 }));
        forge.asked();
        let ran = desk.revoke(&["--yes", &format!("https://{host}")]);
        says(
            &ran,
            0,
            &[
                "GitHub revokes a token for good, and mails its owner that others have seen it",
                "GitHub does not take the token any more: it is dead",
                &format!("deleted the account at https://{host}"),
            ],
        );
        let mut asked = vec![format!("{api}POST:/credentials/revoke -")];
        asked.extend((0..3).map(|_| format!("{api}/user classic")));
        assert_eq!(paths(&desk), asked);
    }
    assert_eq!(desk.kept().len(), 1);
    assert_eq!(tunnel.refused(), [""; 0]);
}

#[test]
fn github_is_told_of_the_refresh_token_too() {
    let (desk, _tunnel) = Home::with_named_forges(GLPAT);
    let forge = desk.server().forge();
    let (user, refresh) =
        ("ghu_TESTONLYaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "ghr_TESTONLYbbbbbbbbbbbbbbbbbbbb");
    let request = format!(
        "protocol=https\nhost=github.com\nusername=alice\npassword={user}\n\
         oauth_refresh_token={refresh}\n\n"
    );
    assert!(desk.operation("store", request).status.success());
    forge.knows("user", user, json!({}));
    forge.knows("refresh", refresh, json!({}));
    says(&desk.revoke(&["--yes", "https://github.com"]), 0, &["it is dead"]);
    for name in ["user", "refresh"] {
        assert!(forge.is_revoked(name), "{name}");
    }
}

#[test]
fn an_installations_token_and_those_of_a_server_of_ones_own_end_as_these_want_it() {
    let ghs = "ghs_TESTONLYaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    for (name, token, path) in [
        ("installation", ghs, "DELETE:/api/v3/installation/token"),
        ("classic", GHP, "POST:/api/v3/credentials/revoke"),
    ] {
        let desk = Home::with_forge(token);
        let forge = desk.server().forge();
        forge.knows(name, token, json!({ "scopes": ["repo"] }));
        let ran = desk.revoke(&["--yes", "--forge", "github", "https://HOST"]);
        says(&ran, 0, &["it is dead", "deleted the account"]);
        let asked = forge.asked();
        assert_eq!((asked[0].path.as_str(), asked[0].token.as_str()), (path, name));
        assert_eq!(ran.to_string().contains("for good"), name == "classic", "{ran}");
        assert_eq!(desk.kept(), [""; 0]);
    }
}

#[test]
fn gitlab_ends_the_token_that_asks_and_an_oauth_token_as_its_application() {
    let desk = Home::with_forge(GLPAT);
    let forge = desk.server().forge();
    forge.knows("alices", GLPAT, json!({ "scopes": ["read_repository"] }));
    let ran = desk.revoke(&["--yes", "--forge", "gitlab", "https://HOST"]);
    says(&ran, 0, &["GitLab does not take the token any more: it is dead"]);
    assert!(!ran.to_string().contains("for good"), "{ran}");
    let asked: Vec<String> = forge.asked().into_iter().map(|asked| asked.path).collect();
    let own = "/api/v4/personal_access_tokens/self";
    assert_eq!(asked, [format!("DELETE:{own}"), own.to_owned()]);
    assert_eq!(desk.kept(), [""; 0]);

    let oauth = "TESTONLYTESTONLYoauth";
    desk.keep("", "alice", oauth);
    forge.knows("oauth", oauth, json!({ "oauth": true, "scopes": ["api"] }));
    says(&desk.revoke(&["--yes", "--forge", "gitlab", "https://HOST"]), 0, &["it is dead"]);
    assert!(forge.is_revoked("oauth"));
    assert_eq!(desk.kept(), [""; 0]);
}

#[test]
fn gitea_ends_the_token_and_an_older_one_names_its_page() {
    let token = "0123456789abcdef0123456789abcdef01234567";
    let desk = Home::with_forge(token);
    let forge = desk.server().forge();
    forge.knows("hex", token, json!({ "scopes": ["read:user"] }));
    forge.set("old", "");
    let words = ["--yes", "--forge", "gitea", "https://HOST"];
    let ran = desk.revoke(&words);
    let page = desk.url("user/settings/applications");
    says(&ran, 1, &["has no way to revoke this token from here; it is kept here as it was", &page]);
    assert_eq!(desk.kept(), ["alice ready"]);
    forge.unset("old");
    forge.asked();
    says(&desk.revoke(&words), 0, &["Gitea or Forgejo does not take the token any more"]);
    assert_eq!(forge.asked()[0].path, "DELETE:/api/v1/token");
    assert_eq!(desk.kept(), [""; 0]);
}

#[test]
fn where_no_api_does_it_the_page_is_named_and_nothing_is_asked() {
    let (desk, tunnel) = Home::with_named_forges(GLPAT);
    for (url, username, token, page) in [
        (
            "https://bitbucket.org",
            "a@h.example",
            "ATATTTESTONLYTESTONLYTESTONLY",
            "https://id.atlassian.com/manage-profile/security/api-tokens",
        ),
        (
            "https://huggingface.co",
            "alice",
            "hf_TESTONLYTESTONLYTESTONLYTESTONLYTE",
            "https://huggingface.co/settings/tokens",
        ),
        (
            "https://dev.azure.com/org",
            "alice",
            "TESTONLYTESTONLYTESTONLYTESTONLYTESTONLYTESTONLYTEST",
            "https://dev.azure.com/org/_usersSettings/tokens",
        ),
        (
            "https://gitlab.com",
            "deploy",
            "gldt-TESTONLYTESTONLYTEST",
            "https://gitlab.com/-/user_settings/personal_access_tokens",
        ),
    ] {
        desk.keep_at(url, username, token);
        desk.server().forge().asked();
        let ran = desk.revoke(&["--yes", "--username", username, url]);
        says(&ran, 1, &["has no way to revoke this token from here", page]);
        assert_eq!(desk.server().forge().asked(), []);
    }
    assert_eq!(tunnel.refused(), [""; 0]);
}

#[test]
fn a_token_goes_to_no_other_forge_and_after_no_redirect() {
    let desk = Home::with_forge(GHP);
    let forge = desk.server().forge();
    let ran = desk.revoke(&["--yes", "--forge", "gitlab", "https://HOST"]);
    says(
        &ran,
        1,
        &[
            "GitLab was not asked: the token is another forge's, and is not sent there",
            "https://github.com/settings/tokens",
        ],
    );
    assert_eq!(forge.asked(), []);
    let ran = desk.revoke(&["--yes", "https://HOST"]);
    says(&ran, 1, &["the forge was not asked: nobody knows which forge it is", "--forge gitlab"]);
    assert_eq!(forge.asked(), []);

    let [_, second, ..] = desk.server().ports();
    let elsewhere = format!("moved=https://localhost:{second} /revoke");
    forge.knows("classic", GHP, json!({}));
    forge.set("fault", &elsewhere);
    let ran = desk.revoke(&["--yes", "--forge", "github", "https://HOST"]);
    says(&ran, 1, &["GitHub gave no answer: the host sends on to https://localhost"]);
    assert!(forge.asked().iter().all(|asked| asked.host == desk.host));
    // Not even to another path of the same server: nobody knows what is done there.
    forge.set("fault", "moved-once=/elsewhere /credentials/revoke");
    let ran = desk.revoke(&["--yes", "--forge", "github", "https://HOST"]);
    says(&ran, 1, &["the host sends on"]);
    assert!(!forge.is_revoked("classic"));
    assert_eq!(desk.kept(), ["alice ready"]);
}
