//! Reads and writes the age format, version 1 (age-encryption.org/v1), as far as a vault needs it.
//!
//! ```text
//! age-encryption.org/v1
//! -> X25519 SHARE                one such stanza for each way to get the file's own key
//! THAT KEY, ENCRYPTED
//! --- MAC                        of all the lines above, under that key
//! NONCE, CONTENT                 bytes: encrypted in one chunk
//! ```
//!
//! A file is for a key ([`Key`], a stanza `X25519`) or for a passphrase (a stanza `scrypt`, which
//! is then the only one). Stanzas of other kinds are passed over, as the format demands. Only stock
//! age can do the rest: text form, SSH keys, plugins, content of more than one chunk.

use crate::base64;
use crate::error::Error;
use crate::keychain::random::random;
use crate::secret::FixedBytes;
use chacha20poly1305::{AeadInOut, ChaCha20Poly1305, KeyInit};
use curve25519_dalek::constants::X25519_BASEPOINT;
use curve25519_dalek::montgomery::MontgomeryPoint;
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The most that a file can hold, in bytes: one chunk.
pub const MAX_CONTENT: usize = 64 * 1024;

/// The longest header that is read, in bytes.
const MAX_HEADER: usize = 4 * 1024;

/// The highest work factor that is read: 1 GiB of memory.
const MAX_WORK_FACTOR: u8 = 20;

const INTRODUCTION: &[u8] = b"age-encryption.org/v1\n";
const KEY_STANZA: &str = "X25519";
const PASSPHRASE_STANZA: &str = "scrypt";
const KEY_LABEL: &[u8] = b"age-encryption.org/v1/X25519";
const PASSPHRASE_LABEL: &[u8] = b"age-encryption.org/v1/scrypt";

const TAG: usize = 16;

/// The first chunk, which is the last one.
const ONLY_CHUNK: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

/// A file's own key.
type FileKey = FixedBytes<16>;

/// A secret key, with its public half.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    secret: FixedBytes<32>,
    public: [u8; 32],
}

impl Key {
    /// Returns the key of these bytes. Any bytes will do.
    #[must_use]
    pub fn new(secret: FixedBytes<32>) -> Self {
        let public = public_half(&secret);
        Self { secret, public }
    }

    /// Returns the key of these bytes, whose public half is known already.
    #[must_use]
    pub fn with_public(secret: FixedBytes<32>, public: [u8; 32]) -> Self {
        Self { secret, public }
    }

    /// Returns the secret half.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.secret
    }

    /// Returns the public half.
    #[must_use]
    pub fn public(&self) -> &[u8; 32] {
        &self.public
    }
}

/// The recipient for whom a file is encrypted.
pub enum Recipient<'a> {
    /// Whoever has the secret half of this public key.
    Key(&'a [u8; 32]),
    /// Whoever knows this passphrase. The number is the binary logarithm of scrypt's work, see
    /// [`memory`].
    Passphrase(&'a [u8], u8),
}

/// The reason why a file cannot be opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unreadable {
    /// The file is not of this format, was changed, or is cut off.
    Damaged,
    /// The file is in the format's text form.
    Armored,
    /// The file is for another key or passphrase.
    NotForThis,
    /// The file asks for more memory than any file should.
    TooMuchWork,
}

/// Returns how many bytes of memory a passphrase takes with this work factor.
#[must_use]
pub fn memory(work_factor: u8) -> u64 {
    1024 << work_factor.min(32)
}

/// Encrypts content.
///
/// # Errors
/// [`Error::TooLong`] for more than [`MAX_CONTENT`]; where there are no random numbers.
pub fn encrypt(content: &[u8], recipient: &Recipient<'_>) -> Result<Vec<u8>, Error> {
    if content.len() > MAX_CONTENT {
        return Err(Error::TooLong);
    }
    let file_key = random()?;
    let stanza = match recipient {
        Recipient::Key(public) => for_key(&file_key, public)?,
        Recipient::Passphrase(passphrase, work_factor) => {
            for_passphrase(&file_key, passphrase, *work_factor)?
        }
    };
    // The vector does not grow: the content is encrypted where it was copied to.
    let mut file = Vec::with_capacity(MAX_HEADER + content.len() + TAG);
    file.extend_from_slice(INTRODUCTION);
    file.extend_from_slice(stanza.as_bytes());
    file.extend_from_slice(b"---");
    let mac = base64::encode(&header_mac(&file_key, &file).finalize().into_bytes());
    file.extend([b" ", mac.as_bytes(), b"\n"].concat());
    let nonce: FixedBytes<16> = random()?;
    file.extend_from_slice(&*nonce);
    let start = file.len();
    file.extend_from_slice(content);
    let tag = seal(&derive(&*file_key, &*nonce, b"payload"), &ONLY_CHUNK, &mut file[start..])?;
    file.extend(tag);
    Ok(file)
}

/// Returns the public half of a secret key, by the ladder that also opens files. The other way to
/// the same bytes, over an Edwards curve, would make the program 30 KB longer.
fn public_half(secret: &[u8; 32]) -> [u8; 32] {
    X25519_BASEPOINT.mul_clamped(*secret).to_bytes()
}

