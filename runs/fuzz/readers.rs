//! What each fuzz target does with its input. The test `corpus` does the same with what is kept in `corpus/`.

use std::cell::OnceCell;
use std::iter::once;
use std::ops::Range;

use sparring::outside;
use sparring::plan::Plan;
use sparring::train::{Reached, RunState};
use sparring_agents::{Mode, Observations, Replay};
use sparring_envs::{Dtype, Obs};
use sparring_sparse::{Section, Seed};

/// What a target does.
pub type Read = fn(&[u8]);

/// The targets by their names.
pub const TARGETS: [(&str, Read); 6] = [
    ("config", config),
    ("checkpoint", checkpoint),
    ("policy", policy),
    ("evals", evals),
    ("records", records),
    ("data", data),
];

/// A config: all that `sparring plan` does with it.
pub fn config(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    match outside::config(text) {
        Ok(plan) => {
            drop(plan.check_memory(plan.at_once(None), Some(1 << 30)));
            for job in plan.jobs().into_iter().take(3) {
                assert!(!job.identity().is_empty());
                assert!(job.variant.notes().iter().all(|note| !note.is_empty()));
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A file of a checkpoint, as any of those that it has: what it says of itself, a state, rows of a replay memory.
pub fn checkpoint(bytes: &[u8]) {
    if let Ok(text) = str::from_utf8(bytes) {
        drop(outside::manifest(text));
    }
    if let Ok(state) = Section::from_bytes(bytes) {
        with_jobs(|jobs| {
            for job in jobs {
                let mut reached = Reached::default();
                let mut run = job.fresh(&mut reached);
                if run.load(&state).is_ok() {
                    run.save().unwrap();
                }
            }
        });
    }
    if bytes.starts_with(b"SPRLROWS") {
        with_jobs(|jobs| {
            for job in jobs {
                let mut reached = Reached::default();
                let mut run = job.fresh(&mut reached);
                run.load(&job.state).unwrap();
                let Some(replay) = run.agent.replay_mut() else { continue };
                let rows = job.rows.clone();
                if replay.restore(rows.clone(), &mut once(Ok(bytes.to_vec()))).is_ok() {
                    assert_eq!(replay.rows(), rows);
                    replay.piece(rows);
                }
            }
        });
    }
}

/// A saved policy, which acts.
pub fn policy(bytes: &[u8]) {
    with_jobs(|jobs| {
        for job in jobs {
            let variant = &job.plan.variants[0];
            let Ok(mut agent) = outside::policy(variant, bytes) else { continue };
            let dim = variant.spec.obs.dim();
            let (numbers, bytes) = (vec![0.5; dim], vec![1; dim]);
            let obs = match variant.spec.obs.dtype() {
                Dtype::F32 => Obs::F32(&numbers),
                Dtype::U8 => Obs::U8(&bytes),
            };
            agent
                .act(Observations { obs, envs: &[0], first: &[true], rewards: &[0.0] }, Mode::Eval)
                .unwrap();
        }
    });
}

/// `evals.csv`.
pub fn evals(bytes: &[u8]) {
    drop(outside::evaluations(bytes));
    drop(outside::robustness(bytes));
}

/// `run.yaml`, `status.yaml` and their like.
pub fn records(bytes: &[u8]) {
    if let Ok(text) = str::from_utf8(bytes) {
        drop(outside::records(text));
    }
}

/// A file of a data set.
pub fn data(bytes: &[u8]) {
    if let Err(error) = outside::data(bytes) {
        assert!(!error.to_string().is_empty());
    }
}

/// A small job of each agent, and its state after some steps.
pub struct Job {
    pub plan: Plan,
    pub state: Section,
    pub rows: Range<u64>,
    /// The rows of its replay memory.
    pub piece: Vec<u8>,
}

impl Job {
    /// A job of the config `text` after `steps`.
    fn after(text: &str, steps: usize) -> Self {
        let plan = outside::config(text).unwrap();
        let mut reached = Reached::default();
        let mut run = RunState::new(plan.jobs()[0], &Seed::new(1), &mut reached).unwrap();
        for _ in 0..steps {
            run.step(|_, _| Ok(())).unwrap();
        }
        let state = run.save().unwrap();
        let rows = run.agent.replay().map_or(0..0, Replay::rows);
        let piece = run.agent.replay().map_or(Vec::new(), |replay| replay.piece(rows.clone()));
        drop(run);
        Self { plan, state, rows, piece }
    }

    /// The job before its first step.
    pub fn fresh<'a>(&'a self, reached: &'a mut Reached) -> RunState<'a> {
        RunState::new(self.plan.jobs()[0], &Seed::new(1), reached).unwrap()
    }
}

/// One of each agent; with priorities, returns of three steps, images, normalisers and methods that remember.
pub const JOBS: [&str; 4] = [
    "env: {id: CartPole-v1, num_envs: 2}\nagent: {kind: dqn, hidden: [4], batch_size: 4, replay_capacity: 32, \
     warmup_env_steps: 8, prioritized: {exponent: 0.6, importance: 0.4}, n_step: 3}\n\
     sparsity: {kind: snfs, sparsity: 0.5, update_every_gradient_steps: 4}\n",
    "env: {id: Pendulum-v1}\nagent: {kind: sac, hidden: [4], batch_size: 4, replay_capacity: 32, \
     warmup_env_steps: 8}\nsparsity: {kind: top_kast, sparsity: 0.5}\n",
    "env: {id: Pendulum-v1, num_envs: 2}\nagent: {kind: ppo, hidden: [4], rollout_steps: 8, minibatch_size: 8, \
     epochs: 1}\nsparsity: {kind: rigl, sparsity: 0.5}\n",
    "env: {id: MinAtar/Breakout-v1}\nagent: {kind: dqn, hidden: [4], batch_size: 4, replay_capacity: 32, \
     warmup_env_steps: 8}\nsparsity: {kind: pruning, sparsity: 0.5}\n",
];

/// Steps that each of them takes.
const STEPS: usize = 20;

/// Those jobs. (An agent stays on its thread.)
pub fn with_jobs(see: impl FnOnce(&[Job])) {
    thread_local! {
        static ALL: OnceCell<Vec<Job>> = const { OnceCell::new() };
    }
    ALL.with(|all| {
        see(all.get_or_init(|| JOBS.iter().map(|text| Job::after(text, STEPS)).collect()))
    });
}
