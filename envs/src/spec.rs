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
    /// The feature that a build needs to have it; None: every build has it.
    pub needs: Option<Feature>,
    /// The spec for options that [`Options::resolve`] gave; [`EnvRow::spec`] checks them first.
    pub spec: fn(&Options) -> Result<EnvSpec, EnvError>,
}

impl EnvRow {
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
        (self.spec)(&options.resolve(self.id, self.options)?)
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
}

impl Make {
    /// By `one`, and by `group`, which makes an empty group of envs that do what those of `one` do.
    pub fn new(
        one: impl Fn() -> Result<Box<dyn Env>, EnvError> + Send + Sync + 'static,
        group: impl Fn() -> Box<dyn EnvGroup> + Send + Sync + 'static,
    ) -> Self {
        Self { one: Arc::new(one), group: Arc::new(group) }
    }

    /// An env; it needs a reset with a seed before its first step.
    pub fn one(&self) -> Result<Box<dyn Env>, EnvError> {
        (self.one)()
    }

    /// A group without an env.
    pub fn group(&self) -> Box<dyn EnvGroup> {
        (self.group)()
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
    )
}

/// A versioned env with its options settled.
#[derive(Clone)]
pub struct EnvSpec {
    /// Name and version, as in its row.
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
