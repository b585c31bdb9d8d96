//! The statistics against rliable 1.2.0, by what it said of the scores in `rliable/`: see the README there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use serde::Deserialize;
use sparring::statistics::{Aggregate, Bootstrap, Estimate, Interval, Resample, Scores};
use sparring_sparse::Seed;

const NAMES: [&str; 7] =
    ["gamma", "ties", "constant", "one-run", "scales", "unequal-runs", "three-runs"];

#[derive(Deserialize)]
struct Oracle {
    reps: usize,
    taus: Vec<f64>,
    aggregates: BTreeMap<String, BTreeMap<String, Said>>,
    profiles: BTreeMap<String, Profile>,
    probability_of_improvement: BTreeMap<String, Improvement>,
    replay: BTreeMap<String, Replay>,
    #[serde(skip)]
    scores: BTreeMap<String, Scores>,
}

#[derive(Deserialize)]
struct Said {
    point: f64,
    ci: [f64; 2],
    /// How much each end differs from seed to seed.
    ci_sd_over_seeds: [f64; 2],
}

#[derive(Deserialize)]
struct Profile {
    point: Vec<f64>,
    /// The lower ends, and the upper ones.
    ci: [Vec<f64>; 2],
}

#[derive(Deserialize)]
struct Improvement {
    point: f64,
    ci: [f64; 2],
}

#[derive(Deserialize)]
struct Replay {
    /// Resample by resample, run by run, task by task.
    drawn: Vec<Vec<Vec<usize>>>,
    iqm_of_each: Vec<f64>,
    ci: BTreeMap<String, [f64; 2]>,
}

fn at(file: String) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rliable").join(file)
}

/// Rows of a method are run by run, and tasks within.
fn scores(name: &str) -> BTreeMap<String, Scores> {
    let text = fs::read_to_string(at(format!("{name}.csv"))).unwrap();
    let mut methods: BTreeMap<String, Vec<Vec<f64>>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let [method, _, task, score] = line.split(',').collect::<Vec<_>>().try_into().unwrap();
        let task: usize = task.parse().unwrap();
        let tasks = methods.entry(method.to_owned()).or_default();
        tasks.resize(tasks.len().max(task + 1), Vec::new());
        tasks[task].push(score.parse().unwrap());
    }
    methods.into_iter().map(|(method, tasks)| (method, Scores::new(tasks))).collect()
}

fn oracles() -> impl Iterator<Item = Oracle> {
    NAMES.into_iter().map(|name| {
        let text = fs::read_to_string(at(format!("{name}.json"))).unwrap();
        let mut oracle: Oracle = serde_json::from_str(&text).unwrap();
        oracle.scores = scores(name);
        assert!(oracle.scores.keys().eq(oracle.aggregates.keys()));
        oracle
    })
}

fn aggregate(name: &str) -> Aggregate {
    match name {
        "iqm" => Aggregate::Iqm,
        "mean" => Aggregate::Mean,
        "median" => Aggregate::Median,
        other => {
            assert_eq!(other, "optimality_gap");
            Aggregate::OptimalityGap
        }
    }
}

fn bootstrap(resamples: usize) -> Bootstrap {
    let threads = available_parallelism().unwrap().get();
    Bootstrap { resamples, seed: Seed::new(14).child("rliable"), threads }
}

#[track_caller]
fn assert_equal(ours: f64, theirs: f64, scale: f64) {
    assert!((ours - theirs).abs() <= 1e-12 * scale.max(1.0), "{ours} {theirs}");
}

#[track_caller]
fn assert_near(ours: f64, theirs: f64, by: f64) {
    assert!((ours - theirs).abs() <= by, "{ours} is not within {by} of {theirs}");
}

/// The largest score of all.
fn scale(scores: &Scores) -> f64 {
    scores.tasks().flatten().fold(0.0, |most, score| score.abs().max(most))
}

#[test]
fn aggregates_and_their_intervals() {
    let mut ends = 0;
    for oracle in oracles() {
        for (method, said) in &oracle.aggregates {
            let scores = &oracle.scores[method];
            for (name, said) in said {
                let estimate = bootstrap(oracle.reps).estimate(aggregate(name), scores).unwrap();
                assert_equal(estimate.value, said.point, scale(scores));
                // rliable gives a single run an interval of width 0.
                let Some(Interval { low, high }) = estimate.interval else {
                    assert!(scores.tasks().all(|task| task.len() == 1));
                    continue;
                };
                assert_near(low, said.ci[0], 5.0 * said.ci_sd_over_seeds[0] + 1e-9);
                assert_near(high, said.ci[1], 5.0 * said.ci_sd_over_seeds[1] + 1e-9);
                ends += 2;
            }
        }
    }
    assert_eq!(ends, 8 * (5 + 2 + 3 + 2 + 3 + 2));
}

/// The ends of a share move by its steps; by more than one they never did in 50,000 resamples.
#[test]
fn profiles() {
    for oracle in oracles() {
        for (method, said) in &oracle.profiles {
            let scores = &oracle.scores[method];
            let shares = bootstrap(oracle.reps).profile(scores, &oracle.taus);
            assert_eq!(shares.len(), said.point.len());
            let step = 1.0 / scores.runs() as f64 + 1e-9;
            for (n, Estimate { value, interval }) in shares.into_iter().enumerate() {
                assert_equal(value, said.point[n], 1.0);
                if let Some(Interval { low, high }) = interval {
                    assert_near(low, said.ci[0][n], step);
                    assert_near(high, said.ci[1][n], step);
                }
            }
        }
    }
}

