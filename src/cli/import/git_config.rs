//! Finds tokens in git's configuration: this user's, this machine's, this repository's and its
//! submodules'.
//!
//! | where | what the token is for |
//! |---|---|
//! | the URL of a remote, a submodule, a branch, of git-lfs | that repository |
//! | `url.<base>.insteadOf`, on either side | all URLs that begin so |
//! | `credential.<url>.*`, `http.<url>.*`, `lfs.<url>.*` | that URL |
//! | `http.proxy` and similar settings | the proxy |
//! | `credential.<url>.username` | that URL |
//!
//! A token for a part of a host is kept for that part. When it is removed here, git is told to send
//! its helpers the path there: in the same file, because the setting must count wherever the URL
//! does. For a submodule this is in the user's own file, because git clones a submodule outside of
//! the repository. All files change or none does, and no token is in an argument.

mod removal;

use super::credential_url::Reach;
use super::found::{Entry, Source};
use super::plain_file::PlainFile;
use crate::credential::Credential;
use crate::error::Error;
use crate::forge;
use crate::git::Failed;
use crate::git::config_file::ConfigFile;
use crate::git::entries::{self, Entries};
use crate::git::files::{self, ConfigPath, Kind};
use crate::plain_text::places::named;
use crate::plain_text::url::{Parts, key};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

pub(super) const IN_THE_MIDDLE: &str = "a token stands in the middle of it: take it out by hand";

/// Returns the tokens in git's configuration.
///
/// # Errors
/// Where git cannot be run or cannot read its configuration.
pub(super) fn read() -> Result<Source, Error> {
    let mut configuration = Configuration::load()?;
    configuration.put_the_one_that_counts_first();
    let mut entries: Vec<Entry> = configuration
        .finds
        .iter_mut()
        .enumerate()
        .map(|(number, find)| {
            let token = find.token.take().unwrap_or(Err(IN_THE_MIDDLE));
            let label =
                format!("{} in {}", find.key, named(&configuration.files[find.file].path.path));
            Entry { group: find.group, ..Entry::new(number, label, token) }
        })
        .collect();
    for label in std::mem::take(&mut configuration.unread) {
        let why = Err("its form is not git's: take the token out by hand");
        entries.push(Entry::new(entries.len(), label, why));
    }
    for label in elsewhere()? {
        let why = Err("it is set by the environment: unset it there");
        entries.push(Entry::new(entries.len(), label, why));
    }
    let of_tree = configuration
        .finds
        .iter()
        .any(|find| configuration.files[find.file].path.kind == Kind::Tree);
    Ok(Source {
        name: "git's configuration".to_owned(),
        entries,
        removal: Some(Box::new(configuration)),
        remark: of_tree.then_some(
            "a file of the working tree has been changed: commit that, and make new tokens, \
             because its history has the old ones",
        ),
        sends_path: true,
    })
}

/// Returns whether a file may hold a token, and so must be parsed.
fn may_hold_token(content: &[u8]) -> bool {
    content.contains(&b'@') || forge::holds_token(content)
}

/// Returns the settings with a token that git has from its command line or the environment.
fn elsewhere() -> Result<Vec<String>, Error> {
    let entries = Entries::read().map_err(Failed::tell)?;
    let found = entries.in_no_file().filter(|entry| {
        [&entry.value, &entry.subsection].into_iter().any(|text| holds_token(text.as_bytes()))
    });
    let key_of = |entry: &entries::Entry| {
        let subsection = Some(entry.subsection.as_bytes()).filter(|text| !text.is_empty());
        key(&entry.section, subsection, &entry.name)
    };
    Ok(found.map(key_of).collect())
}

/// Returns whether a text holds a token, or a URL in it has one before its host.
fn holds_token(text: &[u8]) -> bool {
    let is_apart = |b: &u8| b.is_ascii_whitespace() || b"\"'`()<>|;".contains(b);
    let has_token = |word: &[u8]| {
        // The name of a transport may come before the URL: `http::https://…`.
        let after = word.windows(2).rposition(|two| two == b"::").map_or(0, |at| at + 2);
        let is_with_token = |url| Parts::of(url).is_some_and(|parts| parts.has_token());
        is_with_token(word) || is_with_token(&word[after..])
    };
    forge::holds_token(text) || text.split(is_apart).any(has_token)
}

#[derive(Default)]
struct Configuration {
    files: Vec<Opened>,
    finds: Vec<Find>,
    /// The number of each setting, by the setting's name.
    groups: BTreeMap<String, usize>,
    /// The names, for people, of the files whose form is not git's.
    unread: Vec<String>,
}

struct Opened {
    path: ConfigPath,
    plain: PlainFile,
}

/// A token in a file.
struct Find {
    /// The number of its file.
    file: usize,
    what: What,
    /// The text that holds it.
    whole: Zeroizing<Vec<u8>>,
    /// The name of the setting, without the token.
    key: String,
    /// The token. It is taken from here when the source is made.
    token: Option<Result<Credential, &'static str>>,
    /// The number of its setting. git takes one of a setting's values.
    group: usize,
    /// The URL at which git is to send the path, and the file that is to say so.
    path: Option<(String, Target)>,
}

/// The change that removes a token from its file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Value(usize),
    Subsection(usize),
    Remove(usize),
    /// No change: a person has to remove it.
    Nothing,
}

/// The file that tells git to send the path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    Same,
    Repository,
    User,
}

