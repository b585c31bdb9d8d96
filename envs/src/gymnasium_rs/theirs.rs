//! An env of theirs as one of ours.
//!
//! Seeds: a seed below 2³¹ is passed on as it is, of a larger one its upper 31 bits; later episodes get
//! seeds from numpy's generator of that seed. So an episode depends on its seed and its actions alone,
//! and these are its saved state: their env itself cannot be saved.

use std::collections::HashMap;
use std::marker::PhantomData;

use ::gymnasium_rs::core;
use ndarray::Array1;

use crate::{Action, End, Env, EnvError, EnvRng, EnvSpec, ObsMut, Space, Step, maker, state};

/// What their envs observe.
pub trait Observation {
    /// Writes it.
    fn write(&self, obs: ObsMut<'_>) -> Result<(), EnvError>;
}

impl Observation for Array1<f32> {
    fn write(&self, obs: ObsMut<'_>) -> Result<(), EnvError> {
        let obs = obs.floats(self.len())?;
        obs.iter_mut().zip(self).for_each(|(to, from)| *to = *from);
        Ok(())
    }
}

/// A state of a discrete space, as its index.
impl Observation for i32 {
    fn write(&self, obs: ObsMut<'_>) -> Result<(), EnvError> {
        obs.floats(1)?[0] = *self as f32;
        Ok(())
    }
}

/// What their envs are given.
pub trait Choice {
    /// From the numbers of an action; of a discrete one its index.
    fn of(numbers: &[f32]) -> Self;
}

impl Choice for i32 {
    fn of(numbers: &[f32]) -> Self {
        numbers.first().map_or(0, |index| *index as i32)
    }
}

impl Choice for Array1<f32> {
    fn of(numbers: &[f32]) -> Self {
        numbers.iter().copied().collect()
    }
}

/// The spec of an env of theirs that `new` makes.
pub fn spec<E, O, A>(
    id: &'static str,
    max_episode_steps: Option<u32>,
    new: fn() -> E,
) -> Result<EnvSpec, EnvError>
where
    E: core::Env<O, A> + Send + 'static,
    O: Observation + 'static,
    A: Choice + 'static,
{
    let env = new();
    let (obs, action) = (space(env.observation_space()), space(env.action_space()));
    let of_env = action.clone();
    let make = maker(move || {
        let kinds = PhantomData::<fn() -> (O, A)>;
        Ok(Theirs { id, new, action: of_env.clone(), env: new(), course: Course::default(), kinds })
    });
    Ok(EnvSpec { max_episode_steps, ..EnvSpec::new(obs, action, make).named(id) })
}

/// Their space as ours. They write the largest f32 where there is no bound.
fn space(theirs: core::Space) -> Space {
    let bound = |x: &f32| if x.abs() >= f32::MAX { x.signum() * f32::INFINITY } else { *x };
    let bounds = |all: Array1<f32>| all.iter().map(bound).collect::<Vec<_>>();
    match theirs {
        core::Space::Discrete(n) => Space::Discrete { n: u32::try_from(n).unwrap_or(0) },
        core::Space::Box { low, high } => Space::vector(&bounds(low), &bounds(high)),
    }
}

/// What their env was told since the last seed: all that its state depends on.
#[derive(Clone, Default, serde::Serialize, serde::Deserialize)]
struct Course {
    /// Where the seeds of the episodes that are reset without one come from.
    rng: Option<EnvRng>,
    /// The seed of this episode.
    seed: i32,
    /// The actions of this episode, one after the other.
    actions: Vec<f32>,
    /// How many they are.
    steps: usize,
}

struct Theirs<E, O, A> {
    id: &'static str,
    new: fn() -> E,
    action: Space,
    env: E,
    course: Course,
    kinds: PhantomData<fn() -> (O, A)>,
}

impl<E, O, A> Env for Theirs<E, O, A>
where
    E: core::Env<O, A> + Send,
    O: Observation,
    A: Choice,
{
    fn reset(&mut self, seed: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        let Course { rng, seed: of_episode, actions, steps } = &mut self.course;
        match (seed, rng) {
            (Some(seed), rng) => {
                *rng = Some(EnvRng::new(seed));
                *of_episode = i32::try_from(seed).unwrap_or((seed >> 33) as i32);
            }
            (None, Some(rng)) => *of_episode = rng.integers(1 << 31) as i32,
            (None, None) => return Err(EnvError::SeedNeeded),
        }
        actions.clear();
        *steps = 0;
        self.env.reset(Some(*of_episode), HashMap::new()).0.write(obs)
    }

    fn step(&mut self, action: Action<'_>, obs: ObsMut<'_>) -> Result<Step, EnvError> {
        if self.course.rng.is_none() {
            return Err(EnvError::ResetNeeded);
        }
        self.action.check_action(action)?;
        let begin = self.course.actions.len();
        match action {
            Action::Discrete(index) => self.course.actions.push(index as f32),
            Action::Continuous(values) => self.course.actions.extend_from_slice(values),
        }
        self.course.steps += 1;
        let choice = A::of(&self.course.actions[begin..]);
        let (seen, reward, terminated, truncated, _) = self.env.step(choice);
        seen.write(obs)?;
        let end = match (terminated, truncated) {
            (true, _) => Some(End::Terminated),
            (false, true) => Some(End::Truncated),
            (false, false) => None,
        };
        Ok(Step { reward: f64::from(reward), end })
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        state::pack(self.id, &self.course)
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), EnvError> {
        let course: Course = state::unpack(self.id, bytes)?;
        let mut env = (self.new)();
        if course.rng.is_some() {
            env.reset(Some(course.seed), HashMap::new());
            let dim = course.actions.len().checked_div(course.steps).unwrap_or(0);
            for step in 0..course.steps {
                env.step(A::of(&course.actions[step * dim..][..dim]));
            }
        }
        (self.env, self.course) = (env, course);
        Ok(())
    }
}
