//! What is shown before anything is trained: plans of configs, and the tables of what there is.

use crate::common::{Folder, config, sparring};
use crate::run::SMALL;

/// The weights of the first hidden layer as `sparring plan` has them.
fn planned(folder: &Folder, sets: &[&str]) -> String {
    let sets = sets.iter().flat_map(|set| ["--set", set]);
    let args = ["plan", "small.yaml", "--variant", "dense"].into_iter().chain(sets);
    let plan = sparring().args(args).current_dir(folder.path()).assert_code(0).stdout;
    let row = plan.lines().find(|line| line.contains(" hidden.0 ")).unwrap();
    row.split_whitespace().nth(2).unwrap().to_owned()
}

#[test]
fn networks_have_the_widths_that_they_are_given() {
    let folder = Folder::with("small.yaml", SMALL);
    let plan = |sets: &[&str]| planned(&folder, sets);
    // `null` unsays.
    let inputs: usize = plan(&["agent.hidden=[1]"]).parse().unwrap();
    assert_eq!(plan(&["agent.hidden=[20]"]), (20 * inputs).to_string());
    let network = "agent.network={kind: mlp, hidden: [20], width: 0.49}";
    assert_eq!(plan(&["agent.hidden=null", network]), (9 * inputs).to_string());
    assert_eq!(plan(&["agent.hidden=[20]", "agent.network=null"]), (20 * inputs).to_string());
    let sac = ["agent.kind=sac", "env.id=IdentityBox-v0", "agent.discount=0.9"];
    let of = |more: &[&str]| plan(&[&sac[..], more].concat()).parse::<usize>().unwrap();
    assert_eq!(of(&["agent.width=0.5"]) * 2, of(&[]));
    assert_eq!(of(&["agent.width=0.5", "agent.actor_width=2"]), of(&[]) * 2);
    assert_eq!(of(&["agent.critic_width=0.5"]), of(&[]));
}

#[test]
fn plan_and_list_write_nothing() {
    let folder = Folder::with("small.yaml", SMALL);
    let args = ["plan", "small.yaml", "--seeds", "1..3", "--jobs", "2"];
    let plan = sparring().args(args).current_dir(folder.path()).assert_code(0);
    assert!(plan.stdout.contains("6 jobs, 2 at once"), "{}", plan.stdout);
    assert!(plan.stdout.contains("hidden.0"), "{}", plan.stdout);
    // Seeds are one row, and how long it takes is measured where that is asked for.
    assert_eq!(plan.stdout.matches("1..3").count(), 2, "{}", plan.stdout);
    let timed = [&args[..], &["--time"]].concat();
    let timed = sparring().args(timed).current_dir(folder.path()).assert_code(0);
    assert!(timed.stdout.contains(" GiB, about 0:"), "{}", timed.stdout);
    for (what, part) in [("envs", "CartPole-v1 "), ("methods", "rigl "), ("agents", "dqn ")] {
        let list = sparring().args(["list", what]).current_dir(folder.path()).assert_code(0);
        assert!(list.stdout.contains(part), "{}", list.stdout);
    }
    assert_eq!(folder.names(), ["small.yaml"]);
}

#[test]
fn what_a_device_does_not_train_is_refused_before_anything_runs() {
    let folder = Folder::with("small.yaml", SMALL);
    for command in ["plan", "run"] {
        let refused = |set: &[&str], parts: [&str; 2]| {
            let args = [&[command, "small.yaml", "--set", "train.device=cuda"], set].concat();
            let told = sparring().args(args).current_dir(folder.path()).assert_code(2).stderr;
            assert!(parts.iter().all(|part| told.contains(part)), "{told}");
        };
        refused(
            &["--set", "agent.hidden=[8, 8]", "--set", "agent.algebra={kind: h}"],
            ["agent.algebra", "an algebra, on cuda"],
        );
        let nec = "agent={kind: nec, warmup_env_steps: 100}";
        refused(&["--set", nec], ["agent.kind", "nec of "]);
    }
    assert_eq!(folder.names(), ["small.yaml"]);
}

#[test]
fn a_word_or_number_too_many_is_refused() {
    for (args, part) in [
        (&["list", "envs", "CartPole-v1"][..], "a second word with keys alone"),
        (&["plan", "a.yaml", "--seeds", "-1"], "write whole numbers"),
        (&["run", "a.yaml", "--jobs", "-1"], "write a whole number of at least 1"),
        (&["submit", "a.yaml", "--chunk", "0"], "write a whole number of at least 1"),
        (&["submit", "a.yaml", "--at-most", "0"], "write a whole number of at least 1"),
    ] {
        let told = sparring().args(args).assert_code(2).stderr;
        assert!(told.contains(part), "{told}");
    }
}

#[test]
fn every_config_of_the_repository_is_good() {
    let folder = Folder::new();
    let mut found = 0;
    let all_built = cfg!(feature = "mujoco") && cfg!(feature = "atari");
    for part in [".", "smoke", "classic", "suites", "paper"] {
        for entry in std::fs::read_dir(config(part)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "yaml") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let simulated =
                text.contains("ALE/") || text.contains("HalfCheetah") || text.contains("Walker2d");
            let plan =
                sparring().args(["plan", "--jobs", "1"]).arg(&path).current_dir(folder.path());
            if all_built || !simulated {
                plan.assert_code(0);
            } else if !cfg!(feature = "mujoco") && !cfg!(feature = "atari") {
                let refused = plan.assert_code(2).stderr;
                assert!(refused.contains("which needs the feature"), "{refused}");
            }
            assert!(text.starts_with("# "), "{} says what it is for", path.display());
            found += 1;
        }
    }
    assert!(found >= 30, "{found}");
}
