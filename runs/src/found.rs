//! What a start finds in the folder of a run that was there.

use std::path::PathBuf;

use crate::table::counted;

/// What a plan found in a folder.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Jobs that were there already, under the same config.
    pub known: usize,
    /// Jobs whose config has changed since; what they had is put aside.
    pub changed: Vec<String>,
    /// Where that is.
    pub put_aside: Option<PathBuf>,
    /// Jobs of an earlier start that are not among those of this one.
    pub left_out: Vec<String>,
}

impl Found {
    /// What this start changes for jobs that were there, a line each: what is put aside, and what is left out.
    pub fn changes(&self) -> Vec<String> {
        let aside = self.put_aside.as_ref().map(|place| {
            format!(
                "the config has changed: {} run anew, what they had is in {}: {}",
                counted(self.changed.len(), ["job is", "jobs are"]),
                place.display(),
                named(&self.changed),
            )
        });
        let left_out = (!self.left_out.is_empty()).then(|| {
            format!(
                "{} not among these but of an earlier start, and left as they are, out of status and report, until a start \
                 has them again: {}",
                counted(self.left_out.len(), ["job is", "jobs are"]),
                named(&self.left_out),
            )
        });
        aside.into_iter().chain(left_out).collect()
    }
}

/// The first of them, and how many others there are.
fn named(jobs: &[String]) -> String {
    const MOST: usize = 12;
    let others = jobs.len().saturating_sub(MOST);
    let more = if others > 0 { format!("; and {others} more") } else { String::new() };
    format!("{}{more}", jobs[..jobs.len() - others].join("; "))
}
