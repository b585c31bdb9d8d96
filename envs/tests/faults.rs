//! Envs that panic, fail or give NaN: what is reported, what is restarted, what the others keep.

use crate::common;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::common::engine;
use sparring_envs::env::{generator, write_obs};
use sparring_envs::{
    Action, Actions, End, Env, EnvError, EnvRng, EnvSpec, Fault, ObsMut, OnFault, Row, Space, Step,
    VectorConfig, VectorEnv, maker, state,
};

/// Counts up by 1 from a random start; the env with an even first seed fails where `HOW` says.
#[derive(serde::Serialize, serde::Deserialize)]
struct Faulty<const HOW: u8> {
    rng: Option<EnvRng>,
    /// Fails only if the seed was one of the engine's own: 100 + an even number below 50.
    fails: bool,
    steps: u32,
    episodes: u32,
}

const PANIC: u8 = 0;
const ERROR: u8 = 1;
const NAN_OBS: u8 = 2;
const INF_REWARD: u8 = 3;
/// Panics while it is reset after its first episode.
const PANIC_IN_RESET: u8 = 4;
/// Fails again after every restart.
const ALWAYS: u8 = 5;
/// Panics with a payload that is no text.
const ODD_PAYLOAD: u8 = 6;

impl<const HOW: u8> Env for Faulty<HOW> {
    fn reset(&mut self, seed: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        if let Some(seed) = seed {
            self.fails = HOW == ALWAYS || ((100..150).contains(&seed) && seed % 2 == 0);
        } else {
            self.episodes += 1;
            assert!(!(self.fails && HOW == PANIC_IN_RESET), "no more episodes");
        }
        self.steps = 0;
        let x = generator(&mut self.rng, seed)?.random() as f32;
        write_obs(obs, [x, 0.0])
    }

    fn step(&mut self, action: Action<'_>, obs: ObsMut<'_>) -> Result<Step, EnvError> {
        action.discrete(2)?;
        self.steps += 1;
        let mut step = Step { reward: 1.0, end: (self.steps == 5).then_some(End::Terminated) };
        let obs = obs.floats(2)?;
        obs.copy_from_slice(&[0.0, self.steps as f32]);
        // The second episode, third step.
        if self.fails && ((self.episodes == 1 && self.steps == 3) || HOW == ALWAYS) {
            match HOW {
                PANIC | ALWAYS => panic!("the floor is lava"),
                ERROR => {
                    return Err(EnvError::ObsLen { found: 7, allowed: 8 });
                }
                NAN_OBS => obs[1] = f32::NAN,
                INF_REWARD => step.reward = f64::INFINITY,
                ODD_PAYLOAD => std::panic::panic_any(17u8),
                _ => {}
            }
        }
        Ok(step)
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        state::pack("Faulty-v0", self)
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), EnvError> {
        *self = state::unpack("Faulty-v0", bytes)?;
        Ok(())
    }
}

fn faulty<const HOW: u8>() -> EnvSpec {
    let make = maker(|| Ok(Faulty::<HOW> { rng: None, fails: false, steps: 0, episodes: 0 }));
    let obs = Space::uniform(&[2], 0.0, 100.0);
    EnvSpec::new(obs, Space::Discrete { n: 2 }, make).named("Faulty-v0")
}

/// Steps until the engine stops; returns the steps that went well and the error.
fn until_stop(envs: &mut VectorEnv) -> (usize, EnvError) {
    let actions = vec![0; envs.num_envs()];
    for t in 0..100 {
        if let Err(error) = envs.step(Actions::Discrete(&actions)) {
            return (t, error);
        }
    }
    panic!("it never stopped");
}

