//! The forms of the files: the entries of each, and what people call one.
//!
//! A file need not be right: it is read as far as it goes. Where the token stands outside of every
//! entry, such as in a comment, its line is named.

use super::json;
use crate::context::{escape, shown};
use crate::forge;
use crate::git::config_file::{ConfigFile, Header, Line};
use crate::needle::Needle;
use crate::plain_text::netrc::machines;
use crate::plain_text::url::{Parts, decode, key};
use crate::plain_text::{is_first, without_mark};
use crate::said::capped;
use std::ops::Range;

/// The most places that are named in one file. Who takes these out sees the others.
const MOST: usize = 20;

/// How a file is written, and whose it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// A URL on each line: git's `store`.
    Store,
    /// `machine`, `login`, `password`.
    Netrc,
    /// `name = value` below `[section]`, for this program.
    Settings(Program),
    /// JSON, for this program.
    Json(Program),
    /// `name: value`, where a name that is indented is a part of the one above, for this program.
    Outline(Program),
    /// Git's configuration.
    Git,
    /// Nothing but a token.
    Token,
    /// Any text.
    Text,
}

/// The program whose file it is, where it can take a token out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Program {
    Npm { of_project: bool },
    Cargo,
    Docker,
    Containers,
    Gh,
    Glab,
    Other,
}

/// A part of a file in which the token stands.
pub(super) struct Found {
    pub(super) part: Range<usize>,
    /// The number of its first line, counted from 1.
    pub(super) line: usize,
    /// What people call it, or none where only its line tells.
    pub(super) name: Option<String>,
    /// The names that lead to it, as the file has them: a section and a setting, for instance. None
    /// where one may be a secret.
    pub(super) keys: Option<Vec<String>>,
}

impl Found {
    /// Makes one that only its line names.
    fn line(content: &[u8], part: Range<usize>) -> Self {
        Self { line: number(content, part.start), part, name: None, keys: None }
    }
}

/// An entry of a file, by the bytes that it takes.
struct Entry {
    part: Range<usize>,
    keys: Vec<Range<usize>>,
}

impl Form {
    /// Returns the entries in which the token stands, and the other lines in which it does.
    pub(super) fn found(self, content: &[u8], needle: &Needle<'_>) -> Vec<Found> {
        if !needle.is_in(content) {
            return Vec::new();
        }
        let mut found: Vec<Found> = Vec::new();
        let mut entries = self.entries(content);
        entries.retain(|entry| needle.is_in(&content[entry.part.clone()]));
        entries.sort_by_key(|entry| entry.part.start);
        let parts: Vec<Range<usize>> = entries.iter().map(|entry| entry.part.clone()).collect();
        let is_in_entry = |line: &Range<usize>| {
            let before = parts.partition_point(|part| part.start < line.end);
            before.checked_sub(1).is_some_and(|last| line.start < parts[last].end)
        };
        found.extend(entries.into_iter().take(MOST).map(|e| self.named(content, e, needle)));
        for part in lines(content).filter(|line| !is_in_entry(line)) {
            if found.len() < MOST && needle.is_in(&content[part.clone()]) {
                found.push(Found::line(content, part));
            }
        }
        // It stands there, but on no one line.
        if found.is_empty() {
            found.push(Found::line(content, without_mark(content)));
        }
        found
    }

    fn entries(self, content: &[u8]) -> Vec<Entry> {
        let plain = |part| Entry { part, keys: Vec::new() };
        match self {
            Self::Store => lines(content).map(plain).collect(),
            Self::Netrc => machines(content).into_iter().map(|m| plain(m.part)).collect(),
            Self::Settings(_) => settings(content),
            Self::Json(_) => {
                let values = json::values(content).into_iter();
                values.map(|value| Entry { part: value.part, keys: value.keys }).collect()
            }
            Self::Outline(_) => outline(content),
            Self::Git => ConfigFile::parse(content).map_or_else(Vec::new, |file| {
                let headers = file.headers.iter().map(Header::part);
                headers.chain(file.lines.iter().map(Line::part)).map(plain).collect()
            }),
            Self::Token => vec![plain(without_mark(content))],
            Self::Text => Vec::new(),
        }
    }

