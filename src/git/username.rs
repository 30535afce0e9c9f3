//! The username that git asks for at a place, written so that it holds.
//!
//! Of all the sections that match a URL git takes the username of the last, and `git config` puts
//! a new section at the end of the file: the name for a host, written after the one for an
//! organisation on it, would count for the organisation, too. So a name is written before those
//! for parts of its place, and after those for whatever is around it; where that takes more than
//! one line, those lines move to the end of the file, and every other byte stays.
//!
//! ```text
//! [credential "https://h.example"]          written first
//!     username = alice
//! [credential "https://h.example/work"]     follows, so that it counts there
//!     username = bob
//! ```

use super::config_file::{Change, ConfigFile, setting};
use super::entries::{Entries, Entry};
use super::files::{self, is_same};
use super::url::{self, is_whole, may_be_at};
use super::written::Pending;
use super::{Failed, key};
use crate::context::Context;
use crate::credential::Username;
use crate::error::{Error, GitTrouble};
use crate::private_file::{self, Links, Replacement, Rights};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use zeroize::Zeroizing;

/// The longest configuration that is rewritten, in bytes.
const MAX_FILE: usize = 4 << 20;

/// Makes git ask for this username at this context, for this user, and for the same names as
/// before at the parts of it.
///
/// # Errors
/// Where git's configuration cannot be read or changed, or takes no such username.
pub(super) fn set(context: &Context, username: &Username) -> Result<(), Error> {
    let name = std::str::from_utf8(username.as_bytes())
        .map_err(|_| Error::Refused("git's configuration takes no such username"))?;
    let entries = Entries::read().map_err(Failed::tell)?;
    let global = files::global().ok_or(GitTrouble::NoHome)?;
    let lines = related(&entries, context);
    let is_in_order = is_in_order(&lines, context, &global);
    let others = inside_of_other_files(&lines, &global);
    if !is_in_order && global.is_file() {
        return rewrite(&global, context, Some(name), others);
    }
    for place in spellings(context) {
        super::set(&key(&place, "username"), name).map_err(Failed::tell)?;
    }
    // The file is new: they stand in it in this order.
    for (place, name) in others.iter().filter(|_| !is_in_order) {
        let name = String::from_utf8_lossy(name);
        super::set(&key(place, "username"), &name).map_err(Failed::tell)?;
    }
    Ok(())
}

/// The places, at this context or inside of it, for which this user's own file tells git to ask
/// for this username.
pub(crate) fn places_of(entries: &Entries, context: &Context, username: &Username) -> Vec<Context> {
    let Some(global) = files::global() else { return Vec::new() };
    let is_it = |entry: &&Entry| entry.value.as_bytes() == username.as_bytes();
    let lines = entries.named("credential", "username").filter(is_it);
    let here = lines.filter(|entry| stands_in(entry, &global));
    let inside =
        here.filter(|entry| matches!(lies(&entry.subsection, context), Lies::Here | Lies::Inside));
    let mut places: Vec<Context> =
        inside.filter_map(|entry| url::context(&entry.subsection)).collect();
    places.sort();
    places.dedup();
    places
}

/// Takes the name for exactly this context out of this user's own file.
///
/// # Errors
/// Where git's configuration cannot be read or changed.
pub(super) fn unset(context: &Context) -> Result<(), Error> {
    let global = files::global().ok_or(GitTrouble::NoHome)?;
    rewrite(&global, context, None, Vec::new())
}

/// Rewrites this user's own file, see [`rewritten`], and notes the change as if git had made it.
fn rewrite(
    global: &Path,
    context: &Context,
    name: Option<&str>,
    others: Vec<Line>,
) -> Result<(), Error> {
    let keys = spellings(context).into_iter().map(|place| key(&place, "username"));
    let pending: Vec<Pending> = keys
        .filter_map(|key| match name {
            Some(name) => Pending::of(&["--global", &key, name]),
            None => Pending::of(&["--global", "--unset-all", &key]),
        })
        .collect();
    change(global, |content| rewritten(content, context, name, others))?;
    pending.into_iter().for_each(Pending::note);
    Ok(())
}

/// How the place of a line lies to the one that is meant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lies {
    /// It is the same.
    Here,
    /// It is a part of it.
    Inside,
    /// It is wider, or of a form that could be anywhere.
    Around,
    Elsewhere,
}

fn lies(place: &str, context: &Context) -> Lies {
    if !is_whole(place) {
        return Lies::Around;
    }
    match url::context(place) {
        Some(there) if there == *context => Lies::Here,
        Some(there) if there.outwards().contains(context) => Lies::Inside,
        Some(there) if context.outwards().contains(&there) => Lies::Around,
        None if may_be_at(place, &url::of(context)) => Lies::Around,
        _ => Lies::Elsewhere,
    }
}

