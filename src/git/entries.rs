//! All lines of git's configuration, each with its file, and which of them count at a URL.
//!
//! git itself says what is configured (`--list` with origins and scopes). It also says which whole
//! URLs match a URL (`--get-urlmatch`; that gives only the last of several values of one setting,
//! so each section is asked for with a setting of its own). Values may hold tokens (a header, a
//! shell snippet, a URL): they are wiped, and nothing here prints one.

use super::helper_line::{Helper, store_file};
use super::url::{Parts, is_whole, may_be_at};
use super::{Failed, config};
use crate::arguments::HelperOptions;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use zeroize::Zeroizing;

/// One line of the configuration.
pub(crate) struct Entry {
    /// `system`, `global`, `local`, `worktree` or `command`; empty where git does not say.
    pub(crate) scope: String,
    /// `file:/home/alice/.gitconfig`, `command line:`…
    pub(crate) origin: String,
    /// The section's name in lower case: `credential`.
    pub(crate) section: String,
    /// The subsection as it is written: `https://github.com`; empty for none.
    pub(crate) subsection: Zeroizing<String>,
    /// The setting's name in lower case: `usehttppath`.
    pub(crate) name: String,
    /// The value, empty where there is none.
    pub(crate) value: Zeroizing<String>,
}

/// All lines, in git's order: a later line counts more.
#[derive(Default)]
pub(crate) struct Entries(Vec<Entry>);

impl Entries {
    /// Asks git for its lines, for the folder that this process is in.
    ///
    /// # Errors
    /// Where git cannot be run or cannot read its configuration, with its reason.
    pub(crate) fn read() -> Result<Self, Failed> {
        Self::said_by(&config)
    }

    /// Asks git for its lines, as if this process were in no repository.
    ///
    /// # Errors
    /// Where git cannot be run or cannot read its configuration, with its reason.
    pub(crate) fn read_outside_of_repositories() -> Result<Self, Failed> {
        let outside = || {
            let mut git = config();
            for variable in ["GIT_DIR", "GIT_COMMON_DIR", "GIT_WORK_TREE"] {
                git.env_remove(variable);
            }
            git.current_dir("/");
            git
        };
        Self::said_by(&outside)
    }

    fn said_by(git: &dyn Fn() -> Command) -> Result<Self, Failed> {
        /// A git before 2.26 does not know scopes.
        const UNKNOWN_OPTION: i32 = 129;
        let list = |options: &[&str]| {
            let mut git = git();
            git.args(["--null", "--show-origin"]).args(options).arg("--list");
            git.stderr(Stdio::piped()).output().map_err(|error| Failed::to_start(&error))
        };
        let mut output = list(&["--show-scope"])?;
        let has_scopes = output.status.code() != Some(UNKNOWN_OPTION);
        if !has_scopes {
            output = list(&[])?;
        }
        if !output.status.success() {
            return Err(Failed::to_read(&output, ""));
        }
        let output = Zeroizing::new(output.stdout);
        let mut fields = output.split(|&byte| byte == 0);
        let mut entries = Vec::new();
        while let Some(scope) = if has_scopes { fields.next() } else { Some(&b""[..]) }
            && let (Some(origin), Some(line)) = (fields.next(), fields.next())
        {
            entries.extend(Entry::parse(scope, origin, line));
        }
        Ok(Self(entries))
    }

    /// Returns the files that the lines are in, as git names them. A later file counts more.
    pub(crate) fn files(&self) -> Vec<&str> {
        let mut files: Vec<&str> = Vec::new();
        for file in self.0.iter().filter_map(Entry::file) {
            if !files.contains(&file) {
                files.push(file);
            }
        }
        files
    }

    /// Returns the first file of this scope (`system`).
    pub(crate) fn file_of_scope(&self, scope: &str) -> Option<&str> {
        self.0.iter().filter(|entry| entry.scope == scope).find_map(Entry::file)
    }

