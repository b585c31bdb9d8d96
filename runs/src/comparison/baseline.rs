//! What others are compared with, and how they stand beside it.

use std::collections::BTreeMap;

use super::against::Against;
use super::cell::Cell;
use super::resamples::bootstrap;
use crate::names::stands_for;
use crate::statistics::{Aggregate, Pair, Pairs, Scores, sign_flip_p};

/// The name of the baseline: that which was chosen, or else the first variant that is dense, if there is one.
pub fn name(chosen: Option<&str>, cells: &[Cell]) -> Option<String> {
    match chosen {
        Some(name) => Some(name.to_owned()),
        None => {
            let dense = cells.iter().find(|cell| cell.is_dense())?;
            let of = &dense.at.variant;
            Some(if of.is_empty() { dense.at.name.clone() } else { of.clone() })
        }
    }
}

/// The cell that stands for the variant `wanted` beside the cell `of`: on the same environment, and of several one of the same
/// run, that which shares most axes with it.
pub fn of_cell(wanted: &str, of: &Cell, cells: &[Cell]) -> Option<usize> {
    let shared = |other: &Cell| {
        other.at.axes.iter().filter(|(key, value)| of.at.axes.get(*key) == Some(value)).count()
    };
    let is = |cell: &Cell| {
        (stands_for(wanted, &cell.at.name) || wanted == cell.label) && cell.at.env == of.at.env
    };
    let fitting = cells.iter().enumerate().filter(|(_, cell)| is(cell));
    // Of several that fit equally well the first.
    fitting.rev().max_by_key(|(_, cell)| (cell.run == of.run, shared(cell))).map(|(at, _)| at)
}

/// Compares each cell with the baseline that stands beside it.
pub fn compare(baseline: Option<&str>, cells: &mut [Cell]) {
    let Some(wanted) = baseline else { return };
    let against = |(at, cell): (usize, &Cell)| {
        let place = of_cell(wanted, cell, cells).filter(|place| *place != at)?;
        between(cell, &cells[place], place)
    };
    let all: Vec<Option<Against>> = cells.iter().enumerate().map(against).collect();
    for (cell, against) in cells.iter_mut().zip(all) {
        cell.against = against;
    }
}

/// How `cell` stands beside `base`, which has the `place` among the cells.
pub fn between(cell: &Cell, base: &Cell, place: usize) -> Option<Against> {
    let bootstrap = bootstrap(&format!("{} - {}", cell.label, base.label));
    let iqm = Aggregate::Iqm;
    let pairs = pairs(cell, base);
    // A seed that one of the two lacks would be left out of pairs.
    if pairs.len() > 1 && pairs.len() == cell.scores.len() && pairs.len() == base.scores.len() {
        let pairs = Pairs::new(vec![pairs]);
        let difference = bootstrap.paired_difference(iqm, &pairs)?;
        let ratio = bootstrap.paired_ratio(iqm, &pairs);
        let p = sign_flip_p(&pairs, bootstrap.resamples, &bootstrap.seed);
        return Some(Against { baseline: place, difference, ratio, paired: true, p });
    }
    let of = |cell: &Cell| Scores::new(vec![cell.values()]);
    let difference = bootstrap.difference(iqm, &of(cell), &of(base))?;
    let ratio = bootstrap.ratio(iqm, &of(cell), &of(base));
    Some(Against { baseline: place, difference, ratio, paired: false, p: None })
}

/// The scores of the seeds that both have.
pub fn pairs(cell: &Cell, base: &Cell) -> Vec<Pair> {
    let of: BTreeMap<u64, f64> =
        base.scores.iter().map(|scored| (scored.seed, scored.score)).collect();
    let pair = |x: f64, seed: u64| of.get(&seed).map(|y| Pair { x, y: *y });
    cell.scores.iter().filter_map(|scored| pair(scored.score, scored.seed)).collect()
}
