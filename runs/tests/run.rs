//! Whole runs through the binary: what is learnt, what is logged, what the folder holds.

use std::collections::BTreeSet;
use std::process::Command;

use crate::common::{self, Folder, config, sparring, wait_for};

/// Two small jobs of each of two variants, a second together.
pub const SMALL: &str = "\
seeds: [1, 2]
env: {id: Identity-v0, num_envs: 3}
train: {total_env_steps: 1_000, log_every_env_steps: 150}
eval: {every_env_steps: 200, episodes: 5, num_envs: 2}
agent:
  {hidden: [16], batch_size: 16, replay_capacity: 1_000, warmup_env_steps: 100, discount: 0.0}
sparsity: {sparsity: 0.5, update_every_gradient_steps: 100}
variants: {dense: {sparsity: {kind: dense}}, rigl: {sparsity: {kind: rigl}}}
";

/// Far longer than any test waits.
const ENDLESS: &str = "\
env: {id: CartPole-v1}
train: {total_env_steps: 1e9, log_every_env_steps: 200}
eval: {every_env_steps: 500, episodes: 2}
agent: {hidden: [16], batch_size: 16, warmup_env_steps: 100}
sparsity: {kind: dense}
";

const JOBS: [&str; 4] = ["dense/seed-1", "dense/seed-2", "rigl/seed-1", "rigl/seed-2"];

/// The rows of a record without their column `wall_s`, the third.
fn without_clock(csv: &str) -> Vec<Vec<&str>> {
    csv.lines()
        .map(|line| {
            let mut fields: Vec<_> = line.split(',').collect();
            fields.remove(2);
            fields
        })
        .collect()
}

fn run(folder: &Folder, out: &str, more: &[&str]) -> common::Printed {
    let args = ["run", "small.yaml", "--out", out];
    sparring().args(args).args(more).current_dir(folder.path()).assert_code(0)
}

#[test]
fn every_method_learns_on_the_smoke_configs() {
    let folder = Folder::new();
    for (name, bound) in [("identity", "return>=95"), ("chain", "return>=1")] {
        let path = config(&format!("smoke/{name}.yaml"));
        let args = ["--out", name, "--assert", bound, "--quiet"];
        let run = sparring().arg("run").arg(path).args(args).current_dir(folder.path());
        let run = run.assert_code(0);
        assert_eq!(run.stderr, "");
        for method in ["dense", "static", "set", "rigl", "pruning"] {
            assert!(run.stdout.contains(&format!("\n{method} ")), "{}", run.stdout);
        }
    }
}

#[test]
fn records_are_the_same_twice_and_for_any_number_of_jobs() {
    let over_quaternions =
        SMALL.replace("{hidden: [16],", "{hidden: [16, 16], algebra: {kind: h},");
    for config in [SMALL, &over_quaternions] {
        let folder = Folder::with("small.yaml", config);
        run(&folder, "one", &["--jobs", "1"]);
        run(&folder, "two", &["--jobs", "2"]);
        run(&folder, "again", &["--jobs", "2", "--set", "env.workers=2"]);
        for job in JOBS {
            for file in ["metrics.csv", "evals.csv"] {
                let read = |run: &str| folder.read(&format!("{run}/{job}/{file}"));
                let (one, two, again) = (read("one"), read("two"), read("again"));
                assert!(one.lines().count() > 20, "{job}/{file}");
                assert_eq!(without_clock(&one), without_clock(&two), "{job}/{file}");
                assert_eq!(without_clock(&one), without_clock(&again), "{job}/{file}");
            }
        }
        let seed = |n: u32| folder.read(&format!("one/dense/seed-{n}/evals.csv"));
        assert_ne!(without_clock(&seed(1)), without_clock(&seed(2)));
    }
}

