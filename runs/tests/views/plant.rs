//! Folders of runs with known results.

use std::fs;
use std::path::Path;

use serde_json::{Value as Json, json};

use crate::common::{Folder, sparring};

/// A run whose jobs are planted.
pub struct Plant {
    folder: Folder,
    variants: Vec<Json>,
    seeds: Vec<u64>,
}

/// What a variant is.
pub struct Variant<'a> {
    /// Names its folder.
    pub name: &'a str,
    /// Its name in the config, without the values of a sweep.
    pub variant: &'a str,
    pub env: &'a str,
    pub method: &'a str,
    /// The values of the sweep; they stand in its config as well.
    pub axes: Json,
    /// Active weights and biases, and those of the whole shape.
    pub sizes: [u64; 2],
    /// Operations of its training, of `1_000_000` env steps.
    pub operations: f64,
}

/// Env steps of every training.
const STEPS: u64 = 1_000_000;

impl Variant<'_> {
    /// Dense and of one size on CartPole.
    pub fn named(name: &str) -> Variant<'_> {
        Variant {
            name,
            variant: "",
            env: "CartPole-v1",
            method: "dense",
            axes: json!({}),
            sizes: [100, 100],
            operations: 1e9,
        }
    }
}

/// One seed's evaluations: env steps and return.
pub type Curve = Vec<(u64, f64)>;

impl Plant {
    pub fn new() -> Self {
        Self { folder: Folder::new(), variants: Vec::new(), seeds: Vec::new() }
    }

    /// Adds a variant with a curve for each seed from 1 on.
    pub fn add(&mut self, of: &Variant<'_>, curves: &[Curve]) {
        let at = json!({
            "name": of.name, "variant": of.variant, "env": of.env, "agent": "sac", "method": of.method, "axes": of.axes,
        });
        for (seed, curve) in (1..).zip(curves) {
            if !self.seeds.contains(&seed) {
                self.seeds.push(seed);
            }
            let job = self.folder.path().join("run").join(of.name).join(format!("seed-{seed}"));
            fs::create_dir_all(&job).unwrap();
            let write = |name: &str, text: String| fs::write(job.join(name), text).unwrap();
            write("status.yaml", status(of, &at, seed).to_string());
            write("resolved.yaml", settings(of, seed).to_string());
            let row = |(step, ret): &(u64, f64)| format!("{step},0,{step}.0,0,{ret},1\n");
            let rows: String = curve.iter().map(row).collect();
            write(
                "evals.csv",
                format!("env_step,gradient_step,wall_s,episode,return,length\n{rows}"),
            );
        }
        self.variants.push(at);
    }

    /// Writes what the run says of itself.
    pub fn close(self) -> Folder {
        let record = json!({
            "name": "planted", "command": ["sparring"], "set": [], "sparring": "0", "commit": null, "rustc": "1",
            "machine": {"cpu": "", "cores": 1, "memory_gib": 1.0, "os": "", "arch": ""},
            "jobs_at_once": 1, "started": "2026-01-01T00:00:00Z", "seeds": self.seeds, "variants": self.variants,
        });
        let run = self.folder.path().join("run");
        fs::write(run.join("run.yaml"), record.to_string()).unwrap();
        fs::write(run.join("config.yaml"), "# planted\n").unwrap();
        self.folder
    }
}

fn status(of: &Variant<'_>, at: &Json, seed: u64) -> Json {
    let [active, total] = of.sizes;
    let layer = json!({
        "name": "hidden.0", "outputs": 1, "inputs": total - 1, "active": active - 1, "trained": active - 1, "moments": 2,
        "positions": 1, "structure": 0, "method": 0, "first": true, "computed_dense": false,
    });
    json!({
        "job": at, "seed": seed, "state": "finished", "life": 1, "resumed_from": 0, "failures": 0, "error": null,
        "warnings": [], "env_steps": STEPS, "gradient_steps": STEPS, "evaluations": 2, "wall_s": 1.0, "score": null,
        "networks": [{"name": "critic", "layers": [layer]}],
        "training": {"model": of.operations, "dense": of.operations}, "executed": {"forward": 0, "backward": 0},
    })
}

/// What the keys of the axes say, and the rest of a config that views read.
fn settings(of: &Variant<'_>, seed: u64) -> Json {
    let mut settings = json!({
        "variant": of.name, "seeds": [seed],
        "env": {"id": of.env}, "train": {"total_env_steps": STEPS},
        "agent": {"kind": "sac", "gradient_steps": 1, "train_every_env_steps": 1},
        "sparsity": {"kind": of.method},
    });
    for (key, value) in of.axes.as_object().unwrap() {
        let mut place = &mut settings;
        for part in key.split('.') {
            place = place.as_object_mut().unwrap().entry(part).or_insert(json!({}));
        }
        *place = value.clone();
    }
    settings
}

/// A curve that comes to `threshold` of 1 exactly at `steps`, and no earlier; of what is not reached, to less.
pub fn reaching(steps: f64, threshold: f64) -> Curve {
    let steps = steps.round() as u64;
    let before = (steps.saturating_sub(1), 0.5 * threshold);
    vec![(0, 0.0), before, (steps, threshold), (2 * steps.max(STEPS), 1.0)]
}

/// Runs a report over the run of `folder`, which must end so.
pub fn report(folder: &Path, args: &[&str], code: i32) -> String {
    let command = sparring().args(["report", "run"]).args(args).current_dir(folder);
    let printed = command.assert_code(code);
    if code == 0 { printed.stdout } else { printed.stderr }
}

/// The rows of a CSV file.
pub struct Rows {
    header: csv::StringRecord,
    rows: Vec<csv::StringRecord>,
}

impl Rows {
    pub fn read(folder: &Folder, file: &str) -> Self {
        Self::of(&folder.read(file))
    }

    pub fn of(text: &str) -> Self {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header = reader.headers().unwrap().clone();
        Self { header, rows: reader.records().map(Result::unwrap).collect() }
    }

    fn column(&self, name: &str) -> usize {
        self.header
            .iter()
            .position(|own| own == name)
            .unwrap_or_else(|| panic!("no {name} in {:?}", self.header))
    }

    /// The cell of `column` in the first row that has all of these values.
    pub fn text(&self, has: &[(&str, &str)], column: &str) -> &str {
        let is = |row: &&csv::StringRecord| {
            has.iter().all(|(name, value)| &row[self.column(name)] == *value)
        };
        let row =
            self.rows.iter().find(is).unwrap_or_else(|| panic!("no {has:?} in {:?}", self.rows));
        &row[self.column(column)]
    }

    pub fn number(&self, has: &[(&str, &str)], column: &str) -> f64 {
        let text = self.text(has, column);
        text.parse().unwrap_or_else(|_| panic!("{column} of {has:?} is {text}"))
    }

    pub fn count(&self) -> usize {
        self.rows.len()
    }
}

/// Fails where `found` is not within a part of `wanted`.
pub fn near(what: &str, found: f64, wanted: f64, part: f64) {
    let off = (found - wanted).abs();
    assert!(off <= part * wanted.abs().max(1e-12), "{what} is {found}, not {wanted}");
}
