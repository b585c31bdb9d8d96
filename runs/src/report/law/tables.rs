//! The constants of fits as a table, and rows and constants for programs.

use super::fitted::{Fitted, roles};
use super::row::Recipe;
use crate::laws::shown::{interval, number};
use crate::report::sheet::{Sheet, cell, maybe};
use crate::table::{Align, Table};

/// A row a constant of each fit.
pub fn constants(fits: &[Fitted<'_>]) -> Table {
    let mut table = Table::new(&[
        ("fit", Align::Left),
        ("constant", Align::Left),
        ("of", Align::Left),
        ("value", Align::Right),
        ("95 % interval", Align::Right),
        ("about", Align::Left),
        ("note", Align::Left),
    ]);
    for fitted in fits {
        for constant in &fitted.fit.constants {
            table.row([
                fitted.label.clone(),
                constant.number.name.clone(),
                place(&constant.number.at),
                number(constant.value),
                interval(constant.interval),
                constant.number.about.clone(),
                constant.notes.join("; "),
            ]);
        }
    }
    let empty = |table: &Table, at: usize| table.rows().iter().all(|row| row[at].is_empty());
    let (no_place, no_note) = (empty(&table, 2), empty(&table, 6));
    let table = if fits.len() == 1 { table.without("fit") } else { table };
    let table = if no_place { table.without("of") } else { table };
    if no_note { table.without("note") } else { table }
}

/// `env CartPole-v1, threshold 0.8`.
fn place(at: &[(String, String)]) -> String {
    at.iter().map(|(column, value)| format!("{column} {value}")).collect::<Vec<_>>().join(", ")
}

/// The rows of all fits, as sparring fit takes them.
pub fn rows_sheet(name: &str, recipe: &Recipe, fits: &[Fitted<'_>]) -> Sheet {
    let mut columns = vec!["fit", "env", "agent", "method", "variant", "size", "seeds"];
    columns.extend(recipe.x);
    columns.push(recipe.law.y.role);
    columns.extend(recipe.beside);
    columns.extend(["censored", "used"]);
    let mut sheet = Sheet::new(name, &columns);
    for fitted in fits {
        for row in &fitted.rows {
            let Some(site) = fitted.sites.get(row.site) else { continue };
            let at = &site.cell.at;
            let words = [&fitted.label, &at.env, &at.agent, &at.method, &site.cell.label];
            let mut cells: Vec<_> = words.map(|word| word.as_str().into()).into();
            cells.extend([cell(site.n), site.runs.len().into()]);
            cells.extend(row.x.iter().copied().map(cell));
            cells.push(cell(row.y));
            cells.extend(row.beside.iter().copied().map(cell));
            cells.extend([row.is_censored(), recipe.is_used(row)].map(|is| u8::from(is).into()));
            sheet.rows.push(cells);
        }
    }
    sheet
}

/// The constants of all fits.
pub fn fit_sheet(name: &str, fits: &[Fitted<'_>]) -> Sheet {
    let columns = ["fit", "x", "constant", "of", "value", "low", "high", "note"];
    let mut sheet = Sheet::new(&format!("{name}-fit"), &columns);
    for fitted in fits {
        let x: Vec<&str> = roles(fitted.recipe, &fitted.rows).map(|(_, role)| role).collect();
        for constant in &fitted.fit.constants {
            let ends = constant.interval;
            let words = [
                fitted.label.clone(),
                x.join(" "),
                constant.number.name.clone(),
                place(&constant.number.at),
            ];
            let mut cells: Vec<_> = words.map(Into::into).into();
            cells.push(cell(constant.value));
            cells.extend([ends.map(|it| it.low), ends.map(|it| it.high)].map(maybe));
            cells.push(constant.notes.join("; ").into());
            sheet.rows.push(cells);
        }
    }
    sheet
}
