//! The state of a vault says whether it can be read.

use crate::time::{left, now};

/// The state of a vault: whether it is open, and for how long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// There is no vault.
    Absent,
    /// Somebody must be asked for its passphrase first.
    Locked,
    /// Its key is held until this time (seconds since 1970 UTC), or until reboot.
    Unlocked(Option<u64>),
    /// A file, a command or systemd gives its key, without a question.
    Given,
}

impl State {
    /// Returns words that continue `the vault is`.
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
