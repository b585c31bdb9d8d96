//! An env of ours as one of theirs.

use ::gymnasium_rs::core::{self, Info, Options, Reward};
use ndarray::{Array1, Array3};

use crate::{Action, End, Env, EnvError, EnvSpec, ObsBuf, Space};

/// An env of ours behind their trait, with actions of type `i32` (discrete) and `Array1<f32>`.
///
/// - Observations are f32, flat.
/// - A seed is Gymnasium's; a negative one counts as its bits as u32. An env that was never given one
///   begins with seed 0, where theirs would ask the system. Options of a reset are not read.
/// - The time limit is none of its own: put their `TimeLimitWrapper` around it.
/// - Their trait knows no errors. A step that fails gives the last observation, reward 0, truncated,
///   and what failed under `error` in its info; a reset likewise.
///
/// ```
/// use gymnasium_rs::core::Env;
/// use gymnasium_rs::wrappers::timelimit::TimeLimitWrapper;
/// use sparring_envs::gymnasium_rs::Ours;
///
/// let mut env = Ours::new(&sparring_envs::spec("CartPole-v1")?)?;
/// let mut env = TimeLimitWrapper::new(&mut env, 200);
/// let (obs, _) = env.reset_seed(1);
/// let (next, reward, terminated, truncated, _) = env.step(1i32);
/// assert_eq!((obs.len(), next.len(), reward), (4, 4, 1.0));
/// assert!(!terminated && !truncated);
/// # Ok::<(), sparring_envs::EnvError>(())
/// ```
pub struct Ours {
    env: Box<dyn Env>,
    obs_space: Space,
    action_space: Space,
    obs: ObsBuf,
    seeded: bool,
}

impl Ours {
    /// An env of this spec.
    pub fn new(spec: &EnvSpec) -> Result<Self, EnvError> {
        Ok(Self {
            env: spec.make.one()?,
            obs_space: spec.obs.clone(),
            action_space: spec.action.clone(),
            obs: ObsBuf::zeros(spec.obs.dtype(), spec.obs.dim()),
            seeded: false,
        })
    }

    fn seen(&self) -> Array1<f32> {
        self.obs.view().values().collect()
    }

    fn start(&mut self, seed: Option<i32>) -> (Array1<f32>, Info) {
        let seed = seed.or((!self.seeded).then_some(0)).map(|seed| u64::from(seed as u32));
        self.seeded = true;
        let mut info = Info::new();
        if let Err(error) = self.env.reset(seed, self.obs.view_mut()) {
            info.insert("error".to_owned(), error.to_string().into());
        }
        (self.seen(), info)
    }

    fn go(&mut self, action: Action<'_>) -> (Array1<f32>, Reward, bool, bool, Info) {
        let mut info = Info::new();
        let (reward, terminated, truncated) = match self.env.step(action, self.obs.view_mut()) {
            Ok(step) => {
                let is = |end| step.end == Some(end);
                (step.reward as Reward, is(End::Terminated), is(End::Truncated))
            }
            Err(error) => {
                info.insert("error".to_owned(), error.to_string().into());
                (0.0, false, true)
            }
        };
        (self.seen(), reward, terminated, truncated, info)
    }

    fn picture(&self) -> Option<Array3<u8>> {
        let picture = self.env.render().ok()?;
        let shape = (picture.height(), picture.width(), 3);
        Array3::from_shape_vec(shape, picture.rgb().to_vec()).ok()
    }
}

/// Our space as theirs.
fn space(ours: &Space) -> core::Space {
    match ours {
        Space::Discrete { n } => core::Space::Discrete(i32::try_from(*n).unwrap_or(i32::MAX)),
        Space::Box { low, high, .. } => {
            core::Space::Box { low: low.clone().into(), high: high.clone().into() }
        }
    }
}

impl core::Env<Array1<f32>, i32> for Ours {
    fn observation_space(&self) -> core::Space {
        space(&self.obs_space)
    }

    fn action_space(&self) -> core::Space {
        space(&self.action_space)
    }

    fn reset(&mut self, seed: Option<i32>, _: Options) -> (Array1<f32>, Info) {
        self.start(seed)
    }

    fn step(&mut self, action: i32) -> (Array1<f32>, Reward, bool, bool, Info) {
        // A negative action is none of any space.
        self.go(Action::Discrete(u32::try_from(action).unwrap_or(u32::MAX)))
    }

    fn render(&self) -> Option<Array3<u8>> {
        self.picture()
    }

    fn close(&mut self) {}
}

impl core::Env<Array1<f32>, Array1<f32>> for Ours {
    fn observation_space(&self) -> core::Space {
        space(&self.obs_space)
    }

    fn action_space(&self) -> core::Space {
        space(&self.action_space)
    }

    fn reset(&mut self, seed: Option<i32>, _: Options) -> (Array1<f32>, Info) {
        self.start(seed)
    }

    fn step(&mut self, action: Array1<f32>) -> (Array1<f32>, Reward, bool, bool, Info) {
        self.go(Action::Continuous(&action.to_vec()))
    }

    fn render(&self) -> Option<Array3<u8>> {
        self.picture()
    }

    fn close(&mut self) {}
}
