//! Rows as a table; on a terminal that is too narrow for it, one row below the other.

use anstyle::Style;
use std::fmt::Write;
use unicode_width::UnicodeWidthStr;

/// How it is to look.
pub(super) struct Look {
    /// How many columns there are, or none where it does not matter.
    pub(super) columns: Option<usize>,
    /// Whether cells are coloured.
    pub(super) colour: bool,
}

/// A text, and its colour where colour is wanted.
#[derive(Default)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) style: Style,
}

impl Cell {
    fn shown(&self, look: &Look) -> String {
        let Self { text, style } = self;
        if look.colour { format!("{style}{text}{style:#}") } else { text.clone() }
    }
}

/// How wide each column is.
fn widths<const N: usize>(headings: &[&str; N], rows: &[[Cell; N]]) -> [usize; N] {
    std::array::from_fn(|column| {
        let cells = rows.iter().map(|row| row[column].text.width());
        cells.chain([headings[column].width()]).max().unwrap_or(0)
    })
}

/// Whether each row fits on a line.
pub(super) fn fits<const N: usize>(headings: &[&str; N], rows: &[[Cell; N]], look: &Look) -> bool {
    let whole = widths(headings, rows).iter().sum::<usize>() + 2 * N.saturating_sub(1);
    look.columns.is_none_or(|columns| columns >= whole)
}

/// Lays out rows under their headings, a line each; or, where one of these would not fit, each
/// row as its first cell with the others below it, and without what is only a `-`.
pub(super) fn lay_out<const N: usize>(
    headings: &[&str; N],
    rows: &[[Cell; N]],
    look: &Look,
) -> String {
    if !fits(headings, rows, look) {
        return stacked(headings, rows, look);
    }
    let widths = widths(headings, rows);
    let mut text = String::new();
    let mut line = |cells: [(&str, String); N]| {
        let mut gap = 0;
        for ((text_of_cell, shown), width) in cells.iter().zip(widths) {
            let _ = write!(text, "{:gap$}{shown}", "");
            gap = width + 2 - text_of_cell.width();
        }
        text.push('\n');
    };
    line(std::array::from_fn(|column| (headings[column], headings[column].to_owned())));
    for row in rows {
        line(std::array::from_fn(|column| (&*row[column].text, row[column].shown(look))));
    }
    text
}

fn stacked<const N: usize>(headings: &[&str; N], rows: &[[Cell; N]], look: &Look) -> String {
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

    fn rows() -> [[Cell; 3]; 2] {
        let plain = |text: &str| Cell { text: text.to_owned(), style: Style::new() };
        let red = |text: &str| Cell { style: AnsiColor::Red.on_default(), ..plain(text) };
        [
            [plain("https://h"), plain("\u{7530}"), red("gone")],
            [plain("x"), plain("-"), plain("ok")],
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
