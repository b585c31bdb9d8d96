//! What a run shows while it runs: bars on a terminal, plain lines elsewhere; on stderr, so that
//! stdout holds the table alone.

use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use ::console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::error::Error;
use crate::status::State;
use crate::table::thousands;
use crate::train::settings::TrainSettings;

/// Where a run shows itself.
pub enum Console {
    /// A bar a job and one for all.
    Bars {
        /// Draws them.
        all: MultiProgress,
        /// Jobs that have ended.
        jobs: ProgressBar,
    },
    /// A line where something happens.
    Lines,
    /// Nowhere.
    Quiet,
}

impl Console {
    /// Bars on a terminal, lines elsewhere, nothing with `--quiet`.
    pub fn new(quiet: bool, jobs: usize) -> Self {
        if quiet {
            return Self::Quiet;
        }
        if !std::io::stderr().is_terminal() {
            return Self::Lines;
        }
        let all = MultiProgress::new();
        let bar = ProgressBar::new(jobs as u64);
        let jobs =
            all.add(bar.with_style(style("{pos}/{len} jobs  {elapsed_precise}  {wide_bar}")));
        jobs.tick();
        Self::Bars { all, jobs }
    }

    /// A line that stays.
    pub fn say(&self, line: impl Display) {
        match self {
            // A bar that cannot be drawn is no reason to stop.
            Self::Bars { all, .. } => drop(all.println(line.to_string())),
            Self::Lines => note(line),
            Self::Quiet => {}
        }
    }

    /// A line that stays, also where all others are left out.
    pub fn warn(&self, line: impl Display) {
        match self {
            Self::Quiet => note(line),
            Self::Bars { .. } | Self::Lines => self.say(line),
        }
    }

    /// Shows a job of such a length.
    pub fn job(&self, name: String, train: &TrainSettings) -> JobView {
        let total = train.length();
        let bar = match self {
            Self::Bars { all, .. } => {
                let bar = all.add(ProgressBar::new(total));
                bar.set_style(style(
                    "{prefix}  {wide_bar} {percent:>3}%  return {msg}  {eta} left",
                ));
                bar.set_prefix(name.clone());
                bar.set_message("–");
                Some(bar)
            }
            Self::Lines | Self::Quiet => None,
        };
        let lines = matches!(self, Self::Lines);
        if lines {
            self.say(format!("{name}: started, {} {}", thousands(total), train.clock()));
        }
        JobView { name, total, bar, lines, quarter: AtomicU64::new(0) }
    }

    /// A job has ended.
    pub fn ended(&self, view: JobView, state: State, detail: &str) {
        if let Some(bar) = &view.bar {
            bar.finish_and_clear();
        }
        if let Self::Bars { jobs, .. } = self {
            jobs.inc(1);
        }
        let how = match state {
            State::Finished => "finished",
            State::Failed => "failed",
            State::Interrupted => "interrupted",
            State::Running => "running",
        };
        self.say(format!("{}: {how}, {detail}", view.name));
    }

    /// Takes the bars away.
    pub fn clear(&self) {
        if let Self::Bars { jobs, .. } = self {
            jobs.finish_and_clear();
        }
    }
}

/// Shows one job.
pub struct JobView {
    name: String,
    total: u64,
    bar: Option<ProgressBar>,
    lines: bool,
    quarter: AtomicU64,
}

impl JobView {
    /// The job has come this far.
    pub fn steps(&self, steps: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(steps.min(self.total));
        }
    }

    /// The job has been evaluated; without bars every quarter of the way is told.
    pub fn evaluated(&self, steps: u64, mean_return: f64) {
        self.steps(steps);
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{mean_return:.1}"));
        }
        let quarter = 4 * steps / self.total.max(1);
        if self.lines && quarter < 4 && self.quarter.swap(quarter, Ordering::Relaxed) < quarter {
            let percent = 25 * quarter;
            note(format!("{}: {percent} %, evaluation return {mean_return:.1}", self.name));
        }
    }
}

/// A line on stderr. Nobody's work depends on it, so that a reader that left, a full disk or a terminal that
/// is gone lose the line and nothing else.
pub fn note(line: impl Display) {
    drop(writeln!(std::io::stderr(), "{line}"));
}

/// Writes to stdout. A reader that has seen enough and left, such as `head`, is no error.
pub fn print(text: &str) -> Result<(), Error> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::System { what: "write to stdout", source: Box::new(error) })
        }
        _ => Ok(()),
    }
}

/// How many characters a line of the terminal has; none where the output goes elsewhere, which is to be the same
/// everywhere.
pub fn terminal_width() -> Option<usize> {
    let (_, columns) = Term::stdout().size_checked()?;
    Some(usize::from(columns))
}

fn style(template: &str) -> ProgressStyle {
    // The templates are ours and fixed; one that did not parse would show as the plain bar.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
