//! The first table of a report: how well each variant did.

use crate::comparison::{Cell, Comparison};
use crate::sizes::Sizes;
use crate::statistics::{Estimate, Interval};
use crate::table::{Align, Table, thousands};

/// The columns that a narrow terminal does without, the first of them first.
pub const SPARE: [&str; 8] =
    ["max", "min", "FLOPs/sample", "parameters", "job seconds", "density", "env", "steps/s"];

/// One row a cell. Scores are marked `~` where no seed reached its end, and `*` where none of the environment is
/// higher.
pub fn table(of: &Comparison) -> Table {
    let several = of.tasks.len() > 1;
    let beside = of.baseline.as_ref().map(|name| format!("- {name}"));
    let mut columns = vec![("variant", Align::Left)];
    if several {
        columns.push(("env", Align::Left));
    }
    columns.extend([
        ("seeds", Align::Right),
        ("return IQM", Align::Right),
        ("95 % interval", Align::Right),
    ]);
    if let Some(beside) = &beside {
        columns.extend([(beside.as_str(), Align::Right), ("95 % of that", Align::Right)]);
    }
    columns.extend([
        ("min", Align::Right),
        ("max", Align::Right),
        ("active", Align::Right),
        ("parameters", Align::Right),
        ("density", Align::Right),
        ("FLOPs/sample", Align::Right),
        ("job seconds", Align::Right),
        ("steps/s", Align::Right),
    ]);
    let mut table = Table::new(&columns);
    for cell in &of.cells {
        let mut row = vec![cell.label.clone()];
        if several {
            row.push(cell.at.env.clone());
        }
        row.extend(scores(cell, is_best(cell, &of.cells)));
        if beside.is_some() {
            row.extend(difference(cell));
        }
        row.extend(costs(cell));
        table.row(row);
    }
    table
}

fn scores(cell: &Cell, best: bool) -> [String; 3] {
    let mark = if cell.is_partial() { "~" } else { "" };
    let star = if best { "*" } else { "" };
    let shown = |score: &Estimate| format!("{star}{mark}{}", number(score.value));
    [
        format!("{}/{}", cell.finished, cell.jobs.len()),
        cell.score.as_ref().map_or_else(none, shown),
        interval(cell.score.as_ref().and_then(|score| score.interval)),
    ]
}

/// By how much the score is above the baseline's.
fn difference(cell: &Cell) -> [String; 2] {
    let difference = cell.against.as_ref().map(|against| &against.difference);
    [
        difference.map_or_else(none, |it| signed(it.value)),
        interval(difference.and_then(|it| it.interval)),
    ]
}

fn costs(cell: &Cell) -> [String; 8] {
    let mark = if cell.is_partial() { "~" } else { "" };
    let show = |x: Option<f64>| x.map_or_else(none, |x| format!("{mark}{}", number(x)));
    let of_sizes = |show: fn(&Sizes) -> String| cell.sizes.as_ref().map_or_else(none, show);
    let seconds = (cell.wall_s > 0.0).then_some(cell.wall_s);
    [
        show(cell.values().into_iter().reduce(f64::min)),
        show(cell.values().into_iter().reduce(f64::max)),
        of_sizes(|sizes| thousands(sizes.active_parameters)),
        of_sizes(|sizes| thousands(sizes.parameters)),
        of_sizes(|sizes| format!("{:.2} %", 100.0 * sizes.density)),
        of_sizes(|sizes| thousands(sizes.forward_flops)),
        seconds.map_or_else(none, |seconds| format!("{seconds:.1}")),
        cell.steps_per_s().map_or_else(none, |rate| thousands(rate as u64)),
    ]
}

/// Whether no finished cell of the environment has a higher score.
fn is_best(cell: &Cell, cells: &[Cell]) -> bool {
    let others = cells.iter().filter(|other| other.at.env == cell.at.env);
    let mut reached = others.filter_map(Cell::reached);
    cells.len() > 1 && cell.reached().is_some_and(|own| reached.all(|other| other <= own))
}

/// Where there is no number.
pub fn none() -> String {
    "–".to_owned()
}

/// `[low, high]`, or a dash.
pub fn interval(interval: Option<Interval>) -> String {
    interval.map_or_else(none, |it| format!("[{}, {}]", number(it.low), number(it.high)))
}

/// One decimal for hundreds, more for small returns.
pub fn number(x: f64) -> String {
    if x.abs() >= 10.0 { format!("{x:.1}") } else { format!("{x:.3}") }
}

fn signed(x: f64) -> String {
    if x > 0.0 { format!("+{}", number(x)) } else { number(x) }
}
