//! Policies over sequences as a row.

use std::sync::Arc;

use serde_json::{Value, json};
use sparring_envs::EnvSpec;
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::{KeyError, Seed};

use super::config::{ModelName, TrajectoryConfig};
use super::decoder::Decoder;
use super::denoiser::Denoiser;
use super::retro::Retro;
use crate::agent::Agent;
use crate::error::AgentError;
use crate::offline::{CAPABILITIES, OfflineAgent};
use crate::row::{AgentKeys, AgentRow, NetworkRole, RunLength};
use crate::summary::Estimate;

/// Policies over sequences.
pub static ROW: AgentRow = AgentRow::of::<TrajectoryConfig>(
    "trajectory",
    "discrete or continuous",
    "a transformer over a data set's episodes, or over plans that it repairs (Chen et al. 2021; Savinov et al. 2022)",
    CAPABILITIES,
);

impl AgentKeys for TrajectoryConfig {
    fn row(&self) -> &'static AgentRow {
        &ROW
    }

    fn to_value(&self) -> Value {
        json!(self)
    }

    fn check(&self, _: &RunLength) -> Result<(), KeyError> {
        self.check()
    }

    fn networks(&self, spec: &EnvSpec) -> Result<Vec<NetworkRole>, AgentError> {
        let (layers, _) = self.layers(spec)?;
        Ok(vec![NetworkRole { role: self.role(), copies: 1, layers }])
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

    fn begins_with(&self) -> Option<&str> {
        self.retrofit.as_deref().filter(|_| self.model == ModelName::Retro)
    }

    fn estimate(&self, spec: &EnvSpec, run: &RunLength) -> Result<Estimate, AgentError> {
        self.estimate(spec, run.num_envs, run.total_gradient_steps)
    }

    fn build(&self, spec: &EnvSpec, _: usize, seed: &Seed) -> Result<Box<dyn Agent>, AgentError> {
        let (keys, of) = (self.training.clone(), self.of_network());
        match self.model {
            ModelName::Decoder => {
                let model = Decoder::new(self.layout(spec)?, &of, seed)?;
                Ok(Box::new(OfflineAgent::new(keys, model, spec, seed)))
            }
            ModelName::Retro => {
                let model = Retro::new(self.retro_layout(spec)?, &of, seed)?;
                Ok(Box::new(OfflineAgent::new(keys, model, spec, seed)))
            }
            ModelName::Denoise => {
                let how = (self.unrolls, self.sampling());
                let model = Denoiser::new(self.plan_layout(spec)?, how, &of, seed)?;
                Ok(Box::new(OfflineAgent::new(keys, model, spec, seed)))
            }
        }
    }
}
