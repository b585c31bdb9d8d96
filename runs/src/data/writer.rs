//! A data set as a new folder: all of it, or nothing.
//!
//! ```text
//! data/metadata.json              Minari's metadata, and where the set comes from
//! data/0/part-0.parquet           the first episode, with metadata.json beside it; or all in data/main_data.hdf5
//! resolved.yaml                   the config of the job, env and all
//! split.json                      which episodes are learnt from and which are held out
//! statistics.json                 of those that are learnt from
//! picture.png                     returns and lengths
//! sums.json                       checksums of the others
//! ```

use std::fs;
use std::path::Path;

use serde::Serialize;
use sparring_agents::data::Summing;
use sparring_agents::{Split, Trajectory};
use sparring_envs::Space;

use super::episode::Columns;
use super::hdf5;
use super::metadata::{METADATA, Metadata};
use super::minari::{DATA, MAIN, OfEpisode, PART, to_group};
use super::parquet;
use super::picture::picture;
use super::summary::{Brief, Summary};
use super::sums::{SUMS, Sums};
use crate::data_format::DataFormat;
use crate::error::Error;
use crate::files::{write_folder_whole_by, write_whole};
use crate::job_folder::RESOLVED;

/// Which episodes are learnt from.
pub const SPLIT: &str = "split.json";

/// Their numbers.
pub const STATISTICS: &str = "statistics.json";

/// Their picture.
const PICTURE: &str = "picture.png";

/// What a set is but for its episodes.
pub struct About<'a> {
    /// Without numbers of episodes and steps.
    pub metadata: Metadata,
    /// How episodes are stored.
    pub format: DataFormat,
    /// The space of observations.
    pub obs: &'a Space,
    /// The space of actions.
    pub action: &'a Space,
    /// Of the episodes.
    pub split: Split,
    /// The config of the job.
    pub resolved: &'a str,
}

/// Writes the set of `episodes` into the new folder `path`, one after the other, and says what they came to.
///
/// # Errors
/// The first of an episode that cannot be had; and what cannot be written.
pub fn write(
    path: &Path,
    about: About<'_>,
    episodes: impl Iterator<Item = Result<Trajectory, Error>>,
) -> Result<Summary, Error> {
    let mut summary = None;
    write_folder_whole_by(path, |folder| {
        let mut folder = Folder { root: folder, sums: Sums::default() };
        summary = Some(folder.fill(about, episodes)?);
        let text = json(&folder.sums)?;
        write_whole(&folder.root.join(SUMS), text)
    })?;
    summary.ok_or_else(|| Error::content(path)("no episode".to_owned()))
}

/// A folder in the making.
struct Folder<'a> {
    root: &'a Path,
    sums: Sums,
}

impl Folder<'_> {
    fn fill(
        &mut self,
        about: About<'_>,
        episodes: impl Iterator<Item = Result<Trajectory, Error>>,
    ) -> Result<Summary, Error> {
        let About { mut metadata, format, obs, action, split, resolved } = about;
        self.folder(DATA)?;
        let (mut briefs, mut summing) = (Vec::new(), Summing::new(obs, action));
        let mut groups = Vec::new();
        for (at, episode) in episodes.enumerate() {
            let episode = episode?;
            if split.train.binary_search(&at).is_ok() {
                summing.add(&episode);
            }
            briefs.push(Brief::from(&episode));
            let columns = Columns::of(&episode, obs, action);
            match format {
                DataFormat::Hdf5 => groups.push(to_group(at, episode.seed, columns)),
                DataFormat::Parquet => {
                    let name = format!("{DATA}/{at}");
                    self.folder(&name)?;
                    let bytes = parquet::write(columns).map_err(Error::system("write Parquet"))?;
                    self.file(&format!("{name}/{PART}"), &bytes)?;
                    let of = OfEpisode { id: at, total_steps: episode.len(), seed: episode.seed };
                    self.file(&format!("{name}/{METADATA}"), &json(&of)?)?;
                }
            }
        }
        if format == DataFormat::Hdf5 {
            let bytes = hdf5::write(groups).map_err(Error::system("write HDF5"))?;
            self.file(&format!("{DATA}/{MAIN}"), &bytes)?;
        }
        let summary = Summary::of(&briefs);
        metadata.total_episodes = summary.episodes;
        metadata.total_steps = summary.steps as u64;
        self.file(&format!("{DATA}/{METADATA}"), &json(&metadata)?)?;
        self.file(RESOLVED, resolved.as_bytes())?;
        self.file(SPLIT, &json(&split)?)?;
        self.file(STATISTICS, &json(&summing.finish())?)?;
        self.file(PICTURE, &picture(&metadata.dataset_id, &briefs)?)?;
        Ok(summary)
    }

    fn folder(&self, name: &str) -> Result<(), Error> {
        let path = self.root.join(name);
        fs::create_dir(&path).map_err(Error::file(&path, "make"))
    }

    fn file(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        write_whole(&self.root.join(name), bytes)?;
        self.sums.add(name, bytes);
        Ok(())
    }
}

fn json<T: Serialize>(value: &T) -> Result<Vec<u8>, Error> {
    let mut text = serde_json::to_vec_pretty(value).map_err(Error::system("write JSON"))?;
    text.push(b'\n');
    Ok(text)
}
