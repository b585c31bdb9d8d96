//! What can go wrong, and the exit code that says so.

use std::fmt;
use std::path::{Path, PathBuf};

use sparring_agents::AgentError;
use sparring_envs::EnvError;

/// Every end of `sparring` that is not success.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The user can mend it: exit code 2, and nothing was run.
    #[error(transparent)]
    Refused(#[from] Box<Refusal>),
    /// A file of the run folder could not be read or written.
    #[error("{}: cannot {what}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The verb.
        what: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file of the run folder holds what Sparring did not write.
    #[error("{}: {message}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// Some jobs did not reach their end.
    #[error("{failed} of {jobs} jobs failed; their status.yaml says why")]
    JobsFailed {
        /// How many failed.
        failed: usize,
        /// Of how many.
        jobs: usize,
    },
    /// Some jobs did not write all that they were to.
    #[error(
        "all jobs are at their end, but {lost} of {jobs} lost some of what they write; their status.yaml says what"
    )]
    Lost {
        /// How many.
        lost: usize,
        /// Of how many.
        jobs: usize,
    },
    /// A `--assert` does not hold.
    #[error("{}", .0.join("\n"))]
    Assertion(Vec<String>),
    /// A signal.
    #[error("interrupted; everything so far is kept, and sparring resume goes on from there")]
    Interrupted,
    /// A signal, where nothing was to be kept.
    #[error("stopped")]
    Stopped,
    /// A command of Slurm.
    #[error("{command}: {said}")]
    Slurm {
        /// The command.
        command: String,
        /// What it said.
        said: String,
    },
    /// Another process has taken a job over.
    #[error("another process has taken the job over; this one has stopped writing")]
    TakenOver,
    /// The machine would not give what a run needs.
    #[error("cannot {what}: {source}")]
    System {
        /// The verb.
        what: &'static str,
        /// What the system says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// The exit code of what was kept, to be continued.
const INTERRUPTED: u8 = 75;

/// The exit code of what was ended at once.
pub const KILLED: u8 = 130;

impl Error {
    /// A failed operation on a file.
    pub fn file(path: impl AsRef<Path>, what: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        move |source| Self::File { path, what, source }
    }

    /// A file that cannot hold what it should.
    pub fn content(path: impl AsRef<Path>) -> impl FnOnce(String) -> Self {
        let path = path.as_ref().to_path_buf();
        move |message| Self::Content { path, message }
    }

    /// Something that the machine would not do.
    pub fn system<E>(what: &'static str) -> impl FnOnce(E) -> Self
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        move |source| Self::System { what, source: Box::new(source) }
    }

    /// What `--help` documents.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Refused(_) => 2,
            Self::Assertion(_) => 3,
            Self::Lost { .. } => 4,
            Self::Interrupted => INTERRUPTED,
            Self::Stopped => KILLED,
            Self::File { .. }
            | Self::Content { .. }
            | Self::JobsFailed { .. }
            | Self::TakenOver
            | Self::Slurm { .. }
            | Self::System { .. } => 1,
        }
    }
}

/// A mistake in a config or on the command line: where, what was found, what is allowed, what to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
pub struct Refusal {
    /// `configs/x.yaml:12: sparsity.drop_fraction`, or an argument.
    pub place: String,
    /// What stands there.
    pub found: String,
    /// What may stand there.
    pub allowed: String,
    /// The nearest way out.
    pub hint: String,
    /// Further mistakes of the same file.
    pub more: Vec<Refusal>,
}

impl Refusal {
    /// A mistake on the command line.
    pub fn argument(
        place: impl Into<String>,
        found: impl Into<String>,
        allowed: impl Into<String>,
        hint: impl Into<String>,
    ) -> Error {
        Error::Refused(Box::new(Self {
            place: place.into(),
            found: found.into(),
            allowed: allowed.into(),
            hint: hint.into(),
            more: Vec::new(),
        }))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.place)?;
        writeln!(f, "  found    {}", self.found)?;
        writeln!(f, "  allowed  {}", self.allowed)?;
        write!(f, "  try      {}", self.hint)?;
        self.more.iter().try_for_each(|other| write!(f, "\nerror: {other}"))
    }
}

/// Why a job failed.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// An environment.
    #[error("environment: {0}")]
    Env(#[from] EnvError),
    /// The agent; boxed, because it has many words.
    #[error("agent: {0}")]
    Agent(Box<AgentError>),
    /// A checkpoint that was whole when it was looked for, and is not any more.
    #[error("the checkpoint cannot be loaded: {0}")]
    Unloaded(Box<TrainError>),
    /// A record.
    #[error("{0}")]
    Record(#[from] Error),
}

impl From<AgentError> for TrainError {
    fn from(error: AgentError) -> Self {
        Self::Agent(Box::new(error))
    }
}