    fn named(self, content: &[u8], entry: Entry, needle: &Needle<'_>) -> Found {
        let text = &content[entry.part.clone()];
        let keys: Option<Vec<String>> =
            entry.keys.iter().map(|key| name_of(&content[key.clone()], needle)).collect();
        let name = match self {
            Self::Store => {
                account_of_url(text, needle).map(|whose| format!("the line for {whose}"))
            }
            Self::Netrc => machine(text, needle),
            Self::Settings(_) => keys.as_deref().and_then(|keys| match keys {
                [section, name] => Some(format!("{name} in [{section}]")),
                [name] => Some(name.clone()),
                _ => None,
            }),
            Self::Json(_) | Self::Outline(_) => {
                keys.as_deref().filter(|keys| !keys.is_empty()).map(|keys| keys.join(": "))
            }
            Self::Git => setting(content, &entry.part, needle),
            Self::Token => Some("the whole file".to_owned()),
            Self::Text => None,
        };
        Found {
            line: number(content, entry.part.start),
            part: entry.part,
            name: name.map(|name| capped(&shown(&name))),
            keys,
        }
    }
}

/// Returns the name of an entry for people, or nothing where it may be a secret.
fn name_of(bytes: &[u8], needle: &Needle<'_>) -> Option<String> {
    let is_secret = needle.is_part_of(bytes) || forge::holds_token(bytes);
    let text = escape(bytes.trim_ascii());
    (!is_secret && !text.is_empty()).then_some(text)
}

/// Returns `alice at github.com` for the URL on a line.
fn account_of_url(line: &[u8], needle: &Needle<'_>) -> Option<String> {
    let parts = Parts::of(line.trim_ascii())?;
    let (username, password) = (parts.username.map(decode), parts.password.map(decode));
    let username = username.as_ref().map_or(&b""[..], |name| name);
    let password = password.as_ref().map_or(&b""[..], |password| password);
    let name = if is_first(None, username, password) { &b""[..] } else { username };
    account(name, parts.host, needle)
}

/// Returns the words for an account, or nothing where its host cannot be shown.
fn account(name: &[u8], host: &[u8], needle: &Needle<'_>) -> Option<String> {
    let host = name_of(host, needle)?;
    Some(match name_of(name, needle) {
        Some(name) => format!("{name} at {host}"),
        None => host,
    })
}

fn machine(text: &[u8], needle: &Needle<'_>) -> Option<String> {
    let machine = machines(text).into_iter().next()?;
    let Some(host) = &machine.name else { return Some("the default entry".to_owned()) };
    let login = machine.login.as_ref().map_or(&b""[..], |login| login);
    account(login, host, needle).map(|whose| format!("the entry for {whose}"))
}

/// Returns the name of the setting of git's at this part of a file.
fn setting(content: &[u8], part: &Range<usize>, needle: &Needle<'_>) -> Option<String> {
    let file = ConfigFile::parse(content)?;
    if let Some(line) = file.lines.iter().find(|line| line.part() == *part) {
        let header = &file.headers[line.header];
        return setting_name(&header.section, header.subsection(), &line.name, needle);
    }
    let header = file.headers.iter().find(|header| header.part() == *part)?;
    setting_name(&header.section, header.subsection(), "*", needle)
}

/// Returns the name of a setting of git's without the token that stands in it, or nothing where it
/// cannot be shown.
pub(super) fn setting_name(
    section: &str,
    subsection: Option<&[u8]>,
    name: &str,
    needle: &Needle<'_>,
) -> Option<String> {
    let text = subsection.unwrap_or_default();
    let rest = Parts::of(text).filter(Parts::has_token).map_or(text, |parts| parts.rest);
    (!needle.is_in(rest)).then(|| key(section, subsection, name))
}

