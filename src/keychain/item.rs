//! The content and the label of an item, the same in every keychain.
//!
//! ```text
//! ghp_TESTONLY…                       the token, alone on the first line
//! context=https://github.com/my-org   what it may be used for: compared before it is used
//! username=alice
//! password_expiry_utc=1798761600      seconds since 1970 UTC, as all times here
//! stored_at=1796169600
//! made_by=git                         whose the account is; a person's where nothing is said
//! token_by=git                        whose the token is
//! known={"owner":"alice"}             what its forge has told of it, see `check`
//! aside=ghp_TESTONLY…                 the account's other token, with its own state
//! aside_since=1796169600
//! aside_stored_at=1796083200
//! rotating_at=1796169600              a rotation began then, and has not come to its end
//! room=----…                          the room that its new token will need
//! previous=ghp_TESTONLY…              the token that it has replaced, with its own state
//! previous_stored_at=1796083200
//! ```
//!
//! Each of them is one line, whatever is kept. A token of several lines, as some container
//! registries give out, is escaped like a username in a keychain's attribute, and marked as such.
//! Any other token stands there as it is:
//!
//! ```text
//! {%0A  "private_key": "…"%0A}
//! token_escaped=true
//! ```
//!
//! Everything that changes is in here. Only what never changes (the schema, the context and the
//! username) is a searchable attribute. Keychains replace items whose attributes are a subset of
//! the new ones, and would then hit the wrong one.

#[cfg(test)]
mod tests;

use crate::context::{Context, escape, unescape};
use crate::credential::{Account, Aside, Credential, Maker, Token, Username};
use crate::error::Error;
use crate::secret::{Buffer, Secret};
use std::ops::Deref;
use zeroize::Zeroizing;

/// The application's schema, which tells our items from everybody else's.
pub const SCHEMA: &str = "io.github.git_credential_pat.Token";

/// Returns the item's label, as people see it in their password manager.
#[must_use]
pub fn label(account: &Account) -> String {
    if account.username.is_empty() || account.username.is_token() {
        format!("Git token at {}", account.context)
    } else {
        format!("Git token for {} at {}", account.username, account.context)
    }
}

/// An item's content, in pieces: most keychains need not have it in one.
pub struct Content<'a> {
    token: Piece<'a>,
    lines: Vec<(&'static str, Piece<'a>)>,
}

/// Bytes that lie in the credential, or were made from it.
enum Piece<'a> {
    There(&'a [u8]),
    Made(Zeroizing<Vec<u8>>),
}

impl Deref for Piece<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::There(bytes) => bytes,
            Self::Made(bytes) => bytes,
        }
    }
}

impl<'a> Content<'a> {
    /// Returns the content for a credential.
    #[must_use]
    pub fn of(credential: &'a Credential) -> Self {
        let (token, escaped) = on_one_line(&credential.token);
        let mut content = Self { token, lines: Vec::with_capacity(8) };
        content.text("context", credential.context.to_string());
        content.bytes("token_escaped", escaped);
        content.bytes("username", credential.username.as_ref().map(Username::as_bytes));
        content.bytes("any_username", credential.any_username.then_some(TRUE));
        content.bytes("made_by", mark(credential.made_by));
        content.number("put_away_at", credential.put_away_at);
        content.bytes("authtype", credential.authtype.as_deref());
        content.number("password_expiry_utc", credential.expiry);
        let refresh_token = credential.refresh_token.as_ref();
        content.bytes("oauth_refresh_token", refresh_token.map(Secret::expose));
        content.number("stored_at", Some(credential.stored_at));
        content.number("rejected_at", credential.rejected_at);
        content.bytes("token_by", mark(credential.token_by));
        content.bytes("known", credential.known.as_ref().map(Secret::expose));
        if let Some(Aside { token, since }) = credential.aside.as_deref() {
            content.token(&ASIDE, token);
            content.number("aside_since", Some(*since));
        }
        content.number("rotating_at", credential.rotating_at);
        if let Some(token) = credential.previous.as_deref() {
            content.token(&PREVIOUS, token);
        } else if credential.rotating_at.is_some() {
            let old = content.token.len()
                + credential.known.as_ref().map_or(0, |known| known.expose().len());
            content.text("room", "-".repeat(old + ROOM));
        }
        if let Some(place) = &credential.linked_to {
            content.text("linked_to", place.to_string());
        }
        if let Some(server) = &credential.server {
            content.text("server", escape(server.as_bytes()));
        }
        content
    }

