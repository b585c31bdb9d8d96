//! Data sets of D4RL: one flat file of HDF5 with the steps of all episodes one after the other.
//!
//! | data set | rows | |
//! |---|---|---|
//! | `observations`, `actions` | N | |
//! | `rewards` | N or N × 1 | |
//! | `terminals` | N | the task ended |
//! | `timeouts` | N | the episode was cut; may be missing |
//! | `next_observations` | N | may be missing |
//!
//! Episodes end at terminals and timeouts. Without timeouts they end at the env's time limit too, where the env is
//! known. Without `next_observations` nobody knows what came after the last step of an episode: of one that was cut,
//! that step is left out, as D4RL's `qlearning_dataset` does; of one that terminated the last observation stands twice,
//! from which nothing is bootstrapped. Nothing is known of seeds.

use std::fs;
use std::path::Path;

use sparring_agents::{ActionBuf, Trajectory};
use sparring_envs::{Dtype, End, Obs, ObsBuf, Space};

use super::column::{Column, Numbers};
use super::episode::{actions, flawed, observations, reals};
use super::hdf5::Hdf5;
use super::space::Declared;
use super::wrong::Wrong;
use crate::error::Error;

/// A set that is read.
pub struct D4rl {
    /// Of observations.
    pub obs: Space,
    /// Of actions.
    pub action: Space,
    /// In order.
    pub episodes: Vec<Trajectory>,
}

/// What is known of the env whose steps they are.
pub struct Env {
    /// Of observations.
    pub obs: Space,
    /// Of actions.
    pub action: Space,
    /// Its time limit.
    pub limit: Option<u32>,
}

impl D4rl {
    /// The set in the file at `path`, of `env` where it is known; else its spaces are as its numbers, without bounds.
    pub fn open(path: &Path, env: Option<Env>) -> Result<Self, Error> {
        let content = fs::read(path).map_err(Error::file(path, "read"))?;
        Self::of(path, content, env)
    }

    /// The same of the bytes of the file.
    pub fn of(path: &Path, content: Vec<u8>, env: Option<Env>) -> Result<Self, Error> {
        let file = Hdf5::of(path, content)?;
        read(&file, env).map_err(|wrong| wrong.in_file(path))
    }
}

fn read(file: &Hdf5, env: Option<Env>) -> Result<D4rl, Wrong> {
    let needed = |name: &str| {
        let missing = || {
            let allowed = "the columns observations, actions, rewards and terminals";
            Wrong::new(
                name,
                "no such column",
                allowed,
                "a file of D4RL, or the folder of a Minari set",
            )
        };
        file.column(name)?.ok_or_else(missing)
    };
    let (seen, acted) = (needed("observations")?, needed("actions")?);
    let steps = seen.rows();
    let (limit, obs, action) = match env {
        Some(Env { obs, action, limit }) => (limit, obs, action),
        None => (None, unbounded(&seen), of_actions(&acted)),
    };
    let rows = |name: &str, found: usize| match found == steps {
        true => Ok(()),
        false => {
            let found = format!("{found} rows, with {steps} observations");
            Err(Wrong::new(name, found, "as many", "fetch the file again"))
        }
    };
    rows("actions", acted.rows())?;
    let rewards = reals("rewards", needed("rewards")?)?;
    rows("rewards", rewards.len())?;
    let terminals = flags("terminals", needed("terminals")?)?;
    rows("terminals", terminals.len())?;
    let timeouts = file.column("timeouts")?.map(|column| flags("timeouts", column)).transpose()?;
    if let Some(timeouts) = &timeouts {
        rows("timeouts", timeouts.len())?;
    }
    let next = file.column("next_observations")?;
    let declared = Declared::from(obs);
    if let Some(next) = &next {
        rows("next_observations", next.rows())?;
    }
    let next = next.map(|next| observations("next_observations", next, &declared)).transpose()?;
    let whole = Whole {
        obs: observations("observations", seen, &declared)?,
        next,
        actions: actions("actions", acted, &Declared::from(action.clone()))?,
        rewards,
        dim: declared.space.dim(),
        act_dim: action.dim(),
    };
    let mut episodes = Vec::new();
    let mut first = 0;
    for at in 0..steps {
        let is_cut = match &timeouts {
            Some(timeouts) => timeouts[at],
            None => limit.is_some_and(|limit| at + 1 - first >= limit as usize),
        };
        let end = match (terminals[at], is_cut) {
            (true, _) => Some(End::Terminated),
            (false, true) => Some(End::Truncated),
            (false, false) if at + 1 == steps => None,
            (false, false) => continue,
        };
        if let Some(episode) = whole.episode(first..at + 1, end) {
            let check = episode.check(&declared.space, &action);
            check.map_err(|flaw| flawed(flaw).of_episode(episodes.len()))?;
            episodes.push(episode);
        }
        first = at + 1;
    }
    if episodes.is_empty() {
        let hint = "a file with at least two steps of one episode";
        return Err(Wrong::new("", "no episode: the set is empty", "at least one episode", hint));
    }
    Ok(D4rl { obs: declared.space, action, episodes })
}

