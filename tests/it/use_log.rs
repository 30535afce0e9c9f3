//! The use log: what is noted where git's line says `--log`, what never is, and what is made of it.

use crate::support::home::Home;
use crate::support::program::program;
use crate::support::sandbox::{BINARY, run};
use crate::support::server::wait_for;
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

const TOKEN: &str = "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";

/// Somebody with an account at the host of their own, whose uses are noted.
fn somebody() -> Home {
    let person = Home::new();
    login(&person, "alice", TOKEN);
    person
}

#[track_caller]
fn login(person: &Home, options: &str, token: &str) {
    let ran = person.types(&format!("login --with-token https://HOST --username {options}"), token);
    assert!(ran.status.success(), "{ran}");
}

fn file(person: &Home) -> PathBuf {
    person.sandbox.path("state/git-credential-pat/uses.jsonl")
}

fn lines(person: &Home) -> Vec<Value> {
    let text = fs::read_to_string(file(person)).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

#[track_caller]
fn notes(person: &Home, operation: &str, request: &str, result: &str) -> Value {
    let before = lines(person).len();
    person.operation(&format!("--log {operation}"), person.lines(request) + "\n");
    let after = lines(person);
    assert_eq!(after.len(), before + 1, "{operation} {request}");
    let last = after.last().unwrap().clone();
    assert_eq!(last["result"], result, "{last}");
    assert_eq!(last["operation"], operation, "{last}");
    last
}

#[test]
fn a_use_is_a_line_that_only_its_owner_can_read() {
    let person = somebody();
    let used = notes(&person, "get", "protocol=https host=HOST path=secret/repo", "served");
    assert_eq!(used["context"], person.fill("https://HOST"));
    assert_eq!((&used["username"], &used["via"]), (&"alice".into(), &"git".into()), "{used}");
    assert_eq!(used["keychain"], person.keychain, "{used}");
    let by: Vec<_> = used["by"].as_array().unwrap().iter().map(|by| by.as_str().unwrap()).collect();
    assert!((1..=4).contains(&by.len()), "{used}");
    let mode = file(&person).metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = fs::read_to_string(file(&person)).unwrap();
    assert!(!text.contains("secret/repo") && !text.contains(&TOKEN[4..12]), "{text}");
}

#[test]
fn without_the_option_nothing_is_noted() {
    let person = somebody();
    person.get("").prints(&format!("username=alice\npassword={TOKEN}\n"));
    person.types("token https://HOST", "").prints(&format!("{TOKEN}\n"));
    assert!(!file(&person).exists());
}

#[test]
fn each_result_has_its_word() {
    let person = somebody();
    let alice = format!("protocol=https host=HOST username=alice password={TOKEN}");
    notes(&person, "store", &alice, "unchanged");
    notes(&person, "get", "protocol=https host=elsewhere.example", "none");
    notes(&person, "get", "protocol=https host=HOST username=bob", "none");
    notes(&person, "get", "protocol=http host=HOST", "refused");
    notes(&person, "store", "protocol=https host=HOST username=bob password=t2", "stored");
    notes(&person, "erase", &alice, "erased");
    let used = notes(&person, "get", "protocol=https host=HOST username=alice", "rejected");
    assert_eq!(used["username"], "alice");
    notes(&person, "erase", "protocol=https host=HOST", "erased");
    login(&person, "carol --expires 1s", "t3");
    let carol = "protocol=https host=HOST username=carol";
    wait_for("the token's end", || person.operation("get", person.lines(carol)).stdout.is_empty());
    notes(&person, "get", carol, "expired");
    for name in ["dave", "erin"] {
        login(&person, name, "t4");
    }
    let used = notes(&person, "get", "protocol=https host=HOST", "ambiguous");
    assert_eq!(used["username"], Value::Null, "{used}");
}

#[test]
fn of_the_programs_that_asked_only_names_are_noted() {
    let person = somebody();
    let helper = format!("{BINARY} --keychain {} --log", person.keychain);
    person.sandbox.git(&["config", "--global", "credential.helper", &helper]);
    let secret = "http.extraHeader=X-Key: ghp_TESTONLYinAnArgument";
    let request = person.fill("url=https://HOST\n\n");
    let arguments = ["-c", secret, "credential", "fill"];
    let ran = person.sandbox.run("git", &arguments, request.as_bytes());
    assert!(ran.stdout().contains(TOKEN), "{ran}");
    let used = lines(&person);
    let by = used[0]["by"].as_array().unwrap();
    assert!(by.iter().any(|by| by == "git credential"), "{used:?}");
    let text = fs::read_to_string(file(&person)).unwrap();
    assert!(!text.contains("TESTONLY") && !text.contains("extraHeader"), "{text}");
}

#[test]
fn what_cannot_be_noted_keeps_git_from_nothing() {
    let mut person = somebody();
    let elsewhere = person.sandbox.path("elsewhere");
    fs::write(&elsewhere, "theirs\n").unwrap();
    let answer = format!("username=alice\npassword={TOKEN}\n");
    let get = person.fill("protocol=https\nhost=HOST\n\n");
    for states in ["/proc/nowhere", "/dev/null/x", "state"] {
        person.set("XDG_STATE_HOME", states);
        person.operation("--log get", &get).prints(&answer);
    }
    let states = person.sandbox.path("linked");
    person.set("XDG_STATE_HOME", states.to_str().unwrap());
    fs::create_dir_all(states.join("git-credential-pat")).unwrap();
    symlink(&elsewhere, states.join("git-credential-pat/uses.jsonl")).unwrap();
    person.operation("--log get", &get).prints(&answer);
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "theirs\n");
}