/// Every number of a training with diagnostics is that of one without, the operations too; and the
/// diagnostics are the same twice.
#[test]
fn diagnostics_leave_training_as_it_is() {
    for (agent, more) in [
        (
            "{kind: dqn, hidden: [16], batch_size: 16, warmup_env_steps: 100, prioritized: {exponent: 0.6, importance: 0.4}, double_q: true}",
            "Identity-v0",
        ),
        ("{kind: ppo, hidden: [16], rollout_steps: 64, minibatch_size: 48}", "Identity-v0"),
        ("{kind: sac, hidden: [16], batch_size: 16, warmup_env_steps: 100}", "IdentityBox-v0"),
    ] {
        let text = format!(
            "env: {{id: {more}, num_envs: 3}}\n\
             train: {{total_env_steps: 1_000, log_every_env_steps: 150}}\n\
             eval: {{every_env_steps: 200, episodes: 2}}\n\
             agent: {agent}\n\
             sparsity: {{kind: rigl, sparsity: 0.5, update_every_gradient_steps: 50}}\n"
        );
        let with = format!("{text}diagnostics: {{every_env_steps: 250, batch: 20}}\n");
        let folder = Folder::with("small.yaml", &text);
        std::fs::write(folder.path().join("with.yaml"), with).unwrap();
        run(&folder, "without", &[]);
        for out in ["with", "again"] {
            let args = ["run", "with.yaml", "--out", out];
            let printed = sparring().args(args).current_dir(folder.path()).assert_code(0);
            assert!(printed.stdout.contains("diagnostics of base: "), "{}", printed.stdout);
        }
        let read = |run: &str, file: &str| folder.read(&format!("{run}/base/seed-1/{file}"));
        let (with, again) = (read("with", "metrics.csv"), read("again", "metrics.csv"));
        assert_eq!(without_clock(&with), without_clock(&again), "{agent}");
        let is_diagnostic = |line: &&str| line.contains(",network/");
        let training: Vec<_> = with.lines().filter(|line| !is_diagnostic(line)).collect();
        assert_eq!(
            without_clock(&training.join("\n")),
            without_clock(&read("without", "metrics.csv")),
            "{agent}"
        );
        let evals = ["with", "without"].map(|run| read(run, "evals.csv"));
        assert_eq!(without_clock(&evals[0]), without_clock(&evals[1]), "{agent}");
        // Four times, or as often as rollouts of 64 steps of 3 end after them.
        let steps: BTreeSet<&str> = with
            .lines()
            .filter(is_diagnostic)
            .map(|line| line.split(',').next().unwrap())
            .collect();
        let expected = if agent.contains("ppo") {
            ["384", "576", "768"].to_vec()
        } else {
            ["252", "501", "750", "1002"].to_vec()
        };
        assert_eq!(steps, expected.into_iter().collect(), "{agent}");
        assert!(read("with", "status.yaml").contains("diagnostics_s:"));
        assert!(!read("without", "status.yaml").contains("diagnostics"));
    }
}

