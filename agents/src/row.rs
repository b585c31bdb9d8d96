//! An agent as a row: its name, its keys, what makes it. Whoever adds an agent adds a row.

use std::fmt::Debug;
use std::sync::Arc;

use schemars::{JsonSchema, Schema};
use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};
use serde_json::Value;
use sparring_envs::EnvSpec;
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::keys::{read, schema};
use sparring_sparse::{KeyError, LayerSpec, Seed};

use crate::agent::{Agent, Capabilities};
use crate::error::AgentError;
use crate::summary::Estimate;

/// One agent that a config can name.
#[derive(Debug)]
pub struct AgentRow {
    /// `kind` in a config.
    pub name: &'static str,
    /// One line.
    pub about: &'static str,
    /// The actions that it chooses, in words.
    pub actions: &'static str,
    /// What it can do and what it needs, whatever its keys.
    pub capabilities: Capabilities,
    /// Its keys.
    pub schema: fn() -> Schema,
    /// What was typed, laid over the defaults.
    pub read: fn(Value) -> serde_json::Result<Arc<dyn AgentKeys>>,
}

/// How long a run is, as an agent sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunLength {
    /// Environment steps of the whole run; 0 of an agent that learns from a data set.
    pub total_env_steps: u64,
    /// Gradient steps of the whole run of an agent that learns from a data set; others take theirs as environment steps
    /// come.
    pub total_gradient_steps: u64,
    /// Environments.
    pub num_envs: usize,
    /// Environment steps that the agent sees at once.
    pub rows: usize,
}

impl RunLength {
    /// `total_env_steps` of `num_envs`, all of which step at once.
    pub fn of(total_env_steps: u64, num_envs: usize) -> Self {
        Self { total_env_steps, total_gradient_steps: 0, num_envs, rows: num_envs }
    }
}

/// Networks of an agent that share their sparsity.
#[derive(Clone, Debug)]
pub struct NetworkRole {
    /// `q`, `actor`, `critic`.
    pub role: &'static str,
    /// How many there are.
    pub copies: usize,
    /// The layers of each.
    pub layers: Vec<LayerSpec>,
}

/// What is chosen about an agent.
pub trait AgentKeys: Debug + Send + Sync {
    /// Its row.
    fn row(&self) -> &'static AgentRow;

    /// The keys with their values.
    fn to_value(&self) -> Value;

    /// What it can do and what it needs, by these keys.
    fn capabilities(&self) -> Capabilities {
        self.row().capabilities
    }

    /// The key and value for which each batch must hold all environments, if it must.
    fn needs_every_env(&self) -> Option<&'static str> {
        None
    }

    /// Whether the keys fit each other and the run.
    ///
    /// # Errors
    /// The first key that does not.
    fn check(&self, _run: &RunLength) -> Result<(), KeyError> {
        Ok(())
    }

    /// What a reader of the plan should know.
    fn notes(&self, _run: &RunLength) -> Vec<String> {
        Vec::new()
    }

    /// The networks, an actor before its critics.
    ///
    /// # Errors
    /// An env that the agent cannot play, and observations that a network cannot read.
    fn networks(&self, _spec: &EnvSpec) -> Result<Vec<NetworkRole>, AgentError> {
        Ok(Vec::new())
    }

    /// Whether [`Agent::move_to`] lets it train `_spec` on another device than the processor.
    fn trains_on_devices(&self, _spec: &EnvSpec) -> bool {
        false
    }

    /// Gradient steps in a run.
    fn gradient_steps(&self, _run: &RunLength) -> u64 {
        0
    }

    /// Samples that these gradient steps consume, each as often as it is drawn; they never fall where a run is longer.
    fn samples(&self, _run: &RunLength) -> u64 {
        0
    }

    /// The sparsity of each role of [`Self::networks`].
    fn sparsities(&self) -> Vec<&SparsityConfig> {
        Vec::new()
    }

    /// The same for this run, with the sparsity of each role.
    fn resolve(&self, run: &RunLength, sparsities: &[SparsityConfig]) -> Arc<dyn AgentKeys>;

    /// The same for one that only acts: it remembers nothing.
    fn acting(&self) -> Arc<dyn AgentKeys>;

    /// The same for one that only acts, and in an evaluation as its [`PolicyView`](crate::PolicyView) does: nothing
    /// is left to chance.
    fn greedy(&self) -> Arc<dyn AgentKeys> {
        self.acting()
    }

    /// A folder of a job whose policy it begins with, if it does with one.
    fn begins_with(&self) -> Option<&str> {
        None
    }

    /// See [`AgentConfig::estimate`].
    fn estimate(&self, _spec: &EnvSpec, _run: &RunLength) -> Result<Estimate, AgentError> {
        Ok(Estimate::default())
    }

    /// See [`AgentConfig::build`].
    fn build(
        &self,
        spec: &EnvSpec,
        num_envs: usize,
        seed: &Seed,
    ) -> Result<Box<dyn Agent>, AgentError>;
}

impl AgentRow {
    /// A row of the keys `K`.
    pub const fn of<K>(
        name: &'static str,
        actions: &'static str,
        about: &'static str,
        capabilities: Capabilities,
    ) -> Self
    where
        K: AgentKeys + Default + Serialize + DeserializeOwned + JsonSchema + 'static,
    {
        Self { name, about, actions, capabilities, schema: schema::<K>, read: read_as::<K> }
    }
}

