//! A plain-text file of tokens that loses some of its parts, all in one step.
//!
//! The new content goes to `FILE.lock` and is renamed: a crash leaves the old file or the new
//! one. The same lock is git's own (`git credential-store` waits for it), so that a token which
//! git stores meanwhile is not lost. A link stays a link: what it leads to is replaced.

use crate::error::Error;
use crate::secret::Buffer;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The longest file that is read, in bytes.
const MAX_FILE: u64 = 4 << 20;

const CANNOT_BE_READ: Error = Error::Refused("a file of tokens cannot be read");

/// A file as it was when it was read.
pub(super) struct PlainFile {
    /// Without links.
    path: PathBuf,
    content: Buffer,
}

impl PlainFile {
    /// Reads a file; nothing where there is none.
    ///
    /// # Errors
    /// [`Error::Refused`] where it is no plain file that can be read.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, Error> {
        let path = match fs::canonicalize(path) {
            Ok(path) => path,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(_) => return Err(CANNOT_BE_READ),
        };
        let content = content(&path)?.into();
        Ok(Some(Self { path, content }))
    }

    /// All of it.
    pub(super) fn content(&self) -> &[u8] {
        self.content.expose()
    }

    /// Replaces the file by what is left of it without these parts, which are in order and do
    /// not overlap.
    ///
    /// # Errors
    /// [`Error::Refused`] where the file is not what was read, or is being written; where it
    /// cannot be written. It is then as it was.
    pub(super) fn without(&self, parts: &[Range<usize>]) -> Result<(), Error> {
        let lock = Lock::take(&self.path)?;
        if *content(&self.path)? != *self.content() {
            return Err(Error::Refused(
                "the file was changed meanwhile and is left as it is: begin again",
            ));
        }
        let old = fs::metadata(&self.path).map_err(|_| CANNOT_BE_READ)?;
        lock.write(&self.kept(parts), &old)
            .and_then(|()| lock.rename_to(&self.path))
            .map_err(|_| Error::Refused("the file could not be written and is left as it was"))
    }

    fn kept(&self, parts: &[Range<usize>]) -> Vec<&[u8]> {
        let content = self.content();
        let starts = std::iter::once(0).chain(parts.iter().map(|part| part.end));
        let ends = parts.iter().map(|part| part.start).chain([content.len()]);
        starts.zip(ends).map(|(start, end)| &content[start..end]).collect()
    }
}

/// Where a file's text lies: after the byte order mark with which some editors begin it.
pub(super) fn without_mark(content: &[u8]) -> Range<usize> {
    let start = if content.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    start..content.len()
}

fn content(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let file = File::open(path).map_err(|_| CANNOT_BE_READ)?;
    let metadata = file.metadata().map_err(|_| CANNOT_BE_READ)?;
    if !metadata.is_file() {
        return Err(Error::Refused("what should be a file of tokens is no plain file"));
    }
    let length = usize::try_from(metadata.len().min(MAX_FILE)).unwrap_or(0);
    let mut content = Zeroizing::new(Vec::with_capacity(length + 1));
    file.take(MAX_FILE + 1).read_to_end(&mut content).map_err(|_| CANNOT_BE_READ)?;
    if u64::try_from(content.len()).is_ok_and(|length| length > MAX_FILE) {
        return Err(Error::Refused("a file of tokens is longer than 4 MiB"));
    }
    Ok(content)
}

/// `FILE.lock`, ours alone until it is renamed or, where that does not come, removed.
struct Lock {
    path: PathBuf,
    file: File,
}

impl Lock {
    fn take(of: &Path) -> Result<Self, Error> {
        let mut path = of.as_os_str().to_owned();
        path.push(".lock");
        let path = PathBuf::from(path);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&path) {
            Ok(file) => Ok(Self { path, file }),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(Error::Refused(
                "another program is writing the file: repeat, or delete the .lock file beside it",
            )),
            Err(_) => Err(Error::Refused("the file's folder cannot be written")),
        }
    }

    fn write(&self, pieces: &[&[u8]], old: &Metadata) -> io::Result<()> {
        let mut file = &self.file;
        for piece in pieces {
            file.write_all(piece)?;
        }
        keep_owner(file, old)?;
        file.sync_all()
    }

    fn rename_to(&self, path: &Path) -> io::Result<()> {
        fs::rename(&self.path, path)?;
        #[cfg(unix)]
        if let Some(folder) = path.parent() {
            // The rename is done; whether it outlives a power cut is the disk's matter.
            let _ = File::open(folder).and_then(|folder| folder.sync_all());
        }
        Ok(())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Once it is renamed it is not there, unless it is another's already.
        if is_same(&self.file, &self.path) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The file's owner stays, and nobody else gets access, whoever had it before.
#[cfg(unix)]
fn keep_owner(file: &File, old: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let new = file.metadata()?;
    if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
        fchown(file, Some(old.uid()), Some(old.gid()))?;
    }
    file.set_permissions(fs::Permissions::from_mode(old.mode() & 0o600))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on other systems")]
fn keep_owner(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn is_same(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let at_path = fs::symlink_metadata(path);
    let key = |metadata: Metadata| (metadata.dev(), metadata.ino());
    at_path.is_ok_and(|there| file.metadata().is_ok_and(|ours| key(ours) == key(there)))
}

#[cfg(not(unix))]
fn is_same(_: &File, path: &Path) -> bool {
    path.exists()
}
