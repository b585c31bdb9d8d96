//! `sparring submit`: writes an array job over the jobs that are still to be done, and hands it to sbatch.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf, absolute};

use serde::{Deserialize, Serialize};

use super::query::{Queue, asked, check_options, command, is_under_way, max_array_size, queue};
use super::script::{Script, check, ranges};
use crate::cli::SubmitArgs;
use crate::config::load;
use crate::console::{note, print};
use crate::error::{Error, Refusal};
use crate::files::{read_yaml, write_whole, write_yaml};
use crate::folder::RunFolder;
use crate::job_folder::JobFolder;
use crate::life::Life;
use crate::log::begin_run;
use crate::table::counted;

/// The folder of all submissions, below that of the run.
const FOLDER: &str = "slurm";

/// What was handed to Slurm, in the folder of the submission.
const RECORD: &str = "submission.yaml";

/// What was handed to Slurm.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Submission {
    /// The id of the array job; none where sbatch did not take it.
    pub array: Option<u64>,
    /// The jobs of each task, as folders below the run's.
    pub tasks: Vec<Vec<String>>,
    /// Times that a job may fail.
    pub failures: u32,
}

impl Submission {
    /// The one in `folder`.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        read_yaml(&folder.join(RECORD))
    }

    /// All of a run, the first before the later ones.
    pub fn all(run: &Path) -> Vec<Self> {
        (1..).map_while(|n| Self::read(&place(run, n)).ok()).collect()
    }
}

fn place(run: &Path, n: u32) -> PathBuf {
    run.join(FOLDER).join(n.to_string())
}

/// Submits what is left of a run.
pub fn submit(args: &SubmitArgs) -> Result<(), Error> {
    check(&args.slurm)?;
    if !args.dry_run {
        // Before anything is written or put aside.
        check_options(&args.slurm)?;
    }
    if args.what.is_dir() {
        let (folder, record) = RunFolder::open(&args.what)?;
        let jobs = folder.jobs(&record);
        return hand_over(args, &record.name, folder.root(), &jobs);
    }
    let plan = load(&args.what, &args.set, args.seeds())?;
    let root = args.out.clone().unwrap_or_else(|| ["out", &plan.name].iter().collect());
    if args.dry_run {
        let at = |job: crate::plan::Job<'_>| JobFolder::at(&root.join(job.path()));
        let jobs: Vec<_> = plan.jobs().into_iter().map(at).collect();
        return hand_over(args, &plan.name, &root, &jobs);
    }
    let (mut folder, found) = RunFolder::begin(&root, &plan, plan.at_once(None))?;
    folder.release();
    found.changes().into_iter().for_each(note);
    if let Err(error) = begin_run(&root, &plan) {
        note(format!("TensorBoard shows jobs alone: {error}"));
    }
    let jobs = plan.jobs().into_iter().map(|job| folder.job(&job.variant.at.name, job.seed));
    let jobs: Vec<_> = jobs.collect();
    hand_over(args, &plan.name, folder.root(), &jobs)
}

fn hand_over(args: &SubmitArgs, name: &str, root: &Path, jobs: &[JobFolder]) -> Result<(), Error> {
    let root = absolute(root).map_err(Error::file(root, "find"))?;
    let earlier = Submission::all(&root);
    let arrays: Vec<u64> = earlier.iter().filter_map(|one| one.array).collect();
    let queue = match queue(&arrays) {
        Some(queue) => queue,
        None if args.dry_run => Queue::new(),
        // Without an answer a job might be submitted that is under way.
        None => asked(command("squeue")).map(|_| Queue::new())?,
    };
    let under_way = under_way(&earlier, &queue);
    let below = |job: &JobFolder| {
        let job = absolute(job.root()).unwrap_or_else(|_| job.root().to_path_buf());
        job.strip_prefix(&root)
            .map_or_else(|_| job.clone(), Path::to_path_buf)
            .display()
            .to_string()
    };
    let is_left =
        |job: &&JobFolder| is_left(job, args.failures) && !under_way.contains(&below(job));
    let left: Vec<String> = jobs.iter().filter(is_left).map(&below).collect();
    if left.is_empty() {
        let (all, queued) = (counted(jobs.len(), ["job", "jobs"]), under_way.len());
        return print(&format!(
            "nothing to submit: of {all} {queued} are queued or run, the others are done\n"
        ));
    }
    let tasks: Vec<Vec<String>> = left.chunks(args.chunk.max(1)).map(<[String]>::to_vec).collect();
    let most = max_array_size();
    let first = 1 + earlier.len() as u32;
    for (part, tasks) in (first..).zip(tasks.chunks(most)) {
        let folder = place(&root, part);
        let submission = Submission { array: None, tasks: tasks.to_vec(), failures: args.failures };
        one_array(args, name, &folder, submission).inspect_err(|_| {
            if part > first {
                note(format!(
                    "submitted before that: {} of {}",
                    most * (part - first) as usize,
                    left.len()
                ));
            }
        })?;
    }
    Ok(())
}

