//! Reads and changes the files in the vault's folder.
//!
//! ```text
//! $XDG_DATA_HOME/git-credential-pat/vault/   0700
//!     format                                 "1", and the check by which the vault knows its key
//!     identity.age                           that key, encrypted; may be absent
//!     next.age                               another key, while it replaces the first one
//!     lock                                   empty
//!     items/CONTEXT/ACCOUNT.age              0600, named by keyed digests
//! ```
//!
//! A file is replaced in one step: the new one is written beside it, synced to the disk and
//! renamed, and the folder is synced as well. A later write removes the unfinished files of
//! processes that died. A file or folder that belongs to another user, or that another can write,
//! is refused.

use crate::error::{Error, VaultTrouble};
use crate::hex;
use crate::keychain::random::random;
use crate::state_folder;
use rustix::fs::{self, AtFlags, Dir, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The names of files in the vault's folder.
pub(super) const FORMAT: &str = "format";
pub(super) const IDENTITY: &str = "identity.age";
pub(super) const NEXT: &str = "next.age";
pub(super) const LOCK: &str = "lock";
pub(super) const ITEMS: &str = "items";

/// The beginning of the names of unfinished files.
const UNFINISHED: &str = ".new-";

/// The age at which an unfinished file counts as abandoned.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// A length in bytes that no file of ours reaches.
const MAX_FILE: usize = 128 * 1024;

/// The number of times that a write is tried, while its folder is removed again and again.
const TRIES: usize = 8;

const PRIVATE_FILE: Mode = Mode::RUSR.union(Mode::WUSR);
const PRIVATE_FOLDER: Mode = PRIVATE_FILE.union(Mode::XUSR);

/// The stamp of a file, see [`Folder::stamp`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    number: i128,
    length: i128,
    seconds: i128,
    nanoseconds: i128,
}

/// A vault's open folder.
pub(super) struct Folder {
    root: OwnedFd,
}

/// Returns the path of this user's vault.
///
/// # Errors
/// [`VaultTrouble::NoPlace`]
pub(super) fn place() -> Result<PathBuf, Error> {
    let data = state_folder::variable("XDG_DATA_HOME")
        .or_else(|| Some(state_folder::variable("HOME")?.join(".local/share")));
    Ok(data.ok_or(VaultTrouble::NoPlace)?.join("git-credential-pat").join("vault"))
}

