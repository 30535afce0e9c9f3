//! What an item holds and what it is called, the same in every keychain.
//!
//! ```text
//! ghp_TESTONLY…                       the token, alone on the first line
//! context=https://github.com/my-org   what it may be used for: compared before it is used
//! username=alice
//! password_expiry_utc=1798761600      seconds since 1970 UTC, as all times here
//! stored_at=1796169600
//! ```
//!
//! Everything that changes is in here. Only what never changes (the schema, the context and
//! the username) is a searchable attribute: keychains replace items whose attributes are a
//! subset of the new ones, and then hit the wrong one.

use crate::context::Context;
use crate::credential::{Account, Credential, Username};
use crate::error::Error;
use crate::secret::{Buffer, Secret};
use std::borrow::Cow;
use zeroize::Zeroizing;

/// The application's schema: tells our items from everybody else's.
pub const SCHEMA: &str = "io.github.git_credential_pat.Token";

/// How people see the item in their password manager.
#[must_use]
pub fn label(account: &Account) -> String {
    if account.username.is_empty() || account.username.is_token() {
        format!("Git token at {}", account.context)
    } else {
        format!("Git token for {} at {}", account.username, account.context)
    }
}

/// What an item holds, in pieces: most keychains need not have it in one.
pub struct Content<'a> {
    token: &'a [u8],
    lines: Vec<(&'static str, Cow<'a, [u8]>)>,
}

impl<'a> Content<'a> {
    /// The content for a credential.
    #[must_use]
    pub fn of(credential: &'a Credential) -> Self {
        let text = |text: String| Some(Cow::Owned(text.into_bytes()));
        let number = |number: Option<u64>| number.and_then(|number| text(number.to_string()));
        let username = credential.username.as_ref().map(Username::as_bytes);
        let refresh_token = credential.refresh_token.as_ref().map(Secret::expose);
        let linked_to = credential.linked_to.as_ref().map(ToString::to_string);
        let lines: [(&'static str, Option<Cow<'a, [u8]>>); 9] = [
            ("context", text(credential.context.to_string())),
            ("username", username.map(Cow::Borrowed)),
            ("any_username", credential.any_username.then_some(Cow::Borrowed(b"true"))),
            ("authtype", credential.authtype.as_deref().map(Cow::Borrowed)),
            ("password_expiry_utc", number(credential.expiry)),
            ("oauth_refresh_token", refresh_token.map(Cow::Borrowed)),
            ("stored_at", number(Some(credential.stored_at))),
            ("rejected_at", number(credential.rejected_at)),
            ("linked_to", linked_to.and_then(text)),
        ];
        let lines = lines.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
        Self { token: credential.token.expose(), lines }
    }

    /// The pieces, in their order.
    #[must_use]
    pub fn pieces(&self) -> Vec<&[u8]> {
        let mut pieces = vec![self.token, b"\n"];
        for (key, value) in &self.lines {
            pieces.extend([key.as_bytes(), b"=", value, b"\n"]);
        }
        pieces
    }

    /// How many bytes they have together; never zero.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        self.pieces().iter().map(|piece| piece.len()).sum()
    }

    /// The pieces in one, in memory that is wiped.
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
/// [`Error::Damaged`] where it is not what [`Content`] is. Lines that a later version
/// may have added are passed over.
pub fn decode(bytes: &Buffer) -> Result<Credential, Error> {
    let text = bytes.expose().strip_suffix(b"\n").ok_or(Error::Damaged)?;
    let mut lines = text.split(|&b| b == b'\n');
    let token = bytes.secret(lines.next().ok_or(Error::Damaged)?);
    let mut context = None;
    let mut linked_to = None;
    let mut credential = Lines::default();
    for line in lines {
        let equals = line.iter().position(|&b| b == b'=').ok_or(Error::Damaged)?;
        let (key, value) = (&line[..equals], &line[equals + 1..]);
        match key {
            b"context" => {
                once(&mut context, canonical(value)?)?;
            }
            b"linked_to" => once(&mut linked_to, canonical(value)?)?,
            b"username" => once(&mut credential.username, Username::new(value))?,
            b"any_username" => once(&mut credential.any_username, value == b"true")?,
            b"authtype" => once(&mut credential.authtype, value.to_vec())?,
            b"password_expiry_utc" => once(&mut credential.expiry, number(value)?)?,
            b"oauth_refresh_token" => once(&mut credential.refresh_token, bytes.secret(value))?,
            b"stored_at" => once(&mut credential.stored_at, number(value)?)?,
            b"rejected_at" => once(&mut credential.rejected_at, number(value)?)?,
            _ => {}
        }
    }
    let context = context.ok_or(Error::Damaged)?;
    // Only a registry has a link, and it leads to one of git's places.
    if let Some(place) = &linked_to
        && (context.registry().is_none()
            || place.registry().is_some()
            || !token.expose().is_empty())
    {
        return Err(Error::Damaged);
    }
    Ok(Credential {
        context,
        username: credential.username,
        any_username: credential.any_username.unwrap_or_default(),
        token,
        authtype: credential.authtype,
        expiry: credential.expiry,
        refresh_token: credential.refresh_token,
        stored_at: credential.stored_at.unwrap_or_default(),
        rejected_at: credential.rejected_at,
        linked_to,
    })
}

