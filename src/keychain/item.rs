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
use crate::secret::Secret;
use zeroize::Zeroizing;

/// The application's schema: tells our items from everybody else's.
pub const SCHEMA: &str = "io.github.git_credential_pat.Token";

/// How people see the item in their password manager.
#[must_use]
pub fn label(account: &Account) -> String {
    if account.username.is_empty() {
        format!("Git token at {}", account.context)
    } else {
        format!("Git token for {} at {}", account.username, account.context)
    }
}

/// The item's content, in memory that is wiped.
#[must_use]
pub fn encode(credential: &Credential) -> Zeroizing<Vec<u8>> {
    let context = credential.context.to_string();
    let number = |n: Option<u64>| n.map(|n| n.to_string());
    let (expiry, rejected_at) = (number(credential.expiry), number(credential.rejected_at));
    let stored_at = credential.stored_at.to_string();
    let lines: [(&str, Option<&[u8]>); 8] = [
        ("context", Some(context.as_bytes())),
        ("username", credential.username.as_ref().map(Username::as_bytes)),
        ("any_username", credential.any_username.then_some(b"true")),
        ("authtype", credential.authtype.as_deref()),
        ("password_expiry_utc", expiry.as_deref().map(str::as_bytes)),
        ("oauth_refresh_token", credential.refresh_token.as_ref().map(Secret::expose)),
        ("stored_at", Some(stored_at.as_bytes())),
        ("rejected_at", rejected_at.as_deref().map(str::as_bytes)),
    ];
    let lines = || lines.iter().filter_map(|(key, value)| Some((key, (*value)?)));
    let token = credential.token.expose();
    let length: usize = lines().map(|(key, value)| key.len() + value.len() + 2).sum();
    let mut bytes = Zeroizing::new(Vec::with_capacity(token.len() + 1 + length));
    bytes.extend_from_slice(token);
    bytes.push(b'\n');
    for (key, value) in lines() {
        bytes.extend_from_slice(key.as_bytes());
        bytes.push(b'=');
        bytes.extend_from_slice(value);
        bytes.push(b'\n');
    }
    bytes
}

/// Reads an item's content.
///
/// # Errors
/// [`Error::Damaged`] where it is not what [`encode`] writes. Lines that a later version
/// may have added are passed over.
pub fn decode(bytes: &[u8]) -> Result<Credential, Error> {
    let mut lines = bytes.strip_suffix(b"\n").ok_or(Error::Damaged)?.split(|&b| b == b'\n');
    let token = Secret::new(lines.next().ok_or(Error::Damaged)?);
    let mut context = None;
    let mut credential = Content::default();
    for line in lines {
        let equals = line.iter().position(|&b| b == b'=').ok_or(Error::Damaged)?;
        let (key, value) = (&line[..equals], &line[equals + 1..]);
        match key {
            b"context" => {
                let text = std::str::from_utf8(value).map_err(|_| Error::Damaged)?;
                context = Some(Context::from_canonical(text).ok_or(Error::Damaged)?);
            }
            b"username" => credential.username = Some(Username::new(value)),
            b"any_username" => credential.any_username = value == b"true",
            b"authtype" => credential.authtype = Some(value.to_vec()),
            b"password_expiry_utc" => credential.expiry = Some(number(value)?),
            b"oauth_refresh_token" => credential.refresh_token = Some(Secret::new(value)),
            b"stored_at" => credential.stored_at = number(value)?,
            b"rejected_at" => credential.rejected_at = Some(number(value)?),
            _ => {}
        }
    }
    Ok(Credential {
        context: context.ok_or(Error::Damaged)?,
        username: credential.username,
        any_username: credential.any_username,
        token,
        authtype: credential.authtype,
        expiry: credential.expiry,
        refresh_token: credential.refresh_token,
        stored_at: credential.stored_at,
        rejected_at: credential.rejected_at,
    })
}

/// The lines below the token, while they are read.
#[derive(Default)]
struct Content {
    username: Option<Username>,
    any_username: bool,
    authtype: Option<Vec<u8>>,
    expiry: Option<u64>,
    refresh_token: Option<Secret>,
    stored_at: u64,
    rejected_at: Option<u64>,
}

fn number(value: &[u8]) -> Result<u64, Error> {
    std::str::from_utf8(value).ok().and_then(|t| t.parse().ok()).ok_or(Error::Damaged)
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};
    use crate::context::Context;
    use crate::credential::{Credential, Username};
    use crate::secret::Secret;

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
        for credential in [full(), bare, empty_name] {
            assert!(decode(&encode(&credential)).is_ok_and(|read| read == credential));
        }
    }

    #[test]
    fn the_token_stands_alone_on_the_first_line() {
        assert!(encode(&full()).starts_with(b"ghp_TESTONLY=1\ncontext="));
    }

    #[test]
    fn what_was_cut_off_or_planted_is_damaged() {
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
        ] {
            assert!(decode(bytes).is_err(), "{:?}", bytes.escape_ascii().to_string());
        }
        let later = b"t\ncontext=https://h.example\nadded_later=1\n";
        assert!(decode(later).is_ok_and(|credential| credential.token.expose() == b"t"));
    }
}
