//! A saved policy acts as the agent that saved it, bit for bit.

use sparring_agents::{Agent, AgentConfig, DqnConfig, EnvRows, Mode, PpoConfig, SacConfig};
use sparring_envs::{Actions, VectorConfig, VectorEnv, spec};
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::methods::static_sparse::Static;
use sparring_sparse::{Saved, Seed, saved};

/// The evaluation policy of an agent that was trained a little, and of a fresh one that loads what it saved.
fn before_and_after(config: &AgentConfig, env: &str) -> [Vec<f32>; 2] {
    let spec = &spec(env).unwrap();
    let mut envs = VectorEnv::new(spec, &[1], &VectorConfig::default()).unwrap();
    let mut agent = config.build(spec, 1, &Seed::new(1)).unwrap();
    let mut rows = EnvRows::new(1);
    for _ in 0..150 {
        let actions = agent.act(rows.observations(envs.obs()), Mode::Train).unwrap();
        let batch = envs.step(actions).unwrap();
        agent.learn(&batch).unwrap();
        rows.follow(&batch);
    }
    let mut kept = Saved::new();
    agent.save_policy(&mut kept).unwrap();
    let file = saved::to_bytes(&kept, None).unwrap();

    let mut other = config.build(spec, 1, &Seed::new(2)).unwrap();
    other.load_policy(&saved::from_bytes(&file).unwrap()).unwrap();
    let mut act = |agent: &mut Box<dyn Agent>| {
        let seen = rows.observations(envs.obs());
        match agent.act(seen, Mode::Eval).unwrap() {
            Actions::Discrete(actions) => actions.iter().map(|action| *action as f32).collect(),
            Actions::Continuous(actions) => actions.to_vec(),
        }
    };
    [act(&mut agent), act(&mut other)]
}

fn sparse() -> SparsityConfig {
    SparsityConfig { method: Static {}.into(), sparsity: 0.5, ..SparsityConfig::dense() }
}

#[test]
fn of_dqn() {
    let paper = DqnConfig::paper();
    let epsilon = sparring_agents::Epsilon { eval: 0.0, ..paper.epsilon };
    let config = DqnConfig { warmup_env_steps: 20, sparsity: sparse(), epsilon, ..paper };
    let [before, after] = before_and_after(&AgentConfig::of(config), "CartPole-v1");
    assert_eq!(before, after);
}

#[test]
fn of_sac() {
    let config = SacConfig {
        warmup_env_steps: 100,
        replay_capacity: 1000,
        actor_sparsity: sparse(),
        critic_sparsity: sparse(),
        ..SacConfig::paper()
    };
    let [before, after] = before_and_after(&AgentConfig::of(config), "Pendulum-v1");
    assert_eq!(before, after);
}

#[test]
fn of_ppo_with_its_scales() {
    let config = PpoConfig {
        rollout_steps: 32,
        minibatch_size: 16,
        actor_sparsity: sparse(),
        critic_sparsity: sparse(),
        ..PpoConfig::paper(1000)
    };
    let [before, after] = before_and_after(&AgentConfig::of(config), "Pendulum-v1");
    assert_eq!(before, after);
}

#[test]
fn another_agent_is_refused() {
    let spec = &spec("Pendulum-v1").unwrap();
    let sac = AgentConfig::of(SacConfig { replay_capacity: 10, ..SacConfig::paper() });
    let ppo = AgentConfig::of(PpoConfig::paper(1000));
    let mut kept = Saved::new();
    sac.build(spec, 1, &Seed::new(1)).unwrap().save_policy(&mut kept).unwrap();
    let error = ppo.build(spec, 1, &Seed::new(1)).unwrap().load_policy(&kept).unwrap_err();
    assert!(error.to_string().contains("saved"), "{error}");
}
