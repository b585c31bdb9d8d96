//! An agent of its own, which keeps the mean reward of every action, whatever it observes: its row and its keys.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sparring_agents::{Agent, AgentError, AgentKeys, AgentRow, Capabilities, RunLength};
use sparring_envs::{EnvSpec, Space};
use sparring_sparse::Seed;
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::keys::to_value;

use crate::player::{Player, State};

const ABOUT: &str = "the mean reward of each action; an example of an agent from another crate";
/// The row.
pub static ROW: AgentRow =
    AgentRow::of::<AveragesKeys>("averages", "discrete", ABOUT, Capabilities::DISCRETE);

/// What is chosen about it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AveragesKeys {
    /// How much of what it is unsure of counts; √2 if left out.
    #[schemars(range(min = 0.0))]
    pub exploration: Option<f64>,
}

impl AgentKeys for AveragesKeys {
    fn row(&self) -> &'static AgentRow {
        &ROW
    }

    fn to_value(&self) -> Value {
        to_value(self)
    }

    fn resolve(&self, _: &RunLength, _: &[SparsityConfig]) -> Arc<dyn AgentKeys> {
        Arc::new(self.clone())
    }

    fn acting(&self) -> Arc<dyn AgentKeys> {
        Arc::new(self.clone())
    }

    fn build(&self, spec: &EnvSpec, _: usize, _: &Seed) -> Result<Box<dyn Agent>, AgentError> {
        // Other actions are refused before, by the row's capabilities.
        let n = if let Space::Discrete { n } = spec.action { n as usize } else { 0 };
        let state = State { means: vec![0.0; n], plays: vec![0.0; n], env_steps: 0 };
        let exploration = self.exploration.unwrap_or(2_f64.sqrt());
        Ok(Box::new(Player { exploration, state, actions: Vec::new() }))
    }
}
