"""Stable-Baselines3, SBX and rejax on one thread of the CPU: the works that the bench `update` and the
configs beside this file give to Sparring, with the same hyper-parameters.

A gradient step is `train` on a full replay memory of random transitions: what the libraries' own loops call.
SBX is measured with one gradient step a call, as in training, and with many, which it compiles into one loop.
Env steps are `learn`, as users call it. rejax compiles a whole training, environments and all, into one
function; it is measured with JAX's usual random numbers and with its fastest, without evaluations. Everything
is warm, compiled and past its random steps before the first sample.
"""

import os
import time

# All are read when the libraries are loaded.
os.environ.update(
    OMP_NUM_THREADS="1",
    MKL_NUM_THREADS="1",
    OPENBLAS_NUM_THREADS="1",
    JAX_PLATFORMS="cpu",
    XLA_FLAGS="--xla_cpu_multi_thread_eigen=false",
)

import gymnasium
import jax
import numpy
import rejax
import sbx
import stable_baselines3 as sb3
import torch
from gymnasium.spaces import Box, Discrete
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.logger import Logger

# Samples in a round.
SAMPLES = 2
# Transitions in the memory on which gradient steps are taken, as many as the bench holds.
HELD = 100_000
# Gradient steps of a sample; those that SBX takes in one call are as many.
UPDATES = {"sac": 100, "dqn": 300}
# Env steps of a sample.
STEPS = {"ppo": 4096, "pendulum": 200, "rejax": 131_072}

SAC = {
    "learning_rate": 3e-4,
    "batch_size": 256,
    "tau": 0.005,
    "gamma": 0.99,
    "train_freq": 1,
    "gradient_steps": 1,
    "ent_coef": "auto",
    "policy_kwargs": {"net_arch": [256, 256]},
}
DQN = {
    "learning_rate": 1e-3,
    "batch_size": 128,
    "gamma": 0.99,
    "max_grad_norm": 10,
    "policy_kwargs": {"net_arch": [256, 256]},
}
PPO = {
    "learning_rate": 3e-4,
    "n_steps": 128,
    "batch_size": 256,
    "n_epochs": 4,
    "gamma": 0.99,
    "gae_lambda": 0.95,
    "clip_range": 0.2,
    "ent_coef": 0.0,
    "vf_coef": 0.5,
    "max_grad_norm": 0.5,
    "policy_kwargs": {"net_arch": [64, 64]},
}
REJAX = {
    "env": "CartPole-v1",
    "agent_kwargs": {"activation": "tanh", "hidden_layer_sizes": (64, 64)},
    "num_envs": 8,
    "num_steps": 128,
    # Of 256 rows.
    "num_minibatches": 4,
    "num_epochs": 4,
    "learning_rate": 3e-4,
    "gamma": 0.99,
    "gae_lambda": 0.95,
    "clip_eps": 0.2,
    "ent_coef": 0.0,
    "vf_coef": 0.5,
    "max_grad_norm": 0.5,
}
# The generators of JAX: its default, and the one that costs least.
PRNGS = ["threefry2x32", "unsafe_rbg"]
PENDULUM = {**SAC, "learning_rate": 1e-3, "buffer_size": 20_000, "learning_starts": 500}


class Spaces(gymnasium.Env):
    """An environment of which only the spaces are used."""

    def __init__(self, obs, action):
        self.observation_space = Box(-numpy.inf, numpy.inf, (obs,), numpy.float32)
        self.action_space = action

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return numpy.zeros(self.observation_space.shape, numpy.float32), {}


HALF_CHEETAH = Spaces(17, Box(-1, 1, (6,), numpy.float32))
CART_POLE = Spaces(4, Discrete(2))


def filled(algorithm, env, settings):
    """A model whose memory is full of random transitions."""
    model = algorithm("MlpPolicy", env, buffer_size=HELD, seed=1, **settings)
    model.set_logger(Logger(folder=None, output_formats=[]))
    rng = numpy.random.default_rng(1)
    obs = rng.uniform(-1, 1, (HELD + 1, 1, *env.observation_space.shape)).astype(numpy.float32)
    if isinstance(env.action_space, Discrete):
        actions = rng.integers(env.action_space.n, size=(HELD, 1))
    else:
        actions = rng.uniform(-1, 1, (HELD, 1, *env.action_space.shape)).astype(numpy.float32)
    nothing = numpy.zeros(1)
    for i in range(HELD):
        model.replay_buffer.add(obs[i], obs[i + 1], actions[i], obs[i + 1, :, 0], nothing, [{}])
    return model


