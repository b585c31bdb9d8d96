//! Claims: what of planted returns is held, not held or undecided, and what is said where nothing is.

use crate::common::{Folder, sparring};
use crate::report::{CONFIG, json, notes, plant, planted, report, run};
use serde_json::Value as Json;

const CLAIMS: &str = "
claims:
  better: {says: SET beats dense, pairs: [[set, dense]], difference: {at_least: 0}}
  worse: {says: dense beats SET, pairs: [[dense, set]], difference: {at_least: 0}}
  equal: {says: they are alike, pairs: [[set, dense]], ratio: {within: 0.01}, paper: they are}
  smaller: {says: SET has fewer weights, pairs: [[set, dense]], of: active, ratio: {at_most: 0.8}}
";

#[test]
fn a_claim_is_judged_by_its_interval_and_turns_with_what_is_planted() {
    let folder = planted();
    std::fs::write(folder.path().join("duel.yaml"), format!("{CONFIG}{CLAIMS}")).unwrap();
    run(&folder, "claimed", &["--set", "normalise={Chain-v0: {low: 0, high: 10}}"]);
    let verdicts = |sets: [f64; 3], dense: [f64; 3]| {
        for (seed, (set, dense)) in (1..).zip(sets.iter().zip(&dense)) {
            plant(&folder, &format!("claimed/dense/seed-{seed}"), &[0.0, *dense]);
            plant(&folder, &format!("claimed/set/seed-{seed}"), &[0.0, *set]);
        }
        let told = json(&folder, &["claimed"]);
        let all = told["claims"].as_array().unwrap().clone();
        assert_eq!(all.len(), 4);
        let verdict = |name: &str| {
            let claim = all.iter().find(|claim| claim["name"] == name).unwrap();
            claim["verdict"]["is"].as_str().unwrap().to_owned()
        };
        ["better", "worse", "equal", "smaller"].map(verdict)
    };
    let better = verdicts([11.0, 21.0, 31.0], [10.0, 20.0, 30.0]);
    assert_eq!(better, ["held", "not_held", "not_held", "held"]);
    // The contradiction: what was held is not any more.
    let worse = verdicts([9.0, 19.0, 29.0], [10.0, 20.0, 30.0]);
    assert_eq!(worse, ["not_held", "held", "not_held", "held"]);
    let noisy = verdicts([9.0, 21.0, 31.0], [10.0, 20.0, 30.0]);
    assert_eq!(noisy, ["undecided", "undecided", "undecided", "held"]);
    let text = report(&folder, &["claimed"]).stdout;
    assert!(text.contains("undecided, about ") && text.contains("SET beats dense"), "{text}");
    let page = folder.read("claimed/report/index.html");
    assert!(page.contains("id=\"claims\"") && page.contains("they are alike"));
}

