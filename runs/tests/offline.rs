//! Agents that learn from data sets, through the binary: what they learn, that a killed run goes on with the same bits,
//! and what is wrong with a config or its data.
#![cfg(unix)]

use crate::common;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::common::{Folder, sparring};

/// A policy of seconds that names what it is shown.
const PLAYER: &str = "\
seeds: [1]
env: {id: Identity-v0, num_envs: 3}
train: {total_env_steps: 3_000}
eval: {every_env_steps: 300, episodes: 5}
agent: {kind: ppo, hidden: [16], rollout_steps: 50, epochs: 4, minibatch_size: 50, learning_rate: 5e-3}
sparsity: {kind: dense}
";

/// Every model on the play of that policy.
fn config(train: &str, more: &str) -> String {
    format!(
        "\
seeds: [1]
env: {{id: Identity-v0}}
data: {{sets: [expert-v0]}}
train: {{budget: gradient_steps, {train}}}
eval: {{every_gradient_steps: 50, episodes: 4}}
agent: {{kind: trajectory, size: xs, batch_size: 8, learning_rate: 3e-3}}
{more}"
    )
}

const MODELS: &str = "\
sparsity: {kind: rigl, sparsity: 0.5, update_every_gradient_steps: 20}
variants:
  bc: {agent: {kind: bc, hidden: [32], batch_size: 32}}
  autoregressive: {agent: {kind: bc, hidden: [32], batch_size: 32, head: autoregressive}}
  decoder: {agent: {context_steps: 4, targets: [0.5]}}
  quaternions: {agent: {context_steps: 4, targets: [0.5], algebra: h}}
  experts: {agent: {context_steps: 4, targets: [0.5], experts: {router: topk, tokens: batch, count: 2, hidden: 16}}}
  retro: {agent: {model: retro, context_steps: 4, targets: [0.5], chunk_steps: 2, neighbours: 1}}
  denoise: {agent: {model: denoise, targets: [0.5], horizon: 2, share: 1.0}}
";

fn recorded() -> Folder {
    let folder = Folder::new();
    fs::write(folder.path().join("player.yaml"), PLAYER).unwrap();
    let args =
        ["record", "player.yaml", "--at", "expert", "--episodes", "30", "--out", "expert-v0"];
    sparring().args(args).current_dir(folder.path()).assert_code(0);
    folder
}

fn write(folder: &Folder, text: &str) {
    fs::write(folder.path().join("offline.yaml"), text).unwrap();
}

fn run(folder: &Folder, out: &str, code: i32) -> common::Printed {
    let args = ["run", "offline.yaml", "--out", out, "--jobs", "2", "--quiet"];
    sparring().args(args).current_dir(folder.path()).assert_code(code)
}

/// What a job has logged under `tag`.
fn logged(job: &Path, tag: &str) -> Vec<f64> {
    let metrics = fs::read_to_string(job.join("metrics.csv")).unwrap();
    let rows = metrics.lines().filter(|row| row.split(',').nth(3) == Some(tag));
    rows.map(|row| row.split(',').nth(4).unwrap().parse().unwrap()).collect()
}

/// The records of a job without the columns of the clock.
fn records(job: &Path) -> Vec<String> {
    let rows = |name: &str| -> Vec<String> {
        let text = fs::read_to_string(job.join(name)).unwrap();
        let without_clock = |row: &str| {
            let fields: Vec<&str> = row.split(',').collect();
            [&fields[..2], &fields[3..]].concat().join(",")
        };
        text.lines().map(without_clock).collect()
    };
    [rows("metrics.csv"), rows("evals.csv")].concat()
}

