//! Runs that are killed and go on: with the bits of one that was not, each job once, by one process or several.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::Duration;

use crate::common::{Folder, sparring, wait_for};

/// An agent on an env with all that remembers: a replay with priorities and returns over several steps, or a
/// rollout and its scales.
const AGENTS: [(&str, &str); 5] = [
    (
        "dqn",
        "env: {id: CartPole-v1, num_envs: 2}\nagent: {kind: dqn, hidden: [32], batch_size: 32, warmup_env_steps: 200, \
         replay_capacity: 900, n_step: 3, prioritized: {exponent: 0.6, importance: 0.4}, double_q: true, dueling: true}\n",
    ),
    (
        "sac",
        "env: {id: Pendulum-v1}\nagent: {kind: sac, hidden: [32, 32], batch_size: 32, warmup_env_steps: 200, \
         warmup_hold_steps: 7, replay_capacity: 900}\n",
    ),
    (
        "ppo",
        "env: {id: Pendulum-v1, num_envs: 3}\nagent: {kind: ppo, hidden: [32], rollout_steps: 128, epochs: 4, \
         minibatch_size: 64, normalize_observations: true, normalize_rewards: true}\n",
    ),
    (
        "frames",
        "env: {id: MinAtar/Breakout-v1, num_envs: 2}\nagent: {kind: dqn, network: {kind: minatar}, batch_size: 16, \
         warmup_env_steps: 200, replay_capacity: 700}\n",
    ),
    (
        "nec",
        "env: {id: CartPole-v1, num_envs: 2}\nagent: {kind: nec, hidden: [32], key_size: 4, memory_capacity: 300, \
         neighbours: 5, n_step: 5, batch_size: 32, warmup_env_steps: 200, replay_capacity: 900}\n",
    ),
];

const METHODS: [(&str, &str); 5] = [
    ("dense", "{kind: dense}"),
    ("rigl", "{kind: rigl, sparsity: 0.8, update_every_gradient_steps: 20}"),
    ("snfs", "{kind: snfs, sparsity: 0.8, update_every_gradient_steps: 20}"),
    ("pruning", "{kind: pruning, sparsity: 0.8, prune_every_gradient_steps: 20}"),
    ("top-kast", "{kind: top_kast, sparsity: 0.8, backward_sparsity: 0.6}"),
];

/// A config of two seeds of a method.
fn config(agent: &str, method: &str, steps: u32) -> String {
    let eval = steps / 4;
    format!(
        "{agent}sparsity: {method}\nseeds: [1]\n\
         train: {{total_env_steps: {steps}, log_every_env_steps: {}}}\n\
         eval: {{every_env_steps: {eval}, episodes: 2, max_episode_steps: 60}}\n\
         checkpoint: {{every_env_steps: {}}}\n\
         diagnostics: {{every_env_steps: {eval}, drift: true}}\n",
        steps / 10,
        steps / 7,
    )
}

/// The records of a job without the columns of the clock.
fn records(job: &Path) -> Vec<String> {
    let rows = |name: &str| -> Vec<String> {
        let text = fs::read_to_string(job.join(name)).unwrap();
        let without_clock = |row: &str| {
            let mut fields: Vec<&str> = row.split(',').collect();
            fields.remove(2);
            fields.join(",")
        };
        text.lines().map(without_clock).collect()
    };
    [rows("metrics.csv"), rows("evals.csv")].concat()
}

fn assert_same(whole: &Path, resumed: &Path, what: &str) {
    let (expected, found) = (records(whole), records(resumed));
    for (row, (a, b)) in expected.iter().zip(&found).enumerate() {
        assert_eq!(a, b, "{what}, row {row}");
    }
    assert_eq!(expected.len(), found.len(), "{what}");
    let policy = |job: &Path| fs::read(job.join("policy.safetensors")).unwrap();
    assert!(policy(whole) == policy(resumed), "{what}: the policies differ");
}

