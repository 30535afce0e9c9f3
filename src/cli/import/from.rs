//! Finds the sources by the names that people type.

#[cfg(all(unix, not(target_os = "macos")))]
use super::foreign_items;
use super::found::Source;
use super::git_hosts::{GitHosts, NO_GIT_HOST};
use super::{gh, git_config, glab, keyring, netrc, other_helper, our_keychain, store_file};
use crate::cli::place::Place;
use crate::error::Error;
use crate::forge;
use crate::keychain::Kind;
use crate::plain_text::places::{Surroundings, named};
use std::path::{Path, PathBuf};

/// A source that `--from` names.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum From {
    /// `store`: the files of `git credential-store`, or another of that form.
    Store(Option<PathBuf>),
    /// `netrc`: `~/.netrc`, or another of that form.
    Netrc(Option<PathBuf>),
    /// `gh`: its hosts file, and its entries in the keyring.
    Gh(Option<PathBuf>),
    /// `glab`: its entries in the keyring.
    Glab,
    /// `keyring=SERVICE/USER`: an entry of any program of the keyring family.
    Keyring(keyring::Names),
    /// `config`: git's configuration. It is also called `remotes`, because most of its tokens are
    /// in their URLs.
    Config,
    /// `kernel` or another of our own keychains.
    Keychain(Kind),
    /// Another helper of git's, by its name or path.
    Helper(String),
}

/// The sources that are read where none is named.
pub(super) const PLAIN_TEXT: [From; 4] =
    [From::Store(None), From::Netrc(None), From::Gh(None), From::Config];

const NO_FILE: &str = "only store, netrc and gh take a file, and keyring an entry";

const IS_TOKEN: &str = "a token is no source: name where it lies";

/// Reads the value of `--from`.
pub(super) fn parse(text: &str) -> Result<From, &'static str> {
    let (name, file) = match text.split_once('=') {
        Some(("keyring", names)) if forge::holds_token(names.as_bytes()) => return Err(IS_TOKEN),
        Some(("keyring", names)) => return keyring::Names::parse(names).map(From::Keyring),
        Some((_, "")) => return Err("the file is missing"),
        Some((name, file)) => (name, Some(PathBuf::from(file))),
        None => (text, None),
    };
    // In a folder, a file may have any name, even one like a token.
    let first = file.as_ref().and_then(|file| file.components().next());
    let first = first.map_or(&[][..], |first| first.as_os_str().as_encoded_bytes());
    if forge::is_token(name.as_bytes()) || forge::holds_token(first) {
        return Err(IS_TOKEN);
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./\\:".contains(&b);
    if let Some(kind) = Kind::from_name(name) {
        return if file.is_none() { Ok(From::Keychain(kind)) } else { Err(NO_FILE) };
    }
    match (name, file) {
        ("store", file) => Ok(From::Store(file)),
        ("netrc", file) => Ok(From::Netrc(file)),
        ("gh", file) => Ok(From::Gh(file)),
        (_, Some(_)) => Err(NO_FILE),
        ("keyring", None) => Err("name the entry: keyring=SERVICE/USER"),
        ("glab", None) => Ok(From::Glab),
        ("config" | "remotes", None) => Ok(From::Config),
        ("pat" | "", None) => Err("no such source"),
        (name, None) if name.bytes().all(plain) && !name.starts_with('-') => {
            Ok(From::Helper(name.to_owned()))
        }
        _ => Err("no such source"),
    }
}

impl From {
    /// Returns the sources of this kind, limited to tokens for these URLs if there are any. A
    /// helper and glab's entries are asked for each URL. An entry of the keyring needs exactly one
    /// URL.
    ///
    /// # Errors
    /// Where a source cannot be read.
    pub(super) fn sources(&self, places: &[Place]) -> Result<Vec<Source>, Error> {
        let surroundings = Surroundings::of_this_process();
        let read = |read: fn(&Path, &str) -> Result<Option<Source>, Error>,
                    path: Option<PathBuf>| {
            path.map_or(Ok(None), |path| read(&path, &named(&path)))
        };
        let found = match self {
            Self::Store(Some(path)) => vec![read(store_file::read, Some(path.clone()))?],
            Self::Store(None) => {
                let [first, second] = surroundings.stores();
                store_file::both(read(store_file::read, first)?, read(store_file::read, second)?)
            }
            Self::Netrc(path) => {
                let path = path.clone().or_else(|| surroundings.netrc());
                let mut source = read(netrc::read, path)?;
                if let Some(source) = source.as_mut().filter(|_| places.is_empty()) {
                    leave_others(source)?;
                }
                vec![source]
            }
            Self::Gh(path) => {
                let path = path.clone().or_else(|| surroundings.gh());
                vec![read(gh::read, path)?]
            }
            Self::Glab => vec![Some(glab::read(places)?)],
            Self::Keyring(names) => vec![Some(keyring::read(names, places)?)],
            Self::Config => vec![Some(git_config::read()?)],
            Self::Keychain(kind) => vec![our_keychain::read(*kind)?],
            #[cfg(all(unix, not(target_os = "macos")))]
            Self::Helper(name) if places.is_empty() => vec![foreign_items::read(name)?],
            Self::Helper(name) => vec![Some(other_helper::read(name, places)?)],
        };
        let mut found: Vec<Source> = found.into_iter().flatten().collect();
        // For the other kinds, the URLs have said what to look for.
        if !matches!(self, Self::Glab | Self::Keyring(_) | Self::Helper(_)) {
            for source in &mut found {
                source.keep_only(places);
            }
        }
        Ok(found)
    }
}

/// Leaves the entries for hosts with which git is not known to be used.
fn leave_others(source: &mut Source) -> Result<(), Error> {
    let hosts = GitHosts::known()?;
    for entry in &mut source.entries {
        if entry.token.as_ref().is_ok_and(|token| !hosts.have(token)) {
            entry.token = Err(NO_GIT_HOST);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{From, parse};
    use crate::keychain::Kind;
    use std::path::PathBuf;

    #[test]
    fn a_source_is_one_of_ours_or_a_helper() {
        assert!(matches!(parse("store"), Ok(From::Store(None))));
        assert!(parse("netrc=/a=b") == Ok(From::Netrc(Some(PathBuf::from("/a=b")))));
        assert!(parse("kernel") == Ok(From::Keychain(Kind::Kernel)));
        for name in ["config", "remotes"] {
            assert!(parse(name) == Ok(From::Config), "{name}");
        }
        assert!(parse("osxkeychain") == Ok(From::Helper("osxkeychain".to_owned())));
        assert!(parse("store=/tmp/hf_TESTONLYTESTONLY").is_ok());
        for token in [
            "hf_TESTONLYTESTONLY",
            "store=hf_TESTONLYTESTONLY",
            "BBDC-TESTONLYTESTONLY",
            "keyring=app/hf_TESTONLYTESTONLY",
        ] {
            assert!(parse(token).is_err_and(|why| why.contains("token")), "{token}");
        }
        let keyring = ["keyring", "keyring=", "keyring=x", "keyring=/x", "keyring=a\n/x"];
        let others = [
            "",
            "pat",
            "store=",
            "remotes=x",
            "a b",
            "!x",
            "-x",
            "libsecret=x",
            "a;b",
            "glab=x",
            "kernel=x",
        ];
        for text in others.into_iter().chain(keyring) {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