/// A box without bounds.
fn boxed(shape: Vec<usize>, dtype: Dtype) -> Space {
    let dim = shape.iter().product();
    let (low, high) = match dtype {
        Dtype::F32 => (f32::NEG_INFINITY, f32::INFINITY),
        Dtype::U8 => (0.0, 255.0),
    };
    Space::Box { shape, low: vec![low; dim], high: vec![high; dim], dtype }
}

fn unbounded(column: &Column) -> Space {
    let dtype = match column.numbers {
        Numbers::U8(_) => Dtype::U8,
        Numbers::F32(_) | Numbers::F64(_) | Numbers::I64(_) | Numbers::Bool(_) => Dtype::F32,
    };
    let shape = if column.shape.is_empty() { vec![1] } else { column.shape.clone() };
    boxed(shape, dtype)
}

/// Whole numbers, one a step, are discrete actions up to the greatest.
fn of_actions(column: &Column) -> Space {
    match &column.numbers {
        Numbers::I64(all) if column.width() == 1 => {
            let most = all.iter().max().and_then(|most| u32::try_from(*most).ok()).unwrap_or(0);
            Space::Discrete { n: most.saturating_add(1) }
        }
        Numbers::I64(_) | Numbers::F32(_) | Numbers::F64(_) | Numbers::U8(_) | Numbers::Bool(_) => {
            unbounded(column)
        }
    }
}

fn flags(name: &str, column: Column) -> Result<Vec<bool>, Wrong> {
    Ok(reals(name, column)?.into_iter().map(|flag| flag != 0.0).collect())
}

/// The steps of all episodes.
struct Whole {
    obs: ObsBuf,
    next: Option<ObsBuf>,
    actions: ActionBuf,
    rewards: Vec<f64>,
    dim: usize,
    act_dim: usize,
}

impl Whole {
    /// The episode of the steps in `range`; none where nothing of it is known whole.
    fn episode(&self, range: std::ops::Range<usize>, end: Option<End>) -> Option<Trajectory> {
        let dim = self.dim;
        let of = |obs: &ObsBuf, at: usize| own(obs.view().slice(at * dim..(at + 1) * dim));
        let last = range.end - 1;
        let (steps, beyond) = match (&self.next, end) {
            (Some(next), _) => (range.clone(), Some(of(next, last))),
            (None, Some(End::Terminated)) => (range.clone(), Some(of(&self.obs, last))),
            (None, Some(End::Truncated) | None) => (range.start..last, None),
        };
        if steps.is_empty() {
            return None;
        }
        let seen = range.start * dim..range.end * dim;
        let mut obs = own(self.obs.view().slice(seen));
        match (&mut obs, beyond) {
            (ObsBuf::F32(all), Some(ObsBuf::F32(last))) => all.extend(last),
            (ObsBuf::U8(all), Some(ObsBuf::U8(last))) => all.extend(last),
            (ObsBuf::F32(_) | ObsBuf::U8(_), _) => {}
        }
        let act_dim = self.act_dim;
        let actions = match &self.actions {
            ActionBuf::Discrete(all) => ActionBuf::Discrete(all[steps.clone()].to_vec()),
            ActionBuf::Continuous(all) => {
                ActionBuf::Continuous(all[steps.start * act_dim..steps.end * act_dim].to_vec())
            }
        };
        Some(Trajectory { seed: None, obs, actions, rewards: self.rewards[steps].to_vec(), end })
    }
}

fn own(obs: Obs<'_>) -> ObsBuf {
    match obs {
        Obs::F32(all) => ObsBuf::F32(all.to_vec()),
        Obs::U8(all) => ObsBuf::U8(all.to_vec()),
    }
}
