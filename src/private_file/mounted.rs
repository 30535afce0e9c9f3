//! A secret that root has put into memory for us: orchestrators of containers mount such files, and
//! systemd gives them to a service.
//!
//! Such a file is root's, so we cannot take away the rights that others have. It is often reached
//! through links, so that it can be replaced in one step. It is accepted where nobody but root and
//! we could have put it there: it lies in memory (a `tmpfs` or a `ramfs`), only root can write it,
//! and every folder and link on the way to it is root's or ours.
//!
//! ```text
//! /etc/secrets            drwxrwxrwt root   others may write, but not replace what is root's
//! /etc/secrets/token   -> ..data/token      root's
//! /etc/secrets/..data  -> ..2027_01_31      root's
//! /etc/secrets/..2027_01_31/token   -rw-r--r-- root
//! ```
//!
//! A file of our own is accepted like this only on a read-only mount: elsewhere its rights can be
//! mended.

use super::{Refusal, Untrusted};
use rustix::fs::{FileType, FsWord, fstat, fstatfs, fstatvfs, openat, readlinkat};
use rustix::fs::{Mode, OFlags, Stat, StatVfsMountFlags};
use rustix::io::Errno;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path, PathBuf};

/// The most links to follow: as many as the system follows.
const MOST_LINKS: usize = 40;

const TMPFS: FsWord = 0x0102_1994;
#[allow(clippy::cast_lossless, clippy::cast_possible_wrap, reason = "as the system has the number")]
const RAMFS: FsWord = 0x8584_58f6_u32 as FsWord;

/// Opens a mounted secret for reading, or returns nothing where it is none and the usual rule
/// holds.
///
/// # Errors
/// Where it is one, but somebody else could have put it there.
pub(super) fn open(path: &Path) -> Result<Option<File>, Untrusted> {
    // This is a first look: when the file is opened for reading, it may be another one.
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) if is_mounted(&file) => Walk::begin(path)?.finish().map(Some),
        _ => Ok(None),
    }
}

/// Returns whether a file lies in memory, and is root's or cannot be changed by us.
fn is_mounted(file: impl AsFd) -> bool {
    let in_memory = fstatfs(&file).is_ok_and(|system| matches!(system.f_type, TMPFS | RAMFS));
    let is_its_owner = |stat: Stat| stat.st_uid == us();
    in_memory
        && fstat(&file).is_ok_and(|stat| {
            FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
                && if is_its_owner(stat) { is_read_only(&file) } else { stat.st_uid == ROOT }
        })
}

const ROOT: u32 = 0;

fn us() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Returns whether it is root's or ours.
fn is_trusted(stat: &Stat) -> bool {
    stat.st_uid == ROOT || stat.st_uid == us()
}

/// Returns whether others than its owner may write it.
fn is_writable(stat: &Stat) -> bool {
    Mode::from_raw_mode(stat.st_mode).intersects(Mode::WGRP | Mode::WOTH)
}

fn is_read_only(file: impl AsFd) -> bool {
    fstatvfs(file).is_ok_and(|mount| mount.f_flag.contains(StatVfsMountFlags::RDONLY))
}

/// The way to a file, from folder to folder.
struct Walk {
    folder: OwnedFd,
    /// The path of the folder.
    at: PathBuf,
    rest: VecDeque<OsString>,
    links: usize,
}

impl Walk {
    fn begin(path: &Path) -> Result<Self, Untrusted> {
        let start = if path.is_absolute() { "/" } else { "." };
        let folder = folder_at(rustix::fs::CWD, start);
        let folder = folder.map_err(|error| untrusted(refusal(error), Path::new(start)))?;
        let at = PathBuf::from(if path.is_absolute() { "/" } else { "" });
        Ok(Self { folder, at, rest: parts(path), links: 0 })
    }

