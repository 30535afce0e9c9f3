//! When a keychain may show a window that asks a person: where one would be seen, and where
//! git's configuration leaves room for it.

use crate::git::interactive;
use crate::terminal::display;
use std::time::Duration;

/// How long a person may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);

/// Whether prompts may be shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Prompts {
    /// Where the environment says that somebody sees them and git's configuration does not
    /// forbid it.
    #[default]
    WhereSeen,
    /// Always: the caller knows.
    Always,
    /// Never.
    Never,
}

impl Prompts {
    /// Whether one may be shown now. Asks git, so only when one is needed.
    pub(super) fn allowed(self) -> bool {
        match self {
            Self::WhereSeen => display::is_seen() && interactive::leaves_room(),
            Self::Always => true,
            Self::Never => false,
        }
    }
}
