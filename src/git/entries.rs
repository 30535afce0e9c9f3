//! Everything in git's configuration, with where it stands; and which of it counts at a place.
//!
//! git itself says what is configured (`--list` with origins and scopes), and git itself says
//! which sections match a URL: each is given a setting of its own for the length of one
//! question, `--get-urlmatch`. Values may hold tokens (a header, a shell snippet, a URL): they
//! are kept wiped, and nothing here prints one.

use super::helper_line::Helper;
use super::{Failed, config};
use std::process::Stdio;
use zeroize::Zeroizing;

/// One line of the configuration.
pub(crate) struct Entry {
    /// `system`, `global`, `local`, `worktree` or `command`.
    pub(crate) scope: String,
    /// `file:/home/alice/.gitconfig`, `command line:`…
    pub(crate) origin: String,
    /// In lower case: `credential`.
    pub(crate) section: String,
    /// As it is written: `https://github.com`; empty for none.
    pub(crate) subsection: Zeroizing<String>,
    /// In lower case: `usehttppath`.
    pub(crate) name: String,
    /// Empty where there is none.
    pub(crate) value: Zeroizing<String>,
}

/// What git knows, in its order: a later line counts more.
pub(crate) struct Entries(Vec<Entry>);

impl Entries {
    /// Asks git, for the folder that this process is in.
    ///
    /// # Errors
    /// Where git cannot be run or cannot read its configuration, with its reason.
    pub(crate) fn read() -> Result<Self, Failed> {
        let mut command = config();
        command.args(["--null", "--show-origin", "--show-scope", "--list"]).stderr(Stdio::piped());
        let output = command.output().map_err(|error| Failed::to_start(&error))?;
        if !output.status.success() {
            return Err(Failed::to_read(&output, ""));
        }
        let output = Zeroizing::new(output.stdout);
        let mut fields = output.split(|&byte| byte == 0);
        let mut entries = Vec::new();
        while let (Some(scope), Some(origin), Some(line)) =
            (fields.next(), fields.next(), fields.next())
        {
            entries.extend(Entry::parse(scope, origin, line));
        }
        Ok(Self(entries))
    }

    /// The files that it is in, as git names them; the later counts more.
    pub(crate) fn files(&self) -> Vec<&str> {
        let mut files: Vec<&str> = Vec::new();
        for file in self.0.iter().filter_map(Entry::file) {
            if !files.contains(&file) {
                files.push(file);
            }
        }
        files
    }

    /// What stands in no file: on git's command line, in the environment.
    pub(crate) fn in_no_file(&self) -> impl Iterator<Item = &Entry> {
        self.0.iter().filter(|entry| entry.scope == "command")
    }

    /// All lines of this name, whatever place they are for.
    pub(crate) fn named<'a>(
        &'a self,
        section: &'a str,
        name: &'a str,
    ) -> impl DoubleEndedIterator<Item = &'a Entry> {
        self.0.iter().filter(move |entry| entry.section == section && entry.name == name)
    }

    /// The last value of a setting without a place.
    pub(crate) fn value<'a>(&'a self, section: &'a str, name: &'a str) -> Option<&'a str> {
        let mut plain = self.named(section, name).filter(|entry| entry.subsection.is_empty());
        plain.next_back().map(|entry| entry.value.as_str())
    }

    /// The lines of a section that count at this URL, which holds no password; without one,
    /// those that are for every place.
    pub(crate) fn at(&self, section: &str, url: Option<&str>) -> Vec<&Entry> {
        let mut places: Vec<&str> = Vec::new();
        for entry in self.0.iter().filter(|entry| entry.section == section) {
            if !entry.subsection.is_empty() && !places.contains(&entry.subsection.as_str()) {
                places.push(&entry.subsection);
            }
        }
        let matching = url.map(|url| matching(section, &places, url)).unwrap_or_default();
        let counts = |entry: &&Entry| {
            let place = entry.subsection.as_str();
            entry.section == section && (place.is_empty() || matching.contains(&place))
        };
        self.0.iter().filter(counts).collect()
    }

    /// The helpers that git asks at this URL, in its order.
    pub(crate) fn helpers_at(&self, url: Option<&str>) -> Vec<(&Entry, Helper)> {
        let mut helpers = Vec::new();
        for entry in self.at("credential", url) {
            if entry.name == "helper" {
                match Helper::parse(&entry.value) {
                    Helper::Reset => helpers.clear(),
                    helper => helpers.push((entry, helper)),
                }
            }
        }
        helpers
    }
}

