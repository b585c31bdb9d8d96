//! Whether claims hold, of what was run.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sparring_sparse::stats::mean;

use super::cell::Cell;
use super::even::{Seeds, common, keep};
use super::measured::{Measured, Scales, measured};
use super::resamples::bootstrap;
use super::task::Task;
use super::verdict::Verdict;
use crate::claim::{Claim, Measure, Relation};
use crate::names::distinct;
use crate::statistics::{Aggregate, Contrast, Estimate, Interval, Member};

/// A claim, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judged {
    /// Its name.
    pub name: String,
    /// What it says.
    pub claim: Claim,
    /// The statistic over all pairs; none where nothing can be estimated.
    pub estimate: Option<Estimate>,
    /// Pairs of cells, an environment at a time.
    pub pairs: usize,
    /// Pairs of which one has nothing to be judged by yet.
    pub missing: usize,
    /// Seeds of the cell that has fewest; 0 where none decides.
    pub seeds: usize,
    /// Results of other seeds, which not all of its cells have.
    pub left_out: usize,
    /// Whether seeds are compared each with its own.
    pub paired: bool,
    /// Whether it holds.
    pub verdict: Verdict,
    /// Why that is open.
    pub why: Option<String>,
    /// The same by the mean: of two or three unlike environments the interquartile mean drops most of one. None where there is
    /// but one, or where no seed decides.
    pub by_mean: Option<ByMean>,
}

/// What the mean of all pairs came to, and what it says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ByMean {
    /// The statistic.
    pub estimate: Estimate,
    /// Whether the claim holds by it.
    pub verdict: Verdict,
}

/// Judges the claim `name` by the `cells` of `runs`, as far as they are at their end.
pub fn judge(
    name: &str,
    claim: &Claim,
    runs: &BTreeSet<usize>,
    cells: &[Cell],
    tasks: &[Task],
) -> Judged {
    let couples = couples(claim, runs, cells);
    let scales = Scales::of(&couples, cells, tasks);
    // A cell may stand in many couples, and its metrics are long to read.
    let places: BTreeSet<usize> = couples.iter().flatten().copied().collect();
    let mut sampled: BTreeMap<usize, Seeds> = BTreeMap::new();
    let mut exact: BTreeMap<usize, f64> = BTreeMap::new();
    for place in places {
        match measured(&claim.of, &cells[place], &scales) {
            Some(Measured::Seeds(seeds)) => sampled.extend([(place, seeds)]),
            Some(Measured::Exact(value)) => exact.extend([(place, value)]),
            None => {}
        }
    }
    let of_both = |has: &dyn Fn(&usize) -> bool| -> Vec<[usize; 2]> {
        couples.iter().filter(|couple| couple.iter().all(has)).copied().collect()
    };
    let of_seeds = of_both(&|place| sampled.contains_key(place));
    let of_exact = of_both(&|place| exact.contains_key(place));
    let compared: BTreeSet<usize> = of_seeds.iter().flatten().copied().collect();
    sampled.retain(|place, _| compared.contains(place));
    let lent: Vec<[&Seeds; 2]> = of_seeds.iter().map(|pair| pair.map(|at| &sampled[&at])).collect();
    let left_out = match common(&lent) {
        Some(common) => sampled.values_mut().map(|seeds| keep(seeds, &common)).sum(),
        None => 0,
    };
    let (pairs, seeds) =
        (of_seeds.len() + of_exact.len(), sampled.values().map(BTreeMap::len).min());
    let (seeds, missing) = (seeds.unwrap_or(0), couples.len() - pairs);
    let is_paired = |[x, y]: &[usize; 2]| sampled[x].keys().eq(sampled[y].keys());
    let paired = !of_seeds.is_empty() && of_seeds.iter().all(is_paired);
    let statistic = claim.statistic();
    let is_unscaled = claim.wants_scale() && scales.are_relative();
    let contrast = contrast(&of_seeds, &sampled, cells);
    let estimate =
        statistic.filter(|_| !is_unscaled).and_then(|(relation, _)| match of_exact.is_empty() {
            true => estimate(relation, Aggregate::Iqm, contrast.as_ref()?),
            false => {
                exact_estimate(relation, of_exact.iter().map(|pair| pair.map(|at| exact[&at])))
            }
        });
    let says = |estimate: &Estimate| match statistic {
        Some((relation, bound)) => Verdict::of(estimate, bound, relation.of_equals(), seeds),
        None => Verdict::Open,
    };
    let verdict = estimate.as_ref().map_or(Verdict::Open, says);
    let envs = distinct(compared.iter().map(|at| cells[*at].at.env.as_str()));
    let by_mean = (envs.len() > 1 && estimate.is_some()).then(|| {
        let estimate = self::estimate(statistic?.0, Aggregate::Mean, contrast.as_ref()?)?;
        Some(ByMean { verdict: says(&estimate), estimate })
    });
    let by_mean = by_mean.flatten();
    let why = (verdict == Verdict::Open).then(|| match (is_unscaled, &estimate) {
        _ if pairs == 0 => nothing_of_both(claim, couples.is_empty()),
        (true, _) => "shares of returns (a ratio, a bound other than 0, what is kept) over several environments want a scale \
                      that does not go by what is compared: normalise, or --normalise ENV=LOW..HIGH"
            .to_owned(),
        (false, None) => no_number(&sampled, cells).unwrap_or_else(|| {
            "the second of its pairs is not above 0, so that there is no ratio".to_owned()
        }),
        (false, Some(_)) => {
            "there is no interval: of one seed, or of a second that comes near 0".to_owned()
        }
    });
    let (name, claim) = (name.to_owned(), claim.clone());
    Judged { name, claim, estimate, pairs, missing, seeds, left_out, paired, verdict, why, by_mean }
}

