//! Behaviour cloning as a row.

use std::sync::Arc;

use serde_json::{Value, json};
use sparring_envs::EnvSpec;
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::{KeyError, Seed, keys};

use super::config::BcConfig;
use super::model::Cloner;
use crate::agent::Agent;
use crate::checks;
use crate::error::AgentError;
use crate::offline::{CAPABILITIES, OfflineAgent};
use crate::row::{AgentKeys, AgentRow, NetworkRole, RunLength};
use crate::summary::Estimate;

/// Behaviour cloning.
pub static ROW: AgentRow = AgentRow {
    read,
    ..AgentRow::of::<BcConfig>(
        "bc",
        "discrete or continuous",
        "behaviour cloning of a data set, for a return or not (Pomerleau 1989; Emmons et al. 2022)",
        CAPABILITIES,
    )
};

fn read(typed: Value) -> serde_json::Result<Arc<dyn AgentKeys>> {
    Ok(Arc::new(keys::read::<BcConfig>(checks::long_form(typed))?))
}

impl AgentKeys for BcConfig {
    fn row(&self) -> &'static AgentRow {
        &ROW
    }

    fn to_value(&self) -> Value {
        json!(self)
    }

    fn check(&self, _: &RunLength) -> Result<(), KeyError> {
        self.training.check()
    }

    fn networks(&self, spec: &EnvSpec) -> Result<Vec<NetworkRole>, AgentError> {
        Ok(vec![NetworkRole { role: "bc", copies: 1, layers: self.layers(spec)? }])
    }

    fn gradient_steps(&self, run: &RunLength) -> u64 {
        run.total_gradient_steps
    }

    fn samples(&self, run: &RunLength) -> u64 {
        self.training.samples(run)
    }

    fn sparsities(&self) -> Vec<&SparsityConfig> {
        vec![&self.sparsity]
    }

    fn resolve(&self, run: &RunLength, sparsities: &[SparsityConfig]) -> Arc<dyn AgentKeys> {
        let mut config = self.clone();
        config.sparsity = sparsities.first().cloned().unwrap_or_else(SparsityConfig::dense);
        config.training = self.training.resolve(run);
        Arc::new(config)
    }

    fn acting(&self) -> Arc<dyn AgentKeys> {
        Arc::new(self.clone())
    }

    fn estimate(&self, spec: &EnvSpec, run: &RunLength) -> Result<Estimate, AgentError> {
        self.estimate(spec, run.num_envs, run.total_gradient_steps)
    }

    fn build(&self, spec: &EnvSpec, _: usize, seed: &Seed) -> Result<Box<dyn Agent>, AgentError> {
        let model = Cloner::new(self.clone(), spec, &seed.child("bc"))?;
        Ok(Box::new(OfflineAgent::new(self.training.clone(), model, spec, seed)))
    }
}
