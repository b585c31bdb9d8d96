//! `sparring record` and `sparring data` through the binary: every family of envs gives its episodes again, sets of
//! others are read, and what is wrong has a name.

use crate::common;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::common::{Folder, sparring};
use serde_json::Value as Json;

/// A policy of a second, which gets better than random.
const SMALL: &str = "\
seeds: [1]
env: {id: Identity-v0, num_envs: 3}
train: {total_env_steps: 3_000}
eval: {every_env_steps: 300, episodes: 5}
agent: {kind: ppo, hidden: [16], rollout_steps: 50, epochs: 4, minibatch_size: 50, learning_rate: 5e-3}
sparsity: {kind: static, sparsity: 0.5}
";

fn record(folder: &Folder, args: &[&str], code: i32) -> common::Printed {
    sparring()
        .args(["record", "small.yaml"])
        .args(args)
        .current_dir(folder.path())
        .assert_code(code)
}

fn data(folder: &Folder, args: &[&str], code: i32) -> common::Printed {
    sparring().arg("data").args(args).current_dir(folder.path()).assert_code(code)
}

fn told(folder: &Folder, name: &str) -> Json {
    serde_json::from_str(&data(folder, &[name, "--json"], 0).stdout).unwrap()
}

/// The bytes of all files below a folder.
fn bytes(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    fn below(root: &Path, folder: &Path, all: &mut BTreeMap<PathBuf, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            match entry.is_dir() {
                true => below(root, &entry, all),
                false => {
                    let name = entry.strip_prefix(root).unwrap().to_path_buf();
                    all.insert(name, fs::read(&entry).unwrap());
                }
            }
        }
    }
    let mut all = BTreeMap::new();
    below(folder, folder, &mut all);
    all
}

/// The ids of an env of every family that this build has, each with an agent for it.
fn families() -> Vec<(&'static str, &'static str)> {
    let mut all = vec![
        ("Acrobot-v1", "dqn"),
        ("Pendulum-v1", "ppo"),
        ("MinAtar/Seaquest-v1", "dqn"),
        ("MinAtar/Five-v0", "dqn"),
        ("Recall-v0", "dqn"),
        ("IdentityBox-v0", "ppo"),
    ];
    if cfg!(feature = "mujoco") {
        all.extend([("Hopper-v5", "ppo"), ("Pusher-v5", "ppo")]);
    }
    if cfg!(feature = "atari") {
        all.extend([("ALE/Breakout-v5", "dqn")]);
    }
    if cfg!(feature = "gymnasium-rs") {
        all.extend([("gymnasium-rs/CartPole-v1", "dqn")]);
    }
    all
}

#[test]
fn every_family_of_envs_gives_its_episodes_again() {
    for (at, (env, agent)) in families().into_iter().enumerate() {
        let config = format!(
            "seeds: [{at}]\nenv: {{id: {env}}}\ntrain: {{total_env_steps: 10_000}}\n\
             eval: {{max_episode_steps: 60}}\nagent: {{kind: {agent}, hidden: [8]}}\nsparsity: {{kind: dense}}\n"
        );
        let folder = Folder::with("small.yaml", &config);
        let mut contents = Vec::new();
        for format in ["parquet", "hdf5"] {
            let out = format!("{format}-v0");
            let args = ["--at", "random", "--episodes", "3", "--out", &out, "--format", format];
            record(&folder, &args, 0);
            let told = told(&folder, &out);
            assert_eq!(told["replayed"]["equal"], 3, "{env}: {told}");
            assert_eq!(told["env"], env);
            contents.push(told["content"].clone());
        }
        assert_eq!(contents[0], contents[1], "{env}");
    }
}

