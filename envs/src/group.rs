//! Several envs of one spec that are stepped together: what the vector engine holds.
//!
//! [`maker`](crate::maker) makes such a group of any [`Env`], an env after the other. A game whose rules can be
//! worked out for many boards at once writes its own.

use std::sync::Arc;

use crate::{Action, Actions, Env, EnvError, ObsMut, Picture, Row};

/// Envs of one spec. Nothing passes between them: each does what it would do alone.
pub trait EnvGroup: Send {
    /// How many.
    fn len(&self) -> usize;

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes one more, the last.
    fn push(&mut self) -> Result<(), EnvError>;

    /// Makes one anew in the place of `env`.
    fn renew(&mut self, env: usize) -> Result<(), EnvError>;

    /// [`Env::reset`] of one.
    fn reset(&mut self, env: usize, seed: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError>;

    /// [`Env::step`] of `turn` and of all behind it but those held, each of which has been reset with a seed. `turn` is
    /// always the one whose turn it is: where this fails or panics, those before have made their step, those behind not.
    fn step(&mut self, turn: &mut usize, rows: GroupRows<'_>) -> Result<(), EnvError>;

    /// [`Env::render`] of one.
    fn render(&self, env: usize) -> Result<Picture, EnvError>;

    /// [`Env::reward_range`], the same for all; None where there is no env.
    fn reward_range(&self) -> Option<(f64, f64)>;

    /// [`Env::save`] of one: equal to what it would give alone.
    fn save(&self, env: usize) -> Result<Vec<u8>, EnvError>;

    /// [`Env::restore`] of one.
    fn restore(&mut self, env: usize, state: &[u8]) -> Result<(), EnvError>;
}

/// What the envs of a group read and write in one step, a row for each.
#[derive(Debug)]
pub struct GroupRows<'a> {
    /// Which take no part in this step, shape `(n)`, or nothing where all do: of these nothing is written.
    pub held: &'a [bool],
    /// Their actions.
    pub actions: Actions<'a>,
    /// Their successors, shape `(n, obs_dim)`.
    pub next: ObsMut<'a>,
    /// Their rewards, shape `(n)`.
    pub reward: &'a mut [f64],
    /// Whether and how their episodes ended, shape `(n)`; which are void the engine says.
    pub row: &'a mut [Row],
}

/// Any envs, one after the other.
pub(crate) struct Each<E> {
    pub new: Arc<dyn Fn() -> Result<E, EnvError> + Send + Sync>,
    pub envs: Vec<E>,
}

impl<E: Env> Each<E> {
    #[inline]
    fn run<'a>(
        &mut self,
        turn: &mut usize,
        rows: GroupRows<'_>,
        action: impl Fn(usize) -> Action<'a>,
    ) -> Result<(), EnvError> {
        let GroupRows { held, mut next, reward, row, .. } = rows;
        let obs_dim = next.view().len() / reward.len();
        while *turn < self.envs.len() {
            let i = *turn;
            if !held.is_empty() && held[i] {
                *turn += 1;
                continue;
            }
            let step = self.envs[i].step(action(i), next.slice(i * obs_dim..(i + 1) * obs_dim))?;
            (reward[i], row[i]) = (step.reward, step.end.into());
            *turn += 1;
        }
        Ok(())
    }
}

impl<E: Env> EnvGroup for Each<E> {
    fn len(&self) -> usize {
        self.envs.len()
    }

    fn push(&mut self) -> Result<(), EnvError> {
        self.envs.push((self.new)()?);
        Ok(())
    }

    fn renew(&mut self, env: usize) -> Result<(), EnvError> {
        self.envs[env] = (self.new)()?;
        Ok(())
    }

    fn reset(&mut self, env: usize, seed: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        self.envs[env].reset(seed, obs)
    }

    fn step(&mut self, turn: &mut usize, rows: GroupRows<'_>) -> Result<(), EnvError> {
        match rows.actions {
            Actions::Discrete(all) => self.run(turn, rows, |i| Action::Discrete(all[i])),
            Actions::Continuous(all) => {
                let act_dim = all.len() / self.envs.len();
                self.run(turn, rows, |i| Action::Continuous(&all[i * act_dim..(i + 1) * act_dim]))
            }
        }
    }

    fn render(&self, env: usize) -> Result<Picture, EnvError> {
        self.envs[env].render()
    }

    fn reward_range(&self) -> Option<(f64, f64)> {
        self.envs.first().and_then(Env::reward_range)
    }

    fn save(&self, env: usize) -> Result<Vec<u8>, EnvError> {
        self.envs[env].save()
    }

    fn restore(&mut self, env: usize, state: &[u8]) -> Result<(), EnvError> {
        self.envs[env].restore(state)
    }
}
