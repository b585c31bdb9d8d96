//! An episode again, from its seed and its actions.

use sparring_agents::{ActionBuf, Trajectory};
use sparring_envs::{End, Env, EnvError, EnvSpec, Obs, ObsBuf};

/// An env on which episodes are played again.
pub struct Stage {
    spec: EnvSpec,
    env: Box<dyn Env>,
}

impl Stage {
    /// One of `spec`, whose time limit it keeps.
    pub fn new(spec: &EnvSpec) -> Result<Self, EnvError> {
        Ok(Self { spec: spec.clone(), env: spec.make.one()? })
    }

    /// The episode of `reset(seed)` and these actions, up to its end or to that of the actions. Rewards are the env's
    /// own, as they are before an engine clips them.
    pub fn play(&mut self, seed: u64, actions: &ActionBuf) -> Result<Trajectory, EnvError> {
        let Self { spec, env } = self;
        let (dim, act_dim) = (spec.obs.dim(), spec.action.dim());
        let steps = actions.len(act_dim);
        let mut obs = ObsBuf::zeros(spec.obs.dtype(), (steps + 1) * dim);
        env.reset(Some(seed), obs.view_mut().slice(0..dim))?;
        let (mut rewards, mut end) = (Vec::with_capacity(steps), None);
        while rewards.len() < steps && end.is_none() {
            let t = rewards.len();
            let at = (t + 1) * dim..(t + 2) * dim;
            let step = env.step(actions.at(t, act_dim), obs.view_mut().slice(at))?;
            rewards.push(step.reward);
            let is_late =
                spec.max_episode_steps.is_some_and(|limit| rewards.len() >= limit as usize);
            end = step.end.or(is_late.then_some(End::Truncated));
        }
        // Actions behind the end were not taken.
        let seen = (rewards.len() + 1) * dim;
        match &mut obs {
            ObsBuf::F32(all) => all.truncate(seen),
            ObsBuf::U8(all) => all.truncate(seen),
        }
        Ok(Trajectory { seed: Some(seed), obs, actions: actions.clone(), rewards, end })
    }
}

/// Where an episode that was played again first differs from its record, in words; bit by bit.
pub fn difference(recorded: &Trajectory, again: &Trajectory, obs_dim: usize) -> Option<String> {
    if !same(recorded.obs_at(0, obs_dim), again.obs_at(0, obs_dim)) {
        return Some("another first observation".to_owned());
    }
    for (t, (then, now)) in recorded.rewards.iter().zip(&again.rewards).enumerate() {
        if then.to_bits() != now.to_bits() {
            return Some(format!("the reward {now} at step {t}, where {then} is recorded"));
        }
        if !same(recorded.obs_at(t + 1, obs_dim), again.obs_at(t + 1, obs_dim)) {
            return Some(format!("another observation after step {t}"));
        }
    }
    let told = |of: &Trajectory| match of.end {
        Some(End::Terminated) => format!("terminated after {} steps", of.len()),
        Some(End::Truncated) => format!("truncated after {} steps", of.len()),
        None => format!("open after {} steps", of.len()),
    };
    let (then, now) = (told(recorded), told(again));
    (then != now).then(|| format!("an episode {now}, where one {then} is recorded"))
}

fn same(a: Obs<'_>, b: Obs<'_>) -> bool {
    match (a, b) {
        (Obs::F32(a), Obs::F32(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
        }
        (Obs::U8(a), Obs::U8(b)) => a == b,
        (Obs::F32(_), Obs::U8(_)) | (Obs::U8(_), Obs::F32(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_episode_comes_again_and_a_change_is_found() {
        let spec = sparring_envs::spec("CartPole-v1").unwrap();
        let mut stage = Stage::new(&spec).unwrap();
        let pushes = ActionBuf::Discrete(vec![1; 40]);
        let once = stage.play(7, &pushes).unwrap();
        assert_eq!(once.end, Some(End::Terminated));
        assert!(once.len() < 40 && once.obs.view().len() == 4 * (once.len() + 1));
        stage.play(8, &pushes).unwrap();
        let again = stage.play(7, &pushes).unwrap();
        assert_eq!(difference(&once, &again, 4), None);
        let mut other = again.clone();
        other.rewards[3] = 1.0 + f64::EPSILON;
        assert!(difference(&once, &other, 4).unwrap().contains("at step 3"));
        let found = difference(&once, &stage.play(9, &pushes).unwrap(), 4).unwrap();
        assert_eq!(found, "another first observation");
        let short = ActionBuf::Discrete(vec![1; once.len() - 1]);
        let found = difference(&once, &stage.play(7, &short).unwrap(), 4).unwrap();
        assert!(found.contains("open after"), "{found}");
        let limited = Stage::new(&spec.limit(3)).unwrap().play(7, &pushes).unwrap();
        assert_eq!((limited.len(), limited.end), (3, Some(End::Truncated)));
    }
}