#[test]
fn the_folder_holds_all_of_the_run() {
    let folder = Folder::with("small.yaml", SMALL);
    let printed = run(&folder, "out", &["--set", "agent.learning_rate=2e-3"]);
    assert_eq!(folder.read("out/config.yaml"), SMALL);
    assert_eq!(folder.read("out/report.txt"), printed.stdout);
    let record = folder.read("out/run.yaml");
    for part in
        ["agent.learning_rate=2e-3", "rustc 1.", "cpu:", "cores:", "started: 2", "name: rigl"]
    {
        assert!(record.contains(part), "{part} in {record}");
    }
    assert!(folder.read("out/status.yaml").contains("state: finished\njobs: 4\nfinished: 4\n"));

    let resolved = folder.read("out/rigl/seed-2/resolved.yaml");
    // 1,000 steps of 3 envs end at 1,002; 902 steps follow the warm-up.
    let keys = ["learning_rate: 0.002", "update_until: 0.75", "adam_eps: 1e-7"];
    for part in keys.into_iter().chain(["seeds:\n- 2", "902 gradient steps"]) {
        assert!(resolved.contains(part), "{part} in {resolved}");
    }
    let status = folder.read("out/rigl/seed-2/status.yaml");
    for part in ["state: finished", "env_steps: 1002", "gradient_steps: 902", "name: hidden.0"] {
        assert!(status.contains(part), "{part} in {status}");
    }
    let evals = folder.read("out/rigl/seed-2/evals.csv");
    let steps: BTreeSet<u32> =
        evals.lines().skip(1).map(|row| row.split(',').next().unwrap().parse().unwrap()).collect();
    assert_eq!(steps, BTreeSet::from([0, 201, 402, 600, 801, 1002]));
    assert_eq!(evals.lines().count(), 1 + 6 * 5);
    let metrics = folder.read("out/rigl/seed-2/metrics.csv");
    for tag in [
        "train/episode_return",
        "losses/td",
        "eval/return",
        "sparsity/q/hidden.0/density",
        "sparsity/q/head/dropped",
        "sparsity/q/head/grown",
        "sparsity/q/head/regrown",
        "sparsity/q/head/unread",
        "sparsity/q/head/unfed",
        "sparsity/q/active_parameters",
        "sparsity/q/bytes",
        "train/executed_forward_flops",
    ] {
        assert!(metrics.contains(&format!(",{tag},")), "{tag}");
    }
    assert!(folder.path().join("out/rigl/seed-2/policy.safetensors").is_file());
    // At the first of five rows and at the last one: nothing of it changes.
    assert_eq!(metrics.matches(",sparsity/q/hidden.0/density,").count(), 2);
    assert!(!folder.read("out/dense/seed-1/metrics.csv").contains("/dropped,"));
}

/// How many files of events there are in a folder.
fn events(folder: &Folder, place: &str) -> usize {
    let entries = std::fs::read_dir(folder.path().join(place)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("events.out.tfevents.")).count()
}

/// No number depends on a switch, nor does what a job is: a run that is at its end under others stays so.
#[test]
fn what_tensorboard_shows_is_no_part_of_a_training() {
    let folder = Folder::with("small.yaml", SMALL);
    run(&folder, "on", &[]);
    let switches = ["variants", "hparams", "layout", "histograms", "images", "text"];
    let off = switches.map(|switch| format!("tensorboard.{switch}=false"));
    let off: Vec<&str> = off.iter().flat_map(|set| ["--set", set.as_str()]).collect();
    run(&folder, "off", &off);
    for job in JOBS {
        let [on, without] = ["on", "off"].map(|out| format!("{out}/{job}"));
        for file in ["metrics.csv", "evals.csv"] {
            let [on, without] = [&on, &without].map(|job| folder.read(&format!("{job}/{file}")));
            assert_eq!(without_clock(&on), without_clock(&without), "{job}/{file}");
        }
        let policy = |job: &str| std::fs::read(folder.path().join(job).join("policy.safetensors"));
        assert_eq!(policy(&on).unwrap(), policy(&without).unwrap(), "{job}");
        // Those of its life, and its end.
        assert_eq!((events(&folder, &on), events(&folder, &without)), (2, 1), "{job}");
    }
    // What is known before, and the table; what is known of all seeds.
    let found = ["on", "on/rigl", "off", "off/rigl"].map(|place| events(&folder, place));
    assert_eq!((found[0], found[2], found[3]), (2, 0, 0));
    assert!(found[1] > 0);
    let again = ["run", "small.yaml", "--out", "on"];
    let again = sparring().args(again).args(&off).current_dir(folder.path()).assert_code(0);
    assert!(again.stderr.contains("4 of 4 jobs finished before"), "{}", again.stderr);
}

#[test]
fn variant_keeps_the_named_ones() {
    let folder = Folder::with("small.yaml", SMALL);
    let printed = run(&folder, "out", &["--variant", "rigl", "--seeds", "1"]);
    assert!(printed.stdout.contains("1 of 1 jobs finished"), "{}", printed.stdout);
    assert!(folder.path().join("out/rigl").is_dir() && !folder.path().join("out/dense").exists());
    let arguments = ["run", "small.yaml", "--out", "other", "--variant", "rigle"];
    let refused = sparring().args(arguments).current_dir(folder.path()).assert_code(2);
    for part in ["--variant rigle", "dense; rigl", "try      rigl"] {
        assert!(refused.stderr.contains(part), "{part} in {}", refused.stderr);
    }
}