    fn finish(mut self) -> Result<File, Untrusted> {
        while let Some(name) = self.rest.pop_front() {
            if name == ".." {
                self.folder = folder_at(&self.folder, "..").map_err(|error| self.blame(error))?;
                self.at.pop();
                continue;
            }
            let place = self.at.join(&name);
            let blame = |refusal| untrusted(refusal, &place);
            let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let next = openat(&self.folder, &name, flags, Mode::empty());
            let next = next.map_err(|error| blame(refusal(error)))?;
            let stat = fstat(&next).map_err(|error| blame(refusal(error)))?;
            self.is_safe_for(&stat)?;
            match FileType::from_raw_mode(stat.st_mode) {
                FileType::Directory => (self.folder, self.at) = (next, place),
                FileType::Symlink => {
                    self.links += 1;
                    if self.links > MOST_LINKS {
                        return Err(blame(Refusal::Unreadable));
                    }
                    if !is_trusted(&stat) && !is_read_only(&self.folder) {
                        return Err(blame(Refusal::AnothersWay));
                    }
                    let target = readlinkat(&next, "", Vec::new());
                    let target = target.map_err(|error| blame(refusal(error)))?;
                    self.follow(&PathBuf::from(OsString::from_vec(target.into_bytes())))?;
                }
                _ if self.rest.is_empty() => return self.opened(&name),
                _ => return Err(blame(Refusal::Missing)),
            }
        }
        Err(untrusted(Refusal::NoFile, &self.at))
    }

    /// Goes on to the target of a link in this folder.
    fn follow(&mut self, target: &Path) -> Result<(), Untrusted> {
        if target.is_absolute() {
            self.folder = folder_at(rustix::fs::CWD, "/").map_err(|error| self.blame(error))?;
            self.at = PathBuf::from("/");
        }
        let mut rest = parts(target);
        rest.append(&mut self.rest);
        self.rest = rest;
        Ok(())
    }

    /// Checks that nobody but root and we can exchange the file that was found in the folder.
    fn is_safe_for(&self, found: &Stat) -> Result<(), Untrusted> {
        let stat = fstat(&self.folder).map_err(|error| self.blame(error))?;
        let is_sticky = Mode::from_raw_mode(stat.st_mode).contains(Mode::SVTX);
        let refusal = match is_trusted(&stat) {
            false => Refusal::AnothersWay,
            true if is_writable(&stat) && !(is_sticky && is_trusted(found)) => Refusal::OpenFolder,
            true => return Ok(()),
        };
        if is_read_only(&self.folder) { Ok(()) } else { Err(untrusted(refusal, &self.at)) }
    }

    /// Opens the file of this name in the folder, where it was found.
    fn opened(&self, name: &OsString) -> Result<File, Untrusted> {
        let place = self.at.join(name);
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = openat(&self.folder, name, flags | OFlags::CLOEXEC, Mode::empty());
        let file = file.map_err(|error| untrusted(refusal(error), &place))?;
        let stat = fstat(&file).map_err(|error| untrusted(refusal(error), &place))?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile if !is_mounted(&file) => Err(untrusted(Refusal::Shared, &place)),
            FileType::RegularFile if is_writable(&stat) => {
                Err(untrusted(Refusal::Writable, &place))
            }
            FileType::RegularFile => Ok(file.into()),
            _ => Err(untrusted(Refusal::NoFile, &place)),
        }
    }

    fn blame(&self, error: Errno) -> Untrusted {
        untrusted(refusal(error), &self.at)
    }
}

fn folder_at(from: impl AsFd, path: &str) -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(from, path, flags, Mode::empty())
}

/// Returns the names in a path, of which `..` is one.
fn parts(path: &Path) -> VecDeque<OsString> {
    let parts = path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::CurDir | Component::RootDir | Component::Prefix(_) => None,
    });
    parts.collect()
}

fn refusal(error: Errno) -> Refusal {
    match error {
        Errno::NOENT | Errno::NOTDIR => Refusal::Missing,
        _ => Refusal::Unreadable,
    }
}

fn untrusted(refusal: Refusal, at: &Path) -> Untrusted {
    let at = if at.as_os_str().is_empty() { Path::new(".") } else { at };
    Untrusted { refusal, at: Some(at.to_owned()) }
}