class Updates:
    """Gradient steps of one library on a full memory; cases are the gradient steps of one call."""

    def __init__(self, bench, updates, model, calls):
        self.bench, self.updates, self.model, self.calls = bench, updates, model, calls
        for steps in calls:
            self.seconds(steps)

    def seconds(self, steps):
        """Seconds of a gradient step, where one call takes `steps`."""
        calls = self.updates // steps
        start = time.perf_counter()
        for _ in range(calls):
            self.model.train(gradient_steps=steps, batch_size=self.model.batch_size)
        return (time.perf_counter() - start) / (calls * steps)

    def sample(self):
        """Samples as (bench, case, sample, seconds), the cases in turn."""
        return [
            (self.bench, {"steps_a_call": steps}, i, self.seconds(steps))
            for i in range(SAMPLES)
            for steps in self.calls
        ]


class Training:
    """Env steps of one library's own loop."""

    def __init__(self, bench, steps, model, warm_up):
        self.bench, self.steps, self.model = bench, steps, model
        self.learn(warm_up)

    def learn(self, steps):
        self.model.learn(steps, reset_num_timesteps=False)

    def sample(self):
        """Samples as (bench, case, sample, seconds of an env step)."""
        rows = []
        for i in range(SAMPLES):
            start, before = time.perf_counter(), self.model.num_timesteps
            self.learn(self.steps)
            steps = self.model.num_timesteps - before
            rows.append((self.bench, {}, i, (time.perf_counter() - start) / steps))
        return rows


class Compiled:
    """Env steps of rejax's own loop, compiled whole, which goes on where it was; cases are generators."""

    def __init__(self, bench, steps, settings):
        self.bench, self.steps = bench, steps
        whole = {"total_timesteps": steps, "eval_freq": steps, "skip_initial_evaluation": True}
        algorithm = rejax.PPO.create(**settings, **whole)
        # It cannot be left out, but it can do nothing.
        algorithm = algorithm.replace(eval_callback=lambda *_: ())
        self.train = jax.jit(lambda state: algorithm.train(train_state=state)[0])
        self.states = {prng: algorithm.init_state(jax.random.key(1, impl=prng)) for prng in PRNGS}
        for prng in PRNGS:
            self.seconds(prng)

    def seconds(self, prng):
        """Seconds of an env step."""
        start = time.perf_counter()
        self.states[prng] = jax.block_until_ready(self.train(self.states[prng]))
        return (time.perf_counter() - start) / self.steps

    def sample(self):
        """Samples as (bench, case, sample, seconds), the cases in turn."""
        return [
            (self.bench, {"prng": prng}, i, self.seconds(prng)) for i in range(SAMPLES) for prng in PRNGS
        ]


def peers():
    """All works by the name of their bench."""
    torch.set_num_threads(1)
    sac, dqn = UPDATES["sac"], UPDATES["dqn"]
    sb3_sac, sbx_sac = (filled(library.SAC, HALF_CHEETAH, SAC) for library in (sb3, sbx))
    cart_poles = make_vec_env("CartPole-v1", n_envs=8, seed=1)
    pendulum = sb3.SAC("MlpPolicy", "Pendulum-v1", seed=1, device="cpu", **PENDULUM)
    works = [
        Updates("sac_sb3", sac, sb3_sac, [sac]),
        Updates("sac_sbx", sac, sbx_sac, [1, sac]),
        Updates("dqn_sb3", dqn, filled(sb3.DQN, CART_POLE, DQN), [dqn]),
        Training("ppo_sb3", STEPS["ppo"], sb3.PPO("MlpPolicy", cart_poles, seed=1, device="cpu", **PPO), 2048),
        Compiled("ppo_rejax", STEPS["rejax"], REJAX),
        Training("pendulum_sb3", STEPS["pendulum"], pendulum, 600),
    ]
    return {work.bench: work.sample for work in works}