#[test]
fn a_full_file_makes_way_for_a_new_one_and_none_is_torn() {
    let person = somebody();
    notes(&person, "get", "protocol=https host=HOST", "served");
    let older = "{\"time\":\"2026-01-01T00:00:00Z\"}\n".repeat(40_000);
    let before = fs::read_to_string(file(&person)).unwrap();
    fs::write(file(&person), older.clone() + &before).unwrap();
    let request = person.fill("protocol=https\nhost=HOST\n\n");
    let gets: Vec<_> = (0..30)
        .map(|_| {
            let mut get = person.helper_string("--log get");
            let mut get = get.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
            get.stdin.take().unwrap().write_all(request.as_bytes()).unwrap();
            get
        })
        .collect();
    for mut get in gets {
        assert!(get.wait().unwrap().success());
    }
    let second = file(&person).with_file_name("uses.1.jsonl");
    let old = fs::read_to_string(second).unwrap();
    assert!(old.starts_with(&older));
    let uses = old.lines().chain(fs::read_to_string(file(&person)).unwrap().leak().lines());
    let uses = uses.map(|line| serde_json::from_str::<Value>(line).expect(line));
    assert_eq!(uses.filter(|used| used["result"] == "served").count(), 31);
}

#[test]
fn the_log_is_shown_by_place_and_time_and_deleted() {
    let person = somebody();
    let other = "https://elsewhere.example";
    notes(&person, "get", "protocol=https host=HOST", "served");
    notes(&person, "get", "protocol=https host=elsewhere.example", "none");
    let shown = |line: &str| {
        let ran = person.types(line, "");
        assert!(ran.status.success(), "{ran}");
        ran.stdout()
    };
    let all = shown("log");
    assert!(all.starts_with("TIME") && all.contains(other) && all.contains("alice"), "{all}");
    assert_eq!(all.lines().count(), 3, "{all}");
    let here = shown("log https://HOST");
    assert!(!here.contains(other) && here.contains("served"), "{here}");
    let json: Value = serde_json::from_str(&shown("log --json --since 1h https://HOST")).unwrap();
    assert_eq!(json.as_array().map(Vec::len), Some(1), "{json}");
    let none: Value = serde_json::from_str(&shown("log --json --since 2999-01-01")).unwrap();
    assert_eq!(none, Value::Array(Vec::new()));
    person.types("log --since soon", "").fails(2, "--since takes a date");
    assert_eq!(shown("log --clear"), "");
    assert!(!file(&person).exists());
    let nothing = person.types("log", "");
    assert!(nothing.stderr().contains("git credential-pat configure --log"), "{nothing}");
}

