//! The four calls of the Credential Manager, and their errors.
//!
//! The memory that they give is wiped before it is freed, even where only a name was asked for: an
//! enumeration brings every token along.
#![allow(unsafe_code, reason = "the calls have no safe wrapper that keeps our rules")]

use crate::error::Error;
use std::ffi::c_void;
use std::ptr::null_mut;
use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_FILE_NOT_FOUND, ERROR_KEY_DELETED, ERROR_NO_SUCH_LOGON_SESSION,
    ERROR_NOT_FOUND, GetLastError, WIN32_ERROR,
};
use windows_sys::Win32::Security::Credentials::{
    CRED_MAX_CREDENTIAL_BLOB_SIZE, CRED_MAX_GENERIC_TARGET_NAME_LENGTH, CRED_MAX_USERNAME_LENGTH,
    CRED_PERSIST_LOCAL_MACHINE, CRED_TYPE_GENERIC, CREDENTIALW, CredDeleteW, CredEnumerateW,
    CredFree, CredReadW, CredWriteW,
};
use zeroize::{Zeroize, Zeroizing};

/// The error of a service that is not there, as the calls give it.
const RPC_S_SERVER_UNAVAILABLE: WIN32_ERROR = 1722;

/// The most bytes that one credential holds.
pub(super) const MAX_BLOB: usize = CRED_MAX_CREDENTIAL_BLOB_SIZE as usize;

/// How often an enumeration begins again, because a credential went away during it.
const TRIES: usize = 8;

/// Returns the content of the credential of this name, or nothing where there is none, or where
/// Wine was killed while it made one.
///
/// # Errors
/// Where the Credential Manager cannot be asked.
pub(super) fn read(name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    let Ok(name) = wide(name) else { return Ok(None) };
    let mut credential = null_mut();
    // SAFETY: `name` ends with a NUL and outlives the call, which writes an address to
    // `credential` where it succeeds, and nothing else.
    if unsafe { CredReadW(name.as_ptr(), CRED_TYPE_GENERIC, 0, &raw mut credential) } == 0 {
        return match last_error() {
            ERROR_NOT_FOUND | ERROR_KEY_DELETED | ERROR_FILE_NOT_FOUND => Ok(None),
            code => Err(convert(code)),
        };
    }
    // SAFETY: the call has succeeded: `credential` is one that it has made, now ours alone.
    let memory = unsafe { Memory::of_one(credential) };
    Ok(memory.blobs().next().map(|blob| Zeroizing::new(blob.to_vec())))
}

/// Returns the names of all generic credentials that begin so, in upper or lower case.
///
/// # Errors
/// Where the Credential Manager cannot be asked.
pub(super) fn names(begin: &str) -> Result<Vec<String>, Error> {
    let Ok(filter) = wide(&format!("{begin}*")) else { return Ok(Vec::new()) };
    for _ in 0..TRIES {
        let (mut count, mut array) = (0, null_mut());
        // SAFETY: `filter` ends with a NUL and outlives the call, which writes a number and an
        // address to the other two where it succeeds, and nothing else.
        if unsafe { CredEnumerateW(filter.as_ptr(), 0, &raw mut count, &raw mut array) } != 0 {
            // SAFETY: the call has succeeded: `array` has so many credentials, now ours alone.
            let memory = unsafe { Memory::of_many(array, count) };
            return Ok(memory.names().collect());
        }
        match last_error() {
            ERROR_NOT_FOUND => return Ok(Vec::new()),
            ERROR_KEY_DELETED => {}
            code => return Err(convert(code)),
        }
    }
    Err(Error::Transient("its items change too fast to be listed"))
}