fn stops<const HOW: u8>(step: u32, words: &str) {
    for workers in [0, 2] {
        // Seeds 101, 102, 103: only the env in the middle fails.
        let config = VectorConfig { num_envs: 3, workers, ..VectorConfig::default() };
        let mut envs = VectorEnv::new(&faulty::<HOW>(), &[101, 102, 103], &config).unwrap();
        let (went_well, error) = until_stop(&mut envs);
        let text = error.to_string();
        let EnvError::Fault { id, fault } = error.clone() else { panic!("{text}") };
        let Fault { env, seed, episode, step: at, cause } = fault.clone();
        assert_eq!((env, id.as_str(), seed, episode, at), (1, "Faulty-v0", 102, 1, step));
        assert!(cause.contains(words), "{cause}");
        assert_eq!(envs.faults(), [fault]);
        for part in ["env 1", "Faulty-v0", "seed 102", "episode 1", &format!("step {step}")] {
            assert!(text.contains(part), "{text}");
        }
        // The others made the step, and the engine stays stopped.
        let last = envs.last();
        if step == 0 {
            assert_eq!((went_well, last.row), (4, [Row::End(End::Terminated); 3].as_slice()));
            assert_eq!(last.finished.len(), 3);
        } else {
            assert_eq!((went_well, last.row), (7, [Row::Step, Row::Void, Row::Step].as_slice()));
            assert_eq!(last.reward, [1.0, 0.0, 1.0]);
            assert!(last.rows().map(|step| step.env).eq([0, 2]), "no transition of the broken one");
            let next: Vec<f32> = last.next.values().collect();
            assert_eq!((next[1], next[5]), (3.0, 3.0));
        }
        assert!(last.next.values().all(f32::is_finite));
        assert_eq!(envs.step(Actions::Discrete(&[0; 3])).unwrap_err(), error);
        // A saved engine remembers why it stopped.
        let bytes = envs.save().unwrap();
        let mut again = engine(&faulty::<HOW>(), 3, 0, OnFault::Stop);
        again.restore(&bytes).unwrap();
        assert_eq!(again.step(Actions::Discrete(&[0; 3])).unwrap_err(), error);
    }
}

#[test]
fn a_fault_is_named_and_stops() {
    stops::<PANIC>(3, "panicked: the floor is lava");
    stops::<ERROR>(3, "holds 7 values");
    stops::<NAN_OBS>(3, "value 1 is NaN");
    stops::<INF_REWARD>(3, "reward is inf");
    stops::<ODD_PAYLOAD>(3, "no text");
    stops::<PANIC_IN_RESET>(0, "no more episodes");
}

/// Which rows are void.
fn void(row: &[Row]) -> Vec<usize> {
    (0..row.len()).filter(|i| row[*i] == Row::Void).collect()
}

fn restarts<const HOW: u8>(in_reset: bool) {
    let run = |workers| {
        let on_fault = OnFault::Restart { max: 1 };
        let mut envs = engine(&faulty::<HOW>(), 5, workers, on_fault);
        let mut records = Vec::new();
        for t in 1..=40 {
            let record = common::Record::of(&envs.step(Actions::Discrete(&[0; 5])).unwrap());
            if t == 8 && !in_reset {
                // Envs 0, 2 and 4 have the even seeds; their third step of the second episode fails.
                assert_eq!(void(&record.row), [0, 2, 4]);
                for env in void(&record.row) {
                    assert_eq!(record.reward[env], 0);
                    let row = 2 * env..2 * env + 2;
                    let obs: Vec<u32> =
                        envs.obs().slice(row.clone()).values().map(f32::to_bits).collect();
                    assert_eq!(record.next[row], obs);
                }
                assert!(f32::from_bits(record.next[3]) == 3.0);
            } else {
                assert!(void(&record.row).is_empty(), "step {t}");
            }
            records.push(record);
        }
        assert_eq!(envs.restarts(), [1, 0, 1, 0, 1]);
        let starts: std::collections::HashSet<u32> =
            records.iter().flat_map(|r| [r.obs[0], r.obs[4], r.obs[8]]).collect();
        assert!(starts.len() > 10, "restarted envs must not share their new episodes");
        records
    };
    let inline = run(0);
    assert!(run(2) == inline);
    assert!(run(4) == inline);
}

#[test]
fn a_restart_is_counted_void_and_the_same_on_any_worker() {
    restarts::<PANIC>(false);
    restarts::<ERROR>(false);
    restarts::<NAN_OBS>(false);
    restarts::<INF_REWARD>(false);
    restarts::<PANIC_IN_RESET>(true);
}

/// Of this env a transition begins where the one before ended or at a start, and counts on by one: who goes over
/// the rows sees nothing else, whatever fails beside and between them.
fn rows_are_transitions<const HOW: u8>() {
    let mut envs = engine(&faulty::<HOW>(), 5, 1, OnFault::Restart { max: 1 });
    let mut steps = [0.0; 5];
    let mut seen = 0;
    assert_eq!(envs.last().rows().count(), 0, "nothing was stepped yet");
    for _ in 0..40 {
        let batch = envs.step(Actions::Discrete(&[0; 5])).unwrap();
        let voids = void(batch.row);
        for step in batch.rows() {
            let (obs, next) = (step.obs.values().last(), step.next.values().last());
            assert_eq!((obs, next), (Some(steps[step.env]), Some(steps[step.env] + 1.0)));
            assert_eq!((step.reward, step.env), (1.0, step.row));
            assert!(step.obs.values().chain(step.next.values()).all(f32::is_finite));
            steps[step.env] = if step.end.is_some() { 0.0 } else { steps[step.env] + 1.0 };
            seen += 1;
        }
        voids.into_iter().for_each(|env| steps[env] = 0.0);
    }
    assert_eq!(seen, 5 * 40 - 3);
}

