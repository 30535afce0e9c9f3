//! Reads `.netrc`: words on any lines, where an entry goes from one `machine` to the next.
//!
//! ```text
//! machine git.example.com login alice password TESTONLY
//! default login anonymous password guest          for any machine: never imported
//! macdef init                                     up to an empty line: left alone
//! ```
//!
//! Quotes are read as curl reads them. Lines end with LF or CRLF, and a byte order mark may come
//! first. An entry has no protocol: its token is for https. The file is read through only once,
//! whatever its length.

use super::found::{Entry, Removal, Source, credential};
use super::plain_file::{PlainFile, without_mark};
use crate::context::Context;
use crate::credential::{Credential, Username};
use crate::error::Error;
use crate::secret::Secret;
use std::ops::Range;
use std::path::Path;
use zeroize::Zeroizing;

/// Returns the entries of the file, or nothing where there is no file.
///
/// # Errors
/// Where the file cannot be read.
pub(super) fn read(path: &Path, name: &str) -> Result<Option<Source>, Error> {
    let Some(file) = PlainFile::read(path)? else { return Ok(None) };
    let machines = machines(file.content());
    let entries = machines.iter().enumerate().map(|(number, machine)| {
        Entry::new(number, format!("line {}", machine.line), machine.token())
    });
    let entries = entries.collect();
    let parts = machines.iter().map(|machine| machine.part.clone()).collect();
    Ok(Some(Source {
        // People should know this before anything is removed from the file.
        name: format!("{name} (curl and other programs read it, too)"),
        entries,
        removal: Some(Box::new(Parts { file, parts })),
        remark: None,
        sends_path: false,
    }))
}

struct Parts {
    file: PlainFile,
    parts: Vec<Range<usize>>,
}

impl Removal for Parts {
    fn check(&self, _: &[usize]) -> Result<(), Error> {
        self.file.check()
    }

    fn file(&self, _: usize) -> Option<&Path> {
        Some(self.file.path())
    }

    fn remove(&self, numbers: &[usize]) -> Result<(), Error> {
        let whole_lines = |part: &Range<usize>| with_line(self.file.content(), part);
        let parts = numbers.iter().map(|&number| whole_lines(&self.parts[number]));
        self.file.without(&parts.collect::<Vec<_>>())
    }
}

/// Returns a part together with the rest of its first and last line, where that rest is only
/// blanks.
fn with_line(content: &[u8], part: &Range<usize>) -> Range<usize> {
    let is_blank = |b: &u8| matches!(b, b' ' | b'\t' | b'\r');
    let before = content[..part.start].iter().rev().take_while(|b| is_blank(b)).count();
    let after = content[part.end..].iter().take_while(|b| is_blank(b)).count();
    let (start, end) = (part.start - before, part.end + after);
    let begins_line = start == 0 || content[start - 1] == b'\n';
    match (begins_line, content.get(end)) {
        (true, Some(b'\n')) => start..end + 1,
        (true, None) => start..end,
        _ => part.clone(),
    }
}

#[derive(Default)]
struct Machine {
    /// Its part of the file, from its first word to its last.
    part: Range<usize>,
    /// The number of the line where it begins, counted from 1.
    line: usize,
    /// The host's name, or none for the default entry.
    name: Option<Zeroizing<Vec<u8>>>,
    login: Option<Zeroizing<Vec<u8>>>,
    password: Option<Zeroizing<Vec<u8>>>,
    has_macro: bool,
}

impl Machine {
    fn token(&self) -> Result<Credential, &'static str> {
        let name = self.name.as_ref().ok_or("it is for any machine")?;
        if self.has_macro {
            return Err("a macro belongs to it");
        }
        let context = Context::of_host(b"https", name);
        let context = context.ok_or("its host cannot be one that git asks for")?;
        let password = self.password.as_ref().map_or(&b""[..], |password| password);
        let login = self.login.as_ref().map(|login| Username::new(login));
        credential(context, login, Secret::new(password))
    }
}

