//! Every kind of mistake in a config or on the command line, through the binary: exit code 2, a
//! message in four parts at the right line, and nothing written.

mod cases;
mod schema;

use crate::common::{Folder, sparring};
use cases::{ACTOR_CRITIC, ACTOR_CRITIC_CASES, CASES, Case, GOOD};

#[test]
fn mistakes_in_an_agent_with_several_networks_are_answered_too() {
    for Case { what, replace: (old, new), place, found, allowed, hint } in ACTOR_CRITIC_CASES {
        let broken = ACTOR_CRITIC.replacen(old, new, 1);
        assert_ne!(&broken, ACTOR_CRITIC, "{what}");
        let folder = Folder::with("broken.yaml", &broken);
        let run = sparring().args(["run", "broken.yaml"]).current_dir(folder.path()).assert_code(2);
        assert_four_parts(what, &run.stderr, place, [found, allowed, hint]);
        assert_eq!(folder.names(), ["broken.yaml"], "{what}");
    }
    let folder = Folder::with("good.yaml", ACTOR_CRITIC);
    let plan = sparring().args(["plan", "good.yaml"]).current_dir(folder.path()).assert_code(0);
    for network in ["actor", "critic.1", "critic.2"] {
        assert!(plan.stdout.contains(network), "{}", plan.stdout);
    }
}

fn assert_four_parts(what: &str, stderr: &str, place: &str, parts: [&str; 3]) {
    let lines: Vec<_> = stderr.lines().collect();
    assert_eq!(lines.len(), 4, "{what}: four lines\n{stderr}");
    assert!(
        lines[0].starts_with("error: ") && lines[0].ends_with(place),
        "{what}: {place}\n{stderr}"
    );
    for ((line, name), part) in lines[1..].iter().zip(["found", "allowed", "try"]).zip(parts) {
        assert!(line.trim_start().starts_with(name), "{what}: {name}\n{stderr}");
        assert!(line.contains(part), "{what}: {name} has {part}\n{stderr}");
    }
}

#[test]
fn the_good_config_is_good() {
    let folder = Folder::with("good.yaml", GOOD);
    sparring().args(["plan", "good.yaml"]).current_dir(folder.path()).assert_code(0);
}

#[test]
fn every_mistake_is_answered_in_four_parts_and_writes_nothing() {
    for Case { what, replace: (old, new), place, found, allowed, hint } in CASES {
        assert!(GOOD.contains(old), "{what}");
        let folder = Folder::with("bad.yaml", &GOOD.replacen(old, new, 1));
        let run = sparring().args(["run", "bad.yaml"]).current_dir(folder.path()).assert_code(2);
        assert_four_parts(what, &run.stderr, &format!("bad.yaml{place}"), [found, allowed, hint]);
        assert_eq!(folder.names(), ["bad.yaml"], "{what}");
        let plan = sparring().args(["plan", "bad.yaml"]).current_dir(folder.path()).assert_code(2);
        assert_eq!(plan.stderr, run.stderr, "{what}");
    }
}

#[test]
#[cfg(not(feature = "mujoco"))]
fn an_env_whose_feature_is_not_in_the_build() {
    let folder = Folder::with("bad.yaml", &GOOD.replacen("CartPole-v1", "Ant-v5", 1));
    let run = sparring().args(["run", "bad.yaml"]).current_dir(folder.path()).assert_code(2);
    let parts = [
        "Ant-v5, which needs the feature mujoco",
        "an env that this build has",
        "scripts/fetch-simulators, then build with `cargo build --release --features mujoco`",
    ];
    assert_four_parts("feature", &run.stderr, "bad.yaml:3: env.id", parts);
    let list = sparring().args(["list", "envs"]).assert_code(0).stdout;
    let line = list.lines().find(|line| line.starts_with("Ant-v5 ")).unwrap();
    assert!(line.contains("feature mujoco, not in this build"), "{line}");
    assert!(list.contains("For the feature mujoco: run scripts/fetch-simulators"), "{list}");
}

#[test]
fn a_variant_equal_to_the_base() {
    let text = "env: {id: CartPole-v1}\nsparsity: {kind: dense}\nvariants:\n  same: {sparsity: {kind: dense}}\n";
    let folder = Folder::with("bad.yaml", text);
    let run = sparring().args(["run", "bad.yaml"]).current_dir(folder.path()).assert_code(2);
    let parts = ["same, which is equal to the base", "differ", "change a key"];
    assert_four_parts("base", &run.stderr, "bad.yaml:4: variants.same", parts);
    // Where it is written as such it is a control.
    let control = "env: {id: CartPole-v1}\nsparsity: {kind: dense}\nvariants:\n  base: {}\n  static: {sparsity: {kind: static, sparsity: 0.9}}\n";
    let folder = Folder::with("good.yaml", control);
    let plan = sparring().args(["plan", "good.yaml"]).current_dir(folder.path()).assert_code(0);
    assert!(plan.stdout.contains("2 jobs"), "{}", plan.stdout);
}

