//! The commands that people type, in a script: login, logout, list. The dialogue on a terminal is
//! in `conversation.rs`.

use crate::support::home::Home;
use crate::support::sandbox::BINARY;

#[test]
fn login_keeps_a_piped_token_under_the_hosts_convention() {
    let person = Home::new();
    let ran = person.types("login --with-token https://HOST", "  ghp_TESTONLY1\r\n");
    assert!(ran.status.success() && ran.stdout.is_empty(), "{ran}");
    let said = ran.stderr();
    assert!(said.contains(&format!("stored the token for token at {}", person.url(""))), "{ran}");
    assert!(said.contains("in memory only, gone at reboot"), "{ran}");
    assert!(said.contains("git credential-pat configure --keychain vault"), "{ran}");
    assert!(said.contains("hint: git does not use this helper yet: git config"), "{ran}");
    assert!(!said.contains("TESTONLY"), "{ran}");
    person.get("").prints("username=token\npassword=ghp_TESTONLY1\n");
}

#[test]
fn login_takes_the_username_from_the_option_then_from_the_url() {
    let person = Home::new();
    person.types("login --with-token --username bob https://alice@HOST", "ghp_TESTONLY1\n");
    person.get("").prints("username=bob\npassword=ghp_TESTONLY1\n");
    person.types("login --with-token alice@HOST", "ghp_TESTONLY2\n");
    person.get("username=alice\n").prints("username=alice\npassword=ghp_TESTONLY2\n");
}

#[test]
fn login_again_replaces_a_token_that_serves_only_when_told() {
    let person = Home::new();
    let login = "login --with-token --username alice https://HOST";
    person.types(login, "ghp_TESTONLY1\n");
    person.types(login, "ghp_TESTONLY2\n").fails(1, "hint: add --replace");
    person.get("").prints("username=alice\npassword=ghp_TESTONLY1\n");
    // The only account at the host is meant, whatever the host's convention.
    let ran = person.types("login --with-token --replace https://HOST", "ghp_TESTONLY2\n");
    assert!(ran.status.success(), "{ran}");
    person.get("").prints("username=alice\npassword=ghp_TESTONLY2\n");
    assert_eq!(person.listed().len(), 1);
}

#[test]
fn login_replaces_a_token_that_serves_no_more_without_being_told() {
    let person = Home::new();
    person.types("login --with-token https://HOST", "ghp_TESTONLY1\n");
    let request = format!("protocol=https\nhost={}\npassword=ghp_TESTONLY1\n\n", person.host);
    person.sandbox.helper(&["erase"], request).prints("");
    let ran = person.types("login --with-token https://HOST", "ghp_TESTONLY2\n");
    assert!(ran.status.success(), "{ran}");
    person.get("").prints("username=token\npassword=ghp_TESTONLY2\n");
}

#[test]
fn the_same_token_again_is_no_change_but_for_what_is_new() {
    let person = Home::new();
    let login = |more: &str| {
        let line = format!("login --with-token https://HOST {more}");
        person.types(&line, "ghp_TESTONLY1\n").stderr()
    };
    assert!(login("--expires 2100-01-31").contains("stored the token for token"));
    let said = login("");
    assert!(
        said.contains("is already in the kernel's keyring") && said.contains("; it expires in")
    );
    assert!(login("--expires 2100-02-01T12:00:00Z").contains("stored the token"));
    let answer = "username=token\npassword=ghp_TESTONLY1\npassword_expiry_utc=4105166400\n";
    person.get("").prints(answer);
}

#[test]
fn login_takes_the_tokens_end() {
    let person = Home::new();
    let login = "login --with-token https://HOST --expires";
    for wrong in ["soon", "2020-01-31", "31.01.2027", "-1d", ""] {
        person
            .types(&format!("{login}={wrong}"), "ghp_TESTONLY1\n")
            .fails(2, "git-credential-pat: login: ");
    }
    assert!(person.listed().is_empty());
    // A date means its first second.
    assert!(person.types(&format!("{login} 2100-01-31"), "ghp_TESTONLY1\n").status.success());
    let answer = "username=token\npassword=ghp_TESTONLY1\npassword_expiry_utc=4105036800\n";
    person.get("").prints(answer);
}

