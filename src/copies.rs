//! Where else on this machine a token lies: in the files in which other programs keep tokens in
//! plain text, and in git's configuration. Who replaces or revokes a token must know, because
//! whatever reads it there fails afterwards.
//!
//! Nothing is changed. A file is read into memory that is wiped, without following a link and
//! without waiting for the other end of a pipe. What cannot be read is named with the reason, so
//! that nobody takes silence for "it is not there".
//!
//! - [`places`]: the files. [`form`]: what an entry of each is called, and what takes it out.
//! - [`configuration`]: git's configuration, of this repository and of this person.

mod configuration;
mod form;
mod json;
mod mending;
mod places;

use crate::git::entries::Entries;
use crate::needle::Needle;
use crate::plain_text::MAX_FILE;
use crate::plain_text::places::{Surroundings, named};
use crate::private_file::{self, Links, Refusal};
use crate::secret::{Buffer, Secret};
use form::Form;
use places::File;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What a search for copies cannot see, as a sentence of a message.
pub(crate) const UNSEEN: &str = "what cannot be seen from here: variables of the environment and of \
                                 CI, other machines, and the configurations of other repositories";

/// What was found of one token.
#[derive(Default)]
pub(crate) struct Search {
    pub(crate) copies: Vec<Copy>,
    /// The files that could not be read: a copy may lie there.
    pub(crate) unread: Vec<Unread>,
}

/// A place where the token lies.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Copy {
    /// The file, as people may see it: `~/.git-credentials`.
    pub(crate) file: String,
    /// The entry in the file's own words: `the line for alice at github.com`.
    pub(crate) entry: String,
    pub(crate) mend: Mend,
}

/// What takes the token out of its place.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Mend {
    /// A command, quoted for a shell.
    Command(String),
    /// What a person can do where no command does it.
    Words(String),
}

/// A file that could not be read.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Unread {
    /// The file, as people may see it.
    pub(crate) file: String,
    pub(crate) why: &'static str,
}

impl Copy {
    /// Returns the place in a sentence: `the line for alice at github.com of ~/.git-credentials`.
    pub(crate) fn place(&self) -> String {
        format!("{} of {}", self.entry, self.file)
    }
}

impl Mend {
    /// Returns what to type or to do.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Command(text) | Self::Words(text) => text,
        }
    }
}

/// Returns where this token lies outside of our keychains: in the files of this person and of the
/// folder that the process is in, and in git's configuration there.
pub(crate) fn of(token: &Secret) -> Search {
    let needle = Needle::of(token);
    let mut search = Search::default();
    let entries = Entries::read();
    let surroundings = Surroundings::of_this_process();
    let stores = entries.as_ref().map(Entries::store_files).unwrap_or_default();
    search.look_around(&surroundings, stores, &needle);
    match entries {
        Ok(entries) => configuration::look(&mut search, &entries, &needle),
        Err(_) => search.not_read("git's configuration".to_owned(), "git cannot read it"),
    }
    search
}

impl Search {
    /// Looks into the files of other programs; `stores` are those that git's configuration names
    /// for its `store`.
    fn look_around(
        &mut self,
        surroundings: &Surroundings<'_>,
        stores: Vec<PathBuf>,
        needle: &Needle<'_>,
    ) {
        for file in places::all(surroundings, stores) {
            self.look_into(&file, needle);
        }
    }

    /// Looks into a file.
    fn look_into(&mut self, file: &File, needle: &Needle<'_>) {
        let Some(content) = self.read(&file.path) else { return };
        self.look_at(&file.path, file.form, content.expose(), needle);
    }

    /// Looks at the content of a file.
    fn look_at(&mut self, path: &Path, form: Form, content: &[u8], needle: &Needle<'_>) {
        for entry in form.found(content, needle) {
            let name = entry.name.unwrap_or_else(|| format!("line {}", entry.line));
            let keys = entry.keys.unwrap_or_default();
            let place = mending::Place { form, path, part: entry.part, content };
            let mend = mending::of(&place, &keys, needle);
            self.add(Copy { file: named(path), entry: name, mend });
        }
    }

    fn add(&mut self, copy: Copy) {
        if !self.copies.contains(&copy) {
            self.copies.push(copy);
        }
    }

    fn not_read(&mut self, file: String, why: &'static str) {
        let unread = Unread { file, why };
        if !self.unread.contains(&unread) {
            self.unread.push(unread);
        }
    }

    /// Reads a file. Returns nothing where there is none, and where it cannot be read, which is
    /// noted.
    fn read(&mut self, path: &Path) -> Option<Buffer> {
        let missing = [ErrorKind::NotFound, ErrorKind::NotADirectory];
        if fs::symlink_metadata(path).is_err_and(|error| missing.contains(&error.kind())) {
            return None;
        }
        let content = private_file::open(path, Links::Refused)
            .and_then(|file| private_file::read(&file, MAX_FILE));
        let why = match content {
            Ok(content) => return Some(content.into()),
            Err(Refusal::Missing) => return None,
            Err(Refusal::Link) => "it is a link, which is not followed",
            Err(Refusal::NoFile) => "it is no plain file",
            Err(Refusal::TooLong) => "it is longer than 4 MiB",
            Err(_) => "it cannot be read",
        };
        self.not_read(named(path), why);
        None
    }
}

#[cfg(test)]
mod tests;