#[test]
fn report_prints_the_bytes_of_run() {
    let folder = Folder::with("small.yaml", SMALL);
    let printed = run(&folder, "out", &[]);
    let report = sparring().args(["report", "out"]).current_dir(folder.path()).assert_code(0);
    assert_eq!(report.stdout, printed.stdout);
    assert!(printed.stdout.contains("4 of 4 jobs finished"), "{}", printed.stdout);
    assert!(printed.stdout.contains("note: 2 seeds are few"), "{}", printed.stdout);

    // The same bytes, then the layers: 4 → 16 → 4 at half its weights, by Erdős–Rényi.
    let args = ["report", "out", "--layers"];
    let layers = sparring().args(args).current_dir(folder.path()).assert_code(0);
    let added = layers.stdout.strip_prefix(&printed.stdout).unwrap();
    assert_eq!(added.matches("hidden.0").count(), 2, "{added}");
    assert_eq!(added.matches("50.00 %").count(), 2, "{added}");

    // What is lost or was never written is told.
    std::fs::remove_dir_all(folder.path().join("out/rigl/seed-2")).unwrap();
    let report = sparring().args(["report", "out"]).current_dir(folder.path()).assert_code(0);
    let told = "note: 1 job did not reach the end: rigl/seed-2";
    assert!(report.stdout.contains(told), "{}", report.stdout);

    // So is what a killed process left.
    let evals = folder.path().join("out/rigl/seed-1/evals.csv");
    let whole = std::fs::read_to_string(&evals).unwrap();
    std::fs::write(&evals, format!("{whole}1002,902,0.1,5,1")).unwrap();
    let torn = sparring().args(["report", "out"]).current_dir(folder.path()).assert_code(0);
    assert_eq!(torn.stdout, report.stdout);
    std::fs::remove_file(&evals).unwrap();
    let lost = sparring().args(["report", "out"]).current_dir(folder.path()).assert_code(0);
    assert!(lost.stdout.contains("rigl "), "{}", lost.stdout);

    let none = sparring().args(["report", "."]).current_dir(folder.path()).assert_code(2);
    assert_eq!(none.stderr.lines().count(), 4, "{}", none.stderr);
    assert!(none.stderr.contains("a folder without run.yaml"), "{}", none.stderr);
}

#[test]
fn an_assertion_that_does_not_hold_is_exit_code_3() {
    let folder = Folder::with("small.yaml", SMALL);
    let args = ["run", "small.yaml", "--assert", "dense.return>=101", "--assert", "return>=0"];
    let run = sparring().args(args).current_dir(folder.path()).assert_code(3);
    assert!(run.stderr.contains("dense reached"), "{}", run.stderr);
    assert!(!run.stderr.contains("rigl reached"), "{}", run.stderr);
    assert!(folder.read("out/small/report.txt").contains("4 of 4"));
}

#[test]
fn a_folder_with_results_is_never_overwritten() {
    let folder = Folder::with("small.yaml", SMALL);
    run(&folder, "out", &["--seeds", "7"]);
    let metrics = folder.read("out/dense/seed-7/metrics.csv");
    run(&folder, "out", &["--seeds", "8"]);
    assert_eq!(folder.read("out/dense/seed-7/metrics.csv"), metrics);
    assert!(folder.path().join("out/dense/seed-8").is_dir());
    std::fs::create_dir(folder.path().join("mine")).unwrap();
    std::fs::write(folder.path().join("mine/notes.txt"), "mine").unwrap();
    let args = ["run", "small.yaml", "--out", "mine"];
    let refused = sparring().args(args).current_dir(folder.path()).assert_code(2);
    assert_eq!(refused.stderr.lines().count(), 4, "{}", refused.stderr);
    assert!(refused.stderr.contains("never overwritten"), "{}", refused.stderr);
    assert_eq!(std::fs::read_dir(folder.path().join("mine")).unwrap().count(), 1);
}

