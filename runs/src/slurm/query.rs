//! What Slurm says, asked once for all tasks.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::process::{Command, Output};

use crate::error::{Error, Refusal};

/// The state of each task of some array jobs, by the array's id and the task's index.
pub type Queue = BTreeMap<(u64, usize), String>;

/// A command of Slurm without what this process has from a job of its own: sbatch inside a job would hand that
/// on, and pin a task to the cores of another.
pub fn command(name: &str) -> Command {
    let mut command = Command::new(name);
    for (key, _) in std::env::vars_os() {
        let text = key.to_string_lossy();
        let of_job = ["SLURM_", "SBATCH_", "SRUN_", "PMI_", "PMIX_"];
        if of_job.iter().any(|begin| text.starts_with(begin)) && text != "SLURM_CONF" {
            command.env_remove(&key);
        }
    }
    command
}

/// What `command` prints; what it says itself where it fails.
pub fn asked(mut command: Command) -> Result<String, Error> {
    let name = command.get_program().to_string_lossy().into_owned();
    let Output { status, stdout, stderr } =
        command.output().map_err(|source| match source.kind() {
            ErrorKind::NotFound => Refusal::argument(
                &name,
                "no such program: Slurm is not on this machine's PATH",
                "a machine that hands jobs to a Slurm cluster, such as its login node",
                "sparring run CONFIG, which needs no cluster",
            ),
            _ => Error::Slurm { command: name.clone(), said: source.to_string() },
        })?;
    if status.success() {
        return Ok(String::from_utf8_lossy(&stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&stderr).trim().to_owned();
    Err(Error::Slurm { command: name, said })
}

/// Refuses what sbatch would not take: no Slurm, no answer from it, or `options` that it does not know.
pub fn check_options(options: &[String]) -> Result<(), Error> {
    let mut trial = command("sbatch");
    trial.args(["--test-only", "--array=0", "--wrap=true"]);
    trial.args(options.iter().map(|option| format!("--{option}")));
    asked(trial).map(drop)
}

/// The states of the tasks of `arrays`; none where there is no Slurm, or it does not answer.
pub fn queue(arrays: &[u64]) -> Option<Queue> {
    if arrays.is_empty() {
        return Some(Queue::new());
    }
    // An id that Slurm has forgotten is an error where it is the only one, so all jobs are asked for.
    let mut all = command("squeue");
    all.args(["-h", "-r", "-t", "all", "-o", "%F|%K|%T|%r"]);
    let text = asked(all).ok()?;
    let task = |line: &str| {
        let mut fields = line.split('|');
        let mut next = || fields.next().map(str::trim);
        let (array, index) = (next()?.parse().ok()?, next()?.parse().ok()?);
        let (state, why) = (next()?, next()?);
        let state = state.to_lowercase();
        let state = if state == "pending" { format!("{state}: {why}") } else { state };
        arrays.contains(&array).then_some(((array, index), state))
    };
    Some(text.lines().filter_map(task).collect())
}

/// Whether Slurm will still start a task of this state, or runs it.
pub fn is_under_way(state: &str) -> bool {
    let begins =
        ["pending", "running", "suspended", "completing", "configuring", "requeue", "resizing"];
    begins.iter().any(|begin| state.starts_with(begin))
}

/// The most tasks that one array may have: its largest index and one.
pub fn max_array_size() -> usize {
    let mut show = command("scontrol");
    show.args(["show", "config"]);
    let text = asked(show).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("MaxArraySize"));
    let size = line.and_then(|line| line.split('=').nth(1)?.trim().parse::<usize>().ok());
    // Slurm's own default.
    size.unwrap_or(1001).saturating_sub(1).max(1)
}

/// Puts this task, `A_T`, back into the queue. Slurm may have done that already, which is no error.
pub fn requeue(task: &str) -> io::Result<Output> {
    command("scontrol").args(["requeue", task]).output()
}
