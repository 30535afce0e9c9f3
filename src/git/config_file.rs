//! A file of git's configuration, parsed so that a part of it can be changed and every other byte
//! stays.
//!
//! `git config` changes files, too, but by arguments, which everybody may see: a token to be taken
//! out of a URL would stand among them. So the grammar is here once more, as git's `config.c` has
//! it, and git itself is asked whether it reads the same: a file that it reads otherwise is left
//! alone.
//!
//! ```text
//! [remote "origin"]                            a header: section, subsection
//!     url = "https://a:T@h.example/x" ; why    a line: name, value
//! ```

use super::config;
use std::io::Write;
use std::ops::Range;
use std::process::Stdio;
use zeroize::Zeroizing;

/// The headers and the lines of a file, with where they stand.
pub(crate) struct ConfigFile {
    pub(crate) headers: Vec<Header>,
    pub(crate) lines: Vec<Line>,
}

/// `[section "subsection"]`
pub(crate) struct Header {
    /// The section in lower case; `[a.b]`, an older form, is the section `a.b`.
    pub(crate) section: String,
    subsection: Option<Zeroizing<Vec<u8>>>,
    /// The bytes of the subsection, between its quotes.
    part: Range<usize>,
}

/// `name = value`, or a name alone.
pub(crate) struct Line {
    /// The number of the header above the line.
    pub(crate) header: usize,
    /// The name in lower case.
    pub(crate) name: String,
    value: Option<Zeroizing<Vec<u8>>>,
    /// The bytes of the value, without blanks and comments around it.
    value_part: Range<usize>,
    /// The bytes from the name to the end of the value.
    part: Range<usize>,
}

impl Header {
    /// Returns which bytes of the file are the subsection.
    pub(crate) fn part(&self) -> Range<usize> {
        self.part.clone()
    }

    /// Returns the text between the quotes, if there are any.
    pub(crate) fn subsection(&self) -> Option<&[u8]> {
        self.subsection.as_ref().map(|text| text.as_slice())
    }
}

impl Line {
    /// Returns which bytes of the file are the line, from the name to the end of the value.
    pub(crate) fn part(&self) -> Range<usize> {
        self.part.clone()
    }

    /// Returns the value behind the equals sign, if there is one.
    pub(crate) fn value(&self) -> Option<&[u8]> {
        self.value.as_ref().map(|text| text.as_slice())
    }
}

/// A change of a file.
pub(crate) enum Change {
    /// The line with this number gets this value.
    Value(usize, Zeroizing<Vec<u8>>),
    /// The header with this number gets this subsection.
    Subsection(usize, Zeroizing<Vec<u8>>),
    /// The line with this number is removed.
    Remove(usize),
    /// The header with this number goes, which has a subsection and no lines any more.
    RemoveHeader(usize),
}

impl ConfigFile {
    /// Parses a file's content, or returns nothing where it is not as git writes it.
    pub(crate) fn parse(content: &[u8]) -> Option<Self> {
        let mut reader = Reader::of(content);
        let mut file = Self { headers: Vec::new(), lines: Vec::new() };
        while let Some(byte) = reader.peek() {
            match byte {
                b'#' | b';' => reader.skip_comment(),
                blank if is_blank(blank) => reader.at += 1,
                b'[' => file.headers.push(reader.header()?),
                letter if letter.is_ascii_alphabetic() => {
                    let header = file.headers.len().checked_sub(1)?;
                    file.lines.push(reader.line(header)?);
                }
                _ => return None,
            }
        }
        Some(file)
    }

    /// Returns whether git reads this content in the same way.
    pub(crate) fn is_read_so_by_git(&self, content: &[u8]) -> bool {
        let mut git = config();
        git.args(["--file", "-", "--no-includes", "--null", "--list"]);
        git.stdin(Stdio::piped()).stdout(Stdio::piped());
        let Ok(mut child) = git.spawn() else { return false };
        // git reads to the end before it answers.
        let is_written =
            child.stdin.take().is_some_and(|mut stdin| stdin.write_all(content).is_ok());
        let Ok(output) = child.wait_with_output() else { return false };
        let said = Zeroizing::new(output.stdout);
        is_written && output.status.success() && *said == *self.listed()
    }

