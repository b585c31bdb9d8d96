//! SAC as a row.

use std::sync::Arc;

use serde_json::{Value, json};
use sparring_envs::EnvSpec;
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::{KeyError, Seed, keys};

use super::Sac;
use super::config::SacConfig;
use crate::action_box::ActionBox;
use crate::agent::{Agent, Capabilities};
use crate::checks;
use crate::error::AgentError;
use crate::row::{AgentKeys, AgentRow, NetworkRole, RunLength};
use crate::summary::Estimate;

/// Soft actor-critic.
pub static ROW: AgentRow = AgentRow {
    read,
    ..AgentRow::of::<SacConfig>(
        "sac",
        "continuous",
        "soft actor-critic with twin critics and a learned temperature (Haarnoja et al. 2018)",
        Sac::CAPABILITIES,
    )
};

fn read(mut typed: Value) -> serde_json::Result<Arc<dyn AgentKeys>> {
    checks::spread(&mut typed);
    Ok(Arc::new(keys::read::<SacConfig>(typed)?))
}

impl AgentKeys for SacConfig {
    fn row(&self) -> &'static AgentRow {
        &ROW
    }

    fn to_value(&self) -> Value {
        json!(self)
    }

    /// Random actions that are held are held environment by environment, in step.
    fn capabilities(&self) -> Capabilities {
        Capabilities { needs_every_env: self.warmup_hold_steps > 1, ..Sac::CAPABILITIES }
    }

    fn needs_every_env(&self) -> Option<&'static str> {
        (self.warmup_hold_steps > 1).then_some("agent.warmup_hold_steps above 1")
    }

    fn check(&self, run: &RunLength) -> Result<(), KeyError> {
        let [low, high] = self.log_std;
        if low >= high {
            let allowed = format!("less than log_std_max = {high}");
            return Err(KeyError::new("log_std_min", low, allowed, "-20, with 2"));
        }
        checks::told_twice(self.hidden.as_ref(), self.width)?;
        checks::clipping(&self.optimizer)?;
        checks::replay(self.replay_capacity, self.batch_size, run)?;
        checks::trains(&self.cadence(), run)
    }

    /// Not where critics see actions as planes of an image.
    fn trains_on_devices(&self, spec: &EnvSpec) -> bool {
        self.action_copies(spec).is_ok_and(|copies| copies == 1)
    }

    fn networks(&self, spec: &EnvSpec) -> Result<Vec<NetworkRole>, AgentError> {
        ActionBox::of(spec, ROW.name)?;
        let [actor, critic] = self.layers(spec)?;
        Ok(vec![
            NetworkRole { role: "actor", copies: 1, layers: actor },
            NetworkRole { role: "critic", copies: 2, layers: critic },
        ])
    }

    fn gradient_steps(&self, run: &RunLength) -> u64 {
        self.cadence().total(run.total_env_steps, run.rows)
    }

    fn samples(&self, run: &RunLength) -> u64 {
        AgentKeys::gradient_steps(self, run).saturating_mul(self.batch_size as u64)
    }

    fn sparsities(&self) -> Vec<&SparsityConfig> {
        vec![&self.actor_sparsity, &self.critic_sparsity]
    }

    fn resolve(&self, _: &RunLength, sparsities: &[SparsityConfig]) -> Arc<dyn AgentKeys> {
        let mut config = self.clone();
        if let [actor, critic] = sparsities {
            (config.actor_sparsity, config.critic_sparsity) = (actor.clone(), critic.clone());
        }
        Arc::new(config)
    }

    fn acting(&self) -> Arc<dyn AgentKeys> {
        Arc::new(Self { replay_capacity: 1, ..self.clone() })
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
        Ok(Box::new(Sac::new(self.clone(), spec, num_envs, seed)?))
    }
}