    /// Adds a token that does not answer, with these keys.
    fn token(&mut self, keys: &Keys, token: &'a Token) {
        let (secret, escaped) = on_one_line(&token.secret);
        self.lines.push((keys.secret, secret));
        self.bytes(keys.escaped, escaped);
        self.bytes(keys.authtype, token.authtype.as_deref());
        self.number(keys.expiry, token.expiry);
        self.bytes(keys.refresh_token, token.refresh_token.as_ref().map(Secret::expose));
        self.number(keys.stored_at, Some(token.stored_at));
        self.number(keys.rejected_at, token.rejected_at);
        self.bytes(keys.made_by, mark(token.made_by));
        self.bytes(keys.known, token.known.as_ref().map(Secret::expose));
    }

    fn bytes(&mut self, key: &'static str, value: Option<&'a [u8]>) {
        self.lines.extend(value.map(|value| (key, Piece::There(value))));
    }

    fn text(&mut self, key: &'static str, text: String) {
        self.lines.push((key, Piece::Made(text.into_bytes().into())));
    }

    fn number(&mut self, key: &'static str, number: Option<u64>) {
        if let Some(number) = number {
            self.text(key, number.to_string());
        }
    }

    /// Returns the pieces, in their order.
    #[must_use]
    pub fn pieces(&self) -> Vec<&[u8]> {
        let mut pieces = vec![&*self.token, b"\n"];
        for (key, value) in &self.lines {
            pieces.extend([key.as_bytes(), b"=", value, b"\n"]);
        }
        pieces
    }

    /// Returns the number of bytes of all pieces, never zero.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        self.pieces().iter().map(|piece| piece.len()).sum()
    }

    /// Returns the pieces joined, in memory that is wiped.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.len()));
        for piece in self.pieces() {
            bytes.extend_from_slice(piece);
        }
        bytes
    }
}

/// Reads an item's content.
///
/// # Errors
/// [`Error::Damaged`] where the bytes are not what [`Content`] writes. Lines that a later version
/// may have added are skipped.
pub fn decode(bytes: &Buffer) -> Result<Credential, Error> {
    let text = bytes.expose().strip_suffix(b"\n").ok_or(Error::Damaged)?;
    // Neither byte ever comes in a request, and git would take a value with one for two lines. To
    // look at all bytes costs less than to stop early.
    if text.iter().fold(false, |found, b| found | matches!(b, b'\r' | 0)) {
        return Err(Error::Damaged);
    }
    let mut lines = text.split(|&b| b == b'\n');
    let token = bytes.secret(lines.next().ok_or(Error::Damaged)?);
    let mut account = AccountLines::default();
    let mut answering = TokenLines::default();
    let mut aside = TokenLines::default();
    let mut previous = None;
    for line in lines {
        let equals = line.iter().position(|&b| b == b'=').ok_or(Error::Damaged)?;
        let (key, value) = (&line[..equals], &line[equals + 1..]);
        match key.strip_prefix(b"aside_") {
            Some(key) => aside.take(key, value, bytes)?,
            None if key == b"aside" => once(&mut aside.secret, bytes.secret(value))?,
            None if account.take(key, value)? => {}
            None if key.starts_with(b"previous") => {
                let previous = previous.get_or_insert_with(TokenLines::default);
                match key.strip_prefix(b"previous_") {
                    Some(key) => previous.take(key, value, bytes)?,
                    None if key == b"previous" => once(&mut previous.secret, bytes.secret(value))?,
                    None => {}
                }
            }
            None => answering.take(key, value, bytes)?,
        }
    }
    let context = account.context.ok_or(Error::Damaged)?;
    let token = answering.whole(token)?;
    // Only a registry has a link, and it leads to a context of git's.
    if let Some(place) = &account.linked_to
        && (context.registry().is_none()
            || place.registry().is_some()
            || !token.expose().is_empty())
    {
        return Err(Error::Damaged);
    }
    Ok(Credential {
        username: account.username,
        any_username: account.any_username.unwrap_or_default(),
        made_by: account.made_by.unwrap_or_default(),
        put_away_at: account.put_away_at,
        linked_to: account.linked_to,
        server: account.server,
        aside: aside.aside()?,
        rotating_at: account.rotating_at,
        previous: previous.map(TokenLines::previous).transpose()?.flatten(),
        authtype: answering.authtype,
        expiry: answering.expiry,
        refresh_token: answering.refresh_token,
        rejected_at: answering.rejected_at,
        known: answering.known,
        token_by: answering.made_by.unwrap_or_default(),
        ..Credential::new(context, None, token, answering.stored_at.unwrap_or_default())
    })
}