#[test]
fn what_was_not_said_before_is_judged_from_a_file() {
    let folder = planted();
    let write = |text: &str| std::fs::write(folder.path().join("said.yaml"), text).unwrap();
    let said = ["--claims", "said.yaml", "--normalise", "Chain-v0=0..10"];
    write(CLAIMS);
    let told = json(&folder, &[&["a"], &said[..]].concat());
    let verdicts: Vec<_> =
        told["claims"].as_array().unwrap().iter().map(|claim| &claim["verdict"]["is"]).collect();
    // In the order of their names: better, equal, smaller, worse.
    assert_eq!(verdicts, ["held", "not_held", "held", "not_held"]);
    let page = folder.path().join("a/report/index.html");
    report(&folder, &[&["a"], &said[..]].concat());
    assert!(std::fs::read_to_string(page).unwrap().contains("--claims said.yaml"));
    for (text, parts) in [
        (
            "claims: {better: {says: b, pairs: [[sett, dense]], ratio: {at_least: 1}}}",
            ["claims.better.pairs: sett", "try      set"],
        ),
        (
            "claims: {better: {says: b, pairs: [[set, dense]]}}",
            ["said.yaml:1: claims.better", "neither ratio nor difference"],
        ),
        ("name: none", ["said.yaml", "claims"]),
        ("clams: {}\nclaims: {}", ["said.yaml:1: clams", "try      claims"]),
        (
            "claims: {better: {says: b, pairs: [[set, set]], difference: {at_least: 0}}}",
            ["set beside itself", "two variants"],
        ),
        (
            "claims: {better: {says: b, pairs: [[set, dense]], ratio: {at_least: -3}}}",
            ["found    -3", "not below 0"],
        ),
        (
            "claims: {better: {says: b, pairs: [[set, dense]], ratio: {at_least: .nan}}}",
            ["claims.better.ratio", "a finite number"],
        ),
        (
            "claims: {better: {says: b, of: {metric: 3}, pairs: [[set, dense]], ratio: {at_least: 1}}}",
            ["claims.better.of.metric", "a tag of metrics.csv"],
        ),
        (
            "claims: {better: {says: b, of: {kept: {of: {x: 1}}}, pairs: [[set, dense]], ratio: {at_least: 1}}}",
            ["claims.better.of.kept", "under and of"],
        ),
        ("claims: {}", ["said.yaml:1: claims", "allowed"]),
    ] {
        write(text);
        let args = ["report", "a", "--claims", "said.yaml"];
        let told = sparring().args(args).current_dir(folder.path()).assert_code(2).stderr;
        assert!(parts.iter().all(|part| told.contains(part)), "{told}");
    }
}

#[test]
fn a_task_with_more_seeds_weighs_no_more_than_others() {
    let text = format!("{CONFIG}sweep: {{env.id: [Chain-v0, CartPole-v0]}}\n{CLAIMS}");
    let folder = Folder::with("duel.yaml", &text);
    let normalise = "normalise={Chain-v0: {low: 0, high: 10}, CartPole-v0: {low: 0, high: 10}}";
    run(&folder, "a", &["--set", normalise]);
    // As far ahead on the one as behind on the other.
    for (env, set) in [("Chain-v0", 7.5), ("CartPole-v0", 2.5)] {
        for seed in 1..=3 {
            plant(&folder, &format!("a/set,id={env}/seed-{seed}"), &[0.0, set]);
            plant(&folder, &format!("a/dense,id={env}/seed-{seed}"), &[0.0, 5.0]);
        }
    }
    let told = |folder: &Folder| {
        let told = json(folder, &["a"]);
        let of = |all: &str, key: &str, name: &str| {
            let all = told[all].as_array().unwrap().clone();
            all.into_iter().find(|one| one[key] == name).unwrap()
        };
        let better = of("claims", "name", "better");
        let set = of("over_tasks", "group", "set");
        assert_eq!(better["estimate"]["value"], 0.0, "{better}");
        assert_eq!((&better["pairs"], &better["paired"]), (&2.into(), &true.into()), "{better}");
        assert_eq!(set["iqm"]["value"], 0.5, "{set}");
        (better["seeds"].clone(), better["left_out"].clone(), notes(&told))
    };
    let (seeds, left_out, before) = told(&folder);
    assert_eq!((seeds, left_out), (3.into(), 0.into()));
    assert!(!before.contains("has more seeds than the rest"), "{before}");
    std::fs::remove_dir_all(folder.path().join("a/set,id=CartPole-v0/seed-3")).unwrap();
    let (seeds, left_out, after) = told(&folder);
    assert_eq!((seeds, left_out), (2.into(), 3.into()));
    assert!(after.contains("the claim better, "), "{after}");
    assert!(after.contains("set: some of what is compared has more seeds"), "{after}");
}

