//! Disks that are full or read-only, folders of other users, file servers, no memory: each has its
//! own message, and nothing is lost.

use crate::support::program::program;
use crate::support::sandbox::{BINARY, Ran, Sandbox, run};
use crate::support::server_home::{PASSPHRASE, ServerHome, alice, request};
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};

const OLD: &str = "ghp_TESTONLYold";
const NEW: &str = "ghp_TESTONLYnew";
const HOST: &str = "git.vault.example";

/// Runs a script in a namespace in which it may mount; `PAT` is the helper with the vault.
fn with_mounts(sandbox: &Sandbox, script: &str) -> Ran {
    let mut command = sandbox.command("unshare");
    if !rustix::process::getuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    let pat = format!("{BINARY} --keychain vault");
    command.args(["--mount", "sh", "-c", &script.replace("PAT", &pat).replace("CLI", BINARY)]);
    run(command, b"")
}

fn write(sandbox: &Sandbox, name: &str, content: &str) {
    fs::write(sandbox.path(name), content).unwrap();
}

/// Makes files with what git sends.
fn with_requests(sandbox: &Sandbox) {
    write(sandbox, "get", &request(HOST));
    write(sandbox, "old", &alice(HOST, OLD));
    write(sandbox, "new", &alice(HOST, &format!("{NEW}{}", "x".repeat(4000))));
    write(sandbox, "other", &alice("other.example", &"y".repeat(4000)));
    write(sandbox, "passphrase", PASSPHRASE);
}

const CONFIGURE: &str =
    "CLI configure --keychain vault --low-memory --passphrase-from passphrase --yes";

#[test]
fn where_the_disk_is_full_the_old_token_stays() {
    let sandbox = Sandbox::new();
    with_requests(&sandbox);
    let script = format!(
        "mount -t tmpfs -o size=64k none data && {CONFIGURE} 2>/dev/null && PAT store <old\n\
         cat /dev/zero >data/filler 2>/dev/null\n\
         PAT store <new; PAT store <other; PAT get <get; CLI list --keychain vault\n\
         find data -name '.new-*'\n\
         CLI unlock --new-key <passphrase; PAT get <get\n\
         rm data/filler; PAT store <other && CLI list --keychain vault"
    );
    let ran = with_mounts(&sandbox, &script);
    let full = "store: the disk is full, nothing was changed\nhint: make room, then repeat";
    assert_eq!(ran.stderr().matches(full).count(), 2, "{ran}");
    assert!(ran.stderr().contains("unlock: the disk is full"), "{ran}");
    let answer = format!("username=alice\npassword={OLD}\n");
    assert_eq!(ran.stdout().matches(&answer).count(), 2, "{ran}");
    assert!(!ran.stdout().contains(".new-"), "{ran}");
    assert!(!ran.stderr().contains("left out"), "{ran}");
    assert!(ran.stdout().contains("other.example"), "{ran}");
}

#[test]
fn a_read_only_vault_is_read() {
    let sandbox = Sandbox::new();
    with_requests(&sandbox);
    let script = format!(
        "mount -t tmpfs none data && {CONFIGURE} 2>/dev/null && PAT store <old\n\
         mount -o remount,ro data; PAT get <get; PAT store <new; PAT erase <old"
    );
    let ran = with_mounts(&sandbox, &script);
    assert!(ran.stdout().ends_with(&format!("username=alice\npassword={OLD}\n")), "{ran}");
    let message = "the vault is on a read-only file system";
    for operation in ["store", "erase"] {
        assert!(ran.stderr().contains(&format!("{operation}: {message}")), "{ran}");
    }
}

