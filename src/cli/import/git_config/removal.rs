//! Removes tokens from git's configuration. All files change, or none does.

use super::{Configuration, Find, Opened, Target, What, as_proxy};
use crate::cli::import::found::Removal;
use crate::cli::import::plain_file::{PlainFile, Prepared};
use crate::error::Error;
use crate::git::config_file::{Change, ConfigFile, section};
use crate::git::files::{self, Kind};
use crate::git::written::{self, Note};
use crate::git::{self, Failed};
use crate::plain_text::places::named;
use crate::plain_text::url::Parts;
use crate::private_file::Rights;
use crate::terminal;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

impl Configuration {
    /// Returns the present numbers of these finds of an earlier look. A find that is gone is left
    /// out: somebody may have changed the setting since.
    fn found_again(&self, before: &Self, numbers: &[usize]) -> Vec<usize> {
        let mut now: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (number, find) in self.finds.iter().enumerate().rev() {
            now.entry(self.identity(find)).or_default().push(number);
        }
        let finds = numbers.iter().filter_map(|&number| before.finds.get(number));
        finds.filter_map(|find| now.get_mut(&before.identity(find))?.pop()).collect()
    }

    fn identity<'a>(&'a self, find: &'a Find) -> (&'a Path, &'a str, &'a [u8]) {
        (&self.files[find.file].path.path, &find.key, &find.whole)
    }

    /// Returns the files with the changes that remove these tokens, and the URLs at which git is to
    /// send the path although there is no file yet to say so.
    fn changes(&self, numbers: &[usize]) -> Result<(Vec<Changed>, Vec<String>), Error> {
        let mut changed: Vec<Changed> = Vec::new();
        let mut for_user = Vec::new();
        let finds = numbers.iter().filter_map(|&number| self.finds.get(number));
        for find in finds.clone() {
            let opened = &self.files[find.file];
            let file = Changed::of(&mut changed, &opened.path.path)?;
            if file.plain.content() != opened.plain.content() {
                return Err(NOT_THE_SAME);
            }
            file.what.insert(find.what);
        }
        for (url, target) in finds.filter_map(|find| {
            let (url, target) = find.path.as_ref()?;
            let target = match target {
                Target::Same => Some(self.files[find.file].path.path.clone()),
                Target::Repository => files::local(),
                Target::User => files::global(),
            };
            Some((url, target))
        }) {
            let Some(target) = target.filter(|target| target.is_file()) else {
                for_user.push(url.clone());
                continue;
            };
            let file = Changed::of(&mut changed, &target)?;
            if !sends_path_in(&file.parsed, url) {
                file.sends.insert(url.clone());
            }
        }
        Ok((changed, for_user))
    }
}

/// A file that changes.
struct Changed {
    path: PathBuf,
    plain: PlainFile,
    parsed: ConfigFile,
    what: BTreeSet<What>,
    /// The URLs at which the file is to tell git to send the path.
    sends: BTreeSet<String>,
}

