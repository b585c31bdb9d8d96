//! DQN as a row.

use std::sync::Arc;

use serde_json::{Value, json};
use sparring_envs::EnvSpec;
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::{KeyError, Seed, keys};

use super::Dqn;
use super::config::{DqnConfig, actions};
use crate::agent::Agent;
use crate::checks;
use crate::error::AgentError;
use crate::explore::Epsilon;
use crate::row::{AgentKeys, AgentRow, NetworkRole, RunLength};
use crate::summary::Estimate;

/// Deep Q-learning.
pub static ROW: AgentRow = AgentRow {
    read,
    ..AgentRow::of::<DqnConfig>(
        "dqn",
        "discrete",
        "deep Q-learning; n-step, double, duelling and prioritised as switches (Mnih et al. 2015)",
        Dqn::CAPABILITIES,
    )
};

fn read(typed: Value) -> serde_json::Result<Arc<dyn AgentKeys>> {
    Ok(Arc::new(keys::read::<DqnConfig>(checks::long_form(typed))?))
}

impl AgentKeys for DqnConfig {
    fn row(&self) -> &'static AgentRow {
        &ROW
    }

    fn to_value(&self) -> Value {
        json!(self)
    }

    fn check(&self, run: &RunLength) -> Result<(), KeyError> {
        checks::clipping(&self.optimizer)?;
        checks::replay(self.replay_capacity, self.batch_size, run)?;
        checks::trains(&self.cadence(), run)
    }

    fn notes(&self, _: &RunLength) -> Vec<String> {
        let eval = self.epsilon.eval;
        let note = format!(
            "evaluations act at random with probability {eval} (agent.epsilon.eval): the score is that of a policy that explores"
        );
        Vec::from_iter((eval > 0.0).then_some(note))
    }

    fn trains_on_devices(&self, _spec: &EnvSpec) -> bool {
        true
    }

    fn networks(&self, spec: &EnvSpec) -> Result<Vec<NetworkRole>, AgentError> {
        let layers = self.layers(&spec.obs, actions(spec)?)?;
        Ok(vec![NetworkRole { role: "q", copies: 1, layers }])
    }

    fn gradient_steps(&self, run: &RunLength) -> u64 {
        self.cadence().total(run.total_env_steps, run.rows)
    }

    fn samples(&self, run: &RunLength) -> u64 {
        AgentKeys::gradient_steps(self, run).saturating_mul(self.batch_size as u64)
    }

    fn sparsities(&self) -> Vec<&SparsityConfig> {
        vec![&self.sparsity]
    }

    fn resolve(&self, run: &RunLength, sparsities: &[SparsityConfig]) -> Arc<dyn AgentKeys> {
        let gradient_steps = AgentKeys::gradient_steps(self, run);
        Arc::new(Self {
            sparsity: sparsities.first().cloned().unwrap_or_else(SparsityConfig::dense),
            decay_gradient_steps: self.decay_gradient_steps.map(|_| gradient_steps),
            ..self.clone()
        })
    }

    fn acting(&self) -> Arc<dyn AgentKeys> {
        Arc::new(Self { replay_capacity: 1, ..self.clone() })
    }

    fn greedy(&self) -> Arc<dyn AgentKeys> {
        let epsilon = Epsilon { eval: 0.0, ..self.epsilon };
        Arc::new(Self { replay_capacity: 1, epsilon, ..self.clone() })
    }

    fn estimate(&self, spec: &EnvSpec, run: &RunLength) -> Result<Estimate, AgentError> {
        self.estimate(spec, run.num_envs, run.total_env_steps)
    }

    fn build(
        &self,
        spec: &EnvSpec,
        num_envs: usize,
        seed: &Seed,
    ) -> Result<Box<dyn Agent>, AgentError> {
        Ok(Box::new(Dqn::new(self.clone(), spec, num_envs, seed)?))
    }
}
