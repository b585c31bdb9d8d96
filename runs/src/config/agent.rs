//! The section `agent`.

use sparring_agents::{AgentConfig, DqnConfig, Epsilon, Loss};
use sparring_envs::{EnvSpec, Space};
use sparring_sparse::{ClipNorm, OptimizerConfig, Rule, WeightDecay};

use super::bounds::Bounds;
use super::problem::Checked;
use super::section::Otherwise::Default;
use super::section::Section;
use super::settings::{EnvSettings, TrainSettings};
use super::sparsity;

/// The agents by name, with one line each.
pub const KINDS: [(&str, &str, &str); 1] = [(
    "dqn",
    "discrete",
    "deep Q-learning with replay, n-step returns and double Q as a switch (Mnih et al. 2015)",
)];

/// The sections that an agent's settings depend on.
pub struct Around<'a> {
    /// As typed.
    pub env_section: &'a Section<'a>,
    /// What is played.
    pub spec: &'a EnvSpec,
    /// How.
    pub env: &'a EnvSettings,
    /// How long.
    pub train: &'a TrainSettings,
}

/// Reads `agent` and `sparsity` together, since the times of a method are fractions of the
/// gradient steps that the agent takes.
pub fn read(
    s: &mut Section<'_>,
    sparsity: &mut Section<'_>,
    Around { env_section, spec, env, train }: &Around<'_>,
) -> Checked<AgentConfig> {
    let names = KINDS.map(|(name, ..)| (name, ()));
    s.choice("kind", Default("dqn"), &names)?;
    check_actions(env_section, spec)?;
    let typed = sparsity::read(sparsity)?;
    let mut dqn = read_dqn(s, train)?;
    let gradient_steps = dqn.gradient_steps(train.total_env_steps, env.num_envs);
    if gradient_steps == 0 {
        let found = dqn.warmup_env_steps.to_string();
        let allowed = format!(
            "so few that a run of train.total_env_steps = {} trains at least once after them",
            train.total_env_steps
        );
        let hint = (train.total_env_steps / 10).to_string();
        return Err(s.problem("warmup_env_steps", &found, &allowed, &hint));
    }
    dqn.sparsity = typed.resolve(gradient_steps, sparsity)?;
    Ok(AgentConfig::Dqn(dqn))
}

/// Refuses an env whose actions the agent cannot choose.
fn check_actions(env: &Section<'_>, spec: &EnvSpec) -> Checked<()> {
    let playable = |spec: &&EnvSpec| matches!(spec.action, Space::Discrete { .. });
    if playable(&spec) {
        return Ok(());
    }
    let envs: Vec<_> = sparring_envs::registry().iter().filter(playable).map(|e| e.id).collect();
    let found = format!("{}, whose actions are {}", spec.id, spec.action);
    let allowed = "an env with discrete actions, for agent dqn";
    Err(env.problem("id", &found, allowed, &format!("one of {}", envs.join(", "))))
}

/// What is left out is as in the paper.
fn read_dqn(s: &mut Section<'_>, train: &TrainSettings) -> Checked<DqnConfig> {
    let unit = Bounds::within(0.0, 1.0);
    let mut c = DqnConfig::paper();
    c.hidden = s.wholes("hidden", &c.hidden)?;
    c.optimizer = read_optimizer(s, c.optimizer)?;
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
    let mut e = s.section("epsilon")?;
    let Epsilon { start, end, decay_env_steps, eval } = c.epsilon;
    c.epsilon = Epsilon {
        start: e.number("start", Default(start), unit)?,
        end: e.number("end", Default(end), unit)?,
        decay_env_steps: e.whole("decay_env_steps", Default(decay_env_steps), 0)?,
        eval: e.number("eval", Default(eval), unit)?,
    };
    e.finish()?;
    s.finish_with(|key| {
        let rules = RULES.iter().filter(|(_, _, keys)| keys.contains(&key));
        let names: Vec<_> = rules.map(|(name, ..)| *name).collect();
        (!names.is_empty())
            .then(|| format!("remove it; it belongs to optimizer {}", names.join(", ")))
    })?;
    if c.replay_capacity < c.batch_size {
        let found = c.replay_capacity.to_string();
        let allowed = format!("at least batch_size = {}", c.batch_size);
        let hint = train.total_env_steps.max(c.batch_size as u64).to_string();
        return Err(s.problem("replay_capacity", &found, &allowed, &hint));
    }
    Ok(c)
}

/// Adam, Adam with decoupled decay, or SGD.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Optimizer {
    Adam,
    AdamW,
    Sgd,
}

/// The optimisers by name, with the keys that not all have.
const RULES: [(&str, Optimizer, &[&str]); 3] = [
    ("adam", Optimizer::Adam, &["adam_beta1", "adam_beta2", "adam_eps", "weight_decay_form"]),
    ("adamw", Optimizer::AdamW, &["adam_beta1", "adam_beta2", "adam_eps"]),
    ("sgd", Optimizer::Sgd, &["momentum", "weight_decay_form"]),
];

fn read_optimizer(s: &mut Section<'_>, paper: OptimizerConfig) -> Checked<OptimizerConfig> {
    let learning_rate =
        s.number("learning_rate", Default(paper.learning_rate), Bounds::above(0.0))?;
    let rules = RULES.map(|(name, rule, _)| (name, rule));
    let optimizer = s.choice("optimizer", Default("adam"), &rules)?;
    let below = Bounds::below(0.0, 1.0);
    let rule = match optimizer {
        Optimizer::Adam | Optimizer::AdamW => Rule::Adam {
            beta1: s.number("adam_beta1", Default(0.9), below)?,
            beta2: s.number("adam_beta2", Default(0.999), below)?,
            eps: s.number("adam_eps", Default(1e-7), Bounds::above(0.0))?,
        },
        Optimizer::Sgd => Rule::Sgd { momentum: s.number("momentum", Default(0.9), below)? },
    };
    let forms = [("squares", WeightDecay::Squares), ("half_squares", WeightDecay::HalfSquares)];
    let weight_decay = match optimizer {
        Optimizer::AdamW => WeightDecay::Decoupled,
        _ => s.choice("weight_decay_form", Default("squares"), &forms)?,
    };
    let max_grad_norm = s.optional_number("max_grad_norm", Bounds::above(0.0))?;
    let norms = [("active", ClipNorm::Active), ("dense", ClipNorm::Dense)];
    let clip_norm = s.choice("clip_norm", Default("active"), &norms)?;
    if clip_norm == ClipNorm::Dense && max_grad_norm.is_none() {
        let hint = "add max_grad_norm, such as 10, or remove clip_norm";
        return Err(s.problem("clip_norm", "dense", "active, where max_grad_norm is null", hint));
    }
    Ok(OptimizerConfig { rule, learning_rate, weight_decay, max_grad_norm, clip_norm })
}
