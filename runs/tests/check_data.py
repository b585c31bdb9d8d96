"""Data sets beside those who own their formats: minari, pyarrow and h5py read what we record, and we read what they
write, number for number; gymnasium plays our episodes again.

    check_data.py SPARRING             what scripts/test-data runs
    check_data.py --fixtures FOLDER    writes the sets of others that runs/tests/data.rs reads
"""

import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
import zlib
from pathlib import Path

root = Path(tempfile.mkdtemp())
os.environ["MINARI_DATASETS_PATH"] = str(root)
# Minari asks for authors and permalinks of sets that nobody publishes.
warnings.simplefilter("ignore")

import gymnasium
import h5py
import minari
import numpy as np
from minari.data_collector import EpisodeBuffer


def content(episodes):
    """CRC-32 over the numbers of all episodes as `sparring data --json` has it."""
    crc = 0
    for observations, actions, rewards, end in episodes:
        observations = np.asarray(observations)
        kind = np.uint8 if observations.dtype == np.uint8 else np.float32
        actions = np.asarray(actions)
        whole = actions.dtype.kind in "iu" and actions.ndim == 1
        for part in (
            observations.astype(kind),
            actions.astype(np.uint32 if whole else np.float32),
            np.asarray(rewards).astype(np.float64),
        ):
            crc = zlib.crc32(np.ascontiguousarray(part).tobytes(), crc)
        crc = zlib.crc32(bytes([end]), crc)
    return f"{crc:08x}"


def end(terminations, truncations):
    return 1 if terminations[-1] else 2 if truncations[-1] else 0


def of_minari(data_set):
    return [
        (one.observations, one.actions, one.rewards, end(one.terminations, one.truncations))
        for one in data_set.iterate_episodes()
    ]


def collect(env_id, name, data_format, episodes, steps=None):
    """A set as Minari itself writes it."""
    env = gymnasium.make(env_id, max_episode_steps=steps)
    env.action_space.seed(3)
    buffers = []
    for seed in range(100, 100 + episodes):
        first, _ = env.reset(seed=seed)
        buffer = EpisodeBuffer(seed=seed, observations=[first], actions=[], rewards=[])
        done = False
        while not done:
            action = env.action_space.sample()
            after, reward, terminated, truncated, _ = env.step(action)
            buffer.observations.append(after)
            buffer.actions.append(action)
            buffer.rewards.append(float(reward))
            buffer.terminations.append(terminated)
            buffer.truncations.append(truncated)
            done = terminated or truncated
        buffers.append(buffer)
    return minari.create_dataset_from_buffers(
        dataset_id=name, buffer=buffers, env=env, algorithm_name="random", data_format=data_format
    )


def d4rl(path, libver, timeouts=True, following=True, dim=3, steps=24):
    """A flat file with three episodes: one that terminates, two that are cut. What we should read of it."""
    rng = np.random.default_rng(5)
    obs = rng.normal(size=(steps, dim)).astype(np.float32)
    after = rng.normal(size=(steps, dim)).astype(np.float32)
    actions = rng.uniform(-1, 1, size=(steps, 2)).astype(np.float32)
    rewards = rng.normal(size=steps).astype(np.float32)
    terminals, cuts = np.zeros(steps, bool), np.zeros(steps, bool)
    terminals[7] = cuts[15] = cuts[23] = True
    with h5py.File(path, "w", libver=libver) as file:
        packed = {"compression": "gzip", "shuffle": True, "chunks": True}
        file.create_dataset("observations", data=obs, **packed)
        file.create_dataset("actions", data=actions, compression="lzf")
        file.create_dataset("rewards", data=rewards[:, None])
        file.create_dataset("terminals", data=terminals, compression="gzip")
        if timeouts:
            file.create_dataset("timeouts", data=cuts)
        if following:
            file.create_dataset("next_observations", data=after, **packed)
        file.create_dataset("infos/qpos", data=rng.normal(size=(steps, 2)))
    whole = []
    bounds = [(0, 8, 1), (8, 16, 2), (16, 24, 2)] if timeouts else [(0, 8, 1), (8, 24, 0)]
    for first, last, how in bounds:
        if following:
            seen = np.concatenate([obs[first:last], after[last - 1 : last]])
        elif how == 1:
            seen = np.concatenate([obs[first:last], obs[last - 1 : last]])
        else:
            seen, last = obs[first:last], last - 1
        whole.append((seen, actions[first:last], rewards[first:last], how))
    return whole


def fixtures(folder):
    folder.mkdir(parents=True, exist_ok=True)
    told = {}
    for name, data_format, episodes in [("parquet-v0", "parquet", 2), ("hdf5-v0", "hdf5", 12)]:
        told[name] = content(of_minari(collect("CartPole-v1", name, data_format, episodes, steps=4)))
        shutil.rmtree(folder / name, ignore_errors=True)
        shutil.copytree(root / name, folder / name)
    for name, libver, options in [
        ("flat", None, {}),
        ("flat-v110", ("v110", "v110"), {}),
        ("flat-bare", None, {"following": False}),
        ("flat-open", None, {"timeouts": False}),
    ]:
        told[f"{name}.hdf5"] = content(d4rl(folder / f"{name}.hdf5", libver, **options))
    d4rl(folder / "nan.hdf5", None)
    with h5py.File(folder / "nan.hdf5", "a") as file:
        file["observations"][9, 1] = np.nan
    # Mostly zeros: packed.
    for plain in folder.rglob("*.hdf5"):
        plain.with_suffix(".hdf5.gz").write_bytes(gzip.compress(plain.read_bytes(), mtime=0))
        plain.unlink()
    (folder / "content.json").write_text(json.dumps(told, indent=1) + "\n")