#[test]
fn every_model_learns_what_it_is_shown() {
    let folder = recorded();
    write(&folder, &config("total_gradient_steps: 200", MODELS));
    run(&folder, "out", 0);
    for model in ["bc", "autoregressive", "decoder", "quaternions", "experts", "retro", "denoise"] {
        let job = folder.path().join("out").join(model).join("seed-1");
        let evals = fs::read_to_string(job.join("evals.csv")).unwrap();
        let field = |row: &str, at: usize| row.split(',').nth(at).unwrap().parse::<f64>().unwrap();
        let last: Vec<&str> = evals.lines().skip(1).filter(|row| field(row, 1) == 200.0).collect();
        assert_eq!(last.len(), 4, "{evals}");
        // A random agent gets 25, the recorded one 100.
        let mean = last.iter().map(|row| field(row, 4)).sum::<f64>() / 4.0;
        assert!(mean >= 80.0, "{model}: {mean}");
        let of = |tag| logged(&job, tag);
        let nats = of("held_out/nats");
        assert_eq!(nats.len(), 5, "{model}");
        assert!(nats[4] < 0.8 * nats[0] && nats[0] > 1.0, "{model}: {nats:?}");
        let conditioned = !["bc", "autoregressive"].contains(&model);
        assert_eq!(of("eval/return_for/0.5").len(), usize::from(conditioned), "{model}");
        assert_eq!(of("losses/nats").len(), 100, "{model}");
        // The policy alone acts as well.
        let job = format!("out/{model}/seed-1");
        let told = sparring()
            .args(["eval", &job, "--episodes", "4"])
            .current_dir(folder.path())
            .assert_code(0);
        let mean: f64 = told
            .stdout
            .split("return ")
            .nth(1)
            .unwrap()
            .split(' ')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        assert!(mean >= 75.0, "{model}: {}", told.stdout);
    }
    // Others than it was trained with, at an evaluation.
    let more = ["--set", "agent.neighbours=3", "--set", "agent.database_chunks=40"];
    let args = ["eval", "out/retro/seed-1", "--episodes", "2"];
    sparring().args(args).args(more).current_dir(folder.path()).assert_code(0);
    // A decoder as the beginning of one that reads neighbours: it knows at its start what the decoder knew.
    let of_retro = "model: retro, chunk_steps: 2, neighbours: 1, retrofit: of-decoder/dense/seed-1";
    let nats = [("of-decoder", "model: decoder"), ("fitted", of_retro)].map(|(out, keys)| {
        let variants = format!("variants: {{dense: {{agent: {{context_steps: 4, {keys}}}}}}}");
        let more = format!("sparsity: {{kind: dense}}\n{variants}\n");
        write(&folder, &config("total_gradient_steps: 100", &more));
        run(&folder, out, 0);
        logged(&folder.path().join(out).join("dense/seed-1"), "held_out/nats")
    });
    let [decoder, fitted] = nats;
    assert!(fitted[0] < 0.5 * (decoder[0] + decoder[2]), "{decoder:?} {fitted:?}");
    // By a graph, where this build has one.
    let graph =
        sparring().args(args).args(["--set", "agent.index=hnsw"]).current_dir(folder.path());
    let told = graph.assert_code(if cfg!(feature = "hnsw") { 0 } else { 2 });
    assert_eq!(told.stderr.contains("no feature `hnsw`"), !cfg!(feature = "hnsw"));
    let page = sparring().args(["report", "out"]).current_dir(folder.path()).assert_code(0);
    assert!(page.stdout.contains("denoise"), "{}", page.stdout);
    let drawn = fs::read_to_string(folder.path().join("out/report/index.html")).unwrap();
    assert!(drawn.contains("gradient steps"));
}

#[test]
fn a_killed_run_goes_on_with_the_same_bits() {
    let folder = recorded();
    // So long that it is killed on its way.
    let text = config("total_gradient_steps: 400, log_every_gradient_steps: 40", MODELS);
    write(&folder, &text);
    run(&folder, "whole", 0);
    for model in ["bc", "decoder", "retro", "denoise"] {
        let job = killed(&folder, model, &format!("cut-{model}"));
        let resume = ["resume", &format!("cut-{model}")];
        let resumed = sparring().args(resume).current_dir(folder.path()).assert_code(0);
        assert!(resumed.stderr.contains("goes on from step"), "{}", resumed.stderr);
        let whole = folder.path().join("whole").join(model).join("seed-1");
        assert_eq!(records(&whole), records(&job), "{model}");
    }

    // Other data under the same name are no data of this run.
    let job = killed(&folder, "decoder", "changed");
    fs::remove_dir_all(folder.path().join("expert-v0")).unwrap();
    let args =
        ["record", "player.yaml", "--at", "random", "--episodes", "30", "--out", "expert-v0"];
    sparring().args(args).current_dir(folder.path()).assert_code(0);
    let refused = sparring().args(["resume", "changed"]).current_dir(folder.path()).assert_code(1);
    let status = fs::read_to_string(job.join("status.yaml")).unwrap();
    assert!(status.contains("data"), "{status}\n{}", refused.stderr);
}

