//! The command line, as typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::assertion::Assertion;
use crate::data_format::DataFormat;
use crate::laws::FitArgs;
use crate::report::ReportArgs;
use crate::seeds::{self, Seeds};

/// Benchmarks of sparse networks in deep reinforcement learning, from one YAML file.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0    fine
  1    a job failed, or a file could not be read or written
  2    a mistake in the config or on the command line; nothing was written
  3    an --assert does not hold
  4    all jobs are at their end, but not all that they write could be written; the table says what
  75   interrupted and kept: sparring resume, or the same command again, goes on
  130  interrupted a second time, and ended at once";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train every variant with every seed, and print the table
    Run(RunArgs),
    /// Go on with a run, or with one of its jobs, that was cut off
    Resume(ResumeArgs),
    /// Hand the jobs of a config, or what is left of a run, to a Slurm cluster
    Submit(SubmitArgs),
    /// One task of an array job; its script calls it
    #[command(hide = true)]
    Task(TaskArgs),
    /// Show how far the jobs of a run are, what is left, and what failed
    Status(StatusArgs),
    /// Score the policy of a job or of a checkpoint
    Eval(EvalArgs),
    /// Write the policy of a job or of a checkpoint as safetensors, dense and sparse, as ONNX and as C
    Export(ExportArgs),
    /// Print every job with its steps, sizes and memory; run nothing, write nothing
    Plan(PlanArgs),
    /// Draw one episode, of a trained policy or of random actions
    Play(PlayArgs),
    /// Record episodes as a data set of Minari, of random actions, a policy or a whole training
    Record(RecordArgs),
    /// Say what a data set holds, check it, and play its actions again
    Data(DataArgs),
    /// Write a config for an env and an agent, in which every key stands with what it means
    Init(InitArgs),
    /// Say what this build and this machine have: instructions, cores, simulators, GPU
    Doctor(DoctorArgs),
    /// Print the completions of a shell: sparring completions bash > ~/.local/share/bash-completion/completions/sparring
    Completions {
        /// Which shell
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Print the manual page: sparring man | man -l -
    Man,
    /// Print what a config can name
    List {
        /// Of what
        #[arg(value_enum)]
        what: Listed,
        /// With keys: a section, or a kind of one, such as agent.sac
        #[arg(value_name = "SECTION[.KIND]")]
        of: Option<String>,
    },
    /// Print a JSON Schema of configs, for editors
    Schema,
    /// Measure where dense products overtake sparse ones on this machine, and print the YAML that says so
    Tune,
    /// Compare runs, from their folders alone: tables for a terminal, for programs and for papers
    Report(ReportArgs),
    /// Fit a law of scale to any CSV: its constants with 95 % intervals, and what the rows do not tell
    Fit(FitArgs),
}

/// What `init` takes.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The env, as sparring list envs has it
    pub env: String,
    /// The agent, as sparring list agents has it [default: the first that can play the env]
    pub agent: Option<String>,
    /// A new file; without it the config is printed
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// What `doctor` takes.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What `list` lists.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Listed {
    /// Environments, for env.id
    Envs,
    /// Sparsity methods, for sparsity.kind
    Methods,
    /// Agents, for agent.kind
    Agents,
    /// Networks and their keys, for agent.network
    Networks,
    /// Algebras that hidden layers can be over, for agent.algebra
    Algebras,
    /// Routers of experts, for agent.network.experts
    Routers,
    /// Keys of all sections, of a SECTION, or of SECTION.KIND
    Keys,
    /// Laws of scale, for fit
    Laws,
}

/// What `run` and `plan` both take.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// The YAML file that describes the run
    pub config: PathBuf,
    /// Change one value of the config, as if typed there; for what a variant sets itself, name it:
    /// variants.rigl.sparsity.drop_fraction=0.3
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Seeds instead of the config's: 1,2,3 or 1..10, both ends included
    #[arg(long, value_name = "SEEDS", allow_negative_numbers = true, value_parser = seeds::parse)]
    seeds: Option<Seeds>,
    /// Only this variant; may be given again. `rigl` names it with every value of a sweep,
    /// `rigl,sparsity=0.9` with one
    #[arg(long, value_name = "NAME")]
    pub variant: Vec<String>,
    /// Jobs at once, one thread each [default: one a core]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = parse_jobs)]
    pub jobs: Option<usize>,
    /// Train each variant for a moment and say how long the run will take on this machine
    #[arg(long)]
    pub time: bool,
}

impl PlanArgs {
    /// Seeds instead of the config's.
    pub fn seeds(&self) -> Option<&[u64]> {
        self.seeds.as_ref().map(|seeds| seeds.0.as_slice())
    }
}

