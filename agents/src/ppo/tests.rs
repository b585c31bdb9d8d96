//! What only the inside of the agent shows: frozen moments, the falling learning rate, what a rollout
//! teaches.

use candle_core::backprop::GradStore;
use candle_core::{Device, Tensor, Var};
use sparring_envs::{End, Obs, Row, spec};
use sparring_sparse::Rule;
use sparring_sparse::methods::rigl::Rigl;
use sparring_sparse::methods::static_sparse::Static;
use sparring_sparse::methods::{DropGrow, MethodChoice, Order};
use sparring_sparse::{Network, OptimizerConfig};

use super::choice::{Minibatch, normalize};
use super::*;
use crate::plain::{Plain, drop_grow, flat, half, one, relu, tanh};

fn agent(config: PpoConfig, env: &str, num_envs: usize) -> Ppo {
    Ppo::new(config, &spec(env).unwrap(), num_envs, &Seed::new(1)).unwrap()
}

fn taught(ppo: &Ppo) -> Advantages {
    let values = |obs: &[f32]| Ok(ppo.critic.network().outputs(obs)?);
    ppo.choice.advantages(values, &ppo.state.rollout).unwrap()
}

fn small() -> PpoConfig {
    PpoConfig { rollout_steps: 4, epochs: 1, minibatch_size: 4, ..PpoConfig::paper(1000) }
}

/// One step of an agent on a made-up environment of three observations, one action.
fn step(ppo: &mut Ppo, t: f32, row: Row) {
    let (obs, next) = ([t.sin(), t.cos(), t], [(t + 1.0).sin(), (t + 1.0).cos(), t + 1.0]);
    ppo.act(one(Obs::F32(&obs)), Mode::Train).unwrap();
    let batch = Batch {
        envs: &[0],
        obs: Obs::F32(&obs),
        next: Obs::F32(&next),
        reward: &[f64::from(t)],
        row: &[row],
        finished: &[],
    };
    ppo.learn(&batch).unwrap();
}

#[test]
fn evaluation_reads_the_moments_and_changes_nothing() {
    let mut ppo = agent(small(), "Pendulum-v1", 1);
    (0..6).for_each(|t| step(&mut ppo, t as f32, Row::Step));
    let before =
        (ppo.state.observations.clone(), ppo.state.rewards.clone(), ppo.state.rollout.rows());
    let first = match ppo.act(one(Obs::F32(&[0.1, 0.2, 7.0])), Mode::Eval).unwrap() {
        Actions::Continuous(actions) => actions.to_vec(),
        Actions::Discrete(_) => panic!("a box"),
    };
    for _ in 0..50 {
        ppo.act(one(Obs::F32(&[1.0, -1.0, 40.0])), Mode::Eval).unwrap();
    }
    assert_eq!(
        (ppo.state.observations.clone(), ppo.state.rewards.clone(), ppo.state.rollout.rows()),
        before
    );
    let again = ppo.act(one(Obs::F32(&[0.1, 0.2, 7.0])), Mode::Eval).unwrap();
    assert!(matches!(again, Actions::Continuous(actions) if actions == first));
    // And it does read them: without moments, the same network acts otherwise.
    ppo.state.observations = ObservationScale::new(3, false);
    let unscaled = ppo.act(one(Obs::F32(&[0.1, 0.2, 7.0])), Mode::Eval).unwrap();
    assert!(matches!(unscaled, Actions::Continuous(actions) if actions != first));
}

#[test]
fn the_learning_rate_falls_from_rollout_to_rollout() {
    let rate = |ppo: &Ppo| ppo.actor.optimizer().learning_rate();
    let config = PpoConfig { decay_env_steps: Some(16), ..small() };
    let mut ppo = agent(config, "Pendulum-v1", 1);
    let mut rates = Vec::new();
    for t in 0..16 {
        step(&mut ppo, t as f32, Row::Step);
        if t % 4 == 3 {
            rates.push(rate(&ppo) / 3e-4);
            assert_eq!(ppo.state.std_param.learning_rate, rate(&ppo));
            assert_eq!(ppo.critic.optimizer().learning_rate(), rate(&ppo));
        }
    }
    assert!(rates.iter().zip([1.0, 0.75, 0.5, 0.25]).all(|(a, b)| (a - b).abs() < 1e-12));
    let mut ppo = agent(PpoConfig { decay_env_steps: None, ..small() }, "Pendulum-v1", 1);
    (0..12).for_each(|t| step(&mut ppo, t as f32, Row::Step));
    assert_eq!(rate(&ppo), 3e-4);
}

