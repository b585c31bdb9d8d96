//! How long a run is whose budget is not told in environment steps.

use sparring_agents::{AgentKeys, RunLength};
use sparring_sparse::KeyError;
use sparring_sparse::keys::to_value;

use super::agent::Around;
use crate::evaluate::EvalSettings;
use crate::keys::Reader;
use crate::train::budget::Budget;
use crate::train::settings::TrainSettings;
use crate::yaml::{Node, Value};

/// Environment steps that no run takes.
const MOST: u64 = 1_000_000_000_000_000;

/// The section `train` with the length of the run of an agent of these `keys`; nothing where it has none.
pub fn resolve(
    reader: &mut Reader,
    tree: &Node,
    keys: &dyn AgentKeys,
    around: &Around<'_>,
    eval: Option<&EvalSettings>,
) -> Option<TrainSettings> {
    let train = around.train;
    let absent = Node::absent();
    let section = tree.get("train").unwrap_or(&absent);
    let typed = section.get("total_env_steps").filter(|typed| typed.value != Value::Null);
    let length = match train.budget {
        Budget::EnvSteps | Budget::Samples | Budget::Plateau
            if keys.capabilities().learns_offline =>
        {
            Err(by_gradient_steps(train, keys.row().name))
        }
        Budget::EnvSteps => Ok(train.total_env_steps),
        Budget::GradientSteps if keys.capabilities().learns_offline => Ok(0),
        Budget::GradientSteps => {
            let wanted = ("total_gradient_steps", train.total_gradient_steps.unwrap_or(1));
            fewest(wanted, "gradient steps", around, |run| keys.gradient_steps(run))
        }
        Budget::Samples => {
            let wanted = ("total_samples", train.total_samples.unwrap_or(1));
            let length = fewest(wanted, "samples", around, |run| keys.samples(run));
            length.and_then(|length| match typed {
                Some(_) if train.total_env_steps != length => Err(follows(train, length)),
                Some(_) | None => Ok(length),
            })
        }
        Budget::Plateau => {
            let checked = eval.map_or(Ok(()), |eval| learns(keys, around, eval));
            checked.map(|()| train.total_env_steps)
        }
    };
    match length {
        Ok(total_env_steps) => {
            let of_run = train.total_gradient_steps.filter(|_| total_env_steps == 0);
            let hundredth = of_run.map(|total| (total / 100).max(1));
            let log_every_gradient_steps = train.log_every_gradient_steps.or(hundredth);
            Some(TrainSettings { total_env_steps, log_every_gradient_steps, ..train.clone() })
        }
        Err(error) => {
            reader.blame("train", section, error);
            None
        }
    }
}

/// The fewest environment steps, those of a whole step of all environments, that bring as much as is `wanted` of what
/// `brings` counts, which is never less in a longer run.
fn fewest(
    (key, wanted): (&str, u64),
    what: &str,
    around: &Around<'_>,
    brings: impl Fn(&RunLength) -> u64,
) -> Result<u64, KeyError> {
    let brings = |env_steps| brings(&around.env.run_of(env_steps));
    if brings(MOST) < wanted {
        let allowed =
            format!("at most the {} {what} that 1e15 env steps of this agent bring", brings(MOST));
        let hint = "budget: env_steps, with total_env_steps";
        return Err(KeyError::new(key, wanted, allowed, hint));
    }
    let (mut too_few, mut enough) = (0, MOST);
    while enough - too_few > 1 {
        let middle = too_few.midpoint(enough);
        match brings(middle) < wanted {
            true => too_few = middle,
            false => enough = middle,
        }
    }
    Ok(enough.next_multiple_of(around.env.rows() as u64))
}

fn by_gradient_steps(train: &TrainSettings, agent: &str) -> KeyError {
    let allowed = format!("gradient_steps with agent {agent}, which learns from a data set");
    let hint = "budget: gradient_steps, with total_gradient_steps: 10_000";
    let found = to_value(&train.budget);
    KeyError::new("budget", found.as_str().unwrap_or_default(), allowed, hint)
}

fn follows(train: &TrainSettings, length: u64) -> KeyError {
    let samples = train.total_samples.unwrap_or_default();
    KeyError::new(
        "total_env_steps",
        train.total_env_steps,
        format!("{length} or null, since it follows from total_samples = {samples}"),
        "total_env_steps: null",
    )
}

/// Refuses a patience that can be over before the first gradient step.
fn learns(keys: &dyn AgentKeys, around: &Around<'_>, eval: &EvalSettings) -> Result<(), KeyError> {
    let Around { env, train, .. } = around;
    let trained = |env_steps| keys.gradient_steps(&env.run_of(env_steps)) > 0;
    let every = eval.every_env_steps;
    let after = |evaluations: u64| evaluations.saturating_mul(every).min(train.total_env_steps);
    if trained(after(train.patience_evaluations)) || !trained(train.total_env_steps) {
        return Ok(());
    }
    let mut enough = train.patience_evaluations;
    while !trained(after(enough)) {
        enough = enough.saturating_mul(2);
    }
    Err(KeyError::new(
        "patience_evaluations",
        train.patience_evaluations,
        format!(
            "so many, one in eval.every_env_steps = {every}, that the agent trains before they are over"
        ),
        enough.to_string(),
    ))
}