/// What `run` takes.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// What is run.
    #[command(flatten)]
    pub plan: PlanArgs,
    /// A folder for the results, new or that of the same run, which goes on
    /// [default: out/NAME, after the config]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Fail with exit code 3 unless this holds at the end, of every variant or the named one:
    /// 'return>=195', 'rigl.return>=0.95*dense.return', 'rigl.active<=8000'; with >=, <=, > or <, of return (the
    /// interquartile mean over seeds), active, parameters, density, training_flops, executed_flops or steps_per_s
    #[arg(long, value_name = "BOUND", value_parser = Assertion::parse)]
    pub assert: Vec<Assertion>,
    /// Times that a job may fail; a later start tries it again until then
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = FAILURES)]
    pub failures: u32,
    /// Print the table alone
    #[arg(long)]
    pub quiet: bool,
}

/// Times that a job may fail.
const FAILURES: u32 = 3;

/// What `resume` takes.
#[derive(Debug, Args)]
pub struct ResumeArgs {
    /// The folder of a run, or of one of its jobs
    pub dir: PathBuf,
    /// Jobs at once, one thread each [default: one a core]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = parse_jobs)]
    pub jobs: Option<usize>,
    /// Times that a job may fail; a later start tries it again until then
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = FAILURES)]
    pub failures: u32,
    /// Print the table alone
    #[arg(long)]
    pub quiet: bool,
}

/// What `submit` takes.
#[derive(Debug, Args)]
pub struct SubmitArgs {
    /// A config, or the folder of a run
    #[arg(value_name = "CONFIG|DIR")]
    pub what: PathBuf,
    /// An option of sbatch in its long form; may be given again: partition=gpu, time=4:00:00
    #[arg(long, value_name = "KEY=VALUE")]
    pub slurm: Vec<String>,
    /// Print the script and the command; write nothing, submit nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Jobs a task, one after the other
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 1, value_parser = parse_jobs)]
    pub chunk: usize,
    /// Tasks at once
    #[arg(long, value_name = "K", allow_negative_numbers = true, value_parser = parse_jobs)]
    pub at_most: Option<usize>,
    /// Seconds before the time limit at which a task saves and puts itself back into the queue: what a checkpoint
    /// takes and a minute
    #[arg(long, value_name = "SECONDS", default_value_t = 90)]
    pub notice: u32,
    /// Times that a job may fail
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = FAILURES)]
    pub failures: u32,
    /// Change one value of the config, as if typed there
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Seeds instead of the config's: 1,2,3 or 1..10, both ends included
    #[arg(long, value_name = "SEEDS", allow_negative_numbers = true, value_parser = seeds::parse)]
    seeds: Option<Seeds>,
    /// A folder for the results that all nodes share [default: out/NAME, after the config]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

impl SubmitArgs {
    /// Seeds instead of the config's.
    pub fn seeds(&self) -> Option<&[u64]> {
        self.seeds.as_ref().map(|seeds| seeds.0.as_slice())
    }
}

/// What `task` takes.
#[derive(Debug, Args)]
pub struct TaskArgs {
    /// The folder of the submission
    pub folder: PathBuf,
    /// The task of its array
    pub task: usize,
}

/// What `status` takes.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// The run's folder
    pub dir: PathBuf,
    /// Show it again every two seconds, until no job runs
    #[arg(long)]
    pub watch: bool,
    /// Print JSON
    #[arg(long, conflicts_with = "watch")]
    pub json: bool,
}

/// What `eval` takes.
#[derive(Debug, Args)]
pub struct EvalArgs {
    /// The folder of a job, such as out/quickstart/rigl/seed-1, whose newest checkpoint is scored, or of one at
    /// its end its last policy; or the folder of one checkpoint, JOB/checkpoints/LIFE-STEPS
    pub dir: PathBuf,
    /// Episodes
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 100)]
    pub episodes: usize,
    /// Change one value of its config: env.options.noise_sigma=10, env.id=CartPole-v0
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// The same policy on another env of the same observations and actions
    #[arg(long, value_name = "ID")]
    pub env: Option<String>,
    /// The seed of the episodes
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 1)]
    pub seed: u64,
}

/// What `export` takes.
#[derive(Debug, Args)]
#[command(after_help = EXPORTED)]
pub struct ExportArgs {
    /// The folder of a job, such as out/quickstart/rigl/seed-1, whose newest checkpoint is taken, or of one at
    /// its end its last policy; or the folder of one checkpoint, JOB/checkpoints/LIFE-STEPS
    pub path: PathBuf,
    /// A folder that is not there yet
    #[arg(long, value_name = "DIR", default_value = "export")]
    pub out: PathBuf,
    /// In which format; may be given again [default: all of them]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "FORMAT")]
    pub format: Vec<Format>,
    /// Also so many observations, of episodes that the policy and random actions play, with the action that the
    /// policy takes for each: samples.safetensors
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub samples: Option<u32>,
}

