#!/usr/bin/env python3
"""Records the oracle of the robots, envs/tests/traces/mujoco.json, from Gymnasium and MuJoCo.

Made with gymnasium==1.4.0, mujoco==3.17.0, numpy==2.4.6, Python 3.11, glibc 2.36, x86-64 with AVX2 and FMA:

    python3 -m venv oracle && oracle/bin/pip install gymnasium[mujoco]==1.4.0 mujoco==3.17.0 numpy==2.4.6
    oracle/bin/python envs/tests/record_mujoco.py

Each task is made by gymnasium.make(id) and acts at random for 1,000 steps of each of the seeds 0 to 4; once more
with every option changed, for 300 steps of seed 0. Actions of a seed are
np.random.default_rng(1000 + seed).uniform(low, high), rounded to float32. An ended episode is followed by reset() without a
seed, so the env's generator goes on.

The observations alone would be 40 MB, so each 10 steps are one digest: the first 8 bytes, in hexadecimal, of
the SHA-256 of

    next     f32[obs_dim], the observation that step() returned
    reward   f64
    flags    u8, 1: terminated, 2: truncated
    reset    f32[obs_dim], only where flags != 0: what reset() returned

of each step, little-endian; before the first step of a seed stands its first observation, f32[obs_dim].
"""

import argparse
import hashlib
import json
import pathlib
import struct

import gymnasium
import mujoco
import numpy as np

VERSIONS = {"gymnasium": "1.4.0", "mujoco": "3.17.0", "numpy": "2.4.6"}
SEEDS = 5
STEPS = 1000
CHANGED_STEPS = 300
BLOCK = 10
# Every option of each task, changed.
RUNNER = {
    "frame_skip": 3,
    "forward_reward_weight": 0.7,
    "ctrl_cost_weight": 0.3,
    "reset_noise_scale": 0.03,
    "exclude_current_positions_from_observation": False,
}
HUMANOID = {
    "frame_skip": 3,
    "ctrl_cost_weight": 0.3,
    "reset_noise_scale": 0.02,
    "exclude_current_positions_from_observation": False,
    "include_cinert_in_observation": False,
    "include_cvel_in_observation": False,
    "include_qfrc_actuator_in_observation": False,
    "include_cfrc_ext_in_observation": False,
}
CHANGED = {
    "Ant-v5": RUNNER | {
        "xml_file": "ant.xml",
        "contact_cost_weight": 0.01,
        "healthy_reward": 0.6,
        "main_body": 3,
        "terminate_when_unhealthy": False,
        "healthy_z_range": (0.4, 0.7),
        "contact_force_range": (-0.5, 0.25),
        "include_cfrc_ext_in_observation": False,
    },
    "HalfCheetah-v5": RUNNER,
    "Hopper-v5": RUNNER | {
        "healthy_reward": 0.6,
        "terminate_when_unhealthy": False,
        "healthy_state_range": (-3.0, 3.0),
        "healthy_z_range": (0.9, 1.3),
        "healthy_angle_range": (-0.1, 0.15),
    },
    "Humanoid-v5": HUMANOID | {
        "forward_reward_weight": 0.7,
        "contact_cost_weight": 1e-4,
        "contact_cost_range": (0.5, 2.0),
        "healthy_reward": 0.6,
        "terminate_when_unhealthy": False,
        "healthy_z_range": (1.1, 1.5),
    },
    "HumanoidStandup-v5": HUMANOID | {"impact_cost_weight": 1e-4, "impact_cost_range": (0.5, 2.0)},
    "InvertedDoublePendulum-v5": {"frame_skip": 3, "healthy_reward": 0.6, "reset_noise_scale": 0.03},
    "InvertedPendulum-v5": {"frame_skip": 3, "reset_noise_scale": 0.03},
    "Pusher-v5": {
        "frame_skip": 3,
        "reward_near_weight": 0.7,
        "reward_dist_weight": 0.9,
        "reward_control_weight": 0.3,
    },
    "Reacher-v5": {"frame_skip": 3, "reward_dist_weight": 0.9, "reward_control_weight": 0.3},
    "Swimmer-v5": RUNNER,
    "Walker2d-v5": RUNNER | {
        "xml_file": "walker2d.xml",
        "healthy_reward": 0.6,
        "terminate_when_unhealthy": False,
        "healthy_z_range": (0.9, 1.3),
        "healthy_angle_range": (-0.3, 0.4),
    },
}  # fmt: skip


def trace(env, seed, steps, ends):
    """The digests of one seed."""
    rng = np.random.default_rng(1000 + seed)
    low, high = env.action_space.low, env.action_space.high

    def narrow(obs):
        return np.asarray(obs).astype("<f4").tobytes()

    obs, _ = env.reset(seed=seed)
    digests, block = [], narrow(obs)
    for step in range(1, steps + 1):
        action = rng.uniform(low, high).astype(np.float32)
        obs, reward, terminated, truncated, _ = env.step(action)
        flags = int(terminated) + 2 * int(truncated)
        ends[flags] += 1
        block += narrow(obs) + struct.pack("<dB", reward, flags)
        if flags:
            obs, _ = env.reset()
            block += narrow(obs)
        if step % BLOCK == 0:
            digests.append(hashlib.sha256(block).hexdigest()[:16])
            block = b""
    return {"seed": seed, "digests": "".join(digests)}


def case(env_id, options, seeds, steps):
    env = gymnasium.make(env_id, **options)
    ends = [0, 0, 0, 0]
    traces = [trace(env, seed, steps, ends) for seed in range(seeds)]
    print(f"{env_id} {options}: {ends[1]} terminated, {ends[2]} truncated, {ends[3]} both", flush=True)
    return {
        "id": env_id,
        "options": options,
        "steps": steps,
        "terminated": ends[1] + ends[3],
        "truncated": ends[2],
        "traces": traces,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent / "traces" / "mujoco.json")
    args = parser.parse_args()
    found = {"gymnasium": gymnasium.__version__, "mujoco": mujoco.__version__, "numpy": np.__version__}
    if found != VERSIONS:
        raise SystemExit(f"the versions are {found}; the traces need {VERSIONS}: see --help")
    cases = [case(env_id, {}, SEEDS, STEPS) for env_id in CHANGED]
    cases += [case(env_id, options, 1, CHANGED_STEPS) for env_id, options in CHANGED.items()]
    args.out.write_text(json.dumps(VERSIONS | {"block": BLOCK, "cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
