//! Tokens in the URLs of this repository's remotes.
//!
//! Such a token is for one repository, so it is kept for that. When it is taken out of the URL,
//! git is told, in this repository's configuration, to send its helpers the path: then the
//! next push finds it.

use super::credential_url::Parts;
use super::found::{Entry, Removal, Source};
use crate::context::escape;
use crate::error::Error;
use crate::git::{self, Failed, remotes};
use zeroize::Zeroizing;

const NOT_CHANGED: Error = Error::Refused("git could not change the remote's URL");

/// What the remotes hold; nothing outside of a repository.
pub(super) fn read() -> Option<Source> {
    let remotes = Remotes(remotes::settings()?);
    let entries = remotes.urls().enumerate().filter_map(|(number, (key, url))| {
        let parts = Parts::of(url).filter(Parts::has_token)?;
        let remote = key.strip_prefix(b"remote.")?.rsplitn(2, |&b| b == b'.').nth(1)?;
        let label = format!("remote {}", escape(remote));
        Some(Entry { number, label, token: parts.token() })
    });
    let entries = entries.collect();
    Some(Source {
        name: "the remotes of this repository".to_owned(),
        entries,
        removal: Some(Box::new(remotes)),
        remark: None,
        sends_path: true,
    })
}

struct Remotes(Zeroizing<Vec<u8>>);

impl Remotes {
    fn urls(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let pairs = self.0.split(|&b| b == 0);
        pairs.filter_map(|pair| {
            let end = pair.iter().position(|&b| b == b'\n')?;
            Some((&pair[..end], &pair[end + 1..]))
        })
    }
}

impl Removal for Remotes {
    fn remove(&self, numbers: &[usize]) -> Result<(), Error> {
        if remotes::settings().as_ref() != Some(&self.0) {
            return Err(Error::Refused(
                "the remotes were changed meanwhile and are left as they are: begin again",
            ));
        }
        for (number, (key, url)) in self.urls().enumerate() {
            if numbers.contains(&number) {
                let change = Parts::of(url).and_then(|parts| Change::of(key, &parts));
                change.ok_or(NOT_CHANGED)?.carry_out()?;
            }
        }
        Ok(())
    }
}

/// What git is told. The token is in none of it: arguments are for everybody to see.
struct Change {
    key: String,
    /// Matches the old URL.
    old: String,
    new: String,
    /// The new URL without a username.
    place: String,
}

impl Change {
    fn of(key: &[u8], parts: &Parts<'_>) -> Option<Self> {
        let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
        let (protocol, rest) = (text(parts.protocol)?, text(parts.rest)?);
        let username = if parts.token_as_username() { None } else { parts.username };
        let username = text(username.unwrap_or_default())?;
        let before =
            if parts.token_as_username() { String::new() } else { literally(&username) + ":" };
        let old = format!("^{}://{before}[^@/]*@{}$", literally(&protocol), literally(&rest));
        let sign = if username.is_empty() { "" } else { "@" };
        let place = format!("{protocol}://{rest}");
        Some(Self {
            key: text(key)?,
            old,
            new: format!("{protocol}://{username}{sign}{rest}"),
            place,
        })
    }

    fn carry_out(&self) -> Result<(), Error> {
        git::send_path_in_repository(&self.place)
            .and_then(|()| remotes::set(&self.key, &self.new, &self.old))
            .map_err(Failed::tell)
    }
}

/// A regular expression that matches this text alone.
fn literally(text: &str) -> String {
    let mut expression = String::with_capacity(text.len());
    for c in text.chars() {
        if r".[]{}()*+?^$|\".contains(c) {
            expression.push('\\');
        }
        expression.push(c);
    }
    expression
}

#[cfg(test)]
mod tests {
    use super::{Change, Parts};

    #[test]
    fn the_token_is_in_nothing_that_git_is_told() {
        for (url, old, new) in [
            (
                "https://alice:TESTONLY@h.example/o/r.git",
                r"^https://alice:[^@/]*@h\.example/o/r\.git$",
                "https://alice@h.example/o/r.git",
            ),
            (
                "https://ghp_TESTONLYTESTONLY@h.example:8443/o/r",
                r"^https://[^@/]*@h\.example:8443/o/r$",
                "https://h.example:8443/o/r",
            ),
            (
                "https://TESTONLY:x-oauth-basic@h.example/o",
                r"^https://[^@/]*@h\.example/o$",
                "https://h.example/o",
            ),
            (
                "https://:TESTONLY@h.example/o",
                r"^https://:[^@/]*@h\.example/o$",
                "https://h.example/o",
            ),
        ] {
            let parts = Parts::of(url.as_bytes()).expect(url);
            let change = Change::of(b"remote.origin.url", &parts).expect(url);
            assert_eq!((change.old.as_str(), change.new.as_str()), (old, new));
            assert!(!change.place.contains('@'), "{url}");
        }
    }
}