class Sparring:
    def __init__(self, binary):
        self.binary = str(Path(binary).resolve())

    def __call__(self, *arguments):
        command = [self.binary, *map(str, arguments)]
        ran = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, f"{command}\n{ran.stdout}{ran.stderr}"
        return ran.stdout

    def data(self, path, *arguments):
        return json.loads(self("data", path, "--json", *arguments))


CONFIG = """seeds: [1]
env: {{id: {env}, num_envs: 2}}
train: {{total_env_steps: 100_000}}
eval: {{every_env_steps: 50, episodes: 2, max_episode_steps: 300}}
agent: {{kind: {agent}, hidden: [8]}}
sparsity: {{kind: dense}}
"""


def recorded(sparring, env_id, agent, plays_again):
    """Ours, read by them; where gymnasium has the env, played again by it."""
    config = root / "config.yaml"
    config.write_text(CONFIG.format(env=env_id, agent=agent))
    seen = set()
    for data_format in ("parquet", "hdf5"):
        name = f"{env_id.replace('/', '-').lower()}-{data_format}-v0"
        sparring("record", config, "--at", "random", "--episodes", 12, "--out", name, "--format", data_format)
        told = sparring.data(name)
        data_set = minari.load_dataset(name)
        assert data_set.total_episodes == 12 == told["summary"]["episodes"]
        assert data_set.total_steps == told["summary"]["steps"]
        assert told["replayed"] == {"equal": 12}, told
        assert data_set.spec.env_spec.id == env_id and data_set.spec.dataset_id == name
        assert name in minari.list_local_datasets()
        episodes = list(data_set.iterate_episodes())
        assert all(data_set.observation_space.shape == one.observations.shape[1:] for one in episodes)
        assert data_set.observation_space.dtype == episodes[0].observations.dtype
        assert data_set.action_space.contains(episodes[0].actions[0])
        assert content(of_minari(data_set)) == told["content"]
        seen.add(told["content"])
        if data_format == "hdf5":
            with h5py.File(root / name / "data/main_data.hdf5") as file:
                assert len(file) == 12 and file["episode_7/terminations"].dtype == bool
                flat = [file[f"episode_{at}"] for at in range(12)]
                columns = ("observations", "actions", "rewards")
                parts = [[one[column][()] for column in columns] for one in flat]
                ends = [end(one["terminations"], one["truncations"]) for one in flat]
                assert content([(*part, how) for part, how in zip(parts, ends)]) == told["content"]
        if plays_again:
            env = gymnasium.make(env_id)
            seeds = [of["seed"] for of in data_set.storage.get_episode_metadata(range(12))]
            for seed, one in zip(seeds, episodes):
                first, _ = env.reset(seed=seed)
                assert first.tobytes() == one.observations[0].tobytes()
                for step, action in enumerate(one.actions):
                    after, reward, terminated, truncated, _ = env.step(action)
                    assert after.tobytes() == one.observations[step + 1].tobytes(), (env_id, step)
                    assert float(reward) == one.rewards[step], (env_id, step)
                    assert terminated == one.terminations[step] and truncated == one.truncations[step]
    assert len(seen) == 1, "the two formats hold other numbers"
    print(f"{env_id}: ours read by minari and h5py" + (", played again by gymnasium" if plays_again else ""))


def theirs(sparring):
    for env_id, name, data_format, episodes in [
        ("CartPole-v1", "theirs-cartpole-v0", "parquet", 9),
        ("CartPole-v1", "theirs-cartpole-v1", "hdf5", 30),
        ("Pendulum-v1", "theirs-pendulum-v0", "parquet", 2),
        ("Pendulum-v1", "theirs-pendulum-v1", "hdf5", 2),
    ]:
        data_set = collect(env_id, name, data_format, episodes)
        told = sparring.data(name, "--env", env_id)
        assert told["summary"]["episodes"] == episodes and told["env"] == env_id
        assert told["content"] == content(of_minari(data_set)), name
    print("minari's read by us, in Parquet and HDF5")
    for libver in (None, ("v108", "v108"), ("v110", "v110")):
        for timeouts in (True, False):
            for following in (True, False):
                path = root / "flat.hdf5"
                whole = d4rl(path, libver, timeouts, following, steps=24, dim=3)
                told = sparring.data(path)
                assert told["content"] == content(whole), (libver, timeouts, following)
    print("flat files of h5py read by us, headers of versions 1 and 2, gzip, LZF and shuffle")


if __name__ == "__main__":
    if sys.argv[1] == "--fixtures":
        fixtures(Path(sys.argv[2]))
    else:
        sparring = Sparring(sys.argv[1])
        recorded(sparring, "CartPole-v1", "dqn", True)
        recorded(sparring, "Pendulum-v1", "sac", True)
        recorded(sparring, "MinAtar/Breakout-v1", "dqn", False)
        theirs(sparring)
    shutil.rmtree(root)