fn job(folder: &Folder, out: &str) -> PathBuf {
    folder.path().join(out).join("base/seed-1")
}

fn start(folder: &Folder, args: &[&str]) -> Child {
    sparring().args(args).current_dir(folder.path()).spawn()
}

fn kill(mut child: Child) -> bool {
    let ended = child.try_wait().unwrap().is_some();
    child.kill().unwrap();
    child.wait().unwrap();
    !ended
}

fn bytes(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |meta| meta.len())
}

/// Kills a run when its metrics have so many bytes, again and again, and then lets it end.
fn kill_and_resume(folder: &Folder, whole: &Path, out: &str, places: &[f64]) -> u32 {
    let metrics = job(folder, out).join("metrics.csv");
    let all = bytes(&whole.join("metrics.csv")) as f64;
    let mut killed = 0;
    for (life, place) in places.iter().enumerate() {
        let child = match life {
            0 => start(folder, &["run", "c.yaml", "--out", out, "--quiet"]),
            _ => start(folder, &["resume", out, "--quiet"]),
        };
        let mut child = Some(child);
        wait_for(|| {
            let there = bytes(&metrics) as f64 >= place * all;
            let ended = child.as_mut().is_some_and(|child| child.try_wait().unwrap().is_some());
            there || ended
        });
        killed += u32::from(child.take().is_some_and(kill));
    }
    sparring().args(["resume", out, "--quiet"]).current_dir(folder.path()).assert_code(0);
    killed
}

#[test]
fn a_killed_run_ends_with_the_bits_of_one_that_was_not() {
    let mut killed = 0;
    for (n, (agent, env)) in AGENTS.into_iter().enumerate() {
        for (m, (method, sparsity)) in METHODS.into_iter().enumerate() {
            // Every agent and every method, without all pairs: scripts/kill has those.
            if m != 1 && (n + m) % 4 != 0 {
                continue;
            }
            let folder = Folder::with("c.yaml", &config(env, sparsity, 2_000));
            let run = ["run", "c.yaml", "--out", "whole", "--quiet"];
            sparring().args(run).current_dir(folder.path()).assert_code(0);
            let whole = job(&folder, "whole");
            let places = [0.1 + 0.07 * n as f64, 0.35 + 0.09 * m as f64, 0.8];
            killed += kill_and_resume(&folder, &whole, "killed", &places);
            assert_same(&whole, &job(&folder, "killed"), &format!("{agent} {method}"));
            assert!(!job(&folder, "killed").join("checkpoints").exists());
        }
    }
    assert!(killed >= 8, "{killed}");
}