/// How a place is written. A repository's URL may end in `.git` or not, and for git these are two
/// places; what lies directly below a host is none.
fn spellings(context: &Context) -> Vec<String> {
    let place = url::of(context);
    let is_deep = context.outwards().len() > 2;
    let with_git = is_deep.then(|| format!("{place}.git"));
    [Some(place), with_git].into_iter().flatten().collect()
}

/// The lines that name a username and have to do with this context, in git's order, but for those
/// of repositories, which count after all of them.
fn related<'a>(entries: &'a Entries, context: &Context) -> Vec<(&'a Entry, Lies)> {
    let lines = entries.named("credential", "username").filter(|entry| !entry.is_the_repositorys());
    let lines = lines.map(|entry| (entry, lies(&entry.subsection, context)));
    lines.filter(|(_, lies)| *lies != Lies::Elsewhere).collect()
}

/// Whether `git config` alone writes the name where it counts: its line is in its place already,
/// or no other has to do with it.
fn is_in_order(lines: &[(&Entry, Lies)], context: &Context, global: &Path) -> bool {
    let places = spellings(context);
    let own: Vec<usize> = places
        .iter()
        .filter_map(|place| {
            lines
                .iter()
                .position(|(entry, _)| *entry.subsection == *place && stands_in(entry, global))
        })
        .collect();
    let here = lines.iter().filter(|(_, lies)| *lies == Lies::Here).count();
    if here != own.len() {
        return false;
    }
    if here == lines.len() {
        return true;
    }
    let at = |wanted: Lies| {
        let lines = lines.iter().enumerate().filter(move |(_, (_, lies))| *lies == wanted);
        lines.map(|(at, _)| at)
    };
    let (first, last) = (own.iter().min(), own.iter().max());
    own.len() == places.len()
        && at(Lies::Around).all(|at| first.is_some_and(|first| at < *first))
        && at(Lies::Inside).all(|at| last.is_some_and(|last| at > *last))
}

/// The names for parts of the place that stand in other files, which come before this one.
fn inside_of_other_files(lines: &[(&Entry, Lies)], global: &Path) -> Vec<Line> {
    let others =
        lines.iter().filter(|(entry, lies)| *lies == Lies::Inside && !stands_in(entry, global));
    others
        .filter(|(entry, _)| entry.file().is_some())
        .map(|(entry, _)| {
            (entry.subsection.to_string(), Zeroizing::new(entry.value.as_bytes().to_vec()))
        })
        .collect()
}

fn stands_in(entry: &Entry, file: &Path) -> bool {
    entry.file().is_some_and(|own| is_same(Path::new(own), file))
}

/// A place as it is written, and the username there.
type Line = (String, Zeroizing<Vec<u8>>);

/// The file with this name for the context, or none, at its end, then those for parts of it: those
/// of this file, which they leave, and these of others. Nothing where it is not as git reads it.
fn rewritten(
    old: &[u8],
    context: &Context,
    name: Option<&str>,
    others: Vec<Line>,
) -> Option<Zeroizing<Vec<u8>>> {
    let file = ConfigFile::parse(old).filter(|file| file.is_read_so_by_git(old))?;
    let mut inside = others;
    let mut gone = Vec::new();
    for (number, line) in file.lines.iter().enumerate() {
        let header = &file.headers[line.header];
        let place = header.subsection().and_then(|place| std::str::from_utf8(place).ok());
        let Some(place) =
            place.filter(|_| header.section == "credential" && line.name == "username")
        else {
            continue;
        };
        match lies(place, context) {
            Lies::Here => gone.push(number),
            Lies::Inside if name.is_some() => {
                let value = line.value().unwrap_or_default();
                inside.push((place.to_owned(), Zeroizing::new(value.to_vec())));
                gone.push(number);
            }
            _ => {}
        }
    }
    let is_left_empty = |header: usize| {
        let mut lines = file.lines.iter().enumerate().filter(|(_, line)| line.header == header);
        lines.all(|(number, _)| gone.contains(&number))
    };
    let mut headers: Vec<usize> = gone.iter().map(|&number| file.lines[number].header).collect();
    headers.dedup();
    let headers = headers.into_iter().filter(|&header| is_left_empty(header));
    let changes: Vec<Change> = headers
        .map(Change::RemoveHeader)
        .chain(gone.iter().map(|&line| Change::Remove(line)))
        .collect();
    let mut new = file.with(old, &changes);
    inside.sort_by_key(|(place, _)| url::context(place).map_or(0, |there| there.outwards().len()));
    let own = name.map(|name| {
        let value = |place| (place, Zeroizing::new(name.as_bytes().to_vec()));
        spellings(context).into_iter().map(value)
    });
    for (place, value) in own.into_iter().flatten().chain(inside) {
        if new.last().is_some_and(|&last| last != b'\n') {
            new.push(b'\n');
        }
        new.extend_from_slice(&setting("credential", &place, "username", &value));
    }
    let parsed = ConfigFile::parse(&new)?;
    parsed.is_read_so_by_git(&new).then_some(new)
}