fn read_as<K>(typed: Value) -> serde_json::Result<Arc<dyn AgentKeys>>
where
    K: AgentKeys + Default + Serialize + DeserializeOwned + 'static,
{
    Ok(Arc::new(read::<K>(typed)?))
}

/// An agent and what is chosen about it.
#[derive(Clone, Debug)]
pub struct AgentConfig {
    keys: Arc<dyn AgentKeys>,
}

impl AgentConfig {
    /// Of these keys.
    pub fn of(keys: impl AgentKeys + 'static) -> Self {
        Self { keys: Arc::new(keys) }
    }

    /// Its row.
    pub fn row(&self) -> &'static AgentRow {
        self.keys.row()
    }

    /// What is chosen.
    pub fn keys(&self) -> &dyn AgentKeys {
        &*self.keys
    }

    /// What the agent can do and what it needs.
    pub fn capabilities(&self) -> Capabilities {
        self.keys.capabilities()
    }

    /// The same for one that only acts.
    pub fn acting(&self) -> Self {
        Self { keys: self.keys.acting() }
    }

    /// The same for one that only acts, and leaves nothing to chance in an evaluation.
    pub fn greedy(&self) -> Self {
        Self { keys: self.keys.greedy() }
    }

    /// What the agent will take in such a `run` on `spec`.
    ///
    /// # Errors
    /// An env that the agent cannot play, and a sparsity that the network cannot have.
    pub fn estimate(&self, spec: &EnvSpec, run: &RunLength) -> Result<Estimate, AgentError> {
        self.keys.estimate(spec, run)
    }

    /// A fresh agent for `num_envs` of `spec`; all its randomness comes from streams below `seed`.
    ///
    /// # Errors
    /// See [`Self::estimate`], and an agent that hides networks which its keys declare: no checkpoint would have them.
    pub fn build(
        &self,
        spec: &EnvSpec,
        num_envs: usize,
        seed: &Seed,
    ) -> Result<Box<dyn Agent>, AgentError> {
        let mut agent = self.keys.build(spec, num_envs, seed)?;
        let declared = self.keys.networks(spec)?.iter().map(|role| role.copies).sum();
        let [shown, shown_to_change] = [agent.networks().len(), agent.networks_mut().len()];
        if [shown, shown_to_change] != [declared; 2] {
            let agent = self.row().name;
            return Err(AgentError::Networks { agent, declared, shown, shown_to_change });
        }
        Ok(agent)
    }
}

impl From<Arc<dyn AgentKeys>> for AgentConfig {
    fn from(keys: Arc<dyn AgentKeys>) -> Self {
        Self { keys }
    }
}

impl PartialEq for AgentConfig {
    fn eq(&self, other: &Self) -> bool {
        let of = |config: &Self| (config.row().name, config.keys.to_value());
        of(self) == of(other) && self.keys.sparsities() == other.keys.sparsities()
    }
}

impl Serialize for AgentConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut value = self.keys.to_value();
        if let Value::Object(keys) = &mut value {
            keys.insert("kind".to_owned(), self.row().name.into());
        }
        value.serialize(to)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use sparring_envs::{Actions, spec};
    use sparring_sparse::Section;

    use super::*;
    use crate::agent::Clock;
    use crate::observations::{Mode, Observations};

    static ROW: AgentRow = AgentRow::of::<Hidden>(
        "hidden",
        "discrete",
        "declares a network and shows none",
        Capabilities::DISCRETE,
    );

    #[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
    struct Hidden {}

    impl AgentKeys for Hidden {
        fn row(&self) -> &'static AgentRow {
            &ROW
        }

        fn to_value(&self) -> Value {
            Value::Null
        }

        fn networks(&self, _: &EnvSpec) -> Result<Vec<NetworkRole>, AgentError> {
            Ok(vec![NetworkRole { role: "q", copies: 2, layers: Vec::new() }])
        }

        fn resolve(&self, _: &RunLength, _: &[SparsityConfig]) -> Arc<dyn AgentKeys> {
            Arc::new(self.clone())
        }

        fn acting(&self) -> Arc<dyn AgentKeys> {
            Arc::new(self.clone())
        }

        fn build(&self, _: &EnvSpec, _: usize, _: &Seed) -> Result<Box<dyn Agent>, AgentError> {
            Ok(Box::new(self.clone()))
        }
    }

    impl Agent for Hidden {
        fn act(&mut self, _: Observations<'_>, _: Mode) -> Result<Actions<'_>, AgentError> {
            Ok(Actions::Discrete(&[]))
        }

        fn clock(&self) -> Clock {
            Clock { env_steps: 0, gradient_steps: 0 }
        }

        fn save_own(&self, _: &mut Section) -> Result<(), AgentError> {
            Ok(())
        }

        fn load_own(&mut self, _: &Section) -> Result<(), AgentError> {
            Ok(())
        }
    }

    #[test]
    fn who_hides_networks_is_not_built() {
        let config = AgentConfig::of(Hidden {});
        let refused = config.build(&spec("CartPole-v1").unwrap(), 1, &Seed::new(1));
        let Err(AgentError::Networks { declared: 2, shown: 0, shown_to_change: 0, .. }) = refused
        else {
            panic!("an agent that hides its networks was built");
        };
    }
}
