"""The engine's own: whose memory arrays are, threads, wrong words, faults."""

import gc
import subprocess
import sys
import threading
import time

import gymnasium
import numpy as np
import pytest

import sparring


def test_copies_stay_and_views_are_the_engines_memory():
    for copy in [True, False]:
        envs = sparring.make_vec("CartPole-v1", num_envs=16, copy=copy, autoreset_mode="same_step")
        first, _ = envs.reset(seed=1)
        kept = first.copy()
        actions = np.ones(16, np.int64)
        second = envs.step(actions)[0]
        assert np.array_equal(first, kept), "the next step leaves the last observations alone"
        third = envs.step(actions)[0]
        assert np.array_equal(first, kept) == copy
        assert np.shares_memory(first, third) != copy
        assert not np.shares_memory(second, third)
        expected = third.copy()
        envs.close()
        del envs
        gc.collect()
        assert np.array_equal(third, expected), "who holds an array holds its memory"


def test_other_threads_run_while_it_steps():
    envs = sparring.make_vec("Acrobot-v1", num_envs=4096, autoreset_mode="same_step")
    envs.reset(seed=1)
    actions = np.zeros(4096, np.int64)
    inside, seen = threading.Event(), threading.Event()

    def steps():
        for _ in range(20_000):
            inside.set()
            envs.step(actions)
            inside.clear()
            if seen.is_set():
                break

    # Nobody is asked to give the GIL up: this thread runs when the other one lets go of it, and is within a step if that does.
    interval = sys.getswitchinterval()
    sys.setswitchinterval(600)
    try:
        thread = threading.Thread(target=steps)
        thread.start()
        while thread.is_alive() and not seen.is_set():
            if inside.is_set():
                seen.set()
            time.sleep(0)
        thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert seen.is_set()


def test_threads_share_an_engine_one_after_the_other():
    envs = sparring.make_vec("CartPole-v1", num_envs=64, workers=1)
    envs.reset(seed=1)
    failed = []

    def steps():
        try:
            for _ in range(200):
                envs.step(np.ones(64, np.int64))
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=steps) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"id": "CartPole-v7"}, ["CartPole-v7", "CartPole-v1"]),
        ({"id": None}, ["id is None", "CartPole-v1"]),
        ({"id": "CartPole-v1", "copy": "no"}, ["copy is 'no'"]),
        ({"id": "CartPole-v1", "gravity": 9.8}, ["gravity", "sutton_barto_reward"]),
        ({"id": "CartPole-v1", "sutton_barto_reward": 3}, ["sutton_barto_reward", "true or false"]),
        ({"id": "Pendulum-v1", "g": float("nan")}, ["g", "a number"]),
        ({"id": "Pendulum-v1", "g": object()}, ["object"]),
        ({"id": "CartPole-v1", "num_envs": 0}, ["num_envs is 0", "from 1"]),
        ({"id": "CartPole-v1", "num_envs": 2.5}, ["num_envs is 2.5"]),
        ({"id": "CartPole-v1", "num_envs": 10**12}, ["num_envs is 1000000000000"]),
        ({"id": "CartPole-v1", "num_envs": 2**32 - 1}, ["num_envs", "GiB", "this machine has free"]),
        ({"id": "CartPole-v1", "workers": -1}, ["workers is -1"]),
        ({"id": "CartPole-v1", "workers": 2**70}, ["workers is"]),
        ({"id": "CartPole-v1", "max_episode_steps": -1}, ["max_episode_steps is -1", "from 0"]),
        ({"id": "CartPole-v1", "max_episode_steps": 2.5}, ["max_episode_steps is 2.5"]),
        ({"id": "CartPole-v1", "autoreset_mode": "later"}, ["later", "next_step", "same_step", "disabled"]),
        ({"id": "CartPole-v1", "render_mode": "human"}, ["human", "rgb_array"]),
    ],
)
def test_wrong_words(kwargs, words):
    with pytest.raises(ValueError) as refused:
        sparring.make_vec(**kwargs)
    assert all(word in str(refused.value) for word in words), str(refused.value)


@pytest.mark.parametrize(
    ("id", "actions", "words"),
    [
        ("CartPole-v1", np.zeros(3, np.int64), ["(3,)", "(2,)"]),
        ("CartPole-v1", np.zeros((2, 1), np.int64), ["(2, 1)", "(2,)"]),
        ("CartPole-v1", np.zeros(2), ["float64", "whole numbers"]),
        ("CartPole-v1", [0, 2], ["env 1 is 2", "0 to 1"]),
        ("CartPole-v1", [-1, 0], ["env 0 is -1", "0 to 1"]),
        ("CartPole-v1", np.array([0, 2**63], np.uint64), ["9223372036854775808", "0 to 1"]),
        ("Pendulum-v1", np.zeros(2, np.float32), ["(2,)", "(2, 1)"]),
        ("Pendulum-v1", [[0.0], [2.5]], ["env 1", "2.5", "[-2, 2]"]),
        ("Pendulum-v1", [[0.0], [np.nan]], ["env 1", "NaN", "[-2, 2]"]),
        ("Pendulum-v1", [["a"], ["b"]], ["real numbers"]),
    ],
)
def test_wrong_actions_move_nothing(id, actions, words):
    envs = sparring.make_vec(id, num_envs=2, copy=False)
    before = envs.reset(seed=1)[0].copy()
    with pytest.raises(ValueError) as refused:
        envs.step(actions)
    assert all(word in str(refused.value) for word in words), str(refused.value)
    assert np.array_equal(envs._engine.observations(), before)


