//! What the comparison showed, in words: the sparsest that holds against the baseline, by how much, and how sure that
//! is.

use crate::chart::Format;
use crate::comparison::{Cell, Comparison, FEW_SEEDS, Group};
use crate::report::figure::spoken;
use crate::statistics::{Estimate, Interval};
use crate::table::counted;

/// What reaches so much of the baseline holds against it.
const HOLDS: f64 = 0.9;

/// A variant beside the baseline.
struct Contender<'a> {
    name: String,
    base: String,
    cell: &'a Cell,
    dense: &'a Cell,
    ratio: Option<&'a Estimate>,
    difference: &'a Estimate,
}

/// Sentences for the top of the page, the first of them the result.
pub fn sentences(comparison: &Comparison) -> Vec<String> {
    let scored: Vec<&Cell> = comparison.cells.iter().filter(|cell| cell.score.is_some()).collect();
    if scored.is_empty() {
        return vec!["No seed has been evaluated yet.".to_owned()];
    }
    let all: Vec<Contender> =
        scored.iter().filter_map(|cell| contender(cell, comparison)).collect();
    let Some(one) = chosen(&all) else { return vec![best(&scored, comparison)] };
    let (finished, planned) = (comparison.finished(), comparison.planned());
    let part =
        format!("This is of {finished} of {planned} jobs; the others have not reached their end.");
    let part = (finished < planned).then_some(part);
    let of_one = [one.result(comparison), one.verdict()];
    let foil = one.foil(&all).map(Contender::told);
    over_tasks(comparison).into_iter().chain(of_one).chain(foil).chain(part).collect()
}

fn contender<'a>(cell: &'a Cell, comparison: &'a Comparison) -> Option<Contender<'a>> {
    let against = cell.against.as_ref()?;
    let dense = comparison.cells.get(against.baseline)?;
    Some(Contender {
        name: spoken(cell, comparison),
        base: spoken(dense, comparison),
        cell,
        dense,
        ratio: against.ratio.as_ref(),
        difference: &against.difference,
    })
}

/// The sparsest that holds, or else the one that comes nearest.
fn chosen<'a, 'b>(all: &'b [Contender<'a>]) -> Option<&'b Contender<'a>> {
    let ratio = |one: &Contender| one.ratio.map_or(f64::NEG_INFINITY, |ratio| ratio.value);
    let holds = |one: &&Contender| ratio(one) >= HOLDS && !one.cell.is_dense();
    let sparsest = all
        .iter()
        .filter(holds)
        .min_by(|a, b| a.density().total_cmp(&b.density()).then(ratio(b).total_cmp(&ratio(a))));
    let nearest = || {
        all.iter().max_by(|a, b| {
            ratio(a).total_cmp(&ratio(b)).then(a.difference.value.total_cmp(&b.difference.value))
        })
    };
    sparsest.or_else(nearest)
}

/// Where nothing is a baseline.
fn best(scored: &[&Cell], comparison: &Comparison) -> String {
    let value = |cell: &Cell| cell.score.as_ref().map_or(f64::NEG_INFINITY, |score| score.value);
    let best = scored.iter().max_by(|a, b| value(a).total_cmp(&value(b)));
    let Some((cell, score)) = best.and_then(|cell| Some((cell, cell.score.as_ref()?))) else {
        return "No seed has been evaluated yet.".to_owned();
    };
    format!(
        "{} reaches a return of {} over {} on {}, the highest of {}.",
        capital(&spoken(cell, comparison)),
        estimate(score),
        counted(cell.scores.len(), ["seed", "seeds"]),
        cell.at.env,
        counted(scored.len(), ["variant", "variants"]),
    )
}

