//! What is known about an env before one is made: its row in the registry, and its spec, which is the
//! row with its options settled.

use std::fmt;
use std::sync::Arc;

use crate::group::Each;
use crate::{Env, EnvError, EnvGroup, EnvOption, Feature, Options, Space};

/// A row of the registry: an env and the options that its spec depends on.
#[derive(Debug, Clone)]
pub struct EnvRow {
    /// Name and version, for example `CartPole-v1`; new behaviour takes a new version.
    pub id: &'static str,
    /// What the task is, in one line.
    pub about: &'static str,
    /// What can be chosen.
    pub options: &'static [EnvOption],
    /// What it is one of, such as `MinAtar`: tasks of a family are summed up together.
    pub family: &'static str,
    /// The feature that a build needs to have it; None: every build has it.
    pub needs: Option<Feature>,
    /// The spec for options that [`Options::resolve`] gave; [`EnvRow::spec`] checks them first and gives it
    /// the row's id.
    pub spec: fn(&Options) -> Result<EnvSpec, EnvError>,
}

impl EnvRow {
    /// The row of an env without options, of no family, which every build has.
    pub const fn new(
        id: &'static str,
        about: &'static str,
        spec: fn(&Options) -> Result<EnvSpec, EnvError>,
    ) -> Self {
        Self { id, about, options: &[], family: "other", needs: None, spec }
    }

    /// With these options.
    pub const fn options(self, options: &'static [EnvOption]) -> Self {
        Self { options, ..self }
    }

    /// Of this family.
    pub const fn family(self, family: &'static str) -> Self {
        Self { family, ..self }
    }

    /// Only in builds with this feature.
    pub const fn needs(self, feature: Feature) -> Self {
        Self { needs: Some(feature), ..self }
    }

    /// The env with these options and defaults for the others.
    ///
    /// ```
    /// use sparring_envs::{Options, find};
    ///
    /// let spec = find("CartPole-v1")?.spec(&Options::default())?;
    /// assert_eq!(spec.max_episode_steps, Some(500));
    /// # Ok::<(), sparring_envs::EnvError>(())
    /// ```
    pub fn spec(&self, options: &Options) -> Result<EnvSpec, EnvError> {
        if let Some(feature) = self.missing() {
            return Err(EnvError::Feature { id: self.id, feature });
        }
        Ok((self.spec)(&options.resolve(self.id, self.options)?)?.named(self.id))
    }

    /// The feature that it needs and this build lacks.
    pub fn missing(&self) -> Option<Feature> {
        self.needs.filter(|feature| !feature.compiled())
    }
}

/// How the envs of a spec are made, from any thread.
#[derive(Clone)]
pub struct Make {
    one: Arc<dyn Fn() -> Result<Box<dyn Env>, EnvError> + Send + Sync>,
    group: Arc<dyn Fn() -> Box<dyn EnvGroup> + Send + Sync>,
    ready: Arc<dyn Fn() -> Result<(), EnvError> + Send + Sync>,
    bytes: fn(usize) -> usize,
}

impl Make {
    /// By `one`, and by `group`, which makes an empty group of envs that do what those of `one` do. So many of
    /// these take `bytes`, what they hold on the heap aside.
    pub fn new(
        one: impl Fn() -> Result<Box<dyn Env>, EnvError> + Send + Sync + 'static,
        group: impl Fn() -> Box<dyn EnvGroup> + Send + Sync + 'static,
        bytes: fn(usize) -> usize,
    ) -> Self {
        let one = Arc::new(one);
        let made = one.clone();
        Self { one, group: Arc::new(group), ready: Arc::new(move || made().map(drop)), bytes }
    }

    /// With a quicker way than making an env to tell that what envs need is there.
    pub fn ready_if(
        self,
        check: impl Fn() -> Result<(), EnvError> + Send + Sync + 'static,
    ) -> Self {
        Self { ready: Arc::new(check), ..self }
    }

    /// What envs need and is not there, such as a ROM, as an error.
    pub fn ready(&self) -> Result<(), EnvError> {
        (self.ready)()
    }

    /// An env; it needs a reset with a seed before its first step.
    pub fn one(&self) -> Result<Box<dyn Env>, EnvError> {
        (self.one)()
    }