#[test]
fn a_job_that_fails_is_named_and_the_others_go_on() {
    let folder = Folder::with("small.yaml", SMALL);
    let args = ["run", "small.yaml", "--set", "variants.dense.agent.learning_rate=1e30"];
    let run = sparring().args(args).current_dir(folder.path()).assert_code(1);
    assert!(run.stderr.contains("2 of 4 jobs failed"), "{}", run.stderr);
    assert!(run.stdout.contains("note: dense/seed-1 failed: agent: "), "{}", run.stdout);
    let failed = folder.read("out/small/dense/seed-1/status.yaml");
    assert!(failed.contains("state: failed") && failed.contains("error: 'agent: "), "{failed}");
    assert!(folder.read("out/small/rigl/seed-2/status.yaml").contains("state: finished"));
    assert!(folder.read("out/small/dense/seed-1/evals.csv").lines().count() > 1);
}

#[test]
fn options_of_an_env_are_resolved_and_listed() {
    let folder = Folder::with("small.yaml", SMALL);
    let chain = ["--set", "env.id=Chain-v0", "--seeds", "1", "--variant", "dense"];
    run(&folder, "five", &chain);
    run(&folder, "three", &[&chain[..], &["--set", "env.options.places=3"]].concat());
    let resolved = |out: &str| folder.read(&format!("{out}/dense/seed-1/resolved.yaml"));
    assert!(resolved("five").contains("options:\n    places: 5"), "{}", resolved("five"));
    assert!(resolved("three").contains("options:\n    places: 3"), "{}", resolved("three"));
    let list = sparring().args(["list", "envs"]).assert_code(0).stdout;
    let line = list.lines().find(|line| line.contains(" places ")).unwrap();
    let words: Vec<_> = line.split("  ").map(str::trim).filter(|word| !word.is_empty()).collect();
    assert_eq!(words[..4], ["Chain-v0", "places", "5", "a whole number in [2, 50]"], "{line}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_everything_readable() {
    ends_in_order_by("-INT");
}

/// As `timeout`, a container's stop and a cancelled CI job send it.
#[cfg(unix)]
#[test]
fn so_does_sigterm() {
    ends_in_order_by("-TERM");
}

#[cfg(unix)]
fn ends_in_order_by(signal: &str) {
    let folder = Folder::with("endless.yaml", ENDLESS);
    let args = ["run", "endless.yaml", "--out", "out", "--quiet"];
    let child = sparring().args(args).current_dir(folder.path()).spawn();
    let status = folder.path().join("out/base/seed-1/status.yaml");
    wait_for(|| {
        std::fs::read_to_string(&status).is_ok_and(|text| !text.contains("evaluations: 0"))
    });
    let kill = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let output = child.wait_with_output().unwrap();
    let (stdout, stderr) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(75), "{stderr}");
    assert!(stdout.contains("0 of 1 jobs finished") && stdout.contains('~'), "{stdout}");
    assert!(folder.read("out/status.yaml").contains("state: interrupted"));
    assert!(folder.read("out/base/seed-1/status.yaml").contains("state: interrupted"));
    for file in ["metrics.csv", "evals.csv"] {
        let text = folder.read(&format!("out/base/seed-1/{file}"));
        let columns = text.lines().next().unwrap().split(',').count();
        assert!(text.ends_with('\n') && text.lines().all(|row| row.split(',').count() == columns));
    }
    let report = sparring().args(["report", "out"]).current_dir(folder.path()).assert_code(0);
    assert_eq!(report.stdout, stdout);
}

