//! The one error type of this crate. Every message says what was found, what is allowed and what to do.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Dtype, Feature};

/// An env panicked, failed, or gave NaN or infinity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The index of the env.
    pub env: usize,
    /// The seed of its last seeded reset.
    pub seed: u64,
    /// Its episode, counted from 0 over all restarts.
    pub episode: u64,
    /// The step of that episode, counted from 1; 0 is the reset.
    pub step: u32,
    /// What happened: the message of the panic or error, or the value that is not finite.
    pub cause: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { env, seed, episode, step, cause } = self;
        write!(f, "env {env} (seed {seed}) failed in episode {episode} at step {step}: {cause}")
    }
}

/// What can go wrong with an environment, a space, a saved state or the vector engine.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum EnvError {
    /// No row of the registry has this id.
    #[error(
        "there is no env `{id}`; the nearest names are {nearest}; `sparring list envs` shows all"
    )]
    UnknownEnv {
        /// The id that was asked for.
        id: String,
        /// The nearest registered ids, ready to print.
        nearest: String,
    },
    /// An env that this build was made without.
    #[error("`{id}` needs the feature `{feature}`, which this build lacks; {}", feature.way())]
    Feature {
        /// The id that was asked for.
        id: &'static str,
        /// The feature.
        feature: Feature,
    },
    /// A model of a simulator that cannot be used.
    #[error("the model `{file}` cannot be used: {found}; {allowed}")]
    Model {
        /// The model's file.
        file: String,
        /// What is wrong with it.
        found: String,
        /// What to do.
        allowed: String,
    },
    /// A ROM is missing or another than it should be.
    #[error(
        "`{id}` needs a ROM of MD5 {allowed}, but {path} is {found}; \
         run scripts/fetch-simulators, or name its folder in SPARRING_SIMULATORS"
    )]
    Rom {
        /// The id that was asked for.
        id: &'static str,
        /// Where the ROM should be.
        path: String,
        /// What was there.
        found: String,
        /// The MD5 that it must have.
        allowed: &'static str,
    },
    /// The emulator is not the one that this crate was written for.
    #[error(
        "the emulator of `{id}` is not as expected: {found}; build with ale-sys 0.1.2 and libstdc++"
    )]
    Emulator {
        /// The id of the game.
        id: &'static str,
        /// What is different.
        found: String,
    },
    /// An option that the env does not have.
    #[error("`{id}` has no option `{key}`; {allowed}")]
    OptionKey {
        /// The id of the env.
        id: &'static str,
        /// The key that was given.
        key: String,
        /// The keys that it has, in words.
        allowed: String,
    },
    /// A value that an option does not take.
    #[error("the option `{key}` of `{id}` is {found}, but it must be {allowed}")]
    OptionValue {
        /// The id of the env.
        id: &'static str,
        /// The key of the option.
        key: &'static str,
        /// What was given.
        found: String,
        /// What the option takes.
        allowed: String,
    },
    /// Options that were read before [`crate::Options::resolve`], or by the wrong key or type.
    #[error("no {kind} stands under the option `{key}`; resolve the options by those of the env")]
    OptionUnread {
        /// The key that was asked for.
        key: &'static str,
        /// The type that was asked for.
        kind: &'static str,
    },
    /// A step before the first reset.
    #[error("step before the first reset; call reset(Some(seed), ..) first")]
    ResetNeeded,
    /// The first reset named no seed, so there is no generator to go on with.
    #[error("the first reset has no seed to go on from; call reset(Some(seed), ..) once")]
    SeedNeeded,
    /// A discrete action for a continuous env, or the reverse.
    #[error(
        "the action is {found}, but the action space is {allowed}; pass an action of that kind"
    )]
    ActionKind {
        /// The kind that was passed: `discrete` or `continuous`.
        found: &'static str,
        /// The kind of the action space.
        allowed: &'static str,
    },
    /// A discrete action that is too large.
    #[error("the action is {found}, but it must be 0 to {}; map it into that range", n.saturating_sub(1))]
    ActionIndex {
        /// The action that was passed.
        found: u32,
        /// How many actions there are.
        n: u32,
    },
    /// A continuous action of the wrong length.
    #[error("the action has {found} values, but the space has {allowed}; pass one value for each")]
    ActionLen {
        /// How many values were passed.
        found: usize,
        /// The dimension of the action space.
        allowed: usize,
    },
    /// A value of a continuous action that is NaN or outside the box.
    #[error(
        "action value {index} is {found}, but it must lie in [{low}, {high}]; clip or rescale it"
    )]
    ActionValue {
        /// Which value of the action.
        index: usize,
        /// What it was.
        found: f32,
        /// The least value allowed.
        low: f32,
        /// The greatest value allowed.
        high: f32,
    },
    /// A buffer for observations of the wrong length.
    #[error(
        "the observation buffer holds {found} values, but the env writes {allowed}; size it by the space"
    )]
    ObsLen {
        /// The length of the buffer.
        found: usize,
        /// The dimension of the observation space.
        allowed: usize,
    },
    /// A buffer for observations of the wrong kind.
    #[error(
        "the observation buffer holds {found} values, but the env writes {allowed}; make it by the space's dtype"
    )]
    ObsKind {
        /// What the buffer holds.
        found: Dtype,
        /// What the observation space has.
        allowed: Dtype,
    },
    /// An env that cannot be drawn.
    #[error("the env has no picture: {why}")]
    NoPicture {
        /// Why not.
        why: String,
    },
    /// Bytes that are not the saved state of this env or engine.
    #[error(
        "not a saved state of `{id}`: {found}; restore only whole bytes that save() of the same env gave"
    )]
    State {
        /// Whose state was expected.
        id: String,
        /// What is wrong with the bytes.
        found: String,
    },
    /// A vector engine that cannot be built as asked.
    #[error("{what} is {found}, but {allowed}")]
    Config {
        /// Which setting.
        what: &'static str,
        /// What it was.
        found: usize,
        /// What is allowed and what to do.
        allowed: String,
    },
    /// A step with [`crate::Autoreset::Disabled`] after an end; nothing was stepped.
    #[error(
        "the episode of env {env} has ended and nothing was stepped; reset it first, or let the engine begin episodes"
    )]
    EpisodeOver {
        /// The index of the env.
        env: usize,
    },
    /// The operating system gave no thread.
    #[error("cannot start env worker {worker}: {cause}; use fewer workers (0 steps inline)")]
    Spawn {
        /// Which worker.
        worker: usize,
        /// What the operating system said.
        cause: String,
    },
    /// An action in a batch is wrong; nothing was stepped.
    #[error("the action for env {env} is wrong and nothing was stepped: {source}")]
    BatchAction {
        /// The index of the env.
        env: usize,
        /// What is wrong with its action.
        source: Box<EnvError>,
    },
    /// The batch of actions has the wrong length; nothing was stepped.
    #[error(
        "{found} action values for {num_envs} envs, but {allowed} are needed; nothing was stepped"
    )]
    ActionCount {
        /// How many values were passed.
        found: usize,
        /// How many envs there are.
        num_envs: usize,
        /// How many values are needed.
        allowed: usize,
    },
    /// An env panicked, failed, or gave NaN or infinity.
    #[error("env {} ({id}, seed {}) failed in episode {} at step {}: {}",
        fault.env, fault.seed, fault.episode, fault.step, fault.cause)]
    Fault {
        /// The id of its spec.
        id: String,
        /// Which env, where and why.
        fault: Fault,
    },
    /// A chunk of envs unwound where no env can be blamed; its envs are lost.
    #[error(
        "the envs {first}..{end} are lost; build the engine anew or restore a saved state into a new one"
    )]
    ChunkLost {
        /// The first env of its chunk.
        first: usize,
        /// One past the last env of its chunk.
        end: usize,
    },
    /// An env that breaks the contract of [`crate::Env`].
    #[error("`{id}` breaks the env contract in the check `{check}`: {found}")]
    Contract {
        /// The id of the env.
        id: String,
        /// The name of the check.
        check: &'static str,
        /// What was found and what the contract says.
        found: String,
    },
}