/// A plateau is known by the curve, and observers that were not due at its end look once more: here logs, diagnostics
/// and checkpoints have steps of their own.
#[test]
fn a_killed_run_of_another_budget_ends_where_one_that_was_not_does() {
    let (_, env) = AGENTS[0];
    let (_, sparsity) = METHODS[1];
    let mut killed = 0;
    for (budget, ended) in [
        ("budget: samples, total_samples: 57_600", "samples"),
        ("budget: plateau, patience_evaluations: 7, total_env_steps: 60_000", "plateau"),
        ("budget: plateau, patience_evaluations: 7, total_env_steps: 700", "env_steps"),
    ] {
        let text = format!(
            "{env}sparsity: {sparsity}\nseeds: [1]\ntrain: {{{budget}, log_every_env_steps: 130}}\n\
             eval: {{every_env_steps: 100, episodes: 2, max_episode_steps: 40}}\n\
             checkpoint: {{every_env_steps: 170}}\ndiagnostics: {{every_env_steps: 270}}\n\
             robustness: {{options: {{sutton_barto_reward: [false, true]}}, episodes: 2}}\n"
        );
        let folder = Folder::with("c.yaml", &text);
        let run = ["run", "c.yaml", "--out", "whole", "--quiet"];
        sparring().args(run).current_dir(folder.path()).assert_code(0);
        let whole = job(&folder, "whole");
        killed += kill_and_resume(&folder, &whole, "killed", &[0.3, 0.7, 0.97]);
        let resumed = job(&folder, "killed");
        assert_same(&whole, &resumed, budget);
        let read = |job: &Path, name: &str| fs::read_to_string(job.join(name)).unwrap();
        let steps = |job: &Path| -> u64 {
            let status = read(job, "status.yaml");
            assert!(status.contains(&format!("ended_by: {ended}\n")), "{status}");
            let line = status.lines().find(|line| line.starts_with("env_steps: ")).unwrap();
            line["env_steps: ".len()..].parse().unwrap()
        };
        assert_eq!(steps(&whole), steps(&resumed), "{budget}");
        assert_eq!(read(&whole, "robustness.csv"), read(&resumed, "robustness.csv"));
        // All have looked at the end, and each once.
        let metrics = read(&whole, "metrics.csv");
        for tag in ["eval/return", "train/executed_forward_flops", "network/q/drift"] {
            let of = |row: &&str| row.split(',').nth(3) == Some(tag);
            let at: Vec<u64> = metrics
                .lines()
                .filter(of)
                .map(|row| row.split(',').next().unwrap().parse().unwrap())
                .collect();
            assert_eq!(at.last(), Some(&steps(&whole)), "{budget} {tag}");
            assert!(at.is_sorted_by(|a, b| a < b), "{budget} {tag}: {at:?}");
        }
        // 57,600 samples are 1,800 batches of 32, after a warm-up of 200 steps.
        match ended {
            "samples" => assert_eq!(steps(&whole), 2_000),
            "env_steps" => assert_eq!(steps(&whole), 700),
            _ => assert!((800..60_000).contains(&steps(&whole)), "{}", steps(&whole)),
        }
    }
    assert!(killed >= 3, "{killed}");
}

#[test]
fn a_run_that_is_stopped_goes_on_where_it_was() {
    let (_, env) = AGENTS[0];
    let (_, sparsity) = METHODS[1];
    let folder = Folder::with("c.yaml", &config(env, sparsity, 4_000));
    let run = ["run", "c.yaml", "--quiet", "--out"];
    sparring().args(run).arg("whole").current_dir(folder.path()).assert_code(0);
    for (n, signal) in ["-TERM", "-INT"].into_iter().enumerate() {
        let out = format!("stopped-{n}");
        let mut child = start(&folder, &["run", "c.yaml", "--quiet", "--out", &out]);
        let of_job = job(&folder, &out);
        wait_for(|| bytes(&of_job.join("metrics.csv")) > 600);
        let id = child.id().to_string();
        std::process::Command::new("kill").args([signal, &id]).status().unwrap();
        let code = child.wait().unwrap().code();
        if code == Some(0) {
            continue;
        }
        assert_eq!(code, Some(75));
        let status = fs::read_to_string(of_job.join("status.yaml")).unwrap();
        assert!(status.contains("state: interrupted"), "{status}");
        let steps = |text: &str| {
            let line = text.lines().find(|line| line.starts_with("env_steps: ")).unwrap();
            line["env_steps: ".len()..].parse::<u64>().unwrap()
        };
        let shown = sparring().args(["status", &out]).current_dir(folder.path()).assert_code(0);
        assert!(shown.stdout.contains("1 interrupted"), "{}", shown.stdout);
        // Of one job, by its own folder.
        let path = format!("{out}/base/seed-1");
        sparring().args(["resume", &path, "--quiet"]).current_dir(folder.path()).assert_code(0);
        let after = fs::read_to_string(of_job.join("status.yaml")).unwrap();
        let resumed = format!("resumed_from: {}", steps(&status));
        assert!(after.contains(&resumed) && after.contains("life: 2"), "{resumed} in {after}");
        assert_same(&job(&folder, "whole"), &of_job, signal);
    }
}