/// Sticky actions, a start of random length and lives come from the seed, too.
#[test]
#[cfg(feature = "atari")]
fn options_of_an_env_are_part_of_its_set() {
    let config = "\
seeds: [1]
env: {id: ALE/Breakout-v5, options: {terminal_on_life_loss: true, noop_max: 30, repeat_action_probability: 0.5}}
train: {total_env_steps: 10_000}
eval: {max_episode_steps: 80}
agent: {kind: dqn, hidden: [8]}
sparsity: {kind: dense}
";
    let folder = Folder::with("small.yaml", config);
    record(&folder, &["--at", "random", "--episodes", "2", "--out", "a-v0"], 0);
    assert_eq!(told(&folder, "a-v0")["replayed"]["equal"], 2);
    let metadata = folder.read("a-v0/data/metadata.json");
    assert!(metadata.contains(r#"\"repeat_action_probability\": 0.5"#), "{metadata}");
}

#[test]
fn a_set_goes_by_config_and_seed_alone() {
    let folder = Folder::with("small.yaml", SMALL);
    let with = |out: &str, more: &[&str]| {
        let args = ["--at", "medium", "--episodes", "7", "--out", out];
        record(&folder, &[&args[..], more].concat(), 0);
        let mut all = bytes(&folder.path().join(out));
        // The identity of a job and its config tell the workers.
        for name in ["resolved.yaml", "sums.json", "data/metadata.json", "picture.png"] {
            all.remove(Path::new(name)).unwrap();
        }
        all
    };
    let once = with("a-v0", &[]);
    assert_eq!(once.len(), 2 + 2 * 7);
    assert!(once == with("b-v0", &["--set", "env.workers=2"]), "other bytes with workers");
    assert!(once != with("c-v0", &["--seed", "4"]), "the same bytes of another seed");
    record(&folder, &["--at", "medium", "--episodes", "7", "--out", "again/a-v0"], 2);
    fs::create_dir(folder.path().join("again")).unwrap();
    record(&folder, &["--at", "medium", "--episodes", "7", "--out", "again/a-v0"], 0);
    assert!(bytes(&folder.path().join("a-v0")) == bytes(&folder.path().join("again/a-v0")));
    assert!(folder.rests(".").is_empty());
}

#[test]
fn a_training_gives_its_policies_and_all_that_it_played() {
    let folder = Folder::with("small.yaml", SMALL);
    for (at, episodes) in [("random", 6), ("medium", 6), ("expert", 6)] {
        let out = format!("{at}-v0");
        record(&folder, &["--at", at, "--episodes", "6", "--out", &out], 0);
        let told = told(&folder, &out);
        assert_eq!(told["summary"]["episodes"], episodes);
        assert_eq!(told["replayed"]["equal"], episodes);
    }
    record(&folder, &["--at", "replay", "--out", "replay-v0"], 0);
    let replay = told(&folder, "replay-v0");
    let count = replay["summary"]["episodes"].as_u64().unwrap();
    let until = replay["recorded"]["env_steps"].as_u64().unwrap();
    assert!(replay["summary"]["steps"].as_u64().unwrap() <= until && count > 2, "{replay}");
    assert_eq!(replay["replayed"]["equal"], count);
    // The newest of them alone.
    record(&folder, &["--at", "replay", "--episodes", "2", "--out", "newest-v0"], 0);
    let last = |name: &str, at: u64| folder.read(&format!("{name}/data/{at}/metadata.json"));
    let seed = |text: &str| text.split("\"seed\"").nth(1).unwrap().to_owned();
    assert_eq!(seed(&last("newest-v0", 1)), seed(&last("replay-v0", count - 1)));
    // A run with the same seeds of episodes is the one that was recorded, and its policy can be recorded as well.
    let run = ["run", "small.yaml", "--out", "out", "--quiet", "--set", "env.seed_episodes=true"];
    sparring().args(run).current_dir(folder.path()).assert_code(0);
    let job = "out/base/seed-1";
    let args = ["record", job, "--at", "expert", "--episodes", "4", "--out", "job-v0"];
    sparring().args(args).current_dir(folder.path()).assert_code(0);
    assert_eq!(told(&folder, "job-v0")["replayed"]["equal"], 4);
    let again = format!("{job}/resolved.yaml");
    let args = ["record", &again, "--at", "replay", "--out", "again-v0"];
    sparring().args(args).current_dir(folder.path()).assert_code(0);
    assert_eq!(told(&folder, "again-v0")["content"], replay["content"]);
    let text = data(&folder, &["medium-v0", "--out", "medium.png"], 0).stdout;
    assert!(text.contains("of the way from random") && text.contains("median"), "{text}");
    assert!(fs::read(folder.path().join("medium.png")).unwrap().starts_with(b"\x89PNG"));
    assert!(folder.rests(".").is_empty());
}

#[test]
fn what_cannot_be_recorded_is_refused_and_leaves_nothing() {
    let folder = Folder::with("small.yaml", SMALL);
    fs::create_dir(folder.path().join("there-v0")).unwrap();
    let random = ["--at", "random", "--out"];
    for (args, found) in [
        (vec!["there-v0"], "a file or folder that is there already"),
        (vec!["nowhere/a-v0"], "no folder nowhere"),
        (vec!["plain"], "a name and a version"),
        (vec!["a-v0", "--episodes", "0"], "at least 1"),
        (vec!["a-v0", "--acting", "greedy"], "--at medium or --at expert"),
        (
            vec![
                "a-v0",
                "--set",
                "env.mode=async",
                "--set",
                "env.batch=2",
                "--set",
                "env.workers=1",
            ],
            "sync",
        ),
        (vec!["a-v0", "--variant", "rigl"], "no variant of this name"),
    ] {
        let said = record(&folder, &[&random[..], &args].concat(), 2).stderr;
        assert!(said.contains(found), "{args:?}: {said}");
    }
    // Its rewards go by no action.
    let args = ["--at", "medium", "--out", "a-v0", "--set", "env.id=Counter-v0"];
    let said = record(&folder, &args, 2).stderr;
    assert!(said.contains("a run that gets better than random"), "{said}");
    let folder_of = ["record", "there-v0", "--at", "medium", "--out", "a-v0"];
    let said = sparring().args(folder_of).current_dir(folder.path()).assert_code(2).stderr;
    assert!(said.contains("--at expert"), "{said}");
    assert_eq!(folder.names(), ["small.yaml", "there-v0"]);
}

#[test]
fn a_picture_takes_no_other_files_place() {
    let folder = Folder::with("small.yaml", SMALL);
    record(&folder, &["--at", "random", "--episodes", "2", "--out", "a-v0"], 0);
    let before = folder.read("a-v0/data/metadata.json");
    for out in ["a-v0/data/metadata.json", "small.yaml"] {
        let args = ["data", "a-v0", "--out", out];
        let said = sparring().args(args).current_dir(folder.path()).assert_code(2).stderr;
        assert!(said.contains("ends in .png"), "{said}");
    }
    assert_eq!(folder.read("a-v0/data/metadata.json"), before);
    assert_eq!(folder.read("small.yaml"), SMALL);
}

/// The names of folders that are not whole yet.
fn half_written(folder: &Folder) -> Vec<String> {
    folder.names().into_iter().filter(|name| name.ends_with(".tmp")).collect()
}

#[test]
#[cfg(unix)]
fn a_stop_leaves_nothing_half_written() {
    let folder = Folder::with("small.yaml", SMALL);
    let args = ["record", "small.yaml", "--at", "random", "--episodes", "20000", "--out", "a-v0"];
    let mut child = sparring().args(args).current_dir(folder.path()).spawn();
    common::wait_for(|| !half_written(&folder).is_empty());
    // SAFETY: it sends a signal to a process of this test.
    unsafe { libc::kill(child.id() as libc::pid_t, libc::SIGTERM) };
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(folder.names(), ["small.yaml"]);
}

/// The sets of others, made by `check_data.py --fixtures`, in a folder of the test.
fn fixtures() -> Folder {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data_sets");
    let folder = Folder::new();
    for (name, content) in bytes(&from) {
        let to = folder.path().join(&name);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        if name.extension().is_some_and(|ending| ending == "gz") {
            let mut unpacked = Vec::new();
            flate2::read::GzDecoder::new(&content[..]).read_to_end(&mut unpacked).unwrap();
            fs::write(to.with_extension(""), unpacked).unwrap();
        } else {
            fs::write(to, content).unwrap();
        }
    }
    folder
}

#[test]
fn sets_of_minari_and_of_d4rl_are_read() {
    let folder = fixtures();
    let content: BTreeMap<String, String> =
        serde_json::from_str(&folder.read("content.json")).unwrap();
    assert_eq!(content.len(), 6);
    for (name, content) in &content {
        let told = told(&folder, name);
        assert_eq!(told["content"], content.as_str(), "{name}");
        assert_eq!(told["replayed"]["not"], "recorded by others", "{name}");
    }
    let minari = told(&folder, "hdf5-v0");
    assert_eq!((&minari["env"], &minari["format"]), (&"CartPole-v1".into(), &"hdf5".into()));
    assert_eq!(minari["summary"]["ends"]["truncated"], 12);
    let flat = told(&folder, "flat.hdf5");
    assert_eq!(
        flat["summary"]["ends"],
        serde_json::json!({"terminated": 1, "truncated": 2, "open": 0})
    );
    assert_eq!(flat["env"], Json::Null);
}

#[test]
fn a_set_that_is_wrong_is_named() {
    let folder = fixtures();
    for (args, found) in [
        (vec!["nan.hdf5"], "episode 1\n  found    the observation of step 1 is NaN"),
        (vec!["parquet-v0", "--env", "Acrobot-v1"], "a set of CartPole-v1"),
        (vec!["flat.hdf5", "--env", "Pendulum-v1"], "actions"),
        (vec!["nowhere-v0"], "nothing there"),
        (vec!["content.json"], "neither"),
    ] {
        let said = data(&folder, &args, 2).stderr;
        assert!(said.contains(found), "{args:?}: {said}");
    }
    // Of another env than it says.
    let path = folder.path().join("parquet-v0/data/metadata.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("CartPole-v1", "Acrobot-v1")).unwrap();
    let said = data(&folder, &["parquet-v0"], 2).stderr;
    assert!(said.contains("those of Acrobot-v1"), "{said}");
    // Fewer steps than it says.
    fs::write(&path, text.replace("\"total_steps\": 8", "\"total_steps\": 9")).unwrap();
    let said = data(&folder, &["parquet-v0"], 2).stderr;
    assert!(said.contains("9, where the episodes have 8"), "{said}");
}

/// Rewards that do not come again are told with their episode and step.
#[test]
fn a_set_that_does_not_come_again_is_named() {
    let folder = Folder::with("small.yaml", SMALL);
    let args =
        ["--at", "random", "--episodes", "2", "--out", "a-v0", "--set", "env.id=CartPole-v1"];
    record(&folder, &args, 0);
    fs::remove_file(folder.path().join("a-v0/sums.json")).unwrap();
    let about = folder.path().join("a-v0/data/1/metadata.json");
    let text = fs::read_to_string(&about).unwrap();
    let seed = text.split("\"seed\": ").nth(1).unwrap().split('\n').next().unwrap();
    fs::write(&about, text.replace(seed, "5")).unwrap();
    let said = data(&folder, &["a-v0"], 2).stderr;
    assert!(
        said.contains("episode 1: played again") && said.contains("first observation"),
        "{said}"
    );
    data(&folder, &["a-v0", "--no-replay"], 0);
}
