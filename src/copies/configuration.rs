//! Looks for the token in git's configuration: in the files that count here, in those of this
//! repository's submodules and working trees, and in what the environment sets. git itself reads a
//! file that is a link.

use super::form::{Form, setting_name};
use super::places::File;
use super::{Copy, Mend, Search};
use crate::context::shown;
use crate::git::entries::{Entries, Entry};
use crate::git::files::{self, Kind};
use crate::needle::Needle;
use crate::plain_text::places::named;
use crate::said::capped;
use std::path::Path;

/// Looks into all files of git's configuration, of which `entries` are the lines that count here.
pub(super) fn look(search: &mut Search, entries: &Entries, needle: &Needle<'_>) {
    for entry in entries.in_no_file().filter(|entry| holds(entry, needle)) {
        search.add(Copy {
            file: "git's command line or the environment".to_owned(),
            entry: name_of(entry, needle),
            mend: Mend::Words("unset it where it is set".to_owned()),
        });
    }
    for file in files::of(entries) {
        if file.kind == Kind::Here && file.path.is_symlink() {
            let is_there = |entry: &&Entry| {
                entry.file().is_some_and(|own| files::is_same(Path::new(own), &file.path))
            };
            for entry in entries.all().filter(is_there).filter(|entry| holds(entry, needle)) {
                search.add(Copy {
                    file: named(&file.path),
                    entry: name_of(entry, needle),
                    mend: Mend::Words("take it out in an editor".to_owned()),
                });
            }
        } else {
            search.look_into(&File { path: file.path, form: Form::Git }, needle);
        }
    }
}

fn holds(entry: &Entry, needle: &Needle<'_>) -> bool {
    [&entry.value, &entry.subsection].into_iter().any(|text| needle.is_in(text.as_bytes()))
}

/// Returns the setting's name for people.
fn name_of(entry: &Entry, needle: &Needle<'_>) -> String {
    let subsection = Some(entry.subsection.as_bytes()).filter(|text| !text.is_empty());
    let name = setting_name(&entry.section, subsection, &entry.name, needle);
    let name = name.unwrap_or_else(|| format!("a setting of {}", entry.section));
    capped(&shown(&name))
}