/// The lines below the token, while they are read.
#[derive(Default)]
struct Lines {
    username: Option<Username>,
    any_username: Option<bool>,
    authtype: Option<Vec<u8>>,
    expiry: Option<u64>,
    refresh_token: Option<Secret>,
    stored_at: Option<u64>,
    rejected_at: Option<u64>,
}

/// Takes a value. A key that stands twice is not ours: which of the two would be meant?
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

#[cfg(test)]
mod tests {
    use super::{Content, decode, label};
    use crate::context::Context;
    use crate::credential::{Account, Credential, Username};
    use crate::error::Error;
    use crate::secret::{Buffer, Secret};

    fn full() -> Credential {
        Credential {
            context: Context::from_canonical("https://h.example:8443/a b/%FF").expect("canonical"),
            username: Some(Username::new(b"al=ice\xFF")),
            any_username: true,
            token: Secret::new(b"ghp_TESTONLY=1"),
            authtype: Some(b"Bearer".to_vec()),
            expiry: Some(1_798_761_600),
            refresh_token: Some(Secret::new(b"ghr_TESTONLY")),
            stored_at: 1,
            rejected_at: Some(2),
            linked_to: None,
        }
    }

    #[test]
    fn a_label_names_the_account_and_shows_no_token() {
        let label_for = |name: &[u8]| {
            let Credential { context, .. } = full();
            label(&Account { context, username: Username::new(name) })
        };
        let place = "https://h.example:8443/a b/%FF";
        assert_eq!(label_for(b"hf_maier"), format!("Git token for hf_maier at {place}"));
        for name in [&b""[..], b"hf_TESTONLYTESTONLY"] {
            assert_eq!(label_for(name), format!("Git token at {place}"));
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let bare = Credential {
            username: None,
            any_username: false,
            token: Secret::new(b""),
            authtype: None,
            expiry: None,
            refresh_token: None,
            rejected_at: None,
            ..full()
        };
        let empty_name = Credential { username: Some(Username::default()), ..bare.clone() };
        let link = Credential {
            context: Context::from_canonical("docker://r.example").expect("canonical"),
            linked_to: Context::from_canonical("https://h.example/team"),
            ..empty_name.clone()
        };
        for credential in [full(), bare, empty_name, link] {
            let content = Buffer::from(Content::of(&credential).to_bytes());
            assert!(decode(&content).is_ok_and(|read| read == credential));
        }
    }

    #[test]
    fn the_token_stands_alone_on_the_first_line() {
        assert!(Content::of(&full()).to_bytes().starts_with(b"ghp_TESTONLY=1\ncontext="));
    }

    #[test]
    fn what_was_cut_off_or_planted_is_damaged() {
        let decode = |bytes: &[u8]| -> Result<Credential, Error> { decode(&Buffer::new(bytes)) };
        for bytes in [
            &b""[..],
            b"token",
            b"token\n",
            b"token\nusername=a\n",
            b"token\ncontext=h\n",
            b"token\ncontext=https://h.example",
            b"token\ncontext=https://H.example\n",
            b"token\ncontext=https://h.example\nstored_at=x\n",
            b"t\ncontext=https://h.example\nx\n",
            b"t\ncontext=https://evil.example\ncontext=https://h.example\n",
            b"t\ncontext=https://h.example\nusername=a\nusername=b\n",
            b"t\ncontext=https://h.example\nrejected_at=1\nrejected_at=4000000000\n",
            b"\ncontext=https://h.example\nlinked_to=https://g.example\n",
            b"\ncontext=docker://r.example\nlinked_to=docker://g.example\n",
            b"\ncontext=docker://r.example\nlinked_to=g.example\n",
            b"t\ncontext=docker://r.example\nlinked_to=https://g.example\n",
        ] {
            assert!(decode(bytes).is_err(), "{:?}", bytes.escape_ascii().to_string());
        }
        let later = b"t\ncontext=https://h.example\nadded_later=1\n";
        assert!(decode(later).is_ok_and(|credential| credential.token.expose() == b"t"));
    }
}
