//! What `sparring report` makes of folders, whatever state they are in: joined, compared, normalised, and in forms for
//! terminals, programs and papers. Returns are planted, so that what is to come out is known.

use crate::common::{Folder, Printed, sparring};
use serde_json::Value as Json;

/// Two variants that train for a moment.
pub(crate) const CONFIG: &str = "
name: duel
seeds: [1, 2, 3]
env: {id: Chain-v0}
train: {total_env_steps: 200}
eval: {every_env_steps: 100, episodes: 2}
agent: {kind: dqn, hidden: [8], warmup_env_steps: 100, batch_size: 8, replay_capacity: 200}
sparsity: {sparsity: 0.5}
variants:
  dense: {sparsity: {kind: dense}}
  set: {sparsity: {kind: set}}
";

pub(crate) fn run(folder: &Folder, out: &str, more: &[&str]) {
    let args = ["run", "duel.yaml", "--quiet", "--out", out];
    sparring().args(args).args(more).current_dir(folder.path()).assert_code(0);
}

pub(crate) fn report(folder: &Folder, args: &[&str]) -> Printed {
    sparring().arg("report").args(args).current_dir(folder.path()).assert_code(0)
}

pub(crate) fn json(folder: &Folder, args: &[&str]) -> Json {
    let args: Vec<&str> = args.iter().copied().chain(["--format", "json"]).collect();
    serde_json::from_str(&report(folder, &args).stdout).unwrap()
}

/// Gives a job the returns of its evaluations, of which the last tenth is its score.
pub(crate) fn plant(folder: &Folder, job: &str, returns: &[f64]) {
    let row = |(at, ret): (usize, &f64)| format!("{},0,{at}.0,0,{ret},1\n", 100 * at);
    let rows: String = returns.iter().enumerate().map(row).collect();
    let text = format!("env_step,gradient_step,wall_s,episode,return,length\n{rows}");
    let job = folder.path().join(job);
    std::fs::write(job.join("evals.csv"), text).unwrap();
    // As if the job itself had got them.
    let status = std::fs::read_to_string(job.join("status.yaml")).unwrap();
    let of_job = |line: &str| match (line.starts_with("score:"), returns.last()) {
        (true, Some(last)) => format!("score: {last:?}\n").replace("NaN", ".nan"),
        (true, None) | (false, _) => format!("{line}\n"),
    };
    std::fs::write(job.join("status.yaml"), status.lines().map(of_job).collect::<String>())
        .unwrap();
}

pub(crate) fn planted() -> Folder {
    let folder = Folder::with("duel.yaml", CONFIG);
    run(&folder, "a", &[]);
    for (seed, dense) in [(1, 10.0), (2, 20.0), (3, 30.0)] {
        plant(&folder, &format!("a/dense/seed-{seed}"), &[0.0, dense]);
        plant(&folder, &format!("a/set/seed-{seed}"), &[0.0, dense + 1.0]);
    }
    folder
}

fn variant<'a>(of: &'a Json, name: &str) -> &'a Json {
    let all = of["variants"].as_array().unwrap();
    all.iter().find(|one| one["variant"] == name).unwrap_or_else(|| panic!("no {name} in {of:#}"))
}

pub(crate) fn notes(of: &Json) -> String {
    of["notes"].to_string()
}

#[test]
fn shared_seeds_are_compared_in_pairs() {
    let folder = planted();
    let told = json(&folder, &["a"]);
    let set = variant(&told, "set");
    assert_eq!((&set["return_iqm"], &set["difference"]), (&21.0.into(), &1.0.into()));
    // Of two variants that differ by 1 on every seed the difference is sure, however far the seeds lie apart.
    assert_eq!((&set["difference_low"], &set["difference_high"]), (&1.0.into(), &1.0.into()));
    // Three signs fall alike in 2 of 8 ways.
    assert_eq!((&set["paired"], &set["sign_flip_p"]), (&true.into(), &0.25.into()));
    assert_eq!((&told["baseline"], &set["baseline"]), (&"dense".into(), &"dense".into()));
    assert_eq!(set["ratio"], 1.05);
    let text = report(&folder, &["a"]).stdout;
    assert!(text.contains("difference of the IQMs, paired by seed"), "{text}");
    assert!(text.contains("*21.0") && text.contains("+1.000  [1.000, 1.000]"), "{text}");
    let other = json(&folder, &["a", "--baseline", "set"]);
    assert_eq!(variant(&other, "dense")["difference"], -1.0);
}