/// Truncated rows bootstrap from the successor that the batch gave, in the scale of its step; the
/// returns are advantages and values; a void row is left out.
#[test]
fn a_rollout_teaches_what_gae_says_of_it() {
    let config = PpoConfig { rollout_steps: 5, normalize_rewards: false, ..small() };
    let mut ppo = agent(config, "Pendulum-v1", 1);
    step(&mut ppo, 0.0, Row::Step);
    step(&mut ppo, 1.0, Row::End(End::Truncated));
    step(&mut ppo, 5.0, Row::End(End::Terminated));
    step(&mut ppo, 7.0, Row::Void);
    let learnt = taught(&ppo);
    let value = |obs: &[f32]| ppo.critic.network().outputs(obs).unwrap()[0];
    let row = |t: usize| &ppo.state.rollout.obs[3 * t..][..3];
    let (v0, v1, v2) = (value(row(0)), value(row(1)), value(row(2)));
    let a1 = 1.0 + 0.99 * value(&ppo.state.rollout.kept) - v1;
    let a0 = 0.0 + 0.99 * v1 - v0 + 0.99 * 0.95 * a1;
    let expected = [a0, a1, 5.0 - v2, 0.0];
    assert_eq!(ppo.state.rollout.keeps, [1]);
    for (t, a) in expected.iter().enumerate() {
        assert!((learnt.advantage[t] - a).abs() < 1e-5, "{t}: {:?}", learnt.advantage);
        assert!((learnt.ret[t] - (a + learnt.value[t])).abs() < 1e-5);
    }
    step(&mut ppo, 9.0, Row::Step);
    // Four of five rows are transitions: one minibatch.
    assert_eq!((ppo.clock().gradient_steps, ppo.state.rollout.rows()), (1, 5));

    // A diagnosis sees those four, each with the losses of a minibatch of one.
    let probes = ppo.probes(Some(9), &mut Seed::new(1).rng()).unwrap();
    assert_eq!((probes.len(), probes[1].input.len()), (2, 4 * 3));
    let slope = |sample| (probes[1].loss_grad)(sample, &[50.0]).unwrap()[0];
    let learnt = ppo.state.advantages.as_ref().unwrap();
    let mut expected: Vec<f32> = [0, 1, 2, 4]
        .iter()
        .map(|row| {
            ppo.choice.value_loss(&[50.0], &[learnt.value[*row]], &[learnt.ret[*row]]).grad[0]
        })
        .collect();
    let mut found: Vec<f32> = (0..4).map(slope).collect();
    expected.sort_by(f32::total_cmp);
    found.sort_by(f32::total_cmp);
    assert_eq!(found, expected);
    drop(probes);
    // The next step begins the next rollout.
    step(&mut ppo, 10.0, Row::Step);
    assert_eq!(ppo.state.rollout.rows(), 1);
    assert!(ppo.probes(None, &mut Seed::new(1).rng()).unwrap().is_empty());
}

#[test]
fn advantages_are_normalized_within_a_minibatch() {
    let mut values = [1.0, 2.0, 6.0];
    normalize(&mut values);
    // Mean 3, variance 14/3.
    let deviation = (14.0f32 / 3.0).sqrt();
    let expected = [-2.0, -1.0, 3.0].map(|x| x / deviation);
    assert!(values.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6));
    let mut same = [2.0; 4];
    normalize(&mut same);
    assert_eq!(same, [0.0; 4]);
}

