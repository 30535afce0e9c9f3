//! A file that is its owner's alone.
//!
//! It is opened without following a link and without waiting for the other end of a pipe. It is
//! checked once it is open, so that nobody can exchange it in between.
//!
//! - [`open`], [`is_owners_alone`], [`read`]: a file that a person names. [`open_secret`]: one that
//!   holds a secret for us, which root may have mounted.
//! - [`Folder`]: a folder of ours, and the files in it. [`lock`]: one process at a time.
//! - [`Replacement`]: new content for a file, all of it or none. [`rewrite`]: new content for a note
//!   whose loss does no harm.

mod folder;
#[cfg(target_os = "linux")]
mod mounted;
mod replacement;

pub(crate) use folder::Folder;
pub(crate) use replacement::{Replacement, Rights};

use std::fs::{File, TryLockError};
#[cfg(windows)]
use std::io::ErrorKind;
use std::io::{self, Read, Seek, Write};
#[cfg(unix)]
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// The reason why a file is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refusal {
    /// It is not there.
    Missing,
    /// It is a link.
    Link,
    /// It is a folder, a pipe, a device.
    NoFile,
    /// Others than its owner have access to it.
    Shared,
    /// Others than its owner have access to it, and its owner is another user.
    AnothersShared,
    /// It is a secret that root has mounted, and others can write it.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "nothing else mounts them"))]
    Writable,
    /// On the way to a mounted secret others can put another file in its place.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "nothing else mounts them"))]
    OpenFolder,
    /// On the way to a mounted secret is a folder or a link of another user.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "nothing else mounts them"))]
    AnothersWay,
    /// It holds more than it may.
    TooLong,
    /// The system does not let us open or read it.
    Unreadable,
}

/// The reason why a file is refused, and the part of its path to blame, if not the file itself.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Untrusted {
    pub(crate) refusal: Refusal,
    pub(crate) at: Option<PathBuf>,
}

impl From<Refusal> for Untrusted {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, at: None }
    }
}

/// Opens a file that holds a secret for us. It must be its owner's alone, and no link; or root must
/// have mounted it for us.
///
/// # Errors
/// Where it is neither of the two.
pub(crate) fn open_secret(path: &Path) -> Result<File, Untrusted> {
    let refusal = match open(path, Links::Refused) {
        Ok(file) if is_owners_alone(&file) => return Ok(file),
        Ok(file) if is_ours(&file) => Refusal::Shared,
        Ok(_) => Refusal::AnothersShared,
        Err(Refusal::Link) => Refusal::Link,
        Err(refusal) => return Err(refusal.into()),
    };
    #[cfg(target_os = "linux")]
    if let Some(file) = mounted::open(path)? {
        return Ok(file);
    }
    Err(refusal.into())
}

#[cfg(unix)]
fn is_ours(file: &File) -> bool {
    owner_and_mode(file).is_some_and(|(owner, _)| owner == rustix::process::geteuid().as_raw())
}

/// Returns true: on Windows, an owner does not say who may read a file.
#[cfg(windows)]
fn is_ours(_: &File) -> bool {
    true
}

/// The way to treat a link at the end of a path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Links {
    #[cfg_attr(not(test), allow(dead_code, reason = "whoever names a file may name a link"))]
    Followed,
    Refused,
}

/// Opens a regular file for reading.
///
/// # Errors
/// Where it is no regular file, or cannot be opened.
pub(crate) fn open(path: &Path, links: Links) -> Result<File, Refusal> {
    let file = opened(path, links)?;
    let metadata = file.metadata().map_err(|_| Refusal::Unreadable)?;
    match metadata.file_type() {
        // On Windows this can be the link itself.
        kind if kind.is_symlink() => Err(Refusal::Link),
        kind if kind.is_file() => Ok(file),
        _ => Err(Refusal::NoFile),
    }
}

#[cfg(unix)]
fn opened(path: &Path, links: Links) -> Result<File, Refusal> {
    use rustix::fs::{Mode, OFlags};
    use rustix::io::Errno;
    // A pipe must not make us wait before we see that it is one.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let no_link = if links == Links::Refused { OFlags::NOFOLLOW } else { OFlags::empty() };
    match rustix::fs::open(path, flags | no_link, Mode::empty()) {
        Ok(file) => Ok(file.into()),
        Err(Errno::LOOP) => Err(Refusal::Link),
        Err(Errno::NOENT) => Err(Refusal::Missing),
        Err(_) => Err(Refusal::Unreadable),
    }
}

#[cfg(windows)]
fn opened(path: &Path, links: Links) -> Result<File, Refusal> {
    use std::os::windows::fs::OpenOptionsExt;
    use windows_sys::Win32::Storage::FileSystem::FILE_FLAG_OPEN_REPARSE_POINT;
    let flags = if links == Links::Refused { FILE_FLAG_OPEN_REPARSE_POINT } else { 0 };
    let open = File::options().read(true).custom_flags(flags).open(path);
    open.map_err(|error| match error.kind() {
        ErrorKind::NotFound => Refusal::Missing,
        _ => Refusal::Unreadable,
    })
}

/// Returns whether nobody but its owner has any access to an open file.
#[cfg(unix)]
pub(crate) fn is_owners_alone(file: &File) -> bool {
    use rustix::fs::Mode;
    owner_and_mode(file).is_some_and(|(_, mode)| !mode.intersects(Mode::RWXG | Mode::RWXO))
}

/// Returns true: on Windows, more than a few bits say who may read a file.
#[cfg(windows)]
pub(crate) fn is_owners_alone(_: &File) -> bool {
    true
}

