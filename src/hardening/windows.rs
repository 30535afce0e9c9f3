//! The measures on Windows.
//!
//! | on Unix | here |
//! |---|---|
//! | no core dumps | no error reports: a fault ends the process at once, and nobody is asked |
//! | not dumpable | an access list by which no other process of the user may open this one to read it |
//! | | no strangers' libraries: none from the network, none that hooks or extensions bring |
//!
//! They do not keep out the kernel, nor anybody who may debug every process (administrators, by
//! `SeDebugPrivilege`). git, which started this process, has a handle that this does not touch.
#![allow(unsafe_code, reason = "none of these calls has a safe wrapper")]

use std::ffi::c_void;
use std::ptr::null_mut;
use windows_sys::Win32::Foundation::LocalFree;
use windows_sys::Win32::Security::Authorization::{
    ConvertStringSecurityDescriptorToSecurityDescriptorW, SDDL_REVISION_1,
};
use windows_sys::Win32::Security::{DACL_SECURITY_INFORMATION, SetKernelObjectSecurity};
use windows_sys::Win32::System::Diagnostics::Debug::{
    SEM_FAILCRITICALERRORS, SEM_NOGPFAULTERRORBOX, SetErrorMode,
};
use windows_sys::Win32::System::ErrorReporting::{WER_FAULT_REPORTING_FLAG_NOHEAP, WerSetFlags};
use windows_sys::Win32::System::LibraryLoader::{
    LOAD_LIBRARY_SEARCH_SYSTEM32, SetDefaultDllDirectories,
};
use windows_sys::Win32::System::Threading::{
    GetCurrentProcess, PROCESS_MITIGATION_POLICY, ProcessExtensionPointDisablePolicy,
    ProcessImageLoadPolicy, SetProcessMitigationPolicy,
};

/// A protected list, with nothing inherited. The system may do everything. The owner, and processes
/// in the owner's name, may wait for the process, end it and see that it is there (`SYNCHRONIZE`,
/// `PROCESS_TERMINATE`, `PROCESS_QUERY_LIMITED_INFORMATION`), and may not change this list.
const ACCESS: &str = "D:P(A;;GA;;;SY)(A;;0x101001;;;OW)";

/// Turns error reports off, which would hold the memory, and keeps out libraries that this program
/// does not ask for.
pub(super) fn begin() {
    // SAFETY: the calls take flags and touch this process's settings only.
    unsafe {
        SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
        WerSetFlags(WER_FAULT_REPORTING_FLAG_NOHEAP);
        SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_SYSTEM32);
    }
    // `DisableExtensionPoints`; `NoRemoteImages`, `NoLowMandatoryLabelImages` and
    // `PreferSystem32Images`: the lowest bits of the two policies' flags.
    set_policy(ProcessExtensionPointDisablePolicy, 0b1);
    set_policy(ProcessImageLoadPolicy, 0b111);
}

fn set_policy(policy: PROCESS_MITIGATION_POLICY, flags: u32) {
    let flags_are = (&raw const flags).cast::<c_void>();
    // SAFETY: both policies are one `u32` of flags, `flags` is one and outlives the call.
    unsafe { SetProcessMitigationPolicy(policy, flags_are, size_of::<u32>()) };
}

/// Keeps other processes of the user from opening this one for reading.
pub(super) fn hide_memory() {
    let text: Vec<u16> = ACCESS.encode_utf16().chain([0]).collect();
    let mut descriptor = null_mut();
    // SAFETY: `text` ends with a NUL and outlives the call, which writes the address of memory
    // that is ours to `descriptor`; no length is asked for.
    let made = unsafe {
        let (text, place) = (text.as_ptr(), &raw mut descriptor);
        ConvertStringSecurityDescriptorToSecurityDescriptorW(
            text,
            SDDL_REVISION_1,
            place,
            null_mut(),
        )
    };
    if made == 0 {
        return;
    }
    // SAFETY: `descriptor` is what the call above has made, used before it is freed, and freed
    // once; the process's own handle needs no closing.
    unsafe {
        SetKernelObjectSecurity(GetCurrentProcess(), DACL_SECURITY_INFORMATION, descriptor);
        LocalFree(descriptor);
    }
}

/// Interrupts need no delay on Windows: Credential Manager answers at once, and asks nobody.
pub(crate) mod interrupts {
    use std::process::Command;

    /// The guard that delays a Ctrl-C on other systems.
    pub(crate) struct Held;

    /// Does nothing.
    pub(crate) fn hold() -> Held {
        Held
    }

    impl Held {
        /// Does nothing.
        #[expect(clippy::unused_self, reason = "it is needed where something is held up")]
        pub(crate) fn let_end(&self, _program: &mut Command) {}
    }
}
