//! Features of the build that some envs need.

use std::fmt;

/// A Cargo feature, off by default because it brings a simulator that is not Rust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Feature {
    /// The physics of MuJoCo, for the robots of Gymnasium.
    Mujoco,
    /// The Arcade Learning Environment, for Atari 2600 games.
    Atari,
}

impl Feature {
    /// Its name in Cargo.toml.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mujoco => "mujoco",
            Self::Atari => "atari",
        }
    }

    /// Whether this build has it.
    pub fn compiled(self) -> bool {
        match self {
            Self::Mujoco => cfg!(feature = "mujoco"),
            Self::Atari => cfg!(feature = "atari"),
        }
    }

    /// How to get a build that has it.
    pub fn way(self) -> String {
        format!(
            "run scripts/fetch-simulators, then build with `cargo build --release --features {self}`"
        )
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
