//! Environments, and the scales on which their returns become comparable.

use super::cell::Cell;
use crate::normalise::{Normalise, Scale};

/// An environment.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// Its id.
    pub env: String,
    /// How its returns are normalised.
    pub scale: Scale,
}

/// The tasks of `cells`, each once.
pub fn tasks(cells: &[Cell], normalise: &Normalise) -> Vec<Task> {
    let mut tasks: Vec<Task> = Vec::new();
    for cell in cells {
        let env = &cell.at.env;
        if tasks.iter().any(|task| task.env == *env) {
            continue;
        }
        let same = cells.iter().filter(|other| other.at.env == *env);
        let scores: Vec<f64> = same.flat_map(Cell::values).collect();
        tasks.push(Task { env: env.clone(), scale: normalise.scale(env, &scores) });
    }
    tasks
}
