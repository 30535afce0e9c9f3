//! A client that is no git: nothing that is refused reaches the git host, and the lending lives on.

use super::{Lending, home};
use crate::support::home::Home;
use crate::support::program::{missing, program};
use crate::support::sandbox::run;
use std::process::Command;

/// A repository that is lent, and one that is not, as paths inside.
pub(super) fn start() -> (Home, Lending) {
    let home = home();
    let options = format!("--push {} --branches agent/* --port 0", home.url("team/repo.git"));
    let lending = Lending::start(&home, &options);
    (home, lending)
}

pub(super) fn get(lending: &Lending, target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: x\r\nX-Lend: {}\r\n\r\n", lending.key())
}

pub(super) fn post(lending: &Lending, target: &str, kind: &str, more: &str, body: &str) -> Vec<u8> {
    let key = lending.key();
    format!(
        "POST {target} HTTP/1.1\r\nHost: x\r\nX-Lend: {key}\r\n\
         Content-Type: application/x-git-{kind}-request\r\n{more}\r\n{body}"
    )
    .into_bytes()
}

/// Whether this is what is answered to something that is refused, or nothing.
pub(super) fn is_refused(answer: &str) -> bool {
    answer.is_empty()
        || answer.starts_with("HTTP/1.1 403 ")
        || (answer.starts_with("HTTP/1.1 200 ") && answer.contains("lend: "))
}

/// The requests that have reached the git host, after one more that must.
#[track_caller]
pub(super) fn arrived(home: &Home, lending: &Lending) -> Vec<String> {
    let good = format!("/{}/team/repo.git/info/refs?service=git-upload-pack", home.server().host());
    let answer = lending.say(get(lending, &good).as_bytes());
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("main"), "{answer}");
    let is_there = |r: &[crate::support::server::Request]| r.iter().any(|r| r.status == 200);
    let all = home.server().requests(is_there);
    all.into_iter().map(|request| request.path).collect()
}

#[test]
fn no_spelling_of_a_path_leads_anywhere_else() {
    let (home, lending) = start();
    let host = home.server().host();
    let refs = "/info/refs?service=git-upload-pack";
    for path in [
        "team/repo.git/../secret.git",
        "team/repo.git/%2e%2e/secret.git",
        "team/repo.git/.%2E/secret.git",
        "team/repo.git/..%2fsecret.git",
        "team//secret.git",
        "team\\secret.git",
        "team/%252e%252e/secret.git",
        "team/secret.git;x",
        "team/secret.git%00",
        "team/secret.git#",
        "team/{secret,repo}.git",
        "team/secre[t-t].git",
        "team/secret.git/info/refs",
        "team/repo.git/git-upload-pack/../../secret.git",
        "TEAM/secret.git",
        "team/secret.git",
        "team/secret",
        "teamX/repo.git",
        "team/repoX.git",
        "team/repo.git/x",
        "team/repo.git.git",
        "team/./repo.git",
        "/team/repo.git",
        "team/repo.git/",
        "team%2frepo.git",
        "team/repo.git%0d%0aX-A:b",
        "team/repo.git?x",
        "team/'repo'.git",
        "team/$repo.git",
        &vec!["a"; 33].join("/"),
        &"a".repeat(3000),
        "",
    ] {
        let answer = lending.say(get(&lending, &format!("/{host}/{path}{refs}")).as_bytes());
        assert!(is_refused(&answer) && !answer.is_empty(), "{path}: {answer}");
    }
    for target in [
        format!("https://{host}/team/secret.git{refs}"),
        format!("/{}@{host}/team/secret.git{refs}", "a"),
        format!("/{}/team/secret.git{refs}", host.to_uppercase()),
        format!("/{}/team/repo.git{refs}", home.server().other()),
        format!("/{host}./team/repo.git{refs}"),
        format!("/a%40{host}/team/repo.git{refs}"),
        format!("/{}:443/team/repo.git{refs}", home.server().names()[0]),
        format!("/{}/team/repo.git{refs}", home.server().names()[0]),
        format!("//{host}/team/repo.git{refs}"),
        format!("/team/repo.git{refs}"),
        format!("{host}/team/repo.git{refs}"),
        format!("*{refs}"),
        format!("/{host}/team/repo.git/git-upload-pack"),
        format!("/{host}/team/repo.git/git-receive-pack"),
        format!("/{host}/team/repo.git/info/refs"),
        format!("/{host}/team/repo.git/info/lfs/locks"),
        format!("/{host}/team/repo.git/archive/main.zip"),
        format!("/{host}/team/repo.git/raw/main/file"),
        format!("/{host}/team/repo.git{refs}&x=y"),
        format!("/{host}/team/repo.git{refs}&service=git-receive-pack"),
        format!("/{host}/team/repo.git/info/refs?service=git-upload-archive"),
        format!("/{host}/team/repo.git/HEAD"),
        format!("/{host}/team/repo.git/objects/info/packs"),
        format!("/{host}/api/v4/user"),
    ] {
        let answer = lending.say(get(&lending, &target).as_bytes());
        assert!(is_refused(&answer) && !answer.is_empty(), "{target}: {answer}");
    }
    assert_eq!(arrived(&home, &lending), ["/team/repo.git/info/refs"]);
}

