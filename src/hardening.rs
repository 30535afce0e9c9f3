//! Measures that keep the process's memory to itself: a wiping allocator, no core dumps, no reading
//! by other processes of the same user, no fragments on the stack.
//!
//! They also make a terminal show again what is typed, whatever ends the process.
//!
//! All measures are best effort and none of them fails: a helper that could not harden itself is
//! still better than no helper. `SECURITY.md` says what this cannot do.

mod allocator;
#[cfg(unix)]
pub(crate) mod children;
#[cfg(target_os = "linux")]
pub(crate) mod code;
#[cfg(unix)]
pub(crate) mod echo;
#[cfg(unix)]
pub(crate) mod interrupts;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "linux")]
pub(crate) mod namespaces;
#[cfg(windows)]
mod windows;

#[cfg(windows)]
pub(crate) use windows::{children, interrupts};

pub use allocator::WipingAllocator;

use std::hint::black_box;
use std::io::{self, Write};

/// Turns core dumps off and makes a panic say only where it happened: its message may hold the data
/// that was being worked on.
pub fn begin() {
    no_core_dumps();
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|l| format!(" at {}:{}", l.file(), l.line()));
        let _ = writeln!(io::stderr(), "internal error{}", place.unwrap_or_default());
        // An abort follows, and on Windows it ends in an error report in spite of all settings.
        #[cfg(windows)]
        std::process::exit(101);
    }));
}

/// Keeps other processes of the user from reading this one's memory, from here on.
///
/// On Linux it also hides which program this is, and a password manager that asks its user
/// "may this program have the password" needs that. So a get calls it after the keychain's
/// first reply and before the secret arrives, everything else before a secret is read.
pub fn hide_memory() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    #[cfg(windows)]
    windows::hide_memory();
    #[cfg(target_os = "macos")]
    macos::deny_debuggers();
}

/// Overwrites the part of the stack that calls below the caller have used: ciphers leave blocks of
/// decrypted data there.
#[inline(never)]
pub fn wipe_stack() {
    // Nobody can tell that the zeros are not read, so that they are written.
    black_box(&mut [0u8; 16 * 1024]);
}

/// Wipes the remains of a finished operation on the stack. No secret may be in use any more. The
/// registers go when the process ends.
pub fn end() {
    wipe_stack();
}

#[cfg(unix)]
fn no_core_dumps() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}

#[cfg(windows)]
fn no_core_dumps() {
    windows::begin();
}

#[cfg(test)]
mod tests {
    use super::begin;
    use std::env;
    use std::process::Command;

    /// The panic happens in a child process, which the test starts.
    #[test]
    fn a_panic_says_where_and_never_what() {
        const PANICS: &str = "GIT_CREDENTIAL_PAT_TEST_PANICS";
        if env::var_os(PANICS).is_some() {
            begin();
            panic!("{}", ["ghp_TESTONLY", "panic"].concat());
        }
        let mut test = Command::new(env::current_exe().expect("this test's program"));
        let name = "hardening::tests::a_panic_says_where_and_never_what";
        test.args(["--exact", name, "--nocapture"]).env(PANICS, "");
        let output = test.output().expect("a run");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(said.contains("internal error at src/hardening.rs:"), "{said}");
        assert!(!said.contains("TESTONLY"), "{said}");
    }
}
