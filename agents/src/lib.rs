//! Agents on sparse networks. They see environments only as batches of transitions.
//!
//! Each agent is one file that reads from top to bottom: what is chosen, the networks, acting,
//! updating. [`Agent`] is what a training loop drives:
//!
//! ```
//! use sparring_agents::{AgentConfig, DqnConfig, NetworkConfig};
//! use sparring_envs::{OnFault, VectorConfig, VectorEnv, spec};
//! use sparring_sparse::Seed;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let spec = &spec("CartPole-v1")?;
//! let vector = VectorConfig { num_envs: 2, workers: 0, on_fault: OnFault::Stop };
//! let mut envs = VectorEnv::new(spec, &[1, 2], &vector)?;
//! let network = NetworkConfig::mlp(&[32, 32]);
//! let config = AgentConfig::Dqn(DqnConfig { network, warmup_env_steps: 100, ..DqnConfig::paper() });
//! let mut agent = config.build(spec, 2, &Seed::new(1))?;
//! for _ in 0..100 {
//!     let actions = agent.act(envs.obs())?;
//!     let batch = envs.step(actions)?;
//!     agent.observe(&batch)?;
//! }
//! assert_eq!(agent.gradient_steps(), 100);
//! # Ok(())
//! # }
//! ```

pub mod action_box;
pub mod agent;
pub mod cadence;
pub mod diagnostics;
pub mod dqn;
pub mod error;
pub mod explore;
pub mod free;
pub mod gae;
pub mod graft;
pub mod input;
pub mod networks;
pub mod normalize;
#[cfg(test)]
mod plain;
pub mod policy;
pub mod ppo;
pub mod priorities;
pub mod replay;
pub mod returns;
pub mod rollout;
pub mod sac;
pub mod tanh_normal;

pub use agent::{
    Agent, AgentConfig, Estimate, LayerSummary, Metric, NetworkSummary, TrainingFlops,
};
pub use diagnostics::{Diagnosis, Diagnostics};
pub use dqn::{DqnConfig, Loss, Prioritized};
pub use error::AgentError;
pub use explore::Epsilon;
pub use networks::NetworkConfig;
pub use ppo::PpoConfig;
pub use sac::{SacConfig, Temperature};