impl Folder {
    /// Opens the folder at this path. Returns nothing where there is none.
    ///
    /// # Errors
    /// Where it cannot be opened, or is not its owner's alone.
    pub(super) fn open(path: &Path) -> Result<Option<Self>, Error> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = match again_if_stale(|| fs::open(path, flags, Mode::empty())) {
            Ok(root) => root,
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(trouble(errno)),
        };
        let stat = fs::fstat(&root).map_err(trouble)?;
        if !is_ours(&stat) {
            return Err(VaultTrouble::ForeignFolder.into());
        }
        if is_open(&stat) {
            return Err(VaultTrouble::OpenFolder.into());
        }
        Ok(Some(Self { root }))
    }

    /// Makes the folder, and those above it.
    ///
    /// # Errors
    /// Where the folder cannot be made; the errors of [`Self::open`].
    pub(super) fn make(path: &Path) -> Result<Self, Error> {
        for ancestor in path.ancestors().collect::<Vec<_>>().iter().rev() {
            match fs::mkdir(*ancestor, PRIVATE_FOLDER) {
                Ok(()) | Err(Errno::EXIST) => {}
                // For an existing folder the error may be that it is read-only, or another user's.
                Err(_) if ancestor.is_dir() => {}
                Err(errno) => return Err(trouble(errno)),
            }
        }
        Self::open(path)?.ok_or(Error::Vault(VaultTrouble::Absent))
    }

    /// Returns whether this file is on the same device.
    pub(super) fn is_beside(&self, file: &Path) -> bool {
        let stats = (fs::fstat(&self.root), fs::stat(file));
        matches!(stats, (Ok(own), Ok(other)) if own.st_dev == other.st_dev)
    }

    /// Returns a file's content, or nothing where there is no file.
    ///
    /// # Errors
    /// Where the file cannot be read, or others can write it. [`Error::Damaged`] where it is no
    /// regular file, empty, or too long to be ours.
    pub(super) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        let read = || {
            let file = fs::openat(&self.root, name, flags | OFlags::CLOEXEC, Mode::empty())?;
            let stat = fs::fstat(&file)?;
            let mut bytes = Vec::with_capacity(usize::try_from(stat.st_size).unwrap_or(0) + 1);
            if is_file(&stat) && bytes.capacity() <= MAX_FILE {
                let limit = u64::try_from(MAX_FILE).unwrap_or(u64::MAX);
                let read = File::from(file).take(limit).read_to_end(&mut bytes);
                read.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
            }
            Ok((stat, bytes))
        };
        let (stat, bytes) = match again_if_stale(read) {
            Ok(read) => read,
            Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
            Err(Errno::LOOP) => return Err(Error::Damaged),
            Err(errno) => return Err(trouble(errno)),
        };
        if !is_ours(&stat) || is_open(&stat) {
            return Err(VaultTrouble::OpenFile.into());
        }
        if !is_file(&stat) || bytes.is_empty() || bytes.len() >= MAX_FILE {
            return Err(Error::Damaged);
        }
        Ok(Some(bytes))
    }

    /// Returns a stamp that tells a file from every other that had its name, or nothing where there
    /// is no file.
    pub(super) fn stamp(&self, name: &str) -> Option<Stamp> {
        let stat = fs::statat(&self.root, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        Some(Stamp {
            number: stat.st_ino.into(),
            length: stat.st_size.into(),
            seconds: stat.st_mtime.into(),
            nanoseconds: stat.st_mtime_nsec.into(),
        })
    }

    /// Returns whether a file or folder has this name.
    ///
    /// # Errors
    /// Where that cannot be told.
    pub(super) fn has(&self, name: &str) -> Result<bool, Error> {
        match again_if_stale(|| fs::statat(&self.root, name, AtFlags::SYMLINK_NOFOLLOW)) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(false),
            Err(errno) => Err(trouble(errno)),
        }
    }

    /// Returns the names in a folder below, without hidden ones, or none where there is no such
    /// folder.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub(super) fn names(&self, folder: &str) -> Result<Vec<String>, Error> {
        let read = || {
            let folder = self.open_below(folder)?;
            let entries = Dir::read_from(folder)?.collect::<Result<Vec<_>, _>>()?;
            let names = entries.iter().filter_map(|entry| entry.file_name().to_str().ok());
            Ok(names.filter(|name| !name.starts_with('.')).map(ToOwned::to_owned).collect())
        };
        match again_if_stale(read) {
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(Vec::new()),
            names => names.map_err(trouble),
        }
    }

    /// Writes or replaces a file of the folder itself.
    ///
    /// # Errors
    /// Where it cannot be written. The old file is then unchanged.
    pub(super) fn replace(&self, name: &str, content: &[u8]) -> Result<(), Error> {
        put(self.root.as_fd(), name, content).map_err(trouble)
    }

    /// Writes or replaces a file in a folder of [`ITEMS`], which is made where it is missing.
    ///
    /// # Errors
    /// Where it cannot be written. The old file is then unchanged.
    pub(super) fn replace_item(&self, folder: &str, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let below = format!("{ITEMS}/{folder}");
        for _ in 0..TRIES {
            let is_new_root = self.make_below(ITEMS)?;
            let is_new = self.make_below(&below)?;
            // A delete in another process has removed the folder while it was empty.
            let written = self.open_below(&below).and_then(|into| put(into.as_fd(), name, bytes));
            if written == Err(Errno::NOENT) {
                continue;
            }
            if is_new {
                written.and_then(|()| sync(self.open_below(ITEMS)?.as_fd())).map_err(trouble)?;
            }
            if is_new_root {
                sync(self.root.as_fd()).map_err(trouble)?;
            }
            return written.map_err(trouble);
        }
        Err(trouble(Errno::NOENT))
    }

    /// Removes a file, and its folder if it was the last one in it. A missing file is no error.
    ///
    /// # Errors
    /// Where it cannot be removed.
    pub(super) fn remove_item(&self, folder: &str, name: &str) -> Result<(), Error> {
        let below = format!("{ITEMS}/{folder}");
        let remove = || {
            let from = self.open_below(&below)?;
            fs::unlinkat(&from, name, AtFlags::empty())?;
            sync(from.as_fd())
        };
        match again_if_stale(remove) {
            Err(Errno::NOENT) => return Ok(()),
            removed => removed.map_err(trouble)?,
        }
        // A folder in which other files are left stays.
        let _ = fs::unlinkat(&self.root, below, AtFlags::REMOVEDIR);
        Ok(())
    }

    /// Removes a file of the folder itself. A missing file is no error.
    ///
    /// # Errors
    /// Where it cannot be removed.
    pub(super) fn remove(&self, name: &str) -> Result<(), Error> {
        match fs::unlinkat(&self.root, name, AtFlags::empty()) {
            Ok(()) => sync(self.root.as_fd()).map_err(trouble),
            Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(trouble(errno)),
        }
    }

    /// Opens the file that processes lock, which is made where it is missing.
    ///
    /// # Errors
    /// Where it cannot be opened.
    pub(super) fn open_lock(&self) -> Result<File, Error> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        fs::openat(&self.root, LOCK, flags, PRIVATE_FILE).map(File::from).map_err(trouble)
    }

    /// Makes a folder below. Returns whether it was missing.
    fn make_below(&self, name: &str) -> Result<bool, Error> {
        match fs::mkdirat(&self.root, name, PRIVATE_FOLDER) {
            Ok(()) => Ok(true),
            Err(Errno::EXIST) => Ok(false),
            Err(errno) => Err(trouble(errno)),
        }
    }

    fn open_below(&self, name: &str) -> Result<OwnedFd, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        fs::openat(&self.root, name, flags, Mode::empty())
    }
}