/// An end of a normal interval of width w has, in 50,000 resamples, a standard deviation of 0.003 w: the difference of
/// two is to be below five of its own, and a step of U.
#[test]
fn probabilities_of_improvement() {
    let mut pairs = 0;
    for oracle in oracles() {
        for (pair, said) in &oracle.probability_of_improvement {
            let (x, y) = pair.split_once(" > ").unwrap();
            let (x, y) = (&oracle.scores[x], &oracle.scores[y]);
            let Estimate { value, interval } = bootstrap(oracle.reps).improvement(x, y).unwrap();
            assert_equal(value, said.point, 1.0);
            let back = bootstrap(0).improvement(y, x).unwrap().value;
            assert_equal(value + back, 1.0, 1.0);
            if let Some(Interval { low, high }) = interval {
                let runs = |scores: &Scores| scores.tasks().next().unwrap().len();
                let step = 0.5 / (x.runs() * runs(y)) as f64;
                let by = 0.0216 * (said.ci[1] - said.ci[0]) + step + 1e-9;
                assert_near(low, said.ci[0], by);
                assert_near(high, said.ci[1], by);
            }
            pairs += 1;
        }
    }
    assert_eq!(pairs, 10 + 1 + 3 + 1 + 1 + 3 + 1);
}

/// The same resamples give the same numbers.
#[test]
fn replay() {
    let mut replayed = 0;
    for oracle in oracles() {
        for (method, said) in &oracle.replay {
            let scores = &oracle.scores[method];
            let of_task =
                |runs: &[Vec<usize>], task: usize| runs.iter().map(|run| run[task]).collect();
            let resamples: Vec<_> = said
                .drawn
                .iter()
                .map(|runs| {
                    (0..scores.tasks().len()).map(|task| of_task(runs, task)).collect::<Vec<_>>()
                })
                .map(|drawn| Resample::of(scores, &drawn).unwrap())
                .collect();
            for (name, ends) in &said.ci {
                let value = |resample| aggregate(name).of_resample(scores, resample).unwrap();
                let mut values: Vec<f64> = resamples.iter().map(value).collect();
                if name == "iqm" {
                    assert_eq!(values.len(), said.iqm_of_each.len());
                    for (ours, theirs) in values.iter().zip(&said.iqm_of_each) {
                        assert_equal(*ours, *theirs, 1.0);
                    }
                }
                let Interval { low, high } = Interval::of(&mut values).unwrap();
                assert_equal(low, ends[0], 1.0);
                assert_equal(high, ends[1], 1.0);
                replayed += 1;
            }
        }
    }
    assert_eq!(replayed, 4 * (2 + 3 + 2));
}

#[test]
fn threads_do_not_change_anything() {
    let methods = scores("unequal-runs");
    let (x, y) = (&methods["ten"], &methods["four"]);
    let all = |threads| {
        let bootstrap = Bootstrap { threads, ..bootstrap(2_345) };
        let mut estimates = bootstrap.profile(x, &[0.1, 0.3, 0.5]);
        estimates.extend(bootstrap.improvement(x, y));
        estimates.extend(bootstrap.estimate(Aggregate::Median, x));
        estimates.extend(bootstrap.difference(Aggregate::Iqm, x, y));
        estimates.extend(bootstrap.curve(Aggregate::Iqm, &[x.clone(), x.clone()]));
        estimates
    };
    let one = all(1);
    assert!(one.len() == 8 && one.iter().all(|estimate| estimate.interval.is_some()));
    assert_eq!(all(2), one);
    assert_eq!(all(5), one);
}

/// Experiments of a known truth, which `check_rliable.py` makes as well: ten runs of five tasks, whose scores are
/// exponential, from SplitMix64 (Steele et al. 2014).
fn planted(experiment: u64) -> Scores {
    let mut state = experiment;
    let mut uniform = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    };
    let mut score = |task: f64| 0.1 * task - (0.2 + 0.1 * task) * (1.0 - uniform()).ln();
    Scores::new((0..5).map(|task| (0..10).map(|_| score(f64::from(task))).collect()).collect())
}

/// The interquartile mean of all the scores that there might have been.
const TRUTH: f64 = 0.486_352_616_028_068_9;

/// In how many of the experiments rliable's interval of 2,000 resamples holds the truth; see
/// `runs/records/2026-11-26-rliable`.
const COVERED_BY_RLIABLE: i32 = 937;

#[test]
fn intervals_hold_the_truth_as_often_as_rliables() {
    let covers = |experiment: &u64| {
        let bootstrap = Bootstrap { seed: Seed::new(*experiment), ..bootstrap(2_000) };
        let estimate = bootstrap.estimate(Aggregate::Iqm, &planted(*experiment)).unwrap();
        let Interval { low, high } = estimate.interval.unwrap();
        low <= TRUTH && TRUTH <= high
    };
    let covered = (0..1_000u64).filter(covers).count() as i32;
    assert!((covered - COVERED_BY_RLIABLE).abs() <= 20, "{covered} {COVERED_BY_RLIABLE}");
}
