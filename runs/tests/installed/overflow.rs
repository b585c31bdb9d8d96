//! Rewards that are finite and so large that no loss is: the job says which they were.

use std::sync::atomic::AtomicBool;

use sparring::config::load;
use sparring::train::{Reached, Unrecorded, train};
use sparring_envs::{Action, Env, EnvError, EnvRow, EnvSpec, ObsMut, Options, Space, Step, maker};

use crate::install;

pub static ROW: EnvRow = EnvRow::new("Huge-v0", "a finite reward that no loss can stand", spec);

fn spec(_: &Options) -> Result<EnvSpec, EnvError> {
    let make = maker(|| Ok(Huge { steps: 0 }));
    let obs = Space::uniform(&[1], 0.0, 1.0);
    Ok(EnvSpec::new(obs, Space::Discrete { n: 2 }, make).limit(20))
}

struct Huge {
    steps: u32,
}

impl Env for Huge {
    fn reset(&mut self, _: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        obs.floats(1)?.fill(1.0);
        Ok(())
    }

    fn step(&mut self, _: Action<'_>, obs: ObsMut<'_>) -> Result<Step, EnvError> {
        self.steps += 1;
        obs.floats(1)?.fill(1.0);
        Ok(Step { reward: if self.steps > 60 { 3e38 } else { 0.0 }, end: None })
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        Ok(Vec::new())
    }

    fn restore(&mut self, _: &[u8]) -> Result<(), EnvError> {
        Ok(())
    }
}

#[test]
fn rewards_that_no_loss_can_stand_are_named() {
    install();
    let folder = tempfile::tempdir().unwrap();
    for (agent, of) in [
        (
            "kind: dqn, batch_size: 8, warmup_env_steps: 40",
            "since it overflows where a reward is 3e38",
        ),
        (
            "kind: ppo, rollout_steps: 32, minibatch_size: 16, epochs: 1, normalize_rewards: false",
            "since an advantage is",
        ),
    ] {
        let text = format!(
            "env: {{id: Huge-v0}}\ntrain: {{total_env_steps: 500}}\n\
             eval: {{every_env_steps: 500, episodes: 1}}\n\
             agent: {{hidden: [8], {agent}}}\nsparsity: {{kind: dense}}\n"
        );
        let file = folder.path().join("mine.yaml");
        std::fs::write(&file, text).unwrap();
        let plan = load(&file, &[], None).unwrap();
        let (mut reached, stop) = (Reached::default(), AtomicBool::new(false));
        let ended = train(plan.jobs()[0], None, &mut Unrecorded, &mut reached, &stop);
        let error = ended.unwrap_err().to_string();
        assert!(error.contains(of) && error.contains("at gradient step"), "{error}");
        assert!((60..=128).contains(&reached.env_steps), "{}", reached.env_steps);
    }
}
