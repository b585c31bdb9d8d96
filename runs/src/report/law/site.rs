//! A cell as laws see it: how large, how often updated, how dear, and how its seeds learn.

use super::ask::Ask;
use crate::comparison::{Cell, Comparison};
use crate::laws::isotonic::isotonic;
use crate::laws::threshold::{mean_curve, reached};
use crate::metrics::{Logged, track};
use crate::normalise::Scale;
use crate::report::args::Size;
use crate::report::figure::methods::sparsity;
use crate::report::swept::number;
use crate::results::{JobResult, Progress, clock_of};
use crate::sizes::Sizes;
use crate::statistics::{Curve, Curves, Point};

/// A cell with finished seeds.
#[derive(Clone, Debug)]
pub struct Site<'a> {
    /// The cell.
    pub cell: &'a Cell,
    /// N.
    pub n: f64,
    /// Active weights and biases of all trained networks.
    pub active: f64,
    /// Those over the weights and biases of the whole shape.
    pub density: f64,
    /// Operations of one sample's forward pass.
    pub flops: f64,
    /// Updates a step, σ: as the agent's keys say, or as they were counted where it has none of these.
    pub utd: f64,
    /// Operations of the training by the model, an env step.
    pub per_step: f64,
    /// Its finished seeds.
    pub runs: Vec<Run>,
    /// Their normalised learning curves on common steps, or a loss with its sign turned.
    pub curves: Curves,
    /// What their steps are.
    pub clock: &'static str,
    /// Whether several agents are compared.
    agents: bool,
}

/// A finished seed.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its run seed.
    pub seed: u64,
    /// Its normalised score.
    pub score: f64,
    /// Its evaluations, normalised.
    pub points: Vec<Point>,
}

/// A site whose seeds count so often.
#[derive(Clone, Copy, Debug)]
pub struct Drawn<'a> {
    /// The site.
    pub site: &'a Site<'a>,
    /// Its place among those that are fitted together.
    pub place: usize,
    /// Seed by seed.
    pub weights: &'a [f64],
}

impl Drawn<'_> {
    /// Env steps to `threshold`: the first step at which the mean curve, made to rise, is there; infinite where it never is.
    pub fn reached(&self, threshold: f64) -> f64 {
        reached(&self.site.curves, self.weights, threshold)
    }

    /// What is left at each of the common steps: of the mean curve, made to rise, what it lacks to `best`.
    pub fn left(&self, best: f64) -> Vec<f64> {
        let risen = isotonic(&mean_curve(&self.site.curves, self.weights));
        risen.into_iter().map(|risen| best - risen).collect()
    }

    /// The mean of the final scores.
    pub fn score(&self) -> f64 {
        let counted = self.site.runs.iter().zip(self.weights);
        let sum: f64 = counted.map(|(run, weight)| run.score * weight).sum();
        sum / self.weights.iter().sum::<f64>()
    }
}

impl Site<'_> {
    /// Its method, with its sparsity where it has one: `rigl at 90 %`.
    pub fn method(&self) -> String {
        let method = &self.cell.at.method;
        match sparsity(self.cell) {
            Some(sparsity) => {
                format!("{method} at {}", crate::chart::Format::Percent.told(sparsity))
            }
            None => method.clone(),
        }
    }

    /// Its environment, with its agent where several are compared.
    pub fn place(&self) -> String {
        match self.agents {
            true => format!("{} {}", self.cell.at.env, self.cell.at.agent),
            false => self.cell.at.env.clone(),
        }
    }

    /// Both.
    pub fn lineup(&self) -> String {
        format!("{} {}", self.place(), self.method())
    }
}

/// The sites of all cells, and why some cells are none.
pub fn sites<'a>(of: &'a Comparison, ask: &Ask) -> (Vec<Site<'a>>, Vec<String>) {
    let (mut sites, mut notes) = (Vec::new(), Vec::new());
    let agents = of
        .cells
        .iter()
        .any(|cell| Some(&cell.at.agent) != of.cells.first().map(|first| &first.at.agent));
    for cell in &of.cells {
        let Some(task) = of.tasks.iter().find(|task| task.env == cell.at.env) else { continue };
        let runs: Vec<Run> = cell
            .jobs
            .iter()
            .filter(|job| job.progress == Progress::Finished)
            .filter_map(|job| match &ask.loss {
                Some(tag) => falling(job, tag),
                None => run(job, &task.scale),
            })
            .collect();
        let curve = |run: &Run| Curve::new(run.points.clone());
        let curves = Curves::new(&[runs.iter().map(curve).collect()]);
        match (&cell.sizes, runs.is_empty(), curves.steps.is_empty()) {
            (_, true, _) => {
                // That it has no finished seeds is told of all views.
                let finished = cell.jobs.iter().any(|job| job.progress == Progress::Finished);
                if let (Some(tag), true) = (&ask.loss, finished) {
                    notes.push(format!("{}: no {tag} in metrics.csv, left out", cell.label));
                }
            }
            (None, false, _) => {
                notes.push(format!("{}: no sizes of its networks, left out", cell.label))
            }
            (Some(_), false, true) => {
                notes.push(format!("{}: seeds without a common step, left out", cell.label));
            }
            (Some(sizes), false, false) => sites.push(Site {
                cell,
                n: match ask.size {
                    Size::Active => sizes.active_parameters,
                    Size::Total => sizes.parameters,
                    Size::Flops => sizes.forward_flops,
                } as f64,
                active: sizes.active_parameters as f64,
                density: density(sizes),
                flops: sizes.forward_flops as f64,
                utd: utd(cell),
                per_step: cell.training.model / total(cell, &curves),
                clock: cell.jobs.first().map_or("steps", |job| clock_of(&job.settings)),
                runs,
                curves,
                agents,
            }),
        }
    }
    (sites, notes)
}

fn run(job: &JobResult, scale: &Scale) -> Option<Run> {
    let point = |at: &crate::results::Evaluation| Point {
        step: at.step as f64,
        value: scale.normalise(at.mean_return),
    };
    let points = job.curve.iter().map(point).collect();
    Some(Run { seed: job.seed, score: scale.normalise(job.score()?), points })
}

/// The values of `tag` with their sign turned, so that they rise as it falls; none of a job that has none.
fn falling(job: &JobResult, tag: &str) -> Option<Run> {
    let track = track(&job.folder, tag)?;
    let point = |at: &Logged| Point { step: at.step, value: -at.value };
    let points: Vec<Point> = track.values.iter().map(point).collect();
    Some(Run { seed: job.seed, score: points.last()?.value, points })
}

/// Of weights and biases, so that active over it is the whole shape.
fn density(sizes: &Sizes) -> f64 {
    sizes.active_parameters as f64 / sizes.parameters.max(1) as f64
}

/// Gradient steps an env step.
fn utd(cell: &Cell) -> f64 {
    let keys = [number(cell, "agent.gradient_steps"), number(cell, "agent.train_every_env_steps")];
    if let [Some(steps), Some(every)] = keys {
        return steps / every;
    }
    let costs = cell.jobs.iter().map(|job| &job.costs).find(|costs| costs.env_steps > 0);
    costs.map_or(0.0, |costs| costs.gradient_steps as f64 / costs.env_steps as f64)
}

/// Steps of the training that its operations are of.
fn total(cell: &Cell, curves: &Curves) -> f64 {
    let last = curves.steps.last().copied().unwrap_or(f64::NAN);
    let of = |key: &str| number(cell, key);
    of("train.total_env_steps").or(of("train.total_gradient_steps")).unwrap_or(last)
}
