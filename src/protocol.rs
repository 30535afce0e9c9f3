//! git's credential protocol: its operations, and how bytes become a [`Request`] and an [`Answer`]
//! becomes bytes. No other module knows the protocol's lines.
//!
//! ```text
//! capability[]=authtype        what follows is git-credential(1), "INPUT/OUTPUT FORMAT":
//! protocol=https               a key, `=`, a value to the end of the line, any bytes but
//! host=git.example.com         LF and NUL; then an empty line, or the end of the input
//! username=alice
//! wwwauth[]=Basic realm="x"    chosen by the server: skipped undecoded
//! ```
//!
//! Only LF and CRLF end a line, and a line is never split. Lines made out of parts of others have
//! given tokens to strangers (CVE-2020-5260, CVE-2024-50338, CVE-2024-52006).

#[cfg(test)]
mod tests;

use crate::context::Context;
use crate::credential::Username;
use crate::error::{Error, Malformed};
use crate::secret::{Buffer, Secret};
use std::io::{self, Read};
use zeroize::Zeroizing;

/// The longest request in bytes.
pub const MAX_REQUEST: usize = 1024 * 1024;

/// The first buffer's size. Nearly every request fits; a longer one moves once to a buffer of
/// [`MAX_REQUEST`].
const USUAL_REQUEST: usize = 8192;

/// An operation that git asks of a helper, see gitcredentials(7).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    /// Answer with a credential.
    Get,
    /// Keep a credential.
    Store,
    /// Reject a token, or put accounts away.
    Erase,
    /// Say which capabilities there are.
    Capability,
}

impl Operation {
    /// Reads git's word for an operation, or returns none where a later git brought it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "get" => Self::Get,
            "store" => Self::Store,
            "erase" => Self::Erase,
            "capability" => Self::Capability,
            _ => return None,
        })
    }

    /// Returns git's word for the operation.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Store => "store",
            Self::Erase => "erase",
            Self::Capability => "capability",
        }
    }
}

/// Optional parts of the protocol, announced with `capability[]`.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Capabilities {
    /// `authtype` and `credential` are understood.
    pub authtype: bool,
    /// `state[]` comes back with the next operation.
    pub state: bool,
}

/// A request of git's: the credential description with the attributes that we use.
#[derive(Default)]
pub struct Request {
    /// `capability[]`
    pub capabilities: Capabilities,
    /// `protocol`, as git gives it.
    pub protocol: Option<Vec<u8>>,
    /// `host`, with the port where there is one, as git gives it.
    pub host: Option<Vec<u8>>,
    /// `path`, if it is not empty.
    pub path: Option<Vec<u8>>,
    /// `username`
    pub username: Option<Username>,
    /// `password`
    pub password: Option<Secret>,
    /// `authtype`
    pub authtype: Option<Vec<u8>>,
    /// `credential`
    pub credential: Option<Secret>,
    /// `ephemeral`: the credential is not to be kept.
    pub ephemeral: bool,
    /// `password_expiry_utc` in seconds since 1970 UTC. 0, and a value that is no number, mean
    /// never.
    pub expiry: Option<u64>,
    /// `oauth_refresh_token`
    pub refresh_token: Option<Secret>,
    /// `state[]`: the states of all helpers.
    pub states: Vec<Vec<u8>>,
}

impl Request {
    /// Reads a request up to its empty line or the end of the input.
    ///
    /// # Errors
    /// [`Error::Request`] where the bytes are no request, [`Error::Stream`] where they
    /// cannot be read.
    pub fn read(input: &mut dyn Read) -> Result<Self, Error> {
        Ok(Self::of(&read_description(input)?.into())?)
    }