def test_wrong_seeds():
    envs = sparring.make_vec("CartPole-v1", num_envs=2)
    for seed in [-1, 2**64, 1.5, "1", [1], [1, 2, 3], [1, 1.5]]:
        with pytest.raises(ValueError, match="seed"):
            envs.reset(seed=seed)
    env = sparring.make_env("CartPole-v1")
    for seed in [-1, 1.5, "1"]:
        with pytest.raises(ValueError, match="seed"):
            env.reset(seed=seed)
    for one in [envs, env]:
        with pytest.raises(ValueError, match="options is 3"):
            one.reset(options=3)
        # Gymnasium's options of a reset are options of the env here; nothing is ignored.
        for key in ["low", "reset_maks"]:
            with pytest.raises(ValueError, match=f"{key}.*where it is made"):
                one.reset(options={key: 0.0})


def test_other_types_of_actions_are_taken():
    envs = sparring.make_vec("CartPole-v1", num_envs=2)
    results = []
    for actions in [[1, 0], (1, 0), np.array([1, 0], np.uint8), np.array([[1, 9], [0, 9]])[:, 0]]:
        envs.reset(seed=1)
        results.append(envs.step(actions)[0])
    assert all(np.array_equal(result, results[0]) for result in results)


def test_a_fault_is_an_exception_with_its_cause():
    # A start so far out that the first step leaves the numbers.
    envs = sparring.make_vec("CartPole-v1", num_envs=2, low=3e38, high=3e38)
    envs.reset(seed=[7, 8])
    with pytest.raises(sparring.EnvFault) as fault:
        envs.step(np.zeros(2, np.int64))
    fault = fault.value
    assert isinstance(fault, RuntimeError)
    assert (fault.env, fault.seed, fault.episode, fault.step) == (0, 7, 0, 1)
    assert "it must be finite" in fault.cause and fault.cause in str(fault)
    with pytest.raises(sparring.EnvFault):
        envs.step(np.zeros(2, np.int64))
    with pytest.raises(sparring.EnvFault, match="observation value"):
        sparring.make_env("CartPole-v1", low=1e39, high=1e39)


def test_an_episode_that_is_over_must_be_reset():
    env = sparring.make_env("CartPole-v1")
    with pytest.raises(Exception, match="reset"):
        env.step(0)
    env.reset(seed=1)
    while not env.step(1)[2]:
        pass
    with pytest.raises(ValueError, match="has ended"):
        env.step(1)
    env.reset()
    env.step(np.int64(1))


def test_envs_are_reset_before_they_step_and_closed_ones_say_so():
    envs = sparring.make_vec("CartPole-v1", num_envs=2, render_mode="rgb_array")
    with pytest.raises(gymnasium.error.ResetNeeded, match="call reset"):
        envs.step(np.zeros(2, np.int64))
    envs.reset(seed=1)
    envs.step(np.zeros(2, np.int64))
    envs.close()
    env = sparring.make_env("CartPole-v1", render_mode="rgb_array")
    env.reset(seed=1)
    env.close()
    env.close()
    of_many = [envs.reset, envs.render, lambda: envs.step(np.zeros(2, np.int64))]
    for call in [*of_many, env.reset, env.render, lambda: env.step(0)]:
        with pytest.raises(gymnasium.error.ClosedEnvironmentError, match="closed"):
            call()


def test_a_fork_does_without_the_threads_of_its_parent():
    script = """
import os
import numpy as np
import sparring

envs = sparring.make_vec("CartPole-v1", 8, workers=2)
envs.reset(seed=1)
child = os.fork()
if child == 0:
    try:
        envs.step(np.zeros(8, np.int64))
    except RuntimeError as error:
        assert "fork" in str(error)
        envs.close()
        own = sparring.make_vec("CartPole-v1", 8, workers=2)
        own.reset(seed=1)
        own.step(np.zeros(8, np.int64))
        own.close()
        os._exit(7)
    os._exit(1)
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
envs.step(np.zeros(8, np.int64))
raise SystemExit(code)
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert ended.returncode == 7 and "panick" not in ended.stderr, ended.stderr


def test_time_limits_and_options():
    env = sparring.make_env("Pendulum-v1", max_episode_steps=3, g=1.0)
    other = sparring.make_env("Pendulum-v1", max_episode_steps=0)
    for one in [env, other]:
        one.reset(seed=1)
    steps = [(env.step([0.0]), other.step([0.0])) for _ in range(3)]
    assert [mine[3] for mine, _ in steps] == [False, False, True]
    assert not np.array_equal(steps[-1][0][0], steps[-1][1][0]), "the gravity is another"
    for _ in range(1000):
        assert not other.step([0.0])[3]


def test_seeds_begin_anew():
    envs = sparring.make_vec("CartPole-v1", num_envs=3)
    unseeded = envs.reset()[0]
    assert not np.array_equal(unseeded, sparring.make_vec("CartPole-v1", num_envs=3).reset()[0])
    first = envs.reset(seed=4)[0]
    assert not np.array_equal(envs.reset()[0], first)
    assert np.array_equal(envs.reset(seed=4)[0], first)
    assert np.array_equal(envs.reset(seed=[4, 5, 6])[0], first)
