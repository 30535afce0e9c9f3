//! A token in a file: one that nobody but its owner can read, and no link, device or pipe in
//! its place.

use super::MAX_TOKEN;
use crate::error::Error;
use std::fs::File;
#[cfg(windows)]
use std::io::ErrorKind;
use std::io::Read;
use std::path::Path;
use zeroize::Zeroizing;

/// The file's content.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let file = open(path)?;
    let metadata = file.metadata().map_err(|_| CANNOT_BE_READ)?;
    if !metadata.is_file() {
        return Err(Error::Source("what --file names is no regular file"));
    }
    check_rights(&metadata)?;
    // Not more than there may be, whatever the file says of its length.
    let mut content = Zeroizing::new(Vec::with_capacity(MAX_TOKEN + 1));
    let limit = u64::try_from(MAX_TOKEN).unwrap_or(u64::MAX) + 1;
    file.take(limit).read_to_end(&mut content).map_err(|_| CANNOT_BE_READ)?;
    if content.len() > MAX_TOKEN {
        return Err(Error::Source("the file is too long to hold a token"));
    }
    Ok(content)
}

const CANNOT_BE_READ: Error = Error::Source("the file that --file names cannot be read");

#[cfg(unix)]
fn open(path: &Path) -> Result<File, Error> {
    use rustix::fs::{Mode, OFlags, open};
    use rustix::io::Errno;
    // A pipe must not make us wait before it is seen to be one.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    match open(path, flags | OFlags::NOCTTY, Mode::empty()) {
        Ok(file) => Ok(file.into()),
        Err(Errno::LOOP) => Err(Error::Source("what --file names is a link")),
        Err(Errno::NOENT) => Err(Error::Source("the file that --file names is not there")),
        Err(_) => Err(CANNOT_BE_READ),
    }
}

#[cfg(windows)]
fn open(path: &Path) -> Result<File, Error> {
    use std::os::windows::fs::OpenOptionsExt;
    use windows_sys::Win32::Storage::FileSystem::FILE_FLAG_OPEN_REPARSE_POINT;
    // A link is opened itself, not what it leads to.
    let open = File::options().read(true).custom_flags(FILE_FLAG_OPEN_REPARSE_POINT).open(path);
    let file = open.map_err(|error| match error.kind() {
        ErrorKind::NotFound => Error::Source("the file that --file names is not there"),
        _ => CANNOT_BE_READ,
    })?;
    if file.metadata().map_err(|_| CANNOT_BE_READ)?.is_symlink() {
        return Err(Error::Source("what --file names is a link"));
    }
    Ok(file)
}

#[cfg(unix)]
fn check_rights(metadata: &std::fs::Metadata) -> Result<(), Error> {
    use std::os::unix::fs::MetadataExt;
    if metadata.mode() & 0o077 != 0 {
        return Err(Error::Source(
            "others than its owner have access to the file: chmod 600 (or 400) it",
        ));
    }
    Ok(())
}

/// Who may read a file is not a matter of a few bits there.
#[cfg(windows)]
#[expect(clippy::unnecessary_wraps, reason = "as on other systems")]
fn check_rights(_: &std::fs::Metadata) -> Result<(), Error> {
    Ok(())
}
