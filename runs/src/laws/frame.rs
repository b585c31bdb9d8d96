//! A CSV file of anybody's: its columns by name, its rows with their lines; and the rows of it that a law takes.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use csv::StringRecord;
use flate2::read::MultiGzDecoder;

use crate::error::{Error, Refusal};
use crate::keys::nearest;

use super::data::Data;
use super::row::{Input, LawRow};

/// The rows of a file.
#[derive(Clone, Debug)]
pub struct Frame {
    file: String,
    header: Vec<String>,
    rows: Vec<Line>,
}

/// A row and where it stands.
#[derive(Clone, Debug)]
struct Line {
    number: u64,
    cells: StringRecord,
}

/// Which column each role has.
#[derive(Clone, Debug)]
pub struct Roles {
    /// Of each input that is given.
    x: Vec<Role>,
}

/// An input of a law and its column.
#[derive(Clone, Debug)]
struct Role {
    input: Input,
    column: String,
}

/// What every gzip file begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

impl Frame {
    /// Reads a CSV file with a header, also one that gzip has packed.
    ///
    /// # Errors
    /// A file that cannot be read, has no header or no rows, or rows of unequal length.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let packed = fs::read(path).map_err(Error::file(path, "read"))?;
        let mut bytes = Vec::new();
        match packed.starts_with(&GZIP) {
            true => drop(
                MultiGzDecoder::new(packed.as_slice())
                    .read_to_end(&mut bytes)
                    .map_err(Error::file(path, "unpack"))?,
            ),
            false => bytes = packed,
        }
        Self::of(&path.display().to_string(), &bytes)
    }

    /// The rows in the bytes of a file.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn of(file: &str, bytes: &[u8]) -> Result<Self, Error> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let refuse = |found: String| {
            let allowed = "CSV in UTF-8: a header, then rows with as many cells as it";
            Refusal::argument(file, found, allowed, "export the table again, with commas")
        };
        let mut reader = csv::Reader::from_reader(bytes);
        let header = reader.headers().map_err(|error| refuse(error.to_string()))?;
        let header: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
        let mut rows = Vec::new();
        for cells in reader.records() {
            let cells = cells.map_err(|error| refuse(error.to_string()))?;
            rows.push(Line { number: cells.position().map_or(0, csv::Position::line), cells });
        }
        if header.is_empty() || rows.is_empty() {
            return Err(refuse("no rows below a header".to_owned()));
        }
        Ok(Self { file: file.to_owned(), header, rows })
    }

    /// Where the column `name` stands.
    fn column(&self, name: &str) -> Result<usize, Error> {
        let place = self.header.iter().position(|column| column == name);
        place.ok_or_else(|| {
            let names = self.header.iter().map(String::as_str);
            let near = nearest(name, names).unwrap_or("a name as the header has it");
            let allowed = format!("one of {}", self.header.join(", "));
            Refusal::argument(&self.file, format!("no column {name}"), allowed, near)
        })
    }

    /// Keeps rows that have one of some values in a column, `COLUMN=VALUE` or `COLUMN=VALUE,VALUE`, or none of them,
    /// `COLUMN!=VALUE`. Numbers are compared as numbers.
    ///
    /// # Errors
    /// Where there is no such column, or no row is left.
    pub fn keep(&mut self, condition: &str) -> Result<(), Error> {
        let place = format!("--where {condition}");
        let negated = condition.split_once("!=").filter(|(column, _)| !column.contains('='));
        let Some((column, values)) = negated.or_else(|| condition.split_once('=')) else {
            let allowed = "COLUMN=VALUE, COLUMN=VALUE,VALUE or COLUMN!=VALUE";
            return Err(Refusal::argument(place, "no =", allowed, "--where seed=1,2"));
        };
        let at = self.column(column.trim())?;
        let number = |text: &str| text.trim().parse::<f64>().ok();
        let is = |cell: &str, value: &str| {
            cell.trim() == value.trim()
                || number(cell).is_some_and(|cell| number(value).is_some_and(|value| cell == value))
        };
        let has = |line: &Line| {
            let cell = line.cells.get(at).unwrap_or_default();
            values.split(',').any(|value| is(cell, value)) != negated.is_some()
        };
        let mut known: Vec<&str> = self.rows.iter().filter_map(|line| line.cells.get(at)).collect();
        known.sort_unstable();
        known.dedup();
        if !self.rows.iter().any(has) {
            let some: Vec<&str> = known.iter().copied().take(12).collect();
            let more = if known.len() > some.len() { ", …" } else { "" };
            let allowed = format!("a value that {column} has here: {}{more}", some.join(", "));
            let near = nearest(values, known.iter().copied()).unwrap_or("one of these");
            return Err(Refusal::argument(place, "no row that it keeps", allowed, near));
        }
        self.rows.retain(has);
        Ok(())
    }

    /// Keeps of all rows that agree in the columns `per` the one with the greatest `column`, such as the last step of each
    /// run.
    ///
    /// # Errors
    /// Where a column is missing, or a cell of `column` is no number.
    pub fn keep_last(&mut self, column: &str, per: &[String]) -> Result<(), Error> {
        let values = self.numbers(column)?;
        let per: Vec<usize> = per.iter().map(|name| self.column(name)).collect::<Result<_, _>>()?;
        let key = |line: &Line| -> Vec<String> {
            per.iter().map(|at| line.cells.get(*at).unwrap_or_default().to_owned()).collect()
        };
        let mut last = BTreeMap::new();
        for (row, line) in self.rows.iter().enumerate() {
            let best = last.entry(key(line)).or_insert(row);
            if values[row] > values[*best] {
                *best = row;
            }
        }
        let mut kept: Vec<usize> = last.into_values().collect();
        kept.sort_unstable();
        self.rows = kept.iter().map(|row| self.rows[*row].clone()).collect();
        Ok(())
    }

    /// The rows as a law takes them: the columns of `roles`, of y and of groups.
    ///
    /// # Errors
    /// A column that is missing, or a cell that is no number, or not above 0 where the law takes its logarithm.
    pub fn data(&self, law: &LawRow, roles: &Roles, y: &str, by: &[String]) -> Result<Data, Error> {
        // What is typed wrong is told before what stands in the file.
        let columns = roles.x.iter().map(|role| &role.column).chain(by);
        for name in columns.map(String::as_str).chain([y]) {
            self.column(name)?;
        }
        let mut data = Data::new(&self.file, self.checked(y, &law.y)?);
        for Role { input, column } in &roles.x {
            data = data.with(input.role, self.checked(column, input)?);
        }
        for name in by {
            let at = self.column(name)?;
            let cell = |line: &Line| line.cells.get(at).unwrap_or_default().trim().to_owned();
            data = data.grouped(name, self.rows.iter().map(cell).collect());
        }
        Ok(data)
    }

    fn numbers(&self, column: &str) -> Result<Vec<f64>, Error> {
        let at = self.column(column)?;
        let read = |line: &Line| {
            let cell = line.cells.get(at).unwrap_or_default().trim();
            cell.parse::<f64>().ok().filter(|x| x.is_finite()).ok_or_else(|| {
                let found = if cell.is_empty() { "an empty cell" } else { cell };
                let hint = "--where, to keep rows that have one";
                Refusal::argument(self.place(line, column), found, "a finite number", hint)
            })
        };
        self.rows.iter().map(read).collect()
    }

    fn checked(&self, column: &str, input: &Input) -> Result<Vec<f64>, Error> {
        let values = self.numbers(column)?;
        let wrong = |value: &f64| input.positive && *value <= 0.0;
        match values.iter().position(wrong) {
            None => Ok(values),
            Some(row) => {
                let found = values[row].to_string();
                let allowed = format!("above 0: the law takes the logarithm of {}", input.role);
                let hint = "--where, to leave such rows out";
                Err(Refusal::argument(self.place(&self.rows[row], column), found, allowed, hint))
            }
        }
    }

    fn place(&self, line: &Line, column: &str) -> String {
        format!("{}:{}: column {column}", self.file, line.number)
    }
}

