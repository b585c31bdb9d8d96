//! The keys of `agent` with `kind: sac`.

use sparring_agents::{SacConfig, Temperature};

use super::{Around, check_replay, check_trains, finish, network, optimizer};
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
) -> Checked<SacConfig> {
    let mut c = read_keys(s)?;
    check_replay(s, c.replay_capacity, c.batch_size, around.train)?;
    let gradient_steps = c.cadence().total(around.train.total_env_steps, around.env.rows());
    check_trains(s, gradient_steps, c.warmup_env_steps, around.train)?;
    let layers = c.layers(around.spec);
    let [actor, critic] = layers.map_err(|error| {
        around.env_section.problem("id", around.spec.id, &error.to_string(), "another env")
    })?;
    [c.actor_sparsity, c.critic_sparsity] =
        sparsity::of_actor_and_critics(sparsity, [&actor, &critic], 2, gradient_steps)?;
    Ok(c)
}

/// What is left out is as in the paper.
pub fn read_keys(s: &mut Section<'_>) -> Checked<SacConfig> {
    let (unit, any) = (Bounds::within(0.0, 1.0), Bounds::within(-100.0, 100.0));
    let mut c = SacConfig::paper();
    c.network = network::read_beside(s, &network::OF_PERCEPTRONS)?;
    let hidden = s.wholes("hidden", &c.actor_hidden)?;
    c.actor_hidden = s.wholes("actor_hidden", &hidden)?;
    c.critic_hidden = s.wholes("critic_hidden", &hidden)?;
    let width = s.number("width", Default(1.0), network::WIDTH)?;
    c.actor_width = s.number("actor_width", Default(width), network::WIDTH)?;
    c.critic_width = s.number("critic_width", Default(width), network::WIDTH)?;
    c.optimizer = optimizer::read(s, c.optimizer)?;
    c.weight_decay = s.number("weight_decay", Default(c.weight_decay), Bounds::at_least(0.0))?;
    c.temperature = read_temperature(&mut s.section("temperature")?)?;
    let low = s.optional_number("log_std_min", None, any)?;
    let high = s.optional_number("log_std_max", None, any)?;
    if let (Some(low), Some(high)) = (low, high)
        && low >= high
    {
        let allowed = format!("less than log_std_max = {high}");
        return Err(s.problem("log_std_min", &low.to_string(), &allowed, "-20, with 2"));
    }
    c.log_std = [low.unwrap_or(f64::NEG_INFINITY), high.unwrap_or(f64::INFINITY)].map(|x| x as f32);
    c.batch_size = s.count("batch_size", c.batch_size, 1)?;
    c.replay_capacity = s.count("replay_capacity", c.replay_capacity, 1)?;
    c.warmup_env_steps = s.whole("warmup_env_steps", Default(c.warmup_env_steps), 0)?;
    c.warmup_hold_steps = s.whole("warmup_hold_steps", Default(c.warmup_hold_steps), 1)?;
    c.train_every_env_steps =
        s.whole("train_every_env_steps", Default(c.train_every_env_steps), 1)?;
    c.gradient_steps = s.whole("gradient_steps", Default(c.gradient_steps), 1)?;
    c.target_every_gradient_steps =
        s.whole("target_every_gradient_steps", Default(c.target_every_gradient_steps), 1)?;
    c.target_tau = s.number("target_tau", Default(c.target_tau), Bounds::above_to(0.0, 1.0))?;
    c.discount = s.number("discount", Default(c.discount), unit)?;
    c.n_step = s.count("n_step", c.n_step, 1)?;
    c.reward_scale = s.number("reward_scale", Default(c.reward_scale), Bounds::above(0.0))?;
    finish(s)?;
    Ok(c)
}

/// `{alpha: 1.0, learned: true, …}`; what only a learned one has is without effect on a fixed one, so
/// that a variant may fix what others learn.
fn read_temperature(s: &mut Section<'_>) -> Checked<Temperature> {
    let alpha = s.number("alpha", Default(1.0), Bounds::above(0.0))?;
    let learned = s.flag("learned", true)?;
    let learning_rate = s.number("learning_rate", Default(3e-4), Bounds::above(0.0))?;
    let entropies = Bounds::within(-100.0, 100.0);
    let target_entropy_per_dim = s.number("target_entropy_per_dim", Default(-0.5), entropies)?;
    s.finish()?;
    Ok(match learned {
        true => Temperature::Learned { initial: alpha, learning_rate, target_entropy_per_dim },
        false => Temperature::Fixed { alpha },
    })
}