fn for_key(file_key: &FileKey, public: &[u8; 32]) -> Result<String, Error> {
    let secret = random()?;
    let share = public_half(&secret);
    let shared = FixedBytes::new(MontgomeryPoint(*public).mul_clamped(*secret).to_bytes());
    let wrapping = derive(&*shared, &[share, *public].concat(), KEY_LABEL);
    stanza(&[KEY_STANZA, &base64::encode(&share)], &wrapping, file_key)
}

fn for_passphrase(file_key: &FileKey, passphrase: &[u8], work: u8) -> Result<String, Error> {
    let salt: FixedBytes<16> = random()?;
    let wrapping = stretch(passphrase, &*salt, work).ok_or(Error::TooLong)?;
    stanza(&[PASSPHRASE_STANZA, &base64::encode(&*salt), &work.to_string()], &wrapping, file_key)
}

fn stanza(arguments: &[&str], wrapping: &[u8; 32], file_key: &FileKey) -> Result<String, Error> {
    let mut wrapped = **file_key;
    let tag = seal(wrapping, &[0; 12], &mut wrapped)?;
    let body = base64::encode(&[wrapped, tag].concat());
    Ok(format!("-> {}\n{body}\n", arguments.join(" ")))
}

/// A file that was read and not yet opened.
pub struct File<'a> {
    stanzas: Vec<Stanza<'a>>,
    /// The bytes of which the MAC is.
    header: &'a [u8],
    mac: Vec<u8>,
    nonce: &'a [u8],
    content: &'a [u8],
}

struct Stanza<'a> {
    arguments: Vec<&'a [u8]>,
    body: Vec<u8>,
}

/// The parts of a passphrase's stanza.
struct Stretched<'a> {
    salt: Vec<u8>,
    work: u8,
    body: &'a [u8],
}

impl<'a> File<'a> {
    /// Reads a file's header.
    ///
    /// # Errors
    /// [`Unreadable::Damaged`], [`Unreadable::Armored`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        if bytes.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----") {
            return Err(Unreadable::Armored);
        }
        Self::read(bytes).ok_or(Unreadable::Damaged)
    }

    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(INTRODUCTION)?;
        let mut stanzas = Vec::new();
        let (header, mac) = loop {
            let before = bytes.len() - rest.len();
            let line = next_line(&mut rest).filter(|_| before <= MAX_HEADER)?;
            if let Some(mac) = line.strip_prefix(b"--- ") {
                break (&bytes[..before + 3], base64::decode(mac)?);
            }
            let arguments: Vec<_> = line.strip_prefix(b"-> ")?.split(|&b| b == b' ').collect();
            if arguments.iter().any(|a| a.is_empty() || !a.iter().all(u8::is_ascii_graphic)) {
                return None;
            }
            stanzas.push(Stanza { arguments, body: next_body(&mut rest)? });
        };
        let (nonce, content) = rest.split_at_checked(16)?;
        let is_one_chunk = (TAG..=MAX_CONTENT + TAG).contains(&content.len());
        let is_whole = !stanzas.is_empty() && is_one_chunk;
        is_whole.then_some(Self { stanzas, header, mac, nonce, content })
    }

    /// Returns the stanza of a file that is for a passphrase, which then has no other.
    fn for_passphrase(&self) -> Result<Option<Stretched<'_>>, Unreadable> {
        let named = |stanza: &&Stanza<'_>| stanza.arguments[0] == PASSPHRASE_STANZA.as_bytes();
        let Some(stanza) = self.stanzas.iter().find(named) else { return Ok(None) };
        let ([_, salt, work], [_]) = (&*stanza.arguments, &*self.stanzas) else {
            return Err(Unreadable::Damaged);
        };
        let salt = base64::decode(salt).filter(|salt| salt.len() == 16);
        let is_plain = |text: &&str| {
            let digits = text.bytes().all(|b| b.is_ascii_digit());
            digits && text.len() <= 2 && !text.starts_with('0')
        };
        let work = std::str::from_utf8(work).ok().filter(is_plain).and_then(|t| t.parse().ok());
        let (Some(salt), Some(work)) = (salt, work) else { return Err(Unreadable::Damaged) };
        if work > MAX_WORK_FACTOR {
            return Err(Unreadable::TooMuchWork);
        }
        Ok(Some(Stretched { salt, work, body: &stanza.body }))
    }

    /// Returns the work factor of a file that is for a passphrase, or none where it is for keys.
    ///
    /// # Errors
    /// [`Unreadable::Damaged`], and [`Unreadable::TooMuchWork`] for one that is over 20.
    pub fn work_factor(&self) -> Result<Option<u8>, Unreadable> {
        Ok(self.for_passphrase()?.map(|stanza| stanza.work))
    }

    /// Returns the content, which this key opens.
    ///
    /// # Errors
    /// [`Unreadable`]
    pub fn open(&self, key: &Key) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
        if self.for_passphrase()?.is_some() {
            return Err(Unreadable::NotForThis);
        }
        for stanza in &self.stanzas {
            if stanza.arguments[0] == KEY_STANZA.as_bytes()
                && let Some(file_key) = unwrap_with_key(stanza, key)?
            {
                return self.decrypt(&file_key);
            }
        }
        Err(Unreadable::NotForThis)
    }

    /// Returns the content, which this passphrase opens. This takes as much [`memory`] as the file
    /// says.
    ///
    /// # Errors
    /// [`Unreadable`]
    pub fn open_with_passphrase(
        &self,
        passphrase: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
        let stanza = self.for_passphrase()?.ok_or(Unreadable::NotForThis)?;
        let wrapping = stretch(passphrase, &stanza.salt, stanza.work);
        let wrapping = wrapping.ok_or(Unreadable::TooMuchWork)?;
        let file_key = unwrap(&wrapping, stanza.body)?.ok_or(Unreadable::NotForThis)?;
        self.decrypt(&file_key)
    }

    fn decrypt(&self, file_key: &FileKey) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
        let mac = header_mac(file_key, self.header);
        mac.verify_slice(&self.mac).map_err(|_| Unreadable::Damaged)?;
        let key = derive(&**file_key, self.nonce, b"payload");
        open(&key, &ONLY_CHUNK, self.content).ok_or(Unreadable::Damaged)
    }
}