/// Writes a credential, in place of the one that has this name. The username is for people; a
/// username that is too long is left out.
///
/// # Errors
/// Where it could not be written.
pub(super) fn write(name: &str, username: &str, blob: &[u8]) -> Result<(), Error> {
    let mut name = wide(name)?;
    let mut username = wide(username)?;
    // Like the limit, the length here counts the NUL at the end.
    if username.len() > CRED_MAX_USERNAME_LENGTH as usize {
        username = vec![0];
    }
    #[cfg(test)]
    death::is_near()?;
    let mut blob = Zeroizing::new(blob.to_vec());
    let credential = CREDENTIALW {
        Type: CRED_TYPE_GENERIC,
        TargetName: name.as_mut_ptr(),
        CredentialBlobSize: u32::try_from(blob.len()).map_err(|_| Error::TooLong)?,
        CredentialBlob: blob.as_mut_ptr(),
        Persist: CRED_PERSIST_LOCAL_MACHINE,
        UserName: username.as_mut_ptr(),
        ..CREDENTIALW::default()
    };
    // SAFETY: `credential` and what it points to (two texts that end with a NUL, and bytes with
    // their number) outlive the call, which keeps no pointer.
    if unsafe { CredWriteW(&raw const credential, 0) } == 0 {
        return Err(convert(last_error()));
    }
    Ok(())
}

/// Deletes a credential. It is no error if there is none.
///
/// # Errors
/// Where it could not be deleted.
pub(super) fn delete(name: &str) -> Result<(), Error> {
    #[cfg(test)]
    death::is_near()?;
    let Ok(name) = wide(name) else { return Ok(()) };
    // SAFETY: `name` ends with a NUL and outlives the call.
    if unsafe { CredDeleteW(name.as_ptr(), CRED_TYPE_GENERIC, 0) } == 0 {
        return match last_error() {
            ERROR_NOT_FOUND | ERROR_KEY_DELETED => Ok(()),
            code => Err(convert(code)),
        };
    }
    Ok(())
}

/// Credentials in memory of the Credential Manager, wiped and freed when dropped.
struct Memory {
    block: *const c_void,
    credentials: Vec<CREDENTIALW>,
}

impl Memory {
    /// # Safety
    /// `credential` is what `CredReadW` gave, and nobody else uses or frees it.
    unsafe fn of_one(credential: *mut CREDENTIALW) -> Self {
        // SAFETY: by the caller's word it is a credential. Wine does not align them.
        let credentials = vec![unsafe { credential.read_unaligned() }];
        Self { block: credential.cast(), credentials }
    }

    /// # Safety
    /// `array` and `count` are what `CredEnumerateW` gave, and nobody else uses or frees it.
    unsafe fn of_many(array: *mut *mut CREDENTIALW, count: u32) -> Self {
        // SAFETY: by the caller's word the array has `count` addresses of credentials, all of
        // them in the block that begins with it. Wine does not align them.
        let at = |index| unsafe { array.add(index).read_unaligned().read_unaligned() };
        Self { block: array.cast(), credentials: (0..count as usize).map(at).collect() }
    }

    fn blobs(&self) -> impl Iterator<Item = &[u8]> {
        self.credentials.iter().map(|credential| {
            let length = credential.CredentialBlobSize as usize;
            if credential.CredentialBlob.is_null() {
                return &[][..];
            }
            // SAFETY: a credential says where its blob lies and how long it is; that memory is
            // freed when `self` is dropped, and until then nobody writes to it.
            unsafe { std::slice::from_raw_parts(credential.CredentialBlob, length) }
        })
    }

    fn names(&self) -> impl Iterator<Item = String> {
        let generic = self.credentials.iter().filter(|one| one.Type == CRED_TYPE_GENERIC);
        generic.filter_map(|credential| {
            let start = credential.TargetName.cast_const();
            if start.is_null() {
                return None;
            }
            let longest = CRED_MAX_GENERIC_TARGET_NAME_LENGTH as usize;
            // SAFETY: a target name ends with a NUL, and nothing after it is read; the memory
            // is freed when `self` is dropped.
            let unit = |index| unsafe { start.add(index).read_unaligned() };
            let units: Vec<u16> = (0..=longest).map(unit).take_while(|&unit| unit != 0).collect();
            String::from_utf16(&units).ok()
        })
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        for credential in &self.credentials {
            let length = credential.CredentialBlobSize as usize;
            if !credential.CredentialBlob.is_null() {
                // SAFETY: as in `blobs`; the slice that was made there is gone with `self`'s
                // last borrower.
                let blob =
                    unsafe { std::slice::from_raw_parts_mut(credential.CredentialBlob, length) };
                blob.zeroize();
            }
        }
        // SAFETY: `block` is what a call gave to be freed by this one, and is freed once.
        unsafe { CredFree(self.block) };
    }
}

