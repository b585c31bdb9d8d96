//! The second table of a report: what each variant's networks and training cost.

use sparring_agents::TrainingFlops;

use crate::comparison::Cell;
use crate::sizes::Sizes;
use crate::table::{Align, Table, kibibytes, scientific, thousands};

/// Multiplications of a sample by an active weight at one place: of real numbers 1, and no column.
const PRODUCTS: &str = "products/weight";

/// The columns that a narrow terminal does without, the first of them first.
pub const SPARE: [&str; 7] =
    [PRODUCTS, "method", "moments", "structure", "KiB values", "backward FLOPs", "forward FLOPs"];

/// One row a variant. FLOPs forward and backward are those of one sample with the networks as they
/// are at the end, bytes likewise. Training FLOPs are by the model of [`sparring_sparse::cost`], beside
/// the same networks dense; executed is what all networks of a seed really did, acting, targets and
/// evaluation included, beside the dense variant.
pub fn table(cells: &[Cell]) -> Table {
    let mut table = Table::new(&[
        ("cost", Align::Left),
        (PRODUCTS, Align::Right),
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
    for cell in cells {
        let of_sizes = |of: fn(&Sizes) -> String| cell.sizes.as_ref().map_or_else(none, of);
        let TrainingFlops { model, dense } = cell.training;
        let modelled = dense > 0.0;
        table.row([
            cell.label.clone(),
            of_sizes(|sizes| format!("{:.2}", sizes.products_per_weight)),
            of_sizes(|sizes| thousands(sizes.forward_flops)),
            of_sizes(|sizes| thousands(sizes.backward_flops)),
            if modelled { scientific(model) } else { none() },
            if modelled { percent(model / dense) } else { none() },
            cell.executed().map_or_else(none, scientific),
            executed_of_dense(cell, cells).map_or_else(none, percent),
            of_sizes(|sizes| kibibytes(sizes.value_bytes)),
            of_sizes(|sizes| kibibytes(sizes.structure_bytes)),
            of_sizes(|sizes| kibibytes(sizes.moment_bytes)),
            of_sizes(|sizes| kibibytes(sizes.method_bytes)),
        ]);
    }
    let plain =
        |cell: &Cell| cell.sizes.as_ref().is_none_or(|sizes| sizes.products_per_weight == 1.0);
    if cells.iter().all(plain) { table.without(PRODUCTS) } else { table }
}

/// What `cell` executed over what the dense variant of the same environment, networks and steps did: the one whose
/// own training is what the others' would be dense. None where there is no such variant, or where
/// there are several.
fn executed_of_dense(cell: &Cell, cells: &[Cell]) -> Option<f64> {
    let dense = |other: &&Cell| {
        other.at.env == cell.at.env
            && other.training == TrainingFlops { model: cell.training.dense, ..cell.training }
    };
    let mut same = cells.iter().filter(dense);
    let (one, another) = (same.next()?, same.next());
    // An agent without networks executes nothing.
    let dense = one.executed().filter(|executed| *executed > 0.0)?;
    if another.is_some() { None } else { Some(cell.executed()? / dense) }
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
    use crate::variant::Coordinates;

    fn cell(variant: &str, training: (f64, f64), executed: &[u64]) -> Cell {
        let (model, dense) = training;
        let mut cell = Cell::new(variant.to_owned(), 0, Coordinates::default(), Vec::new());
        cell.executed = executed.to_vec();
        cell.training = TrainingFlops { model, dense };
        cell
    }

    #[test]
    fn executed_beside_the_dense_variant_of_the_same_training() {
        let cells = [
            cell("dense", (100.0, 100.0), &[1000, 3000]),
            cell("rigl", (20.0, 100.0), &[500, 500]),
            cell("wide", (40.0, 400.0), &[900]),
            cell("begun", (20.0, 100.0), &[]),
        ];
        let of_dense = |at: usize| executed_of_dense(&cells[at], &cells);
        assert_eq!((of_dense(0), of_dense(1)), (Some(1.0), Some(0.25)));
        assert_eq!((of_dense(2), of_dense(3)), (None, None));
        let twice = [cells[0].clone(), cells[0].clone(), cells[1].clone()];
        assert_eq!(executed_of_dense(&twice[2], &twice), None);
    }
}
