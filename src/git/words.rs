//! The words of commands that people paste: as a shell takes them, and as patterns for the values
//! of `git config`.

use crate::context::is_seen;
use crate::credential::Username;
use std::fmt::Write;

/// Returns a word as it is typed, in a shell that may be interactive: there `!` and `^` mean
/// something. Whatever the word holds, the shell makes this one word of it and does nothing else.
///
/// Characters that people would not see, or that would change how others look, are written by their
/// numbers, from which `printf` makes them.
pub(crate) fn typed(word: &(impl AsRef<[u8]> + ?Sized)) -> String {
    let word = word.as_ref();
    let is_plain = |b: &u8| b.is_ascii_alphanumeric() || b"_./+,:@%=-".contains(b);
    match str::from_utf8(word) {
        Ok(text) if !word.is_empty() && word.iter().all(is_plain) => text.to_owned(),
        Ok(text) if text.chars().all(is_seen) => format!("'{}'", text.replace('\'', "'\\''")),
        _ => by_numbers(word),
    }
}

/// Returns the option that names an account, after a blank, or nothing for an account without a
/// username. A token in a name's place is left out: the command then takes the only account there.
pub(crate) fn username_option(username: Option<&Username>) -> String {
    let name = username.filter(|name| !name.is_empty() && !name.is_token());
    let option = name.map(|name| match name.as_bytes() {
        // Behind a space such a name would be taken for an option.
        [b'-', ..] => format!(" {}", typed(&[b"--username=", name.as_bytes()].concat())),
        name => format!(" --username {}", typed(name)),
    });
    option.unwrap_or_default()
}

fn by_numbers(word: &[u8]) -> String {
    let mut text = "\"$(printf '".to_owned();
    for chunk in word.utf8_chunks() {
        for c in chunk.valid().chars() {
            let is_itself = |c: char| c.is_alphanumeric() || " _./+,:@=~".contains(c);
            if is_seen(c) && is_itself(c) {
                text.push(c);
            } else {
                c.encode_utf8(&mut [0; 4]).bytes().for_each(|b| push_number(&mut text, b));
            }
        }
        chunk.invalid().iter().for_each(|&b| push_number(&mut text, b));
    }
    text.push_str("')\"");
    text
}

fn push_number(text: &mut String, byte: u8) {
    let _ = write!(text, "\\{byte:03o}");
}

/// Returns a pattern for just these values.
pub(crate) fn any_of(values: &[&str]) -> String {
    let mut patterns: Vec<String> = values.iter().map(|value| escaped(value)).collect();
    patterns.dedup();
    match patterns.as_slice() {
        [one] => format!("^{one}$"),
        several => format!("^({})$", several.join("|")),
    }
}

/// Returns a text as a regular expression of git's that only it matches.
fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for c in text.chars() {
        if r"\.[]*^$+?(){}|".contains(c) {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::{any_of, typed};

    #[test]
    fn a_word_is_quoted_where_a_shell_could_read_more_into_it() {
        for word in ["^!", "a b", "it's", "", "^store( |$)", "~/x", "\u{e9}", "a=b", "$(x)", "-"] {
            let words = shell_words::split(&typed(word)).expect("words");
            assert_eq!(words, [word]);
        }
        assert_eq!(
            typed("credential.https://h.example:8443.helper"),
            "credential.https://h.example:8443.helper"
        );
        assert_eq!(typed("^!"), "'^!'");
        assert_eq!(typed("https://[::1]/"), "'https://[::1]/'");
    }

    #[test]
    fn what_people_would_not_see_is_typed_by_its_numbers() {
        assert_eq!(typed("a\u{202e}b"), "\"$(printf 'a\\342\\200\\256b')\"");
        assert_eq!(typed(b"\xFF"), "\"$(printf '\\377')\"");
        assert_eq!(typed("it's\n!"), "\"$(printf 'it\\047s\\012\\041')\"");
    }

    #[cfg(unix)]
    #[test]
    fn a_shell_makes_the_very_word_of_what_is_typed() {
        use std::os::unix::ffi::OsStrExt;
        for word in [
            &b"plain"[..],
            b"",
            b"a b\tc",
            b"it's \"$(touch x)\" `y` \\ %s %% !! ^a^b ;&|<>(){}[]*?#~",
            "\u{202e}r\u{e9}sum\u{e9}\u{200b}".as_bytes(),
            b"\x1b]0;title\x07 'a' $HOME \\n \\012 %d",
            b"\xFF\xFE'\n'x",
            b"-n",
            b"\x01-e",
            b"-n\x01",
        ] {
            let command = format!("printf %s {}", typed(word));
            assert!(command.chars().all(crate::context::is_seen), "{command}");
            let mut shell = std::process::Command::new("sh");
            let output = shell.args(["-c", &command]).output().expect("a shell");
            let word = std::ffi::OsStr::from_bytes(word);
            assert_eq!(output.stdout, word.as_bytes(), "{word:?}: {command}");
        }
    }

    #[test]
    fn a_pattern_is_for_just_these_values() {
        assert_eq!(any_of(&["pat"]), "^pat$");
        assert_eq!(any_of(&["", "/a.b/x (1)"]), "^(|/a\\.b/x \\(1\\))$");
    }
}
