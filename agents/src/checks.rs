//! Checks of keys that several agents have.

use serde_json::{Value, json};
use sparring_sparse::{ClipNorm, KeyError, OptimizerConfig};

use crate::cadence::Cadence;
use crate::row::RunLength;

/// Refuses a memory that holds less than a batch.
pub fn replay(capacity: usize, batch_size: usize, run: &RunLength) -> Result<(), KeyError> {
    if capacity >= batch_size {
        return Ok(());
    }
    let allowed = format!("at least batch_size = {batch_size}");
    let hint = run.total_env_steps.max(batch_size as u64).to_string();
    Err(KeyError::new("replay_capacity", capacity, allowed, hint))
}

/// Refuses a run that ends before it trains.
pub fn trains(cadence: &Cadence, run: &RunLength) -> Result<(), KeyError> {
    let total = run.total_env_steps;
    if cadence.total(total, run.rows) > 0 {
        return Ok(());
    }
    let after = total.saturating_sub(cadence.warmup_env_steps);
    let (key, found, hint) = match after {
        0 => ("warmup_env_steps", cadence.warmup_env_steps, total / 10),
        _ => ("train_every_env_steps", cadence.train_every_env_steps, (after / 100).max(1)),
    };
    let allowed = format!(
        "so few that a run of train.total_env_steps = {total} trains at least once after them"
    );
    Err(KeyError::new(key, found, allowed, hint.to_string()))
}

/// Refuses the dense norm of a clipping that is not.
pub fn clipping(optimizer: &OptimizerConfig) -> Result<(), KeyError> {
    if optimizer.clip_norm == ClipNorm::Dense && optimizer.max_grad_norm.is_none() {
        let hint = "add max_grad_norm, such as 10, or remove clip_norm";
        let allowed = "active, where max_grad_norm is null";
        return Err(KeyError::new("clip_norm", "dense", allowed, hint));
    }
    Ok(())
}

/// The same where `hidden`, which is short for a perceptron as the network, is written out.
pub fn long_form(mut typed: Value) -> Value {
    if let Value::Object(all) = &mut typed
        && all.get("network").is_none_or(Value::is_null)
        && let Some(hidden) = all.remove("hidden").filter(|hidden| !hidden.is_null())
    {
        all.insert("network".to_owned(), json!({"kind": "mlp", "hidden": hidden}));
    }
    typed
}

/// Keys of agents with an actor and critics that stand for one of each.
const SHORT: [(&str, [&str; 2]); 2] =
    [("hidden", ["actor_hidden", "critic_hidden"]), ("width", ["actor_width", "critic_width"])];

/// Gives the value of `hidden` and of `width` to each key of one network that is not typed, and takes it away. Where both
/// networks have their own it stays, and [`told_twice`] refuses it.
pub fn spread(typed: &mut Value) {
    let Value::Object(typed) = typed else { return };
    for (short, of) in SHORT {
        let missing = |key: &&str| typed.get(*key).is_none_or(Value::is_null);
        let missing: Vec<_> = of.into_iter().filter(missing).collect();
        if missing.is_empty() {
            continue;
        }
        let Some(value) = typed.remove(short).filter(|value| !value.is_null()) else { continue };
        for key in missing {
            typed.insert(key.to_owned(), value.clone());
        }
    }
}

/// Refuses what [`spread`] has left of `hidden` and `width`, whose values these are.
pub fn told_twice(hidden: Option<&Vec<usize>>, width: Option<f64>) -> Result<(), KeyError> {
    let values =
        [hidden.map(|value| format!("{value:?}")), width.map(|value| format!("{value:?}"))];
    for ((short, of), value) in SHORT.into_iter().zip(values) {
        let Some(value) = value else { continue };
        let of = of.join(" and ");
        let allowed = format!("no {short} beside {of}, which leave nothing to it");
        return Err(KeyError::new(short, value, allowed, format!("{of}, or {short}: null")));
    }
    Ok(())
}
