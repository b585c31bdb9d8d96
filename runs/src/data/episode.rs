//! An episode as the columns of Minari, which formats move, and back.
//!
//! | column | rows | numbers |
//! |---|---|---|
//! | `observations` | T + 1 | as the space has them |
//! | `actions` | T | as the space has them |
//! | `rewards` | T | float64 |
//! | `terminations`, `truncations` | T | bool |

use sparring_agents::{ActionBuf, Trajectory};
use sparring_envs::{Dtype, End, ObsBuf, Space};

use super::column::{Column, Numbers};
use super::space::Declared;
use super::wrong::Wrong;

/// Their names, in order.
pub const COLUMNS: [&str; 5] =
    ["observations", "actions", "rewards", "terminations", "truncations"];

/// The columns of an episode, in the order of [`COLUMNS`].
#[derive(Clone, Debug, PartialEq)]
pub struct Columns {
    /// T + 1 rows.
    pub observations: Column,
    /// T rows.
    pub actions: Column,
    /// T rows.
    pub rewards: Column,
    /// T rows.
    pub terminations: Column,
    /// T rows.
    pub truncations: Column,
}

impl Columns {
    /// Those of `of`, whose spaces are `obs` and `action`.
    pub fn of(of: &Trajectory, obs: &Space, action: &Space) -> Self {
        let observations = match (&of.obs, obs) {
            (ObsBuf::F32(all), Space::Discrete { .. }) => {
                Column::flat(Numbers::I64(all.iter().map(|x| *x as i64).collect()))
            }
            (ObsBuf::F32(all), Space::Box { shape, .. }) => {
                Column { shape: shape.clone(), numbers: Numbers::F32(all.clone()) }
            }
            (ObsBuf::U8(all), Space::Box { .. } | Space::Discrete { .. }) => {
                Column { shape: shape_of(obs), numbers: Numbers::U8(all.clone()) }
            }
        };
        let actions = match &of.actions {
            ActionBuf::Discrete(all) => {
                Column::flat(Numbers::I64(all.iter().map(|x| i64::from(*x)).collect()))
            }
            ActionBuf::Continuous(all) => {
                Column { shape: shape_of(action), numbers: Numbers::F32(all.clone()) }
            }
        };
        let last = |end| {
            let mut all = vec![false; of.len()];
            if let Some(flag) = all.last_mut() {
                *flag = of.end == Some(end);
            }
            Column::flat(Numbers::Bool(all))
        };
        Self {
            observations,
            actions,
            rewards: Column::flat(Numbers::F64(of.rewards.clone())),
            terminations: last(End::Terminated),
            truncations: last(End::Truncated),
        }
    }

    /// The episode that they are, checked.
    pub fn episode(
        self,
        obs: &Declared,
        action: &Declared,
        seed: Option<u64>,
    ) -> Result<Trajectory, Wrong> {
        let steps = self.rewards.rows();
        let fits = |name: &str, column: &Column, rows: usize| match column.rows() {
            found if found == rows => Ok(()),
            found => Err(Wrong::new(
                name,
                format!("{found} rows, with {steps} rewards"),
                format!("{rows} rows"),
                "fetch or record the set again",
            )),
        };
        fits("observations", &self.observations, steps + 1)?;
        fits("actions", &self.actions, steps)?;
        fits("terminations", &self.terminations, steps)?;
        fits("truncations", &self.truncations, steps)?;
        let flags =
            [flags("terminations", &self.terminations)?, flags("truncations", &self.truncations)?];
        let end = end(flags)?;
        let trajectory = Trajectory {
            seed,
            obs: observations("observations", self.observations, obs)?,
            actions: actions("actions", self.actions, action)?,
            rewards: reals("rewards", self.rewards)?,
            end,
        };
        trajectory.check(&obs.space, &action.space).map_err(flawed)?;
        Ok(trajectory)
    }
}

/// A flaw of an episode as a mistake of its file.
pub fn flawed(flaw: sparring_agents::data::Flaw) -> Wrong {
    let allowed = "finite numbers of the spaces, in at least one step";
    Wrong::new("", flaw, allowed, "leave the episode out, or record the set again")
}

/// How a row is laid out.
fn shape_of(space: &Space) -> Vec<usize> {
    match space {
        Space::Discrete { .. } => Vec::new(),
        Space::Box { shape, .. } => shape.clone(),
    }
}

