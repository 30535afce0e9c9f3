//! Gets a vault's key from `identity.age`, which a passphrase opens, or from a file, a command or
//! systemd.
//!
//! The key is a line `AGE-SECRET-KEY-1…`, as `age-keygen` writes it. Lines that begin with `#` are
//! passed over. Stock age can open `identity.age`, and make it.

use super::age::{self, Key, Recipient, Unreadable};
use super::bech32;
use super::folder::{Folder, IDENTITY};
use super::memory;
use crate::error::{Error, VaultTrouble};
use crate::keychain::Identity;
use crate::private_file::{self, Links, Refusal};
use crate::secret::FixedBytes;
use crate::source::command;
use std::env;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The binary logarithm of the work that a passphrase takes: stock age's default, and one for
/// machines with little memory.
const USUAL_WORK: u8 = 18;
const LOW_WORK: u8 = 15;

/// Returns the work that a new passphrase takes.
pub(super) fn work(low_memory: bool) -> u8 {
    if low_memory { LOW_WORK } else { USUAL_WORK }
}

/// The longest text of an identity, in bytes.
const MAX_TEXT: usize = 64 * 1024;

/// The name of the credential in which systemd gives a key.
const CREDENTIAL: &str = "git-credential-pat.identity";

/// Returns the secret key that the options or systemd give, or nothing where they give none.
///
/// # Errors
/// [`VaultTrouble::Key`] where the key cannot be read, or is no key.
pub(super) fn given(identity: Option<&Identity>) -> Result<Option<FixedBytes<32>>, Error> {
    let text = match identity {
        Some(Identity::File(path)) => of_file(path).map_err(refused),
        Some(Identity::Command(line)) => command::output(line).map_err(not_given),
        None => match credential() {
            Some(path) => of_service(&path).map_err(refused),
            None => return Ok(None),
        },
    };
    parse(&text?).map(Some)
}

/// Reads a file that only its owner can read, or that root has mounted.
fn of_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let file = private_file::open_secret(path).map_err(|untrusted| untrusted.refusal)?;
    private_file::read(&file, MAX_TEXT)
}

/// Reads a file that systemd has put there. systemd makes it as private as it can, but an access
/// list, which it may use, looks like access for a group.
fn of_service(path: &Path) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let file = private_file::open(path, Links::Refused)?;
    let mode = file.metadata().map_err(|_| Refusal::Unreadable)?.mode();
    if mode & 0o027 != 0 {
        return Err(Refusal::Shared);
    }
    private_file::read(&file, MAX_TEXT)
}

fn refused(refusal: Refusal) -> Error {
    let why = match refusal {
        Refusal::Missing => "its file is not there",
        Refusal::Link => "its file is a link",
        Refusal::NoFile => "its file is no regular file",
        Refusal::Shared => "others than its owner have access to its file: chmod 600 (or 400) it",
        Refusal::AnothersShared => {
            "others have access to its file, which is another user's, and not mounted by root"
        }
        Refusal::Writable => "others than root can write its file",
        Refusal::OpenFolder => "on the way to its file others can put another in its place",
        Refusal::AnothersWay => "the way to its file leads through what is another user's",
        Refusal::TooLong => "its file is too long to hold one",
        Refusal::Unreadable => "its file cannot be read",
    };
    VaultTrouble::Key(why).into()
}

fn not_given(error: Error) -> Error {
    match error {
        Error::Source(text) => VaultTrouble::Key(text).into(),
        error => error,
    }
}

/// Returns whether [`given`] has something to read.
pub(super) fn is_given(identity: Option<&Identity>) -> bool {
    identity.is_some() || credential().is_some()
}

/// Returns the file that systemd has put there for a service, if there is one.
fn credential() -> Option<PathBuf> {
    let folder = env::var_os("CREDENTIALS_DIRECTORY").filter(|folder| !folder.is_empty())?;
    let path = Path::new(&folder).join(CREDENTIAL);
    path.is_absolute().then_some(path).filter(|path| path.exists())
}