#[test]
fn login_warns_of_a_token_that_looks_wrong_and_keeps_it() {
    let person = Home::new();
    let ran = person.types("login --with-token https://HOST", "ghr_TESTONLY1\n");
    assert!(ran.status.success(), "{ran}");
    let said = ran.stderr();
    assert!(said.contains("warning: this is a GitHub refresh token: it opens no"), "{ran}");
    assert!(!said.contains("TESTONLY"), "{ran}");
    person.get("").prints("username=token\npassword=ghr_TESTONLY1\n");
}

#[test]
fn without_anybody_to_ask_login_says_what_is_missing() {
    let person = Home::new();
    person.types("login --no-input https://HOST", "ghp_TESTONLY1\n").fails(2, "--with-token");
    person.types("login --no-input --with-token", "ghp_TESTONLY1\n").fails(2, "the URL");
    person.types("login --with-token", "ghp_TESTONLY1\n").fails(2, "the URL of the host");
    person.types("logout", "").fails(2, "the URL of the host is missing");
    let ran = person.types("login --no-input --with-token https://HOST", "ghp_TESTONLY1\n");
    assert!(ran.status.success(), "{ran}");
}

#[test]
fn login_with_a_closed_standard_input_has_no_token() {
    let person = Home::new();
    let script = format!("exec {BINARY} login --with-token {} <&-", person.host);
    person.sandbox.run("sh", &["-c", &script], b"").fails(1, "no token was given");
}

#[test]
fn login_refuses_what_is_no_token_and_keeps_nothing() {
    let person = Home::new();
    for (token, message) in [
        ("", "no token was given"),
        (" \n", "no token was given"),
        ("ghp_TESTONLY1\nghp_TESTONLY2\n", "a token is one line"),
        ("ghp_TESTONLY\u{1b}[31m", "a token is one line"),
        (&*"x".repeat(70_000), "too long"),
    ] {
        person.types("login --with-token https://HOST", token).fails(1, message);
    }
    person.types("login --with-token http://HOST", "ghp_TESTONLY1\n").fails(1, "unencrypted");
    person.types("login --with-token https://a:ghp_TESTONLY9@HOST", "").fails(2, "URL");
    assert!(person.listed().is_empty());
}

#[test]
fn no_command_line_error_repeats_an_argument() {
    let person = Home::new();
    for line in [
        "login https://HOST ghp_TESTONLY1",
        "login --token=ghp_TESTONLY1 https://HOST",
        "login --keychain ghp_TESTONLY1 HOST",
        "list ghp_TESTONLY1",
        "login ghp_TESTONLY1@@",
        "--keychain=ghp_TESTONLY1 get",
        "--ghp_TESTONLY1 get",
        "completions ghp_TESTONLY1",
    ] {
        let ran = person.types(line, "");
        assert!(!ran.status.success() && !ran.stderr.is_empty(), "{ran}");
        assert!(!ran.stderr().contains("TESTONLY"), "{line}: {ran}");
    }
}

#[test]
fn a_path_makes_a_scoped_account_and_says_what_git_needs() {
    let person = Home::new();
    person.types("login --with-token https://HOST", "ghp_TESTONLY1\n");
    let ran = person.types("login --with-token --username bob https://HOST/org", "ghp_TESTONLY2\n");
    let setting = format!("credential.{}.useHttpPath", person.url("/org"));
    let command = format!("git config --global {setting} true");
    assert!(ran.stderr().contains(&command), "{ran}");
    person.get("path=org/repo\n").prints("username=bob\npassword=ghp_TESTONLY2\n");
    person.get("").prints("username=token\npassword=ghp_TESTONLY1\n");
    person.sandbox.git(&["config", "--global", &setting, "true"]);
    let ran = person.types("login --with-token --username bob https://HOST/org", "ghp_TESTONLY2\n");
    assert!(!ran.stderr().contains("useHttpPath"), "{ran}");
}

#[test]
fn login_uses_the_keychain_that_git_is_configured_with() {
    let mut person = Home::new();
    person.sandbox.unset("GIT_CREDENTIAL_PAT_KEYCHAIN");
    let helper = format!("{BINARY} --keychain kernel --timeout 3600");
    person.sandbox.git(&["config", "--global", "credential.helper", &helper]);
    let ran = person.types("login --with-token https://HOST", "ghp_TESTONLY1\n");
    assert!(ran.stderr().contains("(kernel)"), "{ran}");
    assert!(!ran.stderr().contains("does not use this helper yet"), "{ran}");
    let expected = format!("{} token classic PAT ready - JUST NOW kernel", person.url(""));
    assert_eq!(person.listed(), [expected]);
}

