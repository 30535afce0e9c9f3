//! Whether a vault can be read.

use crate::time::{left, now};

/// Whether the vault is open, and for how long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// There is none.
    Absent,
    /// Somebody must be asked first.
    Locked,
    /// Its key is held until this time (seconds since 1970 UTC), or until reboot.
    Unlocked(Option<u64>),
    /// Something gives its key without asking.
    Given,
}

impl State {
    /// As in `the vault is` *this*.
    #[must_use]
    pub fn in_words(self) -> String {
        match self {
            Self::Absent => "not there".to_owned(),
            Self::Locked => "locked".to_owned(),
            Self::Unlocked(None) => "unlocked until reboot".to_owned(),
            Self::Unlocked(Some(until)) => format!("unlocked, {} left", left(until, now())),
            Self::Given => "opened by its key".to_owned(),
        }
    }
}
