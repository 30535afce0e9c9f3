//! Removes parts of a plain-text file of tokens, all in one step.
//!
//! The lock under which the file is replaced is also git's own (`git credential-store` waits for
//! it), so that a token which git stores meanwhile is not lost. A link stays a link: the file to
//! which it leads is replaced.

use crate::error::Error;
use crate::plain_text::MAX_FILE;
use crate::private_file::{self, Links, Refusal, Replacement, Rights};
use crate::secret::Buffer;
use std::fs;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const CANNOT_BE_READ: Error = Error::Refused("a file of tokens cannot be read");

/// A file as it was when it was read.
pub(super) struct PlainFile {
    /// Its path, in which all links are resolved.
    path: PathBuf,
    content: Buffer,
}

impl PlainFile {
    /// Reads a file. Returns nothing where there is none.
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

    /// Returns its path, in which all links are resolved.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the whole content.
    pub(super) fn content(&self) -> &[u8] {
        self.content.expose()
    }

    /// Removes these parts, which are in order and do not overlap, from the file. Afterwards nobody
    /// but its owner has access to it.
    ///
    /// # Errors
    /// [`Error::Refused`] where the file has changed since it was read, where another program is
    /// writing it, or where it cannot be written. It is then as it was.
    pub(super) fn without(&self, parts: &[Range<usize>]) -> Result<(), Error> {
        let prepared = self.prepare(&self.kept(parts), Rights::OwnersAlone)?;
        Prepared::put_all(vec![prepared])
    }

    /// Checks whether the file could be replaced, and changes nothing.
    ///
    /// # Errors
    /// [`Error::Refused`] where another program is writing it, or where it cannot be written.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.lock().map(drop)
    }

    /// Writes the new content beside the file. The file is locked until the new content replaces
    /// it.
    ///
    /// # Errors
    /// The same as for [`Self::without`].
    pub(super) fn prepare(&self, pieces: &[&[u8]], rights: Rights) -> Result<Prepared, Error> {
        let replacement = self.lock()?;
        if *content(&self.path)? != *self.content() {
            return Err(Error::Refused(
                "the file was changed meanwhile and is left as it is: begin again",
            ));
        }
        let old = fs::metadata(&self.path).map_err(|_| CANNOT_BE_READ)?;
        replacement.write(pieces, &old, rights).map_err(|_| NOT_WRITTEN)?;
        let (path, old) = (self.path.clone(), self.content.clone());
        Ok(Prepared { path, replacement, old, rights })
    }

    fn lock(&self) -> Result<Replacement, Error> {
        Replacement::begin(&self.path).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => Error::Refused(
                "another program is writing the file: repeat, or delete the .lock file beside it",
            ),
            _ => Error::Refused("the file's folder cannot be written"),
        })
    }

    fn kept(&self, parts: &[Range<usize>]) -> Vec<&[u8]> {
        let content = self.content();
        let starts = std::iter::once(0).chain(parts.iter().map(|part| part.end));
        let ends = parts.iter().map(|part| part.start).chain([content.len()]);
        starts.zip(ends).map(|(start, end)| &content[start..end]).collect()
    }
}

/// A file whose new content is ready beside it.
pub(super) struct Prepared {
    path: PathBuf,
    replacement: Replacement,
    old: Buffer,
    rights: Rights,
}

impl Prepared {
    /// Puts the new content into all these files. Where one of them fails, those before it get
    /// their old content back.
    ///
    /// # Errors
    /// [`Error::Refused`] where a file could not be written.
    pub(super) fn put_all(files: Vec<Self>) -> Result<(), Error> {
        let mut done: Vec<(PathBuf, Buffer, Rights)> = Vec::new();
        for Self { path, replacement, old, rights } in files {
            if replacement.put().is_ok() {
                done.push((path, old, rights));
                continue;
            }
            for (path, old, rights) in done {
                let now = PlainFile::read(&path)?.ok_or(NOT_WRITTEN)?;
                let before = now.prepare(&[old.expose()], rights)?;
                before.replacement.put().map_err(|_| NOT_WRITTEN)?;
            }
            return Err(NOT_WRITTEN);
        }
        Ok(())
    }
}

const NOT_WRITTEN: Error = Error::Refused("the file could not be written and is left as it was");

fn content(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let content = private_file::open(path, Links::Refused);
    content.and_then(|file| private_file::read(&file, MAX_FILE)).map_err(|why| match why {
        Refusal::NoFile => Error::Refused("what should be a file of tokens is no plain file"),
        Refusal::TooLong => Error::Refused("a file of tokens is longer than 4 MiB"),
        _ => CANNOT_BE_READ,
    })
}
