//! Reads a URL as people type it: the context of a token, and its username.
//!
//! Here, and only here, a URL library reads a host. Its result must then pass the same grammar as
//! git's own requests.

mod typed;

use super::import::look::without_token;
use crate::context::{Context, unescape};
use crate::credential::Username;
use crate::error::Error;
use crate::forge;
use crate::git::{remotes, url};
use crate::terminal;
use ::url::Url;
use zeroize::Zeroizing;

/// The error where a token is in a URL, where everybody may see it.
pub(super) const HOLDS_TOKEN: Error =
    Error::Usage("a token does not belong in a URL: it is asked for, or read with --with-token");

/// The meaning of a URL that a person typed.
pub(super) struct Place {
    /// The URL as git sees it, with path and username. git compares paths as they are, with their
    /// `.git`.
    pub(super) url: String,
    pub(super) context: Context,
    pub(super) username: Option<Username>,
}

impl Place {
    /// Returns the URL of a context, without a username.
    pub(super) fn of(context: Context) -> Self {
        Self { url: url::of(&context), context, username: None }
    }

    /// Returns the URLs of this repository's remotes that are reached over http or https, each
    /// once.
    pub(super) fn of_remotes() -> Vec<Self> {
        let mut places: Vec<Self> = Vec::new();
        for remote in remotes::urls() {
            let Some(url) = without_token(&remote.url) else { continue };
            let Ok(place) = Self::parse(&url) else { continue };
            if places.iter().all(|known| known.url != place.url) {
                places.push(place);
            }
        }
        places
    }

    /// Reads the argument that a person has typed: a URL, the name of a remote of this repository,
    /// or the address of a page of a repository, which stands for the repository. Says which URL it
    /// takes where that is not the typed one.
    ///
    /// # Errors
    /// The errors of [`Self::parse`].
    pub(super) fn typed(command: &str, text: &str) -> Result<Self, Error> {
        let (place, is_what_was_typed) = Self::meant(text)?;
        if !is_what_was_typed {
            terminal::say(command, &format!("taken for {}", place.context));
        }
        Ok(place)
    }

    /// Reads such an argument without saying anything. Also returns whether the URL is the typed
    /// one.
    pub(super) fn meant(text: &str) -> Result<(Self, bool), Error> {
        let text = text.trim();
        let remote = remote(text);
        let place = Self::parse(remote.as_deref().map_or(text, String::as_str))?;
        let repository = typed::repository_of_page(&place.context);
        let is_what_was_typed = remote.is_none() && repository.is_none();
        let place = match repository {
            Some(context) => Self {
                url: url::at(&context, place.username.as_ref(), &context.path()),
                context,
                ..place
            },
            None => place,
        };
        Ok((place, is_what_was_typed))
    }

    /// Reads `https://alice@git.example.com/team`, or the same without `https://`.
    ///
    /// # Errors
    /// [`Error::Usage`], which never quotes the URL: it may hold a token.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if forge::holds_token(text.as_bytes()) {
            return Err(HOLDS_TOKEN);
        }
        let (protocol, rest) = text.split_once("://").unwrap_or(("https", text));
        let rest = rest.trim_start_matches('/');
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if authority.contains('\\') {
            // Libraries read it as a slash, git does not.
            return Err(Error::Usage("a host has no backslash"));
        }
        if let Some(refusal) = typed::refusal(text) {
            return Err(refusal);
        }
        if !has_host_as_git_sends_it(authority) {
            return Err(Error::Usage(
                "git sends a host's name as its URL has it, and only ASCII is answered: write the \
                 xn-- form, also in the remote's URL",
            ));
        }
        // The path is read as git reads it. A library would remove `..` and blanks.
        let host = Url::parse(&format!("{protocol}://{authority}"));
        let host = host.map_err(|_| Error::Usage("the URL cannot be understood"))?;
        if host.password().is_some() {
            return Err(HOLDS_TOKEN);
        }
        if path.contains(['?', '#']) {
            return Err(Error::Usage(
                "the URL of a host or repository has no ? and no #: write %3F or %23 for one in a name",
            ));
        }
        let name = host.host_str().ok_or(Error::Usage("the URL has no host"))?;
        let name = host.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"));
        let url = format!("{protocol}://{authority}{}", path.trim_end_matches('/'));
        let path = url::path(&url).ok_or(Error::Usage("the URL's path cannot be understood"))?;
        let context = Context::of_host(host.scheme().as_bytes(), name.as_bytes())
            .filter(|_| !authority.ends_with(':'))
            .ok_or(Error::Usage("the URL must be that of an https host"))?
            .scoped(&path)
            .ok_or(Error::Usage(
                "the URL's path names no organisation or repository: empty, . and .. are no \
                 parts of one",
            ))?;
        if forge::is_in_context(&context) {
            return Err(HOLDS_TOKEN);
        }
        let username = Some(host.username()).filter(|name| !name.is_empty());
        let username = username.map(|name| {
            let name = unescape(name).ok_or(Error::Usage("the URL's username cannot be used"))?;
            usable(Username::new(&name))
        });
        let username = username.transpose()?;
        let is_git_s = url::place(&url).is_some_and(|(host, _)| host == context.host_level());
        let url = if is_git_s { url } else { url::at(&context, username.as_ref(), &path) };
        Ok(Self { url, context, username })
    }
}

