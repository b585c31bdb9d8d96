//! Rows for programs: every number in full, as CSV or as JSON.

use serde_json::{Map, Value as Json};

use crate::error::Error;

/// Rows of cells below names.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// Names its file, without an ending: `law-sum`.
    pub name: String,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Each with a cell a column.
    pub rows: Vec<Vec<Json>>,
}

impl Sheet {
    /// Without rows.
    pub fn new(name: &str, columns: &[&str]) -> Self {
        let columns = columns.iter().map(|column| (*column).to_owned()).collect();
        Self { name: name.to_owned(), columns, rows: Vec::new() }
    }

    /// As CSV with a header; what is null is an empty cell.
    ///
    /// # Errors
    /// None that a reader can bring about.
    pub fn csv(&self) -> Result<String, Error> {
        let failed = |error: csv::Error| Error::system("write the rows as CSV")(error);
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&self.columns).map_err(failed)?;
        for row in &self.rows {
            writer.write_record(row.iter().map(told)).map_err(failed)?;
        }
        let bytes = writer.into_inner().map_err(Error::system("write the rows as CSV"))?;
        String::from_utf8(bytes).map_err(Error::system("write the rows as CSV"))
    }

    /// As a list of objects.
    pub fn json(&self) -> Json {
        let object = |row: &Vec<Json>| -> Json {
            let entries = self.columns.iter().cloned().zip(row.iter().cloned());
            Json::Object(entries.collect::<Map<_, _>>())
        };
        self.rows.iter().map(object).collect()
    }
}

/// A number as a cell. What is infinite has no number in JSON and stands as `inf`.
pub fn cell(x: f64) -> Json {
    match x.is_finite() {
        true => Json::from(x),
        false => Json::from(x.to_string()),
    }
}

/// A number, or nothing.
pub fn maybe(x: Option<f64>) -> Json {
    x.map_or(Json::Null, cell)
}

fn told(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        // Whole numbers stand as such: 3 and not 3.0.
        Json::Number(number) => {
            number.as_f64().map_or_else(|| number.to_string(), |x| x.to_string())
        }
        Json::Bool(_) | Json::Array(_) | Json::Object(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_in_full_and_what_is_missing_is_empty() {
        let mut sheet = Sheet::new("law", &["env", "n", "d"]);
        sheet.rows.push(vec!["a, b".into(), cell(3.0), cell(0.1 + 0.2)]);
        sheet.rows.push(vec!["c".into(), maybe(None), cell(f64::INFINITY)]);
        assert_eq!(sheet.csv().unwrap(), "env,n,d\n\"a, b\",3,0.30000000000000004\nc,,inf\n");
        assert_eq!(sheet.json()[1]["n"], Json::Null);
        assert_eq!(sheet.json()[0]["d"], 0.1 + 0.2);
    }
}
