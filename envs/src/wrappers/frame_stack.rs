//! The last observations of an env as one, for policies that must see motion: Gymnasium's
//! `FrameStackObservation` with `padding_type="reset"`, as Mnih et al. 2015 (10.1038/nature14236) stack four.
//!
//! The oldest stands first. An episode begins with its first observation, repeated.
//!
//! ```
//! use sparring_envs::tiny::counter::Counter;
//! use sparring_envs::wrappers::frame_stack::FrameStack;
//! use sparring_envs::{Action, Env, End, EnvSpec, ObsMut, Space, check_env, maker};
//!
//! let counter = Space::uniform(&[1], 0.0, 100.0);
//! let spec = EnvSpec::new(FrameStack::<Counter>::space(3, &counter), Space::Discrete { n: 2 }, maker(|| {
//!     Ok(FrameStack::new(Counter::new(Some((10, End::Terminated))), 3))
//! }));
//! assert_eq!(spec.obs, Space::uniform(&[3, 1], 0.0, 100.0));
//! check_env(&spec.named("Stacked-v0"))?;
//! let (mut env, mut obs) = (FrameStack::new(Counter::new(None), 3), [0.0; 3]);
//! env.reset(Some(1), ObsMut::F32(&mut obs))?;
//! assert_eq!(obs, [0.0, 0.0, 0.0]);
//! env.step(Action::Discrete(0), ObsMut::F32(&mut obs))?;
//! env.step(Action::Discrete(0), ObsMut::F32(&mut obs))?;
//! assert_eq!(obs, [0.0, 1.0, 2.0]);
//! # Ok::<(), sparring_envs::EnvError>(())
//! ```
//!
//! The row's [`crate::EnvSpec::frames`] stays 1: it promises zeros before the first frame, which a replay memory
//! relies on. Envs of screens stack theirs themselves.

use serde::{Deserialize, Serialize};

use crate::{Action, Env, EnvError, ObsBuf, ObsMut, Picture, Space, Step, state};

const ID: &str = "FrameStack";

/// An env that shows its last `frames` observations; see the [module](self).
pub struct FrameStack<E> {
    inner: E,
    frames: usize,
    /// What it shows, shape `(frames, obs_dim)`; empty before the first reset.
    stack: ObsBuf,
}

/// A saved state.
#[derive(Serialize, Deserialize)]
struct Saved {
    inner: Vec<u8>,
    stack: ObsBuf,
}

impl<E: Env> FrameStack<E> {
    /// Stacks `frames` observations of `inner`; 0 counts as 1.
    pub fn new(inner: E, frames: usize) -> Self {
        Self { inner, frames: frames.max(1), stack: ObsBuf::F32(Vec::new()) }
    }

    /// The space of `frames` observations of this space, stacked along a new first axis.
    pub fn space(frames: usize, one: &Space) -> Space {
        let frames = frames.max(1);
        match one {
            Space::Discrete { n } => Space::uniform(&[frames], 0.0, n.saturating_sub(1) as f32),
            Space::Box { shape, low, high, dtype } => Space::Box {
                shape: [&[frames], shape.as_slice()].concat(),
                low: low.repeat(frames),
                high: high.repeat(frames),
                dtype: *dtype,
            },
        }
    }

    /// Values of one observation, if `obs` has room for all.
    fn dim(&self, obs: &ObsMut<'_>) -> Result<usize, EnvError> {
        let found = obs.view().len();
        let allowed = found.next_multiple_of(self.frames);
        if found == allowed {
            Ok(found / self.frames)
        } else {
            Err(EnvError::ObsLen { found, allowed })
        }
    }
}

impl<E: Env> Env for FrameStack<E> {
    fn reset(&mut self, seed: Option<u64>, mut obs: ObsMut<'_>) -> Result<(), EnvError> {
        let dim = self.dim(&obs)?;
        self.inner.reset(seed, obs.slice(0..dim))?;
        let mut stack = ObsBuf::zeros(obs.view().dtype(), obs.view().len());
        for frame in 0..self.frames {
            stack
                .view_mut()
                .slice(frame * dim..(frame + 1) * dim)
                .copy_from(obs.view().slice(0..dim));
        }
        obs.copy_from(stack.view());
        self.stack = stack;
        Ok(())
    }

    fn step(&mut self, action: Action<'_>, mut obs: ObsMut<'_>) -> Result<Step, EnvError> {
        let dim = self.dim(&obs)?;
        let (all, newest) = (dim * self.frames, dim * (self.frames - 1));
        let step = self.inner.step(action, obs.slice(newest..all))?;
        if !self.stack.view().fits(obs.view()) {
            let (found, allowed) = (obs.view().len(), self.stack.view().len());
            return Err(EnvError::ObsLen { found, allowed });
        }
        obs.slice(0..newest).copy_from(self.stack.view().slice(dim..all));
        self.stack.view_mut().copy_from(obs.view());
        Ok(step)
    }

    fn reward_range(&self) -> Option<(f64, f64)> {
        self.inner.reward_range()
    }

    fn render(&self) -> Result<Picture, EnvError> {
        self.inner.render()
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        state::pack(ID, &Saved { inner: self.inner.save()?, stack: self.stack.clone() })
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), EnvError> {
        let Saved { inner, stack } = state::unpack(ID, bytes)?;
        if !stack.view().len().is_multiple_of(self.frames) {
            let found = format!("{} values, not {} observations", stack.view().len(), self.frames);
            return Err(EnvError::State { id: ID.to_owned(), found });
        }
        self.inner.restore(&inner)?;
        self.stack = stack;
        Ok(())
    }
}