fn machines(content: &[u8]) -> Vec<Machine> {
    let mut machines: Vec<Machine> = Vec::new();
    let mut words = Words::of(content);
    while let Some(Word { text, part, line }) = words.next() {
        match text.as_slice() {
            b"machine" => {
                let value = words.next();
                let end = value.as_ref().map_or(part.end, |value| value.part.end);
                let name = Some(value.map(|value| value.text).unwrap_or_default());
                machines.push(Machine { part: part.start..end, line, name, ..Machine::default() });
            }
            b"default" => machines.push(Machine { part, line, ..Machine::default() }),
            b"macdef" => {
                words.skip_macro();
                if let Some(machine) = machines.last_mut() {
                    machine.has_macro = true;
                }
            }
            keyword @ (b"login" | b"password" | b"account") => {
                let (Some(value), Some(machine)) = (words.next(), machines.last_mut()) else {
                    continue;
                };
                machine.part.end = value.part.end;
                match keyword {
                    b"login" => machine.login = Some(value.text),
                    b"password" => machine.password = Some(value.text),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    machines
}

struct Words<'a> {
    content: &'a [u8],
    at: usize,
    /// The number of the present line, counted from 1.
    line: usize,
    /// Whether only blanks come before on that line.
    begins_line: bool,
}

struct Word {
    /// The text of the word, without its quotes.
    text: Zeroizing<Vec<u8>>,
    /// Its part of the file, with the quotes.
    part: Range<usize>,
    line: usize,
}

impl<'a> Words<'a> {
    fn of(content: &'a [u8]) -> Self {
        let at = without_mark(content).start;
        Self { content, at, line: 1, begins_line: true }
    }

    fn next(&mut self) -> Option<Word> {
        loop {
            match *self.content.get(self.at)? {
                b'#' if self.begins_line => {
                    let rest = &self.content[self.at..];
                    self.at += rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
                }
                blank if blank.is_ascii_whitespace() => self.step(),
                _ => break,
            }
        }
        let (start, line) = (self.at, self.line);
        let text = if self.content[start] == b'"' {
            self.quoted()
        } else {
            let rest = &self.content[start..];
            let length = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
            self.at += length;
            Zeroizing::new(rest[..length].to_vec())
        };
        self.begins_line = false;
        Some(Word { text, part: start..self.at, line })
    }

    /// Goes on by one byte.
    fn step(&mut self) {
        if self.content[self.at] == b'\n' {
            self.line += 1;
            self.begins_line = true;
        }
        self.at += 1;
    }

    fn quoted(&mut self) -> Zeroizing<Vec<u8>> {
        let start = self.at;
        let mut is_escaped = false;
        let inside = self.content[start + 1..].iter().position(|&b| {
            let ends = b == b'"' && !is_escaped;
            is_escaped = b == b'\\' && !is_escaped;
            ends
        });
        let end = inside.map_or(self.content.len(), |length| start + 1 + length);
        while self.at < end {
            self.step();
        }
        self.at = self.content.len().min(end + 1);
        // No longer than the quoted text, so that many of them take no more memory than the file.
        let mut word = Zeroizing::new(Vec::with_capacity(end - start));
        let mut bytes = self.content[start + 1..end].iter();
        while let Some(&byte) = bytes.next() {
            let next = if byte == b'\\' { bytes.next() } else { None };
            word.push(match next {
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(b't') => b'\t',
                Some(&other) => other,
                None => byte,
            });
        }
        word
    }

    /// Skips a macro, which ends with an empty line.
    fn skip_macro(&mut self) {
        let mut is_empty = false;
        while let Some(&byte) = self.content.get(self.at) {
            self.step();
            match byte {
                b'\n' if is_empty => return,
                b'\n' => is_empty = true,
                blank if blank.is_ascii_whitespace() => {}
                _ => is_empty = false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{machines, with_line};

    fn read(text: &str) -> Vec<Result<(String, String, String), &'static str>> {
        let tokens = machines(text.as_bytes()).into_iter().map(|machine| {
            let token = machine.token()?;
            let text = String::from_utf8_lossy(token.token.expose()).into_owned();
            Ok((token.context.to_string(), token.account().username.to_string(), text))
        });
        tokens.collect()
    }

    fn without(text: &str, number: usize) -> String {
        let part = with_line(text.as_bytes(), &machines(text.as_bytes())[number].part);
        format!("{}{}", &text[..part.start], &text[part.end..])
    }

    #[test]
    fn entries_are_words_in_any_lines() {
        let text = "# machine no login no password no\n\
                    machine a.example login alice password #TEST\n\
                    machine b.example\n\tpassword \"TE\\\"ST ONLY\"\n\taccount x login bob\n\
                    machine c.example login carol\n\
                    machine d..example password T\n\
                    default login anonymous password guest\n\
                    machine e.example password T macdef init\nmachine no\n\nmachine f.example password F";
        let ok = |host: &str, user: &str, token: &str| {
            Ok((format!("https://{host}.example"), user.to_owned(), token.to_owned()))
        };
        assert_eq!(
            read(text),
            [
                ok("a", "alice", "#TEST"),
                ok("b", "bob", "TE\"ST ONLY"),
                Err("it has no token"),
                Err("its host cannot be one that git asks for"),
                Err("it is for any machine"),
                Err("a macro belongs to it"),
                ok("f", "token", "F"),
            ]
        );
        let text = "\u{feff}machine a.example login alice password \"TE\\\\\"\r\n\
                    # no\r\nmachine m.example password T macdef x\r\nmachine no password no\r\n\t\r\n\
                    machine b.example password T\r\n";
        let has_macro = Err("a macro belongs to it");
        assert_eq!(read(text), [ok("a", "alice", "TE\\"), has_macro, ok("b", "token", "T")]);
        for cut in ["machine", "machine a", "machine a password", "password x", "\"", "#", ""] {
            assert!(read(cut).iter().all(Result::is_err), "{cut}");
        }
    }

    #[test]
    fn an_entry_is_called_by_the_line_where_it_begins() {
        let text = "# a\n\nmachine a password \"x\ny\"\nmachine b\nmacdef m\nx\n\nmachine\n c\n";
        let lines: Vec<usize> = machines(text.as_bytes()).iter().map(|m| m.line).collect();
        assert_eq!(lines, [3, 5, 9]);
    }

    /// Every open quote, and every line before an entry, was once read anew for each entry: such a
    /// file took minutes.
    #[test]
    fn many_entries_take_no_more_than_their_share() {
        let mut text = String::new();
        for number in 0..100_000 {
            text.push_str("   \n machine h");
            text.push_str(&number.to_string());
            text.push_str(".example password \"TESTONLY\"\n");
        }
        let machines = machines(text.as_bytes());
        assert_eq!((machines.len(), machines.last().map(|m| m.line)), (100_000, Some(200_000)));
        assert!(machines.iter().all(|m| m.password.as_ref().is_some_and(|p| p.capacity() < 20)));
    }

    #[test]
    fn an_entry_goes_with_its_lines_and_nothing_else() {
        let text = "# first\nmachine a login x password y\n\n machine b\n  password z  \n# last\n";
        assert_eq!(without(text, 0), "# first\n\n machine b\n  password z  \n# last\n");
        assert_eq!(without(text, 1), "# first\nmachine a login x password y\n\n# last\n");
        assert_eq!(without("machine a password x machine b", 0), " machine b");
        assert_eq!(without("machine a password x # why\n", 0), " # why\n");
        assert_eq!(without("machine a password x", 0), "");
    }
}