/// Runs the command of the hint that begins so. Returns the command.
#[track_caller]
fn takes_the_hint(person: &Home, said: &str, beginning: &str) -> String {
    let hint = said.lines().find_map(|line| line.strip_prefix("hint: ")?.strip_prefix(beginning));
    let command = hint.unwrap_or_else(|| panic!("no hint {beginning:?}: {said}"));
    let ran = person.sandbox.run("sh", &["-c", command], b"");
    assert!(ran.status.success(), "{ran}");
    command.to_owned()
}

/// Returns the token that git gets, if any.
fn git_gets(person: &Home) -> Option<String> {
    let asked = format!("url={}\n\n", person.url(""));
    let ran = person.sandbox.run("git", &["credential", "fill"], asked.as_bytes());
    ran.stdout().lines().find_map(|line| line.strip_prefix("password=")).map(str::to_owned)
}

/// Makes a person whose git has these lines of `credential.helper`.
fn with_helpers(helpers: &[&str]) -> Home {
    let person = Home::new();
    for line in helpers {
        person.sandbox.git(&["config", "--global", "--add", "credential.helper", line]);
    }
    person
}

#[test]
fn login_sees_that_another_helper_has_made_git_forget_this_one() {
    let person = with_helpers(&["pat --keychain kernel"]);
    // `gh auth setup-git` writes these lines.
    let key = format!("credential.{}.helper", person.url(""));
    for line in ["", "!/usr/bin/gh auth git-credential"] {
        person.sandbox.git(&["config", "--global", "--add", &key, line]);
    }
    let ran = person.types("login --with-token https://HOST", "ghp_TESTONLY1\n");
    assert!(ran.status.success() && git_gets(&person).is_none(), "{ran}");
    let command = takes_the_hint(&person, &ran.stderr(), "git does not use this helper yet: ");
    assert_eq!(command, format!("git config --global --add {key} 'pat --keychain kernel'"));
    assert_eq!(git_gets(&person).as_deref(), Some("ghp_TESTONLY1"));
    // login also sees that git asks this helper second.
    let ran = person.types("login --with-token https://HOST", "ghp_TESTONLY1\n");
    let said = ran.stderr();
    assert!(said.contains("git asks gh first and this helper only where it has no"), "{ran}");
    takes_the_hint(&person, &said, "");
    let ran = person.types("login --with-token https://HOST", "ghp_TESTONLY1\n");
    assert!(!ran.stderr().contains("hint"), "{ran}");
}

#[test]
fn login_sees_a_line_by_which_git_forgets_every_helper() {
    let person = with_helpers(&["pat --keychain kernel", ""]);
    let ran = person.types("login --with-token https://HOST", "ghp_TESTONLY1\n");
    takes_the_hint(&person, &ran.stderr(), "git does not use this helper yet: ");
    assert_eq!(git_gets(&person).as_deref(), Some("ghp_TESTONLY1"));
    let helpers = person.sandbox.git(&["config", "--get-all", "credential.helper"]);
    assert_eq!(helpers, "\npat --keychain kernel\n");
}

#[test]
fn login_sees_that_git_asks_for_somebody_else() {
    let person = with_helpers(&["pat --keychain kernel"]);
    person.sandbox.git(&["config", "--global", "credential.username", "bob"]);
    let login = "login --with-token --username alice https://HOST";
    let ran = person.types(login, "ghp_TESTONLY1\n");
    assert!(ran.status.success() && git_gets(&person).is_none(), "{ran}");
    assert!(ran.stderr().contains("git asks for bob at https://"), "{ran}");
    takes_the_hint(&person, &ran.stderr(), "to use alice there: ");
    assert_eq!(git_gets(&person).as_deref(), Some("ghp_TESTONLY1"));
    let ran = person.types(login, "ghp_TESTONLY1\n");
    assert!(!ran.stderr().contains("hint"), "{ran}");
    // An account that answers any username is not concerned.
    let login = "login --with-token --any-username --username carol https://HOST";
    let ran = person.types(login, "ghp_TESTONLY2\n");
    assert!(!ran.stderr().contains("git asks for"), "{ran}");
}

