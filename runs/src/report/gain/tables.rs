//! The tables of gains, and their rows for programs.

use super::family::Row;
use super::task::{Gain, Gains};
use crate::report::sheet::{Sheet, cell, maybe};
use crate::statistics::{Estimate, Interval};
use crate::table::{Align, Table};

/// A row a task of each variant, the largest gain first.
pub fn tasks(all: &[Gains]) -> Table {
    let mut table = Table::new(&[
        ("variant", Align::Left),
        ("task", Align::Left),
        ("family", Align::Left),
        ("seeds", Align::Right),
        ("small", Align::Right),
        ("large", Align::Right),
        ("gain", Align::Right),
        ("95 % interval", Align::Right),
        ("relative", Align::Right),
        ("slope a decade", Align::Right),
        ("95 % of that", Align::Right),
        ("P(better)", Align::Right),
        ("p", Align::Right),
        ("by Holm", Align::Right),
    ]);
    for gain in all.iter().flat_map(sorted) {
        let [large, small] = gain.extremes().map(|scores| scores.len());
        let seeds = if large == small { large.to_string() } else { format!("{small}, {large}") };
        table.row([
            gain.label.clone(),
            gain.env.clone(),
            gain.family.to_owned(),
            seeds,
            format!("{:.3}", gain.small),
            format!("{:.3}", gain.large),
            signed(Some(gain.gain.value)),
            interval(gain.gain.interval),
            signed(gain.relative()),
            signed(gain.slope.map(|slope| slope.value)),
            interval(gain.slope.and_then(|slope| slope.interval)),
            plain(gain.improvement.map(|it| it.value)),
            plain(gain.p),
            plain(gain.corrected),
        ]);
    }
    if all.len() == 1 { table.without("variant") } else { table }
}

/// The tasks of a variant, the largest gain first.
pub fn sorted(gains: &Gains) -> Vec<&Gain> {
    let mut tasks: Vec<&Gain> = gains.tasks.iter().collect();
    tasks.sort_by(|a, b| b.gain.value.total_cmp(&a.gain.value));
    tasks
}

/// A row a family of each variant.
pub fn families(rows: &[Row]) -> Table {
    let mut table = Table::new(&[
        ("variant", Align::Left),
        ("family", Align::Left),
        ("tasks", Align::Right),
        ("mean gain", Align::Right),
        ("95 % interval", Align::Right),
        ("P(better)", Align::Right),
        ("95 % of that", Align::Right),
        ("rise", Align::Right),
        ("fall", Align::Right),
        ("sign test p", Align::Right),
        ("by Holm", Align::Right),
    ]);
    for row in rows {
        let value = |estimate: Option<Estimate>| estimate.map(|it| it.value);
        let ends = |estimate: Option<Estimate>| estimate.and_then(|it| it.interval);
        table.row([
            row.label.clone(),
            row.family.unwrap_or("all").to_owned(),
            row.tasks.to_string(),
            signed(value(row.gain)),
            interval(ends(row.gain)),
            plain(value(row.improvement)),
            interval(ends(row.improvement)),
            row.ups.to_string(),
            row.downs.to_string(),
            plain(row.p),
            plain(row.corrected),
        ]);
    }
    table
}

/// The tasks, for programs.
pub fn tasks_sheet(name: &str, all: &[Gains]) -> Sheet {
    let mut sheet = Sheet::new(
        name,
        &[
            "variant",
            "task",
            "family",
            "smallest",
            "largest",
            "seeds_small",
            "seeds_large",
            "small",
            "large",
            "gain",
            "gain_low",
            "gain_high",
            "relative",
            "slope",
            "slope_low",
            "slope_high",
            "improvement",
            "p",
            "p_holm",
        ],
    );
    for gain in all.iter().flat_map(sorted) {
        let [large, small] = gain.extremes().map(|scores| scores.len());
        let [first, last] = &gain.ends;
        let mut row: Vec<_> = [&gain.label, &gain.env, gain.family, first.as_str(), last]
            .map(|it: &str| it.into())
            .into();
        row.extend([small.into(), large.into(), cell(gain.small), cell(gain.large)]);
        row.extend(ends(Some(gain.gain)));
        row.push(maybe(gain.relative()));
        row.extend(ends(gain.slope));
        row.extend([gain.improvement.map(|it| it.value), gain.p, gain.corrected].map(maybe));
        sheet.rows.push(row);
    }
    sheet
}

/// The families, for programs.
pub fn families_sheet(name: &str, rows: &[Row]) -> Sheet {
    let mut sheet = Sheet::new(
        &format!("{name}-families"),
        &[
            "variant",
            "family",
            "tasks",
            "gain",
            "gain_low",
            "gain_high",
            "improvement",
            "improvement_low",
            "improvement_high",
            "rise",
            "fall",
            "p",
            "p_holm",
        ],
    );
    for of in rows {
        let mut row =
            vec![of.label.as_str().into(), of.family.unwrap_or("all").into(), of.tasks.into()];
        row.extend(ends(of.gain));
        row.extend(ends(of.improvement));
        row.extend([of.ups.into(), of.downs.into(), maybe(of.p), maybe(of.corrected)]);
        sheet.rows.push(row);
    }
    sheet
}

/// A value and the ends of its interval.
fn ends(estimate: Option<Estimate>) -> [serde_json::Value; 3] {
    let interval = estimate.and_then(|it| it.interval);
    [estimate.map(|it| it.value), interval.map(|it| it.low), interval.map(|it| it.high)].map(maybe)
}

fn none() -> String {
    "–".to_owned()
}

fn signed(x: Option<f64>) -> String {
    x.map_or_else(none, |x| format!("{x:+.3}"))
}

fn plain(x: Option<f64>) -> String {
    x.map_or_else(none, |x| format!("{x:.3}"))
}

fn interval(interval: Option<Interval>) -> String {
    interval.map_or_else(none, |it| format!("[{:.3}, {:.3}]", it.low, it.high))
}