impl Configuration {
    fn load() -> Result<Self, Error> {
        let mut configuration = Self::default();
        for path in files::all().map_err(Failed::tell)? {
            // A file that cannot be read does not count for git, or belongs to somebody else.
            let Ok(Some(plain)) = PlainFile::read(&path.path) else { continue };
            if !may_hold_token(plain.content()) {
                continue;
            }
            let parsed = ConfigFile::parse(plain.content());
            match parsed.filter(|parsed| parsed.is_read_so_by_git(plain.content())) {
                Some(parsed) => configuration.add(path, plain, &parsed),
                None => configuration.unread.push(named(&path.path)),
            }
        }
        Ok(configuration)
    }

    fn add(&mut self, path: ConfigPath, plain: PlainFile, parsed: &ConfigFile) {
        let kind = path.kind;
        for (number, header) in parsed.headers.iter().enumerate() {
            let Some(subsection) = header.subsection() else { continue };
            let key = key(&header.section, Some(subsection), "*");
            if let Some(parts) = Parts::of(subsection).filter(Parts::has_token) {
                let reach = if header.section == "url" { Reach::Beginning } else { Reach::Path };
                let path = sends_path(&parts, reach, target(kind, &header.section));
                self.push(key, subsection, What::Subsection(number), parts.token(reach), path);
            } else if holds_token(subsection) {
                self.push(key, subsection, What::Nothing, Err(IN_THE_MIDDLE), None);
            }
        }
        for (number, line) in parsed.lines.iter().enumerate() {
            let Some(value) = line.value() else { continue };
            let header = &parsed.headers[line.header];
            let (section, name) = (header.section.as_str(), line.name.as_str());
            let subsection = header.subsection();
            let key = key(section, subsection, name);
            let proxy = (name == "proxy").then(|| as_proxy(value));
            let url = proxy.as_ref().map_or(value, |url| url.as_slice());
            if let Some(parts) = Parts::of(url).filter(Parts::has_token) {
                let reach = match (section, name) {
                    (_, "proxy") => Reach::Host,
                    ("url", _) => Reach::Beginning,
                    _ => Reach::Path,
                };
                let path = sends_path(&parts, reach, target(kind, section));
                self.push(key, value, What::Value(number), parts.token(reach), path);
            } else if (section, name) == ("credential", "username") && forge::is_token(value) {
                let (token, path) = as_username(subsection, value);
                self.push(key, value, What::Remove(number), token, path);
            } else if holds_token(value) {
                self.push(key, value, What::Nothing, Err(IN_THE_MIDDLE), None);
            }
        }
        self.files.push(Opened { path, plain });
    }

    /// Adds a token of the file that is added next.
    fn push(
        &mut self,
        key: String,
        whole: &[u8],
        what: What,
        token: Result<Credential, &'static str>,
        path: Option<(String, Target)>,
    ) {
        let next = self.groups.len();
        let group = *self.groups.entry(key.clone()).or_insert(next);
        let file = self.files.len();
        let whole = Zeroizing::new(whole.to_vec());
        self.finds.push(Find { file, what, whole, key, token: Some(token), group, path });
    }

    /// Puts the value that counts first among those of its setting: git takes the last value of a
    /// setting, but the first of a remote's URLs.
    fn put_the_one_that_counts_first(&mut self) {
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (number, find) in self.finds.iter().enumerate() {
            let (key, name) = find.key.rsplit_once('.').unwrap_or_default();
            let is_list = key.starts_with("url.")
                || (key.starts_with("remote.") && matches!(name, "url" | "pushurl"));
            if !is_list {
                groups.entry(find.group).or_default().push(number);
            }
        }
        for numbers in groups.into_values() {
            for (first, last) in numbers.iter().zip(numbers.iter().rev()) {
                if first < last {
                    self.finds.swap(*first, *last);
                }
            }
        }
    }
}

/// Returns which file is to tell git to send the path, for the URL of a setting in this section.
fn target(kind: Kind, section: &str) -> Target {
    match kind {
        _ if section == "submodule" => Target::User,
        Kind::Here | Kind::Elsewhere => Target::Same,
        Kind::Tree => Target::Repository,
    }
}

/// Returns a proxy's URL with a protocol. git takes one without a protocol for http's.
pub(super) fn as_proxy(value: &[u8]) -> Zeroizing<Vec<u8>> {
    let has_protocol = value.windows(3).any(|part| part == b"://");
    Zeroizing::new([if has_protocol { b"" } else { &b"http://"[..] }, value].concat())
}

/// Returns the URL at which git must send the path so that this URL's token is found.
fn sends_path(parts: &Parts<'_>, reach: Reach, target: Target) -> Option<(String, Target)> {
    let url = parts.place(reach)?;
    Some((url, target))
}

/// Returns a token that is set as the username for a URL.
fn as_username(
    place: Option<&[u8]>,
    token: &[u8],
) -> (Result<Credential, &'static str>, Option<(String, Target)>) {
    let Some(place) = place else { return (Err("it is for any host"), None) };
    let is_whole = place.windows(3).any(|part| part == b"://");
    let protocol = if is_whole { &b""[..] } else { b"https://" };
    let url = Zeroizing::new([protocol, place].concat());
    let Some(parts) = Parts::of(&url) else { return (Err("its place is not understood"), None) };
    (parts.with_token(token), sends_path(&parts, Reach::Path, Target::Same))
}