#[test]
fn login_says_who_gets_a_copy_of_the_token_in_plain_text() {
    let person = with_helpers(&["pat --keychain kernel", "store"]);
    let ran = person.types("login --with-token https://HOST", "ghp_TESTONLY1\n");
    let said = ran.stderr();
    let (_, copies) = said
        .split_once("login: git gives a copy of every token to store, which")
        .unwrap_or_else(|| panic!("{ran}"));
    takes_the_hint(&person, copies, "");
    let helpers = person.sandbox.git(&["config", "--get-all", "credential.helper"]);
    assert_eq!(helpers, "pat --keychain kernel\n");
}

#[test]
fn what_another_line_overrides_is_said_to_be_overridden() {
    let person = with_helpers(&["pat --keychain kernel"]);
    person.sandbox.git(&["init", "-q", "."]);
    person.sandbox.git(&["config", "--local", "credential.username", "bob"]);
    let mut terminal = person.on_terminal("login --username alice HOST");
    terminal.shows("Token for alice");
    terminal.types("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\n");
    terminal.shows("When does");
    terminal.types("\n");
    terminal.shows("git asks for bob there, of whom no token is kept.");
    terminal.shows("Which one is git to use where a URL names none [alice]: ");
    terminal.types("\n");
    let (status, screen) = terminal.ends();
    assert!(status.success(), "{screen}");
    assert!(screen.contains("another line of git's configuration counts more"), "{screen}");
}

#[test]
fn list_shows_what_is_known_of_an_account_and_never_its_token() {
    let person = Home::new();
    let store = |path: &str, more: &str| {
        let request = format!("protocol=https\nhost={}\n{path}username=a\n{more}\n", person.host);
        person.sandbox.helper(&["store"], request).prints("");
    };
    store("", "password=ghp_TESTONLY1\npassword_expiry_utc=1924988399\n");
    store("path=org\n", "password=TESTONLY2\n");
    let request = format!("protocol=https\nhost={}\npath=org\npassword=TESTONLY2\n\n", person.host);
    person.sandbox.helper(&["erase"], request).prints("");
    assert_eq!(
        person.listed(),
        [
            format!("{} a classic PAT ready 2030-12-31T22:59:59Z JUST NOW kernel", person.url("")),
            format!("{} a - rejected - JUST NOW kernel", person.url("/org")),
        ]
    );
    let json = person.types("list --json", "");
    let listed: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    let of = |context: String| {
        listed.as_array().unwrap().iter().find(|row| row["context"] == *context).unwrap()
    };
    let host = of(person.url(""));
    assert_eq!(host["username"], "a");
    assert_eq!(host["expires"], "2030-12-31T22:59:59Z");
    assert_eq!(host["state"], "ready");
    assert_eq!(host["forge"], "GitHub");
    assert_eq!(host["kind"], "classic personal access token");
    assert!(of(person.url("/org"))["kind"].is_null());
    assert_eq!(host["keychain"], "kernel");
    assert!(host["rejected"].is_null() && host["stored"].is_string());
    assert!(of(person.url("/org"))["rejected"].is_string());
    assert!(!json.stdout().contains("TESTONLY"));
}

#[test]
fn an_account_for_any_username_answers_with_the_one_asked_and_is_listed_as_such() {
    let person = Home::new();
    let line = "login --with-token --any-username --username alice https://HOST";
    assert!(person.types(line, "ghp_TESTONLY1\n").status.success());
    person.get("username=org\n").prints("username=org\npassword=ghp_TESTONLY1\n");
    person.get("").prints("username=alice\npassword=ghp_TESTONLY1\n");
    let expected = format!("{} alice (any) classic PAT ready - JUST NOW kernel", person.url(""));
    assert_eq!(person.listed(), [expected]);
    person.types("logout --username bob https://HOST", "").fails(1, "no such account");
    assert!(person.types("logout --username alice https://HOST", "").status.success());
    assert!(person.listed().is_empty());
}