    /// Returns what `git config --null --list` prints for the file.
    fn listed(&self) -> Zeroizing<Vec<u8>> {
        let mut listed = Zeroizing::new(Vec::new());
        for line in &self.lines {
            let header = &self.headers[line.header];
            listed.extend_from_slice(header.section.as_bytes());
            if let Some(subsection) = header.subsection() {
                listed.push(b'.');
                listed.extend_from_slice(subsection);
            }
            listed.push(b'.');
            listed.extend_from_slice(line.name.as_bytes());
            if let Some(value) = line.value() {
                listed.push(b'\n');
                listed.extend_from_slice(value);
            }
            listed.push(0);
        }
        listed
    }

    /// Returns the content with these changes, no two of which are of one part.
    pub(crate) fn with(&self, content: &[u8], changes: &[Change]) -> Zeroizing<Vec<u8>> {
        let mut parts: Vec<(Range<usize>, Zeroizing<Vec<u8>>)> = changes
            .iter()
            .map(|change| match change {
                Change::Value(line, value) => {
                    (self.lines[*line].value_part.clone(), written_value(value))
                }
                Change::Subsection(header, text) => {
                    (self.headers[*header].part.clone(), written_subsection(text))
                }
                Change::Remove(line) => {
                    (with_line(content, &self.lines[*line].part), Zeroizing::new(Vec::new()))
                }
                Change::RemoveHeader(header) => {
                    let part = &self.headers[*header].part;
                    let open = content[..part.start].iter().rposition(|&byte| byte == b'[');
                    let whole = open.unwrap_or(part.start)..part.end + "\"]".len();
                    (with_line(content, &whole), Zeroizing::new(Vec::new()))
                }
            })
            .collect();
        parts.sort_by_key(|(part, _)| part.start);
        let mut new = Zeroizing::new(Vec::with_capacity(content.len()));
        let mut at = 0;
        for (part, text) in parts {
            new.extend_from_slice(&content[at..part.start]);
            new.extend_from_slice(&text);
            at = part.end;
        }
        new.extend_from_slice(&content[at..]);
        new
    }
}

/// Returns a section with one line, as text for the end of a file.
pub(crate) fn section(name: &str, subsection: &str, line: &str) -> String {
    let subsection = written_subsection(subsection.as_bytes());
    format!("[{name} \"{}\"]\n\t{line}\n", String::from_utf8_lossy(&subsection))
}

/// A section with one setting of any value, as text to be put at the end of a file.
pub(super) fn setting(
    section: &str,
    subsection: &str,
    name: &str,
    value: &[u8],
) -> Zeroizing<Vec<u8>> {
    let subsection = written_subsection(subsection.as_bytes());
    let header = [b"[", section.as_bytes(), b" \"", &subsection, b"\"]\n\t"].concat();
    let value = written_value(value);
    Zeroizing::new([&header, name.as_bytes(), b" = ", &value, b"\n"].concat())
}

