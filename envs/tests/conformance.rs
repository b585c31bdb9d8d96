//! Every registered env keeps the contract, and the checker notices when one does not.

use crate::common::specs;
use sparring_envs::env::{generator, write_obs};
use sparring_envs::{
    Action, End, Env, EnvError, EnvRng, EnvSpec, Make, ObsMut, Space, Step, check_env, maker, state,
};

#[test]
fn every_registered_env_keeps_the_contract() {
    for spec in specs() {
        let report = check_env(&spec).unwrap();
        assert_eq!(report.checks.len(), 11, "{report:?}");
        let fixed = ["Counter-v0", "Chain-v0"].contains(&spec.id);
        assert_eq!(report.random, !fixed, "{}", spec.id);
    }
}

/// A sound env with one thing broken at a time.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Broken {
    how: u8,
    rng: Option<EnvRng>,
    seed: u64,
    steps: Option<u32>,
}

const NO_RESET_ERROR: u8 = 0;
const NAN: u8 = 1;
const OUTSIDE: u8 = 2;
const FORGETS_GENERATOR: u8 = 3;
const REPEATS_SEED: u8 = 4;
const TAKES_ANY_ACTION: u8 = 5;
const PANICS: u8 = 6;
const STALE: u8 = 7;
const SOUND: u8 = 8;

impl Env for Broken {
    fn reset(&mut self, seed: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        self.seed = seed.unwrap_or(self.seed);
        let seed = if self.how == REPEATS_SEED { Some(self.seed) } else { seed };
        let x = generator(&mut self.rng, seed)?.random() as f32;
        self.steps = Some(0);
        write_obs(obs, [x])
    }

    fn step(&mut self, action: Action<'_>, mut obs: ObsMut<'_>) -> Result<Step, EnvError> {
        if self.how == NO_RESET_ERROR && self.steps.is_none() {
            self.reset(Some(0), obs.reborrow())?;
        }
        let steps = self.steps.ok_or(EnvError::ResetNeeded)?;
        if self.how != TAKES_ANY_ACTION {
            action.discrete(2)?;
        }
        self.steps = Some(steps + 1);
        let x = generator(&mut self.rng, None)?.random() as f32;
        match self.how {
            NAN => write_obs(obs, [f32::NAN])?,
            OUTSIDE => write_obs(obs, [x + 1.0])?,
            STALE => {}
            PANICS if steps == 5 => panic!("five is too many"),
            _ => write_obs(obs, [x])?,
        }
        Ok(Step { reward: 0.0, end: (steps >= 20).then_some(End::Terminated) })
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        state::pack("Broken-v0", self)
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), EnvError> {
        *self = state::unpack("Broken-v0", bytes)?;
        if self.how == FORGETS_GENERATOR {
            self.rng = Some(EnvRng::new(99));
        }
        Ok(())
    }
}

fn making<const HOW: u8>() -> Make {
    maker(|| Ok(Broken { how: HOW, rng: None, seed: 0, steps: None }))
}

/// Counts in frames of one byte, two of them stacked, with one thing broken at a time.
#[derive(Default, serde::Serialize, serde::Deserialize)]
struct Film {
    how: u8,
    count: Option<u8>,
}

const SOUND_FILM: u8 = 0;
/// The first frame stands before itself.
const NO_ZEROS: u8 = 1;
/// The older frame stays what it was.
const NO_MOVE: u8 = 2;
const HALF_WRITTEN: u8 = 3;

impl Film {
    fn show(&self, count: u8, obs: ObsMut<'_>) -> Result<(), EnvError> {
        let older = match (self.how, count) {
            (NO_ZEROS, 0) => 7,
            (_, 0) => 0,
            (NO_MOVE, _) => 7,
            _ => count + 6,
        };
        let obs = obs.bytes(2)?;
        obs[1] = count + 7;
        if self.how != HALF_WRITTEN {
            obs[0] = older;
        }
        Ok(())
    }
}

impl Env for Film {
    fn reset(&mut self, _: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        self.show(0, obs)?;
        self.count = Some(0);
        Ok(())
    }

    fn step(&mut self, action: Action<'_>, obs: ObsMut<'_>) -> Result<Step, EnvError> {
        let count = self.count.ok_or(EnvError::ResetNeeded)?;
        action.discrete(2)?;
        self.count = Some((count + 1).min(20));
        self.show((count + 1).min(20), obs)?;
        Ok(Step { reward: 0.0, end: (count >= 9).then_some(End::Terminated) })
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        state::pack("Film-v0", self)
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), EnvError> {
        *self = state::unpack("Film-v0", bytes)?;
        Ok(())
    }
}

#[test]
fn each_breach_of_frames_and_bytes_is_named() {
    let spec = |how: u8| {
        let make = maker(move || Ok(Film { how, count: None }));
        let action = Space::Discrete { n: 2 };
        EnvSpec::new(Space::bytes(&[2, 1]), action, make).stacked(2).named("Film-v0")
    };
    check_env(&spec(SOUND_FILM)).unwrap();
    let breach = |spec| check_env(&spec).unwrap_err().to_string();
    let text = breach(spec(NO_ZEROS));
    assert!(text.contains("`frames`") && text.contains("before its first"), "{text}");
    let text = breach(spec(NO_MOVE));
    assert!(text.contains("`frames`") && text.contains("move the frames by one"), "{text}");
    let text = breach(spec(HALF_WRITTEN));
    assert!(text.contains("`same seed`") && text.contains("not every byte"), "{text}");
    let text = breach(EnvSpec { frames: 3, ..spec(SOUND_FILM) });
    assert!(text.contains("`spaces`") && text.contains("3 frames"), "{text}");
}

#[test]
fn each_breach_is_named() {
    let spec = |make: Make| {
        let obs = Space::uniform(&[1], 0.0, 1.0);
        EnvSpec::new(obs, Space::Discrete { n: 2 }, make).named("Broken-v0")
    };
    assert!(check_env(&spec(making::<SOUND>())).unwrap().random);
    let cases: [(Make, &str, &str); 8] = [
        (making::<NO_RESET_ERROR>(), "step before reset", "ResetNeeded"),
        (making::<NAN>(), "same seed", "finite"),
        (making::<STALE>(), "same seed", "written"),
        (making::<OUTSIDE>(), "same seed", "outside"),
        (making::<REPEATS_SEED>(), "reset without a seed", "go on"),
        (making::<FORGETS_GENERATOR>(), "save and restore", "restored copy"),
        (making::<TAKES_ANY_ACTION>(), "wrong actions", "was taken"),
        (making::<PANICS>(), "same seed", "five is too many"),
    ];
    for (make, check, words) in cases {
        match check_env(&spec(make)).unwrap_err() {
            EnvError::Contract { check: found, found: text, .. } => {
                assert_eq!(found, check, "{text}");
                assert!(text.contains(words), "{text}");
            }
            other => panic!("{other}"),
        }
    }
    let mut empty = spec(making::<SOUND>());
    empty.action = Space::Discrete { n: 0 };
    assert!(check_env(&empty).unwrap_err().to_string().contains("spaces"));
}