fn one_array(
    args: &SubmitArgs,
    name: &str,
    folder: &Path,
    mut submission: Submission,
) -> Result<(), Error> {
    let program = std::env::current_exe().map_err(Error::system("find this program"))?;
    let indices: Vec<usize> = (0..submission.tasks.len()).collect();
    let text = Script {
        name,
        tasks: &ranges(&indices),
        at_most: args.at_most,
        notice_s: args.notice,
        options: &args.slurm,
        program: &program,
        folder,
    }
    .text();
    let script = folder.join("job.sh");
    if args.dry_run {
        return print(&format!("{text}\n# sbatch --parsable {}\n", script.display()));
    }
    // All that a task reads is there, its log's folder first, before Slurm hears of it.
    fs::create_dir_all(folder).map_err(Error::file(folder, "make"))?;
    write_yaml(&folder.join(RECORD), &submission)?;
    write_whole(&script, &text)?;
    let mut sbatch = command("sbatch");
    sbatch.arg("--parsable").arg(&script);
    let answer = asked(sbatch)?;
    // The id, or the id and the cluster.
    let id = answer.trim().split(';').next().unwrap_or_default().parse::<u64>();
    let id =
        id.map_err(|_| Error::Slurm { command: "sbatch".into(), said: answer.trim().into() })?;
    submission.array = Some(id);
    write_yaml(&folder.join(RECORD), &submission)?;
    let (tasks, jobs) = (submission.tasks.len(), submission.tasks.iter().map(Vec::len).sum());
    print(&format!(
        "array {id}: {} for {}; logs in {}\n",
        counted(tasks, ["task", "tasks"]),
        counted(jobs, ["job", "jobs"]),
        folder.display()
    ))
}

/// What Slurm says of each job of a run, by its folder below the run's: that of the last task which has it. None
/// where Slurm does not answer; empty where nothing was submitted.
pub fn states(run: &Path) -> Option<BTreeMap<String, String>> {
    let submissions = Submission::all(run);
    let arrays: Vec<u64> = submissions.iter().filter_map(|one| one.array).collect();
    let queue = queue(&arrays)?;
    let mut states = BTreeMap::new();
    for Submission { array, tasks, .. } in &submissions {
        for (task, jobs) in tasks.iter().enumerate() {
            let state = array.and_then(|array| queue.get(&(array, task)));
            let state = state.map_or("gone", String::as_str);
            states.extend(jobs.iter().map(|job| (job.clone(), state.to_owned())));
        }
    }
    Some(states)
}

/// The jobs of tasks that Slurm has queued or runs.
fn under_way(submissions: &[Submission], queue: &Queue) -> Vec<String> {
    let is = |array: u64, task: usize| queue.get(&(array, task)).is_some_and(|s| is_under_way(s));
    let of = |one: &Submission| -> Vec<String> {
        let Some(array) = one.array else { return Vec::new() };
        let tasks = one.tasks.iter().enumerate().filter(|(task, _)| is(array, *task));
        tasks.flat_map(|(_, jobs)| jobs.clone()).collect()
    };
    submissions.iter().flat_map(of).collect()
}

/// Whether a job is still to be done, by its folder.
fn is_left(job: &JobFolder, failures: u32) -> bool {
    let status = job.read_status().ok().flatten();
    let at_work = matches!(Life::of(job.root()), Ok(Some(_)));
    !at_work && status.is_none_or(|status| !status.is_over(failures))
}

/// Refuses a folder of a submission that is none.
pub fn not_submitted(folder: &Path) -> Error {
    let found = "a folder without submission.yaml";
    let hint = "sparring submit CONFIG";
    Refusal::argument(folder.display().to_string(), found, "the folder of a submission", hint)
}
