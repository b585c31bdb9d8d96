//! Following an env for a while and writing down every bit.

use crate::{Env, EnvRng, EnvSpec, ObsBuf, Sample};

/// One step, or a reset: then without a reward.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    pub obs: Vec<u32>,
    pub reward: Option<u64>,
    pub ended: bool,
}

/// An env on its way, with the actions it will get.
pub(super) struct Walk<'a> {
    pub spec: &'a EnvSpec,
    pub env: Box<dyn Env>,
    pub obs: ObsBuf,
    /// What bytes hold before the env writes them.
    pub stain: u8,
    steps: u32,
    actions: EnvRng,
}

impl<'a> Walk<'a> {
    /// A new env; the same actions await every walk.
    pub fn new(spec: &'a EnvSpec) -> Result<Self, String> {
        let obs = ObsBuf::zeros(spec.obs.dtype(), spec.obs.dim());
        let env = spec.make.one().map_err(|e| format!("making one: {e}"))?;
        Ok(Self { spec, env, obs, stain: 0, steps: 0, actions: EnvRng::new(0) })
    }

    /// Resets and checks the observation.
    pub fn reset(&mut self, seed: Option<u64>) -> Result<Mark, String> {
        self.stain();
        self.env.reset(seed, self.obs.view_mut()).map_err(|e| format!("reset({seed:?}): {e}"))?;
        self.steps = 0;
        self.look("reset")?;
        Ok(Mark { obs: self.bits(), reward: None, ended: false })
    }

    /// A random action from the space.
    pub fn action(&mut self) -> Sample {
        self.spec.action.sample(&mut self.actions)
    }

    /// One step with a random action, checked.
    pub fn step(&mut self) -> Result<Mark, String> {
        let action = self.action();
        self.stain();
        let step = self
            .env
            .step(action.as_action(), self.obs.view_mut())
            .map_err(|e| format!("step with {action:?}: {e}"))?;
        self.steps += 1;
        self.look("step")?;
        if !step.reward.is_finite() {
            return Err(format!("the reward is {}; it must be finite", step.reward));
        }
        let late = self.spec.max_episode_steps.is_some_and(|limit| self.steps >= limit);
        let ended = step.end.is_some() || late;
        Ok(Mark { obs: self.bits(), reward: Some(step.reward.to_bits()), ended })
    }

    /// So many steps, with a seedless reset after each end.
    pub fn follow(&mut self, steps: usize) -> Result<Vec<Mark>, String> {
        let mut marks = Vec::new();
        for _ in 0..steps {
            let mark = self.step()?;
            let ended = mark.ended;
            marks.push(mark);
            if ended {
                marks.push(self.reset(None)?);
            }
        }
        Ok(marks)
    }

    /// Fills the observation, so that what the env leaves unwritten is seen: as a number that is none, or
    /// as bytes that differ between two walks.
    fn stain(&mut self) {
        match &mut self.obs {
            ObsBuf::F32(values) => values.fill(f32::NAN),
            ObsBuf::U8(values) => values.fill(self.stain),
        }
    }

    fn bits(&self) -> Vec<u32> {
        self.obs.view().values().map(f32::to_bits).collect()
    }

    fn look(&self, after: &str) -> Result<(), String> {
        let mut values = self.obs.view().values();
        if let Some((index, value)) = values.by_ref().enumerate().find(|(_, x)| !x.is_finite()) {
            return Err(format!(
                "observation value {index} after a {after} is {value}; every value must be written and finite"
            ));
        }
        if self.spec.obs.contains(self.obs.view()) {
            return Ok(());
        }
        Err(format!("the observation {:?} after a {after} is outside {}", self.obs, self.spec.obs))
    }
}
