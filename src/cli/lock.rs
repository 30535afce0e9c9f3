//! `git credential-pat lock` closes the vault.

use super::unlock::vault;
use crate::error::Error;
use crate::terminal;

pub(super) fn run() -> Result<(), Error> {
    let was_unlocked = vault()?.lock()?;
    terminal::say(
        "lock",
        if was_unlocked { "the vault is locked" } else { "it was locked already" },
    );
    Ok(())
}
