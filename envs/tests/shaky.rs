//! Envs that fail at random under `restart`: each fault is told and counted, and no other env notices.

use crate::common;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::common::{Actor, Record, engine};
use sparring_envs::env::{generator, write_obs};
use sparring_envs::{
    Action, End, Env, EnvError, EnvRng, EnvSpec, Fault, ObsMut, OnFault, Row, Space, Step,
    VectorConfig, VectorEnv, maker, state,
};

const ENVS: usize = 6;
const STEPS: usize = 600;
/// Above those that an engine is made with here.
const FIRST_SEEDS: u64 = 1000;

/// Draws observations, rewards and ends; with an even seed it fails where its dice say so.
struct Shaky {
    rng: Option<EnvRng>,
    dice: EnvRng,
    fails: bool,
    /// How often any has failed; none does without.
    failures: Option<Arc<AtomicU32>>,
}

impl Shaky {
    /// Which of `n` things happens; 0 is the first that is a failure.
    fn roll(&mut self, n: u32) -> Option<u32> {
        let rolled = self.dice.integers(n);
        let failures = self.failures.as_ref().filter(|_| self.fails && rolled < 4)?;
        failures.fetch_add(1, Ordering::SeqCst);
        Some(rolled)
    }
}

impl Env for Shaky {
    fn reset(&mut self, seed: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        if let Some(seed) = seed {
            // One that was restarted has failed before.
            let fails = seed % 2 == 0 || seed > FIRST_SEEDS;
            (self.dice, self.fails) = (EnvRng::new(seed ^ 1), fails);
        }
        let x = generator(&mut self.rng, seed)?.random() as f32;
        // The first reset is not to fail: that is an error of `new`.
        if seed.is_none_or(|seed| seed > FIRST_SEEDS) {
            match self.roll(20) {
                Some(0 | 1) => panic!("it does not begin"),
                Some(2) => return Err(EnvError::NoPicture { why: "it is dark".to_owned() }),
                Some(_) => return write_obs(obs, [f32::INFINITY]),
                None => {}
            }
        }
        write_obs(obs, [x])
    }

    fn step(&mut self, action: Action<'_>, obs: ObsMut<'_>) -> Result<Step, EnvError> {
        action.discrete(2)?;
        let rng = generator(&mut self.rng, None)?;
        let (x, mut reward) = (rng.random() as f32, rng.random());
        let end =
            [Some(End::Terminated), Some(End::Truncated), None][rng.integers(30).min(2) as usize];
        write_obs(obs, [x])?;
        match self.roll(60) {
            Some(0) => panic!("the ground shakes"),
            Some(1) => return Err(EnvError::NoPicture { why: "it is dark".to_owned() }),
            Some(2) => reward = f64::NAN,
            Some(_) => reward = f64::NEG_INFINITY,
            None => {}
        }
        Ok(Step { reward, end })
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        state::pack("Shaky-v0", &(&self.rng, &self.dice, self.fails))
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), EnvError> {
        (self.rng, self.dice, self.fails) = state::unpack("Shaky-v0", bytes)?;
        Ok(())
    }
}

fn shaky(failures: Option<Arc<AtomicU32>>) -> EnvSpec {
    let make = maker(move || {
        let failures = failures.clone();
        Ok(Shaky { rng: None, dice: EnvRng::new(0), fails: false, failures })
    });
    let obs = Space::uniform(&[1], 0.0, 1.0);
    EnvSpec::new(obs, Space::Discrete { n: 2 }, make).limit(25).named("Shaky-v0")
}

/// Where each env is, as its rows tell it.
#[derive(Clone, Copy, Default)]
struct Place {
    episode: u64,
    step: u32,
}

impl Place {
    /// Goes on by a row, and compares where the faults of this env were.
    fn follow(&mut self, row: Row, faults: &[&Fault]) {
        let mut told = faults.iter().map(|fault| (fault.episode, fault.step));
        self.step += 1;
        match row {
            Row::Step => assert!(faults.is_empty(), "{faults:?}"),
            Row::Void => {
                assert_eq!(told.next(), Some((self.episode, self.step)));
                *self = Self { episode: self.episode + 1, step: 0 };
            }
            Row::End(_) => *self = Self { episode: self.episode + 1, step: 0 },
        }
        // Those that failed in a reset, each in the next episode.
        for place in told {
            assert_eq!(place, (self.episode, 0));
            self.episode += 1;
        }
    }
}