/// Returns the owner and the rights of an open file or folder.
#[cfg(unix)]
fn owner_and_mode(file: impl AsFd) -> Option<(u32, rustix::fs::Mode)> {
    let stat = rustix::fs::fstat(file).ok()?;
    Some((stat.st_uid, rustix::fs::Mode::from_raw_mode(stat.st_mode)))
}

/// Reads all of an open file, at most `limit` bytes, into memory that is wiped.
///
/// # Errors
/// [`Refusal::TooLong`] where it holds more, whatever length it states.
pub(crate) fn read(file: &File, limit: usize) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let length = file.metadata().map_err(|_| Refusal::Unreadable)?.len();
    // There is room for one byte more, so that the end is seen without growing.
    let room = usize::try_from(length).unwrap_or(limit).min(limit) + 1;
    let mut content = Zeroizing::new(Vec::with_capacity(room));
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    file.take(most).read_to_end(&mut content).map_err(|_| Refusal::Unreadable)?;
    if content.len() > limit { Err(Refusal::TooLong) } else { Ok(content) }
}

/// Writes this in the place of all that an open file holds, wherever it was read to. A process that
/// is ended meanwhile leaves a part of it: what must not be lost is for [`Replacement`].
///
/// # Errors
/// Where the file cannot be written.
pub(crate) fn rewrite(file: &mut File, content: &[u8]) -> io::Result<()> {
    file.rewind()?;
    file.set_len(0)?;
    file.write_all(content)
}

/// Locks an open file against every other process that locks it, until it is closed. Returns
/// whether that was possible in this time.
pub(crate) fn lock(file: &File, patience: Duration) -> bool {
    try_lock(file, patience).unwrap_or_default()
}

/// Locks a file like [`lock`], but tells a file that others hold from one that cannot be locked.
///
/// # Errors
/// Where its file system has no locks.
pub(crate) fn try_lock(file: &File, patience: Duration) -> io::Result<bool> {
    lock_with(|| file.try_lock(), patience)
}

/// Locks a file with others that do so, against those alone that use [`try_lock`].
///
/// # Errors
/// Where its file system has no locks.
pub(crate) fn try_lock_shared(file: &File, patience: Duration) -> io::Result<bool> {
    lock_with(|| file.try_lock_shared(), patience)
}

fn lock_with(
    attempt: impl Fn() -> Result<(), TryLockError>,
    patience: Duration,
) -> io::Result<bool> {
    let deadline = Instant::now() + patience;
    loop {
        match attempt() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                thread::sleep(Duration::from_millis(2));
            }
            Err(TryLockError::WouldBlock) => return Ok(false),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Links, Refusal, lock, open, read, rewrite};
    use std::fs;
    use std::io::{Read, Seek};
    use std::time::Duration;

    #[test]
    fn no_more_is_read_than_there_may_be() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        fs::write(&path, "0123456789").expect("a file");
        let read = |limit| open(&path, Links::Refused).and_then(|file| read(&file, limit));
        assert_eq!(read(10).expect("all of it").as_slice(), b"0123456789");
        assert_eq!(read(9).map(|_| ()), Err(Refusal::TooLong));
        let missing = open(&folder.path().join("other"), Links::Followed).map(|_| ());
        assert_eq!(missing, Err(Refusal::Missing));
    }

    #[test]
    fn what_is_written_anew_has_nothing_left_of_what_was_there() {
        let mut file = tempfile::tempfile().expect("a file");
        for content in ["long before", "short"] {
            rewrite(&mut file, content.as_bytes()).expect("a write");
            file.rewind().expect("the beginning");
            let mut text = String::new();
            file.read_to_string(&mut text).expect("text");
            assert_eq!(text, content);
        }
    }

    #[test]
    fn the_lock_is_one_at_a_time_and_waiting_for_it_ends() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lock");
        let file = || fs::File::options().create(true).append(true).open(&path).expect("a file");
        let (first, second) = (file(), file());
        assert!(lock(&first, Duration::ZERO));
        assert!(!lock(&second, Duration::from_millis(20)));
        drop(first);
        // The child of another test may hold a copy until its exec.
        assert!(lock(&second, Duration::from_secs(4)));
    }

    #[cfg(unix)]
    #[test]
    fn links_pipes_folders_and_what_others_may_read_are_told_apart() {
        use super::is_owners_alone;
        use std::os::unix::fs::{PermissionsExt, symlink};
        use std::process::Command;
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        fs::write(path("file"), "x").expect("a file");
        symlink(path("file"), path("link")).expect("a link");
        let made = Command::new("mkfifo").arg(path("pipe")).status();
        assert!(made.is_ok_and(|status| status.success()));
        fs::create_dir(path("folder")).expect("a folder");
        for (name, links, refusal) in [
            ("link", Links::Refused, Some(Refusal::Link)),
            ("link", Links::Followed, None),
            ("file", Links::Refused, None),
            ("pipe", Links::Followed, Some(Refusal::NoFile)),
            ("folder", Links::Refused, Some(Refusal::NoFile)),
        ] {
            assert_eq!(open(&path(name), links).err(), refusal, "{name}");
        }
        for (mode, alone) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false)] {
            fs::set_permissions(path("file"), fs::Permissions::from_mode(mode)).expect("rights");
            let file = open(&path("file"), Links::Refused).expect("a file");
            assert_eq!(is_owners_alone(&file), alone, "{mode:o}");
        }
    }
}
