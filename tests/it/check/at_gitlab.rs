//! What GitLab tells.

use super::{GLPAT, some};
use crate::support::home::Home;
use serde_json::{Value, json};

const AT_HOST: [&str; 3] = ["--forge", "gitlab", "https://HOST"];

#[test]
fn gitlab_tells_owner_scopes_end_and_last_use() {
    let desk = Home::with_forge(GLPAT);
    let forge = desk.server().forge();
    let more = json!({ "scopes": ["api"], "expires": "2099-01-31",
        "used": "2026-01-02T00:00:00.000Z", "addresses": ["192.0.2.7", "2001:db8::7"] });
    forge.knows("alices", GLPAT, more);
    let one = desk.checked(&["--forge", "gitlab", "https://HOST/team/repo.git"]);
    let names = ["state", "forge", "kind", "owner", "expires", "last_used"];
    assert_eq!(
        some(&one, &names),
        "good gitlab personal access token alice 2099-01-31T00:00:00Z 2026-01-02T00:00:00Z",
        "{one:#}"
    );
    assert_eq!(one["scopes"], json!(["api"]));
    assert_eq!(one["used_from"], json!(["192.0.2.7", "2001:db8::7"]));
    assert_eq!(some(&one, &["may_read", "may_push", "public"]), "true true false");
    assert_eq!(one["layers"]["git"]["state"], "good");
    assert_eq!(one["layers"]["api"]["state"], "good");
    let paths: Vec<String> = forge.asked().into_iter().map(|asked| asked.path).collect();
    assert_eq!(paths, ["/api/v4/personal_access_tokens/self", "/api/v4/user"]);
}

#[test]
fn gitlab_says_whether_a_token_is_unknown_revoked_or_over() {
    let desk = Home::with_forge(GLPAT);
    let forge = desk.server().forge();
    for (more, told) in [
        (None, "refused null 401 Unauthorized"),
        (
            Some(json!({ "revoked": true })),
            "refused null Token was revoked. You have to re-authorize from the user.",
        ),
        (
            Some(json!({ "expires": "2020-01-31" })),
            "ended null Token is expired. You can either do re-authorization or token refresh.",
        ),
        (
            Some(json!({ "denied": "Your account has been blocked." })),
            "denied account 403 Forbidden - Your account has been blocked.",
        ),
        // It may not ask about itself, which only a token that is taken is told.
        (Some(json!({ "may_not_ask": true })), "good null null"),
    ] {
        if let Some(more) = more {
            forge.knows("alices", GLPAT, more);
        }
        let one = desk.checked(&AT_HOST);
        assert_eq!(some(&one, &["state", "reason", "said"]), told, "{one:#}");
    }
}

#[test]
fn an_end_that_is_near_is_reported_and_a_scope_that_is_too_small_told() {
    let desk = Home::with_forge(GLPAT);
    let forge = desk.server().forge();
    forge.knows("alices", GLPAT, json!({ "scopes": ["read_repository"], "expires": "2099-01-31" }));
    let one = desk.checked(&["--warn-before", "36500d", "--forge", "gitlab", "https://HOST"]);
    let names = ["state", "owner", "may_read", "may_push"];
    // Whose it is, only wider scopes may ask.
    assert_eq!(some(&one, &names), "ending null true false", "{one:#}");
    assert!(
        one["hints"].to_string().contains("scopes=read_repository%2Cwrite_repository"),
        "{one:#}"
    );
    assert_eq!(forge.asked().len(), 1);
    // Which of the finer rights it has, nobody tells.
    forge.knows("alices", GLPAT, json!({ "scopes": ["granular"] }));
    let one = desk.checked(&AT_HOST);
    assert_eq!(some(&one, &["state", "may_read", "may_push"]), "good null null", "{one:#}");
}

#[test]
fn a_token_of_oauth_is_asked_about_where_gitlab_tells_of_it() {
    let token = "TESTONLYTESTONLYTESTONLYTESTONLY";
    let desk = Home::with_forge(token);
    let forge = desk.server().forge();
    let more = json!({ "oauth": true, "scopes": ["write_repository"], "seconds": 7200 });
    forge.knows("oauth", token, more);
    let one = desk.checked(&AT_HOST);
    assert_eq!(some(&one, &["state", "scopes"]), "ending [\"write_repository\"]", "{one:#}");
    assert!(one["expires"].is_string());
    let paths = || -> Vec<String> { forge.asked().into_iter().map(|asked| asked.path).collect() };
    assert_eq!(paths(), ["/api/v4/personal_access_tokens/self", "/oauth/token/info"]);
}

#[test]
fn of_deploy_and_job_tokens_git_alone_is_asked_and_that_is_said() {
    for (token, kind) in
        [("gldt-TESTONLYTESTONLYTEST", "deploy"), ("glcbt-64_TESTONLYTESTONLYTEST", "job")]
    {
        let desk = Home::with_forge(token);
        let forge = desk.server().forge();
        let one = desk.checked(&["--forge", "gitlab", "https://HOST/team/repo.git"]);
        assert_eq!(some(&one, &["state", "may_push"]), "good true", "{one:#}");
        let why = format!("GitLab tells nothing of {kind} tokens");
        let api = &one["layers"]["api"];
        assert_eq!(some(api, &["state", "reason", "said"]), format!("unknown no-way {why}"));
        assert_eq!(forge.asked(), []);
        let text = desk.check(&["--forge", "gitlab", "https://HOST/team/repo.git"]).stdout();
        assert!(text.contains(&format!("GitLab was not asked: {why}")), "{text}");
    }
}

#[test]
fn what_is_not_known_is_null_and_never_left_out() {
    let desk = Home::with_forge(GLPAT);
    let one = desk.checked(&["--offline", "https://HOST"]);
    let Value::Object(object) = &one else { panic!("an object") };
    let names: Vec<&str> = object.keys().map(String::as_str).collect();
    assert_eq!(
        names.join(" "),
        "checked context expires forge hints kind last_used layers learnt may_push may_read notes \
         owner public realm reason redirect retry_after said scopes sso_url state url \
         used_from username",
        "the names are documented in the manual and do not change"
    );
    for name in ["owner", "scopes", "expires", "last_used", "may_read", "may_push", "said"] {
        assert!(one[name].is_null(), "{name}: {one:#}");
    }
    let manual = include_str!("../../../src/cli/man/check.1");
    for name in names {
        assert!(
            manual.contains(&format!(".I {name}")) || manual.contains(&format!(".IR {name} ")),
            "{name}"
        );
    }
}