    /// A group without an env.
    pub fn group(&self) -> Box<dyn EnvGroup> {
        (self.group)()
    }

    /// Bytes of a group of `num_envs`, what they hold on the heap aside.
    pub fn bytes(&self, num_envs: usize) -> usize {
        (self.bytes)(num_envs)
    }
}

/// A [`Make`] from a constructor; in a group the envs are stepped one after the other.
pub fn maker<E: Env + 'static>(
    new: impl Fn() -> Result<E, EnvError> + Send + Sync + 'static,
) -> Make {
    let new = Arc::new(new);
    let for_group = new.clone();
    Make::new(
        move || Ok(Box::new(new()?)),
        move || Box::new(Each { new: for_group.clone(), envs: Vec::new() }),
        |num_envs| num_envs * size_of::<E>(),
    )
}

/// A versioned env with its options settled.
#[derive(Clone)]
pub struct EnvSpec {
    /// Name and version, as in its row; empty until [`EnvSpec::named`].
    pub id: &'static str,
    /// The space of observations.
    pub obs: Space,
    /// How many frames an observation stacks along its first axis, the newest last; 1: none. A replay
    /// memory then stores each frame once; see [`Env`].
    pub frames: usize,
    /// The space of actions.
    pub action: Space,
    /// The time limit in steps, which the vector engine keeps; None: no limit.
    pub max_episode_steps: Option<u32>,
    /// The return at which the task counts as solved, if Gymnasium names one.
    pub reward_threshold: Option<f64>,
    /// Makes them.
    pub make: Make,
    /// Makes those that play evaluations, where they are others; see [`EnvSpec::for_evaluation`].
    pub make_evaluation: Option<Make>,
}

impl EnvSpec {
    /// An env of single frames, without a time limit and a threshold. Its row names it; an env without a row is
    /// named by [`EnvSpec::named`].
    ///
    /// ```
    /// use sparring_envs::tiny::counter::Counter;
    /// use sparring_envs::{EnvSpec, Space, maker};
    ///
    /// let obs = Space::uniform(&[1], 0.0, f32::INFINITY);
    /// let make = maker(|| Ok(Counter::new(None)));
    /// let spec = EnvSpec::new(obs, Space::Discrete { n: 2 }, make).limit(500).solved_at(475.0);
    /// assert_eq!((spec.max_episode_steps, spec.reward_threshold), (Some(500), Some(475.0)));
    /// ```
    pub fn new(obs: Space, action: Space, make: Make) -> Self {
        Self {
            id: "",
            obs,
            frames: 1,
            action,
            max_episode_steps: None,
            reward_threshold: None,
            make,
            make_evaluation: None,
        }
    }

    /// With this name and version.
    pub fn named(self, id: &'static str) -> Self {
        Self { id, ..self }
    }

    /// With a time limit in steps.
    pub fn limit(self, steps: u32) -> Self {
        Self { max_episode_steps: Some(steps), ..self }
    }

    /// Solved at this return.
    pub fn solved_at(self, ret: f64) -> Self {
        Self { reward_threshold: Some(ret), ..self }
    }

    /// With observations that stack this many frames.
    pub fn stacked(self, frames: usize) -> Self {
        Self { frames, ..self }
    }

    /// With evaluations that play the envs of `make`, which have the same spaces.
    pub fn evaluated_on(self, make: Make) -> Self {
        Self { make_evaluation: Some(make), ..self }
    }

    /// The spec of what an evaluation plays: the same env without what only helps training, as an end of the
    /// episode at the loss of a life ([`crate::atari`]).
    pub fn for_evaluation(&self) -> Self {
        let make = self.make_evaluation.as_ref().unwrap_or(&self.make).clone();
        Self { make, make_evaluation: None, ..self.clone() }
    }
}

impl fmt::Debug for EnvSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnvSpec")
            .field("id", &self.id)
            .field("obs", &self.obs)
            .field("frames", &self.frames)
            .field("action", &self.action)
            .field("max_episode_steps", &self.max_episode_steps)
            .field("reward_threshold", &self.reward_threshold)
            .finish_non_exhaustive()
    }
}
