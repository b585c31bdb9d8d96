//! The formulas of the switches, by hand.

use sparring_envs::{End, Obs, Row, spec};

use super::*;
use crate::networks::NetworkConfig;

fn agent(config: DqnConfig) -> Dqn {
    let config = DqnConfig {
        network: NetworkConfig::mlp(&[8]),
        batch_size: 4,
        replay_capacity: 4,
        ..config
    };
    Dqn::new(config, &spec("CartPole-v1").unwrap(), 1, &Seed::new(1)).unwrap()
}

#[test]
fn duelling_adds_the_value_to_advantages_of_mean_zero() {
    let dqn = agent(DqnConfig { dueling: true, ..DqnConfig::paper() });
    // V = 10 and A = (1, 3); V = −1 and A = (2, 2).
    let outputs = [10.0, 1.0, 3.0, -1.0, 2.0, 2.0];
    assert_eq!(dqn.choice.q_of(&outputs), [9.0, 11.0, -1.0, -1.0]);
    assert_eq!(dqn.choice.taken(&outputs, &[1.0, 0.0]), [11.0, -1.0]);
    let of_two = dqn.choice.q_of(&dqn.q.network().outputs(&[0.0; 8]).unwrap());
    assert_eq!(of_two.len(), 4);
    // Q₁ = V + A₁ − ½ (A₁ + A₂).
    assert_eq!(dqn.choice.taken_grad(&[2.0], &[1.0]), [2.0, -1.0, 1.0]);
    let plain = agent(DqnConfig::paper());
    assert_eq!(plain.choice.q_of(&[1.0, 3.0]), [1.0, 3.0]);
    assert_eq!(plain.choice.taken_grad(&[2.0], &[1.0]), [0.0, 2.0]);
}

#[test]
fn importance_weights_and_priorities_of_a_memory_of_three() {
    let prioritized = Some(Prioritized { exponent: 0.5, importance: 1.0 });
    let mut dqn = agent(DqnConfig { prioritized, ..DqnConfig::paper() });
    let obs = [0.0; 4];
    for _ in 0..3 {
        let obs = Obs::F32(&obs);
        let row = &[Row::End(End::Terminated)];
        let batch = Batch { envs: &[0], obs, next: obs, reward: &[0.0], row, finished: &[] };
        dqn.experience.training.store(&batch, Actions::Discrete(&[0])).unwrap();
    }
    // |δ| = 1, 4, 9, whose roots are the priorities: P = 1/6, 2/6, 3/6.
    dqn.choice.prioritize(&mut dqn.experience.training, &[0, 1, 2], &[1.0, -4.0, 9.0]);
    let priorities = dqn.experience.training.priorities().unwrap();
    assert!((priorities.total() - 6.0).abs() < 1e-5);
    // (N P)⁻¹ = 2, 1, 2/3, over the largest of those drawn.
    let near = |found: Vec<f32>, expected: &[f32]| {
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5), "{found:?}");
    };
    near(dqn.choice.weights(&dqn.experience.training, &[0, 1, 2, 0]), &[1.0, 0.5, 1.0 / 3.0, 1.0]);
    near(dqn.choice.weights(&dqn.experience.training, &[2, 1]), &[2.0 / 3.0, 1.0]);
    let plain = agent(DqnConfig::paper());
    near(plain.choice.weights(&plain.experience.training, &[5, 6]), &[1.0, 1.0]);
    // A gradient step changes the priorities of what it drew.
    let before: Vec<f64> =
        (0..3).map(|place| dqn.experience.training.priorities().unwrap().get(place)).collect();
    dqn.update().unwrap();
    let after: Vec<f64> =
        (0..3).map(|place| dqn.experience.training.priorities().unwrap().get(place)).collect();
    assert_ne!(before, after);
}

#[test]
fn a_diagnosis_sees_the_loss_of_each_sample() {
    let mut dqn = agent(DqnConfig::paper());
    assert!(dqn.probes(None, &mut Seed::new(1).rng()).unwrap().is_empty());
    let (obs, row) = (Obs::F32(&[0.0; 4]), &[Row::End(End::Terminated)]);
    let batch = Batch { envs: &[0], obs, next: obs, reward: &[2.0], row, finished: &[] };
    dqn.experience.training.store(&batch, Actions::Discrete(&[1])).unwrap();
    let probes = dqn.probes(None, &mut Seed::new(1).rng()).unwrap();
    let [probe] = &probes[..] else { panic!("one network") };
    assert_eq!(probe.input.len(), 4 * 4);
    // Q = (1, 5), of which the second was taken: of (5 − 2)².
    for sample in 0..4 {
        assert_eq!((probe.loss_grad)(sample, &[1.0, 5.0]).unwrap(), [0.0, 6.0]);
    }
    let (name, values) = probe.values.as_ref().unwrap();
    assert_eq!((*name, values(&[1.0, 5.0].repeat(4))), ("q", vec![5.0; 4]));
}
