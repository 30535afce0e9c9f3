//! What GitLab tells.

use super::{GLPAT, some};
use crate::support::home::Home;
use serde_json::json;

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
