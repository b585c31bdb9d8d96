//! A plan is a function of the text of its config: no clock, no cache, no load of the machine changes it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::common::{Folder, sparring};

/// Layers near the break-even, on a machine whose cache folder holds what an earlier release measured.
const CONFIG: &str = "\
seeds: [1]
env: {id: CartPole-v1}
train: {total_env_steps: 2_000, log_every_env_steps: 1_000}
eval: {every_env_steps: 1_000, episodes: 3}
agent: {kind: dqn, hidden: [1024, 1024], warmup_env_steps: 1_900, replay_capacity: 2000, batch_size: 32}
sparsity: {kind: static, sparsity: 0.55, distribution: uniform}
";

fn plan(home: &Folder) -> String {
    let planted = home.path().join("sparring/break-even.yaml");
    fs::create_dir_all(planted.parent().unwrap()).unwrap();
    let text = "sparring: 0.1.0\ncpu: any\nbreak_even: {small: 0.01, large: 0.01, conv: 0.01}\n";
    fs::write(&planted, text).unwrap();
    let folder = Folder::with("config.yaml", CONFIG);
    let printed = sparring()
        .args(["plan", "config.yaml"])
        .env("HOME", home.path())
        .env("XDG_CACHE_HOME", home.path())
        .current_dir(folder.path())
        .assert_code(0);
    assert_eq!(fs::read_to_string(&planted).unwrap(), text);
    printed.stdout
}

#[test]
fn another_home_and_a_loaded_machine_plan_the_same() {
    let quiet = plan(&Folder::new());
    assert!(quiet.contains("hidden.1"), "{quiet}");
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    std::hint::black_box((0..10_000u64).sum::<u64>());
                }
            });
        }
        std::thread::sleep(Duration::from_millis(50));
        for _ in 0..2 {
            assert_eq!(plan(&Folder::new()), quiet);
        }
        stop.store(true, Ordering::Relaxed);
    });
}

/// The code that a plan is made by.
fn sources() -> Vec<PathBuf> {
    fn walk(folder: &Path, all: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { walk(&path, all) } else { all.push(path) }
        }
    }
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = vec![src.join("plan.rs"), src.join("sizes.rs")];
    walk(&src.join("config"), &mut all);
    walk(&src.join("yaml"), &mut all);
    all
}

#[test]
fn nothing_that_plans_reads_a_clock_or_a_variable_or_measures() {
    for path in sources() {
        let text = fs::read_to_string(&path).unwrap();
        for word in ["Instant", "SystemTime", "env::var", "measure("] {
            assert!(!text.contains(word), "{word} in {}", path.display());
        }
    }
}

/// A plan that does not fit in any memory says what takes most of it.
#[test]
fn what_takes_the_memory_is_named() {
    let dqn = "{kind: dqn, hidden: [16], warmup_env_steps: 200, replay_capacity: 2000}";
    let ppo = "{kind: ppo, rollout_steps: 100_000_000_000}";
    let large = dqn.replace("2000", "1e12");
    let measured = "diagnostics: {every_env_steps: 3_000, batch: 1_000_000_000_000}";
    for (agent, more, total, hint) in [
        (dqn, measured, "3_000", "a smaller diagnostics.batch"),
        (large.as_str(), "", "3_000", "a smaller agent.replay_capacity"),
        (ppo, "", "1e12", "a smaller network or agent.rollout_steps"),
    ] {
        let config = format!(
            "env: {{id: CartPole-v1}}\ntrain: {{total_env_steps: {total}}}\nagent: {agent}\nsparsity: {{kind: dense}}\n{more}\n"
        );
        let folder = Folder::with("config.yaml", &config);
        let plan = ["plan", "config.yaml"];
        let refused = sparring().args(plan).current_dir(folder.path()).assert_code(2).stderr;
        assert!(refused.contains("config.yaml: memory"), "{refused}");
        assert!(refused.contains(&format!("try      {hint}")), "{refused}");
    }
}

/// bf16 is a device's: it is refused on the processor, and told of elsewhere.
#[test]
fn bf16_takes_a_device() {
    let plan = |device: &str| {
        let (key, folder) = (format!("train.device={device}"), Folder::with("config.yaml", CONFIG));
        let args = ["plan", "config.yaml", "--set", "train.precision=bf16", "--set", &key];
        let code = if device == "cpu" { 2 } else { 0 };
        sparring().args(args).current_dir(folder.path()).assert_code(code)
    };
    let refused = plan("cpu").stderr;
    for told in ["train.precision", "bf16", "f32, with device: cpu", "device: cuda"] {
        assert!(refused.contains(told), "{told}: {refused}");
    }
    if cfg!(feature = "emulate") {
        let planned = plan("emulator").stdout;
        assert!(planned.contains("on emulator activations and their gradients are stored as bf16"));
    }
}
