//! New tokens in the place of old ones, from forges that give them in their own ways.

mod at_once;
mod at_the_forge;
mod by_page;
mod by_password;

use crate::support::home::Home;

/// A token that GitLab gave out, and another one.
const OLD: &str = "glpat-TESTONLYTESTONLYTEST";
const NEW: &str = "glpat-TESTONLYTESTONLYTES2";

impl Home {
    /// Whether a rotation is noted that has not come to its end.
    fn has_note(&self) -> bool {
        self.types("status https://HOST", "").stdout().contains("rotation")
    }
}
