//! What `sparring report` takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::names::REPORT;
use crate::normalise::{Bounds, Normalise, Table as ScaleTable};
use crate::statistics::Bootstrap;

/// The command line of a report.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct ReportArgs {
    /// Folders of runs, also of different configs: seeds of the same config are joined, what differs is compared
    #[arg(value_name = "DIR", required = true)]
    pub dirs: Vec<PathBuf>,
    /// A folder that only adds seeds to what those have; may be given again
    #[arg(long, value_name = "DIR")]
    pub add: Vec<PathBuf>,
    /// What others are compared with [default: the config's, or the first dense variant]
    #[arg(long, value_name = "NAME")]
    pub baseline: Option<String>,
    /// One scale for several environments: human, paper, d4rl, min_max, max (0 and the highest score here), or
    /// ENV=LOW..HIGH, which may be given again and is laid over the config's
    /// [default: the config's, or human for Atari, the paper's dense SAC for MuJoCo, min_max for others]
    #[arg(long, value_name = "SCALE", value_parser = Scaled::parse)]
    normalise: Vec<Scaled>,
    /// Only this variant; may be given again. `rigl` names it with every value of a sweep, `rigl,sparsity=0.9` with one
    #[arg(long, value_name = "NAME")]
    pub variant: Vec<String>,
    /// Judge the claims of this file, a config or one with `claims:` alone, in place of the configs' own
    #[arg(long, value_name = "FILE")]
    pub claims: Option<PathBuf>,
    /// Then every layer of every variant: weights, FLOPs, bytes
    #[arg(long)]
    pub layers: bool,
    /// As what
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    pub format: TableFormat,
    /// Again and again, until no job runs
    #[arg(long)]
    pub watch: bool,
    /// A folder for the page, index.html, and its figures as SVG and PNG [default: report in the first folder]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// A figure of returns over this key of the config, such as agent.actor_width
    #[arg(long, value_name = "KEY", groups = ["view", "over"])]
    pub x: Option<String>,
    /// The key whose values are its lines [default: method]; of --gain, env for a row a task, family for the means of
    /// families [default: env,family]
    #[arg(long, value_name = "KEY", requires = "over")]
    pub by: Option<String>,
    /// Fit this law of scale to the jobs, in place of the tables: threshold, sum, utd, batch, intrinsic,
    /// chinchilla, which-n or routing; sparring list laws has their formulas
    #[arg(long, value_name = "LAW", group = "view")]
    pub law: Option<String>,
    /// Normalised returns to reach, for --law [default: 0.8; of intrinsic 0.1 to 0.9; of which-n, routing and batch the final score]
    #[arg(long, value_name = "SCORE", num_args = 1.., allow_negative_numbers = true, requires = "law")]
    pub threshold: Vec<f64>,
    /// A tag of metrics.csv, such as held_out/nats, that --law chinchilla is of in place of what is left of the score
    #[arg(long, value_name = "TAG", requires = "law")]
    pub loss: Option<String>,
    /// Which size is the n of --law
    #[arg(long, value_enum, default_value_t = Size::Active, requires = "law")]
    pub n: Size,
    /// Change an option of the law; may be given again
    #[arg(long, value_name = "KEY=NUMBER", requires = "law")]
    pub set: Vec<String>,
    /// Budgets at which the law's optimum is wanted, such as 1e12
    #[arg(long, value_name = "NUMBER", num_args = 1.., requires = "law")]
    pub budget: Vec<f64>,
    /// Resamples of the seeds for the law's 95 % intervals; 0 for none
    #[arg(long, value_name = "N", default_value_t = 1_000, allow_negative_numbers = true, value_parser = Bootstrap::parse_resamples)]
    pub resamples: usize,
    /// A heat map of scores over two keys, its ridge and regime, in place of the tables: agent.batch_size
    /// agent.learning_rate
    #[arg(long, value_names = ["KEY", "KEY"], num_args = 2, group = "view")]
    pub surface: Vec<String>,
    /// What each task gains from the smallest to the largest value of this key, in place of the tables:
    /// agent.network.width
    #[arg(long, value_name = "KEY", groups = ["view", "over"])]
    pub gain: Option<String>,
    /// Variants of about the same size side by side, in place of the tables
    #[arg(long, value_enum, value_name = "WHAT", group = "view")]
    pub equal: Option<Equal>,
    /// No films of the policies
    #[arg(long)]
    pub no_film: bool,
    /// The tables alone
    #[arg(long)]
    pub no_page: bool,
}

impl ReportArgs {
    /// Whether the folder of the page was asked for.
    pub fn has_out(&self) -> bool {
        self.out.is_some()
    }

    /// The folder of the page.
    pub fn out(&self) -> PathBuf {
        let first = self.dirs.first().map(|dir| dir.join(REPORT));
        self.out.clone().or(first).unwrap_or_default()
    }

    /// The scales that are asked for; none where none is.
    pub fn normalise(&self) -> Option<Normalise> {
        let mut all = Normalise::default();
        for one in &self.normalise {
            match one {
                Scaled::By(table) => all.by = Some(*table),
                Scaled::Own(env, bounds) => drop(all.own.insert(env.clone(), *bounds)),
            }
        }
        (!self.normalise.is_empty()).then_some(all)
    }
}

/// Which size of its networks a cell stands for in a law: of all that are trained, actor and critics together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Size {
    /// Active weights and biases
    Active,
    /// Weights and biases of the whole shape
    Total,
    /// Multiplications and additions of one sample's forward pass
    Flops,
}

/// What variants have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Equal {
    /// Active weights and biases
    Parameters,
    /// Multiplications and additions of one sample's forward pass
    Flops,
    /// Seconds of a seed
    Time,
}

/// A scale, as typed.
#[derive(Clone, Debug)]
enum Scaled {
    By(ScaleTable),
    Own(String, Bounds),
}

impl Scaled {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            let names: Vec<_> = ScaleTable::ALL.iter().map(|(name, _)| *name).collect();
            format!(
                "write one of {}, or ENV=LOW..HIGH with LOW below HIGH: CartPole-v1=0..500",
                names.join(", ")
            )
        };
        if let Some((_, table)) = ScaleTable::ALL.iter().find(|(name, _)| *name == text) {
            return Ok(Self::By(*table));
        }
        let (env, ends) = text.split_once('=').ok_or_else(wrong)?;
        let (low, high) = ends.split_once("..").ok_or_else(wrong)?;
        let number = |text: &str| text.trim().parse::<f64>().ok().filter(|x| x.is_finite());
        match (number(low), number(high)) {
            (Some(low), Some(high)) if low < high => {
                Ok(Self::Own(env.to_owned(), Bounds { low, high }))
            }
            _ => Err(wrong()),
        }
    }
}

/// As what `report` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TableFormat {
    /// Tables for a terminal
    Text,
    /// A line a variant, every number in full
    Csv,
    /// Everything, every number in full
    Json,
    /// The first table for a README
    Markdown,
    /// The first table for a paper
    Latex,
}

const AFTER: &str = "\
Examples:
  sparring report out/a out/b --baseline dense
  sparring report out/a --claims findings.yaml
  sparring report out/a --law sum --threshold 0.8 --normalise max
  sparring report out/a --law which-n
  sparring report out/a --surface agent.batch_size agent.learning_rate
  sparring report out/a --gain agent.network.width --by env,family
  sparring report out/a --equal parameters
Each of the last five writes its page, its figure and the rows that it was made of beside the report's:
law-sum.html, figures/law-sum.svg, .png and .csv, which sparring fit takes.";
