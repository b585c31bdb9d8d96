//! How long a run is whose budget is not told in environment steps.

use sparring_agents::AgentKeys;
use sparring_sparse::KeyError;

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
        Budget::EnvSteps => Ok(train.total_env_steps),
        Budget::Samples => of_samples(keys, around).and_then(|length| match typed {
            Some(_) if train.total_env_steps != length => Err(follows(train, length)),
            Some(_) | None => Ok(length),
        }),
        Budget::Plateau => {
            let checked = eval.map_or(Ok(()), |eval| learns(keys, around, eval));
            checked.map(|()| train.total_env_steps)
        }
    };
    match length {
        Ok(total_env_steps) => Some(TrainSettings { total_env_steps, ..train.clone() }),
        Err(error) => {
            reader.blame("train", section, error);
            None
        }
    }
}

/// The fewest environment steps, those of a whole step of all environments, whose gradient steps consume
/// `total_samples`.
fn of_samples(keys: &dyn AgentKeys, around: &Around<'_>) -> Result<u64, KeyError> {
    let wanted = around.train.total_samples.unwrap_or(1);
    let consumed = |env_steps| keys.samples(&around.env.run(env_steps));
    if consumed(MOST) < wanted {
        let allowed = format!(
            "at most the {} samples that 1e15 env steps of this agent bring",
            consumed(MOST)
        );
        let hint = "budget: env_steps, with total_env_steps";
        return Err(KeyError::new("total_samples", wanted, allowed, hint));
    }
    let (mut too_few, mut enough) = (0, MOST);
    while enough - too_few > 1 {
        let middle = too_few.midpoint(enough);
        match consumed(middle) < wanted {
            true => too_few = middle,
            false => enough = middle,
        }
    }
    Ok(enough.next_multiple_of(around.env.rows() as u64))
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
    let trained = |env_steps| keys.gradient_steps(&env.run(env_steps)) > 0;
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
