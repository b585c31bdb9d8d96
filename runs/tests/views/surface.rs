//! Surfaces over planted jobs.

use serde_json::{Value as Json, json};

use super::plant::{Plant, Variant, near, report};
use crate::common::Folder;

const BATCH: &str = "agent.batch_size";
const RATE: &str = "agent.learning_rate";
const KEYS: [&str; 3] = ["--surface", BATCH, RATE];

/// Scores on a grid of 2 to 1024 by the rate, of 2⁻¹⁵ to 2⁻³: the logarithm of the best rate, and the best score.
fn planted(best: impl Fn(f64) -> [f64; 2], keep: impl Fn(u64, i32) -> bool) -> Folder {
    let mut plant = Plant::new();
    for batch in (1..=10).map(|power| 2_u64.pow(power)) {
        for power in -15..=-3 {
            if !keep(batch, power) {
                continue;
            }
            let rate = 2_f64.powi(power);
            let [centre, top] = best(batch as f64);
            let score = top - 0.02 * (rate.ln() - centre.ln()).powi(2);
            let name = format!("batch={batch},rate=2e{power}");
            let variant =
                Variant { axes: json!({BATCH: batch, RATE: rate}), ..Variant::named(&name) };
            let of_seed = |by: f64| vec![(0, 0.0), (1_000_000, score + by)];
            plant.add(&variant, &[of_seed(-0.001), of_seed(0.0), of_seed(0.001)]);
        }
    }
    plant.close()
}

fn json(folder: &Folder) -> Json {
    let form = ["--normalise", "CartPole-v1=0..1", "--format", "json"];
    let args = [KEYS.as_slice(), &form].concat();
    serde_json::from_str(&report(folder.path(), &args, 0)).unwrap()
}

fn says(of: &Json) -> String {
    format!("{} {}", of["says"], of["notes"])
}

#[test]
fn a_ridge_that_rises_and_then_stays_breaks_where_it_was_planted() {
    let kink = 64.0;
    let folder = planted(
        |batch| {
            let falls = (batch / kink).max(1.0).log10();
            [2_f64.powi(-12) * batch.min(kink) / 2.0, 0.9 - 0.3 * falls]
        },
        |_, _| true,
    );
    let told = json(&folder);
    let ridge = told["rows"]["surface-ridge"].as_array().unwrap();
    assert_eq!(ridge.len(), 10);
    for (batch, rate) in [(2.0, 2_f64.powi(-12)), (64.0, 2_f64.powi(-7)), (1024.0, 2_f64.powi(-7))]
    {
        let row = ridge.iter().find(|row| row[BATCH].as_f64() == Some(batch)).unwrap();
        near("best rate", row[RATE].as_f64().unwrap(), rate, 1e-12);
        assert_eq!(row["at_edge"], 0);
    }
    let said = says(&told);
    assert!(said.contains("it breaks at batch_size 64: "), "{said}");
    assert!(
        said.contains("before slope 1.00 [1.00, 1.00], noise-dominated (slope 1, as SGD)"),
        "{said}"
    );
    assert!(said.contains("after it ") && said.contains(", curvature-dominated."), "{said}");
    assert!(!said.contains("edge of the grid") && !said.contains("missing"), "{said}");
    report(folder.path(), &KEYS, 0);
    assert!(folder.path().join("run/report/figures/surface.png").is_file());
    assert!(folder.path().join("run/report/surface.html").is_file());
}

#[test]
fn the_root_is_adams_and_an_edge_and_a_gap_are_said() {
    // The grid of rates ends below what the largest batches want; one cell was never run.
    let keep = |batch: u64, power: i32| power <= -8 && !(batch == 16 && power == -14);
    let folder = planted(|batch| [2_f64.powi(-13) * batch.sqrt(), 0.8], keep);
    let told = json(&folder);
    let said = says(&told);
    assert!(said.contains("noise-dominated (slope 1/2, as Adam)"), "{said}");
    assert!(said.contains("the best learning_rate lies at the edge of the grid"), "{said}");
    assert!(said.contains("batch_size 1024: 0.00391 the greatest tried"), "{said}");
    assert!(
        said.contains("missing cells of the grid (batch_size, learning_rate): (16, 0.000061)"),
        "{said}"
    );
}

#[test]
fn a_surface_is_of_one_method_and_env() {
    let mut plant = Plant::new();
    for (method, env) in
        [("dense", "CartPole-v1"), ("rigl", "CartPole-v1"), ("dense", "Acrobot-v1")]
    {
        for batch in [8, 16, 32] {
            for rate in [1e-3, 1e-2] {
                let name = format!("{method},{env},{batch},{rate}");
                let axes = json!({"env.id": env, BATCH: batch, RATE: rate});
                let variant =
                    Variant { variant: method, method, env, axes, ..Variant::named(&name) };
                plant.add(&variant, &[vec![(0, 0.0), (10, 0.5 + 10.0 * rate)]]);
            }
        }
    }
    let folder = plant.close();
    let told = json(&folder);
    let said = says(&told);
    for label in ["CartPole-v1: dense", "CartPole-v1: rigl", "Acrobot-v1: dense"] {
        assert!(said.contains(&format!("{label}: the best learning_rate")), "{said}");
    }
    assert!(said.contains("one seed in a cell shows no spread"), "{said}");
    assert!(said.contains("fewer than 5 values of batch_size show no break"), "{said}");

    let refused = |keys: [&str; 3], parts: &[&str]| {
        let said = report(folder.path(), &keys, 2);
        assert!(parts.iter().all(|part| said.contains(part)), "{said}");
    };
    let axes = "these sweep agent.batch_size, agent.learning_rate";
    refused(
        ["--surface", "agent.batch_sizes", RATE],
        &["a key that no job has", axes, "try      agent.batch_size"],
    );
    refused(
        ["--surface", BATCH, "train.total_env_steps"],
        &["a key that is 1000000 in all jobs", axes],
    );
    refused(["--surface", RATE, BATCH], &["2 values of agent.learning_rate", "at least 3"]);
}
