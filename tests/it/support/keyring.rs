//! A user keyring of each test's own.
//!
//! The kernel has one for each user in each user namespace. So a test makes itself a namespace in
//! which users and groups have the same numbers as outside, and the commands that it starts enter
//! it. There they find an empty user keyring, which goes when the namespace does. Where the system
//! allows no such namespace, a test uses the user's keyring, under a [label](super::label).
#![allow(unsafe_code, reason = "what a child does before it becomes a program has no safe wrapper")]

use std::env;
use std::ffi::{c_int, c_long};
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock};

/// The variable that says that this process has the surroundings that its test needs, and whether
/// its user keyring is the test's own.
const MARK: &str = "GIT_CREDENTIAL_PAT_ELSEWHERE";

/// The value of [`MARK`] where the keyring is the test's own.
const OWN: &str = "own";

/// The namespace of a test's keyring, see the [module](self). None stands for this process's own.
#[derive(Clone)]
pub struct Keyring(Option<Arc<File>>);

thread_local! {
    /// Every test has a thread, and so a keyring, of its own.
    static OF_THIS_TEST: Keyring = Keyring::new();
}

impl Keyring {
    /// Returns the keyring of the test that this thread runs.
    pub fn of_this_test() -> Self {
        OF_THIS_TEST.with(Self::clone)
    }

    fn new() -> Self {
        static IS_ALLOWED: OnceLock<bool> = OnceLock::new();
        if env::var_os(MARK).is_some() || IS_ALLOWED.get() == Some(&false) {
            return Self(None);
        }
        let own = Self(new_namespace().ok().map(Arc::new));
        let is_allowed = *IS_ALLOWED.get_or_init(|| {
            let mut command = Command::new("true");
            own.enter(&mut command);
            own.is_own() && command.status().is_ok_and(|status| status.success())
        });
        if is_allowed { own } else { Self(None) }
    }

    /// Returns whether nobody else uses it.
    pub fn is_own(&self) -> bool {
        self.0.is_some() || env::var_os(MARK).is_some_and(|mark| mark == OWN)
    }

    /// Makes a command run with this keyring as its user's.
    pub fn enter(&self, command: &mut Command) {
        let Some(namespace) = self.0.clone() else { return };
        let enter = move || {
            // SAFETY: the descriptor is open as long as this closure lives.
            succeeded(unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWUSER) }.into())?;
            // A login gives the same: a session keyring that leads to the user's.
            keyctl(libc::KEYCTL_JOIN_SESSION_KEYRING, 0, 0)?;
            keyctl(libc::KEYCTL_LINK, libc::KEY_SPEC_USER_KEYRING, libc::KEY_SPEC_SESSION_KEYRING)
        };
        // SAFETY: the closure makes system calls and allocates nothing.
        unsafe { command.pre_exec(enter) };
    }
}

/// Runs this very test again, by a command that makes the surroundings it needs, unless it has them
/// already. Returns whether that was done.
pub fn elsewhere(test: &str, command: impl FnOnce() -> Command) -> bool {
    if env::var_os(MARK).is_some() {
        return false;
    }
    let mut command = command();
    let mark = if Keyring::of_this_test().is_own() { OWN } else { "shared" };
    command.arg(env::current_exe().unwrap()).args(["--exact", test]).env(MARK, mark);
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && printed.contains("1 passed"), "{output:?}");
    true
}

/// Runs this very test again with its process in the test's keyring. Returns whether that was done.
pub fn in_own_keyring(test: &str) -> bool {
    elsewhere(test, || {
        let mut command = Command::new("env");
        Keyring::of_this_test().enter(&mut command);
        command
    })
}

fn new_namespace() -> io::Result<File> {
    // The child waits until the namespace is open here.
    let mut command = Command::new("cat");
    command.stdin(Stdio::piped()).stdout(Stdio::null());
    // SAFETY: the call takes a number.
    let leave = || succeeded(unsafe { libc::unshare(libc::CLONE_NEWUSER) }.into());
    // SAFETY: the closure makes a system call and allocates nothing.
    let mut child = unsafe { command.pre_exec(leave) }.spawn()?;
    let namespace = opened(&child);
    drop(child.stdin.take());
    child.wait()?;
    namespace
}

/// Opens the namespace of a process, and maps every user and group in it to itself.
fn opened(child: &Child) -> io::Result<File> {
    let path = |name: &str| format!("/proc/{}/{name}", child.id());
    for (name, own) in [
        ("gid_map", rustix::process::getegid().as_raw()),
        ("uid_map", rustix::process::geteuid().as_raw()),
    ] {
        let all = fs::read_to_string(format!("/proc/self/{name}"))?;
        let same = |line: &str| {
            let mut numbers = line.split_whitespace();
            let (first, count) = (numbers.next()?, numbers.nth(1)?);
            Some(format!("{first} {first} {count}\n"))
        };
        let all: String = all.lines().filter_map(same).collect();
        // A user who is not root may map only themself.
        fs::write(path(name), all).or_else(|_| {
            fs::write(path("setgroups"), "deny")?;
            fs::write(path(name), format!("{own} {own} 1\n"))
        })?;
    }
    File::open(path("ns/user"))
}

fn keyctl(operation: u32, first: c_int, second: c_int) -> io::Result<()> {
    let [operation, first, second] = [operation.cast_signed(), first, second].map(c_long::from);
    // SAFETY: the call takes numbers, and a name that may be null.
    succeeded(unsafe { libc::syscall(libc::SYS_keyctl, operation, first, second) })
}

fn succeeded(result: c_long) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