/// Returns the part of each line, without its end.
fn lines(content: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut start = without_mark(content).start;
    content[start..].split(|&byte| byte == b'\n').map(move |line| {
        let range = start..start + line.len();
        start = range.end + 1;
        range
    })
}

/// Returns the number of the line at this byte, counted from 1.
fn number(content: &[u8], at: usize) -> usize {
    content[..at].split(|&byte| byte == b'\n').count()
}

/// Returns the part of a text without blanks and quotes around it.
fn trimmed(content: &[u8], part: Range<usize>) -> Range<usize> {
    let is_rest = |b: &u8| b.is_ascii_whitespace() || b"\"'".contains(b);
    let text = &content[part.clone()];
    let start = text.iter().position(|b| !is_rest(b)).unwrap_or(text.len());
    let end = text.iter().rposition(|b| !is_rest(b)).map_or(start, |last| last + 1);
    part.start + start..part.start + end
}

/// Returns the lines `name = value`, each with its section, if it has one, and its name. A line
/// that is indented and has no name goes on with the one above.
fn settings(content: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    let (mut section, mut name): (Option<Range<usize>>, Option<Range<usize>>) = (None, None);
    for part in lines(content) {
        let line = trimmed(content, part.clone());
        let text = &content[line.clone()];
        if text.starts_with(b"#") || text.starts_with(b";") || text.is_empty() {
            continue;
        }
        if let (true, Some(end)) =
            (text.starts_with(b"["), text.iter().position(|&byte| byte == b']'))
        {
            section = Some(trimmed(content, line.start + 1..line.start + end));
            name = None;
            continue;
        }
        let sign = text.iter().position(|&byte| byte == b'=');
        let sign = sign.or_else(|| text.iter().position(|&byte| byte == b':'));
        let own = sign.map(|sign| &text[..sign]);
        let is_name = |text: &[u8]| !text.windows(3).any(|three| three == b"://");
        let goes_on = content[part.start..].first().is_some_and(u8::is_ascii_whitespace)
            && name.is_some()
            && !own.is_some_and(|own| is_name(own) && text[own.len()..].starts_with(b"="));
        if !goes_on {
            name = own
                .filter(|own| is_name(own))
                .map(|own| trimmed(content, line.start..line.start + own.len()));
        }
        let keys = if name.is_some() {
            section.iter().chain(&name).cloned().collect()
        } else {
            Vec::new()
        };
        entries.push(Entry { part, keys });
    }
    entries
}

/// Returns the lines `name: value`, each with the names above it and its own.
fn outline(content: &[u8]) -> Vec<Entry> {
    /// How many names are kept: a file with more is no settings file.
    const DEPTH: usize = 8;
    let mut entries = Vec::new();
    // The names above, each with its indentation.
    let mut above: Vec<(usize, Range<usize>)> = Vec::new();
    for part in lines(content) {
        let text = &content[part.clone()];
        let mut indent = text.iter().take_while(|&&byte| byte == b' ').count();
        // The first line of an item of a list.
        while text[indent..].starts_with(b"- ") {
            indent += 2;
        }
        let rest = text[indent..].trim_ascii_end();
        if rest.is_empty() || rest.starts_with(b"#") {
            continue;
        }
        let end = rest.windows(2).position(|two| two == b": ");
        let end = end.or_else(|| rest.ends_with(b":").then(|| rest.len() - 1));
        if let Some(end) = end {
            above.retain(|(other, _)| *other < indent);
            let start = part.start + indent;
            above.push((indent, trimmed(content, start..start + end)));
        }
        let keys = above.iter().take(DEPTH).map(|(_, name)| name.clone()).collect();
        entries.push(Entry { part, keys });
    }
    entries
}
