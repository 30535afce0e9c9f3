//! Lays out rows as a table, or one below the other on a terminal that is too narrow for a table.

use anstyle::Style;
use std::fmt::Write;
use unicode_width::UnicodeWidthStr;

/// The form of the output.
pub(in crate::cli) struct Look {
    /// The columns of the terminal, or none where the width does not matter.
    pub(in crate::cli) columns: Option<usize>,
    /// Whether cells are coloured.
    pub(in crate::cli) colour: bool,
}

/// A text, and its style where colour is wanted.
pub(in crate::cli) struct Cell {
    pub(in crate::cli) text: String,
    pub(in crate::cli) style: Style,
}

impl Cell {
    fn shown(&self, look: &Look) -> String {
        let Self { text, style } = self;
        if look.colour { format!("{style}{text}{style:#}") } else { text.clone() }
    }
}

/// Returns the width of each column.
fn widths(headings: &[&str], rows: &[Vec<Cell>]) -> Vec<usize> {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].text.width());
        cells.chain([headings[column].width()]).max().unwrap_or(0)
    };
    (0..headings.len()).map(width).collect()
}

/// Returns whether each row fits on a line.
pub(in crate::cli) fn fits(headings: &[&str], rows: &[Vec<Cell>], look: &Look) -> bool {
    let whole = widths(headings, rows).iter().sum::<usize>() + 2 * headings.len().saturating_sub(1);
    look.columns.is_none_or(|columns| columns >= whole)
}

/// Lays out rows under their headings, a line each. Where a line would not fit, each row is its
/// first cell with the others below it, without the cells that are only a `-`.
pub(in crate::cli) fn lay_out(headings: &[&str], rows: &[Vec<Cell>], look: &Look) -> String {
    if !fits(headings, rows, look) {
        return stacked(headings, rows, look);
    }
    let widths = widths(headings, rows);
    let mut text = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = (&str, String)>| {
        let mut gap = 0;
        for ((text_of_cell, shown), width) in cells.zip(&widths) {
            let _ = write!(text, "{:gap$}{shown}", "");
            gap = width + 2 - text_of_cell.width();
        }
        text.push('\n');
    };
    line(&mut headings.iter().map(|heading| (*heading, (*heading).to_owned())));
    for row in rows {
        line(&mut row.iter().map(|cell| (&*cell.text, cell.shown(look))));
    }
    text
}

fn stacked(headings: &[&str], rows: &[Vec<Cell>], look: &Look) -> String {
    let indent = headings.iter().skip(1).map(|heading| heading.width()).max().unwrap_or(0);
    let mut text = String::new();
    for row in rows {
        for (column, cell) in row.iter().enumerate().filter(|(_, cell)| cell.text != "-") {
            let heading = headings[column].to_lowercase();
            let _ = if column == 0 {
                writeln!(text, "{}", cell.shown(look))
            } else {
                writeln!(text, "  {heading:indent$}  {}", cell.shown(look))
            };
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Cell, Look, lay_out};
    use anstyle::{AnsiColor, Style};

    fn rows() -> [Vec<Cell>; 2] {
        let plain = |text: &str| Cell { text: text.to_owned(), style: Style::new() };
        let red = |text: &str| Cell { style: AnsiColor::Red.on_default(), ..plain(text) };
        [
            vec![plain("https://h"), plain("\u{7530}"), red("gone")],
            vec![plain("x"), plain("-"), plain("ok")],
        ]
    }

    fn laid_out(columns: Option<usize>, colour: bool) -> String {
        lay_out(&["PLACE", "NAME", "STATE"], &rows(), &Look { columns, colour })
    }

    #[test]
    fn a_column_is_as_wide_as_its_widest_cell_on_the_screen() {
        let table = "PLACE      NAME  STATE\nhttps://h  \u{7530}    gone\nx          -     ok\n";
        assert_eq!(laid_out(None, false), table);
        assert_eq!(laid_out(Some(22), false), table);
        let coloured = table.replace("gone", "\u{1b}[31mgone\u{1b}[0m");
        assert_eq!(laid_out(Some(22), true), coloured);
    }

    #[test]
    fn where_a_table_is_too_wide_its_rows_are_stacked() {
        let stacked = "https://h\n  name   \u{7530}\n  state  gone\nx\n  state  ok\n";
        assert_eq!(laid_out(Some(21), false), stacked);
    }
}