/// The places of the cells of `runs` that the claim compares, each pair once. What stands beside a cell is of the same run, or
/// else of the first that has something there.
fn couples(claim: &Claim, runs: &BTreeSet<usize>, cells: &[Cell]) -> Vec<[usize; 2]> {
    let mut couples = Vec::new();
    let of_runs = || cells.iter().enumerate().filter(|(_, cell)| runs.contains(&cell.run));
    for [one, other] in &claim.pairs {
        for (at, cell) in of_runs().filter(|(_, cell)| one.means(&cell.at)) {
            let beside: Vec<(usize, &Cell)> =
                of_runs().filter(|(_, there)| other.beside(&cell.at, &there.at)).collect();
            let own = beside.iter().find(|(_, there)| there.run == cell.run);
            let Some((_, Cell { run, .. })) = own.or(beside.first()) else { continue };
            let places = beside.iter().filter(|(_, there)| there.run == *run).map(|(at, _)| *at);
            couples.extend(places.map(|there| [at, there]));
        }
    }
    distinct(couples)
}

/// Pairs whose values differ from seed to seed. Of an environment the cells that have the same seeds are drawn together:
/// what a seed does to several of them (the same start, the same training until weights are pruned) is then no difference,
/// and a cell that stands in many pairs no more than one sample.
fn contrast(
    couples: &[[usize; 2]],
    sampled: &BTreeMap<usize, Seeds>,
    cells: &[Cell],
) -> Option<Contrast> {
    let mut draws: BTreeMap<(&str, Vec<u64>), usize> = BTreeMap::new();
    let mut values: BTreeMap<usize, (usize, Vec<f64>)> = BTreeMap::new();
    for (place, seeds) in sampled {
        let key = (cells[*place].at.env.as_str(), seeds.keys().copied().collect());
        let next = draws.len();
        let draw = *draws.entry(key).or_insert(next);
        values.insert(*place, (draw, seeds.values().copied().collect()));
    }
    let member = |place: usize| {
        let (draw, scores) = &values[&place];
        Member { draw: *draw, scores }
    };
    let pairs: Vec<[Member<'_>; 2]> = couples.iter().map(|couple| couple.map(member)).collect();
    Contrast::new(&pairs)
}

/// By `of` of each side.
fn estimate(relation: Relation, of: Aggregate, contrast: &Contrast) -> Option<Estimate> {
    let bootstrap = bootstrap("claims");
    match relation {
        Relation::Ratio => bootstrap.ratio_of_all(of, contrast),
        Relation::Difference => bootstrap.difference_of_all(of, contrast),
    }
}

/// Why none of its pairs has anything to be judged by, in words.
fn nothing_of_both(claim: &Claim, is_alone: bool) -> String {
    match &claim.of {
        _ if is_alone => "none of its pairs is compared here".to_owned(),
        Measure::Under(_) => "no policy of both has been scored under these options".to_owned(),
        Measure::Kept(_) => {
            "no policy of both has been scored under these options and has something to keep"
                .to_owned()
        }
        Measure::Metric(tag) => format!("no finished seeds of both have {tag} in metrics.csv"),
        Measure::Return | Measure::ForwardFlops | Measure::TrainingFlops | Measure::Active => {
            "no pair has finished seeds of both".to_owned()
        }
    }
}

/// The seed whose value is none, in words.
fn no_number(sampled: &BTreeMap<usize, Seeds>, cells: &[Cell]) -> Option<String> {
    let values = sampled.iter().flat_map(|(place, seeds)| seeds.iter().map(move |of| (place, of)));
    let (place, (seed, value)) = values.into_iter().find(|(_, (_, value))| !value.is_finite())?;
    let label = &cells[*place].label;
    Some(format!("{label}/seed-{seed} has {value}, which is no finite number"))
}

/// The mean over the pairs; what no seed decides lies nowhere else. None where a second of them is 0.
fn exact_estimate(
    relation: Relation,
    pairs: impl ExactSizeIterator<Item = [f64; 2]>,
) -> Option<Estimate> {
    let value = mean(pairs.map(|[x, y]| match relation {
        Relation::Ratio => x / y,
        Relation::Difference => x - y,
    }));
    let interval = Some(Interval { low: value, high: value });
    value.is_finite().then_some(Estimate { value, interval })
}