    /// Returns all lines.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Entry> {
        self.0.iter()
    }

    /// Returns the files that lines of git's `store` name.
    pub(crate) fn store_files(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = Vec::new();
        for entry in self.named("credential", "helper") {
            if matches!(Helper::parse(&entry.value), Helper::Other(name) if name == "store")
                && let Some(file) = store_file(&entry.value).filter(|file| file.is_absolute())
                && !files.contains(&file)
            {
                files.push(file);
            }
        }
        files
    }

    /// Returns the lines that stand in no file: on git's command line, in the environment.
    pub(crate) fn in_no_file(&self) -> impl Iterator<Item = &Entry> {
        self.0.iter().filter(|entry| entry.scope == "command")
    }

    /// Returns whether a line of `credential` is for a part of a host.
    pub(crate) fn has_parts_of_hosts(&self) -> bool {
        let lines = self.0.iter().filter(|entry| entry.section == "credential");
        lines.map(|entry| entry.subsection.as_str()).any(|place| {
            let rest = place.split_once("://").map_or(place, |(_, rest)| rest);
            rest.split_once(['/', '?', '#']).is_some_and(|(_, path)| !path.is_empty())
        })
    }

    /// Returns all lines of this section.
    pub(crate) fn of<'a>(&'a self, section: &'a str) -> impl Iterator<Item = &'a Entry> {
        self.0.iter().filter(move |entry| entry.section == section)
    }

    /// Returns all lines of this name, for whatever URL.
    pub(crate) fn named<'a>(
        &'a self,
        section: &'a str,
        name: &'a str,
    ) -> impl DoubleEndedIterator<Item = &'a Entry> {
        self.0.iter().filter(move |entry| entry.section == section && entry.name == name)
    }

    /// Returns all lines of ours that can be understood, for whatever URL.
    pub(crate) fn our_lines(&self) -> impl Iterator<Item = (&Entry, HelperOptions)> {
        self.named("credential", "helper").filter_map(|entry| match Helper::parse(&entry.value) {
            Helper::Ours(options) => options.map(|options| (entry, *options)),
            _ => None,
        })
    }

    /// Returns the last value of a setting that is for every URL.
    pub(crate) fn value<'a>(&'a self, section: &'a str, name: &'a str) -> Option<&'a str> {
        let mut plain = self.named(section, name).filter(|entry| entry.subsection.is_empty());
        plain.next_back().map(|entry| entry.value.as_str())
    }

    /// Returns the lines of a section that count at this URL, which holds no password, or without
    /// one those that are for every URL. They are in git's order: all that match count, and of each
    /// setting a later one counts more.
    pub(crate) fn at(&self, section: &str, url: Option<&str>) -> Vec<&Entry> {
        let lines = self.0.iter().filter(|entry| entry.section == section);
        let Some(url) = url else {
            return lines.filter(|entry| entry.subsection.is_empty()).collect();
        };
        let mut places: Vec<&str> = Vec::new();
        for entry in lines.clone() {
            let place = entry.subsection.as_str();
            // git is a program: it is not asked about a URL that cannot match.
            if is_whole(place) && may_be_at(place, url) && !places.contains(&place) {
                places.push(place);
            }
        }
        // Only git's credential code takes a part of a URL, and it writes the URL in its own way.
        let asked = (section == "credential").then(|| Parts::of(url)).flatten();
        let written = asked.as_ref().map_or_else(|| url.to_owned(), Parts::to_url);
        let matching = matching(section, &places, &written);
        let own = asked.as_ref().and_then(|asked| asked.username.clone());
        let own = own.filter(|name| !name.is_empty());
        let mut username = own.clone();
        lines
            .filter(|entry| {
                let place = entry.subsection.as_str();
                let is_met = |asked| {
                    Parts::of(place).is_some_and(|part| part.cover(asked, username.as_deref()))
                };
                let counts = place.is_empty()
                    || matching.contains(&place)
                    || (!is_whole(place) && asked.as_ref().is_some_and(is_met));
                if counts && entry.name == "username" && own.is_none() {
                    username = Some(entry.value.as_bytes().to_vec());
                }
                counts
            })
            .collect()
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

    /// Returns the setting's name, or nothing where it may hold a secret.
    pub(crate) fn key(&self) -> Option<String> {
        let place = self.subsection.as_str();
        if place.is_empty() {
            return Some(format!("{}.{}", self.section, self.name));
        }
        let shown = !place.contains('@') && !place.contains(char::is_control);
        shown.then(|| format!("{}.{place}.{}", self.section, self.name))
    }

    /// Returns whether a stranger may have written it: a repository has a configuration of its own,
    /// and a clone can hold a repository.
    pub(crate) fn is_the_repositorys(&self) -> bool {
        !matches!(self.scope.as_str(), "system" | "global" | "command")
    }

    /// Returns the file in which it stands.
    pub(crate) fn file(&self) -> Option<&str> {
        self.origin.strip_prefix("file:")
    }
}

/// Returns whether git takes this value for yes.
pub(crate) fn is_true(value: &str) -> bool {
    ["true", "yes", "on"].iter().any(|yes| value.eq_ignore_ascii_case(yes))
        || value.parse::<i64>().is_ok_and(|number| number != 0)
}

/// Returns which of these URLs git finds to match the URL. Each has a setting of its own in a
/// configuration that git reads from its standard input. git reads no other with it: a repository's
/// own could answer for settings that are not there.
fn matching<'a>(section: &str, places: &[&'a str], url: &str) -> Vec<&'a str> {
    if places.is_empty() {
        return Vec::new();
    }
    let mut lines = Zeroizing::new(String::new());
    for (number, place) in places.iter().enumerate() {
        let place = Zeroizing::new(place.replace('\\', "\\\\").replace('"', "\\\""));
        let _ = write!(lines, "[{section} \"{}\"]\n{} = true\n", *place, probe(number));
    }
    let mut command = config();
    command.args(["--file", "-", "--null", "--get-urlmatch", section, url]);
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = child else { return Vec::new() };
    // git reads to the end before it answers.
    let written = child.stdin.take().map(|mut stdin| stdin.write_all(lines.as_bytes()));
    let output = child.wait_with_output().map(|output| output.stdout).unwrap_or_default();
    let lines: Vec<&[u8]> = output.split(|&byte| byte == 0).collect();
    let matches = |number: usize| {
        let line = format!("{section}.{}\ntrue", probe(number));
        matches!(written, Some(Ok(()))) && lines.contains(&line.as_bytes())
    };
    (0..places.len()).filter(|&number| matches(number)).map(|number| places[number]).collect()
}

fn probe(number: usize) -> String {
    format!("probe{number}")
}

#[cfg(test)]
mod tests {
    use super::Entry;

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
}
