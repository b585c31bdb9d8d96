//! Agents on sparse networks. They see environments only as batches of transitions.
//!
//! Each agent is one file that reads from top to bottom: what is chosen, the networks, acting,
//! updating. [`Agent`] is what a training loop drives:
//!
//! ```
//! use sparring_agents::{AgentConfig, DqnConfig, EnvRows, Mode, NetworkConfig};
//! use sparring_envs::{VectorConfig, VectorEnv, spec};
//! use sparring_sparse::Seed;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let spec = &spec("CartPole-v1")?;
//! let vector = VectorConfig { num_envs: 2, ..VectorConfig::default() };
//! let mut envs = VectorEnv::new(spec, &[1, 2], &vector)?;
//! let network = NetworkConfig::mlp(&[32, 32]);
//! let config = AgentConfig::of(DqnConfig { network, warmup_env_steps: 100, ..DqnConfig::paper() });
//! let mut agent = config.build(spec, 2, &Seed::new(1))?;
//! let mut rows = EnvRows::new(2);
//! for _ in 0..100 {
//!     let actions = agent.act(rows.observations(envs.obs()), Mode::Train)?;
//!     let batch = envs.step(actions)?;
//!     agent.learn(&batch)?;
//!     rows.follow(&batch);
//! }
//! assert_eq!(agent.clock().gradient_steps, 100);
//! # Ok(())
//! # }
//! ```

pub mod action_box;
pub mod agent;
pub mod alloc;
pub mod bc;
pub mod cadence;
mod checks;
pub mod column;
pub mod data;
pub mod diagnostics;
pub mod dqn;
pub mod error;
pub mod explore;
pub mod free_params;
pub mod gae;
pub mod gaussian;
mod gpu;
pub mod input;
pub mod kinds;
pub mod losses;
pub mod metric;
pub mod nec;
pub mod network_on_batch;
pub mod networks;
pub mod normalize;
mod not_finite;
pub mod observations;
pub mod offline;
pub mod optimizer_keys;
#[cfg(test)]
mod plain;
pub mod policy;
pub mod policy_view;
pub mod ppo;
pub mod priorities;
mod q_state;
pub mod replay;
pub mod retrieval;
pub mod returns;
pub mod rollout;
pub mod row;
pub mod sac;
pub mod summary;
pub mod tanh_normal;
pub mod trajectory;

pub use agent::{Agent, Capabilities, Clock};
pub use bc::BcConfig;
pub use data::{ActionBuf, Dataset, Split, Trajectory};
pub use diagnostics::{Diagnosis, Diagnostics};
pub use dqn::{DqnConfig, Loss, Prioritized};
pub use error::AgentError;
pub use explore::Epsilon;
pub use kinds::AGENTS;
pub use metric::{Extent, Metric};
pub use nec::NecConfig;
pub use network_on_batch::NetworkOnBatch;
pub use networks::{NETWORKS, NetworkConfig, NetworkKeys, NetworkRow};
pub use observations::{EnvRows, Mode, Observations};
pub use offline::Offline;
pub use policy_view::PolicyView;
pub use ppo::{FirstWeights, PpoConfig};
pub use replay::Replay;
pub use row::{AgentConfig, AgentKeys, AgentRow, NetworkRole, RunLength};
pub use sac::{SacConfig, Temperature};
pub use summary::{Estimate, LayerSummary, NetworkSummary, TrainingFlops};
pub use trajectory::TrajectoryConfig;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
