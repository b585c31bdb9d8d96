//! Data sets of Minari: a folder with `data/metadata.json` and the episodes in Parquet or HDF5.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sparring_agents::Trajectory;

use super::episode::{COLUMNS, Columns};
use super::hdf5::{Group, Hdf5};
use super::metadata::{METADATA, Metadata};
use super::parquet;
use super::space::{self, Declared};
use super::sums::Sums;
use super::wrong::Wrong;
use crate::data_format::DataFormat;
use crate::error::Error;

/// The folder of the data, below that of the set.
pub const DATA: &str = "data";

/// The file of all episodes in HDF5, in the folder of the data.
pub const MAIN: &str = "main_data.hdf5";

/// The file of an episode in Parquet, in the folder of its number.
pub const PART: &str = "part-0.parquet";

/// What is said of an episode in Parquet beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfEpisode {
    /// Its number.
    pub id: usize,
    /// Its steps.
    pub total_steps: usize,
    /// What its env was reset with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

/// A set that is read.
pub struct Minari {
    /// What it says of itself.
    pub metadata: Metadata,
    /// Of observations.
    pub obs: Declared,
    /// Of actions.
    pub action: Declared,
    root: PathBuf,
    sums: Sums,
    /// The file of all episodes, where they are in one.
    file: Option<Hdf5>,
}

/// The name of the group of an episode in HDF5.
pub fn group(episode: usize) -> String {
    format!("episode_{episode}")
}

impl Minari {
    /// Whether `root` is the folder of such a set.
    pub fn is_one(root: &Path) -> bool {
        root.join(DATA).join(METADATA).is_file()
    }

    /// The set in the folder `root`.
    pub fn open(root: &Path) -> Result<Self, Error> {
        let (data, sums) = (root.join(DATA), Sums::read(root)?);
        let name = format!("{DATA}/{METADATA}");
        let path = data.join(METADATA);
        let text = sums.bytes(root, &name)?;
        let metadata = Metadata::parse(&text).map_err(|wrong| wrong.in_file(&path))?;
        let declared =
            |key, text: &str| space::read(key, text).map_err(|wrong| wrong.in_file(&path));
        let obs = declared("observation_space", &metadata.observation_space)?;
        let action = declared("action_space", &metadata.action_space)?;
        if metadata.jpeg_encoding && is_image(&obs) {
            let allowed = "images as they were: \"jpeg_encoding\": false";
            let hint = "record the set with Minari's DataCollector(..., jpeg_encoding=False)";
            let wrong =
                Wrong::new("jpeg_encoding", "images as JPEG, which loses of them", allowed, hint);
            return Err(wrong.in_file(&path));
        }
        let file = match metadata.format().map_err(|wrong| wrong.in_file(&path))? {
            DataFormat::Hdf5 => {
                let content = sums.bytes(root, &format!("{DATA}/{MAIN}"))?;
                Some(Hdf5::of(&data.join(MAIN), content)?)
            }
            DataFormat::Parquet => None,
        };
        Ok(Self { metadata, obs, action, root: root.to_path_buf(), sums, file })
    }

    /// The episode of this number, from 0.
    pub fn episode(&self, at: usize) -> Result<Trajectory, Error> {
        match &self.file {
            Some(file) => {
                self.in_hdf5(file, at).map_err(|wrong| wrong.of_episode(at).in_file(file.path()))
            }
            None => self.in_parquet(at),
        }
    }

    fn in_parquet(&self, at: usize) -> Result<Trajectory, Error> {
        let name = |file: &str| format!("{DATA}/{at}/{file}");
        let (about, part) = (name(METADATA), name(PART));
        let text = self.sums.bytes(&self.root, &about)?;
        let about: OfEpisode = serde_json::from_slice(&text)
            .map_err(|error| Wrong::damaged("", error).in_file(&self.root.join(&about)))?;
        let bytes = self.sums.bytes(&self.root, &part)?;
        let read = parquet::read(bytes)
            .and_then(|columns| self.checked(columns, about.seed, about.total_steps as u64));
        read.map_err(|wrong| wrong.in_file(&self.root.join(&part)))
    }

    fn in_hdf5(&self, file: &Hdf5, at: usize) -> Result<Trajectory, Wrong> {
        let group = group(at);
        let column = |name: &str| {
            let missing = || {
                let allowed = format!("the columns {}", COLUMNS.join(", "));
                Wrong::new(
                    name,
                    "no such column",
                    allowed,
                    "a set of flat observations and actions",
                )
            };
            file.column(&format!("{group}/{name}"))?.ok_or_else(missing)
        };
        let columns = Columns {
            observations: column("observations")?,
            actions: column("actions")?,
            rewards: column("rewards")?,
            terminations: column("terminations")?,
            truncations: column("truncations")?,
        };
        let (seed, steps) = (file.whole(&group, "seed")?, file.whole(&group, "total_steps")?);
        let found = columns.rewards.rows() as u64;
        self.checked(columns, seed, steps.unwrap_or(found))
    }

    /// The episode that `columns` are, which should have so many `steps`.
    fn checked(
        &self,
        columns: Columns,
        seed: Option<u64>,
        steps: u64,
    ) -> Result<Trajectory, Wrong> {
        let found = columns.rewards.rows() as u64;
        if found != steps {
            let found = format!("{found} rewards in place of {steps}");
            return Err(Wrong::damaged("total_steps", found));
        }
        columns.episode(&self.obs, &self.action, seed)
    }
}

/// Whether Minari takes such observations for images, which it may then store as JPEG: bytes from 0 to 255 of at least
/// 32 rows and columns.
fn is_image(of: &Declared) -> bool {
    use sparring_envs::{Dtype, Space};
    match &of.space {
        Space::Box { shape, low, high, dtype: Dtype::U8 } => {
            matches!(shape.as_slice(), [rows, columns] | [rows, columns, _] if *rows.min(columns) >= 32)
                && low.iter().all(|low| *low == 0.0)
                && high.iter().all(|high| *high == 255.0)
        }
        Space::Box { dtype: Dtype::F32, .. } | Space::Discrete { .. } => false,
    }
}

/// The group of an episode in the file of all.
pub fn to_group(at: usize, seed: Option<u64>, columns: Columns) -> Group {
    let Columns { observations, actions, rewards, terminations, truncations } = columns;
    let steps = rewards.rows() as u64;
    let mut attributes = vec![("id", at as u64), ("total_steps", steps)];
    attributes.extend(seed.map(|seed| ("seed", seed)));
    let all = [observations, actions, rewards, terminations, truncations];
    Group { name: group(at), attributes, columns: COLUMNS.into_iter().zip(all).collect() }
}
