//! One gradient step against SAC written out in candle's own ops, which says in which order the
//! parts must see each other.

use candle_core::{Device, Tensor};
use rand_distr::{Distribution as _, StandardNormal};
use sparring_envs::{Dtype, End, Obs, ObsBuf, Row, Space, spec};
use sparring_sparse::OptimizerConfig;
use sparring_sparse::methods::dense::Dense;
use sparring_sparse::methods::rigl::Rigl;
use sparring_sparse::methods::set::Set;
use sparring_sparse::methods::static_sparse::Static;
use sparring_sparse::methods::{DropGrow, MethodChoice, Order};

use super::*;
use crate::metric::Extent;
use crate::plain::{Plain, drop_grow, half, one, relu};

const OBS: usize = 3;
const BATCH: usize = 8;

fn config(method: MethodChoice) -> SacConfig {
    let sparsity = half(method);
    SacConfig {
        actor_hidden: vec![16],
        critic_hidden: vec![16],
        actor_sparsity: sparsity.clone(),
        critic_sparsity: sparsity,
        // So long that a part which saw another's weights of the wrong time would end elsewhere.
        optimizer: OptimizerConfig::adam(0.05),
        weight_decay: 0.0,
        temperature: Temperature::Learned {
            initial: 0.7,
            learning_rate: 0.1,
            target_entropy_per_dim: -0.5,
        },
        batch_size: BATCH,
        replay_capacity: 32,
        target_tau: 0.25,
        reward_scale: 0.5,
        discount: 0.9,
        ..SacConfig::paper()
    }
}

fn agent(config: SacConfig) -> Sac {
    let mut sac = Sac::new(config, &spec("Pendulum-v1").unwrap(), 1, &Seed::new(3)).unwrap();
    for t in 0..20 {
        let at = |k: usize| (t as f32 + k as f32 * 0.7).sin();
        let (obs, next) = ([at(0), at(1), at(2)], [at(3), at(4), at(5)]);
        let (action, reward) = ([at(6)], [f64::from(at(7))]);
        let row = [(t % 5 == 0).then_some(End::Terminated).into()];
        let batch = Batch {
            envs: &[0],
            obs: Obs::F32(&obs),
            next: Obs::F32(&next),
            reward: &reward,
            row: &row,
            finished: &[],
        };
        sac.experience.training.store(&batch, Actions::Continuous(&action)).unwrap();
    }
    sac
}

/// The first step of Adam: `lr` along the sign of each gradient, but for `ε`.
fn first_adam_step(network: &Plain, loss: &Tensor, lr: f64) {
    let grads = loss.backward().unwrap();
    for var in network.0.iter().flat_map(|(w, b)| [w, b]) {
        let g = grads.get(var).unwrap();
        // m / (√v + ε) with both corrections, in the form of `Rule::Adam`.
        let m = (g * 0.1).unwrap();
        let v = (g.sqr().unwrap() * 0.001).unwrap();
        let rate = lr * 0.001f64.sqrt() / 0.1;
        let step = (m / (v.sqrt().unwrap() + 1e-7).unwrap()).unwrap();
        // Masked weights have no step.
        let active = var.ne(0f32).unwrap().to_dtype(candle_core::DType::F32).unwrap();
        let active = if var.rank() == 1 { active.ones_like().unwrap() } else { active };
        let moved = (var.as_tensor() - (step * rate).unwrap() * active).unwrap();
        var.set(&moved).unwrap();
    }
}

/// `(actions, log π)` of shape `(n, 1)` each, by the textbook formula.
fn draw(head: &Tensor, noise: &Tensor) -> (Tensor, Tensor) {
    let mean = head.narrow(1, 0, 1).unwrap();
    let log_std = head.narrow(1, 1, 1).unwrap();
    let u = (mean + (log_std.exp().unwrap() * noise).unwrap()).unwrap();
    let a = u.tanh().unwrap();
    let normal = ((noise.sqr().unwrap() * -0.5).unwrap() - log_std).unwrap();
    let normal = (normal - 0.5 * std::f64::consts::TAU.ln()).unwrap();
    let squash = (a.sqr().unwrap() * -1.0).unwrap().affine(1.0, 1.0).unwrap().log().unwrap();
    (a, (normal - squash).unwrap())
}

fn close(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len());
    for (i, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() < 2e-4, "{what} {i}: {a} against {b}");
    }
}

