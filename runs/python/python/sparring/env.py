"""One environment."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium.error import ClosedEnvironmentError, ResetNeeded
from numpy.typing import NDArray

from sparring._sparring import Engine
from sparring.spaces import actions_as, settings, space_of
from sparring.vector import check_limit, check_reset_options, check_words, checked_seed


class Env(gymnasium.Env[NDArray[Any], Any]):
    """The environment `id`; :func:`make_env` says what each argument means."""

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"]}

    def __init__(
        self, id: str, *, max_episode_steps: int | None = None, render_mode: str | None = None, **options: Any
    ) -> None:
        if render_mode not in (None, "rgb_array"):
            raise ValueError(f"render_mode is {render_mode!r}, but it must be None or 'rgb_array'")
        check_words(id=id, copy=True)
        check_limit(max_episode_steps)
        engine = Engine(
            id,
            settings(options, "env.options."),
            1,
            workers=0,
            autoreset="Disabled",
            copy=True,
            limit=max_episode_steps,
        )
        self._engine: Engine | None = engine
        spec = engine.spec()
        self.id: str = spec["id"]
        self.render_mode = render_mode
        self.observation_space = space_of(spec["observation"])
        self.action_space = space_of(spec["action"])
        if render_mode is not None:
            self.metadata = {**self.metadata, "render_fps": engine.render(0)[1]}
        self._begun = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[Any], dict[str, Any]]:
        """Begins an episode: with a seed the very one that Gymnasium begins, without one that which comes next."""
        check_reset_options(options)
        seeds = None if seed is None else [checked_seed(seed)]
        obs = self._open().reset(seeds, None)[0]
        super().reset(seed=seed)
        self._begun = True
        return obs, {}

    def step(self, action: Any) -> tuple[NDArray[Any], float, bool, bool, dict[str, Any]]:
        """One step. The end of an episode is either terminated or truncated; terminated wins.

        Raises:
            ResetNeeded: The env was never reset.
            ClosedEnvironmentError: It is closed.
            ValueError: An action that the env does not take, or an episode that has ended; nothing was stepped.
            EnvFault: The env failed.
        """
        engine = self._open()
        if not self._begun:
            raise ResetNeeded("step before the first reset; call reset(seed=..) first")
        actions = actions_as(self.action_space, np.asarray(action)[None], (1, *(self.action_space.shape or ())))
        obs, rewards, terminations, truncations, _ = engine.step(actions)
        return obs[0], float(rewards[0]), bool(terminations[0]), bool(truncations[0]), {}

    def render(self) -> NDArray[np.uint8] | None:
        """The picture, `(height, width, 3)`; None without `render_mode`."""
        return None if self.render_mode is None else self._open().render(0)[0]

    def close(self) -> None:
        """Lets the env go."""
        self._engine = None

    def _open(self) -> Engine:
        if self._engine is None:
            raise ClosedEnvironmentError("the env is closed: make a new one")
        return self._engine


def make_env(id: str, **kwargs: Any) -> Env:
    """The environment `id`, such as `CartPole-v1`, as a `gymnasium.Env`.

    Args:
        id: An id of `sparring list envs`.
        max_episode_steps: The time limit instead of the env's own; 0 is none.
        render_mode: `rgb_array` or None.
        **options: The env's own, such as `g=9.81` for `Pendulum-v1`.

    Raises:
        ValueError: Ids, options and values that there are not, with those that there are.
    """
    return Env(id, **kwargs)