struct Reader<'a> {
    content: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn of(content: &'a [u8]) -> Self {
        let at = if content.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        Self { content, at }
    }

    /// Returns the next byte; a CRLF counts as one LF.
    fn peek(&self) -> Option<u8> {
        match self.content.get(self.at..)? {
            [b'\r', b'\n', ..] => Some(b'\n'),
            rest => rest.first().copied(),
        }
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += if self.content[self.at] == b'\r' && byte == b'\n' { 2 } else { 1 };
        Some(byte)
    }

    fn skip_comment(&mut self) {
        while self.next().is_some_and(|byte| byte != b'\n') {}
    }

    fn header(&mut self) -> Option<Header> {
        self.at += 1;
        let mut section = String::new();
        loop {
            match self.next()? {
                b']' => {
                    return Some(Header { section, subsection: None, part: self.at..self.at });
                }
                byte if is_key(byte) || byte == b'.' => {
                    section.push(char::from(byte.to_ascii_lowercase()));
                }
                b'\n' => return None,
                byte if is_blank(byte) => break,
                _ => return None,
            }
        }
        while self.peek().is_some_and(|byte| is_blank(byte) && byte != b'\n') {
            self.at += 1;
        }
        if self.next()? != b'"' {
            return None;
        }
        let start = self.at;
        let mut subsection = Zeroizing::new(Vec::new());
        let part = loop {
            let end = self.at;
            match self.next()? {
                b'\n' => return None,
                b'"' => break start..end,
                b'\\' => subsection.push(self.next().filter(|&byte| byte != b'\n')?),
                byte => subsection.push(byte),
            }
        };
        (self.next()? == b']').then_some(Header { section, subsection: Some(subsection), part })
    }

    fn line(&mut self, header: usize) -> Option<Line> {
        let start = self.at;
        let mut name = String::new();
        while let Some(byte) = self.peek().filter(|&byte| is_key(byte)) {
            name.push(char::from(byte.to_ascii_lowercase()));
            self.at += 1;
        }
        let name_end = self.at;
        while self.peek().is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
            self.at += 1;
        }
        match self.peek() {
            None | Some(b'\n') => Some(Line {
                header,
                name,
                value: None,
                value_part: name_end..name_end,
                part: start..name_end,
            }),
            Some(b'=') => {
                self.at += 1;
                let (value, value_part) = self.value()?;
                let part = start..value_part.end;
                Some(Line { header, name, value: Some(value), value_part, part })
            }
            Some(_) => None,
        }
    }

    /// Reads the value up to the end of its line, which may be several of the file's.
    fn value(&mut self) -> Option<(Zeroizing<Vec<u8>>, Range<usize>)> {
        let mut value = Zeroizing::new(Vec::new());
        let mut is_quoted = false;
        // The length without the blanks that may turn out to end the value.
        let mut length = None;
        let mut part: Option<Range<usize>> = None;
        loop {
            let before = self.at;
            let Some(byte) = self.peek() else { break };
            if byte == b'\n' {
                break;
            }
            if !is_quoted && matches!(byte, b'#' | b';') {
                while self.peek().is_some_and(|byte| byte != b'\n') {
                    self.at += 1;
                }
                break;
            }
            self.at += 1;
            if !is_quoted && is_blank(byte) {
                length.get_or_insert(value.len());
                if !value.is_empty() {
                    value.push(byte);
                }
                continue;
            }
            length = None;
            match byte {
                b'\\' => match self.next()? {
                    b'\n' => {}
                    b't' => value.push(b'\t'),
                    b'b' => value.push(8),
                    b'n' => value.push(b'\n'),
                    byte @ (b'\\' | b'"') => value.push(byte),
                    _ => return None,
                },
                b'"' => is_quoted = !is_quoted,
                byte => value.push(byte),
            }
            part = Some(part.map_or(before, |part| part.start)..self.at);
        }
        if is_quoted {
            return None;
        }
        if let Some(length) = length {
            value.truncate(length);
        }
        let end = self.at;
        Some((value, part.unwrap_or(end..end)))
    }
}

fn is_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

/// Returns whether git takes the byte for a blank: VT and FF are none.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Returns a value as git must have it written to read it back.
fn written_value(value: &[u8]) -> Zeroizing<Vec<u8>> {
    let is_plain = |b: &u8| b.is_ascii_graphic() && !b"\"\\;#".contains(b);
    if value.iter().all(is_plain) {
        return Zeroizing::new(value.to_vec());
    }
    let mut written = Zeroizing::new(vec![b'"']);
    for &byte in value {
        match byte {
            b'"' | b'\\' => written.extend_from_slice(&[b'\\', byte]),
            b'\n' => written.extend_from_slice(b"\\n"),
            b'\t' => written.extend_from_slice(b"\\t"),
            byte => written.push(byte),
        }
    }
    written.push(b'"');
    written
}

fn written_subsection(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut written = Zeroizing::new(Vec::with_capacity(text.len()));
    for &byte in text {
        if matches!(byte, b'"' | b'\\') {
            written.push(b'\\');
        }
        written.push(byte);
    }
    written
}

