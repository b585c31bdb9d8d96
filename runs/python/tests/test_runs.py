"""Plans, runs, results and the policies that runs keep."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas
import pytest
from safetensors.numpy import load_file
from test_docs import python_of

import sparring

SMALL = {
    "name": "small",
    "env": {"id": "Identity-v0"},
    "train": {"total_env_steps": 600},
    "eval": {"every_env_steps": 300, "episodes": 4},
    "agent": {"kind": "dqn", "hidden": [8], "warmup_env_steps": 50, "learning_rate": 1e-2},
    "seeds": [1, 2],
    "sparsity": {"kind": "dense"},
}
SWEPT = SMALL | {
    "name": "swept",
    "sparsity": {"kind": "rigl", "update_every_gradient_steps": 50},
    "sweep": {"sparsity.sparsity": [0.5, 0.75]},
}


def test_plan():
    jobs = sparring.plan(SWEPT)
    assert len(jobs) == 4
    axis = next(column for column in jobs.columns if column.endswith("sparsity"))
    assert sorted(set(jobs[axis])) == [0.5, 0.75]
    assert set(jobs["seed"]) == {1, 2} and set(jobs["env"]) == {"Identity-v0"} and set(jobs["agent"]) == {"dqn"}
    assert (jobs["env_steps"] == 600).all() and (jobs["bytes"] > 0).all()
    by = jobs.groupby(axis)["active_parameters"].first()
    assert by[0.75] < by[0.5] < jobs["parameters"].iloc[0]
    changed = sparring.plan(SWEPT, set={"train.total_env_steps": 900}, seeds=[5])
    assert set(changed["env_steps"]) == {900} and set(changed["seed"]) == {5}


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (SMALL | {"env": {"id": "Identty-v0"}}, ["env.id", "Identity-v0"]),
        (SMALL | {"agent": {"kind": "dqn", "learning_rat": 1}}, ["learning_rat", "learning_rate"]),
        (SMALL | {"train": {"total_env_steps": -1}}, ["train.total_env_steps", "-1"]),
        ("nowhere.yaml", ["nowhere.yaml"]),
    ],
)
def test_mistakes_in_a_config(config, words, tmp_path):
    for refused in [lambda: sparring.plan(config), lambda: sparring.run(config, out=tmp_path / "run")]:
        with pytest.raises((ValueError, OSError)) as error:
            refused()
        assert all(word in str(error.value) for word in words), str(error.value)
    assert not (tmp_path / "run").exists()


CYCLIC: dict = {"env": {"id": "CartPole-v1"}}
CYCLIC["agent"] = CYCLIC


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"config": ""}, ["config is no path"]),
        ({"config": "env: {id: CartPole-v1}\nagent: {kind: dqn}\n"}, ["config is no path", "dict"]),
        ({"config": 3}, ["config is a int"]),
        ({"config": CYCLIC}, ["holds itself"]),
        ({"set": "train.total_env_steps=3"}, ["set is 'train", "dict"]),
        ({"seeds": 3}, ["seeds is 3", "list"]),
        ({"seeds": []}, ["seeds is empty"]),
        ({"seeds": [1.5]}, ["1.5"]),
        ({"variants": "rigl"}, ["variants is 'rigl'", "list"]),
    ],
)
def test_wrong_arguments(kwargs, words, tmp_path):
    all_of = {"config": SMALL} | kwargs
    for refused in [lambda: sparring.plan(**all_of), lambda: sparring.run(**all_of, out=tmp_path / "run")]:
        with pytest.raises(ValueError) as error:
            refused()
        assert all(word in str(error.value) for word in words), str(error.value)
    assert not (tmp_path / "run").exists()


def test_what_an_edited_config_puts_aside_is_told(tmp_path):
    out = tmp_path / "run"
    sparring.run(SMALL, out=out, jobs=1, progress=False)
    edited = sparring.run(SMALL, out=out, jobs=1, progress=False, set={"agent.hidden": [9]})
    assert "2 jobs are run anew" in edited.told and "earlier/1" in edited.told
    fewer = sparring.run(SMALL, out=out, jobs=1, progress=False, set={"agent.hidden": [9]}, seeds=[1])
    assert "1 job is not among these" in fewer.told


def test_folders_without_results(tmp_path):
    with pytest.raises(ValueError, match="run.yaml"):
        sparring.load_results(tmp_path)
    (tmp_path / "run.yaml").touch()
    with pytest.raises(ValueError, match="run.yaml"):
        sparring.load_results(tmp_path)


def test_run_and_results(tmp_path, capfd):
    run = sparring.run(SWEPT, out=tmp_path / "run", jobs=1)
    told = capfd.readouterr()
    assert "4 jobs" in told.err and told.out == ""
    assert run.path == tmp_path / "run" and "sparsity" in str(run)
    results = run.results()
    axis = next(column for column in results.columns if column.endswith("sparsity"))
    assert list(results.columns) == [
        "run",
        "name",
        "variant",
        "env",
        "agent",
        "method",
        axis,
        "seed",
        "step",
        "return",
        "wall_s",
    ]
    assert len(results) == 2 * 2 * 3 and set(results["step"]) == {0, 300, 600}
    assert results["return"].notna().all()
    for file in (tmp_path / "run").glob("*/seed-*/evals.csv"):
        name, seed = file.parts[-3], int(file.parts[-2].removeprefix("seed-"))
        means = pandas.read_csv(file).groupby("env_step")["return"].mean()
        job = results[(results["name"] == name) & (results["seed"] == seed)]
        assert np.allclose(job.set_index("step")["return"], means), file
    jobs = sparring.load_results(run.path, rows="jobs")
    assert len(jobs) == 4 and set(jobs["progress"]) == {"finished"} and (jobs["env_steps"] == 600).all()
    score = results[results["step"] == 600].groupby([axis, "seed"])["return"].first()
    assert np.allclose(jobs.set_index([axis, "seed"])["score"].sort_index(), score.sort_index())
    # The same again is at its end already.
    again = sparring.run(SWEPT, out=tmp_path / "run", progress=False)
    assert again.results().equals(results) and capfd.readouterr().err == ""
    for wrong in [{"rows": "all"}, {}]:
        with pytest.raises(ValueError):
            sparring.load_results(tmp_path if not wrong else run.path, **wrong)


def test_mistakes_in_a_config_are_told_by_its_name(tmp_path):
    for ask in [sparring.plan, lambda config: sparring.run(config, out=tmp_path / "run", progress=False)]:
        with pytest.raises(ValueError, match=r"^run\.yaml") as told:
            ask({"env": {"id": "CartPole-v1"}, "train": {"total_env_steps": 3000}, "agent": {"kind": "dqn"}})
        assert "sparsity.kind" in str(told.value) and "allowed" in str(told.value)
    assert not (tmp_path / "run").exists()


def test_a_run_that_fails(tmp_path):
    fails = SMALL | {"env": {"id": "CartPole-v1", "options": {"low": 3e38, "high": 3e38}}}
    with pytest.raises(sparring.RunError, match="jobs failed") as failed:
        sparring.run(fails, out=tmp_path / "run", progress=False, failures=1)
    assert failed.value.code == 1
    jobs = sparring.load_results(tmp_path / "run", rows="jobs")
    assert set(jobs["progress"]) == {"failed"} and jobs["error"].str.contains("must be finite").all()


LONG = {
    "name": "long",
    "env": {"id": "CartPole-v1"},
    "train": {"total_env_steps": 100_000_000},
    "eval": {"every_env_steps": 1_000_000, "episodes": 1},
    "agent": {"kind": "ppo", "hidden": [16]},
    "sparsity": {"kind": "dense"},
}


def test_ctrl_c_ends_a_run_in_order(tmp_path):
    def interrupt():
        while not list(tmp_path.glob("run/*/seed-1/metrics.csv")):
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        sparring.run(LONG, out=tmp_path / "run", progress=False)
    thread.join()
    assert list(sparring.load_results(tmp_path / "run", rows="jobs")["progress"]) == ["interrupted"]


def test_a_run_ends_with_its_parent(tmp_path):
    program = f"import sparring; sparring.run({LONG!r}, out={str(tmp_path / 'run')!r}, progress=False)"
    parent = subprocess.Popen([sys.executable, "-c", program])
    while not list(tmp_path.glob("run/*/seed-1/metrics.csv")):
        assert parent.poll() is None
        time.sleep(0.05)
    parent.kill()
    parent.wait()
    for _ in range(400):
        progress = list(sparring.load_results(tmp_path / "run", rows="jobs")["progress"])
        if progress == ["interrupted"]:
            return
        time.sleep(0.05)
    raise AssertionError(progress)


def test_the_command_line():
    script = Path(sys.executable).with_name("sparring")
    for command in [[script], [sys.executable, "-m", "sparring"]]:
        told = subprocess.run([*command, "list", "envs"], capture_output=True, text=True, check=True)
        assert "CartPole-v1" in told.stdout
        assert subprocess.run([*command, "nothing"], capture_output=True).returncode == 2


POLICIES = {
    "dqn": {"env": {"id": "CartPole-v1"}, "agent": {"kind": "dqn", "hidden": [32], "warmup_env_steps": 100}},
    "ppo": {"env": {"id": "MinAtar/Breakout-v1"}, "agent": {"kind": "ppo", "rollout_steps": 64, "minibatch_size": 32}},
    "ppo-box": {
        "env": {"id": "Pendulum-v1"},
        "agent": {"kind": "ppo", "hidden": [32], "rollout_steps": 64, "minibatch_size": 32},
    },
    "sac": {"env": {"id": "Pendulum-v1"}, "agent": {"kind": "sac", "hidden": [32], "warmup_env_steps": 100}},
}


def program():
    """`SPARRING` is the binary, if there is one; else it is the program of the wheel."""
    return [os.environ["SPARRING"]] if "SPARRING" in os.environ else [sys.executable, "-m", "sparring"]


@pytest.mark.parametrize("name", ["dqn", "ppo-box", "sac"])
def test_the_lines_of_the_documentation_play_a_kept_policy(name, tmp_path, monkeypatch):
    config = POLICIES[name] | {
        "name": "quickstart",
        "train": {"total_env_steps": 3_000},
        "eval": {"every_env_steps": 3_000, "episodes": 1, "max_episode_steps": 500},
        "sparsity": {"sparsity": 0.5},
        "variants": {"rigl": {"sparsity": {"kind": "rigl", "update_every_gradient_steps": 50}}},
    }
    if name == "dqn":
        config["agent"] = config["agent"] | {"epsilon": {"eval": 0}}
    monkeypatch.chdir(tmp_path)
    sparring.run(config, out="out/quickstart", progress=False)
    told = subprocess.run(
        [*program(), "play", "--checkpoint", "out/quickstart/rigl/seed-1", "--seed", "1", "--out", "play.png"],
        check=True,
        capture_output=True,
        text=True,
    )
    blocks = python_of("runs/docs/export.md")
    reader, act, play = (next(b for b in blocks if words in b) for words in ["def load", "def act", "gymnasium.make"])
    assert len([line for line in (reader + act).splitlines() if line.strip()]) <= 40
    names = {}
    exec(compile(reader + act + play, "export.md", "exec"), names)
    shown = re.search(r"return (-?[\d.,]+)", told.stdout)
    assert shown is not None, told.stdout
    assert float(shown[1].replace(",", "")) == pytest.approx(names["score"], abs=0.01 + 1e-4 * abs(names["score"]))


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_acts_as_the_binary_does(name, tmp_path):
    config = POLICIES[name] | {
        "name": name,
        "train": {"total_env_steps": 600},
        "sparsity": {"kind": "rigl", "sparsity": 0.5, "update_every_gradient_steps": 50},
        "eval": {"every_env_steps": 600, "episodes": 2, "max_episode_steps": 200},
    }
    run = sparring.run(config, out=tmp_path / "run", progress=False)
    job = run.path / "base" / "seed-1"
    words = ["export", str(job), "--out", str(tmp_path / "out"), "--format", "dense", "--samples", "1000"]
    subprocess.run([*program(), *words], check=True, capture_output=True)
    samples = load_file(tmp_path / "out" / "samples.safetensors")
    policy = sparring.Policy.load(job)
    assert policy.env == config["env"]["id"] and policy.agent == config["agent"]["kind"]
    assert str(job) in policy.origin and policy.agent in repr(policy)
    actions, state = policy.predict(samples["observation"], state="mine")
    assert state == "mine" and actions.dtype == samples["action"].dtype
    assert np.array_equal(actions, samples["action"]) and len(actions) == 1000
    # One by one, and as Python has numbers.
    for row in range(3):
        obs = samples["observation"][row]
        one, _ = policy.predict(obs.tolist() if obs.dtype == np.float32 else obs)
        assert one.shape == actions[row].shape and np.allclose(one, actions[row], atol=1e-5)
        assert policy.action_space.contains(one)
    if name == "dqn":
        policy.predict(samples["observation"], deterministic=False)
    else:
        with pytest.raises(ValueError, match="chance"):
            policy.predict(samples["observation"], deterministic=False)
    all_of = samples["observation"]
    for wrong in [all_of[:, :1], all_of[0][None, None], all_of.astype(complex)]:
        with pytest.raises(ValueError, match="the observation"):
            policy.predict(wrong)
    if all_of.dtype == np.float32:
        with pytest.raises(ValueError, match="finite"):
            policy.predict(np.full_like(all_of, np.nan))
    with pytest.raises(ValueError, match="episode_start"):
        policy.predict(samples["observation"], episode_start=[True])
    # In the loop of Stable-Baselines3's evaluation.
    envs = sparring.make_vec(policy.env, num_envs=3, max_episode_steps=50)
    obs, _ = envs.reset(seed=1)
    starts = np.ones(3, bool)
    for _ in range(60):
        actions, state = policy.predict(obs, state=None, episode_start=starts, deterministic=True)
        obs, _, terminated, truncated, _ = envs.step(actions)
        starts = terminated | truncated


def test_folders_without_a_policy(tmp_path):
    for folder in [tmp_path, tmp_path / "nowhere"]:
        with pytest.raises(ValueError, match="allowed"):
            sparring.Policy.load(folder)
