//! Ctrl-C, a hangup and a polite request to end wait while a half-done change must be undone,
//! whatever would end this process.
//!
//! A program that is started meanwhile inherits the delay, unless [`Held::let_end`] is called for
//! it.
#![allow(unsafe_code, reason = "signal masks have no safe wrapper in what we depend on")]

use std::mem::MaybeUninit;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::ptr::null_mut;

/// A guard: the signals wait as long as it lives; then one that came ends this process.
pub(crate) struct Held {
    before: libc::sigset_t,
}

/// Waits for one of the signals, which must be held already. Returns its number.
#[cfg(target_os = "linux")]
pub(crate) fn wait() -> libc::c_int {
    let held = set(&[libc::SIGINT, libc::SIGTERM, libc::SIGHUP]);
    let mut signal = 0;
    // SAFETY: both values are initialised, and the call keeps no pointer to either.
    unsafe { libc::sigwait(&raw const held, &raw mut signal) };
    signal
}

/// Makes the signals wait.
pub(crate) fn hold() -> Held {
    let held = set(&[libc::SIGINT, libc::SIGTERM, libc::SIGHUP]);
    let mut before = set(&[]);
    // SAFETY: both sets are initialised, and the call keeps no pointer to them.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const held, &raw mut before) };
    Held { before }
}

/// Lets all signals through to this thread, which inherited that they wait. It is for a process
/// between fork and exec: it makes one call and allocates nothing.
pub(super) fn let_through() {
    let none = set(&[]);
    // SAFETY: the set is initialised, and the call keeps no pointer to it.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const none, null_mut()) };
}

impl Held {
    /// Lets the signals end this program as they would have ended this process before.
    pub(crate) fn let_end(&self, program: &mut Command) {
        let before = self.before;
        let restore = move || {
            // SAFETY: the set is initialised, and the call keeps no pointer to it.
            unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, null_mut()) };
            Ok(())
        };
        // SAFETY: between fork and exec the closure makes one call, which is allowed there.
        unsafe { program.pre_exec(restore) };
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: the set is initialised, and the call keeps no pointer to it.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, null_mut()) };
    }
}

fn set(signals: &[libc::c_int]) -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: the call initialises the whole set.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    // SAFETY: it was initialised above.
    let mut set = unsafe { set.assume_init() };
    for &signal in signals {
        // SAFETY: the set is initialised, and the call keeps no pointer to it.
        unsafe { libc::sigaddset(&raw mut set, signal) };
    }
    set
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::hold;
    use std::fs;
    use std::process::Command;

    /// Returns which signals wait, one bit for each.
    fn waiting(status: &str) -> u64 {
        let line = status.lines().find_map(|line| line.strip_prefix("SigBlk:"));
        u64::from_str_radix(line.expect("a line").trim(), 16).expect("a number")
    }

    #[test]
    fn they_wait_for_a_while_and_in_this_process_alone() {
        let here = || waiting(&fs::read_to_string("/proc/thread-self/status").expect("a file"));
        let signals = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];
        let all = signals.iter().fold(0_u64, |bits, signal| bits | 1 << (signal - 1));
        let before = here();
        assert_eq!(before & all, 0);
        let held = hold();
        assert_eq!(here(), before | all);
        let mut program = Command::new("cat");
        program.arg("/proc/self/status");
        held.let_end(&mut program);
        let output = program.output().expect("a run").stdout;
        assert_eq!(waiting(&String::from_utf8_lossy(&output)), before);
        drop(held);
        assert_eq!(here(), before);
    }
}