/// Returns the URL of the remote with this name, without a token, if there is such a remote.
fn remote(text: &str) -> Option<Zeroizing<String>> {
    let could_be = !text.contains(['/', ':', '.', '@', '\\']) && !text.starts_with('-');
    if !could_be || text.is_empty() || forge::holds_token(text.as_bytes()) {
        return None;
    }
    let url = remotes::url(text)?;
    if typed::is_for_ssh(&url) { Some(url) } else { without_token(&url) }
}

/// Returns whether git sends the host's name as a library reads it. A library turns other letters
/// than ASCII into `xn--`, but git sends them as they are, and decodes `%`.
fn has_host_as_git_sends_it(authority: &str) -> bool {
    let host = authority.rsplit('@').next().unwrap_or_default();
    host.is_ascii() && !host.contains('%')
}

/// Returns a username that a person gave, if git can use it and it is no token. A token would be
/// seen by everybody there.
///
/// # Errors
/// [`Error::Usage`], which never quotes the name.
pub(super) fn usable(name: Username) -> Result<Username, Error> {
    if name.is_token() {
        return Err(Error::Usage(
            "a token is no username: it is asked for, or read with --with-token",
        ));
    }
    flaw(&name).map_or(Ok(name), |flaw| Err(Error::Usage(flaw)))
}

/// Returns the reason why nobody can have this username, if there is one.
pub(super) fn flaw(name: &Username) -> Option<&'static str> {
    let text = String::from_utf8_lossy(name.as_bytes());
    if text.chars().any(char::is_control) {
        return Some("a username has no control characters, such as an arrow key makes");
    }
    text.contains(':').then_some("a username has no colon: HTTP ends the name there")
}

#[cfg(test)]
mod tests {
    use super::Place;

    fn read(text: &str) -> Option<(String, Option<String>)> {
        let place = Place::parse(text).ok()?;
        Some((place.context.to_string(), place.username.map(|u| u.to_string())))
    }