impl Entry {
    fn parse(scope: &[u8], origin: &[u8], line: &[u8]) -> Option<Self> {
        let line = Zeroizing::new(String::from_utf8_lossy(line).into_owned());
        let (key, value) = line.split_once('\n').unwrap_or((&line, ""));
        let (section, rest) = key.split_once('.')?;
        let (subsection, name) = rest.rsplit_once('.').unwrap_or(("", rest));
        Some(Self {
            scope: String::from_utf8_lossy(scope).into_owned(),
            origin: String::from_utf8_lossy(origin).into_owned(),
            section: section.to_owned(),
            subsection: Zeroizing::new(subsection.to_owned()),
            name: name.to_owned(),
            value: Zeroizing::new(value.to_owned()),
        })
    }

    /// The setting's name, or nothing where it holds what may be a secret.
    pub(crate) fn key(&self) -> Option<String> {
        let place = self.subsection.as_str();
        if place.is_empty() {
            return Some(format!("{}.{}", self.section, self.name));
        }
        let shown = !place.contains('@') && !place.contains(char::is_control);
        shown.then(|| format!("{}.{place}.{}", self.section, self.name))
    }

    /// The file in which it stands.
    pub(crate) fn file(&self) -> Option<&str> {
        self.origin.strip_prefix("file:")
    }
}

/// Which of these places git finds to match the URL.
fn matching<'a>(section: &str, places: &[&'a str], url: &str) -> Vec<&'a str> {
    let protocol = url.split("://").next().unwrap_or_default();
    let mut command = config();
    command.env("GIT_CONFIG_COUNT", places.len().to_string());
    for (number, place) in places.iter().enumerate() {
        // git takes `credential.HOST` for every protocol, and only here.
        let is_whole = section != "credential" || place.contains("://");
        let place = without_password(place);
        let whole = if is_whole { place } else { format!("{protocol}://{place}") };
        let key = format!("{section}.{whole}.{}", probe(number));
        command.env(format!("GIT_CONFIG_KEY_{number}"), key);
        command.env(format!("GIT_CONFIG_VALUE_{number}"), "true");
    }
    command.args(["--null", "--get-urlmatch", section, url]);
    let output = command.output();
    let output = Zeroizing::new(output.map(|output| output.stdout).unwrap_or_default());
    let lines: Vec<&[u8]> = output.split(|&byte| byte == 0).collect();
    let matches = |number: usize| {
        let line = format!("{section}.{}\ntrue", probe(number));
        lines.contains(&line.as_bytes())
    };
    (0..places.len()).filter(|&number| matches(number)).map(|number| places[number]).collect()
}

fn probe(number: usize) -> String {
    format!("gitcredentialpatprobe{number}")
}

/// A place without the password that may stand before its host: git does not compare it, and it
/// must not be in the environment.
fn without_password(place: &str) -> String {
    let (protocol, rest) = place.split_once("://").unwrap_or(("", place));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match authority.rsplit_once('@').map(|(user, host)| (user.split_once(':'), host)) {
        Some((Some((name, _)), host)) if protocol.is_empty() => format!("{name}@{host}{path}"),
        Some((Some((name, _)), host)) => format!("{protocol}://{name}@{host}{path}"),
        _ => place.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, without_password};

    #[test]
    fn a_line_is_taken_apart_as_git_does() {
        let entry = |line: &[u8]| {
            let entry = Entry::parse(b"global", b"file:/c", line).expect("an entry");
            (entry.section, entry.subsection.to_string(), entry.name, entry.value.to_string())
        };
        let own = |a: &str, b: &str, c: &str, d: &str| {
            (a.to_owned(), b.to_owned(), c.to_owned(), d.to_owned())
        };
        assert_eq!(entry(b"credential.helper\npat"), own("credential", "", "helper", "pat"));
        assert_eq!(entry(b"core.bare"), own("core", "", "bare", ""));
        assert_eq!(
            entry(b"credential.https://h.example/a.b.helper\n!x\ny"),
            own("credential", "https://h.example/a.b", "helper", "!x\ny")
        );
    }

    #[test]
    fn a_password_is_left_out_of_a_place() {
        let place = without_password("https://a:TESTONLY@h.example/x");
        assert_eq!(place, "https://a@h.example/x");
        assert_eq!(without_password("a:TESTONLY@h.example"), "a@h.example");
        for place in ["https://a@h.example", "h.example:8443/a@b:c", "https://h.example:1/"] {
            assert_eq!(without_password(place), place);
        }
    }
}
