//! The second table of a report: what each variant's networks and training cost.

use sparring_agents::TrainingFlops;

use super::row::Row;
use crate::sizes::Sizes;
use crate::table::{Align, Table, kibibytes, scientific, thousands};

/// One row a variant. FLOPs forward and backward are those of one sample with the networks as they
/// are at the end, bytes likewise. Training FLOPs are by the model of [`sparring_sparse::cost`], beside
/// the same networks dense; executed is what all networks of a seed really did, acting, targets and
/// evaluation included, beside the dense variant.
pub fn table(rows: &[Row]) -> Table {
    let mut table = Table::new(&[
        ("cost", Align::Left),
        ("forward FLOPs", Align::Right),
        ("backward FLOPs", Align::Right),
        ("training FLOPs", Align::Right),
        ("of dense", Align::Right),
        ("executed", Align::Right),
        ("of dense", Align::Right),
        ("KiB values", Align::Right),
        ("structure", Align::Right),
        ("moments", Align::Right),
        ("method", Align::Right),
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
            row.executed().map_or_else(none, scientific),
            executed_of_dense(row, rows).map_or_else(none, percent),
            of_sizes(|sizes| kibibytes(sizes.value_bytes)),
            of_sizes(|sizes| kibibytes(sizes.structure_bytes)),
            of_sizes(|sizes| kibibytes(sizes.moment_bytes)),
            of_sizes(|sizes| kibibytes(sizes.method_bytes)),
        ]);
    }
    table
}

/// What `row` executed over what the dense variant of the same networks and steps did: the one whose
/// own training is what the others' would be dense. None where there is no such variant, or where
/// there are several.
fn executed_of_dense(row: &Row, rows: &[Row]) -> Option<f64> {
    let dense = |other: &&Row| {
        other.training == TrainingFlops { model: row.training.dense, ..row.training }
    };
    let mut same = rows.iter().filter(dense);
    let (one, another) = (same.next()?, same.next());
    // An agent without networks executes nothing.
    let dense = one.executed().filter(|executed| *executed > 0.0)?;
    if another.is_some() { None } else { Some(row.executed()? / dense) }
}

fn none() -> String {
    "–".to_owned()
}

fn percent(part: f64) -> String {
    format!("{:.1} %", 100.0 * part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(variant: &str, training: (f64, f64), executed: &[u64]) -> Row {
        let (model, dense) = training;
        Row {
            executed: executed.to_vec(),
            training: TrainingFlops { model, dense },
            ..Row::new(variant, executed.len())
        }
    }

    #[test]
    fn executed_beside_the_dense_variant_of_the_same_training() {
        let rows = [
            row("dense", (100.0, 100.0), &[1000, 3000]),
            row("rigl", (20.0, 100.0), &[500, 500]),
            row("wide", (40.0, 400.0), &[900]),
            row("begun", (20.0, 100.0), &[]),
        ];
        let of_dense = |at: usize| executed_of_dense(&rows[at], &rows);
        assert_eq!((of_dense(0), of_dense(1)), (Some(1.0), Some(0.25)));
        assert_eq!((of_dense(2), of_dense(3)), (None, None));
        let twice = [rows[0].clone(), rows[0].clone(), rows[1].clone()];
        assert_eq!(executed_of_dense(&twice[2], &twice), None);
    }
}