#[test]
fn who_goes_over_the_rows_sees_no_transition_that_never_was() {
    rows_are_transitions::<PANIC>();
    rows_are_transitions::<ERROR>();
    rows_are_transitions::<NAN_OBS>();
    rows_are_transitions::<INF_REWARD>();
}

#[test]
fn restarts_run_out() {
    for workers in [0, 1] {
        let mut envs = engine(&faulty::<ALWAYS>(), 2, workers, OnFault::Restart { max: 3 });
        let (went_well, error) = until_stop(&mut envs);
        assert_eq!(went_well, 3);
        assert_eq!(envs.restarts(), [3, 3]);
        let text = error.to_string();
        assert!(text.contains("all 3 restarts") && text.contains("lava"), "{text}");
        assert_eq!(envs.last().row, [Row::Void; 2]);
    }
}

#[test]
fn a_fault_in_the_first_reset_is_an_error_of_new() {
    fn never() -> Tracked {
        panic!("no env today")
    }
    let spec = EnvSpec { make: maker(|| Ok(never())), ..faulty::<PANIC>() };
    let error = VectorEnv::new(&spec, &[5], &VectorConfig::default()).unwrap_err().to_string();
    assert!(error.contains("no env today") && error.contains("seed 5"), "{error}");
}

#[test]
fn an_env_that_cannot_be_made_is_an_error_of_new() {
    let make = maker(|| Err::<Tracked, _>(EnvError::ObsLen { found: 7, allowed: 8 }));
    let spec = EnvSpec { make, ..faulty::<PANIC>() };
    let error = VectorEnv::new(&spec, &[5], &VectorConfig::default()).unwrap_err().to_string();
    assert!(error.contains("holds 7 values") && error.contains("seed 5"), "{error}");
}

/// Tells when it is dropped; where it lives is told by the count.
struct Tracked(Arc<AtomicUsize>);

static ALIVE: std::sync::LazyLock<Arc<AtomicUsize>> = std::sync::LazyLock::new(Arc::default);

impl Drop for Tracked {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Env for Tracked {
    fn reset(&mut self, _: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        write_obs(obs, [0.0, 0.0])
    }

    fn step(&mut self, action: Action<'_>, obs: ObsMut<'_>) -> Result<Step, EnvError> {
        assert_eq!(action.discrete(2)?, 0, "only 0 is good");
        write_obs(obs, [0.0, 0.0])?;
        Ok(Step { reward: 0.0, end: None })
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        Ok(Vec::new())
    }

    fn restore(&mut self, _: &[u8]) -> Result<(), EnvError> {
        Ok(())
    }
}

#[test]
fn dropping_joins_and_frees_also_after_a_fault_and_while_panicking() {
    let make = maker(|| {
        ALIVE.fetch_add(1, Ordering::SeqCst);
        Ok(Tracked(ALIVE.clone()))
    });
    let spec = EnvSpec { make, ..faulty::<PANIC>() };
    let alive = || ALIVE.load(Ordering::SeqCst);

    let mut envs = engine(&spec, 7, 3, OnFault::Stop);
    envs.step(Actions::Discrete(&[0; 7])).unwrap();
    assert_eq!(alive(), 7);
    drop(envs);
    assert_eq!(alive(), 0);

    let mut envs = engine(&spec, 7, 3, OnFault::Stop);
    assert!(envs.step(Actions::Discrete(&[0, 0, 0, 1, 0, 0, 1])).is_err());
    assert_eq!(void(envs.last().row), [3, 6]);
    drop(envs);
    assert_eq!(alive(), 0);

    let mut envs = engine(&spec, 7, 3, OnFault::Restart { max: 1 });
    let batch = envs.step(Actions::Discrete(&[0, 1, 0, 0, 0, 0, 1])).unwrap();
    assert_eq!(void(batch.row), [1, 6]);
    assert_eq!(alive(), 7);

    let unwound = catch_unwind(AssertUnwindSafe(move || {
        let mut envs = envs;
        envs.step(Actions::Discrete(&[0; 7])).unwrap();
        panic!("elsewhere");
    }));
    assert!(unwound.is_err());
    assert_eq!(alive(), 0);
}
