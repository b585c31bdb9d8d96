//! Following an env for a while and writing down every bit.

use crate::{Env, EnvRng, EnvSpec, Sample};

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
    pub obs: Vec<f32>,
    steps: u32,
    actions: EnvRng,
}

impl<'a> Walk<'a> {
    /// A new env; the same actions await every walk.
    pub fn new(spec: &'a EnvSpec) -> Result<Self, String> {
        let obs = vec![0.0; spec.obs.dim()];
        let env = (spec.make)().map_err(|e| format!("making one: {e}"))?;
        Ok(Self { spec, env, obs, steps: 0, actions: EnvRng::new(0) })
    }

    /// Resets and checks the observation.
    pub fn reset(&mut self, seed: Option<u64>) -> Result<Mark, String> {
        self.obs.fill(f32::NAN);
        self.env.reset(seed, &mut self.obs).map_err(|e| format!("reset({seed:?}): {e}"))?;
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
        self.obs.fill(f32::NAN);
        let step = self
            .env
            .step(action.as_action(), &mut self.obs)
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

    fn bits(&self) -> Vec<u32> {
        self.obs.iter().map(|value| value.to_bits()).collect()
    }

    fn look(&self, after: &str) -> Result<(), String> {
        if let Some(index) = self.obs.iter().position(|value| !value.is_finite()) {
            let value = self.obs[index];
            return Err(format!(
                "observation value {index} after a {after} is {value}; every value must be written and finite"
            ));
        }
        if self.spec.obs.contains(&self.obs) {
            return Ok(());
        }
        Err(format!("the observation {:?} after a {after} is outside {}", self.obs, self.spec.obs))
    }
}