/// The folder of the job of `model` in the run `out`, which is killed once it has a checkpoint that is whole.
fn killed(folder: &Folder, model: &str, out: &str) -> PathBuf {
    let args = ["run", "offline.yaml", "--variant", model, "--out", out, "--quiet"];
    let job = folder.path().join(out).join(model).join("seed-1");
    // Those that are whole, by their steps: a name is `life-step`.
    let checkpoints = || -> Vec<u64> {
        let all = fs::read_dir(job.join("checkpoints")).into_iter().flatten().flatten();
        let whole = all.filter(|entry| entry.path().join("checkpoint.yaml").is_file());
        let step =
            |entry: fs::DirEntry| entry.file_name().to_str()?.rsplit_once('-')?.1.parse().ok();
        whole.filter_map(step).collect()
    };
    // A run that is near its end before anybody has looked is begun again.
    for _ in 0..50 {
        let mut child = sparring().args(args).current_dir(folder.path()).spawn();
        while checkpoints().is_empty() && child.try_wait().unwrap().is_none() {
            thread::sleep(Duration::from_millis(1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        if checkpoints().iter().max().is_some_and(|step| *step <= 300) {
            return job;
        }
        fs::remove_dir_all(folder.path().join(out)).unwrap();
    }
    panic!("{model} ends before it can be killed");
}

#[test]
fn what_does_not_go_together_is_refused_before_anything_is_written() {
    let folder = recorded();
    let whole = config("total_gradient_steps: 100", "sparsity: {kind: dense}\n");
    let refused = |text: &str, wanted: &[&str]| {
        write(&folder, text);
        let said = run(&folder, "refused", 2).stderr;
        assert!(wanted.iter().all(|part| said.contains(part)), "{text}\n{said}");
        assert!(!folder.path().join("refused").exists());
    };
    let without = |from: &str, to: &str| {
        assert!(whole.contains(from), "{from}");
        whole.replace(from, to)
    };
    refused(
        &without("data: {sets: [expert-v0]}\n", ""),
        &["data.sets", "missing", "sparring record"],
    );
    refused(&without("[expert-v0]", "[]"), &["data.sets", "at least one data set"]);
    refused(&without("[expert-v0]", "[expert-v0, expert-v0]"), &["expert-v0 a second time"]);
    refused(&without("[expert-v0]", "[nowhere-v0]"), &["nowhere-v0", "nothing there"]);
    refused(&without("Identity-v0", "Chain-v0"), &["expert-v0", "a set of Identity-v0"]);
    refused(
        &without("kind: trajectory, size: xs, batch_size: 8, learning_rate: 3e-3", "kind: dqn"),
        &["data.sets", "no data with agent dqn"],
    );
    refused(
        &without("budget: gradient_steps, total_gradient_steps: 100", "total_env_steps: 100"),
        &["train.budget", "gradient_steps with agent trajectory"],
    );
    refused(&without(", total_gradient_steps: 100", ""), &["total_gradient_steps", "missing"]);
    refused(
        &format!("{whole}diagnostics: {{}}\n"),
        &["diagnostics", "no such section with agent trajectory"],
    );
    refused(
        &format!("{whole}checkpoint: {{every_env_steps: 9}}\n"),
        &["checkpoint.every_env_steps", "null with agent trajectory"],
    );
    let retro = "size: xs, model: retro, context_steps: 4, chunk_steps: 4";
    refused(&without("size: xs", retro), &["agent.chunk_steps", "below context_steps = 4"]);
    refused(&without("size: xs", "size: xs, algebra: m3r"), &["agent.algebra", "m3r"]);
    refused(&without("size: xs", "size: huge"), &["agent.size", "xs, s, m, l, xl, xxl"]);
    let nowhere = "size: xs, model: retro, retrofit: nowhere";
    refused(&without("size: xs", nowhere), &["nowhere", "a folder without policy.safetensors"]);

    // A set that is damaged: nothing of it is read.
    let part = folder.path().join("expert-v0/data/3/part-0.parquet");
    let mut bytes = fs::read(&part).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&part, &bytes).unwrap();
    refused(&whole, &["part-0.parquet", "checksum"]);
}
