//! What a terminal and a program are told: completions, the manual page, a config to begin with, what a machine has.

use std::fs;

use crate::common::{Folder, sparring};
use serde_json::Value as Json;

#[test]
fn shells_and_man_know_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = sparring().args(["completions", shell]).assert_code(0).stdout;
        for word in ["export", "record", "quiet"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    let page = sparring().arg("man").assert_code(0).stdout;
    assert!(page.starts_with(".") && page.contains(".SH SPARRING EXPORT"), "{page}");
    assert!(!page.contains("SPARRING TASK"));
}

#[test]
fn a_config_to_begin_with_runs() {
    let folder = Folder::new();
    let at =
        |args: &[&str], code| sparring().args(args).current_dir(folder.path()).assert_code(code);
    let told = at(&["init", "Identity-v0", "ppo", "--out", "mine.yaml"], 0).stderr;
    assert!(told.contains("sparring plan mine.yaml"), "{told}");
    let plan = at(&["plan", "mine.yaml"], 0).stdout;
    assert!(plan.contains("rigl") && plan.contains("20 jobs"), "{plan}");
    let short = ["--set", "train.total_env_steps=2_048", "--set", "eval.episodes=2"];
    let run = ["run", "mine.yaml", "--variant", "rigl", "--seeds", "1", "--quiet"];
    at(&[&run[..], &short[..]].concat(), 0);
    let status = at(&["status", "out/identity-v0-ppo", "--json"], 0).stdout;
    let status: Json = serde_json::from_str(&status).unwrap();
    assert_eq!(
        (&status["jobs"][0]["state"], &status["jobs"][0]["steps"]),
        (&"finished".into(), &2_048.into())
    );
    let again = at(&["init", "Identity-v0", "--out", "mine.yaml"], 2).stderr;
    assert!(again.contains("there already"), "{again}");
    let nowhere = at(&["init", "Identity-v0", "--out", "none/mine.yaml"], 2).stderr;
    assert!(nowhere.contains("mkdir -p none"), "{nowhere}");
    let unknown = at(&["init", "Identity-v1"], 2).stderr;
    assert!(unknown.contains("Identity-v0"), "{unknown}");
    assert!(fs::read_to_string(folder.path().join("mine.yaml")).unwrap().contains("# num_envs: 1"));
}

#[test]
fn a_doctor_tells_what_there_is_and_what_to_do() {
    let told: Json =
        serde_json::from_str(&sparring().args(["doctor", "--json"]).assert_code(0).stdout).unwrap();
    let found =
        |what: &str| told.as_array().unwrap().iter().find(|one| one["what"] == what).cloned();
    for what in [
        "sparring",
        "processor",
        "products",
        "memory free",
        "this folder",
        "mujoco",
        "atari",
        "cuda",
        "hnsw",
    ] {
        assert!(found(what).is_some(), "{what}: {told}");
    }
    assert_eq!(found("this folder").unwrap()["found"], "can be written to");
    let table = sparring().arg("doctor").assert_code(0).stdout;
    assert!(table.contains("temporary files"), "{table}");
}

#[test]
fn a_submission_without_slurm_touches_nothing() {
    let text = "env: {id: Identity-v0}\nname: kept\ntrain: {total_env_steps: 600}\n\
         eval: {every_env_steps: 300, episodes: 2}\nsparsity: {kind: dense}\n\
         agent: {kind: dqn, hidden: [8], warmup_env_steps: 50}\n";
    let folder = Folder::with("kept.yaml", text);
    let at = |args: &[&str], code| {
        let run = sparring().args(args).env("PATH", folder.path()).current_dir(folder.path());
        run.assert_code(code).stderr
    };
    at(&["run", "kept.yaml", "--quiet"], 0);
    let job = folder.path().join("out/kept/base/seed-1/status.yaml");
    let before = fs::read_to_string(&job).unwrap();
    for changed in
        [&["submit", "kept.yaml", "--set", "agent.hidden=[9]"][..], &["submit", "out/kept"]]
    {
        let told = at(changed, 2);
        assert!(told.contains("Slurm is not on") && told.contains("sparring run"), "{told}");
    }
    assert_eq!(fs::read_to_string(&job).unwrap(), before);
    assert!(!folder.path().join("out/kept/earlier").exists());
    assert!(!folder.path().join("out/kept/slurm").exists());
}
