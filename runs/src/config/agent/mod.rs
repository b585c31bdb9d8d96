//! The section `agent`: one file an agent.

mod dqn;
mod network;
mod optimizer;
mod ppo;
mod sac;

use sparring_agents::AgentConfig;
use sparring_envs::{EnvSpec, Options, Space};

use super::problem::Checked;
use super::section::Otherwise::Default;
use super::section::Section;
use super::settings::{EnvSettings, TrainSettings};

/// The agents by name, with the actions that they choose and one line each.
pub const KINDS: [(&str, Kind, &str, &str); 3] = [
    (
        "dqn",
        Kind::Dqn,
        "discrete",
        "deep Q-learning; n-step, double, duelling and prioritised as switches (Mnih et al. 2015)",
    ),
    (
        "sac",
        Kind::Sac,
        "continuous",
        "soft actor-critic with twin critics and a learned temperature (Haarnoja et al. 2018)",
    ),
    (
        "ppo",
        Kind::Ppo,
        "discrete or continuous",
        "proximal policy optimisation with normalised observations and rewards (Schulman et al. 2017)",
    ),
];

/// An agent, before its numbers are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// See [`AgentConfig::Dqn`].
    Dqn,
    /// See [`AgentConfig::Sac`].
    Sac,
    /// See [`AgentConfig::Ppo`].
    Ppo,
}

impl Kind {
    /// Whether the agent can choose actions of `space`.
    fn plays(self, space: &Space) -> bool {
        match self {
            Self::Dqn => matches!(space, Space::Discrete { .. }),
            Self::Sac => matches!(space, Space::Box { .. }),
            Self::Ppo => true,
        }
    }
}

/// The sections that an agent's settings depend on.
pub struct Around<'a> {
    /// As typed.
    pub env_section: &'a Section<'a>,
    /// What is played.
    pub spec: &'a EnvSpec,
    /// How.
    pub env: &'a EnvSettings,
    /// How long.
    pub train: &'a TrainSettings,
}

/// The keys of a kind, `kind` among them.
pub fn keys_of(kind: Kind) -> Vec<&'static str> {
    let mut keys = Section::keys_of(|s| match kind {
        Kind::Dqn => dqn::read_keys(s).map(drop),
        Kind::Sac => sac::read_keys(s).map(drop),
        Kind::Ppo => ppo::read_keys(s, 0).map(drop),
    });
    keys.push("kind");
    keys
}

/// Reads `agent` and `sparsity` together, since the times of a method are fractions of the
/// gradient steps that the agent takes.
pub fn read(
    s: &mut Section<'_>,
    sparsity: &Section<'_>,
    around: &Around<'_>,
) -> Checked<AgentConfig> {
    let names = KINDS.map(|(name, kind, ..)| (name, kind));
    let kind = s.choice("kind", Default("dqn"), &names)?;
    check_actions(kind, around)?;
    Ok(match kind {
        Kind::Dqn => AgentConfig::Dqn(dqn::read(s, sparsity, around)?),
        Kind::Sac => AgentConfig::Sac(sac::read(s, sparsity, around)?),
        Kind::Ppo => AgentConfig::Ppo(ppo::read(s, sparsity, around)?),
    })
}

/// Refuses an env whose actions the agent cannot choose.
fn check_actions(kind: Kind, Around { env_section, spec, .. }: &Around<'_>) -> Checked<()> {
    if kind.plays(&spec.action) {
        return Ok(());
    }
    let specs =
        sparring_envs::registry().iter().filter_map(|row| row.spec(&Options::default()).ok());
    let playable = specs.filter(|spec| kind.plays(&spec.action));
    let envs: Vec<_> = playable.map(|spec| spec.id).collect();
    let found = format!("{}, whose actions are {}", spec.id, spec.action);
    let (name, actions) = KINDS
        .iter()
        .find(|(_, other, ..)| *other == kind)
        .map_or(("", ""), |(name, _, actions, _)| (name, actions));
    let allowed = format!("an env with {actions} actions, for agent {name}");
    Err(env_section.problem("id", &found, &allowed, &format!("one of {}", envs.join(", "))))
}

/// Ends the reading of an agent's keys.
fn finish(s: &Section<'_>) -> Checked<()> {
    s.finish_with(|key| {
        let knowing = KINDS.iter().filter(|(_, kind, ..)| keys_of(*kind).contains(&key));
        let names: Vec<_> = knowing.map(|(name, ..)| *name).collect();
        let of_agents = || format!("remove it; it belongs to agent {}", names.join(", "));
        optimizer::advice(key)
            .or_else(|| network::advice(s, key))
            .or_else(|| (!names.is_empty()).then(of_agents))
    })
}

/// Refuses a memory that holds less than a batch.
fn check_replay(
    s: &Section<'_>,
    replay_capacity: usize,
    batch_size: usize,
    train: &TrainSettings,
) -> Checked<()> {
    if replay_capacity >= batch_size {
        return Ok(());
    }
    let allowed = format!("at least batch_size = {batch_size}");
    let hint = train.total_env_steps.max(batch_size as u64).to_string();
    Err(s.problem("replay_capacity", &replay_capacity.to_string(), &allowed, &hint))
}

/// Refuses a run that ends before it trains.
fn check_trains(
    s: &Section<'_>,
    gradient_steps: u64,
    warmup_env_steps: u64,
    train: &TrainSettings,
) -> Checked<()> {
    if gradient_steps > 0 {
        return Ok(());
    }
    let allowed = format!(
        "so few that a run of train.total_env_steps = {} trains at least once after them",
        train.total_env_steps
    );
    let hint = (train.total_env_steps / 10).to_string();
    Err(s.problem("warmup_env_steps", &warmup_env_steps.to_string(), &allowed, &hint))
}