    #[test]
    fn a_url_says_where_and_perhaps_whose() {
        for (text, context, username) in [
            ("https://github.com", "https://github.com", None),
            ("github.com/", "https://github.com", None),
            (" GitHub.com/my-org ", "https://github.com/my-org", None),
            (
                "https://al%40ice@h.example:8443/a/b.git",
                "https://h.example:8443/a/b",
                Some("al@ice"),
            ),
            ("alice@h.example", "https://h.example", Some("alice")),
            ("http://localhost:3000", "http://localhost:3000", None),
            ("https://[::1]:8443/a%20b/", "https://[::1]:8443/a b", None),
            ("h.example/glpat-tool", "https://h.example/glpat-tool", None),
            ("hf_maier@h.example", "https://h.example", Some("hf_maier")),
            (
                "h.example/hf_transformers_and-datasets",
                "https://h.example/hf_transformers_and-datasets",
                None,
            ),
            ("https://xn--mnchen-3ya.example", "https://xn--mnchen-3ya.example", None),
            ("https://h.example/50%.git", "https://h.example/50%25", None),
            ("https://h.example/a\\b/%zz", "https://h.example/a\\b/%25zz", None),
        ] {
            let expected = Some((context.to_owned(), username.map(ToOwned::to_owned)));
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn git_gets_the_url_as_it_was_typed_where_it_reads_it_so() {
        for (text, url) in [
            ("h.example/team/repo.git/", "https://h.example/team/repo.git"),
            ("https://alice@H.example:443/a+b", "https://alice@H.example:443/a+b"),
            ("HTTPS://h.example", "https://h.example"),
            ("https:///h.example", "https://h.example"),
            ("https://h.example/a b.git/", "https://h.example/a b.git"),
            ("https://h.example/\u{fc}", "https://h.example/\u{fc}"),
            ("https://h.example/50%.git", "https://h.example/50%.git"),
            ("https://h.example/a\\b", "https://h.example/a\\b"),
            ("HTTPS://h.example/c++.git", "https://h.example/c%2B%2B.git"),
        ] {
            assert_eq!(Place::parse(text).map(|place| place.url).as_deref(), Ok(url), "{text}");
        }
    }

    #[test]
    fn what_people_type_has_its_own_sentence_and_the_right_form() {
        for (text, said) in [
            (
                "git@github.com:org/repo.git",
                "SSH, which takes no token: type https://github.com/org/repo",
            ),
            ("github.com:org/repo.git", ": type https://github.com/org/repo"),
            ("ssh://git@h.example:2222/o/r.git", ": type https://h.example/o/r"),
            ("git+ssh://h.example/o", ": type https://h.example/o"),
            (
                "ssh://h.example/a//b",
                "SSH, which takes no token: type the one that begins with https://",
            ),
            ("github.com.", "ends without a dot: type https://github.com"),
            ("https://github.com./org", "ends without a dot: type https://github.com/org"),
            ("github", "no host of this name is known: type https://github.com"),
            ("GitLab/group", "no host of this name is known: type https://gitlab.com/group"),
            ("*.github.com", "there are no wildcards"),
            ("https://*.example/x", "there are no wildcards"),
            ("github.com:99999", "a port is a number from 1 to 65535"),
            ("https://github.com:0/x", "a port is a number from 1 to 65535"),
            ("https://[::1]:70000", "a port is a number from 1 to 65535"),
            ("https://github.com:/x", "a port is a number from 1 to 65535"),
        ] {
            let error = Place::parse(text).err().unwrap_or_else(|| panic!("{text} is taken"));
            assert!(error.to_string().contains(said), "{text}: {error}");
        }
        // Another machine may well have this name. And no password is repeated.
        assert!(Place::parse("https://github").is_ok() && Place::parse("gitserver").is_ok());
        for text in
            ["a.example:TESTONLY@h.example", "alice:TESTONLY@h.example", "h.example:ghp_TESTONLY"]
        {
            let error = Place::parse(text).err().unwrap_or_else(|| panic!("{text} is taken"));
            assert!(!error.to_string().contains("TESTONLY"), "{text}: {error}");
        }
    }

    #[test]
    fn the_address_of_a_page_stands_for_its_repository() {
        for (text, context) in [
            ("github.com/o/r/tree/main", "https://github.com/o/r"),
            ("https://github.com/o/r/pull/3", "https://github.com/o/r"),
            ("https://gitlab.com/g/s/r/-/tree/main", "https://gitlab.com/g/s/r"),
            ("https://git.example/g/s/r/blob/main/x", "https://git.example/g/s/r"),
            ("https://codeberg.org/o/r/src/branch/main", "https://codeberg.org/o/r"),
        ] {
            let (place, is_what_was_typed) = Place::meant(text).expect("a place");
            assert_eq!((&*place.context.to_string(), &*place.url), (context, context), "{text}");
            assert!(!is_what_was_typed, "{text}");
        }
        for text in ["github.com/o/r", "gitlab.com/g/s/t/r", "git.example/tree/main", "h.example"] {
            let (place, is_what_was_typed) = Place::meant(text).expect("a place");
            assert_eq!(place.context.to_string(), format!("https://{text}"));
            assert!(is_what_was_typed, "{text}");
        }
    }

    #[test]
    fn what_could_mean_two_places_or_holds_a_token_is_refused() {
        for text in [
            "",
            "https://",
            "https://github.com\\@evil.example/",
            "https://github.com\\.evil.example/",
            "https://h.example/o/../r.git",
            "https://h.example/%2e/r.git",
            "https://h.example:/r.git",
            "https:/h.example/r.git",
            "https://a:ghp_TESTONLY@h.example",
            "ghp_TESTONLYargument",
            "https://ghp_TESTONLYargument@h.example",
            "https://h.example/glpat-TESTONLYargument",
            "https://github_pat_TESTONLYargument_x",
            "https://hf_TESTONLY-TESTONLY.example",
            "HF_TESTONLY_TESTONLY",
            "https://hf%5FTESTONLYTESTONLY@h.example",
            "https://h%66_TESTONLYTESTONLY",
            "https://h.example/hf%5FTESTONLYTESTONLY",
            "https://m\u{fc}nchen.example",
            "alice@m%C3%BCnchen.example/team",
            "https:///\u{ff48}.example",
            "https://h.example?x",
            "https://h.example#@github.com",
            "ftp://h.example",
            "ssh://h.example",
            "https://h.example.",
            "https://a%0Ab@h.example",
            "https://ab%1B%5BA@h.example",
            "https://a%3Ab@h.example",
            "https://a%C2%9Bb@h.example",
            "https://h.example/a//b",
            "file:///x",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
