//! A token in a wrong place: as a username, a host, a part of a URL, the value of an option.
//! Each is refused, for every forge's tokens, and nothing of it is shown.

use crate::support::beginnings::beginnings;
use crate::support::home::Home;
use crate::support::kernel::Keys;
use crate::support::sandbox::{BINARY, Ran};
use git_credential_pat::context::Context;
use git_credential_pat::credential::{Credential, Username};
use git_credential_pat::secret::Secret;
use std::os::unix::fs::symlink;

/// The text after a token's beginning: as short as counts, and recognisable wherever it is shown.
const BODY: &str = "TESTONLYpLaNtEd0";

/// Returns one token for each beginning in the forges' files, and one of Azure's, which have no
/// beginning.
fn tokens() -> Vec<String> {
    let mut tokens = vec![format!("{0}{0}{0}TESTJQQJ99AA{1}AZDOTEST", BODY, "A".repeat(16))];
    for (file, beginnings) in beginnings() {
        let without = ["azure.rs", "beginning.rs", "checksum.rs", "kind.rs", "pasted.rs"];
        let has_none = without.contains(&file.as_str());
        assert_eq!(beginnings.is_empty(), has_none, "{file}");
        tokens.extend(beginnings.iter().map(|beginning| format!("{beginning}{BODY}")));
    }
    assert!(tokens.len() > 25, "{tokens:?}");
    tokens
}

/// Expects a refusal that does not show the token, in upper or lower case.
#[track_caller]
fn is_refused(ran: &Ran) {
    assert!(!ran.status.success(), "{ran}");
    shows_nothing(ran);
}

#[track_caller]
fn shows_nothing(ran: &Ran) {
    let said = (ran.stdout() + &ran.stderr()).to_lowercase();
    assert!(!said.contains("testonly") && !said.contains("planted"), "{ran}");
}

#[test]
fn a_token_in_the_place_of_a_name_is_refused_and_not_shown() {
    let person = Home::new();
    let lines = [
        "login --with-token TOKEN",
        "login --with-token https://TOKEN",
        "login --with-token https://TOKEN.example/org",
        "login --with-token https://TOKEN@HOST",
        "login --with-token https://TOKEN:x-oauth-basic@HOST",
        "login --with-token https://HOST/TOKEN",
        "login --with-token --username TOKEN https://HOST",
        "login --with-token --also TOKEN https://HOST",
        "logout https://TOKEN",
        "logout docker://TOKEN",
        "token https://TOKEN@HOST",
        "token --username TOKEN https://HOST",
        "exec --env TOKEN https://HOST -- true",
        "import --from TOKEN https://HOST",
        "import --from store=TOKEN",
        "import --from store https://HOST/TOKEN",
        "status https://TOKEN@HOST",
        "configure --yes https://HOST --env TOKEN",
        "configure --yes https://HOST --file TOKEN",
        "configure --yes https://HOST --command TOKEN",
        "configure --yes https://HOST --env T --username TOKEN",
        "unconfigure --yes https://HOST/TOKEN",
    ];
    for token in tokens() {
        for line in lines {
            is_refused(&person.types(&line.replace("TOKEN", &token), "secret\n"));
        }
    }
    assert!(!person.sandbox.path("gitconfig").exists(), "git's configuration was written");
}

#[test]
fn a_token_in_the_place_of_any_word_is_refused_and_not_shown() {
    let person = Home::new();
    for token in ["ghp_", "glpat-", "hf_"].map(|beginning| format!("{beginning}{BODY}")) {
        for line in [
            "TOKEN TOKEN",
            "--keychain TOKEN get",
            "--TOKEN get",
            "list TOKEN",
            "list --TOKEN",
            "list --keychain TOKEN",
            "login --with-token --expires TOKEN https://HOST",
            "login --with-token --forge TOKEN https://HOST",
            "configure --yes https://HOST --env T --authtype TOKEN",
            "configure --yes https://HOST --command c --cache TOKEN",
            "completions TOKEN",
            "--for TOKEN --env T get",
        ] {
            is_refused(&person.types(&line.replace("TOKEN", &token), "secret\n"));
        }
        // A later git may have such an operation, so it is no error.
        shows_nothing(&person.types(&token, ""));
    }
}

