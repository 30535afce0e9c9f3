//! Where else a token lies, as `revoke --breach` says it: every file with the token is named, with
//! what takes it out, and no other. `src/copies/tests.rs` has the forms of the files one by one.

use crate::check::GLPAT;
use crate::revoke::says;
use crate::support::home::Home;
use crate::support::release::release_binary;
use crate::support::residue::Needles;
use crate::support::sandbox::{BINARY, Ran, run};
use crate::support::tracee::watch;
use serde_json::json;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

const WORDS: [&str; 5] = ["--breach", "--yes", "--forge", "gitlab", "https://HOST"];

/// Files below the home, each with its content, where `<T>` stands for the token; and how the list
/// names the place.
const FILES: [(&str, &str, &str); 14] = [
    (".git-credentials", "https://alice:<T>@h.example\n", "the line for alice at h.example"),
    ("config/git/credentials", "https://<T>@h.example\n", "the line for h.example"),
    ("own-store", "https://bob:<T>@h.example\n", "the line for bob at h.example"),
    (".netrc", "machine h.example login alice password <T>\n", "the entry for alice at h.example"),
    (".npmrc", "//npm.example/:_authToken=<T>\n", "//npm.example/:_authToken"),
    ("work/.npmrc", "//npm.example/:_authToken=<T>\n", "//npm.example/:_authToken"),
    (
        ".docker/config.json",
        "{\"auths\":{\"r.example\":{\"auth\":\"<B>\"}}}",
        "auths: r.example: auth",
    ),
    (
        "config/containers/auth.json",
        "{\"auths\":{\"q.example\":{\"auth\":\"<B>\"}}}",
        "auths: q.example: auth",
    ),
    (".pypirc", "[own]\nusername = __token__\npassword = <T>\n", "password in [own]"),
    (
        "config/pip/pip.conf",
        "[global]\nindex-url = https://a:<T>@h.example/simple\n",
        "index-url in [global]",
    ),
    (".cargo/credentials.toml", "[registry]\ntoken = \"<T>\"\n", "token in [registry]"),
    (
        "config/gh/hosts.yml",
        "h.example:\n    oauth_token: <T>\n    user: a\n",
        "h.example: oauth_token",
    ),
    (
        "config/glab-cli/config.yml",
        "hosts:\n    h.example:\n        token: <T>\n",
        "hosts: h.example: token",
    ),
    ("cache/huggingface/token", "<T>", "the whole file"),
];

/// With a GitLab that knows the token, in a repository.
fn desk() -> Home {
    let desk = Home::with_forge(GLPAT);
    desk.server().forge().knows("alices", GLPAT, json!({ "scopes": ["api"] }));
    desk.sandbox.git(&["init", "--quiet", "work"]);
    desk
}

fn in_base64(desk: &Home, token: &str) -> String {
    let ran = desk.sandbox.run("base64", &["--wrap=0"], format!("alice:{token}").as_bytes());
    assert!(ran.status.success(), "{ran}");
    ran.stdout()
}

/// Puts a token into every file and into git's configuration.
fn fill(desk: &Home, token: &str) {
    let encoded = in_base64(desk, token);
    let filled = |text: &str| text.replace("<T>", token).replace("<B>", &encoded);
    for (name, content, _) in FILES {
        desk.write(name, &filled(content));
    }
    let store = desk.sandbox.path("own-store").display().to_string();
    desk.configure("credential.https://other.example.helper", &format!("store --file={store}"));
    desk.configure(&filled("url.https://a:<T>@h.example/.insteadOf"), "x:");
    desk.configure("http.https://h.example/.extraHeader", &filled("Authorization: Basic <B>"));
    let url = filled("https://alice:<T>@h.example/team/repo.git");
    desk.sandbox.git(&["-C", "work", "remote", "add", "origin", &url]);
}

fn revoke(desk: &Home) -> Ran {
    let words: Vec<String> = WORDS.iter().map(|word| desk.fill(word)).collect();
    let mut command = desk.sandbox.command(BINARY);
    command.arg("revoke").args(words).args(["--timeout", "60s"]);
    command.current_dir(desk.sandbox.path("work"));
    run(command, b"")
}

