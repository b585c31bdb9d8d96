//! Checks of keys that several agents have.

use std::fmt;

use serde_json::Value;
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

/// Gives the value of the key `short` to each of the keys `of` that is not typed, and takes it away. Where all of them
/// are typed it stays, and [`told_twice`] refuses it.
pub fn spread(typed: &mut Value, short: &str, of: &[&str]) {
    let Value::Object(typed) = typed else { return };
    let missing = |key: &&&str| typed.get(**key).is_none_or(Value::is_null);
    let missing: Vec<_> = of.iter().filter(missing).copied().collect();
    if missing.is_empty() {
        return;
    }
    let Some(value) = typed.remove(short).filter(|value| !value.is_null()) else { return };
    for key in missing {
        typed.insert(key.to_owned(), value.clone());
    }
}

/// Refuses the key `short` beside those that [`spread`] would have given its value.
pub fn told_twice<T: fmt::Debug>(
    short: &str,
    value: Option<&T>,
    of: &[&str],
) -> Result<(), KeyError> {
    let Some(value) = value else { return Ok(()) };
    let allowed = format!("no {short} beside {}, which leave nothing to it", of.join(" and "));
    Err(KeyError::new(
        short,
        format!("{value:?}"),
        allowed,
        format!("{}, or {short}: null", of.join(" and ")),
    ))
}