#[test]
fn one_step_is_that_of_the_formulas_in_their_order() {
    for method in [Dense {}.into(), Static {}.into()] {
        let mut sac = agent(config(method));
        let alpha = 0.7;
        let rows = |v: Vec<f32>, width: usize| {
            Tensor::from_vec(v.clone(), (v.len() / width, width), &Device::Cpu).unwrap()
        };
        let column = |v: Vec<f32>| rows(v, 1);
        let [mut sampler, mut noise] =
            ["replay", "noise"].map(|name| Seed::new(3).child(name).rng());
        let mut sample = Sample::default();
        sac.experience.training.sample(BATCH, &mut sampler, &mut sample).unwrap();
        let mut draws = || -> Tensor {
            column((0..BATCH).map(|_| StandardNormal.sample(&mut noise)).collect())
        };
        let (next_noise, noise) = (draws(), draws());
        let seen = |seen: ObsBuf| rows(seen.view().values().collect(), OBS);
        let [obs, next] = [sample.obs, sample.next].map(seen);
        let action = column(sample.action);
        let (reward, discount) = (column(sample.reward), column(sample.discount));
        let actor = Plain::of(sac.networks.actor.network());
        let critics = [0, 1].map(|i| Plain::of(sac.networks.critics[i].network()));
        let targets = [0, 1].map(|i| Plain::of(sac.networks.targets[i].network()));
        let least = |of: &[Plain; 2], x: &Tensor| {
            of[0].forward(x, relu).minimum(&of[1].forward(x, relu)).unwrap()
        };

        // The value of the next state by the actor and the targets before any step.
        let (a, log_prob) = draw(&actor.forward(&next, relu), &next_noise);
        let soft = (least(&targets, &Tensor::cat(&[&next, &a], 1).unwrap())
            - (log_prob * alpha).unwrap())
        .unwrap();
        let y = ((reward * 0.5).unwrap() + (discount * soft).unwrap()).unwrap().detach();
        let taken = Tensor::cat(&[&obs, &action], 1).unwrap();
        let error = |critic: &Plain| {
            (critic.forward(&taken, relu) - &y).unwrap().sqr().unwrap().mean_all().unwrap()
        };
        let losses = [error(&critics[0]), error(&critics[1])];
        for (critic, loss) in critics.iter().zip(&losses) {
            first_adam_step(critic, &(loss * 0.5).unwrap(), 0.05);
        }
        // The actor by the critics after their step.
        let (a, log_prob) = draw(&actor.forward(&obs, relu), &noise);
        let q = least(&critics, &Tensor::cat(&[&obs, &a], 1).unwrap());
        let loss = ((&log_prob * alpha).unwrap() - q).unwrap().mean_all().unwrap();
        first_adam_step(&actor, &loss, 0.05);
        // The temperature: one step of Adam along the sign of its gradient.
        let missing = log_prob.mean_all().unwrap().to_scalar::<f32>().unwrap() - 0.5;
        let log_alpha = alpha.ln() + 0.1 * f64::from(missing.signum());

        let before = [0, 1].map(|i| targets[i].values());
        sac.update().unwrap();

        close(&Plain::of(sac.networks.actor.network()).values(), &actor.values(), "actor");
        for i in 0..2 {
            let critic = critics[i].values();
            close(&Plain::of(sac.networks.critics[i].network()).values(), &critic, "critic");
            // The targets follow the critics after their step.
            let mixed = before[i].iter().zip(&critic).map(|(t, c)| 0.75 * t + 0.25 * c);
            let found = Plain::of(sac.networks.targets[i].network()).values();
            close(&found, &mixed.collect::<Vec<_>>(), "target");
        }
        assert!((sac.state.log_alpha.values()[0] - log_alpha).abs() < 1e-4);
    }
}

#[test]
fn targets_have_the_topology_of_their_critics_after_every_update() {
    let schedule = drop_grow(2, Order::BeforeStep);
    for method in [Set { schedule: schedule.clone() }.into(), rigl(schedule)] {
        let mut sac = agent(config(method));
        let first = sac.networks.critics[0].network().layers()[0].topology().clone();
        for _ in 0..10 {
            sac.update().unwrap();
            for (target, critic) in sac.networks.targets.iter().zip(&sac.networks.critics) {
                let layers = target.network().layers().iter().zip(critic.network().layers());
                for (target, critic) in layers {
                    assert_eq!(target.topology(), critic.topology());
                }
            }
        }
        let moved = sac.networks.critics[0].network().layers()[0].topology();
        assert_ne!(moved, &first);
        assert_eq!(moved.nnz(), first.nnz());
        let other = sac.networks.critics[1].network().layers()[0].topology();
        assert_ne!(moved, other, "each critic has a topology of its own");
    }
}

#[test]
fn a_target_that_waits_keeps_its_weights_until_its_step() {
    let mut sac = agent(SacConfig { target_every_gradient_steps: 3, ..config(Dense {}.into()) });
    let params = |sac: &Sac| sac.networks.targets[0].network().params().to_vec1::<f32>().unwrap();
    let start = params(&sac);
    for step in 1..=3 {
        sac.update().unwrap();
        assert_eq!(params(&sac) == start, step < 3);
    }
}

