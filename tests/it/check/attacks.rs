//! Where a token must not be found, and whom it must not reach.

use super::{GLPAT, some};
use crate::support::home::Home;
use crate::support::onlooker::Onlooker;
use crate::support::spy::program;
use serde_json::json;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

const GHP: &str = "ghp_TESTONLYaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// What a file below the home folder holds of the token.
fn files_with(folder: &Path, token: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            files_with(&path, token, found);
        } else if fs::read(&path).is_ok_and(|bytes| holds(&bytes, token)) {
            found.push(path.display().to_string());
        }
    }
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn the_token_is_in_no_argument_environment_file_or_trace() {
    let mut desk = Home::with_forge(GLPAT);
    desk.server().forge().knows("alices", GLPAT, json!({ "scopes": ["api"] }));
    // Everything that would write it down.
    let trace = desk.sandbox.path("curl-trace");
    let curlrc = format!("trace-ascii = \"{}\"\n", trace.display());
    fs::write(desk.sandbox.path(".curlrc"), curlrc).unwrap();
    for (name, file) in [
        ("GIT_TRACE_CURL", "git-curl"),
        ("GIT_TRACE", "git-trace"),
        ("GIT_TRACE2_EVENT", "git-event"),
        ("SSLKEYLOGFILE", "keys"),
    ] {
        let path = desk.sandbox.path(file);
        desk.set(name, path.to_str().unwrap());
    }
    // With its keys a wiretap could be decrypted. git's own go where its user said, so it is not
    // asked here.
    let one = desk.checked(&["--forge", "gitlab", "https://HOST"]);
    assert_eq!(some(&one, &["state"]), "good", "{one:#}");
    assert!(!desk.sandbox.path("keys").exists(), "the keys of curl's TLS");
    desk.set("GIT_TRACE_REDACT", "0");
    desk.set("GIT_CURL_VERBOSE", "1");
    let onlooker = Onlooker::new(GLPAT);
    // base64 of `alice:` and the token
    let basic = Onlooker::new("Z2xwYXQtVEVTVE9OTFl");
    for _ in 0..3 {
        let one = desk.checked(&["--forge", "gitlab", "https://HOST/team/repo.git"]);
        assert_eq!(some(&one, &["state"]), "good", "{one:#}");
        let words = ["login", "--with-token", "--forge", "gitlab", "--username", "alice"];
        let ran = desk.sandbox.helper(&[&words[..], &[&desk.url("")]].concat(), GLPAT);
        assert!(ran.status.success(), "{ran}");
    }
    for seen in [onlooker.stop(), basic.stop()] {
        assert!(seen.rounds > 3, "{seen:?}");
        assert!(seen.arguments.is_empty() && seen.environments.is_empty(), "{seen:?}");
    }
    let mut found = Vec::new();
    for text in [GLPAT, "Z2xwYXQtVEVTVE9OTFl"] {
        files_with(desk.sandbox.home(), text, &mut found);
    }
    assert!(found.is_empty(), "{found:?}");
    assert!(!trace.exists());
}

#[test]
fn a_token_of_another_forge_is_not_sent_whatever_is_said() {
    let desk = Home::with_forge(GHP);
    let forge = desk.server().forge();
    let one = desk.checked(&["--forge", "gitlab", "https://HOST"]);
    assert_eq!(some(&one, &["state", "reason"]), "unknown other-forge", "{one:#}");
    assert_eq!(forge.asked(), []);
}

