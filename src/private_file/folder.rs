//! A folder of ours, in which nobody else can put anything.
//!
//! A file there is ours or it is not used: a link, a pipe or another user's file with the name of
//! ours would make us write elsewhere, wait for ever, or share what should be ours.

#[cfg(unix)]
use super::owner_and_mode;
use std::fs::File;
#[cfg(windows)]
use std::fs::{self, OpenOptions};
#[cfg(unix)]
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

/// A folder, held open.
pub(crate) struct Folder {
    path: PathBuf,
    #[cfg(unix)]
    folder: OwnedFd,
}

impl Folder {
    /// Removes the files in it whose names begin so, as far as that is possible.
    pub(crate) fn remove_all(&self, beginning: &str) {
        let Ok(entries) = std::fs::read_dir(&self.path) else { return };
        for name in entries.flatten().map(|entry| entry.file_name()) {
            if name.to_str().is_some_and(|name| name.starts_with(beginning)) {
                self.remove(Path::new(&name));
            }
        }
    }
}

#[cfg(unix)]
impl Folder {
    /// Opens the folder, if it is there and ours, and nobody else can write in it.
    pub(crate) fn ours(path: PathBuf) -> Option<Self> {
        use rustix::fs::{Mode, OFlags};
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::open(&path, flags, Mode::empty()).ok()?;
        let (owner, mode) = owner_and_mode(&folder)?;
        (is_us(owner) && !mode.intersects(Mode::WGRP | Mode::WOTH)).then_some(Self { path, folder })
    }

    /// Opens the folder, ours alone, and makes it where it is missing. Returns nothing where it
    /// lies in a folder of another user, who could lead us elsewhere.
    pub(crate) fn made(path: PathBuf) -> Option<Self> {
        use rustix::fs::{Mode, OFlags};
        use std::os::unix::fs::DirBuilderExt;
        if !path.ancestors().skip(1).all(is_trusted) {
            return None;
        }
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&path).ok()?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = rustix::fs::open(&path, flags, Mode::empty()).ok()?;
        make_ours_alone(&folder, Mode::RWXU)?;
        Some(Self { path, folder })
    }

    /// Opens a file in it for reading and writing, ours alone, and makes it where it is missing.
    pub(crate) fn file(&self, name: &str) -> Option<File> {
        self.opened(name, rustix::fs::OFlags::CREATE)
    }

    /// The same where it is there, else nothing.
    pub(crate) fn existing_file(&self, name: &str) -> Option<File> {
        self.opened(name, rustix::fs::OFlags::empty())
    }

    fn opened(&self, name: &str, how: rustix::fs::OFlags) -> Option<File> {
        use rustix::fs::{Mode, OFlags};
        let flags = OFlags::RDWR | how | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let flags = flags | OFlags::CLOEXEC | OFlags::NOCTTY;
        let own = Mode::RUSR | Mode::WUSR;
        let file = File::from(rustix::fs::openat(&self.folder, name, flags, own).ok()?);
        file.metadata().ok().filter(std::fs::Metadata::is_file)?;
        make_ours_alone(&file, own)?;
        Some(file)
    }

    /// The same for writing at its end: lines that several processes write do not mix.
    pub(crate) fn file_to_append(&self, name: &str) -> Option<File> {
        use rustix::fs::OFlags;
        self.opened(name, OFlags::CREATE | OFlags::APPEND)
    }

    /// Gives an open file, which has the first name, the second one; not where another file has
    /// got the first name meanwhile.
    pub(crate) fn rename(&self, file: &File, from: &str, to: &str) -> Option<()> {
        use rustix::fs::{AtFlags, fstat, renameat, statat};
        let (open, there) =
            (fstat(file).ok()?, statat(&self.folder, from, AtFlags::SYMLINK_NOFOLLOW).ok()?);
        let is_it = (open.st_dev, open.st_ino) == (there.st_dev, there.st_ino);
        is_it.then(|| renameat(&self.folder, from, &self.folder, to).ok()).flatten()
    }

    fn remove(&self, name: &Path) {
        let _ = rustix::fs::unlinkat(&self.folder, name, rustix::fs::AtFlags::empty());
    }
}

/// Takes away rights that an older version may have given to others, or returns nothing where it is
/// not ours.
#[cfg(unix)]
fn make_ours_alone(file: impl AsFd, own: rustix::fs::Mode) -> Option<()> {
    use rustix::fs::Mode;
    let (owner, mode) = owner_and_mode(&file)?;
    if !is_us(owner) {
        return None;
    }
    if mode.intersects(Mode::RWXG | Mode::RWXO) {
        rustix::fs::fchmod(file, own).ok()?;
    }
    Some(())
}

#[cfg(unix)]
fn is_us(owner: u32) -> bool {
    owner == rustix::process::geteuid().as_raw()
}

/// Returns whether nobody but us and root can lead us elsewhere from this folder, if it is there.
#[cfg(unix)]
fn is_trusted(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    /// In a user namespace, the number of every user outside of it, such as root.
    const NOBODY: u32 = 65_534;
    let owner = std::fs::metadata(folder).map(|metadata| metadata.uid());
    owner.map_or(true, |owner| is_us(owner) || matches!(owner, 0 | NOBODY))
}

#[cfg(windows)]
impl Folder {
    /// Opens the folder, if it is there.
    pub(crate) fn ours(path: PathBuf) -> Option<Self> {
        path.is_dir().then_some(Self { path })
    }

