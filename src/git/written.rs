//! What we have written into git's configuration, noted in the state folder.
//!
//! A `username`, a `useHttpPath` or an empty helper line could as well be a person's own. Who
//! leaves takes back what was noted, as far as it still stands there, and nothing else: see
//! `unconfigure`. Where nothing can be noted, it stays, and whoever removes the program is told
//! only of our own lines.
//!
//! ```text
//! {"file":"/home/a/.gitconfig","key":"credential.https://h.example.username","value":"bob"}
//! {"file":"/home/a/.gitconfig","key":null,"value":""}     the file itself was made for it
//! ```

use super::files;
use crate::private_file::{self, Folder};
use crate::state_folder;
use serde::{Deserialize, Serialize};
use std::fs;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::time::Duration;

const NAME: &str = "written";

/// One of our changes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Note {
    /// The file that was changed.
    pub(crate) file: String,
    /// The setting; none where the file itself was made.
    pub(crate) key: Option<String>,
    /// What it says since.
    pub(crate) value: String,
    /// What it said before, where that was replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<String>,
}

impl Note {
    fn is_of(&self, file: &str) -> bool {
        files::is_same(Path::new(&self.file), Path::new(file))
    }
}

/// A change of git's configuration that is about to be made.
pub(super) struct Pending {
    file: String,
    is_new: bool,
    change: Change,
}

enum Change {
    Written { key: String, value: String, before: Option<String> },
    Removed { key: String },
}

impl Pending {
    /// What these arguments of `git config` will change, or nothing where it is of no interest.
    pub(super) fn of(arguments: &[&str]) -> Option<Self> {
        let (whose, words) = match arguments {
            ["--file", _, words @ ..] => (&arguments[..2], words),
            [_, words @ ..] => (&arguments[..1], words),
            [] => return None,
        };
        let file = file_of(whose)?.to_str()?.to_owned();
        let written = |key: &str, value: &str, before| Change::Written {
            key: key.to_owned(),
            value: value.to_owned(),
            before,
        };
        let change = match words {
            ["--add", key, value] | ["--replace-all", key, value, _] => written(key, value, None),
            ["--unset-all", key, ..] => Change::Removed { key: (*key).to_owned() },
            [key, value] if !key.starts_with('-') => {
                let before = super::values(&["--file", &file], key).unwrap_or_default().pop();
                written(key, value, before.filter(|before| before != value))
            }
            _ => return None,
        };
        Some(Self { is_new: !Path::new(&file).exists(), file, change })
    }

    /// Notes that it has been made.
    pub(super) fn note(self) {
        let Self { file, is_new, change } = self;
        match change {
            Change::Written { key, value, before } => {
                add(&[Note { file, key: Some(key), value, before }], is_new);
            }
            Change::Removed { key } => {
                let left = super::values(&["--file", &file], &key).unwrap_or_default();
                let is_gone = |note: &Note| {
                    note.is_of(&file)
                        && note.key.as_deref() == Some(&key)
                        && !left.contains(&note.value)
                };
                forget(is_gone);
            }
        }
    }
}

/// The file that git changes with these options.
pub(crate) fn file_of(whose: &[&str]) -> Option<PathBuf> {
    match whose {
        ["--global"] => files::global(),
        ["--local"] => files::local(),
        ["--system"] => files::system(),
        ["--file", file] => Some(PathBuf::from(file)),
        _ => None,
    }
}

/// Adds notes, all of one file; `is_new` where the file was made for them.
pub(crate) fn add(notes: &[Note], is_new: bool) {
    let made = notes.first().filter(|_| is_new).map(|note| Note {
        file: note.file.clone(),
        key: None,
        value: String::new(),
        before: None,
    });
    change(state_folder::made(), |known| {
        for note in made.iter().chain(notes) {
            merged(known, note);
        }
    });
}

