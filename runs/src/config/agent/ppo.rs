//! The keys of `agent` with `kind: ppo`.

use sparring_agents::PpoConfig;
use sparring_sparse::Activation;

use super::{Around, finish, network, optimizer};
use crate::config::bounds::Bounds;
use crate::config::problem::Checked;
use crate::config::section::Otherwise::Default;
use crate::config::section::Section;
use crate::config::sparsity;

/// Reads the agent and the sparsity of its networks.
pub fn read(
    s: &mut Section<'_>,
    sparsity: &Section<'_>,
    around: &Around<'_>,
) -> Checked<PpoConfig> {
    let (total, num_envs) = (around.train.total_env_steps, around.env.num_envs);
    let mut c = read_keys(s, total)?;
    let rollout = c.rollout_steps.saturating_mul(num_envs);
    if c.minibatch_size > rollout {
        let found = c.minibatch_size.to_string();
        let allowed = format!("at most rollout_steps x env.num_envs = {rollout}");
        return Err(s.problem(
            "minibatch_size",
            &found,
            &allowed,
            &(rollout / 4).max(1).to_string(),
        ));
    }
    let gradient_steps = c.gradient_steps(total, num_envs);
    if gradient_steps == 0 {
        let allowed = format!(
            "so few that {num_envs} environments fill a rollout within train.total_env_steps = {total}"
        );
        let hint = (total / num_envs as u64 / 10).max(1).to_string();
        return Err(s.problem("rollout_steps", &c.rollout_steps.to_string(), &allowed, &hint));
    }
    // The env's actions are checked, so that what is left is a box without bounds.
    let layers = c.layers(around.spec);
    let [actor, critic] = layers.map_err(|error| {
        around.env_section.problem("id", around.spec.id, &error.to_string(), "another env")
    })?;
    [c.actor_sparsity, c.critic_sparsity] =
        sparsity::of_actor_and_critics(sparsity, [&actor, &critic], 1, gradient_steps)?;
    Ok(c)
}

/// What is left out is as in the paper.
pub fn read_keys(s: &mut Section<'_>, total_env_steps: u64) -> Checked<PpoConfig> {
    let (unit, above) = (Bounds::within(0.0, 1.0), Bounds::above(0.0));
    let mut c = PpoConfig::paper(total_env_steps);
    c.network = network::read_beside(s, &network::OF_PERCEPTRONS)?;
    let hidden = s.wholes("hidden", &c.actor_hidden)?;
    c.actor_hidden = s.wholes("actor_hidden", &hidden)?;
    c.critic_hidden = s.wholes("critic_hidden", &hidden)?;
    let width = s.number("width", Default(1.0), network::WIDTH)?;
    c.actor_width = s.number("actor_width", Default(width), network::WIDTH)?;
    c.critic_width = s.number("critic_width", Default(width), network::WIDTH)?;
    let activations = [("tanh", Activation::Tanh), ("relu", Activation::Relu)];
    c.actor_activation = s.choice("actor_activation", Default("tanh"), &activations)?;
    c.critic_activation = s.choice("critic_activation", Default("relu"), &activations)?;
    c.optimizer = optimizer::read(s, c.optimizer)?;
    let decays = [("linear", c.decay_env_steps), ("constant", None)];
    c.decay_env_steps = s.choice("learning_rate_decay", Default("linear"), &decays)?;
    c.weight_decay = s.number("weight_decay", Default(c.weight_decay), Bounds::at_least(0.0))?;
    c.rollout_steps = s.count("rollout_steps", c.rollout_steps, 1)?;
    c.epochs = s.count("epochs", c.epochs, 1)?;
    c.minibatch_size = s.count("minibatch_size", c.minibatch_size, 1)?;
    c.discount = s.number("discount", Default(c.discount), unit)?;
    c.gae_lambda = s.number("gae_lambda", Default(c.gae_lambda), unit)?;
    c.clip = s.number("clip", Default(c.clip), above)?;
    c.value_clip = s.optional_number("value_clip", c.value_clip, above)?;
    c.value_coef = s.number("value_coef", Default(c.value_coef), above)?;
    c.entropy_coef = s.number("entropy_coef", Default(c.entropy_coef), Bounds::at_least(0.0))?;
    c.initial_std = s.number("initial_std", Default(c.initial_std), above)?;
    c.normalize_observations = s.flag("normalize_observations", c.normalize_observations)?;
    c.normalize_rewards = s.flag("normalize_rewards", c.normalize_rewards)?;
    c.normalize_advantages = s.flag("normalize_advantages", c.normalize_advantages)?;
    finish(s)?;
    Ok(c)
}
