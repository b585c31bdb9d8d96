//! The tables of surfaces, and their rows for programs.

use super::grid::Keys;
use super::surveyed::{Surveyed, told};
use crate::chart::Format;
use crate::report::sheet::{Sheet, cell, maybe};
use crate::statistics::Estimate;
use crate::table::{Align, Table};

/// The regimes, the breaks where there are some, and the ridges.
pub fn all(all: &[Surveyed<'_>], keys: Keys<'_>) -> Vec<Table> {
    [Some(regimes(all, keys)), breaks(all, keys), Some(ridges(all, keys))]
        .into_iter()
        .flatten()
        .collect()
}

fn number(x: f64) -> String {
    Format::Number.told(x)
}

/// A row a surface.
fn regimes(all: &[Surveyed<'_>], keys: Keys<'_>) -> Table {
    let [x, y] = keys.short();
    let (best_x, best_y) = (format!("best {x}"), format!("best {y}"));
    let slope = format!("ln {y} a ln {x}");
    let mut table = Table::new(&[
        ("surface", Align::Left),
        (&best_x, Align::Right),
        (&best_y, Align::Right),
        ("score", Align::Right),
        (&slope, Align::Right),
        ("score a decade", Align::Right),
        ("regime", Align::Left),
    ]);
    for one in all {
        let Some(best) = one.best() else { continue };
        table.row([
            one.grid.label.clone(),
            number(best.x),
            number(best.y),
            format!("{:.3}", best.score),
            told(&one.slope),
            told(&one.score_slope),
            one.regime().word().to_owned(),
        ]);
    }
    table
}

/// A row a side of a break; none where no surface has one.
fn breaks(all: &[Surveyed<'_>], keys: Keys<'_>) -> Option<Table> {
    let [x, y] = keys.short();
    let slope = format!("ln {y} a ln {x}");
    let mut table = Table::new(&[
        ("break", Align::Left),
        (x, Align::Left),
        (&slope, Align::Right),
        ("score a decade", Align::Right),
        ("regime", Align::Left),
    ]);
    for one in all {
        let Some(broken) = &one.broken else { continue };
        let at = match broken.at.interval {
            Some(it) => {
                format!("{} [{}, {}]", number(broken.at.value), number(it.low), number(it.high))
            }
            None => number(broken.at.value),
        };
        let sides = [("below", &broken.before), ("above", &broken.after)];
        for ((side, [ridge, score]), regime) in sides.into_iter().zip(broken.regimes()) {
            table.row([
                one.grid.label.clone(),
                format!("{side} {at}"),
                told(ridge),
                told(score),
                regime.word().to_owned(),
            ]);
        }
    }
    (!table.rows().is_empty()).then_some(table)
}

/// A row a value of x.
fn ridges(all: &[Surveyed<'_>], keys: Keys<'_>) -> Table {
    let [x, y] = keys.short();
    let best = format!("best {y}");
    let mut table = Table::new(&[
        ("ridge", Align::Left),
        (x, Align::Right),
        (&best, Align::Right),
        ("95 % interval", Align::Right),
        ("score", Align::Right),
        ("return", Align::Right),
        ("seeds", Align::Right),
        ("edge", Align::Left),
    ]);
    for one in all {
        for ((best, y), score) in one.ridge.iter().zip(&one.ys).zip(&one.scores) {
            let spot = &one.grid.spots[best.spot];
            let mean = spot.returns.iter().sum::<f64>() / spot.returns.len() as f64;
            let ends = y.interval.map_or_else(
                || "–".to_owned(),
                |it| format!("[{}, {}]", number(it.low), number(it.high)),
            );
            table.row([
                one.grid.label.clone(),
                number(best.x),
                number(best.y),
                ends,
                told(score),
                number(mean),
                spot.returns.len().to_string(),
                best.edge.map_or_else(String::new, |edge| edge.word().to_owned()),
            ]);
        }
    }
    table
}

/// All cells with finished seeds, for programs.
pub fn cells_sheet(name: &str, all: &[Surveyed<'_>], keys: Keys<'_>) -> Sheet {
    let mut sheet =
        Sheet::new(name, &["surface", keys.x, keys.y, "seeds", "return", "score", "best"]);
    for one in all {
        for (at, spot) in one.grid.spots.iter().enumerate() {
            let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
            let is_best = one.ridge.iter().any(|best| best.spot == at);
            sheet.rows.push(vec![
                one.grid.label.as_str().into(),
                cell(spot.x),
                cell(spot.y),
                spot.returns.len().into(),
                cell(mean(&spot.returns)),
                cell(mean(&spot.scores)),
                u8::from(is_best).into(),
            ]);
        }
    }
    sheet
}

/// The ridges, for programs: sparring fit slopes takes them.
pub fn ridge_sheet(name: &str, all: &[Surveyed<'_>], keys: Keys<'_>) -> Sheet {
    let columns =
        ["surface", keys.x, keys.y, "low", "high", "score", "score_low", "score_high", "at_edge"];
    let mut sheet = Sheet::new(&format!("{name}-ridge"), &columns);
    let ends =
        |of: &Estimate| [of.interval.map(|it| it.low), of.interval.map(|it| it.high)].map(maybe);
    for one in all {
        for ((best, y), score) in one.ridge.iter().zip(&one.ys).zip(&one.scores) {
            let mut row = vec![one.grid.label.as_str().into(), cell(best.x), cell(best.y)];
            row.extend(ends(y));
            row.push(cell(best.score));
            row.extend(ends(score));
            row.push(u8::from(best.edge.is_some()).into());
            sheet.rows.push(row);
        }
    }
    sheet
}