#[test]
fn a_rejected_token_is_restored() {
    let person = Home::new();
    person.types("login --with-token https://HOST", "ghp_TESTONLY1\n");
    person.types("login --restore https://HOST", "").fails(1, "is not rejected");
    let request = format!("protocol=https\nhost={}\npassword=ghp_TESTONLY1\n\n", person.host);
    person.sandbox.helper(&["erase"], request).prints("");
    let refused = person.get("");
    let told = person.fill(
        "git-credential-pat: get: the token for token at https://HOST was rejected by the host",
    );
    assert!(refused.stdout.is_empty() && refused.stderr().starts_with(&told), "{refused}");
    assert!(refused.stderr().contains("login --restore"), "{refused}");
    assert!(person.types("login --restore https://HOST", "").status.success());
    person.get("").prints("username=token\npassword=ghp_TESTONLY1\n");
}

#[test]
fn a_token_that_git_had_is_a_persons_once_they_say_it_and_nothing_lies_beside_it() {
    let person = Home::new();
    let store = |token: &str| {
        let account = format!("protocol=https\nhost={}\nusername=alice\n", person.host);
        person.sandbox.helper(&["store"], format!("{account}password={token}\n")).prints("");
    };
    let row = || -> serde_json::Value {
        let listed = person.types("list --json", "");
        let rows: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
        rows.as_array().unwrap().iter().find(|r| r["context"] == person.url("")).unwrap().clone()
    };
    store("ghp_TESTONLY1");
    assert_eq!((&row()["made_by"], &row()["aside"]), (&"git".into(), &serde_json::Value::Null));
    let login = || {
        let ran = person.types("login --with-token https://alice@HOST", "ghp_TESTONLY1\n");
        assert!(ran.status.success() && ran.stderr().contains("is already in"), "{ran}");
    };
    login();
    assert_eq!((&row()["made_by"], &row()["aside"]), (&"person".into(), &serde_json::Value::Null));
    store("ghp_TESTONLYjunk");
    person.get("").prints("username=alice\npassword=ghp_TESTONLY1\n");
    let aside = &row()["aside"];
    assert_eq!((&aside["state"], &aside["made_by"]), (&"ready".into(), &"git".into()));
    let expected =
        format!("{} alice classic PAT ready; another set aside - JUST NOW kernel", person.url(""));
    assert_eq!(person.listed(), [expected]);
    let status = person.types("status https://HOST", "");
    assert!(status.stdout().contains("answers; another token is set aside"), "{status}");
    login();
    assert!(row()["aside"].is_null());
}

#[test]
fn what_was_put_away_is_restored_by_name_and_said_to_be() {
    let person = Home::new();
    for name in ["alice", "bob"] {
        person.types(&format!("login --with-token https://{name}@HOST"), "ghp_TESTONLY1\n");
    }
    let host = format!("protocol=https\nhost={}\n", person.host);
    person.sandbox.helper(&["erase"], &host).prints("");
    person.get("").prints("");
    let put_away =
        |name: &str| format!("{} {name} classic PAT put away - JUST NOW kernel", person.url(""));
    assert_eq!(person.listed(), [put_away("alice"), put_away("bob")]);
    person.types("login --restore https://HOST", "").fails(2, "--username NAME");
    let ran = person.types("login --restore https://bob@HOST", "");
    assert!(ran.stderr().contains("the token for bob at https://"), "{ran}");
    person.get("").prints("username=bob\npassword=ghp_TESTONLY1\n");
    assert!(person.types("login --restore https://HOST", "").status.success(), "alice is left");
    // On a terminal, erase tells a person what it has done, and which command deletes.
    let terminal = person.runs_on_terminal(
        "printf 'protocol=https\\nhost=HOST\\nusername=bob\\n' | PAT --keychain kernel erase",
    );
    let (_, shown) = terminal.ends();
    assert!(shown.contains("erase: put away what was kept at https://"), "{shown}");
    assert!(shown.contains("login --restore") && shown.contains("logout"), "{shown}");
}

#[test]
fn logout_deletes_exactly_the_account_named() {
    let person = Home::new();
    for line in ["https://alice@HOST", "https://bob@HOST", "https://alice@HOST/org"] {
        person.types(&format!("login --with-token {line}"), "ghp_TESTONLY1\n");
    }
    person.types("logout https://HOST", "").fails(2, "--username NAME");
    assert_eq!(person.listed().len(), 3);
    assert!(person.types("logout --username alice HOST", "").status.success());
    assert!(person.types("logout https://HOST", "").status.success());
    let expected = format!("{} alice classic PAT ready - JUST NOW kernel", person.url("/org"));
    assert_eq!(person.listed(), [expected]);
    person.types("logout https://HOST", "").fails(1, "no such account");
}