impl Contender<'_> {
    fn density(&self) -> f64 {
        self.cell.sizes.as_ref().map_or(1.0, |sizes| sizes.density)
    }

    /// `RigL at 95 % reaches 0.93 of dense [0.88, 0.97] with 5 % of its weights, 4.1 times as fast.`
    fn result(&self, comparison: &Comparison) -> String {
        let Self { name, base, .. } = self;
        let on = match comparison.tasks.len() {
            0 | 1 => String::new(),
            _ => format!(" on {}", self.cell.at.env),
        };
        let reached = match self.ratio {
            Some(ratio) => {
                let interval = ratio.interval.as_ref().map(hundredths).unwrap_or_default();
                format!("reaches {:.2} of {base}{interval}", ratio.value)
            }
            None => {
                let side = if self.difference.value < 0.0 { "below" } else { "above" };
                let size = Format::Number.told(self.difference.value.abs());
                let interval = self
                    .difference
                    .interval
                    .as_ref()
                    .map(|at| format!(" (difference{})", interval(at)));
                format!("ends {size} {side} {base}{}", interval.unwrap_or_default())
            }
        };
        let weights = match (&self.cell.sizes, &self.dense.sizes) {
            (Some(own), Some(of)) if own.active_parameters < of.active_parameters => {
                let share = own.active_parameters as f64 / of.active_parameters as f64;
                format!(" with {} of its parameters", Format::Percent.told(share))
            }
            _ => String::new(),
        };
        let speed = match (self.cell.steps_per_s(), self.dense.steps_per_s()) {
            (Some(own), Some(of)) if own > of => {
                format!(", {} times as fast", Format::Number.told((own / of * 10.0).round() / 10.0))
            }
            (Some(own), Some(of)) => {
                format!(
                    ", at {} of its speed",
                    Format::Percent.told((own / of * 100.0).round() / 100.0)
                )
            }
            _ => String::new(),
        };
        format!("{}{on} {reached}{weights}{speed}.", capital(name))
    }

    /// How sure it is.
    fn verdict(&self) -> String {
        let seeds = self.cell.scores.len().min(self.dense.scores.len());
        let counted = counted(seeds, ["seed", "seeds"]);
        let Some(Interval { low, high }) = &self.difference.interval else {
            return format!(
                "With {counted} there is no interval, and nothing can be said of how sure this is."
            );
        };
        let apart = *low > 0.0 || *high < 0.0;
        let base = &self.base;
        let shown = match (apart, *high < 0.0) {
            (false, _) => {
                format!("The interval of the difference holds 0: no difference to {base} is shown.")
            }
            (true, true) => {
                format!("The interval of the difference lies below 0: it is worse than {base}.")
            }
            (true, false) => {
                format!("The interval of the difference lies above 0: it is better than {base}.")
            }
        };
        match seeds < FEW_SEEDS {
            true => format!(
                "{shown} But {counted} are too few for a claim; use at least {FEW_SEEDS}, better 10."
            ),
            false => format!("{shown} Over {counted} each; 95 % bootstrap intervals."),
        }
    }

    /// The worst of the same sparsity on the same environment, where that is clearly worse.
    fn foil<'b>(&self, all: &'b [Self]) -> Option<&'b Self>
    where
        Self: 'b,
    {
        let same = |other: &&Self| {
            let near = (other.density() / self.density()).ln().abs() < 0.1;
            near && other.cell.at.env == self.cell.at.env
        };
        let worse = |other: &&Self| {
            other.difference.interval.as_ref().is_some_and(|interval| interval.high < 0.0)
                && other.difference.value < self.difference.value
        };
        let value = |one: &&Self| one.difference.value;
        all.iter().filter(same).filter(worse).min_by(|a, b| value(a).total_cmp(&value(b)))
    }

    /// As the one that fails where another holds.
    fn told(&self) -> String {
        let reached = match self.ratio {
            Some(ratio) => format!("reaches {}", parts(ratio)),
            None => format!("differs by {}", estimate(self.difference)),
        };
        format!("At the same density {} {reached} of {}.", self.name, self.base)
    }
}

/// A group beside the baseline's.
struct OverTasks<'a> {
    /// Its first cell, and the baseline's.
    cell: &'a Cell,
    base: &'a Cell,
    ratio: &'a Estimate,
    /// Its active parameters over those of the baseline, on all tasks.
    share: f64,
}

impl<'a> OverTasks<'a> {
    fn of(group: &'a Group, comparison: &'a Comparison) -> Option<Self> {
        let lead = group.lead.as_ref()?;
        let base = comparison.groups.get(lead.baseline)?;
        let first = |group: &Group| comparison.cells.get(*group.cells.first()?);
        // Only what both have begun is counted, each with its own environment's baseline.
        let sizes =
            |at: &usize| comparison.cells.get(*at)?.sizes.map(|sizes| sizes.active_parameters);
        let both = group.cells.iter().zip(&base.cells);
        let both: Vec<[u64; 2]> =
            both.filter_map(|(own, of)| Some([sizes(own)?, sizes(of)?])).collect();
        let sum = |at: usize| both.iter().map(|pair| pair[at] as f64).sum::<f64>();
        let share = sum(0) / sum(1).max(1.0);
        Some(Self { cell: first(group)?, base: first(base)?, ratio: lead.ratio.as_ref()?, share })
    }
}

/// The sparsest group that holds against the baseline's over all tasks, or else the one that comes nearest.
fn over_tasks(comparison: &Comparison) -> Option<String> {
    let tasks = comparison.tasks.len();
    let all: Vec<OverTasks> =
        comparison.groups.iter().filter_map(|group| OverTasks::of(group, comparison)).collect();
    let sparsest = all
        .iter()
        .filter(|lead| lead.ratio.value >= HOLDS && lead.share < 1.0)
        .min_by(|a, b| a.share.total_cmp(&b.share).then(b.ratio.value.total_cmp(&a.ratio.value)));
    let nearest = || all.iter().max_by(|a, b| a.ratio.value.total_cmp(&b.ratio.value));
    let OverTasks { cell, base, ratio, share } = sparsest.or_else(nearest).filter(|_| tasks > 1)?;
    Some(format!(
        "Over all {tasks} environments {} reaches {} of {} in the interquartile mean of normalised scores, with {} of its \
         parameters.",
        spoken(cell, comparison),
        parts(ratio),
        spoken(base, comparison),
        Format::Percent.told(*share),
    ))
}

/// `0.93 [0.88, 0.97]`.
fn parts(ratio: &Estimate) -> String {
    let interval = ratio.interval.as_ref().map(hundredths).unwrap_or_default();
    format!("{:.2}{interval}", ratio.value)
}

fn hundredths(Interval { low, high }: &Interval) -> String {
    format!(" [{low:.2}, {high:.2}]")
}

fn estimate(estimate: &Estimate) -> String {
    let interval = estimate.interval.as_ref().map(interval).unwrap_or_default();
    Format::Number.told(estimate.value) + &interval
}

/// ` [0.88, 0.97]`.
fn interval(Interval { low, high }: &Interval) -> String {
    format!(" [{}, {}]", Format::Number.told(*low), Format::Number.told(*high))
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
