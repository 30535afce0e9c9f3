//! What the other forges tell, each with its own fixed names where it has some.

use super::some;
use crate::support::home::Home;
use serde_json::{Value, json};

/// Classic, of the form alone: what follows the beginning is nobody's.
const GHP: &str = "ghp_TESTONLYaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const FINE: &str = "github_pat_TESTONLYTESTONLYTESTO_TESTONLYTESTONLYTESTONLY";

fn paths(desk: &Home) -> Vec<String> {
    let asked = desk.server().forge().asked().into_iter();
    asked.map(|asked| format!("{}{}", asked.host, asked.path)).collect()
}

#[test]
fn githubs_own_host_tells_of_classic_and_fine_grained_tokens() {
    let (desk, tunnel) = Home::with_named_forges(GHP);
    let forge = desk.server().forge();
    desk.keep_at("https://github.com", "alice", GHP);
    let repositories = json!({
        "o/r": { "push": true },
        "o/old": { "archived": true },
        "o/sso": { "sso": "https://github.com/orgs/o/sso?authorization_request=A1B2C3" },
        "o/policy": { "denied": "o forbids access via a personal access token (classic)." },
    });
    let known = |more: Value| {
        let mut all = json!({ "scopes": ["repo", "workflow"], "expires": "2099-01-31",
            "repositories": repositories });
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    forge.knows("classic", GHP, known(json!({})));
    forge.asked();
    let one = desk.checked(&["https://github.com"]);
    let names = ["state", "forge", "owner", "scopes", "expires", "may_push"];
    assert_eq!(
        some(&one, &names),
        "good github alice [\"repo\",\"workflow\"] 2099-01-31T00:00:00Z true",
        "{one:#}"
    );
    assert_eq!(paths(&desk), ["api.github.com/user"]);
    // An older server does not know the version that is asked for.
    forge.knows("classic", GHP, known(json!({ "old_server": true, "zone": "01:00:00 +0100" })));
    let one = desk.checked(&["https://github.com"]);
    assert_eq!(some(&one, &["state", "expires"]), "good 2099-01-31T00:00:00Z", "{one:#}");
    // Nobody knows which of two ends is meant.
    forge.knows("classic", GHP, known(json!({ "twice": true })));
    let one = desk.checked(&["https://github.com"]);
    assert_eq!(some(&one, &["state", "expires"]), "good 2099-01-31T00:00:00Z", "{one:#}");
    // A repository that is not there for git is there for the API.
    forge.knows("classic", GHP, known(json!({})));
    for (path, told) in [
        ("o/old", "null"),
        ("o/sso", "https://github.com/orgs/o/sso?authorization_request=A1B2C3"),
        ("o/policy", "null"),
        ("o/none", "null"),
    ] {
        let url = format!("https://github.com/{path}");
        let one = desk.checked(&[&url]);
        let api = &one["layers"]["api"];
        let expected = match path {
            "o/old" => "good null",
            "o/sso" => "denied sso",
            "o/policy" => "denied policy",
            _ => "absent null",
        };
        assert_eq!(some(api, &["state", "reason"]), expected, "{one:#}");
        assert_eq!(some(&one, &["sso_url"]), told, "{one:#}");
        if path == "o/old" {
            assert_eq!(one["may_push"], false, "{one:#}");
        }
    }
    // A fine-grained one has no scopes, which is not the same as none.
    desk.keep_at("https://github.com", "alice", FINE);
    forge.knows("fine", FINE, known(json!({})));
    let one = desk.checked(&["https://github.com"]);
    assert_eq!(some(&one, &["state", "scopes", "may_push"]), "good null null", "{one:#}");
    desk.keep_at("https://acme.ghe.com", "alice", GHP);
    forge.asked();
    desk.checked(&["https://acme.ghe.com"]);
    assert_eq!(paths(&desk), ["api.acme.ghe.com/user"]);
    assert_eq!(tunnel.refused(), [""; 0]);
}

#[test]
fn what_githubs_heads_say_beside_the_answer_is_told() {
    let (desk, _tunnel) = Home::with_named_forges(GHP);
    let forge = desk.server().forge();
    desk.keep_at("https://github.com", "alice", GHP);
    let limit = "You have exceeded a secondary rate limit.";
    let repositories = json!({
        "o/r": {},
        "o/limit": { "denied": limit, "head": ["Retry-After: 60"] },
        "o/small": {
            "denied": "Resource not accessible by personal access token",
            "head": ["X-Accepted-GitHub-Permissions: contents=read; metadata=read"],
        },
    });
    let more = json!({ "scopes": ["repo"], "partial": "21955855, 20582480",
        "repositories": repositories });
    forge.knows("classic", GHP, more);
    // Nothing is wrong with the token: a part of the answer is left out.
    let one = desk.checked(&["https://github.com"]);
    let note = "single sign-on is missing at the organisations with these numbers: 21955855, \
                20582480";
    assert_eq!(some(&one, &["state", "reason"]), "good null", "{one:#}");
    assert_eq!(one["notes"], json!([note]));
    let text = desk.check(&["https://github.com"]).stdout();
    assert!(text.contains(note), "{text}");
    let more = json!({ "scopes": ["repo"], "repositories": repositories });
    forge.knows("classic", GHP, more);
    let one = desk.checked(&["https://github.com/o/limit"]);
    let names = ["state", "reason", "retry_after"];
    let api = &one["layers"]["api"];
    assert_eq!(some(api, &["state", "said"]), format!("limited {limit}"), "{one:#}");
    let one = desk.checked(&["https://github.com/o/small"]);
    let api = &one["layers"]["api"];
    assert_eq!(some(api, &["state", "reason"]), "denied scope", "{one:#}");
    assert!(one["notes"].to_string().contains("what it takes: contents=read"), "{one:#}");
    forge.set("fault", "busy=9");
    let one = desk.checked(&["https://github.com"]);
    assert_eq!(some(&one, &names), "limited null 9", "{one:#}");
    // Its checksum is wrong, which only a forge that takes it knows better.
    let checksum = "the token's checksum is wrong";
    assert!(one["notes"].to_string().contains(checksum), "{one:#}");
}

#[test]
fn github_enterprise_server_is_asked_below_api_v3() {
    let desk = Home::with_forge(GHP);
    let forge = desk.server().forge();
    forge.knows("classic", GHP, json!({ "scopes": ["read:org"], "old_server": true }));
    let one = desk.checked(&["--forge", "github", "https://HOST"]);
    let names = ["state", "owner", "scopes", "expires", "may_push"];
    assert_eq!(some(&one, &names), "good alice [\"read:org\"] null false", "{one:#}");
    let ghs = "ghs_TESTONLYaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    desk.keep("", "alice", ghs);
    forge.knows("installation", ghs, json!({}));
    forge.asked();
    let one = desk.checked(&["--forge", "github", "https://HOST"]);
    assert_eq!(some(&one, &["state", "owner", "scopes"]), "good null null", "{one:#}");
    assert_eq!(forge.asked()[0].path, "/api/v3/installation/repositories");
}

#[test]
fn gitea_tells_everything_and_older_ones_whose_it_is() {
    let token = "0123456789abcdef0123456789abcdef01234567";
    let desk = Home::with_forge(token);
    let forge = desk.server().forge();
    forge.knows("hex", token, json!({ "scopes": ["write:repository", "read:user"] }));
    let one = desk.checked(&["--forge", "gitea", "https://HOST"]);
    let names = ["state", "owner", "may_read", "may_push", "expires"];
    assert_eq!(some(&one, &names), "good alice true true null", "{one:#}");
    forge.set("old", "");
    let one = desk.checked(&["--forge", "gitea", "https://HOST"]);
    assert_eq!(some(&one, &["state", "owner"]), "good alice", "{one:#}");
    // It may not say whose it is, and lives.
    forge.knows("hex", token, json!({ "scopes": ["write:repository"] }));
    desk.keep("", "bob", token);
    let one = desk.checked(&["--forge", "gitea", "--username", "bob", "https://HOST"]);
    assert_eq!(some(&one, &["state", "owner", "scopes"]), "good null null", "{one:#}");
    desk.keep("", "bob", "89abcdef0123456789abcdef0123456789abcdef");
    forge.unset("old");
    let one = desk.checked(&["--forge", "gitea", "--username", "bob", "https://HOST"]);
    assert_eq!(some(&one, &["state"]), "refused", "{one:#}");
}

#[test]
fn bitbuckets_cloud_and_data_center_are_asked_in_their_own_ways() {
    let api = "ATATTTESTONLYTESTONLYTESTONLY";
    let access = "ATCTTTESTONLYTESTONLYTESTONLY";
    let (desk, _tunnel) = Home::with_named_forges(api);
    let forge = desk.server().forge();
    forge.knows("api", api, json!({ "scopes": ["read:repository:bitbucket"] }));
    forge.knows("access", access, json!({ "scopes": ["repository:write"] }));
    desk.keep_at("https://bitbucket.org", "alice@h.example", api);
    let one = desk.checked(&["https://bitbucket.org"]);
    let names = ["state", "owner", "scopes", "may_push"];
    let told = "good alice [\"read:repository:bitbucket\"] false";
    assert_eq!(some(&one, &names), told, "{one:#}");
    // What it has is told beside what it lacks.
    forge.knows("api", api, json!({ "scopes": ["write:repository:bitbucket"], "detail": true }));
    let one = desk.checked(&["https://bitbucket.org"]);
    assert_eq!(some(&one, &["state", "owner", "may_push"]), "good alice true", "{one:#}");
    // Without the address Bitbucket tells nothing.
    desk.keep_at("https://bitbucket.org/other", "alice", api);
    desk.configure("credential.https://bitbucket.org/other.useHttpPath", "true");
    forge.asked();
    let one = desk.checked(&["https://bitbucket.org/other"]);
    assert_eq!(some(&one, &["state", "reason"]), "unknown no-way", "{one:#}");
    assert_eq!(forge.asked(), []);
    desk.keep_at("https://bitbucket.org/team", "x-token-auth", access);
    desk.configure("credential.https://bitbucket.org/team.useHttpPath", "true");
    let one = desk.checked(&["https://bitbucket.org/team/repo.git"]);
    assert_eq!(some(&one["layers"]["api"], &["state"]), "good", "{one:#}");
    assert!(paths(&desk).contains(&"api.bitbucket.org/2.0/repositories/team/repo".to_owned()));
    // 252973515069:TESTONLY
    let dc = &["BBDC-", "MjUyOTczNTE1MDY5OlRFU1RPTkxZ"].concat();
    desk.keep("", "alice", dc);
    let more = json!({ "scopes": ["REPO_WRITE"], "milliseconds": 4_073_500_800_000_u64 });
    forge.knows("dc", dc, more);
    let one = desk.checked(&["--forge", "bitbucket", "https://HOST"]);
    let names = ["state", "owner", "scopes", "expires", "may_push"];
    assert_eq!(
        some(&one, &names),
        "good alice [\"REPO_WRITE\"] 2099-01-31T00:00:00Z true",
        "{one:#}"
    );
    // A 401 that is not about who it is.
    forge.knows("dc", dc, json!({ "scopes": ["PROJECT_READ"], "small": true }));
    let one = desk.checked(&["--forge", "bitbucket", "https://HOST"]);
    assert_eq!(some(&one, &["state", "reason"]), "denied scope", "{one:#}");
}

#[test]
fn azure_counts_a_real_user_alone_and_hugging_face_tells_the_role() {
    let pat = format!("{}JQQJ99AA{}AZDO{}", "TESTONLY".repeat(6) + "TEST", "A".repeat(16), "TEST");
    let desk = Home::with_forge(&pat);
    let forge = desk.server().forge();
    let url = ["--forge", "azure", "https://HOST/org"];
    let one = desk.checked(&url);
    assert_eq!(some(&one, &["state"]), "refused", "a page to sign in: {one:#}");
    forge.knows("pat", &pat, json!({ "anonymous": true }));
    assert_eq!(some(&desk.checked(&url), &["state"]), "refused");
    forge.knows("pat", &pat, json!({ "expires": "2020-01-01" }));
    assert_eq!(some(&desk.checked(&url), &["state"]), "ended");
    forge.knows("pat", &pat, json!({}));
    let one = desk.checked(&url);
    assert_eq!(some(&one, &["state", "owner", "expires"]), "good alice null", "{one:#}");
    for (role, may_push) in [("write", "true"), ("read", "false"), ("fineGrained", "null")] {
        desk.keep("", "alice", "hf_TESTONLYTESTONLYTESTONLYTESTONLYTE");
        forge.knows("hf", "hf_TESTONLYTESTONLYTESTONLYTESTONLYTE", json!({ "scopes": [role] }));
        let one = desk.checked(&["--forge", "huggingface", "https://HOST"]);
        assert_eq!(some(&one, &["state", "may_push"]), format!("good {may_push}"), "{one:#}");
    }
    // It wants to be asked seldom.
    forge.asked();
    let one = desk.checked(&["https://HOST"]);
    assert_eq!(some(&one, &["reason", "owner", "scopes"]), "spared alice [\"fineGrained\"]");
    assert_eq!(forge.asked(), []);
}
