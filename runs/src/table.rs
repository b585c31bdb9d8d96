//! Plain-text tables: columns of [`comfy_table`] without its frames, below a header and a rule; and the same cells as
//! Markdown and LaTeX.

use std::fmt;

use comfy_table::{
    CellAlignment, ColumnConstraint, ContentArrangement, Table as Cells, Width, presets,
};
use indicatif::HumanCount;

/// How a column is aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Names.
    Left,
    /// Numbers.
    Right,
}

/// What stands above a column, and how it is aligned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Names or numbers.
    pub align: Align,
}

/// Rows of text below a header.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
    /// Characters of a line, where they are few: longer texts are broken between words.
    most: Option<usize>,
}

/// Blanks between columns.
const GAP: u16 = 2;

impl Table {
    /// A table without rows.
    pub fn new<N: Into<String> + Clone>(columns: &[(N, Align)]) -> Self {
        let column =
            |(name, align): &(N, Align)| Column { name: name.clone().into(), align: *align };
        Self { columns: columns.iter().map(column).collect(), rows: Vec::new(), most: None }
    }

    /// Adds a row; it has one cell a column.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Its columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Its rows, each a cell a column.
    pub fn rows(&self) -> &[Vec<String>] {
        &self.rows
    }

    /// Leaves the column `name` off.
    pub fn without(mut self, name: &str) -> Self {
        while let Some(at) = self.columns.iter().position(|column| column.name == name) {
            self.columns.remove(at);
            self.rows.iter_mut().for_each(|row| drop(row.remove(at)));
        }
        self
    }

    /// The table in at most `width` characters, where they are few: columns of `spare` are left off, the first of them
    /// first, until it fits or none of them is left; then texts are broken between words.
    pub fn fit(self, width: Option<usize>, spare: &[&str]) -> Self {
        let Some(most) = width else { return self };
        let table = spare.iter().fold(self, |table, name| match line(&table.natural()) <= most {
            true => table,
            false => table.without(name),
        });
        Self { most: Some(most), ..table }
    }

    /// The characters that each column would like to have.
    fn natural(&self) -> Vec<u16> {
        self.cells(None).column_max_content_widths()
    }

    /// The characters that each column gets: where a line has too few, the widest give some of theirs.
    fn widths(&self) -> Vec<u16> {
        let mut widths = self.natural();
        let least: Vec<u16> = (0..widths.len()).map(|column| self.least(column)).collect();
        while self.most.is_some_and(|most| line(&widths) > most) {
            let gives = (0..widths.len()).filter(|at| widths[*at] > least[*at]);
            let Some(widest) = gives.max_by_key(|at| widths[*at]) else { break };
            widths[widest] -= 1;
        }
        widths
    }

    /// The characters that a column cannot do without: those of its longest word, and of numbers all.
    fn least(&self, column: usize) -> u16 {
        let Column { name, align } = &self.columns[column];
        let cells = self.rows.iter().map(|row| row[column].as_str());
        let parts = cells.flat_map(|cell| match align {
            Align::Left => cell.split(' ').collect(),
            Align::Right => vec![cell],
        });
        let most = parts.chain(name.split(' ')).map(|part| part.chars().count()).max();
        most.unwrap_or_default().try_into().unwrap_or(u16::MAX)
    }

    /// The table as Markdown.
    pub fn markdown(&self) -> String {
        let escaped = |text: &str| text.replace('|', "\\|");
        let line = |cells: &mut dyn Iterator<Item = String>| {
            format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
        };
        let rule = |column: &Column| match column.align {
            Align::Left => ":--".to_owned(),
            Align::Right => "--:".to_owned(),
        };
        let mut text = line(&mut self.columns.iter().map(|column| escaped(&column.name)));
        text += &line(&mut self.columns.iter().map(rule));
        for row in &self.rows {
            text += &line(&mut row.iter().map(|cell| escaped(cell)));
        }
        text
    }

    /// The table as LaTeX, with the rules of the package booktabs.
    pub fn latex(&self) -> String {
        let places: String = self
            .columns
            .iter()
            .map(|column| match column.align {
                Align::Left => 'l',
                Align::Right => 'r',
            })
            .collect();
        let line = |cells: &mut dyn Iterator<Item = &String>| {
            let cells: Vec<String> = cells.map(|cell| latex_text(cell)).collect();
            format!("{} \\\\\n", cells.join(" & "))
        };
        let mut text = format!("\\begin{{tabular}}{{{places}}}\n\\toprule\n");
        text += &line(&mut self.columns.iter().map(|column| &column.name));
        text += "\\midrule\n";
        for row in &self.rows {
            text += &line(&mut row.iter());
        }
        text += "\\bottomrule\n\\end{tabular}\n";
        text
    }

