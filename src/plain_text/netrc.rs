//! `.netrc`: words on any lines, where an entry goes from one `machine` to the next.
//!
//! ```text
//! machine git.example.com login alice password TESTONLY
//! default login anonymous password guest          for any machine
//! macdef init                                     up to an empty line: left alone
//! ```
//!
//! Quotes are read as curl reads them. Lines end with LF or CRLF, and a byte order mark may come
//! first. The file is read through only once,
//! whatever its length.

use super::without_mark;
use std::ops::Range;
use zeroize::Zeroizing;

/// An entry of the file.
#[derive(Default)]
pub(crate) struct Machine {
    /// Its part of the file, from its first word to its last.
    pub(crate) part: Range<usize>,
    /// The number of the line where it begins, counted from 1.
    pub(crate) line: usize,
    /// The host's name, or none for the default entry.
    pub(crate) name: Option<Zeroizing<Vec<u8>>>,
    pub(crate) login: Option<Zeroizing<Vec<u8>>>,
    pub(crate) password: Option<Zeroizing<Vec<u8>>>,
    /// Whether a macro belongs to it.
    pub(crate) has_macro: bool,
}

/// Returns the entries of a file.
pub(crate) fn machines(content: &[u8]) -> Vec<Machine> {
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
    use super::machines;

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
}
