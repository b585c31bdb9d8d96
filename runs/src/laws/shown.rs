//! A fit as tables for a terminal, and as CSV for programs.

use crate::console::terminal_width;
use crate::error::Error;
use crate::statistics::Interval;
use crate::table::{Align, Table};

use super::fit::{Constant, Fit};
use super::row::LawRow;

/// The tables and notes of a fit.
pub fn text(law: &LawRow, fit: &Fit) -> String {
    let mut text = format!("{}: {}\n\n", law.name, law.formula);
    let (whole, placed): (Vec<_>, Vec<_>) =
        fit.constants.iter().partition(|constant| constant.number.at.is_empty());
    for constants in [whole, placed].into_iter().filter(|constants| !constants.is_empty()) {
        text += &format!("{}\n", table(&constants));
    }
    let measures = std::iter::once(&fit.loss).chain(&fit.measures);
    for measured in measures {
        text += &format!("{}: {}\n", measured.name, number(measured.value));
    }
    text += &format!("rows: {}; resamples: {}\n", fit.rows, fit.drawn);
    for note in &fit.notes {
        text += &format!("note: {note}\n");
    }
    text
}

/// Constants that stand for the same columns.
fn table(constants: &[&Constant]) -> Table {
    let at = constants.first().map_or(&[][..], |first| first.number.at.as_slice());
    let mut columns: Vec<(&str, Align)> = vec![("constant", Align::Left)];
    columns.extend(at.iter().map(|(column, _)| (column.as_str(), Align::Left)));
    columns.extend([("value", Align::Right), ("95 % interval", Align::Right)]);
    columns.extend([("about", Align::Left)]);
    let doubtful = constants.iter().any(|constant| !constant.notes.is_empty());
    if doubtful {
        columns.push(("note", Align::Left));
    }
    let mut table = Table::new(&columns);
    for constant in constants {
        let number_of = &constant.number;
        let mut row = vec![number_of.name.clone()];
        row.extend(number_of.at.iter().map(|(_, value)| value.clone()));
        row.extend([number(constant.value), interval(constant.interval), number_of.about.clone()]);
        if doubtful {
            row.push(constant.notes.join("; "));
        }
        table.row(row);
    }
    table
}

/// Its ends, or a dash.
pub fn interval(interval: Option<Interval>) -> String {
    interval
        .map_or_else(|| "–".to_owned(), |it| format!("[{}, {}]", number(it.low), number(it.high)))
}

/// Five digits: those of the table of a paper.
pub fn number(x: f64) -> String {
    match x {
        _ if x == f64::INFINITY => "never".to_owned(),
        _ if x == 0.0 => "0".to_owned(),
        _ if x.fract() == 0.0 && x.abs() < 1e6 => format!("{x}"),
        _ if (1e-3..1e6).contains(&x.abs()) => {
            let places = (4 - x.abs().log10().floor() as i32).max(0) as usize;
            format!("{x:.places$}")
        }
        _ => format!("{x:.4e}"),
    }
}

/// Every number in full: a line a constant, with the columns that it stands for, then a line a measure of the fit.
pub fn csv(law: &LawRow, fit: &Fit) -> Result<String, Error> {
    let failed = |error| Error::system("write the numbers as CSV")(error);
    let mut columns: Vec<&str> = Vec::new();
    for (column, _) in fit.constants.iter().flat_map(|constant| &constant.number.at) {
        if !columns.contains(&column.as_str()) {
            columns.push(column);
        }
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut line: Vec<String> = vec!["law".to_owned()];
    line.extend(columns.iter().map(|column| (*column).to_owned()));
    line.extend(["constant", "value", "low", "high", "note"].map(str::to_owned));
    writer.write_record(&line).map_err(failed)?;
    for constant in &fit.constants {
        let value = |column: &&str| {
            let own = constant.number.at.iter().find(|(known, _)| known == column);
            own.map_or_else(String::new, |(_, value)| value.clone())
        };
        let end = |end: Option<f64>| end.map_or_else(String::new, |x| x.to_string());
        let mut line = vec![law.name.to_owned()];
        line.extend(columns.iter().map(value));
        line.extend([
            constant.number.name.clone(),
            constant.value.to_string(),
            end(constant.interval.map(|it| it.low)),
            end(constant.interval.map(|it| it.high)),
            constant.notes.join("; "),
        ]);
        writer.write_record(&line).map_err(failed)?;
    }
    let measures = std::iter::once(&fit.loss).chain(&fit.measures);
    let measures = measures.map(|measured| (measured.name.clone(), measured.value.to_string()));
    let counts = [("rows", fit.rows), ("usable resamples", fit.usable)];
    let counts = counts.map(|(name, count)| (name.to_owned(), count.to_string()));
    for (name, value) in measures.chain(counts) {
        let mut line = vec![law.name.to_owned()];
        line.extend(columns.iter().map(|_| String::new()));
        line.extend([name, value, String::new(), String::new(), String::new()]);
        writer.write_record(&line).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(Error::system("write the numbers as CSV"))?;
    String::from_utf8(bytes).map_err(Error::system("write the numbers as CSV"))
}

/// All laws in a table, and below it their options.
pub fn list(laws: &[&LawRow]) -> String {
    let mut table = Table::new(&[
        ("law", Align::Left),
        ("formula", Align::Left),
        ("--x", Align::Left),
        ("--y", Align::Left),
        ("about", Align::Left),
    ]);
    let mut options = Table::new(&[
        ("of", Align::Left),
        ("option", Align::Left),
        ("default", Align::Right),
        ("about", Align::Left),
    ]);
    for law in laws {
        let x: Vec<String> = law
            .x
            .iter()
            .map(|input| match input.optional {
                true => format!("[{}]", input.role),
                false => input.role.to_owned(),
            })
            .collect();
        let cells = [law.name, law.formula, &x.join(" "), law.y.role, law.about];
        table.row(cells.map(str::to_owned));
        let columns = law.x.iter().map(|input| (format!("--x {}", input.role), input.about));
        let flags = [("--by", law.by), ("--budget", law.budget), ("--threshold", law.threshold)];
        let flags = flags.into_iter().filter_map(|(flag, about)| Some((flag.to_owned(), about?)));
        let mut name = law.name;
        for (flag, about) in columns.chain(flags) {
            options.row([std::mem::take(&mut name), &flag, "", about].map(str::to_owned));
        }
        for option in law.options {
            let (key, default) = (format!("--set {}", option.key), number(option.default));
            options
                .row([std::mem::take(&mut name), &key, &default, option.about].map(str::to_owned));
        }
    }
    let [table, options] = [table, options].map(|table| table.fit(terminal_width(), &[]));
    format!("{table}\n{options}")
}
