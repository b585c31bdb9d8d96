//! Gains over planted jobs.

use serde_json::{Value as Json, json};

use super::plant::{Plant, Rows, Variant, near, report};
use crate::common::Folder;

const WIDTH: &str = "agent.network.width";

/// Six tasks, three classic and three of MinAtar: what each gains from width 8 to 128, and half of it at 32.
const TASKS: [(&str, f64, f64); 6] = [
    ("CartPole-v1", 0.1, 0.6),
    ("Acrobot-v1", 0.2, 0.3),
    ("MountainCar-v0", 0.3, 0.1),
    ("MinAtar/Breakout-v1", 0.1, 0.45),
    ("MinAtar/Freeway-v1", 0.5, -0.2),
    ("MinAtar/Asterix-v1", 0.2, 0.2),
];

fn planted(method: &str, skip: &str) -> Folder {
    let mut plant = Plant::new();
    for (at, (env, small, gain)) in TASKS.into_iter().enumerate() {
        for (width, part) in [(8_u64, 0.0), (32, 0.5), (128, 1.0)] {
            if env == skip && width == 128 {
                continue;
            }
            let name = format!("{method},id={at},width={width}");
            let axes = json!({"env.id": env, WIDTH: width});
            let variant = Variant { variant: method, method, env, axes, ..Variant::named(&name) };
            // Every seed has a level of its own, which a pair of seeds has in common.
            let curve =
                |seed: f64| vec![(0, 0.0), (1_000_000, small + part * gain + 0.01 * (seed - 1.0))];
            plant.add(&variant, &[0.0, 1.0, 2.0].map(curve));
        }
    }
    plant.close()
}

fn args<'a>(more: &[&'a str]) -> Vec<&'a str> {
    const SCALES: [&str; 6] = [
        "CartPole-v1=0..1",
        "Acrobot-v1=0..1",
        "MountainCar-v0=0..1",
        "MinAtar/Breakout-v1=0..1",
        "MinAtar/Freeway-v1=0..1",
        "MinAtar/Asterix-v1=0..1",
    ];
    let mut all = vec!["--gain", WIDTH];
    all.extend(SCALES.iter().flat_map(|scale| ["--normalise", *scale]));
    [all.as_slice(), more].concat()
}

#[test]
fn gains_slopes_and_tests_are_those_planted() {
    let folder = planted("dense", "");
    let text = report(folder.path(), &args(&["--by", "env,family"]), 0);
    let tasks = Rows::read(&folder, "run/report/figures/gain-agent-network-width.csv");
    assert_eq!(tasks.count(), 6);
    for (env, small, gain) in TASKS {
        let of = |column: &str| tasks.number(&[("task", env)], column);
        near("small", of("small"), small, 1e-9);
        near("gain", of("gain"), gain, 1e-9);
        // In pairs of seeds nothing is left to chance.
        near("low", of("gain_low"), gain, 1e-9);
        near("high", of("gain_high"), gain, 1e-9);
        near("relative", of("relative"), gain / (1.0 - small), 1e-9);
        // Over log10 of 8, 32 and 128, evenly apart: the gain over its span.
        near("slope", of("slope"), gain / 16_f64.log10(), 1e-9);
        assert_eq!(of("improvement"), f64::from(u8::from(gain > 0.0)));
        // Three signs fall alike in 2 of 8 ways; of six tasks with the same p Holm's correction is six times that.
        assert_eq!((of("p"), of("p_holm")), (0.25, 1.0));
    }
    assert_eq!(tasks.text(&[("task", "MinAtar/Freeway-v1")], "family"), "MinAtar");

    let families = Rows::read(&folder, "run/report/figures/gain-agent-network-width-families.csv");
    let of = |family: &str, column: &str| families.number(&[("family", family)], column);
    near("classic", of("classic", "gain"), 1.0 / 3.0, 1e-9);
    near("MinAtar", of("MinAtar", "gain"), 0.15, 1e-9);
    near("all", of("all", "gain"), 1.45 / 6.0, 1e-9);
    near("P(better)", of("all", "improvement"), 5.0 / 6.0, 1e-9);
    // scipy's binomtest(5, 6): 2 · 7 / 64; of 3 of 3: 2 / 8; of 2 of 3: 1. Holm: 3 · .21875, then at least as much.
    let p = ["classic", "MinAtar", "all"].map(|family| (of(family, "p"), of(family, "p_holm")));
    assert_eq!(p, [(0.25, 0.656_25), (1.0, 1.0), (0.218_75, 0.656_25)]);
    assert_eq!((of("all", "rise"), of("all", "fall")), (5.0, 1.0));
    assert!(text.contains("From 8 to 128 of agent.network.width, dense gains +0.242"), "{text}");
    assert!(folder.path().join("run/report/figures/gain-agent-network-width.png").is_file());

    let alone = report(folder.path(), &args(&["--by", "env", "--format", "json"]), 0);
    let alone: Json = serde_json::from_str(&alone).unwrap();
    let rows = alone["rows"]["gain-agent-network-width-families"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0]["family"]), (1, &"all".into()));
}

#[test]
fn sparse_variants_have_rows_of_their_own_and_what_is_missing_is_said() {
    let folder = planted("rigl", "Acrobot-v1");
    let args = args(&["--format", "json"]);
    let told: Json = serde_json::from_str(&report(folder.path(), &args, 0)).unwrap();
    let rows = told["rows"]["gain-agent-network-width"].as_array().unwrap();
    assert_eq!(rows.len(), 5);
    assert!(rows.iter().all(|row| row["variant"] == "rigl"));
    let notes = told["notes"].to_string();
    assert!(
        notes.contains("Acrobot-v1 of rigl: no finished seeds at the smallest or at the largest"),
        "{notes}"
    );
}

#[test]
fn a_key_that_is_none_of_the_sweep_is_an_error() {
    let folder = planted("dense", "");
    let said = report(folder.path(), &["--gain", "agent.width"], 2);
    assert!(
        said.contains("a key that no job has") && said.contains("these sweep agent.network.width"),
        "{said}"
    );
    let said = report(folder.path(), &["--gain", WIDTH, "--by", "task"], 2);
    assert!(said.contains("env, family or both"), "{said}");
}