#[test]
fn every_file_that_holds_the_token_is_named_with_what_takes_it_out() {
    let desk = desk();
    fill(&desk, GLPAT);
    let ran = revoke(&desk);
    says(&ran, 0, &["it is dead"]);
    let list = ran.stdout();
    let place = |name: &str| format!("~/{name}, too; to take it out: ");
    for (name, _, entry) in FILES {
        let text = format!("the token lies in {entry} of {}", place(name));
        assert!(list.contains(&text), "{text}\n{ran}");
    }
    for entry in [
        "remote.origin.url of ",
        "http.https://h.example/.extraheader of ",
        "url.https://a@h.example/.* of ",
    ] {
        assert!(list.contains(&format!("the token lies in {entry}")), "{entry}\n{ran}");
    }
    assert_eq!(list.matches("the token lies in").count(), FILES.len() + 3, "{ran}");
    assert!(list.contains("what cannot be seen from here: variables of the environment"), "{ran}");
    let shown = ran.to_string();
    assert!(
        !shown.contains(&GLPAT[6..]) && !shown.contains(&in_base64(&desk, GLPAT)[8..]),
        "{ran}"
    );
}

#[test]
fn the_commands_take_the_token_out_and_leave_the_rest() {
    let desk = desk();
    fill(&desk, GLPAT);
    desk.write(
        ".git-credentials",
        &format!("https://alice:{GLPAT}@h.example\nhttps://b:x@h.example\n"),
    );
    let list = revoke(&desk).stdout();
    let mut typed = 0;
    for line in list.lines() {
        let Some((_, command)) = line.split_once("to take it out: ") else { continue };
        let is_git = command.starts_with("git ") || command.starts_with("printf ");
        if is_git && !command.ends_with("--edit") {
            let mut shell = desk.sandbox.command("sh");
            shell.args(["-c", command]).current_dir(desk.sandbox.path("work"));
            let ran = run(shell, b"");
            assert!(ran.status.success(), "{command}\n{ran}");
            typed += 1;
        }
    }
    // git's store three times less the one whose name is a token, a remote and a header.
    assert_eq!(typed, 4, "{list}");
    desk.holds(".git-credentials", "https://b:x@h.example\n");
    desk.holds("own-store", "");
    let url = desk.sandbox.git(&["-C", "work", "remote", "get-url", "origin"]);
    assert_eq!(url.trim_end(), "https://alice@h.example/team/repo.git");
    let config = fs::read_to_string(desk.sandbox.path("gitconfig")).unwrap();
    assert!(!config.contains("Authorization"), "{config}");
}

#[test]
fn a_token_that_only_begins_alike_is_not_named() {
    let desk = desk();
    fill(&desk, &format!("{GLPAT}0"));
    let ran = revoke(&desk);
    says(&ran, 0, &["it is dead"]);
    assert!(!ran.stdout().contains("the token lies in"), "{ran}");
    assert!(!ran.stdout().contains("was not read"), "{ran}");
}

#[test]
fn what_cannot_be_read_is_named_and_nobody_waits_for_it() {
    let desk = desk();
    desk.write("real", &format!("https://a:{GLPAT}@h.example\n"));
    symlink(desk.sandbox.path("real"), desk.sandbox.path(".git-credentials")).unwrap();
    let made = Command::new("mkfifo").arg(desk.sandbox.path(".netrc")).status();
    assert!(made.unwrap().success());
    let long = fs::File::create(desk.sandbox.path(".npmrc")).unwrap();
    long.set_len(100 << 20).unwrap();
    symlink(Path::new("/dev/zero"), desk.sandbox.path(".pypirc")).unwrap();
    let ran = revoke(&desk);
    says(&ran, 0, &["it is dead"]);
    for (name, why) in [
        (".git-credentials", "it is a link, which is not followed"),
        (".netrc", "it is no plain file"),
        (".npmrc", "it is longer than 4 MiB"),
        (".pypirc", "it is a link, which is not followed"),
    ] {
        let text = format!("~/{name} was not read, and may hold the token: {why}");
        assert!(ran.stdout().contains(&text), "{text}\n{ran}");
    }
}

#[test]
fn nothing_of_the_token_remains_in_memory_after_the_search() {
    let desk = desk();
    fill(&desk, GLPAT);
    let words: Vec<String> = WORDS.iter().map(|word| desk.fill(word)).collect();
    let mut command = desk.sandbox.command(release_binary());
    command.arg("revoke").args(words).current_dir(desk.sandbox.path("work"));
    let needles = Needles::new(&[GLPAT.as_bytes(), in_base64(&desk, GLPAT).as_bytes()]);
    let seen = watch(&command, b"", &needles);
    assert_eq!(seen.status, 0, "{seen}");
    assert!(seen.residue.is_empty(), "{seen}");
}
