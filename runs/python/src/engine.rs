//! The vector engine as Python has it.

use std::mem::take as taken;
use std::sync::{Mutex, MutexGuard, PoisonError};

use numpy::{PyArray1, PyArrayDyn, PyArrayMethods, PyReadonlyArray1};
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::{PyDict, PyTuple};
use sparring::config::load_env;
use sparring::envs::check_memory;
use sparring_envs::{Actions, Autoreset, End, EnvSpec, Row, Space, VectorConfig, VectorEnv};

use crate::arrays::{copied, flags, observations, shape_of, take};
use crate::errors::{of_env, of_program};
use crate::rows::spec_of;

/// n envs of one kind, stepped together; one thread at a time, the others wait.
#[pyclass(frozen, module = "sparring._sparring")]
pub struct Engine {
    spec: EnvSpec,
    autoreset: Autoreset,
    /// Whether observations are copies; if not, they are the engine's memory.
    copy: bool,
    /// The process that has the threads of the workers; none where there are none.
    process: Option<u32>,
    /// `(num_envs, shape…)` of observations and of actions.
    obs_shape: Vec<usize>,
    action_shape: Vec<usize>,
    inner: Mutex<Inner>,
}

struct Inner {
    envs: VectorEnv,
    discrete: Vec<u32>,
    continuous: Vec<f32>,
}

/// What a batch of steps gave: observations, rewards, terminations, truncations, and the last observations of episodes
/// that ended with the envs that they are of.
type Stepped<'py> = (
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
    Option<Bound<'py, PyTuple>>,
);

#[pymethods]
impl Engine {
    /// The env `id` with what `set` changes of its options, as `sparring play --env ID --set ..` takes it, `num_envs`
    /// times, with seeds from the system. `limit` steps end an episode: 0 is no limit, None the env's own.
    #[new]
    #[pyo3(signature = (id, set, num_envs, *, workers, autoreset, copy, limit))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn new(
        py: Python<'_>,
        id: &str,
        set: Vec<String>,
        num_envs: usize,
        workers: usize,
        autoreset: &str,
        copy: bool,
        limit: Option<u32>,
    ) -> PyResult<Self> {
        let autoreset = match autoreset {
            "NextStep" => Autoreset::NextStep,
            "SameStep" => Autoreset::SameStep,
            "Disabled" => Autoreset::Disabled,
            other => {
                let allowed = "NextStep, SameStep or Disabled";
                return Err(PyValueError::new_err(format!("autoreset is {other}, not {allowed}")));
            }
        };
        let spec = load_env(id, &set).map_err(of_program)?;
        let max_episode_steps = match limit {
            None => spec.max_episode_steps,
            Some(0) => None,
            Some(limit) => Some(limit),
        };
        let spec = EnvSpec { max_episode_steps, ..spec };
        check_memory(&spec, num_envs).map_err(of_program)?;
        let seeds = (0..num_envs).map(|_| getrandom::u64()).collect::<Result<Vec<_>, _>>();
        let seeds = seeds.map_err(|error| PyOSError::new_err(error.to_string()))?;
        let config = VectorConfig { num_envs, workers, autoreset, ..VectorConfig::default() };
        let envs = py.detach(|| VectorEnv::new(&spec, &seeds, &config));
        let envs = envs.map_err(|error| of_env(error, py))?;
        let of_all = |shape: Vec<usize>| [num_envs].into_iter().chain(shape).collect();
        let action_shape = match &spec.action {
            Space::Discrete { .. } => vec![num_envs],
            Space::Box { shape, .. } => of_all(shape.clone()),
        };
        Ok(Self {
            obs_shape: of_all(shape_of(&spec.obs)),
            action_shape,
            inner: Mutex::new(Inner { envs, discrete: Vec::new(), continuous: Vec::new() }),
            spec,
            autoreset,
            copy,
            process: (workers > 0).then(std::process::id),
        })
    }

    /// What is stepped here, as `sparring._sparring.env_rows` describes it.
    fn spec<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        spec_of(py, &self.spec)
    }

    /// What the agent acts on now.
    fn observations<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let Self { inner, .. } = this.get();
        Self::seen(this, &mut Self::attached(inner, this.py()))
    }

    /// Begins episodes: of the envs of `mask`, or of all, from these seeds, or with the generators that they have.
    #[pyo3(signature = (seeds, mask))]
    fn reset<'py>(
        this: &Bound<'py, Self>,
        seeds: Option<Vec<Option<u64>>>,
        mask: Option<PyReadonlyArray1<'_, bool>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = this.py();
        let Self { inner, obs_shape, .. } = this.get();
        this.get().check_process()?;
        let n = obs_shape.first().copied().unwrap_or_default();
        let mask = match &mask {
            Some(mask) => {
                mask.as_slice().map_err(|error| PyValueError::new_err(error.to_string()))?.to_vec()
            }
            None => vec![true; n],
        };
        let seeds = seeds.unwrap_or_else(|| vec![None; n]);
        if (mask.len(), seeds.len()) != (n, n) {
            let (mask, seeds) = (mask.len(), seeds.len());
            return Err(PyValueError::new_err(format!(
                "{seeds} seeds and a mask of {mask} for {n} envs; pass one for each env"
            )));
        }
        let reset = py.detach(|| {
            let mut inner = Self::lock(inner);
            let mut chosen = (0..n).filter(|env| mask[*env]);
            chosen.try_for_each(|env| inner.envs.reset(env, seeds[env]))
        });
        reset.map_err(|error| of_env(error, py))?;
        Self::seen(this, &mut Self::attached(inner, this.py()))
    }

    /// Steps all envs once.
    fn step<'py>(this: &Bound<'py, Self>, actions: &Bound<'py, PyAny>) -> PyResult<Stepped<'py>> {
        this.get().check_process()?;
        let (py, Self { spec, autoreset, inner, obs_shape, .. }) = (this.py(), this.get());
        let (mut discrete, mut continuous) = {
            let mut inner = Self::attached(inner, py);
            (taken(&mut inner.discrete), taken(&mut inner.continuous))
        };
        this.get().read(actions, &mut discrete, &mut continuous)?;
        let stepped = py.detach(|| {
            let mut inner = Self::lock(inner);
            let actions = match spec.action {
                Space::Discrete { .. } => Actions::Discrete(&discrete),
                Space::Box { .. } => Actions::Continuous(&continuous),
            };
            inner.envs.step(actions).map(drop)
        });
        let mut inner = Self::attached(inner, py);
        (inner.discrete, inner.continuous) = (discrete, continuous);
        stepped.map_err(|error| of_env(error, py))?;
        let batch = inner.envs.last();
        let rewards = PyArray1::from_slice(py, batch.reward).into_any();
        let is = |end: End| batch.row.iter().map(move |row| *row == Row::End(end));
        let terminations = flags(py, is(End::Terminated))?;
        let truncations = flags(py, is(End::Truncated))?;
        let last = match autoreset {
            Autoreset::SameStep if !batch.finished.is_empty() => {
                let (shape, dim) = (&obs_shape[1..], spec.obs.dim());
                let mut all: Vec<_> = batch.row.iter().map(|_| py.None()).collect();
                for step in batch.finished {
                    let at = step.env * dim..(step.env + 1) * dim;
                    // SAFETY: without an owner it is a copy.
                    let obs = unsafe { observations(py, batch.next.slice(at), shape, None) }?;
                    all[step.env] = obs.unbind();
                }
                let ended = flags(py, batch.row.iter().map(|row| row.end().is_some()))?;
                Some((PyArray1::from_vec(py, all), ended).into_pyobject(py)?)
            }
            Autoreset::SameStep | Autoreset::NextStep | Autoreset::Disabled => None,
        };
        Ok((Self::seen(this, &mut inner)?, rewards, terminations, truncations, last))
    }

    /// One env's picture, `(height, width, 3)`, and how many are shown in a second.
    fn render<'py>(&self, py: Python<'py>, env: usize) -> PyResult<(Bound<'py, PyAny>, u32)> {
        let picture = Self::attached(&self.inner, py).envs.render(env);
        let picture = picture.map_err(|error| of_env(error, py))?;
        let shape = [picture.height(), picture.width(), 3];
        Ok((copied(py, picture.rgb(), &shape)?, picture.frames_per_second()))
    }
}