const EXPORTED: &str = "\
What is written maps a raw observation to the action that an evaluation takes: the scales of observations, the
network, the bounds of the action. An epsilon of the evaluation that is left to chance is no part of it.
runs/docs/export.md says what stands in each file, and reads the sparse one with numpy.";

/// What `export` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// dense.safetensors: each weight, zeros too
    Dense,
    /// csr.safetensors: the active weights, as compressed sparse rows
    Csr,
    /// policy.onnx: the whole computation
    Onnx,
    /// policy.c: the whole computation in C99, of the active weights, without allocation
    C,
}

impl Format {
    /// Those of `named`, each once, or all.
    pub fn asked(named: &[Self]) -> impl Iterator<Item = Self> {
        let asked = |format: &Self| named.is_empty() || named.contains(format);
        Self::value_variants().iter().copied().filter(asked)
    }
}

/// What `play` takes.
#[derive(Debug, Args)]
pub struct PlayArgs {
    /// The env, as sparring list envs has it [default: that of the checkpoint]
    #[arg(long, value_name = "ID")]
    pub env: Option<String>,
    /// Change one value of the env, or of the checkpoint's config: env.options.places=7
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Play the policy of a job's folder, such as out/NAME/VARIANT/seed-1, or of a checkpoint below it
    #[arg(long, value_name = "DIR")]
    pub checkpoint: Option<PathBuf>,
    /// Play random actions
    #[arg(long)]
    pub random: bool,
    /// The seed of the episode
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 1)]
    pub seed: u64,
    /// A .gif of all steps, or a .png with up to 25 of them side by side
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// What `record` takes.
#[derive(Debug, Args)]
#[command(after_help = RECORDED)]
pub struct RecordArgs {
    /// A config, whose run is trained first unless the actions are random; or, with --at expert, the folder of a job or
    /// of one checkpoint, whose policy plays
    #[arg(value_name = "CONFIG|CHECKPOINT")]
    pub what: PathBuf,
    /// Whose episodes
    #[arg(long, value_enum)]
    pub at: Level,
    /// How many; of replay the newest [default: 100, of replay all]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub episodes: Option<usize>,
    /// A new folder, named as Minari names sets: data/medium-v0
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// How episodes are stored
    #[arg(long, value_enum, default_value_t = DataFormat::Parquet)]
    pub format: DataFormat,
    /// How a policy acts
    #[arg(long, value_enum, default_value_t = Acting::Evaluation)]
    pub acting: Acting,
    /// Change one value of the config
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// The variant, of a config with several
    #[arg(long, value_name = "NAME")]
    pub variant: Vec<String>,
    /// The seed of the training and of the episodes [default: the config's first]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub seed: Option<u64>,
}

const RECORDED: &str = "\
Each episode begins from a seed of its own, and the set is what the env gives for its actions: sparring data DIR plays
them again. A training that is recorded has env.seed_episodes: true. Minari finds data/medium-v0 with
MINARI_DATASETS_PATH=data as minari.load_dataset(\"medium-v0\"). runs/docs/data.md says what stands in each file.";

/// Whose episodes `record` records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Level {
    /// Random actions
    Random,
    /// The policy of the first evaluation that is a third of the way from random to the run's best
    Medium,
    /// The policy of the run's best evaluation, or of the folder
    Expert,
    /// All that the training played until medium
    Replay,
}

impl Level {
    /// As it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Medium => "medium",
            Self::Expert => "expert",
            Self::Replay => "replay",
        }
    }
}

/// How a policy acts for `record`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Acting {
    /// As in an evaluation, DQN's epsilon for it included
    Evaluation,
    /// Nothing is left to chance
    Greedy,
}

/// What `data` takes.
#[derive(Debug, Args)]
pub struct DataArgs {
    /// The folder of a Minari set, in Parquet or HDF5, or a file of D4RL that ends in .hdf5 or .h5
    #[arg(value_name = "DIR|FILE")]
    pub path: PathBuf,
    /// The env whose set it must be; of a file of D4RL it gives the time limit
    #[arg(long, value_name = "ID")]
    pub env: Option<String>,
    /// Do not play the actions again
    #[arg(long)]
    pub no_replay: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// A .png of returns and lengths
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

fn parse_jobs(text: &str) -> Result<usize, String> {
    let wrong = || "write a whole number of at least 1".to_owned();
    text.parse().ok().filter(|jobs| *jobs > 0).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }
}