    /// Reads a request from `bytes`. Bytes after its empty line are not looked at.
    ///
    /// # Errors
    /// [`Malformed`] with the number of the line, never with its text.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        Self::of(&Buffer::new(bytes))
    }

    fn of(bytes: &Buffer) -> Result<Self, Malformed> {
        let mut request = Self::default();
        let mut seen = Vec::new();
        let mut rest = bytes.expose();
        let mut number = 0;
        while !rest.is_empty() {
            number += 1;
            let end = rest.iter().position(|&b| b == b'\n').ok_or(Malformed::CutOff(number))?;
            let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
            rest = &rest[end + 1..];
            if line.is_empty() {
                break;
            }
            let equals = line.iter().position(|&b| b == b'=').ok_or(Malformed::NoEquals(number))?;
            let (key, value) = (&line[..equals], &line[equals + 1..]);
            if key.is_empty() {
                return Err(Malformed::EmptyKey(number));
            }
            check_bytes(key, number)?;
            if let Some(key) = Key::of(key) {
                check_bytes(value, number)?;
                if !key.is_list() {
                    if seen.contains(&key) {
                        return Err(Malformed::Repeated(number));
                    }
                    seen.push(key);
                }
                request.set(key, value, bytes);
            }
        }
        Ok(request)
    }

    fn set(&mut self, key: Key, value: &[u8], bytes: &Buffer) {
        match key {
            Key::Capability => match value {
                b"" => self.capabilities = Capabilities::default(),
                b"authtype" => self.capabilities.authtype = true,
                b"state" => self.capabilities.state = true,
                _ => {}
            },
            Key::State if value.is_empty() => self.states.clear(),
            Key::State => self.states.push(value.to_vec()),
            Key::Protocol => self.protocol = Some(value.to_vec()),
            Key::Host => self.host = Some(value.to_vec()),
            Key::Path => self.path = (!value.is_empty()).then(|| value.to_vec()),
            Key::Username => self.username = Some(Username::new(value)),
            Key::Password => self.password = Some(bytes.secret(value)),
            Key::Authtype => self.authtype = Some(value.to_vec()),
            Key::Credential => self.credential = Some(bytes.secret(value)),
            Key::Ephemeral => self.ephemeral = !is_false(value),
            Key::Expiry => self.expiry = parse_expiry(value),
            Key::RefreshToken => self.refresh_token = Some(bytes.secret(value)),
        }
    }
}

/// The attributes that we use. Every other one, like `wwwauth[]`, is skipped whatever its bytes and
/// length: a server chooses them, and git adds new ones.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    Capability,
    State,
    Protocol,
    Host,
    Path,
    Username,
    Password,
    Authtype,
    Credential,
    Ephemeral,
    Expiry,
    RefreshToken,
}

impl Key {
    fn of(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"capability[]" => Self::Capability,
            b"state[]" => Self::State,
            b"protocol" => Self::Protocol,
            b"host" => Self::Host,
            b"path" => Self::Path,
            b"username" => Self::Username,
            b"password" => Self::Password,
            b"authtype" => Self::Authtype,
            b"credential" => Self::Credential,
            b"ephemeral" => Self::Ephemeral,
            b"password_expiry_utc" => Self::Expiry,
            b"oauth_refresh_token" => Self::RefreshToken,
            _ => return None,
        })
    }

    fn is_list(self) -> bool {
        matches!(self, Self::Capability | Self::State)
    }
}

/// The answer to a get.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    /// `username`, printed as it is given; none is not printed.
    pub username: Option<&'a Username>,
    /// `password`, or `credential` if there is an `authtype`. It is none where the token has
    /// expired and only the rest is told.
    pub token: Option<&'a Secret>,
    /// `authtype`; the request must have announced that it understands it.
    pub authtype: Option<&'a [u8]>,
    /// `password_expiry_utc` in seconds since 1970 UTC.
    pub expiry: Option<u64>,
    /// `oauth_refresh_token`
    pub refresh_token: Option<&'a Secret>,
    /// `state[]`; the request must have announced that it understands it.
    pub state: Option<&'a str>,
}