/// Alone, an advantage normalised to mean 0 would be 0, and the actor would learn nothing of it.
#[test]
fn a_minibatch_of_one_row_keeps_its_advantage() {
    let mut ppo = agent(small(), "Pendulum-v1", 1);
    (0..3).for_each(|t| step(&mut ppo, t as f32, Row::Step));
    let learnt = taught(&ppo);
    let one = ppo.choice.minibatch(&ppo.state.rollout, &learnt, &[2]);
    assert_eq!(one.advantage, [learnt.advantage[2]]);
    assert_ne!(one.advantage, [0.0]);
}

/// In the first minibatch of a rollout the policy is still the one that acted.
#[test]
fn the_first_step_has_a_ratio_of_one() {
    for env in ["Pendulum-v1", "Identity-v0"] {
        let config = PpoConfig { minibatch_size: 8, rollout_steps: 4, ..small() };
        let mut ppo = agent(config, env, 2);
        let dim = ppo.choice.obs_dim;
        for t in 0..4 {
            let obs: Vec<f32> = (0..2 * dim).map(|i| ((t * 7 + i) as f32).sin()).collect();
            let seen = Observations {
                obs: Obs::F32(&obs),
                envs: &[0, 1],
                first: &[false; 2],
                rewards: &[0.0; 2],
            };
            ppo.act(seen, Mode::Train).unwrap();
            let reward = [t as f64, 1.0];
            let batch = Batch {
                envs: &[0, 1],
                obs: Obs::F32(&obs),
                next: Obs::F32(&obs),
                reward: &reward,
                row: &[Row::Step; 2],
                finished: &[],
            };
            ppo.learn(&batch).unwrap();
        }
        assert_eq!(ppo.clock().gradient_steps, 1);
        assert!(
            ppo.state.means.kl.abs() < 1e-6 && ppo.state.means.clip_fraction == 0.0,
            "{:?}",
            ppo.state.means
        );
    }
}

/// `softplus(b)` in candle's ops.
fn std(b: &Var) -> Tensor {
    (b.exp().unwrap() + 1.0).unwrap().log().unwrap()
}

/// The textbook's losses of some rows, in candle's own ops: of the actor with its spread `b`, and of the critic.
fn losses(
    ppo: &Ppo,
    [actor, critic]: [&Plain; 2],
    b: &Var,
    obs: &Tensor,
    rows: &Minibatch,
) -> [Tensor; 2] {
    let column = |v: &[f32]| Tensor::new(v, &Device::Cpu).unwrap().unsqueeze(1).unwrap();
    let mean = actor.forward(obs, tanh).tanh().unwrap();
    let error = (column(&rows.action) - mean).unwrap().broadcast_div(&std(b)).unwrap();
    let density =
        (error.sqr().unwrap() * -0.5).unwrap().broadcast_sub(&std(b).log().unwrap()).unwrap();
    let log_prob = (density - 0.5 * std::f64::consts::TAU.ln()).unwrap();
    let ratio = (log_prob - column(&rows.log_prob)).unwrap().exp().unwrap();
    let advantage = column(&rows.advantage);
    let clip = ppo.choice.config.clip;
    let clipped = (ratio.clamp(1.0 - clip, 1.0 + clip).unwrap() * &advantage).unwrap();
    let gain = (ratio * &advantage).unwrap().minimum(&clipped).unwrap();
    let error = (critic.forward(obs, relu) - column(&rows.ret)).unwrap();
    let square = error.sqr().unwrap().mean_all().unwrap();
    [gain.neg().unwrap().mean_all().unwrap(), (square * ppo.choice.config.value_coef).unwrap()]
}