#[test]
fn seeds_that_were_run_apart_are_joined() {
    let folder = planted();
    run(&folder, "b", &["--seeds", "3,4"]);
    for variant in ["dense", "set"] {
        plant(&folder, &format!("b/{variant}/seed-4"), &[0.0, 40.0]);
    }
    for args in [["a", "b"].as_slice(), &["a", "--add", "b"]] {
        let told = json(&folder, args);
        let dense = variant(&told, "dense");
        assert_eq!(
            (&dense["finished"], &dense["return_iqm"]),
            (&4.into(), &25.0.into()),
            "{args:?}"
        );
        assert_eq!(dense["scores"]["3"], 30.0, "the first folder counts");
        assert!(notes(&told).contains("several folders have seed 3"), "{}", notes(&told));
    }

    // Another config of the same names stands beside it, and adds no seeds.
    run(&folder, "c", &["--set", "agent.discount=0.9"]);
    let beside = json(&folder, &["a", "c"]);
    assert_eq!(beside["variants"].as_array().unwrap().len(), 4);
    assert_eq!(variant(&beside, "c: dense")["finished"], 3);
    let added = json(&folder, &["a", "--add", "c"]);
    assert_eq!(added["variants"].as_array().unwrap().len(), 2);
    assert!(notes(&added).contains("trained by other configs: dense, set"), "{}", notes(&added));
}

#[test]
fn several_envs_come_to_one_scale() {
    let folder = Folder::with("duel.yaml", CONFIG);
    run(&folder, "a", &["--set", "sweep={env.id: [Chain-v0, Identity-v0]}"]);
    for (seed, score) in [(1, 0.0), (2, 5.0), (3, 10.0)] {
        plant(&folder, &format!("a/dense,id=Chain-v0/seed-{seed}"), &[10.0]);
        plant(&folder, &format!("a/set,id=Chain-v0/seed-{seed}"), &[score]);
        plant(&folder, &format!("a/dense,id=Identity-v0/seed-{seed}"), &[200.0]);
        plant(&folder, &format!("a/set,id=Identity-v0/seed-{seed}"), &[10.0 * score]);
    }
    let told = json(&folder, &["a"]);
    let over = told["over_tasks"].as_array().unwrap();
    assert_eq!(over.len(), 2, "{told:#}");
    let set = over.iter().find(|group| group["group"] == "set").unwrap();
    // Chain: 0, .5, 1 of what is there; Bandit: 0, .25, .5. The middle half of the six: 0, .25, .5, .5.
    assert_eq!(set["iqm"]["value"], 0.3125);
    assert_eq!(set["improvement_over_baseline"]["value"], (0.5 / 3.0 + 0.0) / 2.0);
    let own = ["a", "--normalise", "Identity-v0=0..100", "--normalise", "Chain-v0=0..10"];
    let own = json(&folder, &own);
    assert_eq!(own["scales"]["Identity-v0"]["high"], 100.0);
    let text = report(&folder, &["a"]).stdout;
    assert!(text.contains("normalised from 0 to 1: Chain-v0 0.000 to 10.0"), "{text}");
    // Each env has a baseline of its own.
    assert_eq!(variant(&told, "set,id=Identity-v0")["baseline"], "dense,id=Identity-v0");
}

