//! A process that is killed at every call with which it changes something. Afterwards its files are
//! in the old state or the new one, and nothing is damaged.

use crate::support::residue::Needles;
use crate::support::sandbox::BINARY;
use crate::support::server_home::{PASSPHRASE, ServerHome, alice, request};
use crate::support::tracee::{Calls, Kill, watch, watch_and_kill};
use std::fs::{self, File};
use std::process::Command;
use std::time::{Duration, SystemTime};

const OLD: &str = "ghp_TESTONLYold";
const NEW: &str = "ghp_TESTONLYnew";
const OTHER: &str = "TESTONLY battery staple";

const HOST: &str = "git.vault.example";
const SECOND: &str = "second.vault.example";

/// A home whose state can be restored.
struct Before {
    server: ServerHome,
}

impl Before {
    fn of(server: ServerHome) -> Self {
        let before = Self { server };
        before.copy("data", "before");
        before
    }

    fn again(&self) {
        fs::remove_dir_all(self.server.sandbox.path("data")).unwrap();
        self.copy("before", "data");
    }

    fn copy(&self, from: &str, to: &str) {
        let copied = self.server.sandbox.run("cp", &["-a", from, to], b"");
        assert!(copied.status.success(), "{copied}");
    }

    fn command(&self, line: &str) -> Command {
        let mut command = self.server.sandbox.command(BINARY);
        command.args(line.split(' '));
        command
    }

    /// Kills the command before its first changing call, before its second, and so on, and after
    /// its last.
    fn kills(&self, line: &str, stdin: &str, check: impl Fn(&ServerHome, Kill)) {
        let nothing = Needles::new(&[]);
        let seen = watch(&self.command(line), stdin.as_bytes(), &nothing);
        assert_eq!(seen.status, 0, "{seen}");
        assert!(seen.changing_calls > 4, "{seen}");
        let last = seen.changing_calls;
        for (at, after) in (1..=last).map(|at| (at, false)).chain([(last, true)]) {
            self.again();
            let kill = Kill { of: Calls::Changing, at, after };
            let seen = watch_and_kill(&self.command(line), stdin.as_bytes(), &nothing, Some(kill));
            assert_eq!(seen.status, 128 + 9, "{kill:?}: {seen}");
            check(&self.server, kill);
        }
    }
}

/// Expects that nothing is damaged, and that unfinished files are gone after an hour and a write.
fn is_sound(server: &ServerHome, kill: Kill) {
    let list = server.types("list --keychain vault", "");
    assert!(list.status.success() && !list.stderr().contains("left out"), "{kill:?}: {list}");
    let unfinished = || {
        let mut files = server.everything();
        files.retain(|path| path.file_name().unwrap().to_str().unwrap().starts_with(".new-"));
        files
    };
    for path in unfinished() {
        let file = File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(3700)).unwrap();
    }
    if !unfinished().is_empty() {
        server.store(HOST, "ghp_TESTONLYnext");
        server.store(SECOND, "ghp_TESTONLYnext");
        let both = format!("{PASSPHRASE}\n{PASSPHRASE}\n");
        server.types("unlock --change-passphrase --low-memory", &both);
        assert!(unfinished().is_empty(), "{kill:?}: {:?}", unfinished());
    }
}

#[test]
fn a_store_that_is_killed_leaves_the_old_or_the_new_token() {
    let server = ServerHome::new();
    server.store(HOST, OLD);
    server.store(SECOND, OLD);
    Before::of(server).kills("--keychain vault store", &alice(HOST, NEW), |server, kill| {
        let token = server.get(HOST);
        assert!([OLD, NEW].contains(&token.as_deref().unwrap()), "{kill:?}: {token:?}");
        assert_eq!(server.get(SECOND).as_deref(), Some(OLD), "{kill:?}");
        assert_eq!(server.items().len(), 2, "{kill:?}");
        is_sound(server, kill);
    });
}

#[test]
fn a_first_store_that_is_killed_leaves_the_token_or_none() {
    Before::of(ServerHome::new()).kills(
        "--keychain vault store",
        &alice(HOST, NEW),
        |server, kill| {
            let token = server.get(HOST);
            assert!(token.is_none() || token.as_deref() == Some(NEW), "{kill:?}: {token:?}");
            is_sound(server, kill);
            server.store(HOST, NEW);
        },
    );
}