#[test]
fn a_head_that_could_be_read_in_two_ways_goes_no_further() {
    let (home, lending) = start();
    let target = format!("/{}/team/repo.git/git-upload-pack", home.server().host());
    let fetch = |more: &str, body: &str| post(&lending, &target, "upload-pack", more, body);
    let smuggled = format!("0\r\n\r\n{}", get(&lending, &target));
    let mut all = vec![
        fetch("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        fetch("Content-Length: 4\r\nContent-Length: 5\r\n", "0000"),
        fetch("Content-Length: +4\r\n", "0000"),
        fetch("Content-Length: -4\r\n", "0000"),
        fetch("Transfer-Encoding: xchunked\r\n", &smuggled),
        fetch("Transfer-Encoding: chunked, identity\r\n", &smuggled),
        fetch("Transfer-Encoding : chunked\r\n", &smuggled),
        fetch(" folded: x\r\nContent-Length: 4\r\n", "0000"),
        fetch("A: b\nContent-Length: 4\r\n", "0000"),
        fetch("A: \0\r\nContent-Length: 4\r\n", "0000"),
        fetch("Host: y\r\nContent-Length: 4\r\n", "0000"),
        fetch("Origin: https://evil.test\r\nContent-Length: 4\r\n", "0000"),
        fetch("Sec-Fetch-Site: cross-site\r\nContent-Length: 4\r\n", "0000"),
        fetch(&format!("A: {}\r\nContent-Length: 4\r\n", "x".repeat(1_000_000)), "0000"),
        fetch(&"A: b\r\n".repeat(2000), "0000"),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        b"GET /\r\n\r\n".to_vec(),
        b"\x05\x01\x00\x05\x01\x00\x03\x09evil.test\x00\x50".to_vec(),
        Vec::new(),
    ];
    for more in ["A: b\rB: c\r\n", "A\r\n", ": b\r\n", "A: \u{fc}\r\n", "TE: trailers\r\n"] {
        all.push(fetch(&format!("{more}Content-Length: 4\r\n"), "0000"));
    }
    for more in ["Content-Length: 4, 4\r\n", "Content-Length: 0x4\r\n", "Content-Length: 04\r\n"] {
        all.push(fetch(more, "0000"));
    }
    all.push(fetch("Content-Length: 99999999999999999999\r\n", "0000"));
    all.push(fetch("Trailer: A\r\nTransfer-Encoding: chunked\r\n", &smuggled));
    all.push(fetch("Content-Encoding: br\r\nContent-Length: 4\r\n", "0000"));
    all.push(fetch("X-Lend: 0\r\nContent-Length: 4\r\n", "0000"));
    all.push(fetch("", "0000"));
    let nameless = String::from_utf8(fetch("Content-Length: 4\r\n", "0000")).unwrap();
    all.push(nameless.replace("Host: x\r\n", "").into_bytes());
    all.push(nameless.replace("upload-pack-request", "x").into_bytes());
    all.push(nameless.replace("git-upload-pack HTTP", "info/refs HTTP").into_bytes());
    all.push(nameless.replacen("POST", "post", 1).into_bytes());
    all.push(nameless.replacen("POST ", "POST  ", 1).into_bytes());
    all.push(nameless.replacen("POST", "PUT", 1).into_bytes());
    for method in ["HEAD", "OPTIONS", "DELETE", "PATCH", "TRACE", "CONNECT"] {
        all.push(get(&lending, &target).replacen("GET", method, 1).into_bytes());
    }
    for version in ["HTTP/1.0", "HTTP/0.9", "HTTP/2"] {
        all.push(get(&lending, &target).replacen("HTTP/1.1", version, 1).into_bytes());
    }
    for bytes in &all {
        let answer = lending.say(bytes);
        let is_socks = answer.starts_with('\u{5}');
        assert!(is_refused(&answer) || is_socks, "{}: {answer}", bytes.escape_ascii());
    }
    assert_eq!(arrived(&home, &lending), ["/team/repo.git/info/refs"]);
}

#[test]
fn without_the_key_nothing_is_served() {
    let (home, lending) = start();
    let target =
        format!("/{}/team/repo.git/info/refs?service=git-upload-pack", home.server().host());
    let key = lending.key().to_owned();
    let good = get(&lending, &target);
    let upper = key.to_uppercase();
    let wrong = [format!("{key}0"), key[1..].to_owned(), String::new(), upper, "0".repeat(32)];
    for wrong in wrong.iter().filter(|wrong| **wrong != key) {
        let answer = lending.say(good.replace(&key, wrong).as_bytes());
        assert!(answer.contains("the key of this lending is missing or wrong"), "{answer}");
    }
    let answer = lending.say(good.replace("X-Lend", "X-Other").as_bytes());
    assert!(is_refused(&answer), "{answer}");
    assert_eq!(arrived(&home, &lending), ["/team/repo.git/info/refs"]);
}

#[test]
fn a_second_request_on_a_connection_is_never_read() {
    let (home, lending) = start();
    let target =
        format!("/{}/team/repo.git/info/refs?service=git-upload-pack", home.server().host());
    let two = get(&lending, &target).repeat(2);
    let answer = lending.say(two.as_bytes());
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    assert_eq!(arrived(&home, &lending).len(), 2);
}

#[test]
fn who_says_nothing_keeps_nobody_else_waiting_for_long() {
    let (home, lending) = start();
    let silent: Vec<_> = (0..40)
        .map(|_| std::net::TcpStream::connect(("127.0.0.1", lending.port())).unwrap())
        .collect();
    assert_eq!(arrived(&home, &lending), ["/team/repo.git/info/refs"]);
    drop(silent);
}

#[test]
fn no_header_of_the_client_becomes_the_forges_or_an_option_of_curl() {
    let (home, lending) = start();
    let target =
        format!("/{}/team/repo.git/info/refs?service=git-upload-pack", home.server().host());
    let url = home.other_url("team/secret.git");
    let more = format!(
        "\r\nUser-Agent: \"x\\\" url = \"{url}\r\nAccept: @/etc/passwd\r\n\
         Authorization: Basic bWFsbG9yeTp4\r\nCookie: a=b\r\nX-Foreign: c\r\n\r\n"
    );
    let request = get(&lending, &target).replace("Host: x", "Host: evil.test");
    let answer = lending.say(request.replace("\r\n\r\n", &more).as_bytes());
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    for name in ["Set-Cookie", "WWW-Authenticate", "Server", "Authorization"] {
        assert!(!answer.contains(name), "{answer}");
    }
    let requests = home.server().requests(|requests| !requests.is_empty());
    assert!(requests.iter().all(|r| r.user == "alice" && !r.foreign), "{requests:?}");
    assert_eq!(arrived(&home, &lending).len(), 2);
}

#[test]
fn another_user_of_this_machine_is_not_answered_even_with_the_key() {
    if !rustix::process::getuid().is_root() {
        missing("another user", "run the tests as root");
    }
    let (home, lending) = start();
    let host = home.server().host();
    let request =
        get(&lending, &format!("/{host}/team/repo.git/info/refs?service=git-upload-pack"));
    let script = "import socket, sys
stream = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
stream.sendall(sys.stdin.buffer.read())
try:
    sys.stdout.buffer.write(stream.recv(100))
except ConnectionResetError:
    pass";
    let mut command = Command::new(program("setpriv", "util-linux"));
    command.args(["--reuid", "65534", "--clear-groups", "/usr/bin/python3", "-c", script]);
    command.arg(lending.port().to_string()).env_clear().current_dir("/");
    let ran = run(command, request.as_bytes());
    assert!(ran.status.success() && ran.stdout.is_empty(), "{ran}");
    // With the same words, this user is answered.
    assert!(lending.say(request.as_bytes()).starts_with("HTTP/1.1 200 "));
}