impl Answer<'_> {
    /// Returns the lines for git, in memory that is wiped.
    ///
    /// # Errors
    /// [`Error::Damaged`] where a value would become more than one line: then it is not what was
    /// stored.
    pub fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let expiry = self.expiry.map(|e| e.to_string());
        let token_key = if self.authtype.is_some() { "credential" } else { "password" };
        let lines: [(&str, Option<&[u8]>); 8] = [
            ("capability[]", self.authtype.map(|_| &b"authtype"[..])),
            ("capability[]", self.state.map(|_| &b"state"[..])),
            ("authtype", self.authtype),
            ("username", self.username.map(Username::as_bytes)),
            (token_key, self.token.map(Secret::expose)),
            ("password_expiry_utc", expiry.as_deref().map(str::as_bytes)),
            ("oauth_refresh_token", self.refresh_token.map(Secret::expose)),
            ("state[]", self.state.map(str::as_bytes)),
        ];
        let lines = || lines.iter().filter_map(|(key, value)| Some((key, (*value)?)));
        if lines().any(|(_, value)| value.iter().any(|b| matches!(b, b'\n' | b'\r' | 0))) {
            return Err(Error::Damaged);
        }
        let length = lines().map(|(key, value)| key.len() + value.len() + 2).sum();
        let mut bytes = Zeroizing::new(Vec::with_capacity(length));
        for (key, value) in lines() {
            bytes.extend_from_slice(key.as_bytes());
            bytes.push(b'=');
            bytes.extend_from_slice(value);
            bytes.push(b'\n');
        }
        Ok(bytes)
    }
}

/// Returns the lines that ask another helper, or git itself, for a credential, or that give it one,
/// in memory that is wiped.
pub(crate) fn description(
    context: &Context,
    username: Option<&[u8]>,
    token: Option<&Secret>,
) -> Zeroizing<Vec<u8>> {
    let (host, path) = (context.authority(), context.path());
    let lines = [
        ("protocol", Some(context.protocol().as_str().as_bytes())),
        ("host", Some(host.as_bytes())),
        ("path", Some(path.as_slice())),
        ("username", username),
        ("password", token.map(Secret::expose)),
    ];
    let mut bytes = Zeroizing::new(Vec::with_capacity(USUAL_REQUEST));
    for (key, value) in lines {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            for part in [key.as_bytes(), b"=", value, b"\n"] {
                bytes.extend_from_slice(part);
            }
        }
    }
    bytes.push(b'\n');
    bytes
}

/// The answer to the operation `capability`.
pub const CAPABILITIES: &str = "version 0\ncapability authtype\ncapability state\n";

/// Reads up to the empty line that ends a description, or to the end of the input. The memory is
/// wiped, also the buffer that a longer request leaves when it moves.
fn read_description(input: &mut dyn Read) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut buffer = Zeroizing::new(vec![0; USUAL_REQUEST]);
    let mut filled = 0;
    let mut line_start = 0;
    loop {
        if filled == buffer.len() {
            let mut longer = Zeroizing::new(vec![0; MAX_REQUEST + 1]);
            longer[..filled].copy_from_slice(&buffer);
            buffer = longer;
        }
        let count = match input.read(&mut buffer[filled..]) {
            Ok(count) => count,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(Error::Stream(e.kind())),
        };
        let unread = filled..filled + count;
        filled += count;
        let mut ended = count == 0;
        for end in unread {
            if buffer[end] == b'\n' {
                let line = &buffer[line_start..end];
                line_start = end + 1;
                if matches!(line, b"" | b"\r") {
                    filled = line_start;
                    ended = true;
                    break;
                }
            }
        }
        if filled > MAX_REQUEST {
            return Err(Malformed::TooLong.into());
        }
        if ended {
            buffer.truncate(filled);
            return Ok(buffer);
        }
    }
}

fn check_bytes(bytes: &[u8], number: usize) -> Result<(), Malformed> {
    if bytes.contains(&b'\r') {
        return Err(Malformed::CarriageReturn(number));
    }
    if bytes.contains(&0) {
        return Err(Malformed::Nul(number));
    }
    Ok(())
}

/// Returns whether git reads the value as false. Any unclear value counts as true, because a
/// credential marked ephemeral must not be kept.
fn is_false(value: &[u8]) -> bool {
    [&b""[..], b"0", b"false", b"no", b"off"].iter().any(|word| value.eq_ignore_ascii_case(word))
}

fn parse_expiry(value: &[u8]) -> Option<u64> {
    if !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(value).ok()?.parse().ok().filter(|&expiry| expiry != 0)
}
