//! A helper that is killed while it replaces a token leaves the old one or the new one.

use crate::support::home::Home;
use crate::support::sandbox::BINARY;
use std::io::Write;
use std::process::Stdio;
use std::thread;
use std::time::Instant;

const ROUNDS: u32 = 60;

fn token(round: u32, length: usize) -> String {
    format!("{round:06}").chars().cycle().take(length).collect()
}

#[test]
fn a_kill_at_any_moment_leaves_the_old_token_or_the_new_one() {
    let place = Home::bare();
    let mut current = token(0, 16_000);
    let began = Instant::now();
    place.store("alice", &current);
    let mut wait = began.elapsed() / 2;
    // After a kill that came too early the next one comes later, and the reverse, however fast the
    // machine is at the moment. So most kills come during a write.
    let (mut old, mut new) = (0, 0);
    for round in 1..=ROUNDS {
        // The lengths take turns, so that short tokens replace long ones and the reverse.
        let length = [16_000, 16_000, 100, 5_000][round as usize % 4];
        let next = token(round, length);
        let mut command = place.sandbox.command(BINARY);
        command.arg("store").stdin(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let host = &place.host;
        let lines = format!("protocol=https\nhost={host}\nusername=alice\npassword={next}\n\n");
        // The process may be gone already.
        let _ = child.stdin.take().unwrap().write_all(lines.as_bytes());
        thread::sleep(wait);
        let _ = child.kill();
        child.wait().unwrap();
        let ran = place.asks("get", "username=alice\n");
        let answer = |token: &str| format!("username=alice\npassword={token}\n");
        if ran.stdout() == answer(&next) {
            current = next;
            new += 1;
            wait = wait.mul_f64(0.8);
        } else {
            assert!(ran.stdout() == answer(&current), "round {round}: {ran}");
            old += 1;
            wait = wait.mul_f64(1.2);
        }
    }
    assert!(old > 0 && new > 0, "{old} times the old token, {new} times the new one");
    // The next write removes whatever the killed ones left.
    place.store("alice", "TESTONLY");
    assert_eq!(place.keys.parts(), []);
    place.gets("alice", "TESTONLY");
}
