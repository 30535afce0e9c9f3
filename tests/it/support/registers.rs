//! All registers of a process that is stopped under our eyes, the vector ones in their whole
//! width: secrets are copied and compared in them.
#![allow(unsafe_code, reason = "the ptrace crate has no call for registers of this width")]

use nix::unistd::Pid;

/// `linux/elf.h`: every state component that XSAVE knows.
const NT_X86_XSTATE: libc::c_int = 0x202;

/// General registers, then the others.
const SETS: [libc::c_int; 2] = [libc::NT_PRSTATUS, NT_X86_XSTATE];

/// The registers' bytes, set after set.
pub fn registers(pid: Pid) -> Vec<u8> {
    SETS.into_iter().flat_map(|set| register_set(pid, set)).collect()
}

fn register_set(pid: Pid, set: libc::c_int) -> Vec<u8> {
    let mut bytes = vec![0_u8; 16 * 1024];
    let mut buffer = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: bytes.len() };
    // SAFETY: PTRACE_GETREGSET writes at most `iov_len` bytes to `iov_base`, which points to
    // as many, and the length written to `buffer`; both live until the call returns.
    let result =
        unsafe { libc::ptrace(libc::PTRACE_GETREGSET, pid.as_raw(), set, &raw mut buffer) };
    assert_eq!(result, 0, "PTRACE_GETREGSET: {}", std::io::Error::last_os_error());
    bytes.truncate(buffer.iov_len);
    bytes
}
