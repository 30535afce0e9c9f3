//! Where the token must not be found meanwhile, and what is left when somebody else or the system
//! comes in between.

use super::says;
use crate::support::home::Home;
use crate::support::onlooker::Onlooker;
use crate::support::sandbox::BINARY;
use serde_json::json;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A token of this test's own: onlookers see all of the machine.
pub const TOKEN: &str = "glpat-TESTONLYsafetyTESTONLY";

pub const WORDS: [&str; 4] = ["--yes", "--forge", "gitlab", "https://HOST"];

pub fn alive(desk: &Home) {
    desk.server().forge().knows("alices", TOKEN, json!({ "scopes": ["api"] }));
}

pub fn desk() -> Home {
    let desk = Home::with_forge(TOKEN);
    alive(&desk);
    desk
}

pub fn command(desk: &Home) -> Command {
    let mut command = desk.sandbox.command(BINARY);
    command.args(["revoke", "--timeout", "60s"]);
    command.args(WORDS.map(|word| desk.fill(word)));
    command
}

fn files_with(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        let path = entry.path();
        let holds = |bytes: Vec<u8>| bytes.windows(TOKEN.len()).any(|w| w == TOKEN.as_bytes());
        if path.is_dir() {
            files_with(&path, found);
        } else if fs::read(&path).is_ok_and(holds) {
            found.push(path.display().to_string());
        }
    }
}

#[test]
fn the_token_is_in_no_argument_environment_or_file_while_it_is_revoked() {
    let mut desk = desk();
    for (name, file) in [("GIT_TRACE_CURL", "a"), ("GIT_TRACE2_EVENT", "b"), ("SSLKEYLOGFILE", "c")]
    {
        let path = desk.sandbox.path(file);
        desk.set(name, path.to_str().unwrap());
    }
    let trace = format!("trace-ascii = \"{}\"\n", desk.sandbox.path("curl").display());
    fs::write(desk.sandbox.path(".curlrc"), trace).unwrap();
    let onlooker = Onlooker::new(TOKEN);
    // Each keeps curl waiting, so that it is seen.
    for more in [
        json!({ "scopes": ["api"], "lost": "0.3" }),
        json!({ "oauth": true, "scopes": ["api"], "lost": "0.3" }),
    ] {
        desk.keep("", "alice", TOKEN);
        desk.server().forge().knows("alices", TOKEN, more);
        says(&desk.revoke(&WORDS), 0, &["it is dead"]);
        assert!(desk.server().forge().is_revoked("alices"));
    }
    let seen = onlooker.stop();
    assert!(seen.rounds > 3, "{seen:?}");
    assert!(seen.arguments.is_empty() && seen.environments.is_empty(), "{seen:?}");
    let mut found = Vec::new();
    files_with(desk.sandbox.home(), &mut found);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn of_two_at_once_one_asks_the_forge() {
    let desk = desk();
    let forge = desk.server().forge();
    forge.knows("alices", TOKEN, json!({ "scopes": ["api"], "lost": "2" }));
    forge.asked();
    let ran: Vec<_> = std::thread::scope(|scope| {
        let run = || {
            let mut command = command(&desk);
            command.output().unwrap()
        };
        let both = [(); 2].map(|()| scope.spawn(run));
        both.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let good = ran.iter().filter(|ran| ran.status.success()).count();
    assert_eq!(good, 1, "{ran:#?}");
    let deletes = forge.asked().into_iter().filter(|asked| asked.path.starts_with("DELETE:"));
    assert_eq!(deletes.count(), 1);
    let other = ran.iter().find(|ran| !ran.status.success()).unwrap();
    let said = String::from_utf8_lossy(&other.stderr);
    assert!(said.contains("nothing was begun") || said.contains("no such account"), "{said}");
    assert_eq!(desk.kept(), [""; 0]);
}

#[test]
fn a_locked_keychain_and_a_lock_that_is_held_begin_nothing() {
    let mut desk = Home::with_gnome_keyring().with_git_host();
    desk.keep("", "alice", TOKEN);
    alive(&desk);
    let forge = desk.server().forge();
    let lock = fs::File::options()
        .create(true)
        .append(true)
        .open(Path::new(desk.sandbox.get("XDG_RUNTIME_DIR")).join("git-credential-pat.lock"))
        .unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let busy = "another process is changing an account at this host";
    says(&desk.revoke(&WORDS), 1, &[busy, "hint: repeat the command in a moment"]);
    drop(lock);
    desk.desktop().lock();
    says(&desk.revoke(&WORDS), 1, &["the keychain is locked"]);
    assert_eq!(forge.asked(), []);
    assert!(!forge.is_revoked("alices"));
    desk.set("XDG_RUNTIME_DIR", "/nonexistent");
}
