//! Policies scored under other options of their env, once their training is at its end.

use crate::common::{Folder, sparring};

const CONFIG: &str = "\
seeds: [1, 2]
env: {id: CartPole-v1}
train: {total_env_steps: 1_000, log_every_env_steps: 500}
eval: {every_env_steps: 500, episodes: 2, max_episode_steps: 40}
agent: {hidden: [8], batch_size: 16, warmup_env_steps: 200, replay_capacity: 1_000}
robustness: {options: {sutton_barto_reward: [false, true]}, episodes: 3}
variants: {dense: {sparsity: {kind: dense}}, rigl: {sparsity: {kind: rigl, sparsity: 0.5}}}
";

#[test]
fn each_combination_is_scored_from_the_same_seeds_and_drawn() {
    let folder = Folder::with("c.yaml", CONFIG);
    let run = ["run", "c.yaml", "--out", "out"];
    sparring().args(run).current_dir(folder.path()).assert_code(0);
    for job in ["dense/seed-1", "rigl/seed-2"] {
        let text = folder.read(&format!("out/{job}/robustness.csv"));
        let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
        assert_eq!(rows[0], ["sutton_barto_reward", "episode", "return", "length"]);
        assert_eq!(rows.len(), 1 + 2 * 3);
        for (plain, other) in rows[1..4].iter().zip(&rows[4..]) {
            assert_eq!((plain[0], other[0]), ("false", "true"));
            // The same episode, of which the other option pays nothing but the fall.
            assert_eq!(plain[3], other[3]);
            assert_eq!(plain[2], plain[3]);
            let fall = if plain[3] == "40" { "0" } else { "-1" };
            assert_eq!(other[2], fall, "{text}");
        }
    }
    let page = folder.read("out/report/index.html");
    assert!(page.contains("id=\"robustness\""));
    let planned = ["plan", "out/rigl/seed-1/resolved.yaml"];
    sparring().args(planned).current_dir(folder.path()).assert_code(0);
}

/// Planted returns: dense has ten times as much and keeps half of it, RigL keeps nine tenths, and a third seed of RigL
/// has nothing to keep.
#[test]
fn a_share_that_is_kept_is_of_the_own_return() {
    let config = CONFIG.replace("seeds: [1, 2]", "seeds: [1, 2, 3]");
    let folder = Folder::with("c.yaml", &config);
    let claim = |of: &str| {
        format!("{{says: b, pairs: [[rigl, dense]], difference: {{at_least: 0}}, of: {of}}}")
    };
    let kept = "{kept: {under: {sutton_barto_reward: true}, of: {sutton_barto_reward: false}}}";
    let under = "{under: {sutton_barto_reward: true}}";
    let claims = format!("claims: {{kept: {}, under: {}}}", claim(kept), claim(under));
    std::fs::write(folder.path().join("claims.yaml"), claims).unwrap();
    let run = ["run", "c.yaml", "--out", "out", "--quiet"];
    sparring().args(run).current_dir(folder.path()).assert_code(0);
    for (variant, returns) in
        [("dense", [[100, 50], [80, 40], [90, 45]]), ("rigl", [[10, 9], [20, 18], [0, 0]])]
    {
        for (seed, [plain, other]) in (1..).zip(returns) {
            let rows = format!(
                "sutton_barto_reward,episode,return,length\nfalse,0,{plain},1\ntrue,0,{other},1\n"
            );
            let file = format!("out/{variant}/seed-{seed}/robustness.csv");
            std::fs::write(folder.path().join(file), rows).unwrap();
        }
    }
    let report = ["report", "out", "--claims", "claims.yaml", "--format", "json", "--no-page"];
    let told = sparring().args(report).current_dir(folder.path()).assert_code(0).stdout;
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let [kept, under] = told["claims"].as_array().unwrap().as_slice() else { panic!("{told}") };
    assert_eq!((&kept["verdict"]["is"], &kept["seeds"]), (&"held".into(), &2.into()), "{kept}");
    assert!((kept["estimate"]["value"].as_f64().unwrap() - 0.4).abs() < 1e-9, "{kept}");
    assert_eq!(
        (&under["verdict"]["is"], &under["seeds"]),
        (&"not_held".into(), &3.into()),
        "{under}"
    );
}
