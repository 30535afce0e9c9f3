//! Our GitHub answers as GitHub's own description of its API says, so that what is read in its
//! answers is what the real one sends.

use crate::support::forge::GITHUB;
use crate::support::home::Home;
use serde_json::{Value, json};

const TOKEN: &str = "ghp_TESTONLYaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// What is sent to have a token revoked.
const DISCLOSED: &str = "{\"credentials\":[\"ghp_TESTONLYaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"]}";

/// What is wrong with a value by a schema, if anything is.
fn fault(all: &Value, schema: &Value, value: &Value, place: &str) -> Option<String> {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap();
        return fault(all, &all["components"]["schemas"][name], value, place);
    }
    if value.is_null() && schema["nullable"] == true {
        return None;
    }
    let parts = |name: &str| schema[name].as_array().cloned().unwrap_or_default();
    for part in parts("allOf") {
        if let Some(fault) = fault(all, &part, value, place) {
            return Some(fault);
        }
    }
    for several in ["oneOf", "anyOf"] {
        let parts = parts(several);
        let fits = |part: &Value| fault(all, part, value, place).is_none();
        if !parts.is_empty() && !parts.iter().any(fits) {
            return Some(format!("{place} fits none of {several}"));
        }
    }
    let kind_fits = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        _ => true,
    };
    if !kind_fits {
        return Some(format!("{place} is no {}: {value}", schema["type"]));
    }
    if schema["enum"].is_array() && !parts("enum").contains(value) {
        return Some(format!("{place} is none of {}: {value}", schema["enum"]));
    }
    for name in parts("required") {
        let name = name.as_str().unwrap();
        if value.is_object() && value.get(name).is_none() {
            return Some(format!("{place} lacks {name}"));
        }
    }
    let items = value.as_array().into_iter().flatten();
    if let Some(fault) =
        items.map(|item| fault(all, &schema["items"], item, place)).find(Option::is_some)
    {
        return fault;
    }
    let mut properties = schema["properties"].as_object().into_iter().flatten();
    properties.find_map(|(name, schema)| {
        let there = value.get(name)?;
        fault(all, schema, there, &format!("{place}.{name}"))
    })
}

#[test]
fn a_wrong_answer_is_caught() {
    let all: Value = serde_json::from_str(GITHUB).unwrap();
    let user = &all["paths"]["/user"]["get"]["responses"]["200"];
    assert!(fault(&all, user, &json!({ "login": 1 }), "user").is_some());
    assert!(fault(&all, user, &json!([]), "user").is_some());
    let error = &all["paths"]["/user"]["get"]["responses"]["401"];
    assert_eq!(fault(&all, error, &json!({ "message": "Bad credentials" }), "error"), None);
    assert!(fault(&all, error, &json!({ "message": 1 }), "error").is_some());
}

#[test]
fn our_github_answers_as_githubs_own_description_says() {
    let desk = Home::bare().with_git_host();
    let forge = desk.server().forge();
    let repositories = json!({ "o/r": {}, "o/old": { "archived": true, "push": false },
        "o/no": { "denied": "o forbids access via a personal access token (classic)." } });
    let more = json!({ "scopes": ["repo"], "repositories": repositories });
    forge.knows("classic", TOKEN, more);
    let ghs = "ghs_TESTONLYaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    forge.knows("installation", ghs, json!({}));
    let all: Value = serde_json::from_str(GITHUB).unwrap();
    let certificate = desk.server().certificate();
    let [port, ..] = desk.server().ports();
    for (path, described, token, status) in [
        ("/user", "/user", TOKEN, "200"),
        ("/user", "/user", "ghp_TESTONLYunknown", "401"),
        ("/user", "/user", ghs, "403"),
        ("/repos/o/r", "/repos/{owner}/{repo}", TOKEN, "200"),
        ("/repos/o/old", "/repos/{owner}/{repo}", TOKEN, "200"),
        ("/repos/o/no", "/repos/{owner}/{repo}", TOKEN, "403"),
        ("/repos/o/none", "/repos/{owner}/{repo}", TOKEN, "404"),
        ("/installation/repositories", "/installation/repositories", ghs, "200"),
        ("/credentials/revoke", "/credentials/revoke", "{\"credentials\":[]}", "422"),
        ("/credentials/revoke", "/credentials/revoke", DISCLOSED, "202"),
    ] {
        let url = format!("https://localhost:{port}/api/v3{path}");
        let header = format!("Authorization: Bearer {token}");
        let certificate = certificate.to_str().unwrap();
        let mut words = vec!["-sS", "--cacert", certificate, "-w", "\n%{http_code}"];
        // What is disclosed stands in the body, and nobody signs in.
        let is_disclosed = described == "/credentials/revoke";
        let here = format!("https://localhost:{port}{path}");
        words.extend(if is_disclosed {
            ["-d", token, "-H", "Content-Type: application/json", &here]
        } else {
            ["-H", &header, "-X", "GET", &url]
        });
        let ran = desk.sandbox.run("curl", &words, b"");
        let text = ran.stdout();
        let (body, got) = text.rsplit_once('\n').expect("a status");
        assert_eq!(got, status, "{path}: {ran}");
        let method = if is_disclosed { "post" } else { "get" };
        let call = &all["paths"][described][method];
        let schema = &call["responses"][status];
        assert!(schema.is_object(), "{described} has no {status}");
        if status == "202" {
            let sent: Value = serde_json::from_str(token).unwrap();
            assert_eq!(fault(&all, &call["requestBody"], &sent, path), None, "{sent:#}");
        }
        let body: Value = serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {ran}"));
        assert_eq!(fault(&all, schema, &body, path), None, "{body:#}");
    }
}