fn next_line<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = rest.iter().take(MAX_HEADER).position(|&b| b == b'\n')?;
    let line = &rest[..end];
    *rest = &rest[end + 1..];
    Some(line)
}

/// Reads a stanza's body: full lines of 64 digits, and one that is not full.
fn next_body(rest: &mut &[u8]) -> Option<Vec<u8>> {
    const FULL: usize = 64;
    let mut body = Vec::new();
    loop {
        let line = next_line(rest).filter(|line| line.len() <= FULL)?;
        body.extend(base64::decode(line)?);
        if line.len() < FULL {
            return Some(body);
        }
    }
}

/// Returns the file's key from a stanza, or nothing where the stanza is for another key.
fn unwrap_with_key(stanza: &Stanza<'_>, key: &Key) -> Result<Option<FileKey>, Unreadable> {
    let [_, share] = *stanza.arguments else { return Err(Unreadable::Damaged) };
    let share = base64::decode(share).and_then(|share| <[u8; 32]>::try_from(share).ok());
    let share = share.ok_or(Unreadable::Damaged)?;
    let shared = FixedBytes::new(MontgomeryPoint(share).mul_clamped(*key.secret).to_bytes());
    // The share is a point of low order, with which everybody computes the same.
    if *shared == [0; 32] {
        return Err(Unreadable::Damaged);
    }
    let wrapping = derive(&*shared, &[share, key.public].concat(), KEY_LABEL);
    unwrap(&wrapping, &stanza.body)
}

fn unwrap(wrapping: &[u8; 32], body: &[u8]) -> Result<Option<FileKey>, Unreadable> {
    // A body of another length could be made to open under two keys.
    if body.len() != 16 + TAG {
        return Err(Unreadable::Damaged);
    }
    let opened = open(wrapping, &[0; 12], body);
    Ok(opened.and_then(|key| <[u8; 16]>::try_from(key.as_slice()).ok()).map(FixedBytes::new))
}

fn header_mac(file_key: &FileKey, header: &[u8]) -> Hmac<Sha256> {
    let key = derive(&**file_key, b"", b"header");
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&*key);
    // Any length of key will do.
    let mut mac = mac.unwrap_or_else(|_| unreachable!());
    mac.update(header);
    mac
}

fn stretch(passphrase: &[u8], salt: &[u8], work_factor: u8) -> Option<FixedBytes<32>> {
    let params = scrypt::Params::new(work_factor, 8, 1).ok()?;
    let mut key = FixedBytes::new([0; 32]);
    scrypt::scrypt(passphrase, &[PASSPHRASE_LABEL, salt].concat(), &params, &mut *key).ok()?;
    Some(key)
}

fn derive(secret: &[u8], salt: &[u8], label: &[u8]) -> FixedBytes<32> {
    let mut key = FixedBytes::new([0; 32]);
    // This fails only for more than 8,160 bytes.
    let _ = Hkdf::<Sha256>::new(Some(salt), secret).expand(label, &mut *key);
    key
}

fn seal(key: &[u8; 32], nonce: &[u8; 12], content: &mut [u8]) -> Result<[u8; TAG], Error> {
    let cipher = ChaCha20Poly1305::new(key.into());
    let tag = cipher.encrypt_inout_detached(nonce.into(), b"", content.into());
    tag.map(Into::into).map_err(|_| Error::TooLong)
}

fn open(key: &[u8; 32], nonce: &[u8; 12], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (content, tag) = sealed.split_last_chunk::<TAG>()?;
    let mut content = Zeroizing::new(content.to_vec());
    let cipher = ChaCha20Poly1305::new(key.into());
    let opened =
        cipher.decrypt_inout_detached(nonce.into(), b"", content.as_mut_slice().into(), tag.into());
    opened.ok().map(|()| content)
}

#[cfg(test)]
mod tests;
