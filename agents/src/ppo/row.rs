//! PPO as a row.

use std::sync::Arc;

use serde_json::{Value, json};
use sparring_envs::EnvSpec;
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::{KeyError, Seed, keys};

use super::Ppo;
use super::config::PpoConfig;
use crate::agent::Agent;
use crate::checks;
use crate::error::AgentError;
use crate::row::{AgentKeys, AgentRow, NetworkRole, RunLength};
use crate::summary::Estimate;

/// Proximal policy optimisation.
pub static ROW: AgentRow = AgentRow {
    read,
    ..AgentRow::of::<PpoConfig>(
        "ppo",
        "discrete or continuous",
        "proximal policy optimisation with normalised observations and rewards (Schulman et al. 2017)",
        Ppo::CAPABILITIES,
    )
};

/// Fewer rollouts than this learn next to nothing.
const FEW_ROLLOUTS: u64 = 10;

fn read(mut typed: Value) -> serde_json::Result<Arc<dyn AgentKeys>> {
    checks::spread(&mut typed);
    Ok(Arc::new(keys::read::<PpoConfig>(typed)?))
}

impl AgentKeys for PpoConfig {
    fn row(&self) -> &'static AgentRow {
        &ROW
    }

    fn to_value(&self) -> Value {
        json!(self)
    }

    fn needs_every_env(&self) -> Option<&'static str> {
        Some("agent.kind: ppo")
    }

    fn check(&self, run: &RunLength) -> Result<(), KeyError> {
        checks::told_twice(self.hidden.as_ref(), self.width)?;
        checks::clipping(&self.optimizer)?;
        let RunLength { total_env_steps: total, num_envs, .. } = *run;
        let rollout = self.rollout_steps.saturating_mul(num_envs);
        if self.minibatch_size > rollout {
            let allowed = format!("at most rollout_steps x env.num_envs = {rollout}");
            let hint = (rollout / 4).max(1).to_string();
            return Err(KeyError::new("minibatch_size", self.minibatch_size, allowed, hint));
        }
        if self.minibatch_size == 1 && self.normalize_advantages {
            let allowed =
                "at least 2 with normalize_advantages, which makes the advantage of one row 0";
            let hint = "64, or normalize_advantages: false";
            return Err(KeyError::new("minibatch_size", 1, allowed, hint));
        }
        if AgentKeys::gradient_steps(self, run) == 0 {
            let allowed = format!(
                "so few that {num_envs} environments fill a rollout within train.total_env_steps = {total}"
            );
            let hint = (total / num_envs as u64 / 10).max(1).to_string();
            return Err(KeyError::new("rollout_steps", self.rollout_steps, allowed, hint));
        }
        Ok(())
    }

    fn notes(&self, run: &RunLength) -> Vec<String> {
        let rollout = self.rollout_steps as u64 * run.num_envs as u64;
        let rollouts = self.rollouts(run.total_env_steps, run.num_envs);
        let rest = run.total_env_steps.saturating_sub(rollouts * rollout);
        let few = format!(
            "only {rollouts} rollouts of agent.rollout_steps x env.num_envs = {rollout} steps fit into the run"
        );
        let idle = format!(
            "the last {rest} of {} steps fill no rollout and train nothing",
            run.total_env_steps
        );
        let notes = [(rollouts < FEW_ROLLOUTS, few), (rest > 0, idle)];
        notes.into_iter().filter_map(|(holds, note)| holds.then_some(note)).collect()
    }

    fn trains_on_devices(&self, _spec: &EnvSpec) -> bool {
        true
    }

    fn networks(&self, spec: &EnvSpec) -> Result<Vec<NetworkRole>, AgentError> {
        let [actor, critic] = self.layers(spec)?;
        Ok(vec![
            NetworkRole { role: "actor", copies: 1, layers: actor },
            NetworkRole { role: "critic", copies: 1, layers: critic },
        ])
    }

    fn gradient_steps(&self, run: &RunLength) -> u64 {
        self.gradient_steps(run.total_env_steps, run.num_envs)
    }

    /// Each epoch goes through the rows of its rollout once, the last minibatch through what is left of them.
    fn samples(&self, run: &RunLength) -> u64 {
        let rows = (self.rollout_steps as u64).saturating_mul(run.num_envs as u64);
        self.rollouts(run.total_env_steps, run.num_envs)
            .saturating_mul(self.epochs as u64)
            .saturating_mul(rows)
    }

    fn sparsities(&self) -> Vec<&SparsityConfig> {
        vec![&self.actor_sparsity, &self.critic_sparsity]
    }

    fn resolve(&self, run: &RunLength, sparsities: &[SparsityConfig]) -> Arc<dyn AgentKeys> {
        let mut config = self.clone();
        config.decay_env_steps = self.decay_env_steps.map(|_| run.total_env_steps);
        if let [actor, critic] = sparsities {
            (config.actor_sparsity, config.critic_sparsity) = (actor.clone(), critic.clone());
        }
        Arc::new(config)
    }

    fn acting(&self) -> Arc<dyn AgentKeys> {
        Arc::new(self.clone())
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
        Ok(Box::new(Ppo::new(self.clone(), spec, num_envs, seed)?))
    }
}
