//! Reads glab's entries in the keyring (`glab auth login --use-keyring`), one for each host,
//! without a user. glab is not started.
//!
//! | service | written by |
//! |---|---|
//! | `glab:gitlab.com:token` | glab today |
//! | `glab:gitlab.com` | older versions; glab still reads it |
//!
//! A token that glab keeps in its `config.yml` instead is not read.

use super::found::{Entry, Source, credential};
use super::keyring;
use crate::cli::place::Place;
use crate::credential::Credential;
use crate::error::Error;
use crate::keychain::family;
use crate::secret::Secret;

/// Returns the entries for these URLs.
///
/// # Errors
/// [`Error::Usage`] where no URL is named.
pub(super) fn read(places: &[Place]) -> Result<Source, Error> {
    if places.is_empty() {
        return Err(Error::Usage("name the places that glab has a token for, as URLs"));
    }
    let entries = places.iter().enumerate().map(|(number, place)| {
        let label = place.context.to_string();
        Entry::new(number, label, token(place, family::read))
    });
    Ok(Source {
        name: "glab's keyring entries".to_owned(),
        entries: entries.collect(),
        removal: None,
        remark: Some("the entries stay: glab auth logout removes them"),
        sends_path: false,
    })
}

fn token(
    place: &Place,
    keyring: fn(&str, &str) -> Result<Secret, Error>,
) -> Result<Credential, &'static str> {
    let context = &place.context;
    let earlier = format!("glab:{}", context.authority());
    let secret = match keyring(&format!("{earlier}:token"), "") {
        Err(Error::NoEntry) => keyring(&earlier, ""),
        found_or_failed => found_or_failed,
    };
    let secret = secret.map_err(|error| match error {
        Error::NoEntry => "glab has none for it in the keyring",
        error => keyring::reason(error),
    })?;
    if is_renewed(secret.expose()) {
        return Err("glab renews it every two hours: log in with a token of your own");
    }
    credential(context.clone(), place.username.clone(), secret)
}

/// Returns whether a token has the form of GitLab's OAuth access tokens. A personal access token
/// has a prefix, or is shorter.
fn is_renewed(token: &[u8]) -> bool {
    token.len() == 64 && token.iter().all(u8::is_ascii_hexdigit)
}

#[cfg(test)]
mod tests {
    use super::token;
    use crate::cli::place::Place;
    use crate::error::Error;
    use crate::secret::Secret;

    fn keyring(service: &str, user: &str) -> Result<Secret, Error> {
        let secret: &[u8] = match (service, user) {
            ("glab:new.example:token", "") => b"glpat-TESTONLY1",
            ("glab:new.example", "") => b"glpat-TESTONLY2",
            ("glab:old.example:8443", "") => b"glpat-TESTONLY3",
            ("glab:oauth.example:token", "") => &[b'a'; 64],
            ("glab:locked.example:token", "") => return Err(Error::Locked),
            _ => return Err(Error::NoEntry),
        };
        Ok(Secret::new(secret))
    }

    #[test]
    fn glabs_entry_of_the_host_is_found_by_either_name() {
        for (url, expected) in [
            ("https://new.example", Ok("token glpat-TESTONLY1")),
            ("https://alice@old.example:8443/team", Ok("alice glpat-TESTONLY3")),
            ("https://old.example", Err("glab has none for it in the keyring")),
            (
                "https://oauth.example",
                Err("glab renews it every two hours: log in with a token of your own"),
            ),
            ("https://locked.example", Err("the keychain is locked")),
        ] {
            let place = Place::parse(url).expect("a place");
            let found = token(&place, keyring).map(|found| {
                assert_eq!(found.context, place.context);
                let text = String::from_utf8_lossy(found.token.expose()).into_owned();
                format!("{} {text}", found.account().username)
            });
            assert_eq!(found, expected.map(str::to_owned), "{url}");
        }
    }
}
