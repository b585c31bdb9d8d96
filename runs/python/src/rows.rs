//! The rows of the registry and their specs, as dictionaries.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use sparring_envs::{Dtype, EnvSpec, Options, Space, registry};

use crate::arrays::{copied, shape_of};

/// A space: `{"kind": "discrete", "n": n}` or `{"kind": "box", "low": .., "high": .., "dtype": ..}`.
fn space_of<'py>(py: Python<'py>, space: &Space) -> PyResult<Bound<'py, PyDict>> {
    let to = PyDict::new(py);
    match space {
        Space::Discrete { n } => {
            to.set_item("kind", "discrete")?;
            to.set_item("n", n)?;
        }
        Space::Box { low, high, dtype, .. } => {
            to.set_item("kind", "box")?;
            to.set_item("low", copied(py, low, &shape_of(space))?)?;
            to.set_item("high", copied(py, high, &shape_of(space))?)?;
            let dtype = match dtype {
                Dtype::F32 => "float32",
                Dtype::U8 => "uint8",
            };
            to.set_item("dtype", dtype)?;
        }
    }
    Ok(to)
}

/// Observations of a discrete space are one number, as they lie in memory.
fn observed(space: &Space) -> Space {
    match space {
        Space::Discrete { n } => Space::uniform(&[1], 0.0, n.saturating_sub(1) as f32),
        Space::Box { .. } => space.clone(),
    }
}

/// What is known of an env before one is made.
pub fn spec_of<'py>(py: Python<'py>, spec: &EnvSpec) -> PyResult<Bound<'py, PyDict>> {
    let to = PyDict::new(py);
    to.set_item("id", spec.id)?;
    to.set_item("observation", space_of(py, &observed(&spec.obs))?)?;
    to.set_item("action", space_of(py, &spec.action)?)?;
    to.set_item("max_episode_steps", spec.max_episode_steps)?;
    to.set_item("reward_threshold", spec.reward_threshold)?;
    Ok(to)
}

/// All rows: `id`, `family`, `about`, `options` (key → default, what is allowed, what it does), `missing`, the feature
/// that this build lacks for it, or None, and, where it lacks none, `max_episode_steps` and `reward_threshold`.
#[pyfunction]
pub fn env_rows(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    let all = PyList::empty(py);
    for row in registry() {
        let to = PyDict::new(py);
        to.set_item("id", row.id)?;
        to.set_item("family", row.family)?;
        to.set_item("about", row.about)?;
        to.set_item("missing", row.missing().map(|feature| feature.name()))?;
        let options = PyDict::new(py);
        for option in row.options {
            options.set_item(
                option.key,
                (option.default.to_string(), option.allowed(), option.about),
            )?;
        }
        to.set_item("options", options)?;
        if let (None, Ok(spec)) = (row.missing(), row.spec(&Options::default())) {
            to.set_item("max_episode_steps", spec.max_episode_steps)?;
            to.set_item("reward_threshold", spec.reward_threshold)?;
        }
        all.append(to)?;
    }
    Ok(all)
}
