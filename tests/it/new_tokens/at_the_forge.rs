//! How the forges of these tests give out tokens, which is how the real ones do.

use super::OLD;
use crate::support::home::Home;
use serde_json::{Value, json};

impl Home {
    /// Posts this to the forge's API with curl. Returns the status and the answer.
    #[track_caller]
    fn posts(&self, path: &str, words: &[&str], body: &Value) -> (String, Value) {
        let server = self.server();
        let certificate = server.certificate();
        let way = format!("{}:127.0.0.1", server.host());
        let (body, url) = (body.to_string(), format!("https://{}{path}", server.host()));
        let usual = ["-q", "--silent", "--cacert", certificate.to_str().unwrap(), "--resolve"];
        let usual =
            [&usual[..], &[&way, "--write-out", "\n%{http_code}", "--data", &body]].concat();
        let ran = self.sandbox.run("curl", &[&usual[..], words, &[&url]].concat(), b"");
        let text = ran.stdout();
        let (answer, status) = text.rsplit_once('\n').unwrap();
        (status.to_owned(), serde_json::from_str(answer).unwrap_or_default())
    }

    fn rotates(&self, token: &str, body: &Value) -> (String, Value) {
        let header = format!("Authorization: Bearer {token}");
        self.posts("/api/v4/personal_access_tokens/self/rotate", &["--header", &header], body)
    }
}

#[test]
fn a_second_rotation_with_a_dead_token_kills_the_family() {
    let desk = Home::bare().with_git_host();
    let forge = desk.server().forge();
    forge.knows("old", OLD, json!({ "scopes": ["api"] }));
    forge.knows("other", "glpat-TESTONLYTESTONLYTES2", json!({ "scopes": ["read_user"] }));
    let end = json!({ "expires_at": "2099-01-31" });
    assert_eq!(desk.rotates(OLD, &end).0, "400");
    forge.set("lifetime", "40000");
    let (status, answer) = desk.rotates(OLD, &end);
    assert_eq!((status.as_str(), &answer["expires_at"]), ("200", &json!("2099-01-31")));
    assert_eq!(answer["token"], forge.token("old-3"));
    assert_eq!(forge.living(), ["old-3", "other"]);
    assert_eq!(desk.rotates(OLD, &end).0, "401");
    assert_eq!(forge.living(), ["other"]);
    assert_eq!(desk.rotates(&forge.token("other"), &end).0, "403");
    assert_eq!(desk.rotates("glpat-TESTONLYnone", &end).0, "401");
    assert_eq!(forge.issued(), ["old 400", "old old-3", "old reused", "other 403", "- 401"]);
}

#[test]
fn what_goes_wrong_on_purpose_goes_wrong_after_the_token_was_given() {
    for (word, status) in [
        ("close", "000"),
        ("cut", "200"),
        ("html", "200"),
        ("empty", "200"),
        ("escaped", "200"),
        ("same", "200"),
        ("moved", "301"),
        ("status=500", "500"),
        ("later=0.1", "200"),
        ("slow=0.1", "200"),
    ] {
        let desk = Home::bare().with_git_host();
        let forge = desk.server().forge();
        forge.knows("old", OLD, json!({ "scopes": ["self_rotate"] }));
        forge.set("issuing", word);
        let (told, answer) = desk.rotates(OLD, &json!({ "expires_at": null }));
        assert_eq!(told, status, "{word}");
        let is_given = answer["token"] == forge.token("old-2");
        let gives = matches!(word, "escaped" | "later=0.1" | "slow=0.1");
        assert_eq!(is_given, gives, "{word}: {answer}");
        assert_eq!(forge.living(), ["old-2"], "{word}");
    }
    let desk = Home::bare().with_git_host();
    let forge = desk.server().forge();
    forge.knows("old", OLD, json!({ "scopes": ["api"] }));
    forge.set("issuing", "leave");
    assert_eq!(desk.rotates(OLD, &json!({})).0, "000");
    assert_eq!((forge.living(), forge.issued()), (vec!["old".into()], vec!["old nothing".into()]));
}

#[test]
fn gitea_gives_a_token_for_a_password_and_a_code_alone() {
    let desk = Home::bare().with_git_host();
    let forge = desk.server().forge();
    forge.knows_person("alice", "TESTONLY password", Some("123456"));
    forge.knows("old", "0123456789abcdef0123456789abcdef01234567", json!({}));
    let path = "/api/v1/users/alice/tokens";
    let asks = |login: &str, code: &str, body: Value| {
        let header = format!("X-Gitea-OTP: {code}");
        desk.posts(path, &["--user", login, "--header", &header], &body)
    };
    let wanted = json!({ "name": "git", "scopes": ["write:repository"] });
    let token = format!("alice:{}", forge.token("old"));
    for (login, code, body, status) in [
        (token.as_str(), "123456", wanted.clone(), "401"),
        ("alice:TESTONLY password", "", wanted.clone(), "401"),
        ("alice:TESTONLY password", "123456", json!({ "name": "git" }), "400"),
        ("alice:TESTONLY password", "123456", wanted.clone(), "201"),
        ("alice:TESTONLY password", "123456", wanted, "400"),
    ] {
        assert_eq!(asks(login, code, body).0, status, "{login} {code}");
    }
    assert_eq!(forge.living(), ["alice-2", "old"]);
}
