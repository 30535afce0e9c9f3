//! Programs that we start and hand a secret to: they ask nobody, and where the system can do it
//! they do not outlive us.
#![allow(unsafe_code, reason = "what is done between fork and exec has no safe wrapper")]

use super::interrupts;
use rustix::process::setsid;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Starts this program in a session of its own, without a terminal. On Linux it is told to end
/// when the thread that starts it ends.
pub(crate) fn set_apart(program: &mut Command) {
    #[cfg(target_os = "linux")]
    let parent = rustix::process::getpid();
    let begin = move || {
        setsid()?;
        // Otherwise it would not end with us where we make signals wait.
        interrupts::let_through();
        #[cfg(target_os = "linux")]
        {
            use rustix::process::{Signal, getppid, set_parent_process_death_signal};
            set_parent_process_death_signal(Some(Signal::TERM))?;
            // It may have been too late.
            if getppid() != Some(parent) {
                return Err(std::io::ErrorKind::BrokenPipe.into());
            }
        }
        Ok(())
    };
    // SAFETY: between fork and exec the closure makes system calls alone, and allocates nothing.
    unsafe { program.pre_exec(begin) };
}