    /// Opens the folder, and makes it where it is missing.
    pub(crate) fn made(path: PathBuf) -> Option<Self> {
        fs::create_dir_all(&path).ok()?;
        Some(Self { path })
    }

    /// Opens a file in it for reading and writing, and makes it where it is missing.
    pub(crate) fn file(&self, name: &str) -> Option<File> {
        self.opened(name, File::options().create(true))
    }

    /// The same where it is there, else nothing.
    pub(crate) fn existing_file(&self, name: &str) -> Option<File> {
        self.opened(name, &mut File::options())
    }

    fn opened(&self, name: &str, options: &mut OpenOptions) -> Option<File> {
        use std::os::windows::fs::OpenOptionsExt;
        use windows_sys::Win32::Storage::FileSystem::FILE_FLAG_OPEN_REPARSE_POINT;
        options.read(true).write(true).truncate(false);
        // A link is opened itself, not the file that it leads to.
        let file = options.custom_flags(FILE_FLAG_OPEN_REPARSE_POINT).open(self.path.join(name));
        let is_file = |file: &File| file.metadata().is_ok_and(|metadata| metadata.is_file());
        file.ok().filter(is_file)
    }

    /// The same for writing at its end.
    pub(crate) fn file_to_append(&self, name: &str) -> Option<File> {
        self.opened(name, File::options().create(true).append(true))
    }

    /// Gives an open file, which has the first name, the second one; not where another file has
    /// got the first name meanwhile.
    pub(crate) fn rename(&self, file: &File, from: &str, to: &str) -> Option<()> {
        let length = |metadata: std::io::Result<fs::Metadata>| metadata.ok().map(|m| m.len());
        let there = length(fs::metadata(self.path.join(from)));
        let is_it = there.is_some() && there == length(file.metadata());
        is_it.then(|| fs::rename(self.path.join(from), self.path.join(to)).ok()).flatten()
    }

    fn remove(&self, name: &Path) {
        let _ = fs::remove_file(self.path.join(name));
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::Folder;
    use std::fs;
    use std::io::Write;
    use std::os::unix::fs::{PermissionsExt, chown, symlink};
    use std::path::Path;
    use std::process::Command;
    use tempfile::TempDir;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("there").permissions().mode() & 0o777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("rights");
    }

    fn temporary() -> TempDir {
        tempfile::tempdir().expect("a folder")
    }

    #[test]
    fn what_is_made_is_ours_alone_and_so_is_what_an_older_version_made() {
        let parent = temporary();
        let path = parent.path().join("state/ours");
        for _ in 0..2 {
            let folder = Folder::made(path.clone()).expect("made");
            assert_eq!(mode(&path), 0o700);
            for name in ["lock", "warned-1", "warned-2"] {
                assert!(folder.file(name).is_some_and(|mut file| file.write_all(b"x").is_ok()));
                assert_eq!(mode(&path.join(name)), 0o600);
                set_mode(&path.join(name), 0o644);
            }
            set_mode(&path, 0o755);
        }
        Folder::made(path.clone()).expect("made").remove_all("warned-");
        let left = fs::read_dir(&path).expect("a folder").map(|entry| entry.expect("one"));
        assert_eq!(left.map(|entry| entry.file_name()).collect::<Vec<_>>(), ["lock"]);
    }

    #[test]
    fn a_link_a_pipe_or_a_folder_in_the_place_of_a_file_is_not_used() {
        let (parent, elsewhere) = (temporary(), temporary());
        let path = |name: &str| parent.path().join(name);
        symlink(elsewhere.path().join("planted"), path("link")).expect("a link");
        let made = Command::new("mkfifo").arg(path("pipe")).status();
        assert!(made.is_ok_and(|status| status.success()));
        fs::create_dir(path("folder")).expect("a folder");
        let folder = Folder::ours(parent.path().to_owned()).expect("ours");
        for name in ["link", "pipe", "folder"] {
            assert!(folder.file(name).is_none(), "{name}");
        }
        assert_eq!(fs::read_dir(elsewhere.path()).expect("a folder").count(), 0);
    }

    #[test]
    fn a_folder_that_others_can_write_or_lead_elsewhere_is_not_ours() {
        let (parent, elsewhere) = (temporary(), temporary());
        for (mode, ours) in [(0o700, true), (0o755, true), (0o770, false), (0o777, false)] {
            set_mode(parent.path(), mode);
            assert_eq!(Folder::ours(parent.path().to_owned()).is_some(), ours, "{mode:o}");
        }
        let link = parent.path().join("link");
        symlink(elsewhere.path(), &link).expect("a link");
        assert!(Folder::made(link).is_none());
        assert!(Folder::ours(parent.path().join("missing")).is_none());
    }

    /// The test needs root, who alone can give files away, and cannot in a namespace.
    #[test]
    fn what_is_another_users_is_not_used() {
        let parent = temporary();
        let path = parent.path().join("theirs");
        fs::create_dir(&path).expect("a folder");
        fs::write(parent.path().join("lock"), "").expect("a file");
        for theirs in [&path, &parent.path().join("lock")] {
            if chown(theirs, Some(4242), None).is_err() {
                return;
            }
        }
        assert!(Folder::ours(path.clone()).is_none());
        assert!(Folder::made(path.clone()).is_none());
        assert!(Folder::made(path.join("below")).is_none());
        assert!(!path.join("below").exists());
        let folder = Folder::ours(parent.path().to_owned()).expect("ours");
        assert!(folder.file("lock").is_none());
    }
}
