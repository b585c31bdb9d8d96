//! The second table of a report: what each variant's networks and training cost.

use sparring_agents::TrainingFlops;

use super::Row;
use crate::sizes::Sizes;
use crate::table::{Align, Table, kibibytes, scientific, thousands};

/// One row a variant. FLOPs forward and backward are those of one sample with the networks as they
/// are at the end, bytes likewise.
pub fn table(rows: &[Row]) -> Table {
    let mut table = Table::new(&[
        ("cost", Align::Left),
        ("forward FLOPs", Align::Right),
        ("backward FLOPs", Align::Right),
        ("training FLOPs", Align::Right),
        ("of dense", Align::Right),
        ("KiB values", Align::Right),
        ("structure", Align::Right),
        ("moments", Align::Right),
    ]);
    for row in rows {
        let of_sizes = |of: fn(&Sizes) -> String| row.sizes.as_ref().map_or_else(none, of);
        let TrainingFlops { model, dense } = row.training;
        let modelled = dense > 0.0;
        table.row([
            row.variant.clone(),
            of_sizes(|sizes| thousands(sizes.forward_flops)),
            of_sizes(|sizes| thousands(sizes.backward_flops)),
            if modelled { scientific(model) } else { none() },
            if modelled { percent(model / dense) } else { none() },
            of_sizes(|sizes| kibibytes(sizes.value_bytes)),
            of_sizes(|sizes| kibibytes(sizes.structure_bytes)),
            of_sizes(|sizes| kibibytes(sizes.moment_bytes)),
        ]);
    }
    table
}

fn none() -> String {
    "–".to_owned()
}

fn percent(part: f64) -> String {
    format!("{:.1} %", 100.0 * part)
}
