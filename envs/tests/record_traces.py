#!/usr/bin/env python3
"""Records the oracle traces in envs/tests/traces from Gymnasium and numpy.

Made with gymnasium==1.4.0, numpy==2.4.6, Python 3.11, glibc 2.36, x86-64 with AVX2 or AVX-512:

    python3 -m venv oracle && oracle/bin/pip install gymnasium==1.4.0 numpy==2.4.6
    oracle/bin/python envs/tests/record_traces.py --out envs/tests/traces

Each env is made by gymnasium.make(id), so the time limit is Gymnasium's own. Seeds 0..19 act at random
for 1,000 steps; seeds 20..24 follow a simple controller nine times in ten, so that goals and time limits are
reached too. Actions come from np.random.default_rng([7, seed]). An ended episode is followed by
reset() without a seed, so the env's generator goes on.

One file per id, little-endian, without padding (traces/README.md repeats this):

    header   4 bytes "SPT1", u32 seeds, u32 steps, u32 obs_dim, u32 discrete (1) or continuous (0)
    per seed u64 seed, f32[obs_dim] first observation, then per step:
             action   u8 if discrete, else f32[1]
             next     f32[obs_dim], the observation that step() returned
             reward   f64
             flags    u8, 1: terminated, 2: truncated
             reset    f32[obs_dim], only where flags != 0: what reset() returned

Acrobot-v1.resets.bin holds f32[6], the first observation, of seeds 0, 1, .. 4999: numpy's float32 sine and
cosine differ from rounded doubles in about one value in a thousand, which the episodes alone would miss.

rng.json holds draws of np.random.Generator(np.random.PCG64(seed)); normal.bin holds f64, the first 20,000 draws of
standard_normal() with seed 0, enough to meet the tail and the edges of the ziggurat.
"""

import argparse
import json
import math
import pathlib
import struct

import gymnasium
import numpy as np

GYMNASIUM = "1.4.0"
NUMPY = "2.4.6"
IDS = ["CartPole-v0", "CartPole-v1", "MountainCar-v0", "MountainCarContinuous-v0", "Acrobot-v1", "Pendulum-v1"]
RANDOM_SEEDS = 20
GUIDED_SEEDS = 5
STEPS = 1000
RESETS = 5000
NORMALS = 20_000
RNG_SEEDS = [0, 1, 42, 2**31 + 5, 2**32 - 1, 2**32, 2**53 + 1, 2**64 - 1]


def guided(env_id, obs):
    """A controller good enough to reach the goal or the time limit of each task."""
    if env_id.startswith("CartPole"):
        return int(obs[2] + 0.5 * obs[3] + 0.02 * obs[0] + 0.05 * obs[1] > 0)
    if env_id == "MountainCar-v0":
        return 2 if obs[1] >= 0 else 0
    if env_id == "MountainCarContinuous-v0":
        return np.array([1.0 if obs[1] >= 0 else -1.0], dtype=np.float32)
    if env_id == "Acrobot-v1":
        return 2 if obs[4] < 0 else 0
    energy = 0.5 * obs[2] ** 2 + 15.0 * (obs[0] - 1.0)
    torque = -10.0 * obs[1] - 2.0 * obs[2] if obs[0] > 0.9 else -energy * obs[2]
    return np.clip(np.array([torque], dtype=np.float32), -2.0, 2.0)


def random_action(space, rng):
    if isinstance(space, gymnasium.spaces.Discrete):
        return int(rng.integers(space.n))
    return rng.uniform(space.low, space.high).astype(np.float32)


def record(env_id):
    env = gymnasium.make(env_id)
    discrete = isinstance(env.action_space, gymnasium.spaces.Discrete)
    dim = env.observation_space.shape[0]
    seeds = RANDOM_SEEDS + GUIDED_SEEDS
    out = [b"SPT1", struct.pack("<4I", seeds, STEPS, dim, int(discrete))]
    ends = [0, 0, 0, 0]

    def pack_obs(obs):
        return np.asarray(obs, dtype="<f4").tobytes()

    for seed in range(seeds):
        rng = np.random.default_rng([7, seed])
        obs, _ = env.reset(seed=seed)
        out.append(struct.pack("<Q", seed) + pack_obs(obs))
        for _ in range(STEPS):
            action = random_action(env.action_space, rng)
            if seed >= RANDOM_SEEDS and rng.random() < 0.9:
                action = guided(env_id, obs)
            obs, reward, terminated, truncated, _ = env.step(action)
            flags = int(terminated) + 2 * int(truncated)
            ends[flags] += 1
            out.append(struct.pack("<B", action) if discrete else action.astype("<f4").tobytes())
            out.append(pack_obs(obs) + struct.pack("<dB", reward, flags))
            if flags:
                obs, _ = env.reset()
                out.append(pack_obs(obs))
    print(f"{env_id}: {seeds * STEPS} steps, {ends[1]} terminated, {ends[2]} truncated, {ends[3]} both")
    return b"".join(out)


def record_resets(env_id):
    env = gymnasium.make(env_id)
    return b"".join(np.asarray(env.reset(seed=seed)[0], dtype="<f4").tobytes() for seed in range(RESETS))


def record_rng():
    """Floats as hexadecimal bits, 64-bit numbers as decimal text: JSON readers round both."""
    rows = []
    for seed in RNG_SEEDS:
        def fresh():
            return np.random.Generator(np.random.PCG64(seed))

        def bits(values):
            return [struct.pack(">d", value).hex() for value in values]

        rng = fresh()
        mixed = []
        for _ in range(8):
            mixed.append(str(int(rng.integers(10))))
            mixed.append(struct.pack(">d", rng.random()).hex())
        rows.append({
            "seed": str(seed),
            "raw": [str(w) for w in np.random.PCG64(seed).random_raw(8)],
            "random": bits(fresh().random(8)),
            "uniform": bits(fresh().uniform(-0.05, 0.05, 8)),
            "integers_5": [int(v) for v in fresh().integers(5, size=16)],
            "integers_3e9": [int(v) for v in fresh().integers(3_000_000_000, size=16)],
            "integers_and_random": mixed,
        })
    return json.dumps({"numpy": np.__version__, "rows": rows}, indent=1) + "\n"


def record_normals():
    return np.random.default_rng(0).standard_normal(NORMALS).astype("<f8").tobytes()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent / "traces")
    args = parser.parse_args()
    found = (gymnasium.__version__, np.__version__)
    if found != (GYMNASIUM, NUMPY):
        raise SystemExit(f"gymnasium and numpy are {found}; the traces need {(GYMNASIUM, NUMPY)}: see --help")
    if np.sin(0.3) != math.sin(0.3):
        raise SystemExit("numpy's sine is not libm's on this machine; record on x86-64 Linux with glibc")
    args.out.mkdir(parents=True, exist_ok=True)
    for env_id in IDS:
        (args.out / f"{env_id}.bin").write_bytes(record(env_id))
    (args.out / "Acrobot-v1.resets.bin").write_bytes(record_resets("Acrobot-v1"))
    (args.out / "rng.json").write_text(record_rng())
    (args.out / "normal.bin").write_bytes(record_normals())


if __name__ == "__main__":
    main()
