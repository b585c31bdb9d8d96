//! What each task gains from scale: `--gain KEY --by env,family`, the analysis of Gopher over scales and tasks (Rae et al.
//! 2021, 2112.11446, section 4) for normalised scores.
//!
//! For a task t with scores s that are normalised to 0 … 1, of the smallest and the largest value of the key:
//!
//! * gain Δ_t = s_t(large) − s_t(small), of the means over seeds; relative gain Δ_t / (1 − s_t(small));
//! * slope: least squares of the means of all values on log₁₀ of the value, a decade; of values that are no numbers on
//!   log₁₀ of the active weights and biases of all trained networks;
//! * P(better): the probability that a seed of the large one is better than one of the small (Agarwal et al. 2021);
//! * p: Fisher's sign-flip test of the seeds that both have, corrected by Holm over the tasks of the variant.
//!
//! Families are those of the rows of environments. Of each family and of all tasks: the mean gain, each task counting the
//! same, P(better), and the sign test over tasks, corrected by Holm over all rows of its table. Intervals are of 95 %, by
//! the bootstrap stratified by task, with seeds in pairs where both have the same. A variant, method or sparsity has rows of
//! its own, so that sparse networks stand beside dense ones.

mod by;
mod family;
mod figure;
mod tables;
mod task;

use self::by::By;
use self::task::Gains;
use super::swept::{Envs, check, groups, uneven};
use super::view::View;
use crate::comparison::{Comparison, listed};
use crate::error::{Error, Refusal};

/// A normalised score above which there is little left to gain.
const CEILING: f64 = 0.95;

/// The gains of every variant on every task along `key`, with rows as `by` says.
///
/// # Errors
/// A key that jobs do not differ in, and one whose smallest and largest value no task has both of.
pub fn view(of: &Comparison, key: &str, by: Option<&str>) -> Result<View, Error> {
    check(of, "--gain", key)?;
    let by = By::parse(by.unwrap_or(By::DEFAULT))?;
    let groups = groups(of, &[key], Envs::Together);
    let mut notes = uneven(groups.iter().flat_map(|group| group.cells.iter().copied()));
    let mut all: Vec<Gains> = Vec::new();
    for group in &groups {
        let gains = task::gains(of, group, key);
        notes.extend(gains.missing.iter().cloned());
        if !gains.tasks.is_empty() {
            all.push(gains);
        }
    }
    if all.is_empty() {
        let found = format!(
            "no variant with its smallest and its largest value at their end: {}",
            notes.join("; ")
        );
        let allowed = "a task with finished seeds at both ends";
        return Err(Refusal::argument(
            format!("--gain {key}"),
            found,
            allowed,
            "wait for the runs, or run them again",
        ));
    }
    let rows = family::rows(&all, by.family);
    notes.extend(told(of, &all));
    let id = format!("gain-{}", key.replace(['.', '_'], "-"));
    let mut shown = Vec::new();
    if by.env {
        shown.push(tables::tasks(&all));
    }
    shown.push(tables::families(&rows));
    Ok(View {
        headline: rows.iter().filter(|row| row.is_all()).map(|row| row.sentence(key)).collect(),
        tables: shown,
        notes,
        sheets: vec![tables::tasks_sheet(&id, &all), tables::families_sheet(&id, &rows)],
        figures: vec![figure::figure(of, key, &id, &all)],
        id,
    })
}

/// What a reader of gains should know.
fn told(of: &Comparison, all: &[Gains]) -> Vec<String> {
    let mut notes = Vec::new();
    let tasks = || all.iter().flat_map(|gains| gains.tasks.iter());
    let relative: Vec<&str> = of
        .tasks
        .iter()
        .filter(|task| task.scale.relative && tasks().any(|gain| gain.env == task.env))
        .map(|task| task.env.as_str())
        .collect();
    if !relative.is_empty() {
        notes.push(format!(
            "normalised by the scores that are compared, so that gains move with them: {}; --normalise ENV=LOW..HIGH for a \
             scale of its own",
            relative.join(", ")
        ));
    }
    let full: Vec<String> = tasks()
        .filter(|gain| gain.small > CEILING)
        .map(|gain| format!("{} of {}", gain.env, gain.label))
        .collect();
    if !full.is_empty() {
        notes.push(format!(
            "the smallest is above {CEILING} already and can gain little: {}",
            listed(&full)
        ));
    }
    notes
}
