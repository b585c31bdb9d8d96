//! What envs do in a group is what each does alone.

use crate::{Actions, Env, EnvGroup, EnvRng, EnvSpec, GroupRows, ObsBuf, Row, Sample};

const COUNT: usize = 3;
const STEPS: usize = 100;

/// A group and the same envs alone.
struct Pair<'a> {
    spec: &'a EnvSpec,
    group: Box<dyn EnvGroup>,
    alone: Vec<Box<dyn Env>>,
    next: ObsBuf,
    own: ObsBuf,
    actions: EnvRng,
}

impl<'a> Pair<'a> {
    fn new(spec: &'a EnvSpec) -> Result<Self, String> {
        let mut group = spec.make.group();
        let mut alone = Vec::new();
        for _ in 0..COUNT {
            group.push().map_err(|e| format!("making one: {e}"))?;
            alone.push(spec.make.one().map_err(|e| format!("making one: {e}"))?);
        }
        let zeros = |len| ObsBuf::zeros(spec.obs.dtype(), len);
        let (next, own) = (zeros(COUNT * spec.obs.dim()), zeros(spec.obs.dim()));
        Ok(Self { spec, group, alone, next, own, actions: EnvRng::new(0) })
    }

    fn reset(&mut self, env: usize, seed: Option<u64>) -> Result<(), String> {
        let dim = self.spec.obs.dim();
        let row = env * dim..(env + 1) * dim;
        let of_group = self.group.reset(env, seed, self.next.view_mut().slice(row.clone()));
        of_group.map_err(|e| format!("reset({seed:?}) in a group: {e}"))?;
        let of_own = self.alone[env].reset(seed, self.own.view_mut());
        of_own.map_err(|e| format!("reset({seed:?}): {e}"))?;
        if self.next.view().slice(row) != self.own.view() {
            return Err(format!("reset({seed:?}) of env {env} gave something else in a group"));
        }
        Ok(())
    }

    /// Steps the envs from `from` on, but for those that are `held`.
    fn step(&mut self, from: usize, held: &[bool]) -> Result<(), String> {
        let (mut discrete, mut continuous) = (Vec::new(), Vec::new());
        let samples: Vec<_> =
            (0..COUNT).map(|_| self.spec.action.sample(&mut self.actions)).collect();
        for sample in &samples {
            match sample {
                Sample::Discrete(action) => discrete.push(*action),
                Sample::Continuous(action) => continuous.extend(action),
            }
        }
        let actions = match continuous.is_empty() {
            true => Actions::Discrete(&discrete),
            false => Actions::Continuous(&continuous),
        };
        let (mut reward, mut ends) = ([0.0; COUNT], [Row::Void; COUNT]);
        let rows = GroupRows {
            held,
            actions,
            next: self.next.view_mut(),
            reward: &mut reward,
            row: &mut ends,
        };
        let mut turn = from;
        self.group
            .step(&mut turn, rows)
            .map_err(|e| format!("step in a group, env {turn}: {e}"))?;
        let dim = self.spec.obs.dim();
        let is_held = |env: usize| held.get(env) == Some(&true);
        for (env, sample) in samples.iter().enumerate().skip(from) {
            if is_held(env) {
                continue;
            }
            let step = self.alone[env].step(sample.as_action(), self.own.view_mut());
            let step = step.map_err(|e| format!("step with {sample:?}: {e}"))?;
            let bits = |reward: f64| reward.to_bits();
            if self.next.view().slice(env * dim..(env + 1) * dim) != self.own.view()
                || (bits(reward[env]), ends[env]) != (bits(step.reward), Row::from(step.end))
            {
                return Err(format!(
                    "a step of env {env} with {sample:?} gave something else in a group"
                ));
            }
            if step.end.is_some() {
                self.reset(env, None)?;
            }
        }
        Ok(())
    }

    /// Compares the states.
    fn compare(&self) -> Result<(), String> {
        for (env, alone) in self.alone.iter().enumerate() {
            let of_group = self.group.save(env).map_err(|e| format!("save in a group: {e}"))?;
            if of_group != alone.save().map_err(|e| format!("save: {e}"))? {
                return Err(format!("the state of env {env} is something else in a group"));
            }
        }
        Ok(())
    }
}

pub(super) fn check(spec: &EnvSpec) -> Result<(), String> {
    let mut pair = Pair::new(spec)?;
    for env in 0..COUNT {
        pair.reset(env, Some(env as u64))?;
    }
    for _ in 0..STEPS {
        pair.step(0, &[])?;
    }
    pair.compare()?;
    // As the engine waits a step for an episode to begin.
    for held in [[true, false, false], [false, true, true], [true; COUNT]] {
        pair.step(0, &held)?;
    }
    pair.compare()?;
    // As the engine goes on behind an env that failed, and without it.
    pair.step(1, &[])?;
    pair.compare()?;
    pair.group.renew(1).map_err(|e| format!("making one anew: {e}"))?;
    pair.alone[1] = spec.make.one().map_err(|e| format!("making one: {e}"))?;
    pair.reset(1, Some(9))?;
    pair.step(0, &[])?;
    let state = pair.alone[2].save().map_err(|e| format!("save: {e}"))?;
    pair.group.restore(0, &state).map_err(|e| format!("restore in a group: {e}"))?;
    pair.alone[0].restore(&state).map_err(|e| format!("restore: {e}"))?;
    pair.step(0, &[])?;
    pair.compare()
}
