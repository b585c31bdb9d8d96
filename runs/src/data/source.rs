//! A data set of any format, episode by episode.

use std::path::{Path, PathBuf};

use sparring_agents::Trajectory;
use sparring_envs::{EnvSpec, Space};

use super::d4rl::{self, D4rl};
use super::env_spec::Named;
use super::metadata::Metadata;
use super::minari::Minari;
use super::wrong::Wrong;
use crate::config::load_env;
use crate::error::{Error, Refusal};

/// A data set that is read.
pub struct Source {
    /// Where it is.
    pub path: PathBuf,
    /// The env whose steps it holds, where that is known here, as it is evaluated.
    pub env: Option<EnvSpec>,
    stored: Stored,
}

enum Stored {
    Minari(Box<Minari>),
    D4rl(D4rl),
}

/// What can be read.
const ALLOWED: &str = "the folder of a Minari set, with data/metadata.json, or a file of D4RL that ends in .hdf5 or .h5";

impl Source {
    /// The set at `path`: the folder of one of Minari's, or a file of D4RL. It must be of the env `id` where one is
    /// asked for.
    pub fn open(path: &Path, id: Option<&str>) -> Result<Self, Error> {
        let asked = id.map(|id| load_env(id, &[])).transpose()?.map(|spec| spec.for_evaluation());
        let is_file = path.extension().is_some_and(|ending| ending == "hdf5" || ending == "h5");
        let source = if Minari::is_one(path) {
            let set = Minari::open(path)?;
            let named = set.metadata.env_spec.as_deref().map(Named::read).transpose();
            let named = named.map_err(|wrong| wrong.in_file(path))?;
            let other = named.as_ref().filter(|named| id.is_some_and(|id| id != named.id));
            if let (Some(named), Some(id)) = (other, id) {
                return Err(Refusal::argument(
                    format!("{}: env_spec", path.display()),
                    format!("a set of {}", named.id),
                    format!("a set of {id}"),
                    format!("--env {}", named.id),
                ));
            }
            // An env that nobody asked for, and that is not known here, is none.
            let own = named.and_then(|named| named.spec().ok());
            Self {
                path: path.to_path_buf(),
                env: own.or(asked),
                stored: Stored::Minari(Box::new(set)),
            }
        } else if is_file && path.is_file() {
            let env = asked.as_ref().map(|spec| d4rl::Env {
                obs: spec.obs.clone(),
                action: spec.action.clone(),
                limit: spec.max_episode_steps,
            });
            let set = D4rl::open(path, env)?;
            Self { path: path.to_path_buf(), env: asked, stored: Stored::D4rl(set) }
        } else {
            let found = if path.exists() { "neither" } else { "nothing there" };
            let hint = "sparring record CONFIG --at random --episodes 100 --out data/NAME-v0";
            return Err(Refusal::argument(path.display().to_string(), found, ALLOWED, hint));
        };
        source.check_spaces()?;
        Ok(source)
    }

    /// What a set of Minari says of itself.
    pub fn metadata(&self) -> Option<&Metadata> {
        match &self.stored {
            Stored::Minari(set) => Some(&set.metadata),
            Stored::D4rl(_) => None,
        }
    }

    /// How many episodes.
    pub fn len(&self) -> usize {
        match &self.stored {
            Stored::Minari(set) => set.metadata.total_episodes,
            Stored::D4rl(set) => set.episodes.len(),
        }
    }

    /// The space of observations.
    pub fn obs(&self) -> &Space {
        match &self.stored {
            Stored::Minari(set) => &set.obs.space,
            Stored::D4rl(set) => &set.obs,
        }
    }

    /// The space of actions.
    pub fn action(&self) -> &Space {
        match &self.stored {
            Stored::Minari(set) => &set.action.space,
            Stored::D4rl(set) => &set.action,
        }
    }

    /// The episode of this number, checked; a number beyond the last is the mistake of a set that says it has more.
    pub fn episode(&self, at: usize) -> Result<Trajectory, Error> {
        match &self.stored {
            Stored::Minari(set) => set.episode(at),
            Stored::D4rl(set) => {
                set.episodes.get(at).cloned().ok_or_else(|| {
                    Wrong::damaged("", format!("no episode {at}")).in_file(&self.path)
                })
            }
        }
    }

    /// A set of another env than it says is known by its spaces.
    fn check_spaces(&self) -> Result<(), Error> {
        let Some(env) = &self.env else { return Ok(()) };
        let pairs =
            [("observations", self.obs(), &env.obs), ("actions", self.action(), &env.action)];
        for (what, found, allowed) in pairs {
            if !alike(found, allowed) {
                return Err(Refusal::argument(
                    format!("{}: {what}", self.path.display()),
                    format!("{found}"),
                    format!("those of {}: {allowed}", env.id),
                    "a set of that env",
                ));
            }
        }
        Ok(())
    }
}

/// Whether points are laid out alike and of one kind. Bounds of observations differ from version to version.
fn alike(a: &Space, b: &Space) -> bool {
    match (a, b) {
        (Space::Discrete { n }, Space::Discrete { n: other }) => n == other,
        (Space::Box { shape, dtype, .. }, Space::Box { shape: other, dtype: of, .. }) => {
            shape == other && dtype == of
        }
        (Space::Discrete { .. }, Space::Box { .. })
        | (Space::Box { .. }, Space::Discrete { .. }) => false,
    }
}
