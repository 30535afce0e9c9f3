//! The files in which other programs keep tokens in plain text: where they lie, and how they are
//! read. What is to become of a token that is found there, others decide.
//!
//! - [`places`]: where the files lie. [`url`]: a URL with a token in it, as git reads it.
//!   [`token_first`]: a token instead of a username. [`netrc`]: the words of that file.

pub(crate) mod netrc;
pub(crate) mod places;
mod token_first;
pub(crate) mod url;

pub(crate) use token_first::{are_two, is_first};

use std::ops::Range;

/// The longest file that is read, in bytes.
pub(crate) const MAX_FILE: usize = 4 << 20;

/// Returns the part of a file after the byte order mark with which some editors begin it.
pub(crate) fn without_mark(content: &[u8]) -> Range<usize> {
    let start = if content.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    start..content.len()
}
