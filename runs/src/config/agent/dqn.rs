//! The keys of `agent` with `kind: dqn`.

use sparring_agents::{DqnConfig, Epsilon, Loss, Prioritized};

use super::{Around, check_replay, check_trains, finish, network, optimizer};
use crate::config::bounds::Bounds;
use crate::config::problem::Checked;
use crate::config::section::Otherwise::{Default, Required};
use crate::config::section::Section;
use crate::config::sparsity;
use crate::yaml::Value;

/// Reads the agent and the sparsity of its one network.
pub fn read(
    s: &mut Section<'_>,
    sparsity: &Section<'_>,
    around: &Around<'_>,
) -> Checked<DqnConfig> {
    let mut c = read_keys(s)?;
    check_replay(s, c.replay_capacity, c.batch_size, around.train)?;
    let gradient_steps = c.gradient_steps(around.train.total_env_steps, around.env.rows());
    check_trains(s, gradient_steps, c.warmup_env_steps, around.train)?;
    // Until now it said whether.
    c.decay_gradient_steps = c.decay_gradient_steps.map(|_| gradient_steps);
    c.sparsity = sparsity::of_one(sparsity, "q", gradient_steps)?;
    Ok(c)
}

/// What is left out is as in the paper.
pub fn read_keys(s: &mut Section<'_>) -> Checked<DqnConfig> {
    let unit = Bounds::within(0.0, 1.0);
    let mut c = DqnConfig::paper();
    c.network = network::read(s, &c.network)?;
    c.optimizer = optimizer::read(s, c.optimizer)?;
    let decays = [("constant", None), ("linear", Some(0))];
    c.decay_gradient_steps = s.choice("learning_rate_decay", Default("constant"), &decays)?;
    c.weight_decay = s.number("weight_decay", Default(c.weight_decay), Bounds::at_least(0.0))?;
    c.batch_size = s.count("batch_size", c.batch_size, 1)?;
    c.replay_capacity = s.count("replay_capacity", c.replay_capacity, 1)?;
    c.warmup_env_steps = s.whole("warmup_env_steps", Default(c.warmup_env_steps), 0)?;
    c.train_every_env_steps =
        s.whole("train_every_env_steps", Default(c.train_every_env_steps), 1)?;
    c.gradient_steps = s.whole("gradient_steps", Default(c.gradient_steps), 1)?;
    c.target_every_gradient_steps =
        s.whole("target_every_gradient_steps", Default(c.target_every_gradient_steps), 1)?;
    c.target_tau = s.number("target_tau", Default(c.target_tau), Bounds::above_to(0.0, 1.0))?;
    c.discount = s.number("discount", Default(c.discount), unit)?;
    c.n_step = s.count("n_step", c.n_step, 1)?;
    let losses = [("squared", Loss::Squared), ("huber", Loss::Huber)];
    c.loss = s.choice("loss", Default("squared"), &losses)?;
    c.double_q = s.flag("double_q", c.double_q)?;
    c.dueling = s.flag("dueling", c.dueling)?;
    // `null` draws uniformly, so that a variant may unsay what it inherits.
    if let Some(node) = s.node("prioritized").filter(|node| node.value != Value::Null) {
        let mut p = Section::new("agent.prioritized", Some(node))?;
        let exponent = p.number("exponent", Required(0.6), unit)?;
        let importance = p.number("importance", Required(0.4), unit)?;
        p.finish()?;
        c.prioritized = Some(Prioritized { exponent, importance });
    }
    let mut e = s.section("epsilon")?;
    let Epsilon { start, end, decay_env_steps, eval } = c.epsilon;
    c.epsilon = Epsilon {
        start: e.number("start", Default(start), unit)?,
        end: e.number("end", Default(end), unit)?,
        decay_env_steps: e.whole("decay_env_steps", Default(decay_env_steps), 0)?,
        eval: e.number("eval", Default(eval), unit)?,
    };
    e.finish()?;
    finish(s)?;
    Ok(c)
}
