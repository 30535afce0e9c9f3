//! Imports from `.netrc`. An entry has no protocol: its token is for https. The one for any machine
//! is never imported.

use super::found::{Entry, Removal, Source, credential};
use super::plain_file::PlainFile;
use crate::context::Context;
use crate::credential::{Credential, Username};
use crate::error::Error;
use crate::plain_text::netrc::{Machine, machines};
use crate::secret::Secret;
use std::ops::Range;
use std::path::Path;

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
    fn an_entry_goes_with_its_lines_and_nothing_else() {
        let text = "# first\nmachine a login x password y\n\n machine b\n  password z  \n# last\n";
        assert_eq!(without(text, 0), "# first\n\n machine b\n  password z  \n# last\n");
        assert_eq!(without(text, 1), "# first\nmachine a login x password y\n\n# last\n");
        assert_eq!(without("machine a password x machine b", 0), " machine b");
        assert_eq!(without("machine a password x # why\n", 0), " # why\n");
        assert_eq!(without("machine a password x", 0), "");
    }
}