#[test]
fn a_passphrase_is_not_tried_where_the_memory_for_it_is_not_there() {
    let sandbox = Sandbox::new();
    with_requests(&sandbox);
    write(&sandbox, "memory", "MemAvailable:     102400 kB\n");
    let little = "mount --bind memory /proc/meminfo";
    let script = format!(
        "{CONFIGURE} 2>/dev/null; CLI lock; {little}\n\
         CLI unlock <passphrase; {}; (cat passphrase; echo; cat passphrase) >both\n\
         CLI unlock --change-passphrase <both; PAT store <old; PAT get <get",
        CONFIGURE.replace("--low-memory", "").replace("configure", "configure --dry-run"),
    );
    let ran = with_mounts(&sandbox, &script);
    assert!(ran.stderr().contains("unlock: the vault is unlocked"), "35 MB are there: {ran}");
    let message =
        "to try the passphrase takes 264 MB of memory, and 100 MB are free\nhint: free so";
    assert!(ran.stderr().contains(&format!("unlock: {message}")), "{ran}");
    assert!(ran.stdout().ends_with(&format!("username=alice\npassword={OLD}\n")), "{ran}");

    let sandbox = Sandbox::new();
    with_requests(&sandbox);
    write(&sandbox, "memory", "MemAvailable:     102400 kB\n");
    let script = format!("{little}; {}", CONFIGURE.replace("--low-memory", ""));
    let ran = with_mounts(&sandbox, &script);
    assert!(ran.stderr().contains(&format!("configure: {message}")), "{ran}");
    assert!(!sandbox.path("data/git-credential-pat/vault/format").exists());
    let ran = with_mounts(&sandbox, &format!("{little}; {CONFIGURE}"));
    assert!(ran.status.success(), "{ran}");
}

#[test]
fn a_planted_identity_cannot_ask_for_all_the_memory() {
    let server = ServerHome::new();
    let identity = fs::read(server.file("identity.age")).unwrap();
    let text = String::from_utf8_lossy(&identity[..90]).into_owned();
    let at = text.find(" 15\n").unwrap() + 1;
    let planted = [&identity[..at], b"22", &identity[at + 2..]].concat();
    fs::write(server.file("identity.age"), planted).unwrap();
    let ran = server.types("unlock", PASSPHRASE);
    ran.fails(1, "the vault's identity.age asks for more than 1,024 MB of memory\nhint: restore");
    fs::write(server.file("identity.age"), b"rubbish").unwrap();
    server.types("unlock", PASSPHRASE).fails(1, "the vault's identity.age is damaged");
    fs::remove_file(server.file("identity.age")).unwrap();
    server.types("unlock", PASSPHRASE).fails(1, "the vault has no identity.age");
}