/// How the episode ended. Terminated wins where its last step has both flags.
fn end([terminations, truncations]: [Vec<bool>; 2]) -> Result<Option<End>, Wrong> {
    let early = |name: &str, flags: &[bool]| {
        let before = flags.len().saturating_sub(1);
        match flags[..before].iter().position(|flag| *flag) {
            None => Ok(()),
            Some(step) => Err(Wrong::new(
                name,
                format!("an end at step {step} of {}", flags.len()),
                "an end at the last step of an episode alone",
                "cut the episode there",
            )),
        }
    };
    early("terminations", &terminations)?;
    early("truncations", &truncations)?;
    let last = |flags: &[bool]| flags.last().copied().unwrap_or(false);
    Ok(match (last(&terminations), last(&truncations)) {
        (true, _) => Some(End::Terminated),
        (false, true) => Some(End::Truncated),
        (false, false) => None,
    })
}

/// A column of numbers of another kind than `allowed`.
fn kind(name: &str, column: &Column, allowed: &str) -> Wrong {
    let found = format!("{}, {} a row", column.numbers.kind(), column.width());
    Wrong::new(name, found, allowed, "a set whose spaces are those of its columns")
}

fn flags(name: &str, column: &Column) -> Result<Vec<bool>, Wrong> {
    match &column.numbers {
        Numbers::Bool(all) => Ok(all.clone()),
        Numbers::U8(all) => Ok(all.iter().map(|x| *x != 0).collect()),
        Numbers::F32(_) | Numbers::F64(_) | Numbers::I64(_) => {
            Err(kind(name, column, "bool, 1 a row"))
        }
    }
}

/// Observations as the space has them. Numbers of 8 bytes are rounded to 4, as observations are here.
pub fn observations(name: &str, column: Column, of: &Declared) -> Result<ObsBuf, Wrong> {
    let wrong = |column: &Column| kind(name, column, &of.space.to_string());
    if column.width() != of.space.dim() {
        return Err(wrong(&column));
    }
    Ok(match (&of.space, column.numbers) {
        (Space::Discrete { .. }, Numbers::I64(all)) => {
            ObsBuf::F32(all.iter().map(|x| (x - of.start) as f32).collect())
        }
        (Space::Box { dtype: Dtype::F32, .. }, Numbers::F32(all)) => ObsBuf::F32(all),
        (Space::Box { dtype: Dtype::F32, .. }, Numbers::F64(all)) => {
            ObsBuf::F32(all.iter().map(|x| *x as f32).collect())
        }
        (Space::Box { dtype: Dtype::F32, .. }, Numbers::I64(all)) => {
            ObsBuf::F32(all.iter().map(|x| *x as f32).collect())
        }
        (Space::Box { dtype: Dtype::U8, .. }, Numbers::U8(all)) => ObsBuf::U8(all),
        (Space::Discrete { .. } | Space::Box { .. }, numbers) => {
            return Err(wrong(&Column { shape: column.shape, numbers }));
        }
    })
}

/// Actions as the space has them.
pub fn actions(name: &str, column: Column, of: &Declared) -> Result<ActionBuf, Wrong> {
    let wrong = |column: &Column| kind(name, column, &of.space.to_string());
    if column.width() != of.space.dim() {
        return Err(wrong(&column));
    }
    Ok(match (&of.space, column.numbers) {
        (Space::Discrete { n }, Numbers::I64(all)) => {
            let index = |found: &i64| {
                u32::try_from(found - of.start).map_err(|_| {
                    let allowed = format!("whole numbers from {}, {n} of them", of.start);
                    Wrong::new(name, found, allowed, "a set whose spaces are those of its columns")
                })
            };
            ActionBuf::Discrete(all.iter().map(index).collect::<Result<_, _>>()?)
        }
        (Space::Discrete { .. }, Numbers::U8(all)) => {
            ActionBuf::Discrete(all.iter().map(|x| u32::from(*x)).collect())
        }
        (Space::Box { .. }, Numbers::F32(all)) => ActionBuf::Continuous(all),
        (Space::Box { .. }, Numbers::F64(all)) => {
            ActionBuf::Continuous(all.iter().map(|x| *x as f32).collect())
        }
        (Space::Discrete { .. } | Space::Box { .. }, numbers) => {
            return Err(wrong(&Column { shape: column.shape, numbers }));
        }
    })
}

/// Rewards, exactly.
pub fn reals(name: &str, column: Column) -> Result<Vec<f64>, Wrong> {
    if column.width() != 1 {
        return Err(kind(name, &column, "numbers, 1 a row"));
    }
    Ok(match column.numbers {
        Numbers::F64(all) => all,
        Numbers::F32(all) => all.into_iter().map(f64::from).collect(),
        Numbers::U8(all) => all.into_iter().map(f64::from).collect(),
        Numbers::I64(all) => all.into_iter().map(|x| x as f64).collect(),
        Numbers::Bool(all) => all.into_iter().map(|x| f64::from(u8::from(x))).collect(),
    })
}
