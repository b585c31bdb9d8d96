//! The statistics of any scores: of a CSV file with the columns method, run, task and score (runs and tasks counted
//! from 0), as JSON. `scripts/test-rliable` holds them against those of rliable.
//!
//! ```sh
//! cargo run --release --example statistics -- iqm runs/tests/rliable/gamma.csv
//! cargo run --release --example statistics -- profile runs/tests/rliable/gamma.csv --taus 0,0.5,1
//! ```

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sparring::statistics::{Aggregate, Bootstrap, Scores};
use sparring_sparse::Seed;

#[derive(Parser)]
struct Args {
    /// What to estimate.
    what: What,
    /// The scores.
    file: PathBuf,
    /// Where a performance profile looks.
    #[arg(long, value_delimiter = ',', allow_hyphen_values = true)]
    taus: Vec<f64>,
    /// Resamples of a bootstrap.
    #[arg(long, default_value_t = 50_000)]
    resamples: usize,
    /// Estimates everything as often, from the seeds 0, 1, …
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// Threads at work.
    #[arg(long, default_value_t = 1)]
    threads: usize,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    Iqm,
    Mean,
    Median,
    OptimalityGap,
    /// Of each method the share of scores above each of `--taus`.
    Profile,
    /// Of each two methods the probability that the first is better.
    Improvement,
}

#[derive(Deserialize)]
struct Line {
    method: String,
    run: usize,
    task: usize,
    score: f64,
}

fn read(file: &PathBuf) -> Result<BTreeMap<String, Scores>, Box<dyn Error>> {
    let mut methods: BTreeMap<String, BTreeMap<usize, BTreeMap<usize, f64>>> = BTreeMap::new();
    for line in csv::Reader::from_path(file)?.deserialize() {
        let Line { method, run, task, score } = line?;
        methods.entry(method).or_default().entry(task).or_default().insert(run, score);
    }
    let scores = |tasks: BTreeMap<usize, BTreeMap<usize, f64>>| {
        Scores::new(tasks.into_values().map(|runs| runs.into_values().collect()).collect())
    };
    Ok(methods.into_iter().map(|(method, tasks)| (method, scores(tasks))).collect())
}

fn main() -> Result<(), Box<dyn Error>> {
    let Args { what, file, taus, resamples, seeds, threads } = Args::parse();
    let methods = read(&file)?;
    let bootstrap = |seed| Bootstrap { resamples, seed: Seed::new(seed), threads };
    let mut found = BTreeMap::new();
    match what {
        What::Improvement => {
            for (at, (x, of_x)) in methods.iter().enumerate() {
                for (y, of_y) in methods.iter().skip(at + 1) {
                    let one = |seed| bootstrap(seed).improvement(of_x, of_y);
                    found.insert(format!("{x} > {y}"), all(seeds, one));
                }
            }
        }
        What::Profile => {
            for (method, scores) in &methods {
                found.insert(
                    method.clone(),
                    all(seeds, |seed| bootstrap(seed).profile(scores, &taus)),
                );
            }
        }
        What::Iqm => each(&mut found, &methods, Aggregate::Iqm, seeds, bootstrap),
        What::Mean => each(&mut found, &methods, Aggregate::Mean, seeds, bootstrap),
        What::Median => each(&mut found, &methods, Aggregate::Median, seeds, bootstrap),
        What::OptimalityGap => {
            each(&mut found, &methods, Aggregate::OptimalityGap, seeds, bootstrap)
        }
    }
    println!("{}", serde_json::to_string(&found)?);
    Ok(())
}

fn each(
    found: &mut BTreeMap<String, Value>,
    methods: &BTreeMap<String, Scores>,
    of: Aggregate,
    seeds: u64,
    bootstrap: impl Fn(u64) -> Bootstrap,
) {
    for (method, scores) in methods {
        found.insert(method.clone(), all(seeds, |seed| bootstrap(seed).estimate(of, scores)));
    }
}

/// What comes from each seed.
fn all<T: Serialize>(seeds: u64, one: impl Fn(u64) -> T) -> Value {
    json!((0..seeds).map(one).collect::<Vec<_>>())
}