    /// The header, what `rule` draws below it, and the rows.
    fn cells(&self, rule: Option<&[u16]>) -> Cells {
        let mut cells = Cells::new();
        cells.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        cells.add_row(self.columns.iter().map(|column| &column.name));
        if let Some(widths) = rule {
            cells.add_row(widths.iter().map(|width| "─".repeat(usize::from(*width))));
        }
        cells.add_rows(&self.rows);
        for (at, (column, Column { align, .. })) in
            cells.column_iter_mut().zip(&self.columns).enumerate()
        {
            column.set_padding((0, GAP));
            if let Some(widths) = rule {
                column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(widths[at] + GAP)));
            }
            column.set_cell_alignment(match align {
                Align::Left => CellAlignment::Left,
                Align::Right => CellAlignment::Right,
            });
        }
        cells
    }
}

/// The characters of a line of columns of these widths.
fn line(widths: &[u16]) -> usize {
    let all: usize = widths.iter().map(|width| usize::from(*width)).sum();
    all + usize::from(GAP) * widths.len().saturating_sub(1)
}

/// A text that LaTeX shows as it is.
fn latex_text(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '%' | '&' | '_' | '#' | '$' | '{' | '}' => escaped.extend(['\\', c]),
            '~' => escaped.push_str("\\textasciitilde{}"),
            '^' => escaped.push_str("\\textasciicircum{}"),
            '\\' => escaped.push_str("\\textbackslash{}"),
            '–' => escaped.push_str("--"),
            other => escaped.push(other),
        }
    }
    escaped
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        writeln!(f, "{}", self.cells(Some(&widths)).trim_fmt())
    }
}

/// `266754` as `266,754`.
pub fn thousands(n: u64) -> String {
    HumanCount(n).to_string()
}

/// Seconds as minutes and seconds, of an hour and more hours before them: `1:02:03`.
pub fn time(seconds: f64) -> String {
    let s = seconds.round() as u64;
    match s / 3600 {
        0 => format!("{}:{:02}", s / 60, s % 60),
        hours => format!("{hours}:{:02}:{:02}", s / 60 % 60, s % 60),
    }
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

    fn table() -> Table {
        let mut table = Table::new(&[("name", Align::Left), ("n", Align::Right)]);
        table.row(["a".to_owned(), thousands(1_234_567)]);
        table.row(["long_one".to_owned(), "50 %".to_owned()]);
        table
    }

    #[test]
    fn columns_align() {
        let expected = "\
name              n
────────  ─────────
a         1,234,567
long_one       50 %
";
        assert_eq!(table().to_string(), expected);
    }

    #[test]
    fn columns_that_do_not_fit_are_left_off() {
        assert_eq!(table().fit(Some(19), &["n"]).columns().len(), 2);
        let narrow = table().fit(Some(18), &["x", "n"]);
        assert_eq!(narrow.to_string(), "name\n────────\na\nlong_one\n");
        assert_eq!(table().fit(Some(1), &[]).columns().len(), 2);
        assert_eq!(table().fit(Some(100), &["n"]).to_string(), table().to_string());
    }

    #[test]
    fn texts_that_do_not_fit_are_broken_between_words() {
        let mut told = Table::new(&[("name", Align::Left), ("about", Align::Left)]);
        told.row(["some-name".to_owned(), "what it is and does".to_owned()]);
        told.row(["b".to_owned(), "short".to_owned()]);
        let expected = "\
name       about
─────────  ──────────
some-name  what it is
           and does
b          short
";
        assert_eq!(told.clone().fit(Some(21), &[]).to_string(), expected);
        // No word is broken, however few characters there are.
        assert!(told.fit(Some(5), &[]).to_string().contains("some-name  what"));
    }

    #[test]
    fn other_forms() {
        let markdown = "| name | n |\n| :-- | --: |\n| a | 1,234,567 |\n| long_one | 50 % |\n";
        assert_eq!(table().markdown(), markdown);
        let latex = table().latex();
        assert!(latex.starts_with("\\begin{tabular}{lr}\n\\toprule\nname & n \\\\\n"), "{latex}");
        assert!(latex.contains("long\\_one & 50 \\% \\\\\n\\bottomrule"), "{latex}");
    }
}