#[test]
fn what_is_left_of_a_job_is_not_known_before_its_first_step() {
    let folder = Folder::with("many.yaml", MANY);
    let run = ["run", "many.yaml", "--out", "out", "--variant", "set", "--seeds", "1", "--quiet"];
    sparring().args(run).current_dir(folder.path()).assert_code(0);
    let file = "out/set/seed-1/status.yaml";
    let begun = |line: &str| match line.split_once(": ") {
        Some(("state", _)) => "state: interrupted\n".to_owned(),
        Some((steps @ ("env_steps" | "gradient_steps"), _)) => format!("{steps}: 0\n"),
        Some(_) | None => format!("{line}\n"),
    };
    let status: String = folder.read(file).lines().map(begun).collect();
    fs::write(folder.path().join(file), status).unwrap();
    let shown = sparring().args(["status", "out"]).current_dir(folder.path()).assert_code(0).stdout;
    let row = shown.lines().find(|line| line.contains("set/seed-1")).unwrap();
    let cells: Vec<&str> = row.split_whitespace().collect();
    assert_eq!((cells[2], cells[4], cells[5]), ("0", "0", "–"), "{shown}");
}

#[test]
fn a_torn_checkpoint_is_named_and_the_one_before_it_used() {
    let (_, env) = AGENTS[1];
    let (_, sparsity) = METHODS[2];
    let folder = Folder::with("c.yaml", &config(env, sparsity, 3_000));
    let run = ["run", "c.yaml", "--quiet", "--out"];
    sparring().args(run).arg("whole").current_dir(folder.path()).assert_code(0);
    let child = start(&folder, &["run", "c.yaml", "--quiet", "--out", "torn"]);
    let of_job = job(&folder, "torn");
    let checkpoints = || {
        let entries = fs::read_dir(of_job.join("checkpoints")).into_iter().flatten();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("0001-"))
            .collect();
        names.sort();
        names
    };
    wait_for(|| checkpoints().len() == 2);
    assert!(kill(child));
    let kept = checkpoints();
    let newest = kept.last().unwrap().clone();
    let before = kept[kept.len() - 2].file_name().unwrap().to_string_lossy().into_owned();
    let step: u64 = before["0001-".len()..].parse().unwrap();
    for file in ["state.safetensors", "checkpoint.yaml"] {
        let path = newest.join(file);
        let good = fs::read(&path).unwrap();
        for at in (0..20).map(|n| n * good.len() / 20) {
            let mut flipped = good.clone();
            flipped[at] ^= 4;
            for bad in [&good[..at], &flipped[..]] {
                fs::write(&path, bad).unwrap();
                let again = folder.path().join("again");
                let _ = fs::remove_dir_all(&again);
                copy(&folder.path().join("torn"), &again);
                // To look at it is enough: what it goes on from is told at once.
                let mut child =
                    sparring().args(["resume", "again"]).current_dir(folder.path()).spawn();
                let told = wait_for_line(&mut child, "goes on from step");
                assert!(
                    told.iter().any(|line| line.contains("is not whole") && line.contains(file)),
                    "{told:?}"
                );
                assert!(told.last().unwrap().ends_with(&format!("step {step}")), "{told:?}");
                kill(child);
            }
        }
        fs::write(&path, good).unwrap();
    }
    fs::write(newest.join("state.safetensors"), "").unwrap();
    sparring().args(["resume", "torn", "--quiet"]).current_dir(folder.path()).assert_code(0);
    assert_same(&job(&folder, "whole"), &of_job, "torn");
}

fn wait_for_line(child: &mut Child, part: &str) -> Vec<String> {
    use std::io::{BufRead, BufReader};
    let mut lines = Vec::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        lines.push(line.unwrap());
        if lines.last().unwrap().contains(part) {
            break;
        }
    }
    lines
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// Short jobs.
const MANY: &str = "\
env: {id: Identity-v0}
seeds: 1..6
train: {total_env_steps: 400}
eval: {every_env_steps: 100, episodes: 2}
agent: {hidden: [8], batch_size: 8, replay_capacity: 100, warmup_env_steps: 50, discount: 0.0}
variants:
  dense: {sparsity: {kind: dense}}
  set: {sparsity: {kind: set, sparsity: 0.5}}
