//! A run that is stopped in the middle of an evaluation, or while it is scored under other options of its env, keeps
//! the agent as it was before: what an evaluation draws and counts changes it, and the whole of it is played again later.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use sparring::config::load;
use sparring::error::Error;
use sparring::status::State;
use sparring::train::{Reached, Records, Stamp, train};
use sparring_agents::Replay;
use sparring_envs::{
    Action, Env, EnvError, EnvOption, EnvRow, EnvSpec, Limits, ObsMut, OptionValue, Options, Space,
    Step, maker,
};
use sparring_sparse::Section;

use crate::install;

/// Steps of all environments together until the run is stopped.
static LEFT: AtomicI64 = AtomicI64::new(0);
static STOP: AtomicBool = AtomicBool::new(false);

pub static ROW: EnvRow =
    EnvRow::new("Stops-v0", "stops the run from inside", spec).options(&[FREE]);

const FREE: EnvOption = EnvOption {
    key: "free",
    default: OptionValue::Flag(false),
    limits: Limits::Any,
    about: "says nothing",
};

fn spec(_: &Options) -> Result<EnvSpec, EnvError> {
    let make = maker(|| Ok(Stops));
    let obs = Space::uniform(&[1], 0.0, 1.0);
    Ok(EnvSpec::new(obs, Space::Discrete { n: 2 }, make).limit(20))
}

struct Stops;

impl Env for Stops {
    fn reset(&mut self, _: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        obs.floats(1)?.fill(1.0);
        Ok(())
    }

    fn step(&mut self, action: Action<'_>, obs: ObsMut<'_>) -> Result<Step, EnvError> {
        if LEFT.fetch_sub(1, Ordering::Relaxed) == 1 {
            STOP.store(true, Ordering::Relaxed);
        }
        obs.floats(1)?.fill(1.0);
        Ok(Step { reward: f64::from(action.discrete(2)?), end: None })
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        Ok(Vec::new())
    }

    fn restore(&mut self, _: &[u8]) -> Result<(), EnvError> {
        Ok(())
    }
}

/// Keeps the last checkpoint.
#[derive(Default)]
struct Last(Option<Section>);

impl Records for Last {
    fn checkpoint(&mut self, _: Stamp, state: Section, _: Option<&Replay>) -> Result<(), Error> {
        self.0 = Some(state);
        Ok(())
    }
}

#[test]
fn what_is_kept_does_not_depend_on_where_in_it() {
    install();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.yaml");
    let text = "env: {id: Stops-v0}\ntrain: {total_env_steps: 250}\n\
                eval: {every_env_steps: 100, episodes: 2, num_envs: 1}\n\
                agent: {kind: dqn, hidden: [8], batch_size: 8, warmup_env_steps: 50}\n\
                robustness: {options: {free: [false, true]}, episodes: 2}\n\
                sparsity: {kind: dense}\ncheckpoint: {every_env_steps: 70}\n";
    fs::write(&file, text).unwrap();
    let plan = load(&file, &[], None).unwrap();
    let kept_when_stopped_after = |steps: i64| {
        LEFT.store(steps, Ordering::Relaxed);
        STOP.store(false, Ordering::Relaxed);
        let (mut last, mut reached) = (Last::default(), Reached::default());
        let state = train(plan.jobs()[0], None, &mut last, &mut reached, &STOP).unwrap();
        assert_eq!(state, State::Interrupted, "{steps}");
        let agent = last.0.unwrap().part("agent");
        assert!(!agent.is_empty());
        agent
    };
    // An evaluation has 40 steps: before the first step of training, after 100, and at the end, which is
    // no multiple of anything.
    for begin in [0, 140, 370] {
        let [early, late] = [3, 33].map(|steps| kept_when_stopped_after(begin + steps));
        assert!(early == late, "after {begin} steps");
    }
    // Then the last policy is scored under two options, one environment for each of two episodes.
    let [first, second] = [3, 55].map(|steps| kept_when_stopped_after(410 + steps));
    assert!(first == second, "while it is scored under other options");
}
