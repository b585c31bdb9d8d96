"""The environments under `sparring/` for `gymnasium.make` and `gymnasium.make_vec`."""

from functools import partial
from typing import Any

import gymnasium

from sparring._sparring import env_rows
from sparring.env import Env
from sparring.vector import VectorEnv


def gymnasium_id(id: str) -> str:
    """`CartPole-v1` is `sparring/CartPole-v1`, `MinAtar/Breakout-v1` `sparring/Breakout-v1`, and any other
    `A/B-v0` `sparring/A-B-v0`."""
    return "sparring/" + id.removeprefix("MinAtar/").replace("/", "-")


def _unlimited(id: str, **kwargs: Any) -> Env:
    """Gymnasium's wrapper keeps the time limit."""
    return Env(id, max_episode_steps=0, **kwargs)


def register_envs() -> None:
    """Registers every row; those that this build lacks a feature for say so when they are made."""
    for row in env_rows():
        name = gymnasium_id(row["id"])
        if name not in gymnasium.registry:
            gymnasium.register(
                name,
                entry_point=partial(_unlimited, row["id"]),
                vector_entry_point=partial(VectorEnv, row["id"]),
                max_episode_steps=row.get("max_episode_steps"),
                reward_threshold=row.get("reward_threshold"),
            )
