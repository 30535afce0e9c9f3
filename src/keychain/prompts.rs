//! The rules for a keychain's window that asks a person: it is shown where somebody would see it,
//! and where git's configuration leaves room for it.

#[cfg(unix)]
use crate::git::interactive;
#[cfg(unix)]
use crate::terminal::display;
#[cfg(unix)]
use std::time::Duration;

/// How long a person may take to answer.
#[cfg(unix)]
pub(super) const PATIENCE: Duration = Duration::from_secs(120);

/// A setting: whether prompts may be shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Prompts {
    /// They may, where the environment says that somebody sees them and git's configuration does
    /// not forbid it.
    #[default]
    WhereSeen,
    /// They always may: the caller knows that they are seen.
    Always,
    /// They never may.
    Never,
}

#[cfg(unix)]
impl Prompts {
    /// Returns whether a prompt may be shown now. Asks git, so it is called only when one is
    /// needed.
    pub(super) fn allowed(self) -> bool {
        match self {
            Self::WhereSeen => display::is_seen() && interactive::leaves_room(),
            Self::Always => true,
            Self::Never => false,
        }
    }
}
