//! The checks, one function each.

use super::episode::{Mark, Walk};
use super::group;
use super::report::CheckReport;
use crate::{Action, Dtype, EnvError, EnvSpec, ObsBuf, Space, Step};

/// A check: what it found wrong, or nothing.
type Rule = fn(&EnvSpec, &mut CheckReport) -> Result<(), String>;

/// All checks, in the order in which they run.
pub(super) const RULES: [(&str, Rule); 11] = [
    ("spaces", spaces),
    ("step before reset", before_reset),
    ("same seed", same_seed),
    ("other seed", other_seed),
    ("reset without a seed", seedless_reset),
    ("save and restore", save_restore),
    ("frames", frames),
    ("wrong actions", wrong_actions),
    ("wrong buffers", wrong_buffers),
    ("after the end", after_end),
    ("group", |spec, _| group::check(spec)),
];

/// Steps of a walk.
const STEPS: usize = 300;
/// Steps after which an env without a time limit counts as endless.
const PATIENCE: u32 = 20_000;
const SEED: u64 = 1;

fn spaces(spec: &EnvSpec, _: &mut CheckReport) -> Result<(), String> {
    for (name, space) in [("observation", &spec.obs), ("action", &spec.action)] {
        let sound = match space {
            Space::Discrete { n } => *n > 0,
            Space::Box { shape, low, high, .. } => {
                !low.is_empty()
                    && shape.iter().product::<usize>() == low.len()
                    && low.len() == high.len()
                    && low.iter().zip(high).all(|(low, high)| low <= high)
            }
        };
        if !sound {
            return Err(format!(
                "the {name} space {space} is empty or its bounds do not fit its shape"
            ));
        }
    }
    if let Space::Box { shape, .. } = &spec.obs
        && (spec.frames == 0 || (spec.frames > 1 && shape[0] % spec.frames != 0))
    {
        let (frames, axis) = (spec.frames, shape[0]);
        return Err(format!("{frames} frames do not divide the first axis of {axis}"));
    }
    match spec.max_episode_steps {
        Some(0) => Err("max_episode_steps is 0; it must be at least 1 or None".to_owned()),
        _ => Ok(()),
    }
}

fn before_reset(spec: &EnvSpec, _: &mut CheckReport) -> Result<(), String> {
    let mut walk = Walk::new(spec)?;
    let action = walk.action();
    match walk.env.step(action.as_action(), walk.obs.view_mut()) {
        Err(EnvError::ResetNeeded) => Ok(()),
        other => Err(format!("a step before the reset gave {other:?}; it must give ResetNeeded")),
    }
}

/// A seeded reset and what follows it.
fn course(spec: &EnvSpec, seed: u64) -> Result<Vec<Mark>, String> {
    stained(spec, seed, 0)
}

/// The same over bytes of this value.
fn stained(spec: &EnvSpec, seed: u64, stain: u8) -> Result<Vec<Mark>, String> {
    let mut walk = Walk::new(spec)?;
    walk.stain = stain;
    let mut marks = vec![walk.reset(Some(seed))?];
    marks.extend(walk.follow(STEPS)?);
    Ok(marks)
}

fn same(left: &[Mark], right: &[Mark], what: &str) -> Result<(), String> {
    match left.iter().zip(right).position(|(left, right)| left != right) {
        None if left.len() == right.len() => Ok(()),
        place => {
            let place = place.unwrap_or(left.len().min(right.len()));
            Err(format!("{what} differ at observation {place}; they must be equal bit for bit"))
        }
    }
}

fn same_seed(spec: &EnvSpec, report: &mut CheckReport) -> Result<(), String> {
    let first = course(spec, SEED)?;
    report.episodes = first.iter().filter(|mark| mark.ended).count();
    same(&first, &course(spec, SEED)?, "two new envs with the same seed")?;
    let over = stained(spec, SEED, u8::MAX)?;
    same(&first, &over, "two buffers that held 0 and 255, so not every byte was written:")?;
    let mut used = Walk::new(spec)?;
    used.reset(Some(SEED + 1))?;
    used.follow(STEPS)?;
    let mut again = Walk::new(spec)?;
    again.env = used.env;
    let mut marks = vec![again.reset(Some(SEED))?];
    marks.extend(again.follow(STEPS)?);
    same(&first, &marks, "a new env and a used one with the same seed")
}

fn other_seed(spec: &EnvSpec, report: &mut CheckReport) -> Result<(), String> {
    report.random = course(spec, SEED)? != course(spec, SEED + 1)?;
    Ok(())
}

fn seedless_reset(spec: &EnvSpec, report: &mut CheckReport) -> Result<(), String> {
    let second = || -> Result<Vec<Mark>, String> {
        let mut walk = Walk::new(spec)?;
        walk.reset(Some(SEED))?;
        // An env may draw in its steps only.
        walk.follow(7)?;
        let mut later = Walk::new(spec)?;
        later.env = walk.env;
        let mut marks = vec![later.reset(None)?];
        marks.extend(later.follow(STEPS)?);
        Ok(marks)
    };
    let marks = second()?;
    same(&marks, &second()?, "two seedless resets after the same seed")?;
    if report.random && marks == course(spec, SEED)? {
        return Err(
            "a reset without a seed repeats the seeded one; it must go on with the generator"
                .into(),
        );
    }
    Ok(())
}

