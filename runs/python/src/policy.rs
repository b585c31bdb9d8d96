//! A policy that a run kept.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use numpy::{PyArray1, PyArrayDyn, PyReadonlyArray1};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use sparring::policy::KeptPolicy;
use sparring_agents::{Agent, AgentConfig, Mode, Observations};
use sparring_envs::{Actions, Dtype, EnvSpec, Obs, Space};

use crate::arrays::{copied, shape_of, take};
use crate::errors::of_program;
use crate::rows::spec_of;

/// An agent that acts as in an evaluation.
#[pyclass(frozen, module = "sparring._sparring")]
pub struct Policy {
    spec: EnvSpec,
    origin: String,
    agent_kind: &'static str,
    /// Leaves nothing to chance.
    greedy: Mutex<Box<dyn Agent>>,
    /// Draws as an evaluation does; none where that draws nothing.
    chance: Option<Mutex<Box<dyn Agent>>>,
}

#[pymethods]
impl Policy {
    /// The policy in `folder`, that of a job or of one of its checkpoints.
    #[new]
    fn new(py: Python<'_>, folder: PathBuf, set: Vec<String>, seed: u64) -> PyResult<Self> {
        let made = py.detach(|| {
            let kept = KeptPolicy::find(&folder, &set)?;
            let config = &kept.variant.settings.agent;
            let (greedy, acting): (AgentConfig, AgentConfig) = (config.greedy(), config.acting());
            let chance = match greedy == acting {
                true => None,
                false => Some(Mutex::new(kept.agent(&acting, seed)?)),
            };
            Ok(Self {
                origin: kept.origin.to_string(),
                agent_kind: config.row().name,
                greedy: Mutex::new(kept.agent(&greedy, seed)?),
                chance,
                spec: kept.variant.spec,
            })
        });
        made.map_err(of_program)
    }

    /// Where it was read from, and after how many steps.
    #[getter]
    fn origin(&self) -> &str {
        &self.origin
    }

    /// Who learned it.
    #[getter]
    fn agent(&self) -> &str {
        self.agent_kind
    }

    /// What it plays.
    fn spec<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        spec_of(py, &self.spec)
    }

    /// The action for each row of `obs`, `(n, shape…)`; `first` says which begin an episode, `(n)`.
    fn act<'py>(
        &self,
        py: Python<'py>,
        obs: &Bound<'py, PyAny>,
        first: PyReadonlyArray1<'py, bool>,
        deterministic: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let agent = match (&self.chance, deterministic) {
            (_, true) => &self.greedy,
            (Some(chance), false) => chance,
            (None, false) => {
                return Err(PyValueError::new_err(format!(
                    "deterministic is False, but the kept policy of {} leaves nothing to chance; pass True",
                    self.agent_kind
                )));
            }
        };
        let first =
            first.as_slice().map_err(|error| PyValueError::new_err(error.to_string()))?.to_vec();
        let shape: Vec<_> = [first.len()].into_iter().chain(shape_of(&self.spec.obs)).collect();
        let (mut floats, mut bytes) = (Vec::new(), Vec::new());
        match self.spec.obs.dtype() {
            Dtype::F32 => take(obs.cast::<PyArrayDyn<f32>>()?, &shape, &mut floats, |x| x)?,
            Dtype::U8 => take(obs.cast::<PyArrayDyn<u8>>()?, &shape, &mut bytes, |x| x)?,
        }
        let acted = py.detach(|| {
            let obs = match self.spec.obs.dtype() {
                Dtype::F32 => Obs::F32(&floats),
                Dtype::U8 => Obs::U8(&bytes),
            };
            let envs: Vec<_> = (0..first.len()).collect();
            let mut agent = agent.lock().unwrap_or_else(PoisonError::into_inner);
            let rewards = vec![0.0; envs.len()];
            let seen = Observations { obs, envs: &envs, first: &first, rewards: &rewards };
            agent.act(seen, Mode::Eval).map(|actions| match actions {
                Actions::Discrete(all) => (all.iter().map(|one| i64::from(*one)).collect(), vec![]),
                Actions::Continuous(all) => (vec![], all.to_vec()),
            })
        });
        let (discrete, continuous): (Vec<i64>, Vec<f32>) =
            acted.map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
        match &self.spec.action {
            Space::Discrete { .. } => Ok(PyArray1::from_vec(py, discrete).into_any()),
            Space::Box { shape, .. } => {
                let shape: Vec<_> =
                    [first.len()].into_iter().chain(shape.iter().copied()).collect();
                copied(py, &continuous, &shape)
            }
        }
    }
}
