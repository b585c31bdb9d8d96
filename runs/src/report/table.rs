//! The first table of a report: how well each variant did.

use super::row::Row;
use crate::sizes::Sizes;
use crate::statistics::Interval;
use crate::table::{Align, Table, thousands};

/// One row a variant. Scores are marked `~` where no seed reached its end.
pub fn table(rows: &[Row]) -> Table {
    let mut table = Table::new(&[
        ("variant", Align::Left),
        ("seeds", Align::Right),
        ("return IQM", Align::Right),
        ("95 % interval", Align::Right),
        ("min", Align::Right),
        ("max", Align::Right),
        ("active", Align::Right),
        ("parameters", Align::Right),
        ("density", Align::Right),
        ("FLOPs/sample", Align::Right),
        ("job seconds", Align::Right),
        ("steps/s", Align::Right),
    ]);
    for row in rows {
        table.row(cells(row));
    }
    table
}

fn cells(row: &Row) -> [String; 12] {
    let none = || "–".to_owned();
    let mark = if row.is_partial() { "~" } else { "" };
    let show = |x: Option<f64>| x.map_or_else(none, |x| format!("{mark}{}", number(x)));
    let least = row.scores.iter().copied().reduce(f64::min);
    let most = row.scores.iter().copied().reduce(f64::max);
    let interval = |it: Interval| format!("[{}, {}]", number(it.low), number(it.high));
    let of_sizes = |show: fn(&Sizes) -> String| row.sizes.as_ref().map_or_else(none, show);
    let ran = row.wall_s > 0.0;
    [
        row.variant.clone(),
        format!("{}/{}", row.finished, row.planned),
        show(row.iqm()),
        row.interval.map_or_else(none, interval),
        show(least),
        show(most),
        of_sizes(|sizes| thousands(sizes.active_parameters)),
        of_sizes(|sizes| thousands(sizes.parameters)),
        of_sizes(|sizes| format!("{:.2} %", 100.0 * sizes.density)),
        of_sizes(|sizes| thousands(sizes.forward_flops)),
        if ran { format!("{:.1}", row.wall_s) } else { none() },
        if ran { thousands((row.env_steps as f64 / row.wall_s) as u64) } else { none() },
    ]
}

/// One decimal for hundreds, more for small returns.
fn number(x: f64) -> String {
    if x.abs() >= 10.0 { format!("{x:.1}") } else { format!("{x:.3}") }
}