#[test]
fn what_the_interquartile_mean_drops_the_mean_tells() {
    let claims = "claims:
  sign: {says: b, pairs: [[set, dense]], difference: {at_least: 0}}
  margin: {says: b, pairs: [[set, dense]], difference: {within: 0.2}}
";
    let text = format!("{CONFIG}sweep: {{env.id: [Chain-v0, CartPole-v0, CartPole-v1]}}\n{claims}");
    let folder = Folder::with("duel.yaml", &text);
    run(&folder, "a", &[]);
    for (env, set) in [("Chain-v0", 0.0), ("CartPole-v0", 6.0), ("CartPole-v1", 7.0)] {
        for seed in 1..=3 {
            plant(&folder, &format!("a/set,id={env}/seed-{seed}"), &[0.0, set]);
            plant(&folder, &format!("a/dense,id={env}/seed-{seed}"), &[0.0, 4.5]);
        }
    }
    let told = |scales: &[&str]| {
        let told = json(&folder, &[&["a"], scales].concat());
        let all = told["claims"].as_array().unwrap().clone();
        let of = |name| all.iter().find(|claim| claim["name"] == name).unwrap().clone();
        (of("sign"), of("margin"), notes(&told))
    };
    let (sign, margin, notes) = told(&[]);
    // Of the range of what is compared the sign can be asked, and no share.
    assert_ne!(sign["verdict"]["is"], "open");
    assert_eq!(margin["verdict"]["is"], "open", "{margin}");
    assert!(notes.contains("the claim margin is open") && notes.contains("normalise"), "{notes}");
    let scales = ["Chain-v0=0..10", "CartPole-v0=0..10", "CartPole-v1=0..10"];
    let scales: Vec<&str> = scales.iter().flat_map(|scale| ["--normalise", scale]).collect();
    let (sign, margin, notes) = told(&scales);
    // Of nine values the middle five are 0, 0.6 three times and 0.7.
    let value = |of: &Json| (of["value"].as_f64().unwrap() * 1e3).round();
    assert_eq!((value(&sign["estimate"]), &sign["verdict"]["is"]), (50.0, &"held".into()));
    let by_mean = &sign["by_mean"];
    assert_eq!(
        (value(&by_mean["estimate"]), &by_mean["verdict"]["is"]),
        (-17.0, &"not_held".into())
    );
    assert_eq!(
        (&margin["verdict"], &margin["by_mean"]["verdict"]["is"]),
        (&margin["by_mean"]["verdict"], &"held".into())
    );
    assert!(
        notes.contains("the claim sign is held by")
            && notes.contains("not held by the mean: -0.01"),
        "{notes}"
    );
    assert!(!notes.contains("the claim margin"), "{notes}");
}

/// The claims of a file, by name.
fn judged(folder: &Folder, runs: &[&str], claims: &str) -> Json {
    std::fs::write(folder.path().join("said.yaml"), claims).unwrap();
    let said = ["--claims", "said.yaml", "--normalise", "Chain-v0=0..10"];
    let told = json(folder, &[runs, &said[..]].concat());
    let all = told["claims"].as_array().unwrap().iter();
    all.map(|claim| (claim["name"].as_str().unwrap().to_owned(), claim.clone())).collect()
}

#[test]
fn a_pair_told_twice_is_no_second_sample() {
    let folder = planted();
    plant(&folder, "a/set/seed-1", &[0.0, 2.0]);
    let claims = "claims:
  once: {says: b, pairs: [[set, dense]], difference: {at_least: 0}}
  often: {says: b, pairs: [[set, dense], [set, dense], [set, dense]], difference: {at_least: 0}}
  mirrored: {says: b, pairs: [[dense, set]], difference: {at_most: 0}}";
    let told = judged(&folder, &["a"], claims);
    assert_eq!(told["once"]["estimate"], told["often"]["estimate"]);
    assert_eq!((&told["often"]["pairs"], &told["once"]["pairs"]), (&1.into(), &1.into()));
    let ends = |name: &str, end: &str| told[name]["estimate"]["interval"][end].as_f64().unwrap();
    assert_eq!(ends("once", "low"), -ends("mirrored", "high"));
    assert_eq!(told["once"]["verdict"], told["mirrored"]["verdict"]);
}

