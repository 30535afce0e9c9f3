//! New content for a file, all of it or none.
//!
//! It is written to `FILE.lock`, which is then renamed: a crash leaves the old file or the new one.
//! git and others take the same lock.

#[cfg(unix)]
use std::fs::Permissions;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// `FILE.lock`, ours alone until it is renamed, or removed where that does not happen.
pub(crate) struct Replacement {
    of: PathBuf,
    lock: PathBuf,
    file: File,
}

/// The rights on a file that was replaced.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rights {
    /// Only its owner may use it, whoever could before.
    OwnersAlone,
    /// Whoever could use it before may do so still.
    Kept,
}

impl Replacement {
    /// Takes the lock for a file.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] where another program holds the lock.
    pub(crate) fn begin(of: &Path) -> io::Result<Self> {
        let mut lock = of.as_os_str().to_owned();
        lock.push(".lock");
        let lock = PathBuf::from(lock);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&lock)?;
        Ok(Self { of: of.to_owned(), lock, file })
    }

    /// Writes the new content. The old file has this metadata: its owner stays.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(crate) fn write(&self, pieces: &[&[u8]], old: &Metadata, rights: Rights) -> io::Result<()> {
        let mut file = &self.file;
        for piece in pieces {
            file.write_all(piece)?;
        }
        keep_owner(file, old, rights)?;
        file.sync_all()
    }

    /// Puts the new content in the place of the old file.
    ///
    /// # Errors
    /// Where that fails. The old file is then as it was.
    pub(crate) fn put(self) -> io::Result<()> {
        fs::rename(&self.lock, &self.of)?;
        #[cfg(unix)]
        if let Some(folder) = self.of.parent() {
            // The rename is done. If this fails, only a power cut could undo it.
            let _ = File::open(folder).and_then(|folder| folder.sync_all());
        }
        Ok(())
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        // After the rename the lock is gone, or another program has made its own already.
        if is_same(&self.file, &self.lock) {
            let _ = fs::remove_file(&self.lock);
        }
    }
}

/// Sets the owner and the rights, so that nobody gets access who had none before.
#[cfg(unix)]
fn keep_owner(file: &File, old: &Metadata, rights: Rights) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let new = file.metadata()?;
    if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
        fchown(file, Some(old.uid()), Some(old.gid()))?;
    }
    let mask = if rights == Rights::Kept { 0o7777 } else { 0o600 };
    file.set_permissions(Permissions::from_mode(old.mode() & mask))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on other systems")]
fn keep_owner(_: &File, _: &Metadata, _: Rights) -> io::Result<()> {
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