#[test]
fn what_has_not_all_envs_yet_has_no_score_over_them() {
    let folder = Folder::with("duel.yaml", CONFIG);
    let envs = ["--set", "sweep={env.id: [Chain-v0, Identity-v0]}"];
    run(&folder, "a", &[&envs[..], &["--set", "normalise={Chain-v0: {low: 0, high: 4}}"]].concat());
    let other =
        ["--set", "agent.discount=0.9", "--set", "normalise={Identity-v0: {low: 0, high: 9}}"];
    run(&folder, "b", &[&envs[..], &other].concat());
    let row = |args: &[&str], name: &str| {
        let text = report(&folder, args).stdout;
        let rows = text.split("normalised ").nth(1).unwrap().lines();
        rows.map(str::to_owned)
            .find(|row| row.starts_with(name))
            .unwrap_or_else(|| panic!("{text}"))
    };
    assert!(row(&["a"], "set ").contains(" 2/2 "));
    // Of two runs each has rows of its own.
    let both = ["a", "b"];
    assert!(row(&both, "a: set ").contains(" 2/2 ") && row(&both, "b: dense ").contains(" 2/2 "));
    // Each brings its own ends,
    let told = json(&folder, &both);
    let high = |env: &str| told["scales"][env]["high"].as_f64().unwrap();
    assert_eq!([high("Chain-v0"), high("Identity-v0")], [4.0, 9.0]);
    // and those that are typed are laid over them.
    let told = json(&folder, &["a", "--normalise", "Identity-v0=0..200"]);
    let high = |env: &str| told["scales"][env]["high"].as_f64().unwrap();
    assert_eq!([high("Chain-v0"), high("Identity-v0")], [4.0, 200.0]);
    for seed in 1..=3 {
        let status = folder.path().join(format!("a/dense,id=Chain-v0/seed-{seed}/status.yaml"));
        let text = std::fs::read_to_string(&status).unwrap();
        std::fs::write(status, text.replace("state: finished", "state: interrupted")).unwrap();
    }
    assert!(row(&["a"], "dense ").contains(" 2/2  ~"), "{}", row(&["a"], "dense "));
    std::fs::remove_dir_all(folder.path().join("a/set,id=Identity-v0")).unwrap();
    let set = row(&["a"], "set ");
    assert!(set.contains(" 1/2 ") && set.contains('–') && !set.contains('['), "{set}");
}

#[test]
fn a_changed_or_copied_job_is_told() {
    let folder = planted();
    plant(&folder, "a/set/seed-1", &[0.0, 5.0, 11.0]);
    let evals = folder.path().join("a/set/seed-1/evals.csv");
    let text = std::fs::read_to_string(&evals).unwrap();
    std::fs::write(&evals, text.replace(",11,1\n", ",12,1\n")).unwrap();
    std::fs::copy(
        folder.path().join("a/dense/seed-1/status.yaml"),
        folder.path().join("a/dense/seed-2/status.yaml"),
    )
    .unwrap();
    let told = notes(&json(&folder, &["a"]));
    assert!(told.contains("evals.csv makes a score of 12, and status.yaml says 11"), "{told}");
    assert!(told.contains("dense/seed-2: status.yaml is that of dense/seed-1"), "{told}");
}

#[test]
fn whatever_is_missing_is_told() {
    let folder = planted();
    let job = |name: &str| folder.path().join("a").join(name);
    std::fs::remove_dir_all(job("set/seed-3")).unwrap();
    let status = std::fs::read_to_string(job("set/seed-2/status.yaml")).unwrap();
    let failed =
        status.replace("state: finished", "state: failed").replace("error: null", "error: boom");
    std::fs::write(job("set/seed-2/status.yaml"), failed).unwrap();
    plant(&folder, "a/dense/seed-3", &[0.0, 3.0, 30.0]);
    plant(&folder, "a/dense/seed-2", &[0.0]);
    let told = json(&folder, &["a"]);
    let set = variant(&told, "set");
    assert_eq!((&set["finished"], &set["return_iqm"]), (&1.into(), &11.0.into()));
    // One seed has no interval, and no pairs.
    assert_eq!((&set["return_low"], &set["paired"]), (&Json::Null, &false.into()));
    for part in [
        "set/seed-2 failed: boom",
        "set/seed-3 (not begun)",
        "seeds of different length",
        "1 seed is few",
        "evals.csv has 1 of ",
    ] {
        assert!(notes(&told).contains(part), "{part}: {}", notes(&told));
    }
    let refused = |name: &str| {
        let command = sparring().args(["report", name]).current_dir(folder.path());
        command.assert_code(2).stderr
    };
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    assert!(refused("empty").contains("a folder without run.yaml"));
    assert!(refused("nowhere").contains("no folder"));
    std::fs::create_dir(folder.path().join("foreign")).unwrap();
    std::fs::write(folder.path().join("foreign/run.yaml"), "- 1").unwrap();
    let foreign = sparring().args(["report", "foreign"]).current_dir(folder.path()).assert_code(1);
    assert!(foreign.stderr.contains("run.yaml"), "{}", foreign.stderr);
    // A page that somebody else has written stays.
    std::fs::write(folder.path().join("foreign/index.html"), "mine").unwrap();
    for (out, found) in [("foreign", "which no report has written"), ("duel.yaml", "a file")] {
        let args = ["report", "a", "--out", out];
        let refused = sparring().args(args).current_dir(folder.path()).assert_code(2).stderr;
        assert!(refused.contains(found), "{refused}");
    }
    assert_eq!(folder.read("foreign/index.html"), "mine");
    let args = ["report", "a", "--x", "agent.batch_sise"];
    let refused = sparring().args(args).current_dir(folder.path()).assert_code(2).stderr;
    assert!(refused.contains("do not differ in"), "{refused}");
    let args = ["report", "a", "--baseline", "dens"];
    let unknown = sparring().args(args).current_dir(folder.path()).assert_code(2);
    assert!(unknown.stderr.contains("dense"), "{}", unknown.stderr);
}

