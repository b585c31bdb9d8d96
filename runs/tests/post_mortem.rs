//! Numbers that are none: a job that meets one names where it was, keeps the step before, and that step fails
//! again.

use crate::common::{Folder, Printed, sparring};

/// Jobs whose learning rate, or whose rewards, no network can stand, with what is said of each.
const JOBS: [(&str, &str, &str); 6] = [
    (
        "dqn",
        "env: {id: CartPole-v1}\n\
         agent: {kind: dqn, hidden: [8, 8], batch_size: 8, warmup_env_steps: 40, learning_rate: 1e30}\n\
         sparsity: {kind: rigl, sparsity: 0.5, update_every_gradient_steps: 10}\n",
        "of `q`",
    ),
    (
        "dqn-sgd",
        "env: {id: CartPole-v1}\n\
         agent: {kind: dqn, hidden: [8, 8], batch_size: 8, warmup_env_steps: 40, learning_rate: 1e4, \
                 optimizer: sgd, momentum: 0.9, replay_capacity: 100, n_step: 2}\n\
         sparsity: {kind: top_kast, sparsity: 0.5}\n",
        "of `q`",
    ),
    (
        "sac",
        "env: {id: Pendulum-v1, num_envs: 2}\n\
         agent: {kind: sac, hidden: [8, 8], batch_size: 8, warmup_env_steps: 40, learning_rate: 1e30}\n\
         sparsity: {kind: snfs, sparsity: 0.5, update_every_gradient_steps: 10}\n",
        "of ",
    ),
    (
        "ppo",
        "env: {id: Pendulum-v1, num_envs: 2}\n\
         agent: {kind: ppo, hidden: [8, 8], rollout_steps: 32, minibatch_size: 16, epochs: 2, \
                 learning_rate: 1e30}\n\
         sparsity: {kind: set, sparsity: 0.5, update_every_gradient_steps: 3}\n",
        "of ",
    ),
    (
        "ppo-sgd",
        "env: {id: CartPole-v1, num_envs: 2}\n\
         agent: {kind: ppo, hidden: [8, 8], rollout_steps: 32, minibatch_size: 16, epochs: 2, \
                 learning_rate: 1e12, optimizer: sgd, momentum: 0.0}\n\
         sparsity: {kind: dense}\n",
        "of ",
    ),
    (
        "env",
        "env: {id: CartPole-v1, options: {low: -7e20, high: 7e20}, num_envs: 2}\n\
         agent: {kind: dqn, hidden: [8], batch_size: 8, warmup_env_steps: 2000}\n\
         sparsity: {kind: dense}\n",
        "env 1 (CartPole-v1, seed ",
    ),
];

/// The failure in what was printed: `agent: the weights of layer `head` of `q` are inf at gradient step 3`.
fn failure(printed: &Printed) -> String {
    let said = &printed.stderr;
    let (_, failed) = said.rsplit_once(": failed, ").unwrap_or_else(|| panic!("{said}"));
    let ends = ["; the step before", "; it comes again", "; no checkpoint"];
    let end = ends.iter().filter_map(|end| failed.find(end)).min();
    failed[..end.unwrap_or_else(|| panic!("{said}"))].to_owned()
}

#[test]
fn each_names_its_source_and_fails_again_from_the_step_before() {
    for (name, text, of) in JOBS {
        let text = format!(
            "{text}train: {{total_env_steps: 5000}}\neval: {{every_env_steps: 50, episodes: 1}}\n"
        );
        let folder = Folder::with("job.yaml", &text);
        let here = folder.path();
        let ended =
            sparring().args(["run", "job.yaml", "--out", "out"]).current_dir(here).assert_code(1);
        let failed = failure(&ended);
        assert!(failed.contains(of), "{name}: {failed}");
        let agent = failed.contains("layer `") && failed.contains(" at gradient step ");
        let env = failed.contains(" in episode ") && failed.contains(" at step ");
        assert!(agent != env && env == (name == "env"), "{name}: {failed}");
        let command = "sparring resume out/base/seed-1/post-mortem";
        let status = folder.read("out/base/seed-1/status.yaml");
        let report = sparring().args(["report", "out"]).current_dir(here).assert_code(0).stdout;
        let shown = sparring().args(["status", "out"]).current_dir(here).assert_code(0).stdout;
        for told in [&ended.stderr, &status, &report, &shown] {
            let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(told.contains(command), "{name}: {command} in {told}");
        }
        let kept = here.join("out/base/seed-1/post-mortem/checkpoints");
        assert!(kept.is_dir(), "{name}");

        // As often as one likes, and by itself.
        std::fs::rename(here.join("out/base/seed-1/post-mortem"), here.join("post-mortem"))
            .unwrap();
        for _ in 0..5 {
            let again = sparring().args(["resume", "post-mortem"]).current_dir(here).assert_code(1);
            assert_eq!(failure(&again), failed, "{name}");
            assert!(again.stderr.contains("sparring resume post-mortem"), "{}", again.stderr);
        }
        // The job itself goes on from its own checkpoint, into the same.
        let again = sparring().args(["resume", "out"]).current_dir(here).assert_code(1);
        assert_eq!(failure(&again), failed, "{name}");
    }
}

/// Where nothing is kept, the job fails again from its begin.
#[test]
fn a_job_without_checkpoints_says_how_it_fails_again() {
    let text = format!(
        "{}train: {{total_env_steps: 5000}}\neval: {{every_env_steps: 50, episodes: 1}}\n\
         checkpoint: {{keep: 0}}\n",
        JOBS[0].1
    );
    let folder = Folder::with("job.yaml", &text);
    let here = folder.path();
    let ended =
        sparring().args(["run", "job.yaml", "--out", "out"]).current_dir(here).assert_code(1);
    let command = "sparring run out/base/seed-1/resolved.yaml --out again";
    assert!(ended.stderr.contains(command), "{}", ended.stderr);
    let again = sparring().args(command.split(' ').skip(1)).current_dir(here).assert_code(1);
    assert_eq!(failure(&again), failure(&ended));
}
