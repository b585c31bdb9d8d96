//! Plain-text tables: columns of [`comfy_table`] without its frames, below a header and a rule.

use std::fmt;

use comfy_table::{CellAlignment, ContentArrangement, Table as Cells, presets};
use indicatif::HumanCount;

/// How a column is aligned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Names.
    Left,
    /// Numbers.
    Right,
}

/// Rows of text below a header.
pub struct Table {
    columns: Vec<(&'static str, Align)>,
    rows: Vec<Vec<String>>,
}

/// Blanks between columns.
const GAP: u16 = 2;

impl Table {
    /// A table without rows.
    pub fn new(columns: &[(&'static str, Align)]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row; it has one cell a column.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The header, what `rule` draws below it, and the rows.
    fn cells(&self, rule: Option<&[u16]>) -> Cells {
        let mut cells = Cells::new();
        // What is printed must not depend on how wide the terminal is.
        cells.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        cells.add_row(self.columns.iter().map(|(name, _)| *name));
        if let Some(widths) = rule {
            cells.add_row(widths.iter().map(|width| "─".repeat(usize::from(*width))));
        }
        cells.add_rows(&self.rows);
        for (column, (_, align)) in cells.column_iter_mut().zip(&self.columns) {
            column.set_padding((0, GAP));
            column.set_cell_alignment(match align {
                Align::Left => CellAlignment::Left,
                Align::Right => CellAlignment::Right,
            });
        }
        cells
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.cells(None).column_max_content_widths();
        writeln!(f, "{}", self.cells(Some(&widths)).trim_fmt())
    }
}

/// `266754` as `266,754`.
pub fn thousands(n: u64) -> String {
    HumanCount(n).to_string()
}

/// `633_000_000_000` as `6.33e11`.
pub fn scientific(x: f64) -> String {
    format!("{x:.2e}")
}

/// A number of bytes in KiB, with one decimal.
pub fn kibibytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1024.0)
}

/// `1 job`, `2 jobs`.
pub fn counted(n: usize, [one, many]: [&str; 2]) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align() {
        let mut table = Table::new(&[("name", Align::Left), ("n", Align::Right)]);
        table.row(["a".to_owned(), thousands(1_234_567)]);
        table.row(["long one".to_owned(), thousands(42)]);
        let expected = "\
name              n
────────  ─────────
a         1,234,567
long one         42
";
        assert_eq!(table.to_string(), expected);
    }
}
