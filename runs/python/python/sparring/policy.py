"""Policies that a run kept."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sparring import _sparring
from sparring.spaces import settings, space_of


class Policy:
    """A policy that acts as in an evaluation; made by :meth:`Policy.load`."""

    def __init__(self, inner: _sparring.Policy) -> None:
        self._inner = inner
        spec = inner.spec()
        self.env: str = spec["id"]
        """The id of the env that it was trained on."""
        self.observation_space = space_of(spec["observation"])
        self.action_space = space_of(spec["action"])

    @classmethod
    def load(
        cls, checkpoint: str | os.PathLike[str], *, set: Mapping[str, Any] | None = None, seed: int = 1
    ) -> "Policy":
        """The policy of a job or of one of its checkpoints.

        Args:
            checkpoint: `<run>/<variant>/seed-<n>`, whose newest checkpoint is taken, or of a job at its end the policy
                of its last evaluation; or one of its checkpoints, `checkpoints/<life>-<steps>` below it.
            set: Values of its config that are changed.
            seed: Of what it draws with `deterministic=False`.

        Raises:
            ValueError: A folder without a policy, or whose policy cannot be read.
        """
        return cls(_sparring.Policy(checkpoint, settings(set), seed))

    @property
    def agent(self) -> str:
        """Who learned it: `dqn`, `sac`, `ppo`."""
        return self._inner.agent

    @property
    def origin(self) -> str:
        """The file or checkpoint that it was read from."""
        return self._inner.origin

    def predict(
        self,
        observation: ArrayLike,
        state: Any = None,
        episode_start: ArrayLike | None = None,
        deterministic: bool = True,
    ) -> tuple[NDArray[Any], Any]:
        """The action for one observation, or for each of several, and `state`, as Stable-Baselines3 has it.

        Args:
            observation: Of the shape of `observation_space`, or with one dimension more in front.
            state: Given back: these policies remember nothing.
            episode_start: Which observations begin an episode, one flag for each; all of them if left out.
            deterministic: Whether nothing is left to chance. If not, DQN explores by `agent.epsilon.eval`.

        Raises:
            ValueError: Observations of another shape or type or that are not finite, or `deterministic=False` of an
                agent that evaluates without chance.
        """
        shape, dtype = self.observation_space.shape or (), np.dtype(self.observation_space.dtype)
        obs = np.asarray(observation)
        if not np.can_cast(obs.dtype, dtype, "same_kind"):
            raise ValueError(f"the observation is {obs.dtype}, but it must be {dtype}")
        single = obs.shape == shape
        if not single and obs.shape[1:] != shape:
            raise ValueError(
                f"the observation has the shape {obs.shape}, but it must be {shape}, or that with n in front"
            )
        rows = np.ascontiguousarray(obs[None] if single else obs, dtype=dtype)
        if dtype.kind == "f" and not np.isfinite(rows).all():
            raise ValueError("the observation has NaN or infinity, but its numbers must be finite")
        first = np.ones(len(rows), np.bool_)
        if episode_start is not None:
            first = np.ascontiguousarray(np.asarray(episode_start, np.bool_).reshape(-1))
            if len(first) != len(rows):
                raise ValueError(f"episode_start has {len(first)} flags, but there are {len(rows)} observations")
        actions = self._inner.act(rows, first, deterministic)
        return (actions[0] if single else actions), state

    def __repr__(self) -> str:
        return f"sparring.Policy({self.agent} on {self.env}, {self.origin})"
