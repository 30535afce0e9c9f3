//! Bodies that no git sends: pushes, and frames around them.

use super::attacks::{arrived, get, is_refused, post, start};
use super::said;
use std::io::Write;
use std::net::TcpStream;

#[test]
fn no_push_that_is_not_as_git_makes_it_reaches_the_host() {
    let (home, lending) = start();
    let target = format!("/{}/team/repo.git/git-receive-pack", home.server().host());
    let (none, id) = ("0".repeat(40), "1".repeat(40));
    let packet = |text: &str| format!("{:04x}{text}", text.len() + 4);
    let command = |name: &str| packet(&format!("{none} {id} {name}\0 report-status agent=x"));
    let good = command("refs/heads/agent/x");
    let second = |name: &str| format!("{good}{}0000", packet(&format!("{none} {id} {name}")));
    for body in [
        format!("{}0000PACK", command("refs/heads/main")),
        format!("{}0000PACK", command("refs/heads/agent/../main")),
        format!("{}0000PACK", command("refs/heads/agent/x\nrefs/heads/main")),
        format!("{}0000PACK", command("refs/heads/agent/x.lock")),
        format!("{}0000PACK", command("refs/heads/agent/@{x")),
        second("refs/heads/main"),
        second("refs/heads/agent/y\0push-options"),
        format!("{}0000PACK", command("refs/heads/agent//x")),
        format!("{}0000PACK", command("refs/heads/agent/.x")),
        format!("{}0000PACK", command("refs/heads/agent/")),
        format!("{}0000PACK", command("refs/heads/agent")),
        format!("{}0000PACK", command("refs/heads/agentx/y")),
        format!("{}0000PACK", command("refs/tags/agent/x")),
        format!("{}0000PACK", command("refs/for/agent/x")),
        format!("{}0000PACK", command("agent/x")),
        format!("{}0000PACK", command("HEAD")),
        format!("{}0000PACK", command(&format!("refs/heads/agent/{}", "x".repeat(2000)))),
        second(&format!("refs/heads/agent/y {none}")),
        format!("{}0000", packet(&format!("{none} {id} refs/heads/agent/x"))),
        format!("{}0000", packet(&format!("{id} {none} refs/heads/agent/x\0 report-status"))),
        format!("{}0000", packet(&format!("{none} 1{} refs/heads/agent/x\0", "aA".repeat(20)))),
        format!("{}0000", packet(&format!("{none} {id} refs/heads/agent/x\0 something-new"))),
        format!("{}0000", packet(&format!("{none} {id} refs/heads/agent/x\0 push-cert=x"))),
        format!("{}0000", packet(&format!("{none} {id} refs/heads/agent/x\0push-options"))),
        format!("{}0000", packet(&format!("{none} {} refs/heads/agent/x\0", "A".repeat(40)))),
        format!("{}0000", packet("push-cert\0 report-status")),
        format!("0001{good}0000"),
        format!("0002{good}0000"),
        format!("0003{good}0000"),
        format!("0004{good}0000"),
        format!("{good}0001"),
        format!("-001{good}0000"),
        format!("00AB{}0000", &good[4..]),
        format!("{good}{}0000", packet(&format!("shallow {id}"))),
        format!("{}0000", good.to_uppercase()),
        "0000PACK".to_owned(),
        good.repeat(20_000),
        good.clone(),
        good[..20].to_owned(),
    ] {
        let length = format!("Content-Length: {}\r\n", body.len());
        let answer = lending.say(&post(&lending, &target, "receive-pack", &length, &body));
        let shown: String = body.chars().take(200).collect();
        assert!(is_refused(&answer), "{shown}: {answer}");
        let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
        let lines = "Transfer-Encoding: chunked\r\n";
        let answer = lending.say(&post(&lending, &target, "receive-pack", lines, &chunked));
        assert!(is_refused(&answer), "{shown}: {answer}");
    }
    assert_eq!(arrived(&home, &lending), ["/team/repo.git/info/refs"]);
    assert!(
        said(&home).contains("refused: only branches agent/* may be pushed"),
        "{}",
        said(&home)
    );
}

#[test]
fn a_body_whose_frame_is_wrong_goes_no_further() {
    let (home, lending) = start();
    let host = home.server().host();
    let (none, id) = ("0".repeat(40), "1".repeat(40));
    let command = format!("{none} {id} refs/heads/agent/x\0 report-status agent=x");
    let push = format!("{:04x}{command}0000", command.len() + 4);
    let chunked = "Transfer-Encoding: chunked\r\n";
    for (service, body) in [("upload-pack", "0000"), ("receive-pack", push.as_str())] {
        let target = format!("/{host}/team/repo.git/git-{service}");
        let length = format!("{:x}", body.len());
        for framed in [
            format!("{length};a=b\r\n{body}\r\n0\r\n\r\n"),
            format!("{length} \r\n{body}\r\n0\r\n\r\n"),
            format!("+{length}\r\n{body}\r\n0\r\n\r\n"),
            format!("-{length}\r\n{body}\r\n0\r\n\r\n"),
            format!("0x{length}\r\n{body}\r\n0\r\n\r\n"),
            format!("{length}\n{body}\n0\n\n"),
            format!("\r\n{body}\r\n0\r\n\r\n"),
            format!("fffffffffffff\r\n{body}"),
            format!("{}\r\n", "0".repeat(20)),
            String::new(),
        ] {
            let answer = lending.say(&post(&lending, &target, service, chunked, &framed));
            assert!(is_refused(&answer), "{framed}: {answer}");
        }
        // A body that is shorter than its length is cut off.
        let cut = format!("Content-Length: {}\r\n", body.len() + 4);
        let answer = lending.say(&post(&lending, &target, service, &cut, &body[..2]));
        assert!(is_refused(&answer), "{answer}");
    }
    assert_eq!(arrived(&home, &lending), ["/team/repo.git/info/refs"]);
}

