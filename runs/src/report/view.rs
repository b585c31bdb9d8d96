//! A view of results that stands in place of the tables: what was asked of a sweep, and what came of it.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json, json};

use super::args::TableFormat;
use super::figure::Figure;
use super::page;
use super::sheet::Sheet;
use crate::comparison::Comparison;
use crate::error::Error;
use crate::files::write_whole;
use crate::table::Table;

/// What a view came to.
#[derive(Clone, Debug)]
pub struct View {
    /// Names its page and its files: `law-sum`.
    pub id: String,
    /// What it says, a sentence each, the first above all.
    pub headline: Vec<String>,
    /// Its tables, the main one first.
    pub tables: Vec<Table>,
    /// What a reader should know: what is censored, missing or left out.
    pub notes: Vec<String>,
    /// The rows that it was made of, and others.
    pub sheets: Vec<Sheet>,
    /// Its figures.
    pub figures: Vec<Figure>,
}

impl View {
    /// It as `format`, in lines of at most so many characters where that can be had.
    ///
    /// # Errors
    /// None that a reader can bring about.
    pub fn shown(&self, format: TableFormat, width: Option<usize>) -> Result<String, Error> {
        let first = |of: fn(&Table) -> String| Ok(self.tables.first().map(of).unwrap_or_default());
        match format {
            TableFormat::Text => Ok(self.text(width)),
            TableFormat::Csv => self.sheets.first().map_or(Ok(String::new()), Sheet::csv),
            TableFormat::Json => {
                let sheets = self.sheets.iter().map(|sheet| (sheet.name.clone(), sheet.json()));
                let sheets: Map<String, Json> = sheets.collect();
                let all = json!({"says": self.headline, "rows": sheets, "notes": self.notes});
                let pretty = serde_json::to_string_pretty(&all);
                pretty.map(|text| text + "\n").map_err(Error::system("write the view as JSON"))
            }
            TableFormat::Markdown => first(Table::markdown),
            TableFormat::Latex => first(Table::latex),
        }
    }

    fn text(&self, width: Option<usize>) -> String {
        let mut text: String = self.headline.iter().map(|line| format!("{line}\n")).collect();
        for table in &self.tables {
            text += &format!("\n{}", table.clone().fit(width, &["about"]));
        }
        if !self.notes.is_empty() {
            text.push('\n');
        }
        text.extend(self.notes.iter().map(|note| format!("note: {note}\n")));
        text
    }

    /// Writes its page into `folder`, its figures and rows below that, and tells where the page is.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn write(&self, of: &Comparison, folder: &Path) -> Result<PathBuf, Error> {
        let content = page::Content {
            headline: &self.headline,
            tables: &self.tables,
            notes: &self.notes,
            figures: &self.figures,
        };
        let page = page::write_content(of, &content, folder, &self.id)?;
        for sheet in &self.sheets {
            write_whole(&self.rows_file(folder, sheet), sheet.csv()?)?;
        }
        Ok(page)
    }

    /// Where the rows of `sheet` stand: beside the figures.
    fn rows_file(&self, folder: &Path, sheet: &Sheet) -> PathBuf {
        page::figures(folder).join(format!("{}.csv", sheet.name))
    }
}
