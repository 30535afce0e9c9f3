//! One volume with a vault, and several users of it: processes of one user, and containers, each
//! with a user namespace, and so a kernel keyring, of its own.

use super::{GIVEN_KEY, Given};
use crate::support::sandbox::{BINARY, Sandbox, run};
use crate::support::server_home::{alice, request};
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::thread;

const HOST: &str = "git.vault.example";

/// Makes a vault on a volume, whose key lies on another.
fn volume() -> Given {
    let sandbox = Sandbox::new();
    let key = sandbox.path("key");
    fs::write(&key, GIVEN_KEY).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    Given::new(sandbox, &["--identity", key.to_str().unwrap()])
}

/// Runs the helper in a container of its own, with local folders of its own.
fn contained(given: &Given, container: &str, operation: &str) -> Command {
    let mut command = given.sandbox.command("unshare");
    command.args(["--user", "--map-root-user", BINARY, "--keychain", "vault", "--identity"]);
    command.arg(given.sandbox.path("key")).arg(operation);
    for (variable, folder) in [("XDG_RUNTIME_DIR", "run"), ("XDG_STATE_HOME", "state")] {
        let folder = given.sandbox.path(&format!("{container}-{folder}"));
        fs::create_dir_all(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        command.env(variable, folder);
    }
    command
}

fn token(number: usize) -> String {
    format!("ghp_TESTONLY{number:0>28}")
}

#[test]
fn fifty_stores_and_fifty_gets_at_once_are_all_served() {
    let given = volume();
    given.works(HOST, &token(0));
    thread::scope(|scope| {
        for number in 1..=50 {
            let given = &given;
            scope.spawn(move || {
                let container = format!("container{}", number % 2);
                let host = format!("host{}.vault.example", number % 5);
                let request_of = |n| alice(&host, &token(n)).replace("alice", &format!("user{n}"));
                run(contained(given, &container, "store"), request_of(number).as_bytes())
                    .prints("");
                // All of them want this account.
                let ran = run(contained(given, &container, "get"), request(HOST).as_bytes());
                ran.prints(&format!("username=alice\npassword={}\n", token(0)));
            });
        }
    });
    let list = given.sandbox.helper(&["list"], "");
    assert!(!list.stderr().contains("left out"), "{list}");
    for number in 1..=50 {
        let host = format!("host{}.vault.example", number % 5);
        let asked = format!("protocol=https\nhost={host}\nusername=user{number}\n\n");
        let answer = given.helper("get", &asked).stdout();
        assert_eq!(answer, format!("username=user{number}\npassword={}\n", token(number)));
    }
}

#[test]
fn many_stores_for_one_account_leave_one_whole_token() {
    let given = volume();
    given.works(HOST, &token(0));
    thread::scope(|scope| {
        for number in 1..=40 {
            let given = &given;
            scope.spawn(move || {
                let container = format!("container{}", number % 2);
                let store = alice(HOST, &token(number));
                run(contained(given, &container, "store"), store.as_bytes()).prints("");
                let ran = run(contained(given, &container, "get"), request(HOST).as_bytes());
                assert!(ran.stdout().starts_with("username=alice\npassword=ghp_TESTONLY"), "{ran}");
            });
        }
    });
    assert!(fs::read_dir(given.file("items")).unwrap().count() == 1);
    given.item();
}

/// A process in one container that holds the vault's lock, until it is told to release it.
struct Holder(Child);

impl Holder {
    fn of(given: &Given) -> Self {
        let script = format!("flock {} sh -c 'echo held; cat'", given.file("lock").display());
        let mut command = given.sandbox.command("unshare");
        command.args(["--user", "--map-root-user", "sh", "-c", &script]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = [0; 5];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut line).unwrap();
        assert_eq!(&line, b"held\n");
        Self(child)
    }

    fn lets_go(mut self) {
        drop(self.0.stdin.take());
        self.0.wait().unwrap();
    }
}

#[test]
fn containers_exclude_each_other_by_the_vaults_own_lock() {
    let given = volume();
    given.works(HOST, &token(0));
    let holder = Holder::of(&given);
    fs::write(given.sandbox.path("new"), alice(HOST, &token(1))).unwrap();
    let mut command = contained(&given, "second", "store");
    command.stdin(File::open(given.sandbox.path("new")).unwrap());
    let mut store = command.spawn().unwrap();
    // Wait until the store waits for the lock.
    let lock = given.file("lock");
    let files = format!("/proc/{}/fd", store.id());
    let waits = || {
        let files = fs::read_dir(&files).into_iter().flatten().flatten();
        files.filter_map(|file| fs::read_link(file.path()).ok()).any(|path| path == lock)
    };
    while !waits() {
        assert!(store.try_wait().unwrap().is_none(), "it did not wait");
        thread::yield_now();
    }
    assert!(given.get(HOST).contains(&token(0)), "a get takes no lock");
    assert!(store.try_wait().unwrap().is_none(), "it did not wait");
    holder.lets_go();
    assert!(store.wait().unwrap().success());
    assert!(given.get(HOST).contains(&token(1)));
}