#[test]
fn a_token_is_not_filed_as_a_username_by_git_or_docker() {
    let (person, keys) = (Home::new(), Keys::new());
    symlink(BINARY, person.sandbox.path("docker-credential-pat")).unwrap();
    let host = keys.host("h");
    for token in tokens() {
        let request = format!("protocol=https\nhost={host}\nusername={token}\npassword=x\n\n");
        person.sandbox.helper(&["store"], request).prints("");
        for (server, user) in [(host.as_str(), token.as_str()), (&token, "alice")] {
            let entry =
                format!("{{\"ServerURL\":\"{server}\",\"Username\":\"{user}\",\"Secret\":\"x\"}}");
            let docker = person.sandbox.path("docker-credential-pat");
            is_refused(&person.sandbox.run(docker, &["store"], entry.as_bytes()));
        }
    }
    assert_eq!(keys.accounts(), [""; 0]);
}

#[test]
fn a_name_that_begins_like_a_token_is_taken() {
    let person = Home::new();
    for name in ["hf_maier", "glpat-tool", "ghp_short"] {
        let line = format!("login --with-token --username {name} https://HOST/{name}");
        let ran = person.types(&line, "secret\n");
        assert!(ran.status.success() && ran.stderr().contains(name), "{ran}");
        assert!(person.types(&format!("logout https://HOST/{name}"), "").status.success());
    }
}

#[test]
fn what_an_older_version_has_filed_as_a_name_is_not_shown() {
    let (mut person, keys) = (Home::new(), Keys::new());
    person.host = keys.host("older");
    symlink(BINARY, person.sandbox.path("docker-credential-pat")).unwrap();
    let token = format!("ghp_{BODY}");
    let file = |context: &str, name: &str| {
        let context = Context::from_canonical(context).unwrap();
        let username = Username::new(name.as_bytes());
        keys.plant_account(&Credential::new(context, Some(username), Secret::new(b"x"), 1));
    };
    file(&person.url(""), &token);
    file(&person.url("/org"), "alice");
    file(&person.url(&format!("/{token}")), "alice");
    file(&format!("docker://{}", person.host), &token);
    for line in ["list", "list --json", "status https://HOST", "status --json https://HOST"] {
        let ran = person.types(line, "");
        assert!(ran.stdout().contains("(a token)"), "{ran}");
        shows_nothing(&ran);
    }
    let docker = person.sandbox.path("docker-credential-pat");
    let listed = person.sandbox.run(docker, &["list"], b"");
    assert!(listed.stdout().contains(&format!("\"{}\":\"(a token)\"", person.host)), "{listed}");
    shows_nothing(&listed);
    // The account can be named in the way in which it is shown.
    file(&person.url(""), "bob");
    let words = ["logout", "--username", "(a token)", &person.url("")];
    let ran = person.sandbox.helper(&words, "");
    assert!(ran.status.success(), "{ran}");
    person.get("").prints("username=bob\npassword=x\n");
}

#[test]
fn status_shows_no_token_that_stands_in_gits_configuration() {
    let person = Home::new();
    for (key, value) in [
        ("credential.helper", "TOKEN"),
        ("credential.helper", "/x/TOKEN"),
        ("credential.helper", "store --file TOKEN"),
        ("credential.helper", "pat --for https://HOST --env TOKEN"),
        ("credential.helper", "pat --for https://HOST --file TOKEN"),
        ("credential.helper", "pat --for https://HOST --env T --username TOKEN"),
        ("credential.username", "TOKEN"),
        ("credential.https://HOST/TOKEN.helper", "pat"),
        ("core.askPass", "TOKEN"),
        ("url.https://TOKEN@HOST/.insteadOf", "x:"),
    ] {
        let token = format!("ghp_{BODY}");
        let [key, value] =
            [key, value].map(|text| text.replace("TOKEN", &token).replace("HOST", &person.host));
        person.sandbox.git(&["config", "--global", &key, &value]);
        person.sandbox.git(&["config", "--global", "--add", "credential.helper", "pat"]);
        for line in ["status https://HOST", "status", "status --json https://HOST"] {
            let ran = person.types(line, "");
            assert!(!ran.stdout.is_empty(), "{ran}");
            shows_nothing(&ran);
        }
        std::fs::remove_file(person.sandbox.path("gitconfig")).unwrap();
    }
}
