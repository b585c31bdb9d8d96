//! What keys and environments are called elsewhere: Gymnasium, Stable-Baselines3, CleanRL, Dopamine.

/// A section, the name that a key has elsewhere, and the keys that it may be here, of which the first that
/// the section has is meant.
const KEYS: &[(&str, &str, &[&str])] = &[
    ("agent", "lr", &["learning_rate"]),
    ("agent", "learning_starts", &["warmup_env_steps"]),
    ("agent", "min_replay_history", &["warmup_env_steps"]),
    ("agent", "start_steps", &["warmup_env_steps"]),
    ("agent", "initial_collect_steps", &["warmup_env_steps"]),
    ("agent", "buffer_size", &["replay_capacity"]),
    ("agent", "replay_size", &["replay_capacity"]),
    ("agent", "memory_size", &["replay_capacity"]),
    ("agent", "gamma", &["discount"]),
    ("agent", "tau", &["target_tau"]),
    ("agent", "polyak", &["target_tau"]),
    ("agent", "target_network_frequency", &["target_every_gradient_steps"]),
    ("agent", "target_update_interval", &["target_every_gradient_steps"]),
    ("agent", "target_update_period", &["target_every_gradient_steps"]),
    ("agent", "train_freq", &["train_every_env_steps"]),
    ("agent", "train_frequency", &["train_every_env_steps"]),
    ("agent", "update_period", &["train_every_env_steps"]),
    ("agent", "minibatch_size", &["minibatch_size", "batch_size"]),
    ("agent", "batch_size", &["batch_size", "minibatch_size"]),
    ("agent", "num_minibatches", &["minibatch_size"]),
    ("agent", "n_steps", &["rollout_steps", "n_step"]),
    ("agent", "num_steps", &["rollout_steps", "n_step"]),
    ("agent", "update_horizon", &["n_step"]),
    ("agent", "n_epochs", &["epochs"]),
    ("agent", "update_epochs", &["epochs"]),
    ("agent", "ent_coef", &["entropy_coef", "temperature"]),
    ("agent", "vf_coef", &["value_coef"]),
    ("agent", "clip_range", &["clip"]),
    ("agent", "clip_coef", &["clip"]),
    ("agent", "clip_range_vf", &["value_clip"]),
    ("agent", "clip_vloss", &["value_clip"]),
    ("agent", "norm_adv", &["normalize_advantages"]),
    ("agent", "normalize_advantage", &["normalize_advantages"]),
    ("agent", "anneal_lr", &["learning_rate_decay"]),
    ("agent", "alpha", &["temperature", "prioritized"]),
    ("agent", "autotune", &["temperature"]),
    ("agent", "target_entropy", &["temperature"]),
    ("agent", "exploration_fraction", &["epsilon"]),
    ("agent", "exploration_initial_eps", &["epsilon"]),
    ("agent", "exploration_final_eps", &["epsilon"]),
    ("agent", "start_e", &["epsilon"]),
    ("agent", "end_e", &["epsilon"]),
    ("agent", "epsilon_train", &["epsilon"]),
    ("agent", "epsilon_eval", &["epsilon"]),
    ("agent", "epsilon_decay_period", &["epsilon"]),
    ("agent", "net_arch", &["hidden"]),
    ("agent", "hidden_sizes", &["hidden"]),
    ("agent", "hidden_dim", &["hidden"]),
    ("agent", "layers", &["hidden"]),
    ("agent", "double", &["double_q"]),
    ("agent", "duelling", &["dueling"]),
    ("agent", "width", &["network"]),
    ("agent", "algo", &["kind"]),
    ("agent", "algorithm", &["kind"]),
    ("agent", "policy_frequency", &["target_every_gradient_steps"]),
    ("env", "env_id", &["id"]),
    ("env", "name", &["id"]),
    ("env", "n_envs", &["num_envs"]),
    ("env", "env_kwargs", &["options"]),
    ("env", "kwargs", &["options"]),
    ("train", "total_timesteps", &["total_env_steps"]),
    ("train", "timesteps", &["total_env_steps"]),
    ("train", "max_steps", &["total_env_steps"]),
    ("train", "patience", &["patience_evaluations"]),
    ("train", "log_interval", &["log_every_env_steps"]),
    ("eval", "eval_freq", &["every_env_steps"]),
    ("eval", "n_eval_episodes", &["episodes"]),
    ("eval", "num_eval_episodes", &["episodes"]),
    ("sparsity", "method", &["kind"]),
    ("sparsity", "density", &["sparsity"]),
    ("sparsity", "delta_t", &["update_every_gradient_steps"]),
    ("sparsity", "update_frequency", &["update_every_gradient_steps"]),
    ("sparsity", "alpha", &["drop_fraction"]),
    ("sparsity", "zeta", &["drop_fraction"]),
    ("sparsity", "erk_power_scale", &["erk_power"]),
    ("", "seed", &["seeds"]),
    ("", "environment", &["env"]),
    ("", "algo", &["agent"]),
    ("", "algorithm", &["agent"]),
    ("", "training", &["train"]),
    ("", "evaluation", &["eval"]),
];

/// The key of `section`, one of `known`, that is called `found` elsewhere.
pub fn meant(section: &str, found: &str, known: &[&str]) -> Option<String> {
    let found = found.to_lowercase();
    let of = |(within, name, _): &&(&str, &str, &[&str])| *within == section && *name == found;
    let keys = KEYS.iter().filter(of).flat_map(|(_, _, keys)| keys.iter());
    let key = keys.copied().find(|key| known.contains(key))?;
    Some(match (key, found.as_str()) {
        ("network", "width") => {
            "write it in the network: network: {kind: mlp, hidden: [512, 512], width: 0.5}".into()
        }
        _ => key.to_owned(),
    })
}

/// How an env's id is written here, where it is the name that an earlier version or another suite had.
pub fn env_id(found: &str) -> String {
    let Some((name, _)) = found.rsplit_once("-v") else { return found.to_owned() };
    let atari = ["NoFrameskip", "Deterministic"];
    if let Some(game) = atari.iter().find_map(|suffix| name.strip_suffix(suffix)) {
        return format!("ALE/{}-v5", game.trim_end_matches("-ram"));
    }
    found.to_owned()
}