impl Changed {
    /// Returns the file at this path among these, to which it is added if it is missing.
    fn of<'a>(changed: &'a mut Vec<Self>, path: &Path) -> Result<&'a mut Self, Error> {
        let known = changed.iter().position(|file| files::is_same(&file.path, path));
        let number = known.unwrap_or(changed.len());
        if known.is_none() {
            let plain = PlainFile::read(path)?.ok_or(NOT_THE_SAME)?;
            let parsed = ConfigFile::parse(plain.content()).ok_or(NOT_THE_SAME)?;
            let (what, sends) = (BTreeSet::new(), BTreeSet::new());
            changed.push(Self { path: path.to_owned(), plain, parsed, what, sends });
        }
        Ok(&mut changed[number])
    }

    /// Returns the new content, which git must read as we do.
    fn content(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let changes: Option<Vec<Change>> =
            self.what.iter().map(|what| self.change(*what)).collect();
        let old = self.plain.content();
        let mut content = self.parsed.with(old, &changes.ok_or(NOT_THE_SAME)?);
        if !self.sends.is_empty() && content.last().is_some_and(|&last| last != b'\n') {
            content.push(b'\n');
        }
        for url in &self.sends {
            let section = section("credential", url, "useHttpPath = true");
            content.extend_from_slice(section.as_bytes());
        }
        let parsed = ConfigFile::parse(&content);
        let is_right = parsed.is_some_and(|parsed| parsed.is_read_so_by_git(&content));
        if is_right { Ok(content) } else { Err(NOT_CHANGED) }
    }

    fn change(&self, what: What) -> Option<Change> {
        let without =
            |whole: &[u8]| Parts::of(whole).map(|parts| Zeroizing::new(parts.without_token()));
        Some(match what {
            What::Value(number) => {
                let line = self.parsed.lines.get(number)?;
                let value = line.value()?;
                let proxy = (line.name == "proxy").then(|| as_proxy(value));
                Change::Value(number, without(proxy.as_ref().map_or(value, |url| url.as_slice()))?)
            }
            What::Subsection(header) => {
                let subsection = self.parsed.headers.get(header)?.subsection()?;
                Change::Subsection(header, without(subsection)?)
            }
            What::Remove(line) => Change::Remove(line),
            What::Nothing => return None,
        })
    }

    /// Returns the notes of the settings that are written into the file.
    fn notes(&self) -> Vec<Note> {
        let Some(file) = self.path.to_str() else { return Vec::new() };
        let notes = self.sends.iter().map(|url| Note {
            file: file.to_owned(),
            key: Some(git::key(url, "useHttpPath")),
            value: "true".to_owned(),
            before: None,
        });
        notes.collect()
    }

    fn prepare(&self) -> Result<Prepared, Error> {
        self.plain.prepare(&[&self.content()?], Rights::Kept)
    }
}

const NOT_CHANGED: Error = Error::Refused("a file of git's configuration could not be changed");

const NOT_THE_SAME: Error =
    Error::Refused("git's configuration was changed meanwhile and is left as it is: begin again");

impl Removal for Configuration {
    fn check(&self, numbers: &[usize]) -> Result<(), Error> {
        let (changed, _) = self.changes(numbers)?;
        for file in &changed {
            file.content()?;
            file.plain.check().inspect_err(|_| {
                terminal::say("import", &format!("{} cannot be changed", named(&file.path)));
            })?;
        }
        Ok(())
    }

    fn file(&self, number: usize) -> Option<&Path> {
        let find = self.finds.get(number)?;
        Some(&self.files[find.file].path.path)
    }

    fn remove(&self, numbers: &[usize]) -> Result<(), Error> {
        let now = Self::load()?;
        let (changed, for_user) = now.changes(&now.found_again(self, numbers))?;
        let prepared = changed.iter().map(Changed::prepare).collect::<Result<Vec<_>, _>>()?;
        // The user's file does not exist here, so it is none of the prepared ones.
        for url in &for_user {
            git::send_path_at(url).map_err(Failed::tell)?;
        }
        Prepared::put_all(prepared)?;
        for file in &changed {
            written::add(&file.notes(), false);
        }
        let counts_here = |file: &&Changed| {
            let of = |opened: &&Opened| files::is_same(&opened.path.path, &file.path);
            self.files.iter().find(of).is_none_or(|opened| opened.path.kind == Kind::Here)
        };
        for url in changed.iter().filter(counts_here).flat_map(|file| &file.sends) {
            if !git::sends_path(url).map_err(Failed::tell)? {
                terminal::say("import", &format!("git does not send the path at {url} yet"));
                terminal::hint("another line of its configuration counts more: see status");
            }
        }
        Ok(())
    }
}

/// Returns whether a file already tells git to send the path at this URL.
fn sends_path_in(file: &ConfigFile, url: &str) -> bool {
    file.lines.iter().any(|line| {
        let header = &file.headers[line.header];
        header.section == "credential"
            && header.subsection() == Some(url.as_bytes())
            && line.name == "usehttppath"
            && line.value().is_none_or(|value| value == b"true")
    })
}
