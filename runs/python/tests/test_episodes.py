"""A seed gives the very episode that Gymnasium 1.4.0 gives: 20 seeds an env, and no bit may differ."""

import gymnasium
import numpy as np
import pytest
from envs import CLASSIC
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode

import sparring

SEEDS = range(20)
# Enough for an episode of each to end.
STEPS = 1010


def bits(*values):
    return b"".join(np.asarray(value).tobytes() for value in values)


def actions_of(env, seed):
    env.action_space.seed(1000 + seed)
    return env.action_space.sample


def played(env, seed):
    """Two episodes' worth of steps, as bytes: the second begins without a seed."""
    trace, ends = [], 0
    obs, _ = env.reset(seed=seed)
    trace.append(bits(obs))
    action = actions_of(env, seed)
    for _ in range(STEPS):
        obs, reward, terminated, truncated, _ = env.step(action())
        trace.append(bits(obs, np.float64(reward), terminated, truncated))
        if terminated or truncated:
            ends += 1
            obs, _ = env.reset()
            trace.append(bits(obs))
            if ends == 2:
                break
    return trace


@pytest.mark.parametrize("id", CLASSIC)
def test_one_env(id):
    with pytest.warns() if id == "CartPole-v0" else no_check():
        theirs = gymnasium.make(id)
    registered, ours = gymnasium.make(f"sparring/{id}"), sparring.make_env(id)
    for seed in SEEDS:
        expected = played(theirs, seed)
        assert played(registered, seed) == expected, seed
        # `make_env` has no wrapper that says truncated where an env terminates in its last step.
        assert [one[:-1] for one in played(ours, seed)] == [one[:-1] for one in expected], seed


def no_check():
    import contextlib

    return contextlib.nullcontext()


@pytest.mark.parametrize("mode", list(AutoresetMode))
@pytest.mark.parametrize("id", CLASSIC[2:])
def test_vector_env(id, mode):
    theirs = gymnasium.make_vec(
        id, num_envs=len(SEEDS), vectorization_mode="sync", vector_kwargs={"autoreset_mode": mode}
    )
    ours = sparring.make_vec(id, num_envs=len(SEEDS), workers=1, autoreset_mode=mode.value)
    assert ours.metadata["autoreset_mode"] == theirs.metadata["autoreset_mode"]
    assert ours.observation_space == theirs.observation_space
    assert ours.action_space == theirs.action_space
    assert bits(ours.reset(seed=7)[0]) == bits(theirs.reset(seed=7)[0])
    theirs.action_space.seed(3)
    ended = 0
    for _ in range(STEPS):
        actions = theirs.action_space.sample()
        mine, other = ours.step(actions), theirs.step(actions)
        # Theirs says truncated, too, where an env terminates in its last step.
        truncated = other[3] & ~other[2]
        assert bits(*mine[:4]) == bits(*other[:3], truncated)
        assert data_equivalence(mine[4], other[4])
        over = mine[2] | mine[3]
        ended += over.sum()
        if mode == AutoresetMode.DISABLED and over.any():
            masked = {"reset_mask": over}
            assert bits(ours.reset(options=masked)[0]) == bits(theirs.reset(options=masked.copy())[0])
    assert ended > 0


@pytest.mark.parametrize("id", ["CartPole-v1", "MinAtar/Breakout-v1"])
def test_modes_and_workers_play_the_same(id):
    """Of one env, the transitions of every mode, with any number of threads."""

    def of(mode, workers):
        envs = sparring.make_vec(id, num_envs=33, workers=workers, autoreset_mode=mode)
        obs, _ = envs.reset(seed=5)
        waits, seen = np.zeros(33, bool), []
        rngs = [np.random.default_rng(env) for env in range(33)]
        lines = [[] for _ in range(33)]
        while min(map(len, lines)) < 200:
            n = envs.single_action_space.n
            actions = np.array([0 if wait else rng.integers(n) for rng, wait in zip(rngs, waits, strict=True)])
            next, rewards, terminated, truncated, infos = envs.step(actions)
            for env in range(33):
                if not waits[env]:
                    over = terminated[env] or truncated[env]
                    true = infos["final_obs"][env] if mode == "same_step" and over else next[env]
                    lines[env].append(bits(obs[env], actions[env], true, rewards[env], terminated[env]))
            over = terminated | truncated
            waits = over if mode == "next_step" else waits
            obs = envs.reset(options={"reset_mask": over})[0] if mode == "disabled" and over.any() else next
        return [line[:200] for line in lines]

    expected = of("same_step", 0)
    for mode in ["same_step", "next_step", "disabled"]:
        for workers in [0, 2]:
            assert of(mode, workers) == expected, (mode, workers)