fn save_restore(spec: &EnvSpec, _: &mut CheckReport) -> Result<(), String> {
    // Odd lengths, so that the save falls into the middle of episodes of different lengths.
    for before in [0, 7, 123] {
        let mut walk = Walk::new(spec)?;
        walk.reset(Some(SEED))?;
        walk.follow(before)?;
        let bytes = walk.env.save().map_err(|e| format!("save: {e}"))?;
        let mut env = spec.make.one().map_err(|e| format!("making one: {e}"))?;
        env.restore(&bytes).map_err(|e| format!("restore of what save gave: {e}"))?;
        for cut in [0, bytes.len() / 2] {
            if env.restore(&bytes[..cut]).is_ok() {
                return Err(format!(
                    "{cut} of {} saved bytes were restored; they must be refused",
                    bytes.len()
                ));
            }
        }
        let mut other = Walk::new(spec)?;
        other.reset(Some(SEED))?;
        other.follow(before)?;
        other.env = env;
        same(&walk.follow(STEPS)?, &other.follow(STEPS)?, "the env and its restored copy")?;
    }
    Ok(())
}

fn frames(spec: &EnvSpec, _: &mut CheckReport) -> Result<(), String> {
    if spec.frames < 2 {
        return Ok(());
    }
    let mut walk = Walk::new(spec)?;
    let newest = spec.obs.dim() / spec.frames;
    walk.reset(Some(SEED))?;
    let mut before = ObsBuf::zeros(spec.obs.dtype(), spec.obs.dim());
    let mut starts = true;
    for step in 0..STEPS {
        let (older, now) = (spec.obs.dim() - newest, walk.obs.view());
        if starts && now.slice(0..older).values().any(|x| x != 0.0) {
            return Err(format!("an episode begins with frames before its first, at step {step}"));
        }
        if !starts && now.slice(0..older) != before.view().slice(newest..spec.obs.dim()) {
            return Err(format!("step {step} did not move the frames by one"));
        }
        before = walk.obs.clone();
        starts = walk.step()?.ended;
        if starts {
            walk.reset(None)?;
        }
    }
    Ok(())
}

fn wrong_actions(spec: &EnvSpec, _: &mut CheckReport) -> Result<(), String> {
    let mut walk = Walk::new(spec)?;
    walk.reset(Some(SEED))?;
    let state = walk.env.save().map_err(|e| format!("save: {e}"))?;
    let dim = spec.action.dim();
    let (nan, long) = (vec![f32::NAN; dim], vec![0.0; dim + 1]);
    let mut beyond = vec![0.0; dim];
    let mut wrong = vec![Action::Continuous(&[]), Action::Continuous(&long)];
    match &spec.action {
        Space::Discrete { n } => {
            wrong.extend([
                Action::Discrete(*n),
                Action::Discrete(u32::MAX),
                Action::Continuous(&nan),
            ]);
        }
        Space::Box { low, high, .. } => {
            wrong.extend([Action::Discrete(0), Action::Continuous(&nan)]);
            beyond.copy_from_slice(low);
            if let Some(i) = high.iter().position(|high| high.is_finite()) {
                beyond[i] = high[i] * 1.5 + 1.0;
                wrong.push(Action::Continuous(&beyond));
            }
        }
    }
    for action in wrong {
        if walk.env.step(action, walk.obs.view_mut()).is_ok() {
            return Err(format!("{action:?} was taken, but the space is {}", spec.action));
        }
        if walk.env.save().ok().as_ref() != Some(&state) {
            return Err(format!("{action:?} was refused but changed the env"));
        }
    }
    Ok(())
}

fn wrong_buffers(spec: &EnvSpec, _: &mut CheckReport) -> Result<(), String> {
    for len in [spec.obs.dim() - 1, spec.obs.dim() + 1] {
        let mut walk = Walk::new(spec)?;
        let mut obs = ObsBuf::zeros(spec.obs.dtype(), len);
        if walk.env.reset(Some(SEED), obs.view_mut()).is_ok() {
            return Err(format!(
                "reset wrote into {len} values; it must refuse all but {}",
                spec.obs.dim()
            ));
        }
    }
    let other = match spec.obs.dtype() {
        Dtype::F32 => Dtype::U8,
        Dtype::U8 => Dtype::F32,
    };
    let mut obs = ObsBuf::zeros(other, spec.obs.dim());
    match Walk::new(spec)?.env.reset(Some(SEED), obs.view_mut()) {
        Ok(()) => {
            Err(format!("reset took a buffer of {other}; its space has {}", spec.obs.dtype()))
        }
        Err(_) => Ok(()),
    }
}

fn after_end(spec: &EnvSpec, _: &mut CheckReport) -> Result<(), String> {
    let mut walk = Walk::new(spec)?;
    walk.reset(Some(SEED))?;
    for _ in 0..PATIENCE {
        if walk.step()?.ended {
            break;
        }
    }
    // A step after the end may be an error, but neither a panic nor a number that is none.
    let action = walk.action();
    let outcome = walk.env.step(action.as_action(), walk.obs.view_mut());
    let finite =
        |step: &Step| step.reward.is_finite() && walk.obs.view().values().all(f32::is_finite);
    if let Ok(step) = outcome
        && !finite(&step)
    {
        return Err(format!("a step after the end gave {step:?} and {:?}", walk.obs));
    }
    walk.reset(None)?;
    walk.follow(2).map(drop)
}