/// What a network must be after a step on these gradients: rewired to the topologies that it now has, where
/// what is new starts at 0; clipped by the gradient's norm there; one step of gradient descent.
fn stepped(
    before: &Plain,
    grads: &GradStore,
    after: &Network,
    config: &OptimizerConfig,
) -> Vec<f32> {
    let mut weights = Vec::new();
    for ((w, b), layer) in before.0.iter().zip(after.layers()) {
        let mut active = vec![0.0; layer.topology().size()];
        layer.topology().positions().for_each(|at| active[at as usize] = 1.0);
        let on = |values: Vec<f32>| values.into_iter().zip(&active).map(|(x, on)| x * on).collect();
        let [w, dw]: [Vec<f32>; 2] = [flat(w), flat(grads.get(w).unwrap())].map(on);
        weights.extend([(w, dw), (flat(b), flat(grads.get(b).unwrap()))]);
    }
    let squares: f32 = weights.iter().flat_map(|(_, grad)| grad).map(|g| g * g).sum();
    let scale = config.max_grad_norm.unwrap() as f32 / squares.sqrt();
    assert!(scale < 1.0, "clipping has something to do");
    let rate = scale * config.learning_rate as f32;
    weights.iter().flat_map(|(w, grad)| w.iter().zip(grad).map(|(w, g)| w - rate * g)).collect()
}

/// The order of the header, minibatch by minibatch: gradients at the weights as they stand → the actor
/// rewires, the critic rewires → clip → step. In the second one the policy has left the one that acted.
#[test]
fn minibatches_are_those_of_the_formulas_in_their_order() {
    let schedule = drop_grow(1, Order::BeforeStep);
    for method in [Static {}.into(), rigl(schedule)] {
        let rewires = method.row().name == "rigl";
        let sparsity = half(method);
        let optimizer = OptimizerConfig {
            rule: Rule::Sgd { momentum: 0.0 },
            learning_rate: 2.0,
            max_grad_norm: Some(0.05),
            ..OptimizerConfig::adam(0.0)
        };
        let mut ppo = agent(
            PpoConfig {
                actor_hidden: vec![12],
                critic_hidden: vec![12],
                actor_sparsity: sparsity.clone(),
                critic_sparsity: sparsity,
                optimizer,
                weight_decay: 0.0,
                rollout_steps: 16,
                ..small()
            },
            "Pendulum-v1",
            1,
        );
        (0..15).for_each(|t| step(&mut ppo, t as f32, Row::Step));
        let learnt = taught(&ppo);
        for rows in [[3, 9, 0, 12, 7], [1, 2, 14, 5, 8]] {
            let plain = [&ppo.actor, &ppo.critic].map(|of| Plain::of(of.network()));
            let before =
                [&ppo.actor, &ppo.critic].map(|of| of.network().layers()[0].topology().clone());
            let b = Var::new(&[ppo.state.std_param.values()[0] as f32], &Device::Cpu).unwrap();
            let all = &ppo.state.rollout.obs;
            let obs: Vec<f32> = rows.iter().flat_map(|row| &all[3 * row..][..3]).copied().collect();
            let obs = Tensor::from_vec(obs, (rows.len(), 3), &Device::Cpu).unwrap();
            let minibatch = ppo.choice.minibatch(&ppo.state.rollout, &learnt, &rows);
            let [of_actor, of_critic] = losses(&ppo, plain.each_ref(), &b, &obs, &minibatch);
            let grads = [of_actor.backward().unwrap(), of_critic.backward().unwrap()];
            let mut std_param = ppo.state.std_param.clone();
            std_param.step(
                &[f64::from(flat(grads[0].get(&b).unwrap())[0])],
                free_params::rule(optimizer.rule),
            );

            ppo.update(&learnt, &rows).unwrap();

            for (i, trainer) in [&ppo.actor, &ppo.critic].into_iter().enumerate() {
                let network = trainer.network();
                assert_eq!(*network.layers()[0].topology() != before[i], rewires);
                let expected = stepped(&plain[i], &grads[i], network, &optimizer);
                for (at, (a, b)) in Plain::of(network).values().iter().zip(expected).enumerate() {
                    assert!((a - b).abs() < 1e-5, "{} {at}: {a} against {b}", trainer.name());
                }
            }
            assert!((ppo.state.std_param.values()[0] - std_param.values()[0]).abs() < 1e-6);
        }
        assert!(ppo.state.means.kl > 1e-4, "the policy moved: {:?}", ppo.state.means);
    }
}

fn rigl(schedule: DropGrow) -> MethodChoice {
    Rigl { schedule, ..Rigl::default() }.into()
}
