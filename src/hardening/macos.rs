//! The measures on macOS.
//!
//! The limit that all of Unix has turns core dumps off. Another process of the user can read this
//! one's memory only with its task port, which the system gives to debuggers alone; and these are
//! turned away here.
#![allow(unsafe_code, reason = "PT_DENY_ATTACH has no safe wrapper")]

use std::ptr::null_mut;

/// Makes a debugger that attaches end itself, and one that is attached end this process.
pub(super) fn deny_debuggers() {
    // SAFETY: this request is about the calling process and uses none of the other arguments.
    unsafe { libc::ptrace(libc::PT_DENY_ATTACH, 0, null_mut(), 0) };
}
