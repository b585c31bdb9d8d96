//! Training and evaluating from a program of one's own, without a folder.

use std::fs;
use std::sync::atomic::AtomicBool;

use sparring::config::load;
use sparring::evaluate::evaluate;
use sparring::status::State;
use sparring::train::{Reached, Unrecorded, train};
use sparring_sparse::Seed;

const CONFIG: &str = "\
env: {id: Identity-v0}
train: {total_env_steps: 600}
eval: {every_env_steps: 300, episodes: 4}
agent: {kind: dqn, hidden: [8], warmup_env_steps: 50, learning_rate: 1e-2}
sparsity: {kind: rigl, sparsity: 0.5, update_every_gradient_steps: 50}
";

#[test]
fn a_program_trains_and_evaluates_a_job_of_a_config() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.yaml");
    fs::write(&file, CONFIG).unwrap();
    let plan = load(&file, &[], Some(&[3, 4])).unwrap();
    let stop = AtomicBool::new(false);
    let curves: Vec<Vec<f64>> = plan
        .jobs()
        .into_iter()
        .map(|job| {
            let mut reached = Reached::default();
            assert_eq!(
                train(job, None, &mut Unrecorded, &mut reached, &stop).unwrap(),
                State::Finished
            );
            assert_eq!((reached.env_steps, reached.curve.len()), (600, 3));
            reached.curve
        })
        .collect();
    assert_eq!(curves.len(), 2);

    let variant = &plan.variants[0];
    let settings = &variant.settings;
    let mut agent = settings.agent.build(&variant.spec, 1, &Seed::new(1)).unwrap();
    let played =
        evaluate(&mut *agent, &variant.spec, &settings.eval, &settings.env, &Seed::new(2), &stop);
    assert_eq!(played.unwrap().unwrap().len(), 4);
}