/// Puts new content in the place of a file of git's configuration, under git's own lock.
fn change(file: &Path, new: impl FnOnce(&[u8]) -> Option<Zeroizing<Vec<u8>>>) -> Result<(), Error> {
    // A link stays a link.
    let path = fs::canonicalize(file).map_err(|_| GitTrouble::Unreadable)?;
    let lock = Replacement::begin(&path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => GitTrouble::Unlockable,
        _ => GitTrouble::Unwritable,
    })?;
    let content = private_file::open(&path, Links::Refused);
    let content = content.and_then(|file| private_file::read(&file, MAX_FILE));
    let content = content.map_err(|_| GitTrouble::Unreadable)?;
    let old = fs::metadata(&path).map_err(|_| GitTrouble::Unreadable)?;
    let new = new(&content).ok_or(GitTrouble::Unchanged)?;
    let put = lock.write(&[&new], &old, Rights::Kept).and_then(|()| lock.put());
    put.map_err(|_| GitTrouble::Unwritable.into())
}

#[cfg(test)]
mod tests {
    use super::{Line, rewritten};
    use crate::context::Context;
    use zeroize::Zeroizing;

    fn with_name(old: &str, place: &str, name: Option<&str>, others: Vec<Line>) -> String {
        let context = Context::from_canonical(place).expect("canonical");
        let new = rewritten(old.as_bytes(), &context, name, others).expect("a file");
        String::from_utf8(new.to_vec()).expect("text")
    }

    #[test]
    fn a_name_stands_before_those_for_parts_of_its_place() {
        let content = "# mine\n[credential \"https://h.example/work\"]\n\tusername = bob\n\
                       [credential \"https://h.example/work/x\"]\n\tuseHttpPath = true\n\tusername = \"a #b\"\n\
                       [credential \"https://other.example\"]\n\tusername = carol\n[user]\n\tname = A";
        assert_eq!(
            with_name(content, "https://h.example", Some("alice"), Vec::new()),
            "# mine\n[credential \"https://h.example/work/x\"]\n\tuseHttpPath = true\n\
             [credential \"https://other.example\"]\n\tusername = carol\n[user]\n\tname = A\n\
             [credential \"https://h.example\"]\n\tusername = alice\n\
             [credential \"https://h.example/work\"]\n\tusername = bob\n\
             [credential \"https://h.example/work/x\"]\n\tusername = \"a #b\"\n"
        );
    }

    #[test]
    fn a_name_takes_the_place_of_every_older_one_however_it_is_spelt() {
        let content = "[credential]\n\tusername = x\n[credential \"https://H.example:443/\"]\n\
                       \tusername = a\n[credential \"https://h.example\"]\n\tusername = b\n";
        assert_eq!(
            with_name(content, "https://h.example", Some("al\"ice"), Vec::new()),
            "[credential]\n\tusername = x\n[credential \"https://h.example\"]\n\
             \tusername = \"al\\\"ice\"\n"
        );
    }

    #[test]
    fn names_of_other_files_are_repeated_behind_it() {
        let other = ("https://h.example/work".to_owned(), Zeroizing::new(b"bob".to_vec()));
        assert_eq!(
            with_name("", "https://h.example", Some("alice"), vec![other]),
            "[credential \"https://h.example\"]\n\tusername = alice\n\
             [credential \"https://h.example/work\"]\n\tusername = bob\n"
        );
    }

    #[test]
    fn a_name_that_is_taken_back_leaves_the_others_where_they_are() {
        let content = "[credential \"https://h.example\"]\n\tusername = a\n\thelper = pat\n\
                       [credential \"https://h.example/w\"]\n\tusername = b\n";
        assert_eq!(
            with_name(content, "https://h.example", None, Vec::new()),
            "[credential \"https://h.example\"]\n\thelper = pat\n\
             [credential \"https://h.example/w\"]\n\tusername = b\n"
        );
    }

    #[test]
    fn a_repository_is_meant_with_and_without_its_ending() {
        assert_eq!(
            with_name("", "https://h.example/o/r", Some("bob"), Vec::new()),
            "[credential \"https://h.example/o/r\"]\n\tusername = bob\n\
             [credential \"https://h.example/o/r.git\"]\n\tusername = bob\n"
        );
    }
}
