//! Features of the build that some envs need.

use std::fmt;

/// A Cargo feature, off by default because it brings what is not Rust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Feature {
    /// The physics of MuJoCo, for the robots of Gymnasium.
    Mujoco,
    /// The Arcade Learning Environment, for Atari 2600 games.
    Atari,
    /// The crate gymnasium-rs, whose build wants a Python.
    GymnasiumRs,
}

impl Feature {
    /// Its name in Cargo.toml.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mujoco => "mujoco",
            Self::Atari => "atari",
            Self::GymnasiumRs => "gymnasium-rs",
        }
    }

    /// Whether this build has it.
    pub fn compiled(self) -> bool {
        match self {
            Self::Mujoco => cfg!(feature = "mujoco"),
            Self::Atari => cfg!(feature = "atari"),
            Self::GymnasiumRs => cfg!(feature = "gymnasium-rs"),
        }
    }

    /// How to get a build that has it.
    pub fn way(self) -> String {
        let build = format!("build with `cargo build --release --features {self}`");
        match self {
            Self::Mujoco | Self::Atari => format!("run scripts/fetch-simulators, then {build}"),
            Self::GymnasiumRs => format!("{build}, where a Python is"),
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