#[test]
fn nothing_that_a_host_says_is_believed_to_be_more_than_words() {
    let desk = Home::with_forge(GLPAT);
    let forge = desk.server().forge();
    forge.set("fault", "echo=");
    let at_api = &["--forge", "gitlab", "https://HOST"][..];
    for words in [
        at_api,
        &["https://HOST/fault/echo/r"],
        // The name and the token in base64.
        &["https://HOST/fault/header/r"],
        // git repeats what it is told.
        &["https://HOST/fault/error/r"],
    ] {
        let ran = desk.check(words);
        assert!(!holds(&ran.stdout, "TESTONLY") && !holds(&ran.stderr, "TESTONLY"), "{ran}");
        assert!(!holds(&ran.stdout, "Basic "), "{ran}");
        assert!(ran.stdout().contains("(a token)"), "{ran}");
    }
    forge.unset("fault");
    let ran = desk.check(&["https://HOST/fault/hostile/r"]);
    assert!(!holds(&ran.stdout, "\u{1b}") && !holds(&ran.stdout, "\u{7}"), "{ran}");
    let one = desk.checked(&["https://HOST/fault/hostile/r"]);
    assert!(one["sso_url"].is_null() && one["said"].as_str().unwrap().len() < 350, "{one:#}");
    let login = json!({ "scopes": ["api"], "login": "\u{1b}[2Ja\u{202e}b" });
    forge.knows("alices", GLPAT, login);
    let ran = desk.check(&["--forge", "gitlab", "https://HOST"]);
    assert!(ran.stdout().contains("%1B[2Ja%E2%80%AEb"), "{ran}");
    let list = desk.sandbox.helper(&["list", "--keychain", desk.keychain], "");
    assert!(!holds(&list.stdout, "\u{1b}"), "{list}");
}

/// Puts a curl before the system's.
fn with_curl(desk: &mut Home, text: &str) {
    program(&desk.sandbox.path("false/curl"), text);
    let path = format!("{}:{}", desk.sandbox.path("false").display(), desk.sandbox.get("PATH"));
    desk.set("PATH", &path);
}

#[test]
fn an_end_that_stands_twice_in_an_answer_changes_nothing() {
    let mut desk = Home::with_forge(GHP);
    let more = json!({ "scopes": ["repo"], "expires": "2099-01-31" });
    desk.server().forge().knows("classic", GHP, more);
    let end = "2099-01-31T00:00:00Z";
    let one = desk.checked(&["--forge", "github", "https://HOST"]);
    assert_eq!(some(&one, &["state", "expires"]), format!("good {end}"), "{one:#}");
    // A web server would make one of the two.
    with_curl(
        &mut desk,
        "#!/bin/sh\ncat >/dev/null\nprintf 'HTTP/1.1 200 OK\\r\\n'\n\
         for year in 2098 2097; do\n\
         printf 'GitHub-Authentication-Token-Expiration: %s-01-31 00:00:00 UTC\\r\\n' $year\n\
         done\nprintf '\\r\\n{\"login\":\"alice\"}'\n",
    );
    let one = desk.checked(&["https://HOST"]);
    assert_eq!(some(&one, &["state", "expires"]), format!("good {end}"), "{one:#}");
}

#[test]
fn curl_is_started_with_nothing_but_what_it_needs() {
    let mut desk = Home::with_forge(GLPAT);
    desk.server().forge().knows("alices", GLPAT, json!({ "scopes": ["api"] }));
    let real = crate::support::program::program("curl", "curl");
    let (words, variables) = (desk.sandbox.path("words"), desk.sandbox.path("variables"));
    let text = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$@\" >'{}'\nenv >'{}'\nexec '{}' \"$@\"\n",
        words.display(),
        variables.display(),
        real.display()
    );
    with_curl(&mut desk, &text);
    for name in ["SSLKEYLOGFILE", "CURL_HOME", "XDG_CONFIG_HOME"] {
        let path = desk.sandbox.path("nowhere");
        desk.set(name, path.to_str().unwrap());
    }
    desk.set("https_proxy", "");
    let one = desk.checked(&["--forge", "gitlab", "https://HOST"]);
    assert_eq!(some(&one, &["state"]), "good", "{one:#}");
    // With anything before it, `-q` would count for nothing.
    assert_eq!(fs::read_to_string(words).unwrap(), "-q\n--config\n-\n");
    let variables = fs::read_to_string(variables).unwrap();
    // The shell's own.
    let own = ["PWD", "SHLVL", "_", "OLDPWD"];
    let names = variables.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name);
    let others: Vec<&str> = names.filter(|name| !own.contains(name)).collect();
    assert!(others.iter().all(|name| *name == "https_proxy"), "{others:?}");
}