";

fn lives(folder: &Folder, out: &str) -> Vec<usize> {
    let count = |job: String| fs::read_dir(folder.path().join(job).join("lives")).unwrap().count();
    let jobs = ["dense", "set"]
        .into_iter()
        .flat_map(|variant| (1..=6).map(move |seed| format!("{variant}/seed-{seed}")));
    jobs.map(|job| count(format!("{out}/{job}"))).collect()
}

#[test]
fn a_second_start_skips_what_is_finished_and_an_edited_config_runs_what_changed() {
    let folder = Folder::with("many.yaml", MANY);
    let run = |more: &[&str], code| {
        let args = [&["run", "many.yaml", "--out", "out"], more].concat();
        sparring().args(args).current_dir(folder.path()).assert_code(code)
    };
    let first = run(&[], 0);
    let again = run(&[], 0);
    assert!(again.stderr.contains("12 of 12 jobs finished before"), "{}", again.stderr);
    assert_eq!(lives(&folder, "out"), [1; 12]);
    let costs = |table: &str| {
        table.lines().filter(|line| line.contains("set")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(costs(&first.stdout), costs(&again.stdout));
    fs::write(folder.path().join("many.yaml"), MANY.replace("sparsity: 0.5", "sparsity: 0.25"))
        .unwrap();
    let edited = run(&[], 0);
    assert!(edited.stderr.contains("6 jobs are run anew"), "{}", edited.stderr);
    assert!(edited.stderr.contains("out/earlier/1: set/seed-1"), "{}", edited.stderr);
    assert!(folder.path().join("out/earlier/1/set/seed-3/metrics.csv").is_file());
    let aside = fs::read_dir(folder.path().join("out/earlier/1/set/seed-3")).unwrap();
    let mut names = aside.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(names.all(|name| !name.contains("tfevents")));
    assert!(folder.read("out/earlier/1/config.yaml").contains("sparsity: 0.5"));
    assert!(!folder.path().join("out/earlier/1/dense").exists());
    // Fewer jobs leave the others as they are, and say so, even where little is said.
    let fewer = run(&["--variant", "dense", "--seeds", "1,2", "--quiet"], 0);
    assert!(fewer.stderr.contains("10 jobs are not among these"), "{}", fewer.stderr);
    assert!(fewer.stderr.contains("set/seed-1; "), "{}", fewer.stderr);
    let all = run(&[], 0);
    assert!(all.stderr.contains("12 of 12 jobs finished before"), "{}", all.stderr);
    let resume = |what: &str, code| {
        sparring().args(["resume", what]).current_dir(folder.path()).assert_code(code).stderr
    };
    assert!(resume("out/set/seed-1", 0).contains("1 of 1 job finished before"));
    fs::remove_dir_all(folder.path().join("out/set/seed-1")).unwrap();
    let gone = resume("out", 2);
    assert!(gone.contains("out/set/seed-1") && gone.contains("sparring run CONFIG"), "{gone}");
    // Another run's folder is nobody else's.
    fs::write(folder.path().join("many.yaml"), format!("name: other\n{MANY}")).unwrap();
    let refused = run(&[], 2);
    assert!(refused.stderr.contains("the folder of the run many"), "{}", refused.stderr);
}

#[test]
fn two_processes_share_the_work_and_one_that_dies_is_followed() {
    let folder = Folder::with("many.yaml", &MANY.replace("400}", "4_000}"));
    let run = ["run", "many.yaml", "--out", "out", "--jobs", "2", "--quiet"];
    let whole = ["run", "many.yaml", "--out", "whole", "--quiet"];
    sparring().args(whole).current_dir(folder.path()).assert_code(0);
    let [one, two] = [(); 2].map(|()| start(&folder, &run));
    let finished = || {
        let jobs =
            (1..=6).map(|seed| folder.path().join(format!("out/dense/seed-{seed}/status.yaml")));
        jobs.filter(|path| {
            fs::read_to_string(path).is_ok_and(|text| text.contains("state: finished"))
        })
        .count()
    };
    wait_for(|| finished() >= 1);
    assert!(kill(one));
    let output = two.wait_with_output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && told.contains("12 of 12 jobs finished"), "{told}");
    // What the one that died had in hand was taken up; all else was done once.
    let lives = lives(&folder, "out");
    assert!(lives.iter().all(|lives| *lives <= 2), "{lives:?}");
    assert!(lives.iter().filter(|lives| **lives == 2).count() <= 2, "{lives:?}");
    for seed in 1..=6 {
        let of = |out: &str| folder.path().join(format!("{out}/set/seed-{seed}"));
        assert_same(&of("whole"), &of("out"), "set");
    }
    std::thread::sleep(Duration::from_millis(10));
}

#[test]
fn a_job_that_goes_on_alone_counts_in_its_run() {
    let folder = Folder::with("many.yaml", MANY);
    let run =
        ["run", "many.yaml", "--out", "out", "--quiet", "--variant", "set", "--seeds", "1..2"];
    sparring().args(run).current_dir(folder.path()).assert_code(0);
    let variant = folder.path().join("out/set");
    let mean = || {
        let files = fs::read_dir(&variant).unwrap().map(|entry| entry.unwrap().path());
        files.filter(|path| path.to_string_lossy().contains("tfevents")).collect::<Vec<_>>()
    };
    assert!(!mean().is_empty());
    mean().iter().for_each(|path| fs::remove_file(path).unwrap());
    fs::remove_file(variant.join("seed-2/status.yaml")).unwrap();
    fs::remove_file(folder.path().join("out/status.yaml")).unwrap();
    let resume = ["resume", "out/set/seed-2", "--quiet"];
    sparring().args(resume).current_dir(folder.path()).assert_code(0);
    assert!(!mean().is_empty());
    let status = folder.read("out/status.yaml");
    assert!(status.contains("state: finished\njobs: 2\nfinished: 2\n"), "{status}");
}

#[test]
fn a_job_that_another_version_named_is_known_by_what_it_says() {
    let folder = Folder::with("many.yaml", MANY);
    let run = ["run", "many.yaml", "--out", "out", "--variant", "set", "--seeds", "1"];
    sparring().args(run).current_dir(folder.path()).assert_code(0);
    let resolved = folder.path().join("out/set/seed-1/resolved.yaml");
    let text = fs::read_to_string(&resolved).unwrap();
    let named = |line: &&str| line.starts_with("# job ");
    let line = text.lines().find(named).unwrap();
    fs::write(&resolved, text.replace(line, "# job 0123456789abcdef")).unwrap();
    let told = sparring().args(run).current_dir(folder.path()).assert_code(0).stderr;
    assert!(told.contains("1 of 1 job finished before"), "{told}");
    assert!(!folder.path().join("out/earlier").exists());
}

#[test]
fn the_score_of_a_saved_policy_is_taken_again() {
    let folder = Folder::with("many.yaml", MANY);
    let run = ["run", "many.yaml", "--out", "out", "--quiet", "--variant", "set", "--seeds", "1"];
    sparring().args(run).current_dir(folder.path()).assert_code(0);
    let eval = |more: &[&str], code| {
        let args = [&["eval", "out/set/seed-1", "--episodes", "5"], more].concat();
        sparring().args(args).current_dir(folder.path()).assert_code(code)
    };
    let told = eval(&[], 0).stdout;
    assert!(told.starts_with("Identity-v0, seed 1, 5 episodes: return "), "{told}");
    assert_eq!(eval(&[], 0).stdout, told);
    let wrong = eval(&["--set", "env.optoins.x=1"], 2).stderr;
    assert!(wrong.contains("optoins"), "{wrong}");
    let other = eval(&["--env", "CartPole-v1"], 2).stderr;
    assert!(other.contains("a policy of another agent or env"), "{other}");
}
