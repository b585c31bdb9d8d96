//! `metadata.json` of a Minari data set, version 0.5, and what we say of a set there ourselves.

use serde::{Deserialize, Serialize};

use super::wrong::Wrong;
use crate::data_format::DataFormat;

/// Its name in the folder of the data.
pub const METADATA: &str = "metadata.json";

/// The version of Minari whose format is written.
const MINARI: &str = "0.5.3";

/// Minari's keys, those that are read or written here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    /// Episodes.
    pub total_episodes: usize,
    /// Their steps.
    pub total_steps: u64,
    /// Of [`DataFormat`], or `arrow`.
    pub data_format: String,
    /// Whether images are JPEG, which loses of them.
    #[serde(default = "yes")]
    pub jpeg_encoding: bool,
    /// See [`super::space`].
    pub observation_space: String,
    /// The same of actions.
    pub action_space: String,
    /// See [`super::env_spec`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env_spec: Option<String>,
    /// The set's name and version.
    pub dataset_id: String,
    /// The version of Minari whose format it has.
    pub minari_version: String,
    /// Who acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm_name: Option<String>,
    /// The mean return of random actions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ref_min_score: Option<f64>,
    /// That of the expert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ref_max_score: Option<f64>,
    /// Where it comes from, of a set that was recorded here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sparring: Option<Recorded>,
}

/// Where a recorded set comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// The version that recorded it.
    pub version: String,
    /// The kind of policy: random, medium, expert or replay.
    pub at: String,
    /// How it acted.
    pub acting: String,
    /// The seed of the training and of the episodes.
    pub seed: u64,
    /// The identity of the job whose config is `resolved.yaml` beside the data.
    pub config: String,
    /// Environment steps that the policy was trained for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env_steps: Option<u64>,
    /// SHA-256 of the policy's tensors; of random actions and of a whole training there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
}

fn yes() -> bool {
    true
}

impl Metadata {
    /// Of no episode yet, in the present format.
    pub fn new(dataset_id: String, format: DataFormat, spaces: [String; 2]) -> Self {
        let [observation_space, action_space] = spaces;
        Self {
            total_episodes: 0,
            total_steps: 0,
            data_format: format.name().to_owned(),
            jpeg_encoding: false,
            observation_space,
            action_space,
            env_spec: None,
            dataset_id,
            minari_version: MINARI.to_owned(),
            algorithm_name: None,
            ref_min_score: None,
            ref_max_score: None,
            sparring: None,
        }
    }

    /// That of the bytes of `metadata.json`.
    pub fn parse(text: &[u8]) -> Result<Self, Wrong> {
        let parsed = serde_json::from_slice::<Self>(text).map_err(|error| {
            let allowed = "the metadata of a Minari data set of version 0.4 or 0.5";
            Wrong::new("", error, allowed, "fetch or record the set again")
        })?;
        parsed.check()?;
        Ok(parsed)
    }

    /// How its episodes are stored.
    pub fn format(&self) -> Result<DataFormat, Wrong> {
        let known = DataFormat::ALL.into_iter().find(|format| format.name() == self.data_format);
        known.ok_or_else(|| {
            let hint = "record or convert the set with data_format=\"parquet\"";
            Wrong::new("data_format", &self.data_format, "parquet or hdf5", hint)
        })
    }

    fn check(&self) -> Result<(), Wrong> {
        if !["0.4.", "0.5."].iter().any(|known| self.minari_version.starts_with(known)) {
            return Err(Wrong::new(
                "minari_version",
                &self.minari_version,
                "0.4 or 0.5",
                "fetch the set by a Minari of these versions",
            ));
        }
        if self.total_episodes == 0 {
            return Err(Wrong::new(
                "total_episodes",
                "0: the set is empty",
                "at least one episode",
                "record some: sparring record --episodes 100",
            ));
        }
        self.format().map(drop)
    }
}
