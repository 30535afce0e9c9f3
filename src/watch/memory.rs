//! What a watch remembers from one run to the next, in the state folder: when it last ran, and what
//! it has said of each account.
//!
//! The same is said again when it has changed, and after a week; in a token's last three days, each
//! day. What is well again is forgotten, so that a new trouble is said at once.

use crate::private_file::{self, Folder};
use crate::stamp;
use crate::state_folder;
use crate::time::DAY;
use std::io::Read;

/// The file with the last run: its time, and how many findings there were.
const RUN: &str = "watched";

/// How long the same is not said again.
const WEEK: u64 = 7 * DAY;

/// A little less than the rhythm: a timer comes some minutes earlier or later each time.
const SLACK: u64 = DAY / 2;

/// The last run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Run {
    /// In seconds since 1970 UTC.
    pub(crate) at: u64,
    /// How many things were not well.
    pub(crate) findings: usize,
}

/// Notes a run, as far as that is possible.
pub(crate) fn note(run: Run) {
    let noted = || -> Option<()> {
        let mut file = state_folder::made()?.file(RUN)?;
        private_file::rewrite(&mut file, format!("{} {}\n", run.at, run.findings).as_bytes()).ok()
    };
    let _ = noted();
}

/// Returns the last run, if one is known.
pub(crate) fn last() -> Option<Run> {
    let mut text = String::new();
    state_folder::there()?.existing_file(RUN)?.read_to_string(&mut text).ok()?;
    let (at, findings) = text.trim_end().split_once(' ')?;
    Some(Run { at: at.parse().ok()?, findings: findings.parse().ok()? })
}

/// Takes away what is remembered of the last run.
pub(crate) fn forget_runs() {
    if let Some(folder) = state_folder::there() {
        folder.remove_all(RUN);
    }
}

/// What was said, see the [module](self). Without a state folder everything is said every time.
pub(crate) struct Said(Option<Folder>);

impl Said {
    pub(crate) fn of_this_user() -> Self {
        Self(state_folder::made())
    }

    /// Returns whether this is to be said now of what the fields name, and notes that it is. The
    /// `version` is another one where something else is to be said.
    pub(crate) fn is_new(&self, fields: &[&[u8]], version: u64, now: u64) -> bool {
        let Some(folder) = &self.0 else { return true };
        stamp::is_first(folder, &of_watch(fields), version, now, WEEK - SLACK)
    }

    /// Forgets what was said of what the fields name.
    pub(crate) fn forget(&self, fields: &[&[u8]]) {
        if let Some(folder) = &self.0 {
            stamp::forget(folder, &of_watch(fields));
        }
    }
}

fn of_watch<'a>(fields: &[&'a [u8]]) -> Vec<&'a [u8]> {
    fields.iter().copied().chain([&b"watched"[..]]).collect()
}

#[cfg(test)]
mod tests {
    use super::{Said, WEEK};
    use crate::private_file::Folder;
    use crate::time::DAY;

    #[test]
    fn the_same_is_said_again_when_it_changes_after_a_week_and_after_it_was_well() {
        let temporary = tempfile::tempdir().expect("a folder");
        let said = Said(Folder::made(temporary.path().to_owned()));
        let (alice, bob) = ([&b"alice"[..]], [&b"bob"[..]]);
        let start = 1_796_169_600;
        assert!(said.is_new(&alice, 1, start) && said.is_new(&bob, 1, start));
        assert!(!said.is_new(&alice, 1, start + DAY), "the same");
        assert!(said.is_new(&alice, 2, start + DAY), "it has changed");
        assert!(!said.is_new(&alice, 2, start + 2 * DAY), "the same");
        // A weekly timer that comes a little earlier this time.
        assert!(said.is_new(&bob, 1, start + WEEK - DAY / 4), "a week later");
        said.forget(&alice);
        assert!(said.is_new(&alice, 2, start + 3 * DAY), "it was well in between");
        assert!(!said.is_new(&bob, 1, start + WEEK), "another's is not forgotten");
        assert!(Said(None).is_new(&alice, 1, start) && Said(None).is_new(&alice, 1, start));
    }
}
