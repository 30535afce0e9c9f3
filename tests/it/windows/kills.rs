//! A helper that is killed while it replaces a token leaves the old one or the new one.

use super::Place;
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
    let place = Place::new();
    let mut current = token(0, 16_000);
    let began = Instant::now();
    place.store("alice", &current);
    let usual = began.elapsed();
    let (mut old, mut new) = (0, 0);
    for round in 1..=ROUNDS {
        // In turn, so that short ones replace long ones and the reverse.
        let length = [16_000, 16_000, 100, 5_000][round as usize % 4];
        let next = token(round, length);
        let mut command = place.sandbox.command(BINARY);
        command.arg("store").stdin(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let host = &place.host;
        let lines = format!("protocol=https\nhost={host}\nusername=alice\npassword={next}\n\n");
        // It may be gone already.
        let _ = child.stdin.take().unwrap().write_all(lines.as_bytes());
        // From before the first write until after the last.
        thread::sleep(usual.mul_f64(f64::from(round) / f64::from(ROUNDS)));
        let _ = child.kill();
        child.wait().unwrap();
        let ran = place.operation("get", "username=alice\n");
        let answer = |token: &str| format!("username=alice\npassword={token}\n");
        if ran.stdout() == answer(&next) {
            current = next;
            new += 1;
        } else {
            assert!(ran.stdout() == answer(&current), "round {round}: {ran}");
            old += 1;
        }
    }
    assert!(old > 0 && new > 0, "{old} times the old token, {new} times the new one");
    // What the killed ones left is gone with the next write.
    place.store("alice", "TESTONLY");
    assert_eq!(place.keys.parts(), []);
    place.gets("alice", "TESTONLY");
}
