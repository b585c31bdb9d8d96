//! The supervised control of the noise of small batches, in small.

#[path = "../benches/noise_control.rs"]
#[allow(dead_code, reason = "the bench has a main function")]
mod bench;

use bench::{Choice, Losses, STUDENTS, TRAIN, UPDATES, trajectory};

fn last(batch: usize, rate: f64, seed: u64) -> Losses {
    let choice = Choice { student: STUDENTS[0], batch, rate };
    let all = trajectory(choice, seed, UPDATES).unwrap();
    assert_eq!(all.last().unwrap().updates, UPDATES, "{choice:?}, seed {seed}");
    *all.last().unwrap()
}

/// After as many gradient steps both batch sizes, each with about its best rate, have learnt the training set, and
/// the noisy one more of the teacher.
#[test]
fn one_sample_a_step_learns_more_of_the_teacher_than_all_of_them() {
    let mean = |of: &dyn Fn(u64) -> f64| (1..=10).map(of).sum::<f64>() / 10.0;
    let single = |seed| last(1, 0.031_25, seed);
    let whole = |seed| last(TRAIN, 0.125, seed);
    assert!(mean(&|seed| single(seed).train) < 0.01);
    assert!(mean(&|seed| whole(seed).train) < 0.01);
    let [single, whole] = [mean(&|seed| single(seed).test), mean(&|seed| whole(seed).test)];
    assert!(single < whole, "{single} {whole}");
}
