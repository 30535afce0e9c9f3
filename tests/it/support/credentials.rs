//! Names of a test's own in Windows' Credential Manager, and the credentials under them, seen
//! through calls that are not the helper's.
//!
//! All processes of a user share it, like the kernel's keyring on Unix.
#![allow(unsafe_code, reason = "Windows' own view has no safe wrapper")]

use super::label::Label;
use std::ptr::null_mut;
use std::sync::Mutex;
use windows_sys::Win32::Security::Credentials::{
    CRED_TYPE_GENERIC, CredDeleteW, CredEnumerateW, CredFree,
};

/// The keychain's name.
pub const KEYCHAIN: &str = "credential-manager";

/// The credentials whose name holds a label. They are removed when this is dropped.
pub struct Keys {
    label: Label,
    marked: Mutex<Vec<Seen>>,
}

/// A credential as Windows shows it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Seen {
    pub name: String,
    pub username: String,
    pub bytes: u32,
    written: (u32, u32),
}

impl Keys {
    /// Makes a label that no other test and no earlier run has.
    pub fn new() -> Self {
        Self::labelled(&Label::new().0)
    }

    /// Takes a given label.
    pub fn labelled(label: &str) -> Self {
        let keys = Self { label: Label(label.to_owned()), marked: Mutex::default() };
        keys.remove();
        keys
    }

    /// Returns a host's name that only this test uses.
    pub fn host(&self, name: &str) -> String {
        self.label.host(name)
    }

    /// Returns the label as three numbers that are not 0, for names that consist of numbers.
    pub fn number(&self) -> [u8; 3] {
        self.label.number()
    }

    /// Returns the accounts: contexts and usernames, e.g. `https://h.test/team alice`, in order.
    pub fn accounts(&self) -> Vec<String> {
        let names = self.seen().into_iter().filter_map(|seen| {
            let name = seen.name.strip_prefix("git-credential-pat:")?;
            Some(if name.contains(' ') { name.to_owned() } else { format!("{name} ") })
        });
        let mut accounts: Vec<String> = names.map(|name| unfolded(&name)).collect();
        accounts.sort();
        accounts
    }

    /// Returns the parts of longer credentials.
    pub fn parts(&self) -> Vec<Seen> {
        let mut parts = self.seen();
        parts.retain(|seen| seen.name.starts_with("git-credential-pat_part:"));
        parts
    }

    /// Remembers when each credential was written.
    pub fn mark_unwritten(&self) {
        *self.marked.lock().unwrap() = self.seen();
    }

    /// Returns whether every credential is as [`Self::mark_unwritten`] found it.
    pub fn are_unwritten(&self) -> bool {
        *self.marked.lock().unwrap() == self.seen()
    }

    /// Returns all credentials, in order.
    pub fn seen(&self) -> Vec<Seen> {
        let mut seen = all();
        seen.retain(|seen| seen.name.contains(&self.label.0));
        seen.sort();
        seen
    }

    fn remove(&self) {
        for seen in self.seen() {
            let name: Vec<u16> = seen.name.encode_utf16().chain([0]).collect();
            // SAFETY: `name` ends with a NUL and outlives the call.
            unsafe { CredDeleteW(name.as_ptr(), CRED_TYPE_GENERIC, 0) };
        }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Undoes the helper's escaping of capitals and of characters outside ASCII.
fn unfolded(name: &str) -> String {
    let mut pieces = name.split('^');
    let mut text = pieces.next().unwrap().to_owned();
    for piece in pieces {
        let number = piece.split_once(';').map(|(number, rest)| (number.parse::<u32>(), rest));
        if let Some((Ok(number), rest)) = number {
            text.push(char::from_u32(number).unwrap());
            text.push_str(rest);
        } else {
            text.push_str(&piece[..1].to_uppercase());
            text.push_str(&piece[1..]);
        }
    }
    text
}

/// Returns every credential of the user.
fn all() -> Vec<Seen> {
    let filter: Vec<u16> = "git-credential-pat*\0".encode_utf16().collect();
    for _ in 0..100 {
        let (mut count, mut array) = (0, null_mut());
        // SAFETY: the filter ends with a NUL; the call writes its results to the other two.
        if unsafe { CredEnumerateW(filter.as_ptr(), 0, &raw mut count, &raw mut array) } == 0 {
            const NOT_FOUND: i32 = 1168;
            if std::io::Error::last_os_error().raw_os_error() == Some(NOT_FOUND) {
                return Vec::new();
            }
            // A credential went away meanwhile.
            continue;
        }
        let seen = (0..count as usize).map(|index| {
            // SAFETY: the call gave so many credentials, which Wine does not align.
            let credential = unsafe { array.add(index).read_unaligned().read_unaligned() };
            let written = credential.LastWritten;
            Seen {
                name: text(credential.TargetName),
                username: text(credential.UserName),
                bytes: credential.CredentialBlobSize,
                written: (written.dwHighDateTime, written.dwLowDateTime),
            }
        });
        let seen = seen.collect();
        // SAFETY: the call gave it to be freed by this one, and nothing of it is kept.
        unsafe { CredFree(array.cast()) };
        return seen;
    }
    panic!("the credentials cannot be listed");
}

fn text(start: *const u16) -> String {
    if start.is_null() {
        return String::new();
    }
    // SAFETY: a text of Windows' ends with a NUL, and nothing after it is read.
    let unit = |index| unsafe { start.add(index).read_unaligned() };
    let units: Vec<u16> = (0..32_768).map(unit).take_while(|&unit| unit != 0).collect();
    String::from_utf16(&units).unwrap()
}