#[test]
fn an_erase_that_is_killed_has_rejected_the_token_or_not() {
    let server = ServerHome::new();
    server.store(HOST, OLD);
    Before::of(server).kills("--keychain vault erase", &alice(HOST, OLD), |server, kill| {
        let ran = server.helper("get", &request(HOST));
        let answer = ran.stdout();
        assert!(answer.is_empty() || answer.contains(OLD), "{kill:?}: {ran}");
        assert_eq!(server.items().len(), 1, "{kill:?}");
        is_sound(server, kill);
    });
}

#[test]
fn a_logout_that_is_killed_has_deleted_the_account_or_not() {
    let server = ServerHome::new();
    server.store(HOST, OLD);
    server.store(SECOND, OLD);
    let line = format!("logout --keychain vault https://{HOST}");
    Before::of(server).kills(&line, "", |server, kill| {
        let token = server.get(HOST);
        assert!(token.is_none() || token.as_deref() == Some(OLD), "{kill:?}: {token:?}");
        assert_eq!(server.get(SECOND).as_deref(), Some(OLD), "{kill:?}");
        is_sound(server, kill);
    });
}

#[test]
fn a_configure_that_is_killed_can_be_repeated() {
    let line = "configure --keychain vault --low-memory --passphrase-from - --yes";
    let stdin = format!("{PASSPHRASE}\n");
    Before::of(ServerHome::without_vault()).kills(line, &stdin, |server, kill| {
        let again = line.replace(" --low-memory", "");
        // Where no vault is there yet, the second run makes it by its own options.
        let line = if server.file("identity.age").exists() { again.as_str() } else { line };
        let ran = server.types(line, &stdin);
        assert!(ran.status.success(), "{kill:?}: {ran}");
        server.store(HOST, NEW);
        server.reboot();
        server.unlock();
        assert_eq!(server.get(HOST).as_deref(), Some(NEW), "{kill:?}");
        fs::remove_file(server.sandbox.path("gitconfig")).unwrap();
    });
}

#[test]
fn a_change_of_the_passphrase_that_is_killed_leaves_one_that_opens() {
    let server = ServerHome::new();
    server.store(HOST, OLD);
    let line = "unlock --change-passphrase --low-memory";
    let both = format!("{PASSPHRASE}\n{OTHER}\n");
    Before::of(server).kills(line, &both, |server, kill| {
        server.reboot();
        let opens = |passphrase: &str| server.types("unlock", passphrase).status.success();
        let opened = [PASSPHRASE, OTHER].map(opens);
        assert_eq!(opened.iter().filter(|opens| **opens).count(), 1, "{kill:?}: {opened:?}");
        assert_eq!(server.get(HOST).as_deref(), Some(OLD), "{kill:?}");
    });
}

#[test]
fn a_change_of_the_key_that_is_killed_goes_back_or_on() {
    let server = ServerHome::new();
    server.store(HOST, OLD);
    server.store(SECOND, NEW);
    let stdin = format!("{PASSPHRASE}\n");
    Before::of(server).kills("unlock --new-key", &stdin, |server, kill| {
        // A process that still has the key may go on with it.
        if server.types("list", "").status.success() {
            assert_eq!(server.get(HOST).as_deref(), Some(OLD), "{kill:?}");
        }
        server.reboot();
        server.unlock();
        assert_eq!(server.get(HOST).as_deref(), Some(OLD), "{kill:?}");
        assert_eq!(server.get(SECOND).as_deref(), Some(NEW), "{kill:?}");
        // The next attempt removes whatever the first one left.
        let ran = server.types("unlock --new-key", &stdin);
        assert!(ran.stderr().contains("2 tokens are encrypted anew"), "{kill:?}: {ran}");
        assert!(!ran.stderr().contains("damaged"), "{kill:?}: {ran}");
        assert_eq!(server.items().len(), 2, "{kill:?}");
        assert!(!server.file("next.age").exists(), "{kill:?}");
        assert_eq!(server.get(HOST).as_deref(), Some(OLD), "{kill:?}");
    });
}