/// The smoke run of scripts/bench-pong in small: every log is there and every number is one.
#[cfg(feature = "atari")]
#[test]
fn a_game_of_atari_is_trained_on() {
    let folder = Folder::new();
    let path = config("../scripts/bench/dqn-pong.yaml");
    let sets = [
        "train={total_env_steps: 600, log_every_env_steps: 100}",
        "eval={every_env_steps: 300, episodes: 1, max_episode_steps: 40}",
        "agent.warmup_env_steps=100",
        "agent.target_every_gradient_steps=25",
        "sparsity.update_every_gradient_steps=50",
    ];
    let sets = sets.into_iter().flat_map(|change| ["--set", change]);
    let run =
        sparring().arg("run").arg(path).args(sets).args(["--variant", "rigl", "--out", "out"]);
    run.current_dir(folder.path()).assert_code(0);
    let metrics = folder.read("out/rigl/seed-1/metrics.csv");
    let mut losses = Vec::new();
    for row in metrics.lines().skip(1) {
        let [step, _, _, tag, value] = row.split(',').collect::<Vec<_>>()[..] else {
            panic!("{row}")
        };
        assert!(value.parse::<f64>().unwrap().is_finite(), "{row}");
        if tag == "losses/td" {
            losses.push(step.parse::<u32>().unwrap());
        }
    }
    assert_eq!(losses, [200, 300, 400, 500, 600], "{metrics}");
    let evals = folder.read("out/rigl/seed-1/evals.csv");
    let lengths = evals.lines().skip(1).map(|row| row.split(',').next_back().unwrap());
    assert_eq!(lengths.collect::<Vec<_>>(), ["40"; 3], "{evals}");
    // The policy again, on screens with noise.
    let eval = |noise: &str, code| {
        let args = ["eval", "out/rigl/seed-1", "--episodes", "2", "--set", noise];
        sparring().args(args).current_dir(folder.path()).assert_code(code)
    };
    let told = eval("env.options={noise_sigma: 60, noise_mode: clip}", 0).stdout;
    assert!(told.contains("Pong") && told.ends_with("length 40.0\n"), "{told}");
    let refused = eval("env.options.noise_sigma=300", 2).stderr;
    assert!(refused.contains("a number in [0, 255]"), "{refused}");
}

/// A game without an end of its own: a policy that may keep the ball in play for ever is cut, and scored.
#[test]
fn an_evaluation_ends_where_the_game_does_not() {
    let folder = Folder::new();
    let path = config("smoke/identity.yaml");
    let set =
        ["env.id=MinAtar/Freeway-v1", "eval.max_episode_steps=37", "agent.network={kind: minatar}"];
    let set = set.into_iter().chain(["agent.hidden=null", "train.total_env_steps=1_000"]);
    let set = set.flat_map(|change| ["--set", change]);
    let args = ["--variant", "static", "--seeds", "1", "--out", "out"];
    let run = sparring().arg("run").arg(path).args(set).args(args);
    run.current_dir(folder.path()).assert_code(0);
    let evals = folder.read("out/static/seed-1/evals.csv");
    let lengths: Vec<&str> =
        evals.lines().skip(1).filter_map(|row| row.split(',').next_back()).collect();
    assert!(!lengths.is_empty() && lengths.iter().all(|length| *length == "37"), "{evals}");
}

/// Numbers beside each other, and frames, whose memory must know them apart however late they come.
#[test]
fn environments_that_are_not_waited_for_teach_as_well_and_the_folder_says_so() {
    let folder = Folder::new();
    let path = config("smoke/identity.yaml");
    let set = ["--set", "env.num_envs=4", "--set", "env.workers=2", "--set", "env.mode=async"];
    for (id, out) in [("Identity-v0", "numbers"), ("Recall-v0", "frames")] {
        let id = format!("env.id={id}");
        let args = ["--set", &id, "--set", "env.batch=2", "--variant", "rigl", "--out", out];
        let run = sparring().arg("run").arg(&path).args(set).args(args);
        let run = run.args(["--assert", "return>=90"]).current_dir(folder.path()).assert_code(0);
        assert!(run.stdout.contains("env.mode is async"), "{}", run.stdout);
        let status = folder.read(&format!("{out}/rigl/seed-1/status.yaml"));
        assert!(status.contains("env.mode is async"), "{status}");
        let resolved = folder.read(&format!("{out}/rigl/seed-1/resolved.yaml"));
        for part in ["mode: async", "batch: 2", "deterministic: false"] {
            assert!(resolved.contains(part), "{part} in {resolved}");
        }
    }
}