#[test]
fn other_forms_have_the_same_numbers() {
    let folder = planted();
    let csv = report(&folder, &["a", "--format", "csv"]).stdout;
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let at = reader.headers().unwrap().iter().position(|name| name == "return_iqm").unwrap();
    let scores: Vec<f64> = reader.records().map(|row| row.unwrap()[at].parse().unwrap()).collect();
    assert_eq!(scores, [20.0, 21.0]);
    let markdown = report(&folder, &["a", "--format", "markdown"]).stdout;
    assert!(
        markdown.lines().all(|line| line.starts_with("| ") && line.ends_with(" |")),
        "{markdown}"
    );
    assert_eq!(markdown.lines().count(), 4, "{markdown}");
    let latex = report(&folder, &["a", "--format", "latex"]).stdout;
    assert!(latex.contains("\\midrule") && latex.contains("95 \\% interval"), "{latex}");
}

#[test]
fn assertions_compare_variants() {
    let folder = Folder::with("duel.yaml", CONFIG);
    let asserted = |bounds: &[&str], code: i32| {
        let bounds = bounds.iter().flat_map(|bound| ["--assert", bound]);
        let args = ["run", "duel.yaml", "--quiet", "--out", "a"];
        sparring().args(args).args(bounds).current_dir(folder.path()).assert_code(code)
    };
    asserted(
        &["set.active<dense.active", "set.density<=0.6", "set.parameters>=1*dense.parameters"],
        0,
    );
    let failed = asserted(&["set.active<0.5*dense.active"], 3);
    assert!(failed.stderr.contains("the bound is"), "{}", failed.stderr);
    let unknown = asserted(&["set.return>=0.9*dens.return"], 2);
    assert!(unknown.stderr.contains("the unknown variant dens"), "{}", unknown.stderr);
}

#[test]
fn a_config_says_how_it_is_compared() {
    let text = |more: &str| format!("{CONFIG}{more}\n");
    let folder =
        Folder::with("duel.yaml", &text("baseline: set\nnormalise: {Chain-v0: {low: 0, high: 4}}"));
    run(&folder, "a", &["--seeds", "1"]);
    let told = json(&folder, &["a"]);
    assert_eq!(
        (&told["baseline"], &told["scales"]["Chain-v0"]["high"]),
        (&"set".into(), &4.0.into())
    );
    let wrong = [
        ("baseline: sett", "the unknown variant sett", "set"),
        ("normalise: humans", "humans", "human"),
        ("normalise: {Chain-v1: {low: 0, high: 1}}", "the env Chain-v1", "Chain-v0"),
        ("normalise: {Chain-v0: {low: 1, high: 1}}", "low", "low below high"),
    ];
    for (line, found, hint) in wrong {
        std::fs::write(folder.path().join("wrong.yaml"), text(line)).unwrap();
        let plan =
            sparring().args(["plan", "wrong.yaml"]).current_dir(folder.path()).assert_code(2);
        assert!(plan.stderr.contains(found) && plan.stderr.contains(hint), "{}", plan.stderr);
        assert!(plan.stderr.contains("wrong.yaml:12"), "{}", plan.stderr);
    }
}