#[test]
fn a_curl_that_hangs_lies_or_floods_is_ended_in_time() {
    for (text, told) in [
        ("#!/bin/sh\nsleep 60 &\nwait\n", "unreachable timeout"),
        ("#!/bin/sh\ntrap '' TERM\nexec sleep 60\n", "unreachable timeout"),
        ("#!/bin/sh\ncat\n", "unknown answer"),
        ("#!/bin/sh\nexec yes 'HTTP/1.1 200 OK'\n", "unknown answer"),
        (
            "#!/bin/sh\nprintf 'HTTP/1.1 200 OK\\r\\n\\r\\n{\"id\":'; cat | tail -n 1\n",
            "unknown answer",
        ),
        ("#!/bin/sh\ncat >&2; exit 60\n", "unreachable certificate"),
        ("#!/bin/sh\nexit 2\n", "unknown answer"),
    ] {
        let mut desk = Home::with_forge(GLPAT);
        with_curl(&mut desk, text);
        let started = Instant::now();
        // One that hangs is left soon, all others have the time of a busy machine.
        let patience = if told == "unreachable timeout" { "2s" } else { "60s" };
        let words = ["--forge", "gitlab", "--timeout", patience, "https://HOST"];
        let one = desk.checked(&words);
        assert_eq!(some(&one, &["state", "reason"]), told, "{text}{one:#}");
        assert!(!one.to_string().contains("TESTONLY"), "{one:#}");
        // Far from the minute that it would have taken.
        assert!(started.elapsed() < Duration::from_secs(50), "{text}");
    }
}

#[test]
fn without_curl_git_still_answers_and_what_to_install_is_said() {
    let mut desk = Home::with_forge(GLPAT);
    let folder = desk.sandbox.path("few");
    fs::create_dir(&folder).unwrap();
    for name in ["git", "sh"] {
        let real = crate::support::program::program(name, name);
        std::os::unix::fs::symlink(real, folder.join(name)).unwrap();
    }
    let path = folder.to_str().unwrap().to_owned();
    desk.set("PATH", &path);
    let one = desk.checked(&["--forge", "gitlab", "https://HOST/team/repo.git"]);
    assert_eq!(some(&one, &["state", "may_push"]), "good true", "{one:#}");
    assert_eq!(one["layers"]["api"]["reason"], "no-curl");
    assert!(one["hints"].to_string().contains("install curl"), "{one:#}");
}

/// Returns the arguments of the processes that have this text among them.
fn running(text: &str) -> Vec<String> {
    let entries = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let lines = entries.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.filter(|line| line.contains(text)).collect()
}

#[test]
fn git_and_all_that_it_has_started_end_with_the_time() {
    let desk = Home::with_forge(GLPAT);
    let url = desk.url("fault/slow/r");
    let one = desk.checked(&["--timeout", "3s", &url]);
    assert_eq!(some(&one, &["state", "reason"]), "unreachable timeout", "{one:#}");
    assert!(one["hints"].to_string().contains("--timeout 60s"), "{one:#}");
    // What was killed may need a moment to be gone.
    let deadline = Instant::now() + Duration::from_secs(20);
    while !running(&url).is_empty() {
        assert!(Instant::now() < deadline, "{:?}", running(&url));
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_slow_host_is_left_when_its_time_is_over() {
    let desk = Home::with_forge(GLPAT);
    let forge = desk.server().forge();
    forge.knows("alices", GLPAT, json!({ "scopes": ["api"] }));
    for fault in ["slow=30", "sleep=30"] {
        forge.set("fault", fault);
        let started = Instant::now();
        let words = ["--forge", "gitlab", "--timeout", "2s", "https://HOST"];
        let one = desk.checked(&words);
        assert_eq!(some(&one, &["state", "reason"]), "unreachable timeout", "{one:#}");
        assert!(started.elapsed() < Duration::from_secs(25), "{fault}");
    }
}