#[test]
fn a_step_that_a_rewiring_takes_the_place_of_counts_as_a_gradient_step() {
    let schedule = drop_grow(2, Order::InsteadOfStep);
    let config = config(rigl(schedule));
    let mut sac = agent(SacConfig { target_every_gradient_steps: 3, ..config });
    let params = |sac: &Sac| sac.networks.targets[0].network().params().to_vec1::<f32>().unwrap();
    for step in 1..=9 {
        let before = params(&sac);
        sac.update().unwrap();
        assert_eq!(params(&sac) != before, step % 3 == 0, "{step}");
    }
    assert_eq!(sac.clock().gradient_steps, 9);
    assert!(sac.networks.actor.optimizer().steps() < 9);
}

#[test]
fn a_fixed_temperature_stays() {
    let temperature = Temperature::Fixed { alpha: 0.2 };
    let mut sac = agent(SacConfig { temperature, ..config(Dense {}.into()) });
    sac.update().unwrap();
    assert!((sac.state.alpha() - 0.2).abs() < 1e-12);
}

#[test]
fn a_diagnosis_sees_the_loss_of_each_sample() {
    let mut sac = agent(config(Static {}.into()));
    for _ in 0..32 {
        let (obs, row) = (Obs::F32(&[0.1, 0.2, 0.3]), &[Row::End(End::Terminated)]);
        let batch = Batch { envs: &[0], obs, next: obs, reward: &[3.0], row, finished: &[] };
        sac.experience.training.store(&batch, Actions::Continuous(&[0.5])).unwrap();
    }
    let probes = sac.probes(Some(5), &mut Seed::new(1).rng()).unwrap();
    let [actor, critics @ ..] = &probes[..] else { panic!("three networks") };
    assert_eq!((actor.input.len(), critics.len()), (5 * 3, 2));
    // Of ½ (2 − 0.5 · 3)².
    for critic in critics {
        assert_eq!(critic.input.len(), 5 * 4);
        assert_eq!((critic.loss_grad)(4, &[2.0]).unwrap(), [0.5]);
    }
    // With σ = e⁻²⁰, −log π(ã) = ½ ε² + log σ + ½ log 2π: tanh changes nothing so near 0.
    let entropy = actor.entropy.as_ref().unwrap()(&[0.0, -20.0].repeat(5));
    let least = -20.0 + 0.5 * std::f64::consts::TAU.ln();
    assert!((least..least + 5.0).contains(&entropy), "{entropy} {least}");
}

/// Bytes are `x / 255` to every network, and kept as bytes: the same training, bit for bit, as on the
/// numbers that they stand for.
#[test]
fn pixels_are_trained_on_as_numbers() {
    let config = SacConfig { warmup_env_steps: 4, replay_capacity: 64, ..config(Static {}.into()) };
    let numbers =
        EnvSpec { obs: Space::uniform(&[2, 3], 0.0, 1.0), ..spec("Pendulum-v1").unwrap() };
    let pixels = EnvSpec { obs: Space::bytes(&[2, 3]), frames: 2, ..numbers.clone() };
    let train = |spec: &EnvSpec| {
        let mut sac = Sac::new(config.clone(), spec, 1, &Seed::new(3)).unwrap();
        let mut metrics = Vec::new();
        for t in 0..30u8 {
            let [a, b, c] = [t % 6, t % 6 + 1, t % 6 + 2].map(|x| [x * 30, x * 20, x * 10]);
            let a = if t % 6 == 0 { [0; 3] } else { a };
            let bytes = [[a, b].concat(), [b, c].concat()];
            let floats = bytes
                .each_ref()
                .map(|seen| -> Vec<f32> { seen.iter().map(|x| f32::from(*x) / 255.0).collect() });
            let [obs, next] = match spec.obs.dtype() {
                Dtype::U8 => bytes.each_ref().map(|seen| Obs::U8(seen)),
                Dtype::F32 => floats.each_ref().map(|seen| Obs::F32(seen)),
            };
            sac.act(one(obs), Mode::Train).unwrap();
            let row = [(t % 6 == 5).then_some(End::Truncated).into()];
            let reward = [f64::from(t)];
            let batch = Batch { envs: &[0], obs, next, reward: &reward, row: &row, finished: &[] };
            sac.learn(&batch).unwrap();
        }
        assert_eq!(sac.clock().gradient_steps, 26);
        sac.drain_metrics(Extent::Whole, &mut metrics);
        metrics
    };
    assert_eq!(train(&pixels), train(&numbers));
}

fn rigl(schedule: DropGrow) -> MethodChoice {
    Rigl { schedule, ..Rigl::default() }.into()
}