/// Returns the key in the text of an identity.
fn parse(text: &[u8]) -> Result<FixedBytes<32>, Error> {
    let lines = text.split(|&b| b == b'\n').map(<[u8]>::trim_ascii);
    let mut lines = lines.filter(|line| !line.is_empty() && !line.starts_with(b"#"));
    let (Some(line), None) = (lines.next(), lines.next()) else {
        return Err(VaultTrouble::Key("exactly one line was expected").into());
    };
    bech32::parse_secret(line).ok_or(VaultTrouble::Key("this is none").into())
}

/// The file `identity.age`, which was read and not yet opened.
pub(super) struct Sealed {
    bytes: Vec<u8>,
    /// The binary logarithm of the work that its passphrase takes.
    pub(super) work: u8,
}

impl Sealed {
    /// Reads the file in this folder, if it is for a passphrase and there is memory to try one.
    ///
    /// # Errors
    /// Each obstacle has its own [`VaultTrouble`].
    pub(super) fn read(folder: &Folder) -> Result<Self, Error> {
        let bytes = match folder.read(IDENTITY) {
            Err(Error::Damaged) => return Err(VaultTrouble::IdentityDamaged.into()),
            bytes => bytes?.ok_or(VaultTrouble::NoIdentity)?,
        };
        let work = age::File::parse(&bytes).and_then(|file| file.work_factor()).map_err(trouble)?;
        let work = work.ok_or(VaultTrouble::NotForPassphrase)?;
        memory::check(work)?;
        Ok(Self { bytes, work })
    }

    /// Returns the key in it.
    ///
    /// # Errors
    /// [`VaultTrouble::WrongPassphrase`], [`VaultTrouble::IdentityDamaged`].
    pub(super) fn open(&self, passphrase: &[u8]) -> Result<FixedBytes<32>, Error> {
        let opened = age::File::parse(&self.bytes);
        let opened = opened.and_then(|file| file.open_with_passphrase(passphrase));
        let text = opened.map_err(trouble)?;
        parse(&text).map_err(|_| VaultTrouble::IdentityDamaged.into())
    }
}

/// Returns the content of `identity.age` for this key and passphrase.
///
/// # Errors
/// [`VaultTrouble::Memory`] where the passphrase takes more memory than there is.
pub(super) fn seal(key: &Key, passphrase: &[u8], work: u8) -> Result<Vec<u8>, Error> {
    memory::check(work)?;
    age::encrypt(&text(key), &Recipient::Passphrase(passphrase, work))
}

/// Returns a key as the text of an identity.
pub(super) fn text(key: &Key) -> Zeroizing<Vec<u8>> {
    let line = bech32::secret(key.expose());
    let mut text = Zeroizing::new(Vec::with_capacity(line.len() + 1));
    text.extend_from_slice(line.as_bytes());
    text.push(b'\n');
    text
}

/// Returns the key in a [`text`] that was encrypted to another key of ours.
///
/// # Errors
/// [`Error::Damaged`]
pub(super) fn open_with(file: &[u8], key: &Key) -> Result<FixedBytes<32>, Error> {
    let opened = age::File::parse(file).and_then(|file| file.open(key));
    parse(&opened.map_err(|_| Error::Damaged)?).map_err(|_| Error::Damaged)
}

fn trouble(unreadable: Unreadable) -> Error {
    match unreadable {
        Unreadable::Damaged => VaultTrouble::IdentityDamaged,
        Unreadable::Armored => VaultTrouble::Armored,
        Unreadable::NotForThis => VaultTrouble::WrongPassphrase,
        Unreadable::TooMuchWork => VaultTrouble::TooMuchWork,
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::{Key, parse, text};
    use crate::secret::FixedBytes;

    #[test]
    fn a_key_is_one_line_among_comments() {
        let secret = FixedBytes::new([5; 32]);
        let own = text(&Key::new(secret.clone()));
        let as_written = [b"# created: today\n# public key: age1\n\n", own.as_slice()].concat();
        let from_windows = [own.trim_ascii(), b"\r\n"].concat();
        for text in [own.to_vec(), as_written, from_windows, own.trim_ascii().to_vec()] {
            assert!(parse(&text).is_ok_and(|key| key == secret));
        }
        let twice = [own.as_slice(), own.as_slice()].concat();
        for text in [&b""[..], b"# nothing\n", b"age1qqqq\n", b"\xFF", &twice, &own[..30]] {
            assert!(parse(text).is_err(), "{}", text.escape_ascii());
        }
    }
}
