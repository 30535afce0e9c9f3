//! `.netrc`: words in any lines, an entry from one `machine` to the next.
//!
//! ```text
//! machine git.example.com login alice password TESTONLY
//! default login anonymous password guest          for any machine: never imported
//! macdef init                                     up to an empty line: left alone
//! ```
//!
//! Quotes are curl's. An entry has no protocol: its token is for https.

use super::found::{Entry, Removal, Source, credential};
use super::plain_file::PlainFile;
use crate::context::Context;
use crate::credential::{Credential, Username};
use crate::error::Error;
use crate::secret::Secret;
use std::ops::Range;
use std::path::Path;
use zeroize::Zeroizing;

/// What the file holds; nothing where there is none.
///
/// # Errors
/// Where it cannot be read.
pub(super) fn read(path: &Path, name: &str) -> Result<Option<Source>, Error> {
    let Some(file) = PlainFile::read(path)? else { return Ok(None) };
    let machines = machines(file.content());
    let entries = machines.iter().enumerate().map(|(number, machine)| Entry {
        number,
        label: format!("line {}", machine.line(file.content())),
        token: machine.token(),
    });
    let entries = entries.collect();
    let parts = machines.iter().map(|machine| machine.part.clone()).collect();
    Ok(Some(Source {
        // To be known before anything is taken out of it.
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
    fn remove(&self, numbers: &[usize]) -> Result<(), Error> {
        let whole_lines = |part: &Range<usize>| with_line(self.file.content(), part);
        let parts = numbers.iter().map(|&number| whole_lines(&self.parts[number]));
        self.file.without(&parts.collect::<Vec<_>>())
    }
}

/// A part, with what would be left of its first and its last line where that is only blanks.
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
    /// From its first word to its last.
    part: Range<usize>,
    /// None for the default.
    name: Option<Zeroizing<Vec<u8>>>,
    login: Option<Zeroizing<Vec<u8>>>,
    password: Option<Zeroizing<Vec<u8>>>,
    has_macro: bool,
}

impl Machine {
    fn line(&self, content: &[u8]) -> usize {
        content[..self.part.start].split(|&b| b == b'\n').count()
    }

    fn token(&self) -> Result<Credential, &'static str> {
        let name = self.name.as_ref().ok_or("it is for any machine")?;
        if self.has_macro {
            return Err("a macro belongs to it");
        }
        let context = Context::of_host(b"https", name);
        let context = context.ok_or("its host cannot be one that git asks for")?;
        let password = self.password.as_ref().ok_or("it has no token")?;
        let login = self.login.as_ref().map(|login| Username::new(login));
        credential(context, login, Secret::new(password))
    }
}

fn machines(content: &[u8]) -> Vec<Machine> {
    let mut machines: Vec<Machine> = Vec::new();
    let mut words = Words { content, at: 0 };
    while let Some((word, part)) = words.next() {
        match word.as_slice() {
            b"machine" => {
                let value = words.next();
                let end = value.as_ref().map_or(part.end, |(_, value)| value.end);
                let name = Some(value.map(|(name, _)| name).unwrap_or_default());
                machines.push(Machine { part: part.start..end, name, ..Machine::default() });
            }
            b"default" => machines.push(Machine { part, ..Machine::default() }),
            b"macdef" => {
                words.skip_macro();
                if let Some(machine) = machines.last_mut() {
                    machine.has_macro = true;
                }
            }
            keyword @ (b"login" | b"password" | b"account") => {
                let (Some((value, part)), Some(machine)) = (words.next(), machines.last_mut())
                else {
                    continue;
                };
                machine.part.end = part.end;
                match keyword {
                    b"login" => machine.login = Some(value),
                    b"password" => machine.password = Some(value),
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
}

impl Words<'_> {
    /// The next word without its quotes, and where it stands with them.
    fn next(&mut self) -> Option<(Zeroizing<Vec<u8>>, Range<usize>)> {
        loop {
            let rest = &self.content[self.at..];
            self.at += rest.iter().position(|b| !b.is_ascii_whitespace())?;
            let begins_line = self.content[..self.at]
                .iter()
                .rev()
                .find(|b| !matches!(b, b' ' | b'\t'))
                .is_none_or(|&b| b == b'\n');
            if self.content[self.at] != b'#' || !begins_line {
                break;
            }
            let rest = &self.content[self.at..];
            self.at += rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
        }
        let start = self.at;
        let rest = &self.content[start..];
        if rest[0] == b'"' {
            return Some(self.quoted(start));
        }
        let length = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
        self.at += length;
        Some((Zeroizing::new(rest[..length].to_vec()), start..self.at))
    }

    fn quoted(&mut self, start: usize) -> (Zeroizing<Vec<u8>>, Range<usize>) {
        let mut word = Zeroizing::new(Vec::with_capacity(self.content.len() - start));
        let mut bytes = self.content[start + 1..].iter();
        while let Some(&byte) = bytes.next() {
            match byte {
                b'"' => break,
                b'\\' => word.push(match bytes.next() {
                    Some(b'n') => b'\n',
                    Some(b'r') => b'\r',
                    Some(b't') => b'\t',
                    Some(&other) => other,
                    None => b'\\',
                }),
                other => word.push(other),
            }
        }
        self.at = self.content.len() - bytes.len();
        (word, start..self.at)
    }

    /// A macro ends with an empty line.
    fn skip_macro(&mut self) {
        let rest = &self.content[self.at..];
        let end = rest.windows(2).position(|pair| pair == b"\n\n").map_or(rest.len(), |at| at + 2);
        self.at += end;
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
        for cut in ["machine", "machine a", "machine a password", "password x", "\"", "#", ""] {
            assert!(read(cut).iter().all(Result::is_err), "{cut}");
        }
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
