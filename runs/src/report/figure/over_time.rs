//! The metrics of a job, as far as figures are about them.

use std::path::Path;

use crate::chart::Point;
use crate::comparison::Cell;
use crate::results::{JobResult, Progress};

/// The values of one tag.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    /// The tag.
    pub tag: String,
    /// Environment steps and values.
    pub points: Vec<Point>,
}

/// The job that a figure shows of `cell`: its first seed that is at its end, or else its first.
pub fn first(cell: &Cell) -> Option<&JobResult> {
    let finished = cell.jobs.iter().find(|job| job.progress == Progress::Finished);
    finished.or(cell.jobs.first())
}

/// The tags of `metrics.csv` in `folder` that are `wanted`, in their order; none of a file that is not there, and of
/// one whose end is half a row all before that.
pub fn tracks(folder: &Path, wanted: impl Fn(&str) -> bool) -> Vec<Track> {
    let mut tracks: Vec<Track> = Vec::new();
    let Ok(mut reader) = csv::Reader::from_path(folder.join("metrics.csv")) else { return tracks };
    let mut row = csv::StringRecord::new();
    while reader.read_record(&mut row).unwrap_or(false) {
        let (Some(step), Some(tag), Some(value)) = (row.get(0), row.get(3), row.get(4)) else {
            continue;
        };
        if !wanted(tag) {
            continue;
        }
        let (Ok(step), Ok(value)) = (step.parse(), value.parse()) else { continue };
        let point = Point::new(step, value);
        match tracks.iter_mut().find(|track| track.tag == tag) {
            Some(track) => track.points.push(point),
            None => tracks.push(Track { tag: tag.to_owned(), points: vec![point] }),
        }
    }
    tracks
}

impl Track {
    /// The same as a step function: what was stays until the next row.
    pub fn held(self) -> Self {
        let mut points: Vec<Point> = Vec::with_capacity(2 * self.points.len());
        for point in self.points {
            let before = points.last().filter(|last| last.y != point.y).map(|last| last.y);
            points.extend(before.map(|y| Point::new(point.x, y)));
            points.push(point);
        }
        Self { points, ..self }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_tag_is_found_and_held() {
        let folder = tempfile::tempdir().unwrap();
        let text = "env_step,gradient_step,wall_s,tag,value\n0,0,0,a/b,1\n0,0,0,c,5\n9,0,0,a/b,2\n9,0,0,a/";
        fs::write(folder.path().join("metrics.csv"), text).unwrap();
        let tracks = tracks(folder.path(), |tag| tag.starts_with("a/"));
        let points = |track: &Track| -> Vec<[f64; 2]> {
            track.points.iter().map(|point| [point.x, point.y]).collect()
        };
        assert_eq!(tracks.len(), 1);
        assert_eq!(points(&tracks[0]), [[0.0, 1.0], [9.0, 2.0]]);
        assert_eq!(points(&tracks[0].clone().held()), [[0.0, 1.0], [9.0, 1.0], [9.0, 2.0]]);
    }
}
