//! A note of the parts that a write may leave behind. It is written before the parts, and deleted
//! after a write without fault. So the parts of a killed process are found without a search.
//!
//! There is one note, `git-credential-pat_unfinished`: the account's name, then a line for each
//! set of parts, as the account's own credential would lead to them. It holds no token.

use super::calls;
use super::parts::Parts;
use crate::error::Error;

const NAME: &str = "git-credential-pat_unfinished";

/// Writes the note.
///
/// # Errors
/// Where it could not be written.
pub(super) fn note(name: &str, parts: &[&Parts]) -> Result<(), Error> {
    let mut text = name.as_bytes().to_vec();
    for parts in parts {
        text.push(b'\n');
        text.extend(parts.to_head());
    }
    if text.len() > calls::MAX_BLOB {
        return Err(Error::TooLong);
    }
    calls::write(NAME, "", &text)
}

/// Deletes the noted parts to which their account does not lead, and then the note. No other
/// process may be writing.
pub(super) fn end(parts_of: impl Fn(&str) -> Result<Option<Parts>, Error>) {
    let Ok(Some(text)) = calls::read(NAME) else { return };
    let mut lines = text.split(|&byte| byte == b'\n');
    let name = lines.next().and_then(|name| std::str::from_utf8(name).ok()).unwrap_or_default();
    let Ok(led_to) = parts_of(name) else { return };
    let noted = lines.filter_map(|line| Parts::from_head(line).ok().flatten());
    let mut orphans = noted.filter(|parts| led_to.as_ref().is_none_or(|led_to| !parts.are(led_to)));
    if orphans.all(|parts| parts.delete(name)) {
        let _ = calls::delete(NAME);
    }
}