/// Adds a note to those that are known.
fn merged(known: &mut Vec<Note>, note: &Note) {
    let is_it = |other: &Note, value: &str| {
        other.is_of(&note.file) && other.key == note.key && other.value == value
    };
    let mut before = note.before.clone();
    // What we wrote before was no person's.
    if let Some(replaced) = &note.before
        && let Some(at) = known.iter().position(|other| is_it(other, replaced))
    {
        before = known.swap_remove(at).before;
    }
    if let Some(at) = known.iter().position(|other| is_it(other, &note.value)) {
        let same = known.swap_remove(at);
        before = before.or(same.before);
    }
    known.push(Note { before, ..note.clone() });
}

/// What is noted.
pub(crate) fn all() -> Vec<Note> {
    let Some(folder) = state_folder::there() else { return Vec::new() };
    folder.existing_file(NAME).map(|mut file| read(&mut file)).unwrap_or_default()
}

/// Whether this value is noted.
pub(crate) fn has(notes: &[Note], file: Option<&Path>, key: &str, value: &str) -> bool {
    notes.iter().any(|note| {
        note.key.as_deref() == Some(key)
            && note.value == value
            && file.and_then(Path::to_str).is_some_and(|file| note.is_of(file))
    })
}

/// Removes the files that were made for our lines and hold nothing any more, and forgets what is
/// noted of files that are gone.
pub(crate) fn tidy() {
    for Note { file, .. } in all().iter().filter(|note| note.key.is_none()) {
        if fs::symlink_metadata(file).is_ok_and(|found| found.is_file() && found.len() == 0) {
            let _ = fs::remove_file(file);
        }
    }
    forget(|note| !Path::new(&note.file).exists());
}

fn forget(is_gone: impl Fn(&Note) -> bool) {
    change(state_folder::there().filter(|folder| folder.existing_file(NAME).is_some()), |notes| {
        notes.retain(|note| !is_gone(note));
    });
}

/// Reads the notes, changes them and writes them back, as far as that is possible.
fn change(folder: Option<Folder>, how: impl FnOnce(&mut Vec<Note>)) {
    const PATIENCE: Duration = Duration::from_secs(1);
    let Some(folder) = folder else { return };
    let Some(mut file) = folder.file(NAME) else { return };
    if !private_file::lock(&file, PATIENCE) {
        return;
    }
    let mut notes = read(&mut file);
    how(&mut notes);
    if notes.is_empty() {
        folder.remove_all(NAME);
        return;
    }
    let lines: Option<Vec<String>> =
        notes.iter().map(|note| serde_json::to_string(note).ok()).collect();
    let Some(lines) = lines else { return };
    let text = lines.join("\n") + "\n";
    let _ = private_file::rewrite(&mut file, text.as_bytes());
}

/// What stands in the file; a line that cannot be read is passed over.
fn read(file: &mut File) -> Vec<Note> {
    let mut text = String::new();
    if file.rewind().and_then(|()| file.read_to_string(&mut text)).is_err() {
        return Vec::new();
    }
    notes(&text)
}

fn notes(text: &str) -> Vec<Note> {
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::{Note, merged};

    fn note(value: &str, before: Option<&str>) -> Note {
        Note {
            file: "/no/such/file".to_owned(),
            key: Some("credential.https://h.example.username".to_owned()),
            value: value.to_owned(),
            before: before.map(ToOwned::to_owned),
        }
    }

    #[test]
    fn what_a_person_had_is_remembered_through_several_of_ours() {
        let mut known = Vec::new();
        merged(&mut known, &note("bob", Some("alice")));
        merged(&mut known, &note("carol", Some("bob")));
        assert_eq!(known, [note("carol", Some("alice"))]);
        merged(&mut known, &note("carol", None));
        assert_eq!(known, [note("carol", Some("alice"))]);
    }

    #[test]
    fn a_note_reads_back_and_a_broken_line_hides_no_other() {
        let line = serde_json::to_string(&note("b\"\n", Some(""))).expect("JSON");
        let read: Note = serde_json::from_str(&line).expect("a note");
        assert_eq!(read, note("b\"\n", Some("")));
        let notes = super::notes(&format!("{{\n{line}\nx\n"));
        assert_eq!(notes, [read]);
    }
}