#[test]
fn a_body_that_is_cut_off_on_its_way_is_never_whole_at_the_host() {
    let (home, lending) = start();
    let folder = home.sandbox.path("checkout");
    let folder = folder.to_str().unwrap();
    home.git(&["clone", "--quiet", &home.url("team/repo.git"), folder]);
    let new = home.git(&["-C", folder, "rev-parse", "HEAD"]).stdout();
    let none = "0".repeat(40);
    let command = format!("{none} {} refs/heads/agent/x\0 report-status agent=x", new.trim());
    // A whole push of one branch, whose pack is empty, is followed by a trailer or by nothing.
    let pack = b"PACK\0\0\0\x02\0\0\0\0\x02\x9d\x08\x82\x3b\xd8\xa8\xea\xb5\x10\xad\x6a\xc7\x5c\x82\x3c\xfd\x3e\xd3\x1e";
    let push = [format!("{:04x}{command}0000", command.len() + 4).as_bytes(), pack].concat();
    let target = format!("/{}/team/repo.git/git-receive-pack", home.server().host());
    let chunk = [format!("{:x}\r\n", push.len()).as_bytes(), &push, b"\r\n"].concat();
    let head = post(&lending, &target, "receive-pack", "Transfer-Encoding: chunked\r\n", "");
    for end in [&b"0\r\nTrailer: a\r\n\r\n"[..], b"4\r\nab", b""] {
        lending.say(&[&head, &chunk[..], end].concat());
    }
    let ran = home.git(&["ls-remote", &home.url("team/repo.git"), "refs/heads/agent/x"]);
    assert_eq!(ran.stdout(), "", "{}", said(&home));
    // The same bytes with their own end are a push.
    let answer = lending.say(&[&head, &chunk[..], b"0\r\n\r\n"].concat());
    assert!(answer.contains("ok refs/heads/agent/x"), "{answer} {}", said(&home));
    // What follows the commands is the pack, and never a second list of commands.
    let main = format!("{none} {} refs/heads/other\0 report-status", new.trim());
    let second = format!("{:04x}{main}0000", main.len() + 4);
    let command = command.replace("agent/x", "agent/y");
    let first = format!("{:04x}{command}0000", command.len() + 4);
    let body = [first.as_bytes(), second.as_bytes(), pack].concat();
    let chunk = [format!("{:x}\r\n", body.len()).as_bytes(), &body, b"\r\n0\r\n\r\n"].concat();
    lending.say(&[&head, &chunk[..]].concat());
    let ran = home.git(&["ls-remote", "--heads", &home.url("team/repo.git")]);
    assert!(ran.stdout().lines().count() == 2 && !ran.stdout().contains("other"), "{ran}");
}

#[test]
fn the_host_itself_checks_what_a_branch_was_before() {
    let (home, lending) = start();
    let url = home.url("team/repo.git");
    home.git(&["clone", "--quiet", &url, "checkout"]);
    home.git(&["-C", "checkout", "push", "--quiet", "origin", "HEAD:refs/heads/agent/x"]);
    let new = home.git(&["-C", "checkout", "rev-parse", "HEAD"]).stdout().trim().to_owned();
    let target = format!("/{}/team/repo.git/git-receive-pack", home.server().host());
    let pack = "PACK\0\0\0\x02\0\0\0\0";
    for old in ["0".repeat(40), "1".repeat(40)] {
        let command = format!("{old} {new} refs/heads/agent/x\0 report-status agent=x");
        let body = format!("{:04x}{command}0000{pack}", command.len() + 4);
        let length = format!("Content-Length: {}\r\n", body.len() + 20);
        let hash =
            b"\x02\x9d\x08\x82\x3b\xd8\xa8\xea\xb5\x10\xad\x6a\xc7\x5c\x82\x3c\xfd\x3e\xd3\x1e";
        let request = post(&lending, &target, "receive-pack", &length, &body);
        let answer = lending.say(&[&request[..], hash].concat());
        assert!(answer.contains("ng refs/heads/agent/x"), "{answer}");
    }
}

#[test]
fn whoever_drips_a_head_is_let_go() {
    let (home, lending) = start();
    let head = get(&lending, "/x/team/repo.git/info/refs?service=git-upload-pack");
    let mut stream = TcpStream::connect(("127.0.0.1", lending.port())).unwrap();
    let mut is_let_go = false;
    for byte in head.as_bytes().iter().chain([b'x'; 200].iter()) {
        if *byte == b'\r' {
            continue;
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
        is_let_go = stream.write_all(&[*byte]).is_err();
        if is_let_go {
            break;
        }
    }
    assert!(is_let_go, "it has dripped for more than ten seconds");
    assert_eq!(arrived(&home, &lending), ["/team/repo.git/info/refs"]);
}