#[test]
fn what_older_than_90_days_is_not_shown() {
    let person = somebody();
    notes(&person, "get", "protocol=https host=HOST", "served");
    let line = fs::read_to_string(file(&person)).unwrap();
    let (_, rest) = line.split_once('T').unwrap();
    let old = format!("{{\"time\":\"2020-01-01T{rest}not json\n{line}");
    fs::write(file(&person), old).unwrap();
    let json: Value = serde_json::from_str(&person.types("log --json", "").stdout()).unwrap();
    assert_eq!(json.as_array().map(Vec::len), Some(1), "{json}");
}

#[test]
fn list_tells_when_a_token_was_let_out_last() {
    let person = somebody();
    let json = |person: &Home| -> Value {
        serde_json::from_str(&person.types("list --json", "").stdout()).unwrap()
    };
    assert!(!person.types("list", "").stdout().contains("LAST USED"));
    assert_eq!(json(&person)[0]["last_used"], Value::Null);
    let used = notes(&person, "get", "protocol=https host=HOST", "served");
    assert_eq!(json(&person)[0]["last_used"], used["time"]);
    assert!(person.types("list", "").stdout().contains("LAST USED"));
}

#[test]
fn commands_note_what_they_let_out_where_the_line_says_so() {
    let person = somebody();
    let helper = format!("pat --keychain {} --log", person.keychain);
    person.sandbox.git(&["config", "--global", "credential.helper", &helper]);
    person.types("token https://HOST", "").prints(&format!("{TOKEN}\n"));
    person.types("exec --env T https://HOST -- true", "").prints("");
    let via: Vec<_> = lines(&person).iter().map(|used| used["via"].clone()).collect();
    assert_eq!(via, ["token", "exec"]);
}

#[test]
fn configure_writes_and_takes_back_the_option() {
    let person = somebody();
    let helper = || person.sandbox.git(&["config", "--get-all", "credential.helper"]);
    let keychain = person.keychain;
    let configure = |option: &str| {
        let line = format!("configure --yes --keychain {keychain} {option}");
        let ran = person.types(&line, "");
        assert!(ran.status.success(), "{ran}");
    };
    configure("--log");
    assert!(helper().ends_with(" --log\n"), "{}", helper());
    // The test token is nobody's use.
    configure("");
    assert!(helper().ends_with(" --log\n"), "{}", helper());
    configure("--no-log");
    assert!(!helper().contains("--log"), "{}", helper());
}

#[test]
fn status_names_a_token_that_nobody_uses_where_the_log_reaches_back() {
    let person = Home::new();
    let helper = format!("pat --keychain {} --log", person.keychain);
    person.sandbox.git(&["config", "--global", "credential.helper", &helper]);
    let mut login = person.sandbox.command(program("faketime", "faketime"));
    login.args(["-f", "-70d", BINARY, "login", "--with-token", "--username", "alice"]);
    let ran = run(
        {
            login.arg(person.url(""));
            login
        },
        TOKEN.as_bytes(),
    );
    assert!(ran.status.success(), "{ran}");
    let is_named = || person.types("status https://HOST", "").stdout().contains("says the log");
    let used = |days_ago: u64| {
        let time = SystemTime::now() - Duration::from_secs(days_ago * 24 * 60 * 60);
        let time = humantime::format_rfc3339_seconds(time);
        let context = "https://elsewhere.example";
        format!(
            "{{\"time\":\"{time}\",\"via\":\"git\",\"operation\":\"get\",\
             \"result\":\"served\",\"context\":\"{context}\"}}\n"
        )
    };
    for (uses, named) in [
        (vec![], false),
        (vec![20, 10], false),
        (vec![65, 45, 20], true),
        // What was used in between may not have been noted.
        (vec![65, 20], false),
    ] {
        let text: String = uses.iter().map(|days| used(*days)).collect();
        person.write("state/git-credential-pat/uses.jsonl", &text);
        assert_eq!(is_named(), named, "{uses:?}");
    }
    person.write("state/git-credential-pat/uses.jsonl", &(used(65) + &used(40) + &used(15)));
    notes(&person, "get", "protocol=https host=HOST", "served");
    assert!(!is_named());
}
