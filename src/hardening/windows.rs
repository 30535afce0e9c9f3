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

/// Ctrl-C does nothing to this process while a half-done change must be undone. On Windows it does
/// not come later either.
pub(crate) mod interrupts {
    use crate::terminal::console;
    use std::process::Command;

    /// A guard: a Ctrl-C does nothing as long as it lives.
    pub(crate) struct Held;

    /// Makes a Ctrl-C do nothing.
    pub(crate) fn hold() -> Held {
        console::pass_over_interrupts(true);
        Held
    }

    impl Drop for Held {
        fn drop(&mut self) {
            console::pass_over_interrupts(false);
        }
    }

    impl Held {
        /// Does nothing.
        #[expect(clippy::unused_self, reason = "it is needed where something is held up")]
        pub(crate) fn let_end(&self, _program: &mut Command) {}
    }
}

/// Programs that we start and hand a secret to: a Ctrl-C at our console is not theirs, and they do
/// not outlive us.
pub(crate) mod children {
    use std::ffi::c_void;
    use std::os::windows::io::AsRawHandle;
    use std::os::windows::process::CommandExt;
    use std::process::{Child, Command};
    use std::ptr::null;
    use windows_sys::Win32::Foundation::{CloseHandle, HANDLE};
    use windows_sys::Win32::System::JobObjects::{
        AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
        JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation,
        SetInformationJobObject,
    };
    use windows_sys::Win32::System::Threading::CREATE_NEW_PROCESS_GROUP;

    /// Starts this program in a group of its own, in which a Ctrl-C does nothing.
    pub(crate) fn set_apart(program: &mut Command) {
        program.creation_flags(CREATE_NEW_PROCESS_GROUP);
    }

    /// The tie of a program to this process. What it has started may go on once it is dropped.
    pub(crate) struct Tie(HANDLE);

    /// Makes the system end this program when this process ends, however it ends. Returns nothing
    /// where the system does not let us.
    pub(crate) fn tie(child: &Child) -> Option<Tie> {
        // SAFETY: without a name and rights, the call reads no memory of ours.
        let job = unsafe { CreateJobObjectW(null(), null()) };
        if job.is_null() {
            return None;
        }
        let tie = Tie(job);
        tie.limit(JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE);
        // SAFETY: both handles are open: the job's as long as `tie`, the program's as `child`.
        let tied = unsafe { AssignProcessToJobObject(tie.0, child.as_raw_handle()) };
        (tied != 0).then_some(tie)
    }

    impl Tie {
        fn limit(&self, flags: u32) {
            let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
            limits.BasicLimitInformation.LimitFlags = flags;
            let length = u32::try_from(size_of_val(&limits)).unwrap_or_default();
            let limits = (&raw const limits).cast::<c_void>();
            // SAFETY: `limits` is what this kind of information takes, has this length and outlives
            // the call; the handle is open.
            unsafe {
                SetInformationJobObject(self.0, JobObjectExtendedLimitInformation, limits, length);
            }
        }
    }

    impl Drop for Tie {
        fn drop(&mut self) {
            self.limit(0);
            // SAFETY: the handle is open, ours, and closed once.
            unsafe { CloseHandle(self.0) };
        }
    }
}
