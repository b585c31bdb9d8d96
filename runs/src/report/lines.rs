//! A report for programs: each cell and group with every number in full.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value as Json;

use crate::comparison::{Cell, Comparison, Group};
use crate::error::Error;
use crate::statistics::Estimate;

/// What a cell came to, as a line of CSV.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    variant: String,
    env: String,
    agent: String,
    method: String,
    seeds: usize,
    finished: usize,
    return_iqm: Option<f64>,
    return_low: Option<f64>,
    return_high: Option<f64>,
    baseline: Option<String>,
    difference: Option<f64>,
    difference_low: Option<f64>,
    difference_high: Option<f64>,
    ratio: Option<f64>,
    ratio_low: Option<f64>,
    ratio_high: Option<f64>,
    paired: Option<bool>,
    sign_flip_p: Option<f64>,
    active_parameters: Option<u64>,
    parameters: Option<u64>,
    density: Option<f64>,
    forward_flops: Option<u64>,
    training_flops: f64,
    executed_flops: Option<f64>,
    job_seconds: f64,
    env_steps_per_s: Option<f64>,
}

/// A cell with what CSV has no place for.
#[derive(Debug, Serialize)]
struct Full {
    #[serde(flatten)]
    line: Line,
    axes: BTreeMap<String, Json>,
    scores: BTreeMap<u64, f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    robustness: Vec<Under>,
}

/// Returns of the last policies under other options of the env.
#[derive(Debug, Serialize)]
struct Under {
    options: BTreeMap<String, Json>,
    returns: BTreeMap<u64, f64>,
}

#[derive(Debug, Serialize)]
struct OverTasks {
    group: String,
    envs: Vec<String>,
    scored: usize,
    partial: bool,
    iqm: Option<Ends>,
    mean: Option<Ends>,
    median: Option<Ends>,
    optimality_gap: Option<Ends>,
    improvement_over_baseline: Option<Ends>,
}

/// An estimate with its interval.
#[derive(Debug, Serialize)]
struct Ends {
    value: f64,
    low: Option<f64>,
    high: Option<f64>,
}

impl Ends {
    fn of(estimate: Option<&Estimate>) -> Option<Self> {
        let Estimate { value, interval } = estimate?;
        let (low, high) = (interval.map(|it| it.low), interval.map(|it| it.high));
        Some(Self { value: *value, low, high })
    }
}

/// The lines of all cells.
pub fn lines(of: &Comparison) -> Vec<Line> {
    of.cells.iter().map(|cell| line(cell, of)).collect()
}

fn line(cell: &Cell, of: &Comparison) -> Line {
    let score = Ends::of(cell.score.as_ref());
    let against = cell.against.as_ref();
    let difference = Ends::of(against.map(|it| &it.difference));
    let ratio = Ends::of(against.and_then(|it| it.ratio.as_ref()));
    let sizes = cell.sizes.as_ref();
    let low = |ends: &Option<Ends>| ends.as_ref().and_then(|ends| ends.low);
    let high = |ends: &Option<Ends>| ends.as_ref().and_then(|ends| ends.high);
    let value = |ends: &Option<Ends>| ends.as_ref().map(|ends| ends.value);
    Line {
        variant: cell.label.clone(),
        env: cell.at.env.clone(),
        agent: cell.at.agent.clone(),
        method: cell.at.method.clone(),
        seeds: cell.jobs.len(),
        finished: cell.finished,
        return_iqm: value(&score),
        return_low: low(&score),
        return_high: high(&score),
        baseline: against.map(|it| of.cells[it.baseline].label.clone()),
        difference: value(&difference),
        difference_low: low(&difference),
        difference_high: high(&difference),
        ratio: value(&ratio),
        ratio_low: low(&ratio),
        ratio_high: high(&ratio),
        paired: against.map(|it| it.paired),
        sign_flip_p: against.and_then(|it| it.p),
        active_parameters: sizes.map(|sizes| sizes.active_parameters),
        parameters: sizes.map(|sizes| sizes.parameters),
        density: sizes.map(|sizes| sizes.density),
        forward_flops: sizes.map(|sizes| sizes.forward_flops),
        training_flops: cell.training.model,
        executed_flops: cell.executed(),
        job_seconds: cell.wall_s,
        env_steps_per_s: cell.steps_per_s(),
    }
}

/// What each seed reached under each combination of options, in the order of the first.
fn under(cell: &Cell) -> Vec<Under> {
    let mut all: Vec<Under> = Vec::new();
    for job in &cell.jobs {
        for held in &job.robustness {
            let known = all.iter_mut().find(|under| under.options == held.options);
            match known {
                Some(under) => drop(under.returns.insert(job.seed, held.mean_return)),
                None => all.push(Under {
                    options: held.options.clone(),
                    returns: BTreeMap::from([(job.seed, held.mean_return)]),
                }),
            }
        }
    }
    all
}

/// The lines as CSV.
pub fn csv(of: &Comparison) -> Result<String, Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for line in lines(of) {
        writer.serialize(line).map_err(Error::system("write the table as CSV"))?;
    }
    let bytes = writer.into_inner().map_err(Error::system("write the table as CSV"))?;
    String::from_utf8(bytes).map_err(Error::system("write the table as CSV"))
}

/// Everything as JSON.
pub fn json(of: &Comparison) -> Json {
    let full = |cell: &Cell| Full {
        line: line(cell, of),
        axes: cell.at.axes.clone(),
        scores: cell.scores.iter().map(|scored| (scored.seed, scored.score)).collect(),
        robustness: under(cell),
    };
    let over = |group: &Group| OverTasks {
        group: group.label.clone(),
        envs: group.cells.iter().map(|place| of.cells[*place].at.env.clone()).collect(),
        scored: group.scored,
        partial: group.partial,
        iqm: Ends::of(group.iqm.as_ref()),
        mean: Ends::of(group.mean.as_ref()),
        median: Ends::of(group.median.as_ref()),
        optimality_gap: Ends::of(group.optimality_gap.as_ref()),
        improvement_over_baseline: Ends::of(
            group.lead.as_ref().and_then(|lead| lead.improvement.as_ref()),
        ),
    };
    let scales: BTreeMap<&str, _> =
        of.tasks.iter().map(|task| (task.env.as_str(), &task.scale)).collect();
    serde_json::json!({
        "name": of.name,
        "baseline": of.baseline,
        "variants": of.cells.iter().map(full).collect::<Vec<_>>(),
        "claims": of.claims,
        "over_tasks": of.groups.iter().map(over).collect::<Vec<_>>(),
        "scales": scales,
        "notes": super::notes(of),
    })
}
