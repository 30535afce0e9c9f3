//! The curls that wait for a request.

use super::{Lending, home, said};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;

/// The processes that a lending has started, which are all curls.
fn curls(lending: &Lending) -> Vec<Pid> {
    let tasks = fs::read_dir(format!("/proc/{}/task", lending.process.id())).unwrap();
    let lists = tasks.map(|task| fs::read_to_string(task.unwrap().path().join("children")));
    let lists: Vec<String> = lists.map(Result::unwrap_or_default).collect();
    let ids = lists.iter().flat_map(|list| list.split_whitespace());
    ids.map(|id| Pid::from_raw(id.parse().unwrap()).unwrap()).collect()
}

#[test]
fn a_curl_that_was_ended_while_it_waited_is_replaced() {
    let home = home();
    let lending = Lending::start(&home, &format!("--read {} --port 0", home.url("team")));
    crate::support::server::wait_for("two curls that wait", || curls(&lending).len() == 2);
    let killed = curls(&lending);
    for &curl in &killed {
        kill_process(curl, Signal::KILL).unwrap();
    }
    let is_dead = |curl: &Pid| {
        let stat = fs::read_to_string(format!("/proc/{}/stat", curl.as_raw_nonzero())).unwrap();
        stat.contains(") Z ")
    };
    crate::support::server::wait_for("their end", || killed.iter().all(is_dead));
    let target =
        format!("/{}/team/repo.git/info/refs?service=git-upload-pack", home.server().host());
    for _ in 0..3 {
        let head = format!("GET {target} HTTP/1.1\r\nHost: x\r\nX-Lend: {}\r\n\r\n", lending.key());
        let answer = lending.say(head.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer} {}", said(&home));
    }
}
