//! What the keys say of themselves: lists, schema, synonyms, several mistakes at once, anchors, seeds.

use crate::common::{Folder, sparring};

fn printed(args: &[&str]) -> String {
    sparring().args(args).assert_code(0).stdout
}

#[test]
fn keys_are_listed_with_default_bounds_and_help() {
    let sac = printed(&["list", "keys", "agent.sac"]);
    let line = |text: &str, key: &str| {
        let found = text.lines().find(|line| line.trim_start().starts_with(key)).map(str::to_owned);
        found.unwrap_or_else(|| panic!("{key}\n{text}"))
    };
    let tau = line(&sac, "target_tau");
    assert!(tau.contains("0.005") && tau.contains("a number in (0, 1]"), "{tau}");
    assert!(line(&sac, "temperature.learned").contains("true"), "{sac}");
    assert!(
        !sac.contains("gae_lambda") && printed(&["list", "keys", "agent"]).contains("gae_lambda")
    );
    let eps = line(&printed(&["list", "keys", "agent.ppo"]), "adam_eps");
    assert!(eps.contains("0.00001") && eps.contains("optimizer: adam or adamw"), "{eps}");
    for section in ["env:", "train:", "eval:", "agent: {kind: dqn}", "diagnostics:"] {
        assert!(printed(&["list", "keys"]).contains(section), "{section}");
    }
    let wrong = sparring().args(["list", "keys", "agent.sca"]).assert_code(2).stderr;
    assert!(wrong.contains("one of dqn, sac, ppo"), "{wrong}");
}

#[test]
fn the_schema_is_json_and_knows_the_keys() {
    let schema: serde_json::Value = serde_json::from_str(&printed(&["schema"])).unwrap();
    let rate = &schema["properties"]["agent"]["properties"]["target_tau"];
    assert!(rate.to_string().contains("exclusiveMinimum"), "{rate}");
    assert_eq!(schema["additionalProperties"], serde_json::json!(false));
    assert_eq!(schema["properties"]["env"]["required"], serde_json::json!(["id"]));
}

fn refused(config: &str) -> String {
    let folder = Folder::with("bad.yaml", config);
    sparring().args(["plan", "bad.yaml"]).current_dir(folder.path()).assert_code(2).stderr
}

#[test]
fn all_mistakes_of_a_file_are_told_at_once() {
    let text = "env: {id: CartPole-v1}\ntrain: {total: 5}\nagent: {gamma: 0.9, buffer_size: 10}\nsparsity: {kind: dense}\n";
    let errors = refused(text);
    assert_eq!(errors.lines().count(), 12, "{errors}");
    for (place, hint) in [
        ("2: train.total", ""),
        ("3: agent.gamma", "discount"),
        ("3: agent.buffer_size", "replay_capacity"),
    ] {
        assert!(errors.contains(&format!("error: bad.yaml:{place}")), "{errors}");
        assert!(errors.contains(hint), "{errors}");
    }
}

#[test]
fn names_from_elsewhere_lead_to_ours() {
    for (agent, found, ours) in [
        ("dqn", "learning_starts", "warmup_env_steps"),
        ("dqn", "gamma", "discount"),
        ("dqn", "tau", "target_tau"),
        ("dqn", "lr", "learning_rate"),
        ("ppo", "n_steps", "rollout_steps"),
        ("ppo", "ent_coef", "entropy_coef"),
        ("sac", "ent_coef", "temperature"),
        ("sac", "buffer_size", "replay_capacity"),
    ] {
        let id = if agent == "sac" { "Pendulum-v1" } else { "CartPole-v1" };
        let text = format!("env: {{id: {id}}}\nagent: {{kind: {agent}, {found}: 1}}\n");
        let errors = refused(&text);
        let hint = errors.lines().find(|line| line.trim_start().starts_with("try")).unwrap();
        assert!(hint.ends_with(&format!(" {ours}")), "{found}: {errors}");
    }
    for (id, ours) in [
        ("PongNoFrameskip-v4", "ALE/Pong-v5"),
        ("BreakoutDeterministic-v4", "ALE/Breakout-v5"),
        ("cartpole-v1", "CartPole-v1"),
    ] {
        let errors = refused(&format!("env: {{id: {id}}}\nsparsity: {{kind: dense}}\n"));
        assert!(errors.contains(&format!("try      {ours}")), "{errors}");
        assert!(errors.contains("sparring list envs") && errors.len() < 400, "{errors}");
    }
    assert!(
        refused("env: {id: LunarLander-v3}\nsparsity: {kind: dense}\n")
            .contains("sparring list envs")
    );
}

#[test]
fn anchors_merge_keys_ranges_of_seeds_and_names_with_dots() {
    let text = "\
shared: {sparse: &sparse {sparsity: 0.5, update_every_gradient_steps: 100}}
x-more: &more {num_envs: 2}
seeds: 1..3
env: {<<: *more, id: CartPole-v1}
train: {total_env_steps: 3_000}
agent: {kind: dqn, hidden: [16], warmup_env_steps: 200, replay_capacity: 2000}
variants:
  rigl-0.9: {sparsity: {<<: *sparse, kind: rigl, sparsity: 0.9}}
  rigl-0.5: {sparsity: {<<: *sparse, kind: rigl}}
";
    let folder = Folder::with("good.yaml", text);
    let plan = |args: &[&str]| {
        let all = ["plan", "good.yaml"].iter().chain(args);
        sparring().args(all).current_dir(folder.path()).assert_code(0).stdout
    };
    assert!(plan(&[]).contains("6 jobs"), "{}", plan(&[]));
    let set = plan(&["--set", "variants.rigl-0.9.sparsity.layers.hidden.0=0.25"]);
    assert_ne!(set, plan(&[]));
    let form = plan(&["--set", "sparsity.compute_layers.hidden.0=dense"]);
    assert!(form.contains("dense"), "{form}");
    let replaced = plan(&["--set", "variants={only: {sparsity: {kind: static, sparsity: 0.5}}}"]);
    assert!(replaced.contains("only") && !replaced.contains("rigl"), "{replaced}");
    assert!(plan(&["--set", "seeds=5"]).contains("2 jobs"));
}

