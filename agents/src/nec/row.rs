//! NEC as a row.

use std::sync::Arc;

use serde_json::{Value, json};
use sparring_envs::EnvSpec;
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::{KeyError, Seed, keys};

use super::Nec;
use super::config::NecConfig;
use crate::agent::Agent;
use crate::checks;
use crate::error::AgentError;
use crate::explore::Epsilon;
use crate::row::{AgentKeys, AgentRow, NetworkRole, RunLength};
use crate::summary::Estimate;

/// Neural episodic control.
pub static ROW: AgentRow = AgentRow {
    read,
    ..AgentRow::of::<NecConfig>(
        "nec",
        "discrete",
        "neural episodic control: values from a memory of the nearest situations (Pritzel et al. 2017)",
        Nec::CAPABILITIES,
    )
};

fn read(typed: Value) -> serde_json::Result<Arc<dyn AgentKeys>> {
    Ok(Arc::new(keys::read::<NecConfig>(checks::long_form(typed))?))
}

impl AgentKeys for NecConfig {
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

    fn networks(&self, spec: &EnvSpec) -> Result<Vec<NetworkRole>, AgentError> {
        Ok(vec![NetworkRole { role: "embedding", copies: 1, layers: self.layers(spec)? }])
    }

    fn gradient_steps(&self, run: &RunLength) -> u64 {
        self.cadence().total(run.total_env_steps, run.rows)
    }

    fn samples(&self, run: &RunLength) -> u64 {
        self.gradient_steps(run).saturating_mul(self.batch_size as u64)
    }

    fn sparsities(&self) -> Vec<&SparsityConfig> {
        vec![&self.sparsity]
    }

    fn resolve(&self, _: &RunLength, sparsities: &[SparsityConfig]) -> Arc<dyn AgentKeys> {
        let sparsity = sparsities.first().cloned().unwrap_or_else(SparsityConfig::dense);
        Arc::new(Self { sparsity, ..self.clone() })
    }

    fn acting(&self) -> Arc<dyn AgentKeys> {
        Arc::new(Self { replay_capacity: 1, ..self.clone() })
    }

    fn greedy(&self) -> Arc<dyn AgentKeys> {
        let epsilon = Epsilon { eval: 0.0, ..self.epsilon };
        Arc::new(Self { replay_capacity: 1, epsilon, ..self.clone() })
    }

    fn estimate(&self, spec: &EnvSpec, run: &RunLength) -> Result<Estimate, AgentError> {
        let gradient_steps = AgentKeys::gradient_steps(self, run);
        NecConfig::estimate(self, spec, run.num_envs, gradient_steps)
    }

    fn build(
        &self,
        spec: &EnvSpec,
        num_envs: usize,
        seed: &Seed,
    ) -> Result<Box<dyn Agent>, AgentError> {
        Ok(Box::new(Nec::new(self.clone(), spec, num_envs, seed)?))
    }
}