#[test]
fn of_several_runs_each_cell_stands_beside_one_of_its_own() {
    let folder = planted();
    run(&folder, "b", &["--set", "agent.batch_size=4"]);
    for seed in 1..=3 {
        plant(&folder, &format!("b/dense/seed-{seed}"), &[0.0, 500.0]);
        plant(&folder, &format!("b/set/seed-{seed}"), &[0.0, 499.0]);
    }
    let claims = "claims: {same: {says: b, pairs: [[set, dense]], difference: {within: 0.11}}}";
    for runs in [["a", "b"], ["b", "a"]] {
        let told = judged(&folder, &runs, claims);
        assert_eq!(told["same"]["pairs"], 2, "{told:#}");
        assert_eq!(told["same"]["verdict"]["is"], "held", "{told:#}");
        let told = json(&folder, &[&runs[..], &["--baseline", "dense"]].concat());
        let of = |label: &str| {
            let all = told["variants"].as_array().unwrap();
            let found = all.iter().find(|one| one["variant"] == label);
            found.unwrap_or_else(|| panic!("no {label} in {told:#}"))["difference"].clone()
        };
        assert_eq!((of("a: set"), of("b: set")), (1.0.into(), (-1.0).into()));
    }
    let told = json(&folder, &["a", "b", "--baseline", "b: dense"]);
    assert_eq!(told["baseline"], "b: dense", "{told:#}");
    // What the table calls a cell of one run is no variant of which a claim can be.
    let claims = claims.replace("[set, dense]", "['b: set', dense]");
    std::fs::write(folder.path().join("said.yaml"), claims).unwrap();
    let args = ["report", "a", "b", "--claims", "said.yaml"];
    let told = sparring().args(args).current_dir(folder.path()).assert_code(2).stderr;
    assert!(
        told.contains("claims.same.pairs: b: set") && told.contains("one of dense; set"),
        "{told}"
    );
}

#[test]
fn a_pair_without_results_is_told() {
    let folder = planted();
    run(&folder, "b", &["--set", "agent.batch_size=4"]);
    std::fs::remove_dir_all(folder.path().join("b/set")).unwrap();
    let claims = "claims: {same: {says: b, pairs: [[set, dense]], difference: {at_least: 0}}}";
    let told = judged(&folder, &["a", "b"], claims);
    assert_eq!((&told["same"]["pairs"], &told["same"]["missing"]), (&1.into(), &1.into()));
    let said = json(&folder, &["a", "b", "--claims", "said.yaml"]);
    assert!(notes(&said).contains("the claim same is judged by 1 of its 2 pairs"), "{said:#}");
}

#[test]
fn what_one_side_lacks_is_left_out_and_the_rest_is_paired() {
    let folder = planted();
    std::fs::remove_dir_all(folder.path().join("a/dense/seed-3")).unwrap();
    let claims = "claims: {better: {says: b, pairs: [[set, dense]], difference: {at_least: 0}}}";
    let told = &judged(&folder, &["a"], claims)["better"];
    assert_eq!((&told["seeds"], &told["left_out"]), (&2.into(), &1.into()), "{told}");
    assert_eq!((&told["paired"], &told["verdict"]["is"]), (&true.into(), &"held".into()), "{told}");
}

#[test]
fn what_is_no_number_is_named() {
    let folder = planted();
    plant(&folder, "a/set/seed-2", &[0.0, f64::NAN]);
    let claims = "claims: {better: {says: b, pairs: [[set, dense]], difference: {at_least: 0}}}";
    let told = &judged(&folder, &["a"], claims)["better"];
    assert_eq!(told["verdict"]["is"], "open");
    assert!(told["why"].as_str().unwrap().contains("set/seed-2 has NaN"), "{told}");
    let said = ["a", "--claims", "said.yaml"];
    report(&folder, &said);
    let page = folder.read("a/report/index.html");
    assert!(page.contains("the claim better is open"), "{page}");
}