#[test]
fn a_folder_in_which_others_can_write_is_not_used() {
    let server = ServerHome::new();
    server.store(HOST, OLD);
    let set = |name: &str, mode| {
        fs::set_permissions(server.file(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    for mode in [0o770, 0o702, 0o777] {
        set("", mode);
        for (operation, request) in [("get", request(HOST)), ("store", alice(HOST, NEW))] {
            let ran = server.helper(operation, &request);
            ran.fails(1, "others can write to the vault's folder\nhint: chmod 700 it");
        }
    }
    // A user who may only look learns no more than a thief of the folder would.
    set("", 0o755);
    assert_eq!(server.get(HOST).as_deref(), Some(OLD));
    let item = server.items().remove(0);
    fs::set_permissions(&item, fs::Permissions::from_mode(0o620)).unwrap();
    let ran = server.helper("get", &request(HOST));
    ran.fails(1, "a file in the vault belongs to another user, or others can write to it");
}

/// The test needs root, who alone can give files away.
#[test]
fn another_users_vault_is_not_used() {
    if !rustix::process::getuid().is_root() {
        return;
    }
    let server = ServerHome::new();
    server.store(HOST, OLD);
    chown(server.place(), Some(4242), None).unwrap();
    for (operation, request) in [("get", request(HOST)), ("store", alice(HOST, NEW))] {
        let ran = server.helper(operation, &request);
        ran.fails(1, "the vault's folder belongs to another user\nhint: run it as that user");
    }
    server.types("configure --keychain vault --yes", "").fails(1, "belongs to another user");
    chown(server.place(), Some(0), None).unwrap();
    chown(server.items()[0].clone(), Some(4242), None).unwrap();
    server.helper("get", &request(HOST)).fails(1, "a file in the vault belongs to another user");
}

/// Runs an operation in which these calls fail.
fn with_failing(server: &ServerHome, calls: &str, operation: &str, request: &str) -> Ran {
    let mut command = server.sandbox.command(program("strace", "strace"));
    command.args(["-qq", "-o", "/dev/null"]);
    for call in calls.split(' ') {
        command.args(["-e", &format!("inject={call}")]);
    }
    command.args([BINARY, "--keychain", "vault", operation]);
    run(command, request.as_bytes())
}

#[test]
fn every_error_of_the_disk_has_its_message_and_changes_nothing() {
    let server = ServerHome::new();
    server.store(HOST, OLD);
    for (error, message) in [
        ("EDQUOT", "the disk quota is used up, nothing was changed\nhint: make room"),
        ("ENOSPC", "the disk is full, nothing was changed\nhint: make room"),
        ("EIO", "the keychain failed: the system gives the number 5"),
    ] {
        for call in ["fsync", "renameat"] {
            let calls = format!("{call}:error={error}");
            with_failing(&server, &calls, "store", &alice(HOST, NEW)).fails(1, message);
            assert_eq!(server.get(HOST).as_deref(), Some(OLD), "{calls}");
        }
    }
    let refused =
        with_failing(&server, "mkdirat:error=EACCES", "store", &alice("new.example", NEW));
    refused.fails(1, "access to the vault's folder is denied\nhint: it must be its owner's");
    assert_eq!(server.everything().len(), 4, "{:?}", server.everything());
}

/// A file server gives this error to a client with an old handle.
#[test]
fn a_file_that_a_server_lost_is_looked_for_once_more() {
    let server = ServerHome::new();
    server.store(HOST, OLD);
    let item = server.items().remove(0);
    let name = item.strip_prefix(server.place()).unwrap().to_str().unwrap().to_owned();
    let stale = |when: &str| {
        let mut command = server.sandbox.command(program("strace", "strace"));
        command.args(["-qq", "-o", "/dev/null", "-P", &name, "-e"]);
        command.arg(format!("inject=openat:error=ESTALE:when={when}"));
        command.args([BINARY, "--keychain", "vault", "get"]);
        run(command, request(HOST).as_bytes())
    };
    stale("1").prints(&format!("username=alice\npassword={OLD}\n"));
    stale("1+").fails(1, "the file server lost the vault's file\nhint: repeat the command");
}

#[test]
fn where_there_are_no_locks_one_write_is_still_whole_and_the_key_stays() {
    let server = ServerHome::new();
    let store = with_failing(&server, "flock:error=ENOLCK", "store", &alice(HOST, OLD));
    store.prints("");
    assert_eq!(server.get(HOST).as_deref(), Some(OLD));
    let mut command = server.sandbox.command(program("strace", "strace"));
    command.args(["-qq", "-o", "/dev/null", "-e", "inject=flock:error=ENOLCK"]);
    command.args([BINARY, "unlock", "--new-key"]);
    let ran = run(command, PASSPHRASE.as_bytes());
    ran.fails(1, "the vault cannot be kept to this process: its file system has no locks");
    assert_eq!(server.get(HOST).as_deref(), Some(OLD));
    // On a terminal a person is told.
    fs::write(server.sandbox.path("new"), alice(HOST, NEW)).unwrap();
    let terminal = server.on_terminal(
        "strace -qq -o /dev/null -e inject=flock:error=ENOLCK PAT --keychain vault store <new",
    );
    let (_, screen) = terminal.ends();
    assert!(screen.contains("vault: its file system has no locks: of two writes at"), "{screen}");
}
