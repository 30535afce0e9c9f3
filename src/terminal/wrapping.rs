//! Lines as wide as the terminal, broken between words.
//!
//! A command is never broken: who copies it would paste half of it.

use unicode_width::UnicodeWidthStr;

/// What begins the lines after the first.
const INDENT: &str = "    ";

/// Returns a message in lines of no more than so many columns, as far as its words allow.
pub(super) fn message(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let words = text.trim_end_matches(' ');
    let blanks = &words[..words.len() - words.trim_start_matches(' ').len()];
    // An answer is typed behind the last blank.
    fill(&pieces(words.trim_start_matches(' ')), blanks, INDENT, columns) + &text[words.len()..]
}

/// Returns a page of help so, in which the second of two columns stays one.
pub(super) fn page(text: &str, columns: usize) -> String {
    let mut wrapped = String::new();
    for line in text.split_inclusive('\n') {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        if line.width() <= columns {
            wrapped.push_str(line);
        } else {
            let blank = line.len() - line.trim_start().len();
            let (left, right) = match line[blank..].find("  ") {
                Some(gap) => line.split_at(blank + gap),
                None => (&line[..blank], &line[blank..]),
            };
            let words: Vec<&str> = right.split_whitespace().collect();
            let column = line.len() - right.trim_start().len();
            if left.trim().is_empty() {
                wrapped.push_str(&fill(&words, left, left, columns));
            } else if column <= columns / 2 {
                let indent = " ".repeat(column);
                let first = format!("{left}{}", " ".repeat(column - left.len()));
                wrapped.push_str(&fill(&words, &first, &indent, columns));
            } else {
                let indent = " ".repeat(blank + 4);
                wrapped.push_str(left);
                wrapped.push('\n');
                wrapped.push_str(&fill(&words, &indent, &indent, columns));
            }
        }
        wrapped.push_str(end);
    }
    wrapped
}

/// The words of a message; a command that is to be typed is one of them, with all of its own.
fn pieces(text: &str) -> Vec<&str> {
    const COMMANDS: [&str; 6] = ["git ", "security ", "sudo ", "flatpak ", "keyctl ", "docker "];
    let mut pieces = Vec::new();
    let mut rest = text;
    let mut is_after_colon = text.starts_with("git credential-pat ");
    while !rest.is_empty() {
        let is_command = is_after_colon && COMMANDS.iter().any(|name| rest.starts_with(name));
        let end = if is_command { rest.find("; with a new one: ") } else { rest.find(' ') };
        let (piece, after) =
            rest.split_at(end.map_or(rest.len(), |end| end + usize::from(is_command)));
        pieces.push(piece);
        is_after_colon = piece.ends_with(':');
        rest = after.trim_start_matches(' ');
    }
    pieces
}

fn fill(words: &[&str], first: &str, indent: &str, columns: usize) -> String {
    let mut text = first.to_owned();
    let mut used = first.width();
    let mut begins = true;
    for word in words {
        let width = word.width();
        if !begins && used + 1 + width > columns {
            text.push('\n');
            text.push_str(indent);
            used = indent.width();
            begins = true;
        }
        if !begins {
            text.push(' ');
            used += 1;
        }
        text.push_str(word);
        used += width;
        begins = false;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{message, page};
    use unicode_width::UnicodeWidthStr;

    #[test]
    fn a_message_is_broken_between_words_and_a_command_is_not() {
        let text = "hint: if the host was wrong about it: git credential-pat login --restore x; \
                    with a new one: git credential-pat login --replace x";
        assert_eq!(
            message(text, 40),
            "hint: if the host was wrong about it:\n    \
             git credential-pat login --restore x;\n    with a new one:\n    \
             git credential-pat login --replace x"
        );
        assert_eq!(message("short  a: ", 40), "short  a: ");
        assert_eq!(message("Shall it be? [y/N] ", 12), "Shall it be?\n    [y/N] ");
        assert_eq!(
            message("a wordthatislongerthantheline b", 10),
            "a\n    wordthatislongerthantheline\n    b"
        );
    }

    #[test]
    fn help_keeps_its_columns_at_any_width() {
        let text = "Usage: x\n\n  -k, --key <NAME>  Some words that are to be read here\n  \
                    --a-very-long-option <VALUE>     Some other words to read\n";
        for columns in [20, 40, 60] {
            let page = page(text, columns);
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(words(&page), words(text));
            let is_fitting = |line: &str| line.width() <= columns || line.contains("--a-very");
            assert!(page.lines().all(is_fitting), "{page}");
        }
        assert_eq!(page(text, 100), text);
        assert!(page(text, 50).contains("\n                    here\n"), "{}", page(text, 50));
    }
}
