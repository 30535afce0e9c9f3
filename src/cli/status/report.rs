//! Writes the report for people, within the columns of their terminal.

use super::finding::{Finding, Mend};
use crate::context::shown;
use anstyle::{AnsiColor, Style};
use std::fmt::Write;
use unicode_width::UnicodeWidthStr;

/// The column at which the text of a line begins.
const INDENT: usize = 11;

/// The column at which the text of a finding begins.
const MARK: usize = 7;

/// The text of a report, and its form.
pub(super) struct Paper {
    text: String,
    columns: usize,
    colour: bool,
}

impl Paper {
    /// Makes an empty report for a terminal with so many columns.
    pub(super) fn new(columns: usize, colour: bool) -> Self {
        Self { text: String::new(), columns, colour }
    }

    /// Writes a line with its subject. A line without one continues the subject above.
    pub(super) fn line(&mut self, subject: &str, text: &str) {
        self.wrapped(&format!("{subject:INDENT$}"), INDENT, text);
    }

    /// Writes a detail of the line above.
    pub(super) fn detail(&mut self, text: &str) {
        self.wrapped(&" ".repeat(INDENT + 2), INDENT + 4, text);
    }

    /// Writes the findings, each with what mends it, and then the verdict.
    pub(super) fn findings(&mut self, findings: &[Finding]) {
        for finding in findings {
            self.text.push('\n');
            let (mark, colour) = if finding.wrong {
                ("wrong: ", AnsiColor::Red)
            } else {
                ("note:  ", AnsiColor::Yellow)
            };
            let mark = self.styled(mark, colour.on_default());
            self.wrapped(&mark, MARK, &finding.what);
            match &finding.mend {
                // A command stays in one piece, to be copied.
                Mend::Command(command) => {
                    let command = self.styled(&shown(command), Style::new().bold());
                    let _ = writeln!(self.text, "       {command}");
                }
                Mend::Advice(advice) => self.wrapped(&" ".repeat(MARK), MARK, advice),
                Mend::Nothing if finding.wrong => {
                    self.wrapped(&" ".repeat(MARK), MARK, "no command mends it");
                }
                Mend::Nothing => {}
            }
        }
        let wrong = findings.iter().filter(|finding| finding.wrong).count();
        let verdict = match wrong {
            0 => self.styled("all is well", AnsiColor::Green.on_default()),
            1 => "1 thing is wrong; the line below it mends it".to_owned(),
            several => format!("{several} things are wrong; the line below each mends it"),
        };
        let _ = writeln!(self.text, "\n{verdict}");
    }

    /// Returns the whole text.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    fn styled(&self, text: &str, style: Style) -> String {
        if self.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// Writes a text after an opening, wrapped into lines, with hidden characters escaped.
    fn wrapped(&mut self, opening: &str, indent: usize, text: &str) {
        let mut line = opening.to_owned();
        // The width of the line so far. Colour takes no room.
        let mut width = if opening.contains('\x1b') { indent } else { opening.width() };
        let mut is_first = true;
        for word in shown(text).split(' ') {
            let length = word.width();
            if !is_first && width + 1 + length > self.columns {
                let _ = writeln!(self.text, "{}", line.trim_end());
                line = " ".repeat(indent);
                width = indent;
            } else if !is_first {
                line.push(' ');
                width += 1;
            }
            is_first = false;
            line.push_str(word);
            width += length;
        }
        let _ = writeln!(self.text, "{}", line.trim_end());
    }
}

#[cfg(test)]
mod tests {
    use super::Paper;
    use crate::cli::status::finding::{Finding, Mend};
    use crate::context::is_seen;

    #[test]
    fn lines_end_where_the_terminal_does() {
        let mut paper = Paper::new(30, false);
        paper.line("helpers", "one two three four five six seven");
        assert_eq!(paper.into_text(), "helpers    one two three four\n           five six seven\n");
    }

    #[test]
    fn nothing_in_a_report_turns_the_text_around_it() {
        let mut paper = Paper::new(80, false);
        let finding = |mend| Finding::wrong("x", "at a\u{202e}b", mend);
        paper.line("asks", "a\u{202e}\u{1b}[2J");
        paper.findings(&[
            finding(Mend::Command("c\u{2066}".to_owned())),
            finding(Mend::Advice("d\u{200b}".to_owned())),
        ]);
        let text = paper.into_text();
        for part in ["a%E2%80%AE%1B[2J", "at a%E2%80%AEb", "c%E2%81%A6", "d%E2%80%8B"] {
            assert!(text.contains(part), "{text}");
        }
        assert!(text.lines().all(|line| line.chars().all(is_seen)), "{text}");
    }
}
