//! Reads the items of other helpers in the desktop's keychain, and never changes them.
//!
//! | helper | schema | attributes | secret |
//! |---|---|---|---|
//! | git's libsecret | `org.git.Password`, once `org.gnome.keyring.NetworkPassword` | `protocol`, `server`, `port`, `object` (the path), `user` | the token, then `password_expiry_utc=…` and `oauth_refresh_token=…` on lines of their own |
//! | Git Credential Manager | `com.microsoft.GitCredentialManager` | `service` (`git:` and the URL), `account` | the token |

use super::found::{Entry, Source, credential};
use crate::context::Context;
use crate::credential::{Credential, Username};
use crate::error::Error;
use crate::helper;
use crate::keychain::secret_service::service::{Attributes, Listing, Plaintext, Service};
use crate::keychain::secret_service::{Prompts, address};
use crate::secret::Buffer;

const LIBSECRET: [&str; 2] = ["org.git.Password", "org.gnome.keyring.NetworkPassword"];

const MANAGER: [&str; 1] = ["com.microsoft.GitCredentialManager"];

/// Returns the items of the helper of this name, or nothing where there are none.
///
/// # Errors
/// [`Error::Usage`] where the items of this helper are not known; where the keychain fails or stays
/// locked.
pub(super) fn read(name: &str) -> Result<Option<Source>, Error> {
    let (schemas, whose, understand): (&[&str], _, Understand) = match name {
        "libsecret" => (&LIBSECRET, "git's libsecret helper", libsecret),
        "manager" => (&MANAGER, "Git Credential Manager", manager),
        _ => return Err(Error::Usage("name the places that the helper is asked for, as URLs")),
    };
    let mut entries = Vec::new();
    for (attributes, secret) in helper::with_retries(|| items(schemas))? {
        let Some(token) = understand(&attributes, &secret.into()) else { continue };
        let label = format!("item {}", entries.len() + 1);
        entries.push(Entry::new(entries.len(), label, token));
    }
    entries.sort_by_key(|entry| entry.token.as_ref().map(Credential::account).ok());
    let remark = "the items stay: their helper answers as long as git is configured with it";
    Ok((!entries.is_empty()).then(|| Source {
        name: format!("the items of {whose}"),
        entries,
        removal: None,
        remark: Some(remark),
        sends_path: false,
    }))
}

/// A function that makes a token of an item, if it may be one.
type Understand = fn(&Attributes, &Buffer) -> Option<Result<Credential, &'static str>>;

fn items(schemas: &[&str]) -> Result<Vec<(Attributes, Plaintext)>, Error> {
    let addresses = address::from_environment()?
        .ok_or(Error::Unreachable("no session bus is named in the environment"))?;
    let mut service = Service::new(addresses, Prompts::default(), true);
    let mut listing = search(&mut service, schemas)?;
    if listing.is_empty() && service.hides_what_is_locked()? {
        service.unlock_default()?;
        listing = search(&mut service, schemas)?;
    } else if !listing.locked.is_empty() {
        service.unlock(&listing.locked)?;
        listing = search(&mut service, schemas)?;
    }
    if !listing.locked.is_empty() {
        return Err(Error::Locked);
    }
    let attributes = service.attributes(&listing.open)?;
    let mut secrets = service.secrets(&listing.open)?;
    let items = listing.open.iter().zip(attributes).filter_map(|(path, attributes)| {
        let at = secrets.iter().position(|(other, _)| other.as_str() == path.as_str())?;
        Some((attributes?, secrets.swap_remove(at).1))
    });
    Ok(items.collect())
}

fn search(service: &mut Service, schemas: &[&str]) -> Result<Listing, Error> {
    let queries: Vec<_> = schemas.iter().map(|schema| vec![("xdg:schema", *schema)]).collect();
    let mut all = Listing::default();
    for listing in service.search(&queries)? {
        all.open.extend(listing.open);
        all.locked.extend(listing.locked);
    }
    Ok(all)
}

fn attribute<'a>(attributes: &'a Attributes, name: &str) -> Option<&'a str> {
    attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn libsecret(attributes: &Attributes, secret: &Buffer) -> Option<Result<Credential, &'static str>> {
    let protocol = attribute(attributes, "protocol")?;
    // Other programs keep passwords for file servers with the older schema.
    if !matches!(protocol, "https" | "http") {
        return None;
    }
    let server = attribute(attributes, "server")?;
    let port = attribute(attributes, "port").filter(|port| *port != "0");
    let host = port.map_or_else(|| server.to_owned(), |port| format!("{server}:{port}"));
    let path = attribute(attributes, "object").unwrap_or_default();
    let username = attribute(attributes, "user").map(|user| Username::new(user.as_bytes()));
    let mut lines = secret.expose().split(|&b| b == b'\n');
    let token = secret.secret(lines.next().unwrap_or_default());
    Some(place(protocol, &host, path).and_then(|context| {
        let mut found = credential(context, username, token)?;
        for line in lines {
            if let Some(value) = line.strip_prefix(b"password_expiry_utc=") {
                let value = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
                found.expiry = value.filter(|&expiry| expiry > 0);
            } else if let Some(value) = line.strip_prefix(b"oauth_refresh_token=") {
                found.refresh_token = Some(secret.secret(value));
            }
        }
        Ok(found)
    }))
}

fn manager(attributes: &Attributes, secret: &Buffer) -> Option<Result<Credential, &'static str>> {
    let url = attribute(attributes, "service")?.strip_prefix("git:")?;
    let (protocol, rest) = url.split_once("://")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    // Beside a token, Git Credential Manager keeps its refresh token under a name of its own.
    if host.starts_with("refresh_token.") || path.ends_with("refresh_token") {
        return None;
    }
    let username = attribute(attributes, "account").map(|user| Username::new(user.as_bytes()));
    let token = secret.secret(secret.expose());
    Some(place(protocol, host, path).and_then(|context| credential(context, username, token)))
}

fn place(protocol: &str, host: &str, path: &str) -> Result<Context, &'static str> {
    let host = Context::of_host(protocol.as_bytes(), host.as_bytes())
        .ok_or("its host cannot be one that git asks for")?;
    let path = path.trim_matches('/').as_bytes();
    host.scoped(path).ok_or("its path names no organisation or repository")
}