/// The records of a run whose faults were all told and counted.
fn disturbed(workers: usize) -> (Vec<Record>, Vec<Vec<Fault>>) {
    let failures = Arc::new(AtomicU32::new(0));
    let spec = shaky(Some(failures.clone()));
    let mut envs = engine(&spec, ENVS, workers, OnFault::Restart { max: 10_000 });
    let (mut records, mut told) = (Vec::new(), Vec::new());
    let mut places = [Place::default(); ENVS];
    let mut counts = [0; ENVS];
    let mut actor = Actor::new(9);
    for _ in 0..STEPS {
        let batch = envs.step(actor.act(&spec.action, ENVS)).unwrap();
        assert!(batch.rows().all(|step| step.reward.is_finite()));
        records.push(Record::of(&batch));
        let faults = envs.faults().to_vec();
        assert!(faults.is_sorted_by_key(|fault| fault.env));
        let row = &records[records.len() - 1].row;
        for env in 0..ENVS {
            let own: Vec<&Fault> = faults.iter().filter(|fault| fault.env == env).collect();
            if counts[env] == 0 && !own.is_empty() {
                assert_eq!(own[0].seed, 100 + env as u64);
            }
            counts[env] += own.len() as u32;
            places[env].follow(row[env], &own);
        }
        let known =
            ["it does not begin", "the ground shakes", "it is dark", "is NaN", "is inf", "is -inf"];
        assert!(faults.iter().all(|fault| known.iter().any(|part| fault.cause.contains(part))));
        told.push(faults);
    }
    assert_eq!(counts.to_vec(), envs.restarts());
    assert_eq!(counts.iter().sum::<u32>(), failures.load(Ordering::SeqCst));
    assert!(counts[0] > 5 && counts[2] > 5 && counts[1] == 0, "{counts:?}");
    (records, told)
}

#[test]
fn every_fault_is_told_and_the_others_are_as_undisturbed() {
    let spec = shaky(None);
    let mut envs = engine(&spec, ENVS, 0, OnFault::Stop);
    let undisturbed = common::drive(&mut envs, &mut Actor::new(9), STEPS);
    let (inline, told) = disturbed(0);
    for (found, expected) in inline.iter().zip(&undisturbed) {
        for env in (1..ENVS).step_by(2) {
            let of = |record: &Record| {
                (record.obs[env], record.next[env], record.reward[env], record.row[env])
            };
            assert_eq!(of(found), of(expected));
            let of = |record: &Record| {
                let own = record.finished.iter().filter(|episode| episode.env == env);
                own.copied().collect::<Vec<_>>()
            };
            assert_eq!(of(found), of(expected));
        }
    }
    for workers in [1, 3] {
        assert!(disturbed(workers) == (inline.clone(), told.clone()));
    }
}

/// An engine that was saved between its faults goes on with the same ones.
#[test]
fn a_saved_engine_goes_on_through_the_same_faults() {
    let spec = shaky(Some(Arc::default()));
    let restart = OnFault::Restart { max: 10_000 };
    let mut envs = engine(&spec, ENVS, 0, restart);
    common::drive(&mut envs, &mut Actor::new(9), 300);
    let bytes = envs.save().unwrap();
    let run = |envs: &mut VectorEnv| {
        let records = common::drive(envs, &mut Actor::new(3), 300);
        (records, envs.restarts(), envs.save().unwrap())
    };
    let expected = run(&mut envs);
    for workers in [0, 1, 3] {
        let config =
            VectorConfig { num_envs: ENVS, workers, on_fault: restart, ..VectorConfig::default() };
        let mut other = VectorEnv::new(&spec, &[1; ENVS], &config).unwrap();
        other.restore(&bytes).unwrap();
        assert!(run(&mut other) == expected);
    }
}

#[test]
fn what_is_not_looked_for_is_handed_on() {
    let spec = shaky(Some(Arc::default()));
    let on_fault = OnFault::Restart { max: 10_000 };
    let config =
        VectorConfig { num_envs: 1, on_fault, check_finite: false, ..VectorConfig::default() };
    let mut envs = VectorEnv::new(&spec, &[100], &config).unwrap();
    let mut actor = Actor::new(1);
    let (mut odd, mut told) = (0, Vec::new());
    for _ in 0..4000 {
        let batch = envs.step(actor.act(&spec.action, 1)).unwrap();
        odd += u32::from(!batch.reward[0].is_finite());
        told.extend(envs.faults().iter().map(|fault| fault.cause.clone()));
        if odd > 0 && !told.is_empty() {
            break;
        }
    }
    assert!(odd > 0, "rewards that are not finite come through");
    assert!(told.iter().all(|cause| !cause.contains("finite")), "{told:?}");
}