/// Returns a text as Windows takes it. No credential has a name that is too long for it.
fn wide(text: &str) -> Result<Vec<u16>, Error> {
    let units: Vec<u16> = text.encode_utf16().chain([0]).collect();
    if units.len() > CRED_MAX_GENERIC_TARGET_NAME_LENGTH as usize {
        return Err(Error::TooLong);
    }
    Ok(units)
}

fn last_error() -> WIN32_ERROR {
    // SAFETY: the call takes nothing and gives a number of this thread's.
    unsafe { GetLastError() }
}

fn convert(code: WIN32_ERROR) -> Error {
    match code {
        ERROR_NO_SUCH_LOGON_SESSION => Error::NoLogonSession,
        ERROR_ACCESS_DENIED => Error::Denied,
        RPC_S_SERVER_UNAVAILABLE => {
            Error::Unreachable("the security service of Windows does not answer")
        }
        ERROR_NOT_FOUND | ERROR_KEY_DELETED => Error::Transient("an item is gone"),
        code => Error::System(i64::from(code)),
    }
}

/// The death of a process between two calls, for the tests: after it no call changes anything.
#[cfg(test)]
pub(super) mod death {
    use crate::error::Error;
    use std::cell::Cell;

    thread_local!(static CALLS_LEFT: Cell<Option<u32>> = const { Cell::new(None) });

    /// Lets this thread make so many calls that change something; none lets it live.
    pub(in super::super) fn after(calls: Option<u32>) {
        CALLS_LEFT.set(calls);
    }

    /// Returns whether one more call was wanted after the last that was allowed.
    pub(in super::super) fn has_come() -> bool {
        CALLS_LEFT.get() == Some(u32::MAX)
    }

    pub(super) fn is_near() -> Result<(), Error> {
        match CALLS_LEFT.get() {
            None => Ok(()),
            Some(0 | u32::MAX) => {
                CALLS_LEFT.set(Some(u32::MAX));
                Err(Error::Keychain("killed"))
            }
            Some(calls) => {
                CALLS_LEFT.set(Some(calls - 1));
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{convert, delete, names, read, write};
    use crate::error::Error;
    use windows_sys::Win32::Foundation::{
        ERROR_ACCESS_DENIED, ERROR_INVALID_PARAMETER, ERROR_NO_SUCH_LOGON_SESSION,
    };

    #[test]
    fn what_is_written_is_read_listed_and_deleted() {
        let name = format!("git-credential-pat-test:{} a", std::process::id());
        assert!(read(&name).is_ok_and(|blob| blob.is_none()));
        for blob in [&b"TESTONLY"[..], b"", b"TESTONLY2"] {
            write(&name, "alice", blob).expect("written");
            assert_eq!(read(&name).expect("read").as_deref().map(Vec::as_slice), Some(blob));
        }
        assert_eq!(names(&name[..name.len() - 1]).expect("names"), [name.as_str()]);
        delete(&name).expect("deleted");
        delete(&name).expect("gone already");
        assert!(names(&name).is_ok_and(|names| names.is_empty()));
    }

    #[test]
    fn a_username_that_is_too_long_is_left_out_and_a_name_refused() {
        let name = format!("git-credential-pat-test:{} b", std::process::id());
        write(&name, &"u".repeat(2_000), b"TESTONLY").expect("written");
        delete(&name).expect("deleted");
        assert!(matches!(write(&"n".repeat(40_000), "", b""), Err(Error::TooLong)));
        assert!(read(&"n".repeat(40_000)).is_ok_and(|blob| blob.is_none()));
    }

    #[test]
    fn what_went_wrong_is_told_apart() {
        assert_eq!(convert(ERROR_NO_SUCH_LOGON_SESSION), Error::NoLogonSession);
        assert_eq!(convert(ERROR_ACCESS_DENIED), Error::Denied);
        assert_eq!(
            convert(super::RPC_S_SERVER_UNAVAILABLE),
            Error::Unreachable("the security service of Windows does not answer")
        );
        assert_eq!(convert(ERROR_INVALID_PARAMETER), Error::System(87));
    }
}
