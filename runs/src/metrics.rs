//! The metrics of a job, as `metrics.csv` has them.

use std::fs;
use std::path::Path;

use sparring_agents::Clock;

/// The values of one tag.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    /// The tag.
    pub tag: String,
    /// Its values.
    pub values: Vec<Logged>,
}

/// One value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Logged {
    /// Steps of the run's own clock before it.
    pub step: f64,
    /// The value.
    pub value: f64,
}

/// The tags of `metrics.csv` in `folder` that are `wanted`, in their order; none of a file that is not there, and of
/// one whose end is half a row all before that.
pub fn tracks(folder: &Path, wanted: impl Fn(&str) -> bool) -> Vec<Track> {
    let mut tracks: Vec<Track> = Vec::new();
    let Ok(bytes) = fs::read(folder.join("metrics.csv")) else { return tracks };
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
    let mut reader = csv::Reader::from_reader(&bytes[..whole]);
    let mut row = csv::StringRecord::new();
    while reader.read_record(&mut row).unwrap_or(false) {
        let (Some(tag), Some(value)) = (row.get(3), row.get(4)) else { continue };
        if !wanted(tag) {
            continue;
        }
        let steps = |at: usize| row.get(at).and_then(|steps| steps.parse().ok());
        let (Some(env_steps), Some(gradient_steps)) = (steps(0), steps(1)) else { continue };
        let Ok(value) = value.parse() else { continue };
        let step = Clock { env_steps, gradient_steps }.own() as f64;
        let logged = Logged { step, value };
        match tracks.iter_mut().find(|track| track.tag == tag) {
            Some(track) => track.values.push(logged),
            None => tracks.push(Track { tag: tag.to_owned(), values: vec![logged] }),
        }
    }
    tracks
}

/// The tag `tag` of `metrics.csv` in `folder`; none where no row has it.
pub fn track(folder: &Path, tag: &str) -> Option<Track> {
    tracks(folder, |other| other == tag).pop()
}

impl Track {
    /// The same as a step function: what was stays until the next row.
    pub fn held(self) -> Self {
        let mut values: Vec<Logged> = Vec::with_capacity(2 * self.values.len());
        for logged in self.values {
            let before = values.last().filter(|last| last.value != logged.value);
            let until = before.map(|last| Logged { step: logged.step, ..*last });
            values.extend(until);
            values.push(logged);
        }
        Self { values, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_and_held() {
        let folder = tempfile::tempdir().unwrap();
        let text = "env_step,gradient_step,wall_s,tag,value\n0,0,0,a/b,1\n0,0,0,c,5\n9,0,0,a/b,2\n9,0,0,a/b,12.";
        fs::write(folder.path().join("metrics.csv"), text).unwrap();
        let tracks = tracks(folder.path(), |tag| tag.starts_with("a/"));
        let values = |track: &Track| -> Vec<[f64; 2]> {
            track.values.iter().map(|logged| [logged.step, logged.value]).collect()
        };
        assert_eq!(tracks.len(), 1);
        assert_eq!(values(&tracks[0]), [[0.0, 1.0], [9.0, 2.0]]);
        assert_eq!(values(&tracks[0].clone().held()), [[0.0, 1.0], [9.0, 1.0], [9.0, 2.0]]);
    }
}