/// Writes or replaces a file of this folder in one step.
fn put(folder: impl AsFd, name: &str, content: &[u8]) -> Result<(), Errno> {
    remove_abandoned(folder.as_fd());
    let mut unfinished = UNFINISHED.to_owned();
    hex::push(&mut unfinished, &*random::<8>().map_err(|_| Errno::IO)?);
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = fs::openat(&folder, &unfinished, flags, PRIVATE_FILE)?;
    let mut file = File::from(file);
    let written = file.write_all(content).and_then(|()| file.sync_all());
    let written = written.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO));
    let renamed = written.and_then(|()| fs::renameat(&folder, &unfinished, &folder, name));
    if renamed.is_err() {
        let _ = fs::unlinkat(&folder, &unfinished, AtFlags::empty());
    }
    renamed.and_then(|()| sync(folder.as_fd()))
}

/// Syncs a folder to the disk, where its file system can do that.
fn sync(folder: impl AsFd) -> Result<(), Errno> {
    match fs::fsync(folder) {
        Err(Errno::INVAL | Errno::NOTSUP) => Ok(()),
        result => result,
    }
}

/// Removes the unfinished files of processes that died.
fn remove_abandoned(folder: impl AsFd) {
    let Ok(entries) = Dir::read_from(folder.as_fd()) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if name.to_bytes().starts_with(UNFINISHED.as_bytes())
            && fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW).is_ok_and(|stat| is_old(&stat))
        {
            let _ = fs::unlinkat(&folder, name, AtFlags::empty());
        }
    }
}

fn is_old(stat: &Stat) -> bool {
    let changed = Duration::from_secs(u64::try_from(stat.st_mtime).unwrap_or_default());
    let changed = SystemTime::UNIX_EPOCH + changed;
    SystemTime::now().duration_since(changed).is_ok_and(|age| age > ABANDONED)
}

fn is_file(stat: &Stat) -> bool {
    fs::FileType::from_raw_mode(stat.st_mode) == fs::FileType::RegularFile
}

fn is_ours(stat: &Stat) -> bool {
    stat.st_uid == rustix::process::geteuid().as_raw()
}

fn is_open(stat: &Stat) -> bool {
    Mode::from_raw_mode(stat.st_mode).intersects(Mode::WGRP | Mode::WOTH)
}

/// Calls once more where a file server no longer knows an open file.
fn again_if_stale<T>(call: impl Fn() -> Result<T, Errno>) -> Result<T, Errno> {
    match call() {
        Err(Errno::STALE) => call(),
        result => result,
    }
}

fn trouble(errno: Errno) -> Error {
    let trouble = match errno {
        Errno::NOSPC => VaultTrouble::DiskFull,
        Errno::DQUOT => VaultTrouble::Quota,
        Errno::ROFS => VaultTrouble::ReadOnly,
        Errno::ACCESS | Errno::PERM => VaultTrouble::Forbidden,
        Errno::STALE => VaultTrouble::Stale,
        errno => return Error::System(errno.raw_os_error().into()),
    };
    trouble.into()
}