/// The lines about the account, while they are read.
#[derive(Default)]
struct AccountLines {
    context: Option<Context>,
    username: Option<Username>,
    any_username: Option<bool>,
    made_by: Option<Maker>,
    put_away_at: Option<u64>,
    rotating_at: Option<u64>,
    linked_to: Option<Context>,
    server: Option<String>,
}

impl AccountLines {
    /// Takes a line that is about the account. Returns whether it was one.
    fn take(&mut self, key: &[u8], value: &[u8]) -> Result<bool, Error> {
        match key {
            b"context" => once(&mut self.context, canonical(value)?)?,
            b"username" => once(&mut self.username, Username::new(value))?,
            b"any_username" => once(&mut self.any_username, value == TRUE)?,
            b"made_by" => once(&mut self.made_by, maker(value))?,
            b"put_away_at" => once(&mut self.put_away_at, number(value)?)?,
            b"rotating_at" => once(&mut self.rotating_at, number(value)?)?,
            b"linked_to" => once(&mut self.linked_to, canonical(value)?)?,
            b"server" => {
                let server = unescaped(value).and_then(|server| String::from_utf8(server).ok());
                once(&mut self.server, server.ok_or(Error::Damaged)?)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// The lines about one of the account's tokens, while they are read.
#[derive(Default)]
struct TokenLines {
    secret: Option<Secret>,
    escaped: Option<bool>,
    since: Option<u64>,
    authtype: Option<Vec<u8>>,
    expiry: Option<u64>,
    refresh_token: Option<Secret>,
    stored_at: Option<u64>,
    rejected_at: Option<u64>,
    known: Option<Secret>,
    made_by: Option<Maker>,
}

impl TokenLines {
    fn take(&mut self, key: &[u8], value: &[u8], bytes: &Buffer) -> Result<(), Error> {
        match key {
            b"token_escaped" => once(&mut self.escaped, value == TRUE),
            b"since" => once(&mut self.since, number(value)?),
            b"authtype" => once(&mut self.authtype, value.to_vec()),
            b"password_expiry_utc" => once(&mut self.expiry, number(value)?),
            b"oauth_refresh_token" => once(&mut self.refresh_token, bytes.secret(value)),
            b"stored_at" => once(&mut self.stored_at, number(value)?),
            b"rejected_at" => once(&mut self.rejected_at, number(value)?),
            b"token_by" => once(&mut self.made_by, maker(value)),
            b"known" => once(&mut self.known, bytes.secret(value)),
            _ => Ok(()),
        }
    }

    /// Returns the token as it was kept, from the item's line for it.
    fn whole(&self, line: Secret) -> Result<Secret, Error> {
        if self.escaped != Some(true) {
            return Ok(line);
        }
        let whole =
            Buffer::from(unescaped(line.expose()).map(Zeroizing::new).ok_or(Error::Damaged)?);
        Ok(whole.secret(whole.expose()))
    }

    /// Returns the token as one that was set aside, if there is one.
    fn aside(self) -> Result<Option<Box<Aside>>, Error> {
        match (&self.secret, self.since) {
            (Some(_), Some(since)) => {
                Ok(self.token()?.map(|token| Box::new(Aside { token, since })))
            }
            (None, None) => Ok(None),
            _ => Err(Error::Damaged),
        }
    }

    /// Returns the token as the one that a rotation has replaced, if there is one.
    fn previous(self) -> Result<Option<Box<Token>>, Error> {
        Ok(self.token()?.map(Box::new))
    }

    fn token(mut self) -> Result<Option<Token>, Error> {
        let Some(secret) = self.secret.take() else { return Ok(None) };
        Ok(Some(Token {
            secret: self.whole(secret)?,
            authtype: self.authtype,
            expiry: self.expiry,
            refresh_token: self.refresh_token,
            stored_at: self.stored_at.unwrap_or_default(),
            rejected_at: self.rejected_at,
            known: self.known,
            made_by: self.made_by.unwrap_or_default(),
        }))
    }
}

/// The keys of a token that does not answer.
struct Keys {
    secret: &'static str,
    escaped: &'static str,
    authtype: &'static str,
    expiry: &'static str,
    refresh_token: &'static str,
    stored_at: &'static str,
    rejected_at: &'static str,
    made_by: &'static str,
    known: &'static str,
}

const ASIDE: Keys = Keys {
    secret: "aside",
    escaped: "aside_token_escaped",
    authtype: "aside_authtype",
    expiry: "aside_password_expiry_utc",
    refresh_token: "aside_oauth_refresh_token",
    stored_at: "aside_stored_at",
    rejected_at: "aside_rejected_at",
    made_by: "aside_token_by",
    known: "aside_known",
};

const PREVIOUS: Keys = Keys {
    secret: "previous",
    escaped: "previous_token_escaped",
    authtype: "previous_authtype",
    expiry: "previous_password_expiry_utc",
    refresh_token: "previous_oauth_refresh_token",
    stored_at: "previous_stored_at",
    rejected_at: "previous_rejected_at",
    made_by: "previous_token_by",
    known: "previous_known",
};

/// How many bytes are kept free for a new token, beside as many as the old one has: more than the
/// keys and the times of the old one, and more than a new token is longer.
const ROOM: usize = 768;

/// The value that marks an account or a token as git's. A person's has no mark.
const GITS: &[u8] = b"git";

/// The value that marks something as true. Where it is false, there is no line.
const TRUE: &[u8] = b"true";

/// Returns the line for a token, and the mark where the token is escaped in it.
fn on_one_line(token: &Secret) -> (Piece<'_>, Option<&'static [u8]>) {
    let token = token.expose();
    if token.iter().any(|b| matches!(b, b'\n' | b'\r' | 0)) {
        (Piece::Made(escape(token).into_bytes().into()), Some(TRUE))
    } else {
        (Piece::There(token), None)
    }
}

fn unescaped(line: &[u8]) -> Option<Vec<u8>> {
    unescape(str::from_utf8(line).ok()?)
}

fn mark(maker: Maker) -> Option<&'static [u8]> {
    match maker {
        Maker::Person => None,
        Maker::Git => Some(GITS),
    }
}

fn maker(value: &[u8]) -> Maker {
    if value == GITS { Maker::Git } else { Maker::Person }
}

/// Takes a value. An item in which a key stands twice is not ours: nothing tells which is meant.
fn once<T>(place: &mut Option<T>, value: T) -> Result<(), Error> {
    if place.replace(value).is_some() { Err(Error::Damaged) } else { Ok(()) }
}

fn canonical(value: &[u8]) -> Result<Context, Error> {
    let text = std::str::from_utf8(value).map_err(|_| Error::Damaged)?;
    Context::from_canonical(text).ok_or(Error::Damaged)
}

fn number(value: &[u8]) -> Result<u64, Error> {
    std::str::from_utf8(value).ok().and_then(|t| t.parse().ok()).ok_or(Error::Damaged)
}