/// Returns a line's bytes with its end, where nothing else is on it.
fn with_line(content: &[u8], part: &Range<usize>) -> Range<usize> {
    let is_gap = |b: &u8| matches!(b, b' ' | b'\t' | b'\r');
    let before = content[..part.start].iter().rev().take_while(|b| is_gap(b)).count();
    let after = content[part.end..].iter().take_while(|b| is_gap(b)).count();
    let (start, end) = (part.start - before, part.end + after);
    let begins_line = start == 0 || content[start - 1] == b'\n';
    match (begins_line, content.get(end)) {
        (true, Some(b'\n')) => start..end + 1,
        (true, None) => start..end,
        _ => part.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, ConfigFile, section};
    use zeroize::Zeroizing;

    const FILE: &str = "\u{feff}# a token: no\n[core] bare = false\n[a.B]\n\tc\n\
                        [Remote \"o \\\"r\\\\ig\"]\r\n\turl = \"https://a:T@h.example/a b\" ; why\r\n\
                        \tfetch=  x # y\n\tPushURL = https://a:T@h.exa\\\nmple/\\t\\\"x\\n  \n\
                        [remote \"p\"] url = u\nurl =\n  last =  in  the  end";

    fn text(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(bytes.to_vec())
    }

    #[test]
    fn a_file_is_read_as_git_reads_it() {
        for content in [
            FILE,
            "",
            "\n\n# x",
            "[a]\nb=c",
            "[a \"\"]\nb",
            "[a]b=c;d\n[a]e",
            "[a]\n\tb = \"x \" y \" z\" \n",
            "[a]\nb = x\\\n  y\n",
            "[a]\nb = \\\n\n",
            "[a]\nb = x \"\"\n",
            "[a]\nb = \" \"\n",
            "[a]\nb = \u{e4}\u{a0}\n",
            "[a]\nb = x\r\r\n",
            "[include]\npath = x\n[includeIf \"gitdir:/\"]\npath = y\n",
        ] {
            let file = ConfigFile::parse(content.as_bytes()).expect(content);
            assert!(file.is_read_so_by_git(content.as_bytes()), "{content:?}");
        }
    }

    #[test]
    fn what_git_does_not_read_is_not_read() {
        for content in [
            "a = b",
            "[a",
            "[a]\nb = \"x\n",
            "[a]\nb = \\x",
            "[a \"b\\\n\"]",
            "[a \"b\" ]\nc",
            "[a b]",
            "[a]\n1 = 2",
            "[a]\nb c",
            "[a]\n$",
        ] {
            assert!(ConfigFile::parse(content.as_bytes()).is_none(), "{content:?}");
        }
    }

    #[test]
    fn what_is_changed_is_changed_and_every_other_byte_stays() {
        let file = ConfigFile::parse(FILE.as_bytes()).expect("a file");
        let changes = [
            Change::Subsection(3, text(b"q\"\\")),
            Change::Value(2, text(b"https://h.example/a b#c")),
            Change::Remove(4),
            Change::Value(6, text(b"short")),
            Change::Remove(5),
        ];
        let new = file.with(FILE.as_bytes(), &changes);
        let expected = "\u{feff}# a token: no\n[core] bare = false\n[a.B]\n\tc\n\
                        [Remote \"o \\\"r\\\\ig\"]\r\n\turl = \"https://h.example/a b#c\" ; why\r\n\
                        \tfetch=  x # y\n[remote \"q\\\"\\\\\"] \nurl =short\n  last =  in  the  end";
        assert_eq!(String::from_utf8_lossy(&new), expected);
        assert!(ConfigFile::parse(&new).is_some_and(|file| file.is_read_so_by_git(&new)));
    }

    #[test]
    fn a_value_of_any_kind_is_read_back() {
        let content = b"[a]\n\tb = x # y\n";
        let file = ConfigFile::parse(content).expect("a file");
        for value in ["", " ", "a b", "#", "a;b", "\"", "\\", "a\nb\tc", "\u{e4}", "https://h/?a#b"]
        {
            let changed = file.with(content, &[Change::Value(0, text(value.as_bytes()))]);
            let read = ConfigFile::parse(&changed).expect(value);
            assert_eq!(read.lines[0].value(), Some(value.as_bytes()));
            assert!(read.is_read_so_by_git(&changed), "{value:?}");
        }
    }

    #[test]
    fn a_section_that_is_put_at_the_end_is_read_back() {
        let text = section("credential", "https://h.example/\"x\\", "useHttpPath = true");
        let file = ConfigFile::parse(text.as_bytes()).expect("a file");
        assert_eq!(file.headers[0].subsection(), Some(&b"https://h.example/\"x\\"[..]));
        assert!(file.is_read_so_by_git(text.as_bytes()));
    }
}