impl Engine {
    /// Refuses to work in a fork of the process that has the threads.
    fn check_process(&self) -> PyResult<()> {
        match self.process {
            Some(process) if process != std::process::id() => {
                Err(PyRuntimeError::new_err(format!(
                    "the workers of these envs are threads of process {process}, of which this one is a fork; \
                     make new envs here, or pass workers=0"
                )))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// For who has let go of the GIL. A thread that panicked has left nothing half done that the engine does not know of.
    fn lock(inner: &Mutex<Inner>) -> MutexGuard<'_, Inner> {
        inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For who has the GIL, which is let go of while another thread has the engine.
    fn attached<'a>(inner: &'a Mutex<Inner>, py: Python<'_>) -> MutexGuard<'a, Inner> {
        inner.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner)
    }

    fn seen<'py>(this: &Bound<'py, Self>, inner: &mut Inner) -> PyResult<Bound<'py, PyAny>> {
        let Self { copy, obs_shape, .. } = this.get();
        let owner = (!copy).then(|| this.as_any());
        // SAFETY: the engine, which `this` owns, keeps its rows where they are for as long as it lives. What it writes
        // into them later, who holds them sees: so it is documented.
        unsafe { observations(this.py(), inner.envs.obs(), obs_shape, owner) }
    }

    /// Takes the numbers of actions, which must be int64 of shape `(n)` or float32 of shape `(n, shape…)`.
    fn read(
        &self,
        actions: &Bound<'_, PyAny>,
        discrete: &mut Vec<u32>,
        continuous: &mut Vec<f32>,
    ) -> PyResult<()> {
        match self.spec.action {
            Space::Discrete { n } => {
                discrete.clear();
                let mut wrong = None;
                let actions = actions.cast::<PyArray1<i64>>()?;
                take(actions, &self.action_shape, discrete, |action| action as u32)?;
                let given =
                    actions.try_readonly().map_err(|e| PyValueError::new_err(e.to_string()))?;
                let given = given.as_slice().map_err(|e| PyValueError::new_err(e.to_string()))?;
                // Without an early exit this is a vector loop, and a wrong action is rare.
                if !given.iter().fold(true, |fits, one| fits & (0..i64::from(n)).contains(one)) {
                    wrong = given.iter().position(|one| !(0..i64::from(n)).contains(one));
                }
                match wrong {
                    None => Ok(()),
                    Some(env) => Err(PyValueError::new_err(format!(
                        "the action for env {env} is {}, but it must be 0 to {}; nothing was stepped",
                        given[env],
                        n - 1
                    ))),
                }
            }
            Space::Box { .. } => {
                continuous.clear();
                take(actions.cast::<PyArrayDyn<f32>>()?, &self.action_shape, continuous, |x| x)
            }
        }
    }
}