#[test]
fn an_axis_that_no_variant_has_is_refused() {
    let swept = format!("{CONFIG}sweep: {{agent.batch_size: [4, 8]}}\n");
    let folder = Folder::with("duel.yaml", &swept);
    run(&folder, "a", &["--seeds", "1,2"]);
    let of = |axis: &str| {
        format!(
            "claims: {{better: {{says: b, pairs: [[{{variant: set, {axis}}}, dense]], difference: {{at_least: 0}}}}}}"
        )
    };
    let refused = |axis: &str, parts: [&str; 2]| {
        std::fs::write(folder.path().join("said.yaml"), of(axis)).unwrap();
        let args = ["report", "a", "--claims", "said.yaml"];
        let told = sparring().args(args).current_dir(folder.path()).assert_code(2).stderr;
        assert!(parts.iter().all(|part| told.contains(part)), "{told}");
        std::fs::write(folder.path().join("duel.yaml"), format!("{swept}{}", of(axis))).unwrap();
        let told = sparring().args(["plan", "duel.yaml"]).current_dir(folder.path()).assert_code(2);
        assert!(parts.iter().all(|part| told.stderr.contains(part)), "{}", told.stderr);
    };
    let values = "a value of agent.batch_size that set has: 4, 8";
    refused("agent.batch_size: [4, 16]", ["agent.batch_size: 16, which set has not", values]);
    refused("agent.batch_size: []", ["agent.batch_size: no value", values]);
    refused("agent.batch_siz: 4", ["agent.batch_siz, which set has not", "agent.batch_size"]);
    let args = ["report", "a", "--normalise", "Chain-v1=0..10"];
    let told = sparring().args(args).current_dir(folder.path()).assert_code(2).stderr;
    assert!(told.contains("--normalise Chain-v1") && told.contains("Chain-v0"), "{told}");
}

#[test]
fn a_plan_names_claims_and_those_that_a_scale_leaves_out() {
    let text = format!(
        "{CONFIG}{CLAIMS}  wide: {{says: b, pairs: [[{{variant: set, agent.batch_size: 8}}, dense]], difference: {{at_least: 0}}}}
sweep: {{agent.batch_size: [4, 8]}}
scale: small
scales: {{small: {{sweep: {{agent.batch_size: [4]}}}}, full: {{}}}}
"
    );
    let folder = Folder::with("duel.yaml", &text);
    let plan = |scale: &str| {
        let args = ["plan", "duel.yaml", "--set", scale];
        sparring().args(args).current_dir(folder.path()).assert_code(0).stdout
    };
    let without = |argument: &str| {
        let args = ["plan", "duel.yaml", "--set", "scale=full", "--set", argument];
        sparring().args(args).current_dir(folder.path()).assert_code(0).stdout
    };
    assert!(without("claims.wide=null").contains("claims: better, equal, smaller, worse\n"));
    assert!(!without("claims=null").contains("claims: "));
    // An env of another scale is left out, and what is none is not.
    assert!(without("normalise={CartPole-v1: {low: 0, high: 500}}").contains("claims: "));
    let args = ["plan", "duel.yaml", "--set", "normalise={Chain-v9: {low: 0, high: 1}}"];
    let told = sparring().args(args).current_dir(folder.path()).assert_code(2).stderr;
    assert!(told.contains("the env Chain-v9") && told.contains("try      Chain-v0"), "{told}");
    let full = plan("scale=full");
    assert!(full.contains("claims: better, equal, smaller, wide, worse\n"), "{full}");
    assert!(!full.contains("has none"), "{full}");
    let small = plan("scale=small");
    assert!(small.contains("claims: better, equal, smaller, worse\n"), "{small}");
    assert!(small.contains("claims of whose pairs this scale has none: wide\n"), "{small}");
}
