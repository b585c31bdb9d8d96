//! PPO on CartPole-v1 by thrust-rl, for scripts/bench-agents, which builds this in a project of its own: the
//! speed of it is measured, not what it learns. The hyper-parameters are those of ppo-cartpole.yaml beside
//! this file; the loop is that of the crate's own example, but that it acts without a tape for gradients,
//! which is faster. Its actor and its critic share their hidden layers, so that it has half the weights.
//!
//!     peer WARM_UP STEPS SAMPLES
//!
//! Prints the seconds of an environment step, sample by sample.

use std::time::Instant;

use burn::backend::{Autodiff, NdArray};
use burn::module::AutodiffModule;
use burn::optim::{AdamConfig, Optimizer};
use burn::tensor::{Tensor, TensorData};
use thrust_rl::buffer::rollout::RolloutBuffer;
use thrust_rl::env::cartpole::CartPole;
use thrust_rl::env::pool::EnvPool;
use thrust_rl::policy::mlp::{BurnActivation, MlpBurnConfig, MlpBurnPolicy};
use thrust_rl::train::optimizer::BurnOptimizer;
use thrust_rl::train::ppo::{PPOConfig, PPOTrainerBurn};

type Plain = NdArray<f32>;
type Taped = Autodiff<Plain>;
type Policy = MlpBurnPolicy<Taped>;

const ENVS: usize = 8;
const STEPS: usize = 128;
const OBS: usize = 4;
const DISCOUNT: f32 = 0.99;
const LAMBDA: f32 = 0.95;
const RATE: f64 = 3e-4;

/// One rollout and what is learnt from it.
fn iterate<O: Optimizer<Policy, Taped>>(
    trainer: &mut PPOTrainerBurn<Taped, Policy, O>,
    (envs, buffer, obs): (&mut EnvPool<CartPole>, &mut RolloutBuffer, &mut Vec<Vec<f32>>),
) {
    let device = Default::default();
    let acting = trainer.policy().valid();
    let act = |obs: &[Vec<f32>]| {
        let rows = TensorData::new(obs.concat(), [ENVS, OBS]);
        acting.get_action_host(Tensor::<Plain, 2>::from_data(rows, &device))
    };
    for step in 0..STEPS {
        let (actions, log_probs, values) = act(obs);
        for (env, found) in envs.step(&actions).into_iter().enumerate() {
            let ends = found.terminated || found.truncated;
            let (action, value, log_prob) = (actions[env], values[env], log_probs[env]);
            buffer.add(step, env, &obs[env], action, found.reward, value, log_prob, ends, false);
            obs[env] = if ends { envs.reset_env(env).unwrap() } else { found.observation };
        }
    }
    let (_, _, next_values) = act(obs);
    buffer.compute_advantages(&next_values, DISCOUNT, LAMBDA);
    let rows = buffer.get_batch().to_burn_tensors::<Taped>(&device);
    trainer
        .train_step(
            rows.observations,
            rows.actions,
            rows.old_log_probs,
            rows.old_values,
            rows.advantages,
            rows.returns,
            |policy, obs, actions| policy.evaluate_actions(obs, actions),
        )
        .unwrap();
}

fn main() {
    let number = |i| std::env::args().nth(i).unwrap().parse::<usize>().unwrap();
    let [warm_up, steps, samples] = [1, 2, 3].map(number);
    let network = MlpBurnConfig {
        num_layers: 2,
        hidden_dim: 64,
        use_orthogonal_init: true,
        activation: BurnActivation::Tanh,
        seed: Some(1),
    };
    let policy = Policy::with_config(OBS, 2, network, &Default::default());
    let optimizer = BurnOptimizer::new(AdamConfig::new().init(), RATE);
    let config = PPOConfig::new()
        .learning_rate(RATE)
        .n_epochs(4)
        .batch_size(256)
        .gamma(f64::from(DISCOUNT))
        .gae_lambda(f64::from(LAMBDA))
        .clip_range(0.2)
        .clip_range_vf(f64::INFINITY)
        .vf_coef(0.5)
        .ent_coef(0.0)
        .max_grad_norm(0.5)
        // Never: an update that is broken off would be less work.
        .target_kl(f64::INFINITY);
    let mut trainer = PPOTrainerBurn::new(config, policy, optimizer).unwrap();
    let mut envs = EnvPool::new(CartPole::new, ENVS);
    let (mut buffer, mut obs) = (RolloutBuffer::new(STEPS, ENVS, OBS), envs.reset());
    let mut iterations = |env_steps: usize| {
        for _ in 0..env_steps / (ENVS * STEPS) {
            iterate(&mut trainer, (&mut envs, &mut buffer, &mut obs));
        }
    };
    iterations(warm_up);
    for _ in 0..samples {
        let start = Instant::now();
        iterations(steps);
        println!("{:e}", start.elapsed().as_secs_f64() / steps as f64);
    }
}
