//! An agent of its own: it keeps the mean reward of every action, whatever it observes, and plays the best
//! one; with probability `epsilon` another. It has no network, so that sparsity means nothing to it.

use std::sync::Arc;

use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sparring_agents::{
    Agent, AgentError, AgentKeys, AgentRow, Capabilities, Clock, Estimate, Metric, Mode,
    NetworkRole, Observations, RunLength, TrainingFlops,
};
use sparring_envs::{Actions, Batch, EnvSpec, Space};
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::keys::to_value;
use sparring_sparse::seed::Rng;
use sparring_sparse::{KeyError, Section, Seed, Target, Trainer};

const CAPABILITIES: Capabilities = Capabilities {
    discrete: true,
    continuous: false,
    needs_every_env: false,
    learns_offline: false,
};

/// The row of [`Averages`].
pub static ROW: AgentRow = AgentRow::of::<AveragesKeys>(
    "averages",
    "discrete",
    "the mean reward of each action; an example of an agent from another crate",
    CAPABILITIES,
);

/// What is chosen about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AveragesKeys {
    /// The probability of an action at random.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub epsilon: f64,
}

impl Default for AveragesKeys {
    fn default() -> Self {
        Self { epsilon: 0.2 }
    }
}

impl AgentKeys for AveragesKeys {
    fn row(&self) -> &'static AgentRow {
        &ROW
    }

    fn to_value(&self) -> Value {
        to_value(self)
    }

    fn check(&self, _: &RunLength) -> Result<(), KeyError> {
        Ok(())
    }

    fn networks(&self, spec: &EnvSpec) -> Result<Vec<NetworkRole>, AgentError> {
        choices(spec).map(|_| Vec::new())
    }

    fn gradient_steps(&self, _: &RunLength) -> u64 {
        0
    }

    fn samples(&self, _: &RunLength) -> u64 {
        0
    }

    fn sparsities(&self) -> Vec<&SparsityConfig> {
        Vec::new()
    }

    fn resolve(&self, _: &RunLength, _: &[SparsityConfig]) -> Arc<dyn AgentKeys> {
        Arc::new(self.clone())
    }

    fn acting(&self) -> Arc<dyn AgentKeys> {
        Arc::new(self.clone())
    }

    fn estimate(&self, spec: &EnvSpec, _: &RunLength) -> Result<Estimate, AgentError> {
        Ok(Estimate {
            networks: Vec::new(),
            gradient_steps: 0,
            training: TrainingFlops::default(),
            network_bytes: 0,
            memory_bytes: 16 * choices(spec)? as u64,
        })
    }

    fn build(&self, spec: &EnvSpec, _: usize, seed: &Seed) -> Result<Box<dyn Agent>, AgentError> {
        let choices = choices(spec)?;
        Ok(Box::new(Averages {
            keys: self.clone(),
            sums: vec![0.0; choices],
            counts: vec![0; choices],
            env_steps: 0,
            explore: seed.child("explore").rng(),
            actions: Vec::new(),
        }))
    }
}

fn choices(spec: &EnvSpec) -> Result<usize, AgentError> {
    match spec.action {
        Space::Discrete { n } => Ok(n as usize),
        Space::Box { .. } => Err(AgentError::Space {
            agent: "averages",
            env: spec.id,
            found: format!("actions {}", spec.action),
            allowed: "discrete actions",
        }),
    }
}

/// The agent in training.
struct Averages {
    keys: AveragesKeys,
    /// Rewards of each action.
    sums: Vec<f64>,
    /// How often it was played.
    counts: Vec<u64>,
    env_steps: u64,
    explore: Rng,
    /// What was played last, one a row.
    actions: Vec<u32>,
}

impl Averages {
    /// The action of the highest mean; one that was never played counts as 0.
    fn best(&self) -> u32 {
        let mean = |action: usize| self.sums[action] / self.counts[action].max(1) as f64;
        let by_mean = |a: &usize, b: &usize| mean(*a).total_cmp(&mean(*b));
        (0..self.sums.len()).max_by(by_mean).unwrap_or_default() as u32
    }
}

impl Agent for Averages {
    fn act(&mut self, seen: Observations<'_>, mode: Mode) -> Result<Actions<'_>, AgentError> {
        let (best, choices) = (self.best(), self.sums.len() as u32);
        self.actions.clear();
        for _ in seen.envs {
            let at_random = mode == Mode::Train && self.explore.random_bool(self.keys.epsilon);
            let action = if at_random { self.explore.random_range(0..choices) } else { best };
            self.actions.push(action);
        }
        Ok(Actions::Discrete(&self.actions))
    }

    fn learn(&mut self, batch: &Batch<'_>) -> Result<(), AgentError> {
        for step in batch.rows() {
            let action = self.actions[step.row] as usize;
            self.sums[action] += step.reward;
            self.counts[action] += 1;
        }
        self.env_steps += batch.envs.len() as u64;
        Ok(())
    }

    fn clock(&self) -> Clock {
        Clock { env_steps: self.env_steps, gradient_steps: 0 }
    }

    fn networks(&self) -> Vec<&Trainer> {
        Vec::new()
    }

    fn networks_mut(&mut self) -> Vec<&mut Trainer> {
        Vec::new()
    }

    fn targets(&self) -> Vec<&Target> {
        Vec::new()
    }

    fn targets_mut(&mut self) -> Vec<&mut Target> {
        Vec::new()
    }

    fn save_own(&self, to: &mut Section) -> Result<(), AgentError> {
        let Self { sums, counts, env_steps, explore, .. } = self;
        Ok(to.put("state", &(sums, counts, env_steps, explore))?)
    }

    fn load_own(&mut self, from: &Section) -> Result<(), AgentError> {
        let (sums, counts, env_steps, explore): (Vec<f64>, Vec<u64>, u64, Rng) =
            from.get("state")?;
        if [sums.len(), counts.len()] != [self.sums.len(); 2] {
            return Err(from.misfit("state", self.sums.len(), sums.len()).into());
        }
        (self.sums, self.counts) = (sums, counts);
        (self.env_steps, self.explore) = (env_steps, explore);
        Ok(())
    }

    fn drain_losses(&mut self, out: &mut Vec<Metric>) {
        out.push(Metric::new("train/best_action", f64::from(self.best())));
    }
}
