//! A line of git's configuration as git's shell reads it, where it is one simple command: words,
//! and nothing else that a shell acts upon.
//!
//! Code that needs to know what a line runs asks here. A search for a name anywhere in the text
//! would take a file's name, or a snippet's last command, for the program.

use std::env;

/// A word of a line.
pub(super) struct Word {
    /// The text that the program gets.
    pub(super) text: String,
    /// The position in the line where it ends.
    pub(super) end: usize,
}

/// Returns the words of a line, or nothing where it is not exactly one simple command: where it has
/// an operator, a redirection, a comment, a command's output, or quotes that do not match.
pub(super) fn words(line: &str) -> Option<Vec<Word>> {
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_start_matches([' ', '\t']);
        if rest.is_empty() {
            return Some(words);
        }
        if rest.starts_with('#') {
            return None;
        }
        let mut text = String::new();
        if rest == "~" || rest.starts_with("~/") || rest.starts_with("~ ") {
            text.push_str(&env::var("HOME").unwrap_or_else(|_| "~".to_owned()));
            rest = &rest[1..];
        }
        rest = word(rest, &mut text)?;
        words.push(Word { text, end: line.len() - rest.len() });
    }
}

/// Takes one word. Returns the text after it.
fn word<'a>(mut rest: &'a str, text: &mut String) -> Option<&'a str> {
    while let Some(c) = rest.chars().next() {
        if matches!(c, ' ' | '\t') {
            break;
        }
        let after = &rest[c.len_utf8()..];
        rest = match c {
            '\'' => {
                let (quoted, after) = after.split_once('\'')?;
                text.push_str(quoted);
                after
            }
            '"' => double_quoted(after, text)?,
            '\\' => {
                let escaped = after.chars().next().filter(|&c| c != '\n')?;
                text.push(escaped);
                &after[escaped.len_utf8()..]
            }
            '$' => variable(after, text)?,
            ';' | '&' | '|' | '<' | '>' | '(' | ')' | '`' | '\n' => return None,
            _ => {
                text.push(c);
                after
            }
        };
    }
    Some(rest)
}

fn double_quoted<'a>(mut rest: &'a str, text: &mut String) -> Option<&'a str> {
    loop {
        let c = rest.chars().next()?;
        let after = &rest[c.len_utf8()..];
        rest = match c {
            '"' => return Some(after),
            '`' => return None,
            '$' => variable(after, text)?,
            '\\' if after.starts_with(['$', '`', '"', '\\']) => {
                text.push_str(&after[..1]);
                &after[1..]
            }
            _ => {
                text.push(c);
                after
            }
        };
    }
}

/// Takes the text after a `$`: a variable's name, or nothing that a shell acts upon.
fn variable<'a>(rest: &'a str, text: &mut String) -> Option<&'a str> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let (name, after) = if let Some(braced) = rest.strip_prefix('{') {
        braced.split_once('}')?
    } else {
        rest.split_at(rest.find(|c| !is_of_name(c)).unwrap_or(rest.len()))
    };
    let is_plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if is_plain && name.chars().all(is_of_name) {
        text.push_str(&env::var(name).unwrap_or_default());
        return Some(after);
    }
    let is_literal = name.is_empty() && !rest.starts_with(|c: char| "({*@#?-$!'\"".contains(c));
    is_literal.then(|| {
        text.push('$');
        rest
    })
}

#[cfg(test)]
mod tests {
    use super::words;

    fn texts(line: &str) -> Option<Vec<String>> {
        Some(words(line)?.into_iter().map(|word| word.text).collect())
    }

    #[test]
    fn words_are_read_as_a_shell_reads_them() {
        for (line, expected) in [
            ("", &[][..]),
            ("a  'b c' \"d \\\" e\" f\\ g", &["a", "b c", "d \" e", "f g"]),
            ("a'b'\"c\"d ''", &["abcd", ""]),
            ("x#y a~b \"\\z\" é$", &["x#y", "a~b", "\\z", "é$"]),
        ] {
            assert_eq!(texts(line).expect(line), expected, "{line}");
        }
        let home = std::env::var("HOME").expect("a home");
        let in_home = [format!("{home}/a"), home.clone(), format!("{home}b"), "~/c".to_owned()];
        assert_eq!(texts("~/a $HOME \"${HOME}b\" '~/c'").expect("words"), in_home);
    }

    #[test]
    fn more_than_one_simple_command_is_none() {
        for line in [
            "a; b",
            "a & b",
            "a|b",
            "a <b",
            "a 2>b",
            "(a)",
            "a `b`",
            "a \"`b`\"",
            "a $(b)",
            "a \"$(b)\"",
            "a ${b:-c}",
            "a # b",
            "a 'b",
            "a \"b",
            "a \\",
            "a\nb",
            "a $1",
            "a $@",
        ] {
            assert!(words(line).is_none(), "{line}");
        }
    }

    #[test]
    fn a_word_ends_where_it_stands() {
        let line = "'/a b'/c  d";
        let ends: Vec<usize> = words(line).expect("words").iter().map(|word| word.end).collect();
        assert_eq!(ends, ["'/a b'/c".len(), line.len()]);
    }
}
