//! Tables and texts for reports in Markdown.

use std::fmt;

/// To which side the cells of a column keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A table, every column as wide as its widest cell, so that it reads well as plain text too.
///
/// Cells may contain markup; what would end a cell or a line is made harmless. Rows that are too short are filled up
/// with empty cells; what goes beyond the last title is left out.
#[derive(Clone, Debug)]
pub struct Table {
    titles: Vec<String>,
    aligns: Vec<Align>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns and no rows.
    pub fn new(columns: &[(&str, Align)]) -> Self {
        let (titles, aligns) = columns.iter().map(|&(title, align)| (cell(title), align)).unzip();
        Self { titles, aligns, rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) {
        let mut row: Vec<String> = cells.into_iter().map(|text| cell(text.as_ref())).collect();
        row.resize(self.titles.len(), String::new());
        self.rows.push(row);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = || std::iter::once(&self.titles).chain(&self.rows);
        let widths: Vec<usize> = (0..self.titles.len())
            // The line under the titles needs three places, as in `--:`.
            .map(|column| lines().map(|line| line[column].chars().count()).fold(3, usize::max))
            .collect();
        for (number, line) in lines().enumerate() {
            for ((text, &width), align) in line.iter().zip(&widths).zip(&self.aligns) {
                match align {
                    Align::Left => write!(f, "| {text:<width$} ")?,
                    Align::Right => write!(f, "| {text:>width$} ")?,
                }
            }
            writeln!(f, "|")?;
            if number == 0 {
                for (&width, align) in widths.iter().zip(&self.aligns) {
                    let dashes = "-".repeat(width - 1);
                    match align {
                        Align::Left => write!(f, "| {dashes}- ")?,
                        Align::Right => write!(f, "| {dashes}: ")?,
                    }
                }
                writeln!(f, "|")?;
            }
        }
        Ok(())
    }
}

/// Text that Markdown shows as it stands, on one line, for names and messages that come from files; only what stands
/// between a pair of backticks is shown as code.
pub fn plain(text: &str) -> String {
    let even = text.matches('`').count().is_multiple_of(2);
    let pieces = text.split('`').enumerate().map(|(number, piece)| match number % 2 {
        1 if even => piece.replace(char::is_control, " "),
        _ => escaped(piece),
    });
    pieces.collect::<Vec<_>>().join(if even { "`" } else { "\\`" })
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            // Brackets are harmless but for links.
            ']' if rest.peek().is_some_and(|next| "([:".contains(*next)) => out.push_str("\\]"),
            '\\' | '*' | '_' | '<' | '>' | '|' | '#' | '&' | '~' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// A bar would end the cell, a line break the row.
fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut escaped = false;
    for c in text.chars() {
        match c {
            '|' if !escaped => out.push_str("\\|"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
        escaped = c == '\\' && !escaped;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(&[("method", Align::Left), ("error", Align::Right)]);
        table.row(["random features", "1.2e-6"]);
        table.row(["a|b\nc"]);
        table.row(["x", "1", "lost"]);
        let expected = "\
| method          |  error |
| --------------- | -----: |
| random features | 1.2e-6 |
| a\\|b c          |        |
| x               |      1 |
";
        assert_eq!(table.to_string(), expected);
    }

    #[test]
    fn text_stays_text() {
        assert_eq!(plain("u_xx * `2_a` | <b>\n"), "u\\_xx \\* `2_a` \\| \\<b\\> ");
        assert_eq!(plain("equation[1] of [a](b) `"), "equation[1] of [a\\](b) \\`");
        let mut table = Table::new(&[(&plain("a|b"), Align::Left)]);
        table.row(["\\\\|"]);
        assert_eq!(table.to_string(), "| a\\|b |\n| ---- |\n| \\\\\\| |\n");
    }
}