#[test]
fn a_plan_says_what_never_happens() {
    let noted = |agent: &str, sparsity: &str, note: &str| {
        let text = format!(
            "env: {{id: CartPole-v1}}\ntrain: {{total_env_steps: 10_000}}\nagent: {agent}\nsparsity: {sparsity}\n"
        );
        let folder = Folder::with("good.yaml", &text);
        let plan = sparring().args(["plan", "good.yaml"]).current_dir(folder.path()).assert_code(0);
        assert!(plan.stdout.contains(&format!("  note: {note}")), "{}", plan.stdout);
    };
    let dqn = "{hidden: [16], warmup_env_steps: 200}";
    noted(dqn, "{kind: rigl, sparsity: 0.5, update_every_gradient_steps: 100_000}", "rewires once");
    noted(dqn, "{kind: dense}", "evaluations act at random");
    noted("{kind: ppo}", "{kind: dense}", "only 4 rollouts");
    noted("{kind: ppo}", "{kind: dense}", "the last 1808 of 10000 steps");
}

#[test]
fn a_plan_says_what_a_budget_means_in_steps() {
    let planned = |train: &str, agent: &str, sparsity: &str| {
        let text = format!(
            "env: {{id: CartPole-v1, num_envs: 4}}\ntrain: {{{train}}}\nagent: {agent}\nsparsity: {sparsity}\n"
        );
        let folder = Folder::with("good.yaml", &text);
        sparring().args(["plan", "good.yaml"]).current_dir(folder.path()).assert_code(0).stdout
    };
    let says = |plan: &str, what: &str| assert!(plan.contains(what), "{what}\n{plan}");
    let samples = "budget: samples, total_samples: 64_000";
    // At half the batch size twice the gradient steps.
    for (batch, gradient, env) in [(64, "1,000", "2,200"), (32, "2,000", "4,200")] {
        let dqn = format!(
            "{{hidden: [16], warmup_env_steps: 200, batch_size: {batch}, train_every_env_steps: 2}}"
        );
        let plan = planned(samples, &dqn, "{kind: dense}");
        says(&plan, env);
        let plain = gradient.replace(',', "");
        says(
            &plan,
            &format!(
                "note: train.total_samples: 64000 is reached after {plain} gradient steps, which consume 64000 samples, in {} env steps",
                env.replace(',', "")
            ),
        );
    }
    // A rollout of 4 x 128 rows is gone through 10 times: 13 of them, of 9 minibatches an epoch.
    let ppo = "{kind: ppo, rollout_steps: 128, minibatch_size: 60}";
    says(
        &planned(samples, ppo, "{kind: dense}"),
        "1170 gradient steps, which consume 66560 samples, in 6656 env steps",
    );
    let dqn = "{hidden: [16], warmup_env_steps: 200, learning_rate_decay: linear}";
    let rigl = "{kind: rigl, sparsity: 0.5, update_every_gradient_steps: 100}";
    let plateau = "budget: plateau, patience_evaluations: 5, total_env_steps: 40_200";
    let plan = planned(plateau, dqn, rigl);
    for what in [
        "plateau may end the run from env step 10000 on, after 9800 gradient steps",
        "learning_rate_decay: linear falls to 0 at train.total_env_steps",
        "sparsity.kind: rigl changes the topology until gradient step 30000",
    ] {
        says(&plan, what);
    }
    let short = plateau.replace("40_200", "9_000");
    says(&planned(&short, dqn, rigl), "plateau ends nothing before train.total_env_steps");
    let resolved = "budget: samples, total_samples: 64_000, total_env_steps: 1_200";
    says(
        &planned(
            resolved,
            "{hidden: [16], warmup_env_steps: 200, batch_size: 64}",
            "{kind: dense}",
        ),
        "1,000",
    );
}

#[test]
fn the_right_key_is_blamed() {
    let layer = "env: {id: CartPole-v1}\nagent: {hidden: [16]}\nsparsity: {kind: static, sparsity: 0.5, layers: {hidden.0: 0.99999}}\n";
    let said = refused(layer);
    assert!(said.contains("3: sparsity.layers.hidden.0\n  found    0.99999"), "{said}");
    let base = "env: {id: CartPole-v1}\ntrain: {total_env_steps: 3_000}\nsparsity: {kind: dense}\n";
    let late = format!(
        "{base}agent: {{hidden: [16], warmup_env_steps: 200, train_every_env_steps: 5_000}}\n"
    );
    assert!(refused(&late).contains("agent.train_every_env_steps"), "{}", refused(&late));
    let one = format!("{base}agent: {{kind: ppo, rollout_steps: 32, minibatch_size: 1}}\n");
    assert!(refused(&one).contains("normalize_advantages: false"), "{}", refused(&one));
    let big = format!(
        "{base}agent: {{hidden: [16], warmup_env_steps: 200}}\ndiagnostics: {{batch: 1_000_000_000}}\n"
    );
    assert!(refused(&big).contains("bad.yaml: memory"), "{}", refused(&big));
}