#[test]
fn files_that_are_no_configs() {
    let folder = Folder::with("empty.yaml", "# nothing here\n");
    let empty = sparring().args(["run", "empty.yaml"]).current_dir(folder.path()).assert_code(2);
    assert_four_parts("empty", &empty.stderr, "empty.yaml", ["empty", "a config", "quickstart"]);
    let none = sparring().args(["run", "none.yaml"]).current_dir(folder.path()).assert_code(2);
    let parts = ["No such file", "readable", "path"];
    assert_four_parts("none", &none.stderr, "none.yaml", parts);
    assert_eq!(folder.names(), ["empty.yaml"]);
    for (text, found) in [("- a\n", "a list of 1"), ("3\n", "3")] {
        let folder = Folder::with("other.yaml", text);
        let other =
            sparring().args(["run", "other.yaml"]).current_dir(folder.path()).assert_code(2);
        let first: Vec<&str> = other.stderr.lines().take(4).collect();
        let parts = [found, "a section of keys", "keys such as env"];
        assert_four_parts(found, &first.join("\n"), "other.yaml: the file", parts);
    }
}

#[test]
fn the_mark_of_an_encoding_is_no_part_of_a_config() {
    let folder = Folder::with("good.yaml", &format!("\u{feff}{GOOD}"));
    sparring().args(["plan", "good.yaml"]).current_dir(folder.path()).assert_code(0);
}

#[test]
fn arguments_are_checked_like_the_file() {
    let folder = Folder::with("good.yaml", GOOD);
    let cases: [(&[&str], &str, [&str; 3]); 12] = [
        (
            &["--set", "variants.rgl=null"],
            "--set variants.rgl=null",
            ["no variants.rgl", "one that the config has: dense, rigl", "rigl"],
        ),
        (
            &["--set", "agent.lr=1"],
            "--set agent.lr=1: agent.lr",
            ["unknown key lr", "learning_rate", ""],
        ),
        (
            &["--set", "agent.learning_rate=-1"],
            "--set agent.learning_rate=-1: agent.learning_rate",
            ["-1", "above 0", "default"],
        ),
        (
            &["--set", "sparsity.kind=dense"],
            "--set sparsity.kind=dense: sparsity.kind",
            ["overrules", "at least one job", "variants.<name>.sparsity.kind"],
        ),
        (
            &["--set", "variants.rgl.sparsity.kind=set"],
            "--set variants.rgl.sparsity.kind=set",
            ["unknown variant rgl", "one of dense, rigl", "rigl"],
        ),
        (&["--set", "agent.hidden"], "--set agent.hidden", ["no = sign", "key=value", "--set"]),
        (&["--set", "env..id=1"], "--set env..id=1", ["env..id", "path of keys", "--set"]),
        (
            &["--assert", "rgl.return>=1"],
            "--assert 'rgl.return>=1'",
            ["unknown variant rgl", "rigl", ""],
        ),
        (
            &["--set", "agent.replay_capacity=1e12"],
            "good.yaml: memory",
            ["GiB for", "this machine has free", "agent.replay_capacity"],
        ),
        (
            &["--set", "env.num_envs=1e12"],
            "good.yaml: memory",
            ["GiB for", "this machine has free", "env.num_envs"],
        ),
        (
            &["--set", "eval.episodes=1e12", "--set", "eval.num_envs=1e12"],
            "good.yaml: memory",
            ["GiB for", "this machine has free", "env.num_envs"],
        ),
        (
            &["--set", "agent.n_step=1e12"],
            "good.yaml: memory",
            ["GiB for", "this machine has free", ""],
        ),
    ];
    for (args, place, parts) in cases {
        let run = sparring()
            .args(["run", "good.yaml"])
            .args(args)
            .current_dir(folder.path())
            .assert_code(2);
        assert_four_parts(&args.join(" "), &run.stderr, place, parts);
    }
    for args in [["--seeds", "1,1"], ["--jobs", "0"], ["--assert", "reward>1"]] {
        sparring().args(["run", "good.yaml"]).args(args).current_dir(folder.path()).assert_code(2);
    }
    assert_eq!(folder.names(), ["good.yaml"]);
}
