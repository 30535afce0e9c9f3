//! Reads the plain-text file of `git credential-store`, which has a URL on each line.
//!
//! Lines that end with CRLF or begin with a byte order mark, as another system or an editor leaves
//! them, have never served git, but they are read here.

use super::credential_url::Reach;
use super::found::{Entry, NO_URL, Removal, Source};
use super::plain_file::PlainFile;
use crate::error::Error;
use crate::plain_text::url::Parts;
use crate::plain_text::without_mark;
use std::ops::Range;
use std::path::Path;

/// Returns the entries of the file, or nothing where there is no file.
///
/// # Errors
/// Where the file cannot be read.
pub(super) fn read(path: &Path, name: &str) -> Result<Option<Source>, Error> {
    let Some(file) = PlainFile::read(path)? else { return Ok(None) };
    let lines = lines(file.content());
    let is_empty = |line: &Range<usize>| file.content()[line.clone()].trim_ascii().is_empty();
    let entries = lines.iter().enumerate().filter(|(_, line)| !is_empty(line));
    let entries = entries.map(|(number, line)| {
        let text = &file.content()[line.clone()];
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let text = if number == 0 { &text[without_mark(text)] } else { text };
        let token = Parts::of(text).ok_or(NO_URL).and_then(|parts| parts.token(Reach::Path));
        Entry::new(number, format!("line {}", number + 1), token)
    });
    let entries = entries.collect();
    let remark = "if git still writes there, see: git config --show-origin --get-all \
                  credential.helper";
    Ok(Some(Source {
        name: name.to_owned(),
        entries,
        removal: Some(Box::new(Lines { file, lines })),
        remark: Some(remark),
        sends_path: false,
    }))
}

/// Returns both files as git reads them: where the first has a token for an account, that of the
/// second is never served. A link that makes both one file leaves the first.
pub(super) fn both(first: Option<Source>, second: Option<Source>) -> Vec<Option<Source>> {
    let (first, mut second) = match (first, second) {
        (Some(first), Some(second)) => (first, second),
        other => return vec![other.0, other.1],
    };
    let file = |source: &Source| source.removal.as_ref()?.file(0).map(Path::to_owned);
    if file(&first) == file(&second) {
        return vec![Some(first)];
    }
    let tokens = || first.entries.iter().filter_map(|entry| entry.token.as_ref().ok());
    for entry in &mut second.entries {
        let Ok(token) = &entry.token else { continue };
        let earlier = tokens().find(|earlier| earlier.account() == token.account());
        let earlier = earlier.filter(|earlier| earlier.token != token.token);
        entry.instead = earlier.map(|earlier| earlier.token.clone());
    }
    vec![Some(first), Some(second)]
}

/// Returns the part of each line, with its end.
fn lines(content: &[u8]) -> Vec<Range<usize>> {
    let mut start = 0;
    let lines = content.split_inclusive(|&b| b == b'\n').map(|line| {
        let range = start..start + line.len();
        start = range.end;
        range
    });
    lines.collect()
}

struct Lines {
    file: PlainFile,
    lines: Vec<Range<usize>>,
}

impl Removal for Lines {
    fn check(&self, _: &[usize]) -> Result<(), Error> {
        self.file.check()
    }

    fn file(&self, _: usize) -> Option<&Path> {
        Some(self.file.path())
    }

    fn remove(&self, numbers: &[usize]) -> Result<(), Error> {
        let parts: Vec<_> = numbers.iter().map(|&number| self.lines[number].clone()).collect();
        self.file.without(&parts)
    }
}