impl Roles {
    /// Columns as `--x` names them: `ROLE=COLUMN`, or in the law's order.
    ///
    /// # Errors
    /// More columns than the law takes, a role twice, or one that it cannot do without left out.
    pub fn of(law: &LawRow, typed: &[String]) -> Result<Self, Error> {
        let told = |input: &Input| match input.optional {
            true => format!("[{}]", input.role),
            false => input.role.to_owned(),
        };
        let takes: Vec<String> = law.x.iter().map(told).collect();
        let refuse = |found: String| {
            let allowed = format!("{} takes --x {}", law.name, takes.join(" "));
            let roles = law.x.iter().filter(|input| !input.optional);
            let hint: Vec<String> = roles.map(|input| format!("{0}=COLUMN", input.role)).collect();
            Refusal::argument("--x", found, allowed, format!("--x {}", hint.join(" ")))
        };
        let named = |text: &String| {
            let (role, column) = text.split_once('=')?;
            let input = law.x.iter().find(|input| input.role == role)?;
            Some(Role { input: *input, column: column.to_owned() })
        };
        let mut x: Vec<Role> = typed.iter().filter_map(named).collect();
        for column in typed.iter().filter(|text| named(text).is_none()) {
            let free = |input: &&Input| !x.iter().any(|taken| taken.input.role == input.role);
            let input = law.x.iter().find(free);
            let input =
                input.ok_or_else(|| refuse(format!("{column}, for which there is no place")))?;
            x.push(Role { input: *input, column: column.clone() });
        }
        let has = |input: &Input| x.iter().filter(|own| own.input.role == input.role).count();
        if let Some(input) = law.x.iter().find(|input| has(input) > 1) {
            return Err(refuse(format!("{} twice", input.role)));
        }
        match law.x.iter().find(|input| !input.optional && has(input) == 0) {
            Some(input) => Err(refuse(format!("no column for {} ({})", input.role, input.about))),
            None => Ok(Self { x }),
        }
    }
}
