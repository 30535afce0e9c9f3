//! What is lent for reading, and what is not.

use super::{Lending, home, lend, ways_in};
use crate::support::home::{Home, TOKEN};
use crate::support::program::program;
use std::fs;
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_command_reads_what_is_lent_and_the_token_is_not_in_its_environment() {
    let home = home();
    for way_in in ways_in(&home) {
        let options = format!("--read {} {way_in}", home.url("team/repo.git"));
        let ran = lend(&home, &options, &["git", "ls-remote", &home.url("team/repo.git")]);
        assert!(ran.status.success() && ran.stdout().contains("refs/heads/main"), "{ran}");
        let ran = lend(&home, &options, &["env"]);
        assert!(ran.status.success() && !ran.stdout().contains(TOKEN), "{ran}");
    }
    let requests = home.server().requests(|requests| requests.len() >= 2);
    assert!(requests.iter().all(|request| request.authorized), "{requests:?}");
}

#[test]
fn what_is_not_lent_is_refused_in_gits_own_output_and_the_host_hears_nothing() {
    let home = home();
    for way_in in ways_in(&home) {
        let options = format!("--read {} {way_in}", home.url("team/repo.git"));
        let ran = lend(&home, &options, &["git", "ls-remote", &home.url("team/secret.git")]);
        let reason = format!(
            "remote: git-credential-pat lend: {} is not among what is lent here",
            home.url("team/secret")
        );
        assert!(!ran.status.success() && ran.stderr().contains(&reason), "{ran}");
    }
    lend(
        &home,
        &format!("--read {} --port 0", home.url("")),
        &["git", "ls-remote", &home.url("team/repo.git")],
    );
    let requests = home.server().requests(|requests| !requests.is_empty());
    assert!(!requests.iter().any(|request| request.path.contains("secret")), "{requests:?}");
}

#[test]
fn an_answer_that_breaks_off_on_its_way_never_looks_whole() {
    let mut home = home();
    // A curl whose answers break off, as those of a real one do where the connection breaks.
    let folder = home.sandbox.path("broken");
    fs::create_dir(&folder).unwrap();
    let curl = folder.join("curl");
    let real = program("curl", "curl");
    let text = format!("#!/bin/sh\n{} \"$@\" | head -c 600\nexit 18\n", real.display());
    fs::write(&curl, text).unwrap();
    fs::set_permissions(&curl, fs::Permissions::from_mode(0o755)).unwrap();
    let url = home.url("team/repo.git");
    let whole = Lending::start(&home, &format!("--read {url} --port 0"));
    let path = format!("{}:{}", folder.display(), home.sandbox.get("PATH"));
    home.set("PATH", &path);
    let broken = Lending::start(&home, &format!("--read {url} --port 0"));
    let target = format!("/{}/team/repo.git/info/refs?service=git-upload-pack", home.host);
    let [whole, broken] = [whole, broken].map(|lending| {
        let key = lending.key();
        let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\nX-Lend: {key}\r\n\r\n");
        lending.say(request.as_bytes())
    });
    let is_whole = |answer: &str| answer.ends_with("\r\n0\r\n\r\n");
    for (answer, expected) in [(&whole, true), (&broken, false)] {
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("service="), "{answer}");
        assert_eq!(is_whole(answer), expected, "{answer}");
    }
    let ran = lend(&home, &format!("--read {url} --port 0"), &["git", "ls-remote", &url]);
    assert!(!ran.status.success(), "{ran}");
}

#[test]
fn what_the_server_can_do_is_asked_once_until_it_refuses() {
    let home = home();
    let url = home.url("team/repo.git");
    let lending = Lending::start(&home, &format!("--read {} --port 0", home.url("team")));
    // The server writes its log after it has answered.
    let asked = |count| {
        let requests = home.server().requests(|requests| requests.len() >= count);
        let all = requests.iter().map(|r| format!("{} {}", r.method, r.status));
        all.collect::<Vec<_>>().join(", ")
    };
    for _ in 0..3 {
        let ran = lending.git(&home, &["ls-remote", &url]);
        assert!(ran.status.success() && ran.stdout().contains("refs/heads/main"), "{ran}");
    }
    assert_eq!(asked(4), "GET 200, POST 200, POST 200, POST 200");
    // The first version names the refs at once.
    let ran = lending.git(&home, &["-c", "protocol.version=1", "ls-remote", &url]);
    assert!(ran.status.success() && ran.stdout().contains("refs/heads/main"), "{ran}");
    assert_eq!(asked(5), "GET 200, POST 200, POST 200, POST 200, GET 200");
    home.server().without_repository("team/repo.git");
    for said in ["404", "not found"] {
        let ran = lending.git(&home, &["ls-remote", &url]);
        assert!(!ran.status.success() && ran.stderr().contains(said), "{ran}");
    }
    let all = "GET 200, POST 200, POST 200, POST 200, GET 200, POST 404, GET 404";
    assert_eq!(asked(7), all);
}

#[test]
fn a_token_that_the_forge_repeats_in_its_words_does_not_go_inside() {
    let home = Home::with_forge(TOKEN);
    let lending = Lending::start(&home, "--read https://HOST --port 0 --lfs");
    for (fault, said) in [
        ("echo", "remote: (a token)"),
        ("header", "remote: (a token)"),
        ("error", "fatal: remote error: (a token)"),
        ("service", "fatal: remote error: (a token)"),
        ("scope", "remote: Write access to repository not granted."),
    ] {
        let url = home.fill(&format!("https://HOST/fault/{fault}/r"));
        let ran = lending.git(&home, &["ls-remote", &url]);
        assert!(!ran.status.success() && ran.stderr().contains(said), "{ran}");
        assert!(!ran.stderr().contains("TESTONLY") && !ran.stderr().contains("Basic "), "{ran}");
    } // git-lfs asks for an object, and is told why there is none.
    let body = format!(
        "{{\"operation\":\"download\",\"objects\":[{{\"oid\":\"{}\",\"size\":1}}]}}",
        "a".repeat(64)
    );
    let target = "fault/batch/r/info/lfs/objects/batch";
    let lfs = "application/vnd.git-lfs+json";
    let answer = lending.say_with_body(&home.host, "POST", target, lfs, &body);
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("(a token)"), "{answer}");
    assert!(!answer.contains("TESTONLY"), "{answer}");
}
