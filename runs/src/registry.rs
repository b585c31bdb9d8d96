//! What a config can name: the rows of this house, and those that a crate adds.
//!
//! A process has one registry, which [`crate::main`] takes before it reads a config: names, keys, lists and
//! schemas follow from it.

use std::sync::OnceLock;

use sparring_agents::networks::known;
use sparring_agents::{AGENTS, AgentRow, NETWORKS, NetworkRow};
use sparring_envs::{EnvRow, registry};
use sparring_sparse::methods::{METHODS, MethodRow};

/// Environments, methods, agents and networks, one row each. A row that is added under a name that is there takes its place.
///
/// ```
/// use sparring::Registry;
/// static MINE: sparring_envs::EnvRow =
///     sparring_envs::EnvRow { id: "Mine-v0", ..sparring_envs::tiny::chain::ROW };
/// let registry = Registry::builtin().env(&MINE);
/// assert!(registry.find_env("Mine-v0").is_some() && registry.find_env("Chain-v0").is_some());
/// ```
#[derive(Clone, Debug)]
pub struct Registry {
    envs: Vec<&'static EnvRow>,
    methods: Vec<&'static MethodRow>,
    agents: Vec<&'static AgentRow>,
    networks: Vec<&'static NetworkRow>,
}

impl Registry {
    /// What Sparring brings along.
    pub fn builtin() -> Self {
        Self {
            envs: registry().iter().collect(),
            methods: METHODS.to_vec(),
            agents: AGENTS.to_vec(),
            networks: NETWORKS.to_vec(),
        }
    }

    /// The same with an environment more, for `env.id`.
    pub fn env(mut self, row: &'static EnvRow) -> Self {
        self.envs.retain(|other| other.id != row.id);
        self.envs.push(row);
        self
    }

    /// The same with a method more, for `sparsity.kind`.
    pub fn method(mut self, row: &'static MethodRow) -> Self {
        self.methods.retain(|other| other.name != row.name);
        self.methods.push(row);
        self
    }

    /// The same with an agent more, for `agent.kind`.
    pub fn agent(mut self, row: &'static AgentRow) -> Self {
        self.agents.retain(|other| other.name != row.name);
        self.agents.push(row);
        self
    }

    /// The same with a network more, for `agent.network.kind`.
    pub fn network(mut self, row: &'static NetworkRow) -> Self {
        self.networks.retain(|other| other.name != row.name);
        self.networks.push(row);
        self
    }

    /// All methods.
    pub fn methods(&self) -> &[&'static MethodRow] {
        &self.methods
    }

    /// All agents.
    pub fn agents(&self) -> &[&'static AgentRow] {
        &self.agents
    }

    /// All networks.
    pub fn networks(&self) -> &[&'static NetworkRow] {
        &self.networks
    }

    /// All environments, those included that need a feature which this build lacks.
    pub fn envs(&self) -> &[&'static EnvRow] {
        &self.envs
    }

    /// The environment of this id.
    pub fn find_env(&self, id: &str) -> Option<&'static EnvRow> {
        self.envs.iter().find(|row| row.id == id).copied()
    }

    /// Makes it the registry of this process; false where that has one already.
    pub fn install(self) -> bool {
        let networks = self.networks.clone();
        INSTALLED.set(self).is_ok() && known::install(networks)
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self::builtin()
    }
}

static INSTALLED: OnceLock<Registry> = OnceLock::new();

/// The registry of this process: what was installed, or what Sparring brings along.
pub fn rows() -> &'static Registry {
    INSTALLED.get_or_init(Registry::builtin)
}
