//! What figures show of one job.

use crate::chart::Point;
use crate::comparison::Cell;
use crate::metrics::Track;
use crate::results::{JobResult, Progress};

/// The job that a figure shows of `cell`: its first seed that is at its end, or else its first.
pub fn first(cell: &Cell) -> Option<&JobResult> {
    let finished = cell.jobs.iter().find(|job| job.progress == Progress::Finished);
    finished.or(cell.jobs.first())
}

/// The values of a metric as points of a line.
pub fn points(track: &Track) -> Vec<Point> {
    track.values.iter().map(|logged| Point::new(logged.step, logged.value)).collect()
}
