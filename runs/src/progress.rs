//! `sparring status`: how far the jobs of a run are, from their folders alone.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use crate::cli::StatusArgs;
use crate::console::{print, terminal_width};
use crate::error::Error;
use crate::files::read_yaml;
use crate::folder::RunFolder;
use crate::job_folder::{JobFolder, RESOLVED};
use crate::life::{Life, Owner};
use crate::slurm::states;
use crate::status::{JobStatus, State};
use crate::table::{Align, Table, counted, thousands, time};
use crate::train::settings::TrainSettings;

/// How often `--watch` looks.
const EVERY: Duration = Duration::from_secs(2);

/// Clears a terminal and goes to its top.
const CLEAR: &str = "\x1b[2J\x1b[H";

/// Prints the state of each job once, or again and again until none runs.
pub fn status(args: &StatusArgs) -> Result<(), Error> {
    loop {
        let (folder, record) = RunFolder::open(&args.dir)?;
        let jobs: Vec<Seen> = folder.jobs(&record).iter().map(Seen::of).collect();
        if args.json {
            return print(&as_json(&record.name, &jobs)?);
        }
        let clear = if args.watch { CLEAR } else { "" };
        let slurm = states(folder.root());
        print(&format!("{clear}{}", told(&record.name, &jobs, slurm.as_ref())))?;
        if !args.watch || !jobs.iter().any(|job| job.at_work.is_some()) {
            return Ok(());
        }
        thread::sleep(EVERY);
    }
}

/// What is read of `resolved.yaml`.
#[derive(Deserialize)]
struct Resolved {
    train: TrainSettings,
}

/// A job as its folder shows it.
struct Seen {
    name: String,
    status: Result<Option<JobStatus>, String>,
    at_work: Option<Owner>,
    lives: u32,
    total: Option<u64>,
}

impl Seen {
    fn of(folder: &JobFolder) -> Self {
        let root = folder.root();
        let part = |path: Option<&std::path::Path>| {
            let name = path.and_then(|path| path.file_name());
            name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
        };
        // A plan would make the job's environments to measure them.
        let resolved = read_yaml::<Resolved>(&folder.path(RESOLVED)).ok();
        Self {
            name: format!("{}/{}", part(root.parent()), part(Some(root))),
            status: folder.read_status().map_err(|error| error.to_string()),
            at_work: Life::of(root).ok().flatten(),
            lives: Life::count(root),
            total: resolved.map(|resolved| resolved.train.length()),
        }
    }

    fn status(&self) -> Option<&JobStatus> {
        self.status.as_ref().ok()?.as_ref()
    }

    /// What it is doing, in a word.
    fn state(&self) -> &'static str {
        match (&self.status, &self.at_work) {
            (Err(_), _) => "unreadable",
            (Ok(Some(JobStatus { state: State::Finished, .. })), _) => "finished",
            (Ok(_), Some(_)) => "running",
            (Ok(None), None) if self.lives == 0 => "waiting",
            (Ok(Some(JobStatus { state: State::Failed, .. })), None) => "failed",
            (Ok(Some(JobStatus { state: State::Interrupted, .. })), None) => "interrupted",
            (Ok(None | Some(_)), None) => "killed",
        }
    }

    /// Steps a second, of all its lives.
    fn rate(&self) -> Option<f64> {
        let status = self.status()?;
        (status.wall_s > 0.0).then(|| status.clock().own() as f64 / status.wall_s)
    }

    /// Seconds that are left of it, at the rate so far, which it has from its first step on.
    fn left_s(&self) -> Option<f64> {
        let (status, rate) = (self.status()?, self.rate().filter(|rate| *rate > 0.0)?);
        Some(self.total?.saturating_sub(status.clock().own()) as f64 / rate)
    }
}

/// All jobs for a program.
fn as_json(name: &str, jobs: &[Seen]) -> Result<String, Error> {
    let job = |job: &Seen| {
        let status = job.status();
        json!({
            "job": job.name,
            "state": job.state(),
            "steps": status.map(|status| status.clock().own()),
            "of": job.total,
            "steps_per_s": job.rate(),
            "left_s": job.left_s(),
            "score": status.and_then(|status| status.score),
            "lives": job.lives,
            "error": status.and_then(|status| status.error.clone()),
        })
    };
    let all = json!({"name": name, "jobs": jobs.iter().map(job).collect::<Vec<_>>()});
    let text = serde_json::to_string_pretty(&all).map_err(Error::system("write JSON"))?;
    Ok(format!("{text}\n"))
}

/// The table of all jobs. `slurm` is what the cluster says of those that were submitted, if it answers.
fn told(name: &str, jobs: &[Seen], slurm: Option<&BTreeMap<String, String>>) -> String {
    let submitted = slurm.is_none_or(|states| !states.is_empty());
    let mut columns = vec![
        ("job", Align::Left),
        ("state", Align::Left),
        ("steps", Align::Right),
        ("of", Align::Right),
        ("steps/s", Align::Right),
        ("left", Align::Right),
        ("score", Align::Right),
        ("lives", Align::Right),
        ("where", Align::Left),
    ];
    if submitted {
        columns.push(("slurm", Align::Left));
    }
    let mut table = Table::new(&columns);
    let of_slurm = |job: &Seen| match slurm {
        None => "unknown".to_owned(),
        Some(states) => states.get(&job.name).cloned().unwrap_or_else(|| "–".to_owned()),
    };
    let none = || "–".to_owned();
    for job in jobs {
        let status = job.status();
        let runs = matches!(job.state(), "running" | "interrupted" | "killed");
        let cells = [
            job.name.clone(),
            job.state().to_owned(),
            status.map_or_else(none, |status| thousands(status.clock().own())),
            job.total.map_or_else(none, thousands),
            job.rate().map_or_else(none, |rate| format!("{rate:.0}")),
            job.left_s().filter(|_| runs).map_or_else(none, time),
            status.and_then(|s| s.score).map_or_else(none, |score| format!("{score:.1}")),
            job.lives.to_string(),
            job.at_work.as_ref().map_or_else(none, place),
        ];
        table.row(cells.into_iter().chain(submitted.then(|| of_slurm(job))));
    }
    let count = |state: &str| jobs.iter().filter(|job| job.state() == state).count();
    let states =
        ["finished", "running", "waiting", "interrupted", "killed", "failed", "unreadable"];
    let counts: Vec<_> = states
        .into_iter()
        .map(|state| (count(state), state))
        .filter(|(count, _)| *count > 0)
        .map(|(count, state)| format!("{count} {state}"))
        .collect();
    let of = counted(jobs.len(), ["job", "jobs"]);
    let table = table.fit(terminal_width(), &["lives", "where"]);
    let mut text = format!("{name}: {of}, {}\n\n{table}", counts.join(", "));
    for job in jobs {
        let why = match &job.status {
            Err(error) => Some(error),
            Ok(status) => status.as_ref().and_then(|status| status.error.as_ref()),
        };
        text.extend(why.map(|why| format!("{}: {why}\n", job.name)));
    }
    if !jobs.iter().any(|job| job.at_work.is_some()) && count("finished") < jobs.len() {
        text += "nobody works at it; sparring resume goes on\n";
    }
    text
}

/// The process that works at a job.
fn place(owner: &Owner) -> String {
    let task = owner.task.as_ref().map(|task| format!(", task {task}"));
    format!("{} process {}{}", owner.host, owner.pid, task.unwrap_or_default())
}
