"""Many environments of one kind, stepped together by threads of Rust."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.error import ClosedEnvironmentError, ResetNeeded
from gymnasium.vector import AutoresetMode
from gymnasium.vector import VectorEnv as GymnasiumVectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from sparring._sparring import Engine
from sparring.spaces import actions_as, settings, space_of

_MODES = {
    "next_step": AutoresetMode.NEXT_STEP,
    "same_step": AutoresetMode.SAME_STEP,
    "disabled": AutoresetMode.DISABLED,
    **{mode.value: mode for mode in AutoresetMode},
}

_MOST = 2**32
"""No count is as large."""

Batch = tuple[NDArray[Any], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]


class VectorEnv(GymnasiumVectorEnv[NDArray[Any], NDArray[Any], NDArray[Any]]):
    """`num_envs` environments `id`; :func:`make_vec` says what each argument means."""

    def __init__(
        self,
        id: str,
        num_envs: int = 1,
        *,
        workers: int = 0,
        autoreset_mode: str | AutoresetMode = "next_step",
        copy: bool = True,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
        **options: Any,
    ) -> None:
        check_words(id=id, copy=copy)
        self.autoreset_mode = _mode(autoreset_mode)
        check_counts(num_envs=(num_envs, 1), workers=(workers, 0))
        check_limit(max_episode_steps)
        if render_mode not in (None, "rgb_array"):
            raise ValueError(f"render_mode is {render_mode!r}, but it must be None or 'rgb_array'")
        engine = Engine(
            id,
            settings(options, "env.options."),
            num_envs,
            workers=workers,
            autoreset=self.autoreset_mode.value,
            copy=copy,
            limit=max_episode_steps,
        )
        self._engine: Engine | None = engine
        spec = engine.spec()
        self.id: str = spec["id"]
        self.num_envs = num_envs
        self.render_mode = render_mode
        self.single_observation_space = space_of(spec["observation"])
        self.single_action_space = space_of(spec["action"])
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.metadata = {"render_modes": ["rgb_array"], "autoreset_mode": self.autoreset_mode}
        if render_mode is not None:
            self.metadata["render_fps"] = engine.render(0)[1]
        discrete = isinstance(self.single_action_space, spaces.Discrete)
        self._action_dtype = np.dtype(np.int64 if discrete else np.float32)
        self._action_shape = (num_envs, *(self.single_action_space.shape or ()))
        self._begun = False

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[Any], dict[str, Any]]:
        """Begins an episode in every env, or in those of `options["reset_mask"]`.

        A `seed` is that of env 0, the next one that of env 1, as Gymnasium has it; a list has one for each env. With
        None an env goes on with the generator that it has.
        """
        check_reset_options(options, "reset_mask")
        seeds: list[int | None] | None = None
        if isinstance(seed, (int, np.integer)):
            seeds = [checked_seed(int(seed) + env) for env in range(self.num_envs)]
            # As Gymnasium keeps it, for `np_random` of wrappers.
            super().reset(seed=int(seed))
        elif seed is not None:
            if isinstance(seed, str) or not isinstance(seed, Iterable):
                raise ValueError(f"seed is {seed!r}, but it must be a whole number, or a list of one for each env")
            seeds = [None if one is None else checked_seed(one) for one in seed]
            if len(seeds) != self.num_envs:
                raise ValueError(f"seed has {len(seeds)} seeds, but there are {self.num_envs} envs; pass one for each")
        mask = None if options is None else options.get("reset_mask")
        if mask is not None:
            if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_ or mask.shape != (self.num_envs,):
                raise ValueError(f"reset_mask is {mask!r}, but it must be an array of {self.num_envs} bools")
            if not mask.any():
                raise ValueError("reset_mask is False for every env, but it must be True for one or more")
            mask = np.ascontiguousarray(mask)
        if seeds is None and mask is None and not self._begun:
            # The engine has begun an episode of each already, by random seeds.
            obs = self._open().observations()
        else:
            obs = self._open().reset(seeds, mask)
        self._begun = True
        return obs, {}

    def step(self, actions: Any) -> Batch:
        """Steps every env once.

        Raises:
            ResetNeeded: The envs were never reset.
            ClosedEnvironmentError: They are closed.
            ValueError: Actions that an env does not take; nothing was stepped.
            EnvFault: An env failed. The others have made their step; the engine makes no further one.
        """
        if not (
            type(actions) is np.ndarray
            and actions.dtype == self._action_dtype
            and actions.shape == self._action_shape
            and actions.flags.c_contiguous
        ):
            actions = actions_as(self.single_action_space, actions, self._action_shape)
        engine = self._open()
        if not self._begun:
            raise ResetNeeded("step before the first reset; call reset(seed=..) first")
        obs, rewards, terminations, truncations, last = engine.step(actions)
        if last is None:
            return obs, rewards, terminations, truncations, {}
        final, ended = last
        infos = {"final_obs": final, "_final_obs": ended, "final_info": {}, "_final_info": ended.copy()}
        return obs, rewards, terminations, truncations, infos

    def render(self) -> tuple[NDArray[np.uint8], ...] | None:
        """A picture of every env, `(height, width, 3)`; None without `render_mode`."""
        if self.render_mode is None:
            return None
        engine = self._open()
        return tuple(engine.render(env)[0] for env in range(self.num_envs))

    def close_extras(self, **kwargs: Any) -> None:
        """Lets the engine and its threads go; arrays of `copy=False` stay whole as long as they are held."""
        self._engine = None

    def _open(self) -> Engine:
        if self._engine is None:
            raise ClosedEnvironmentError("the envs are closed: make new ones")
        return self._engine

    def __repr__(self) -> str:
        return f"sparring.VectorEnv({self.id}, num_envs={self.num_envs})"


def make_vec(id: str, num_envs: int = 1, **kwargs: Any) -> VectorEnv:
    """`num_envs` environments `id`, such as `CartPole-v1`, stepped together.

    Args:
        id: An id of `sparring list envs`.
        num_envs: How many.
        workers: Threads besides the caller's. The numbers do not depend on it; 0 steps on the caller's thread alone.
        autoreset_mode: `next_step`, `same_step` or `disabled`, or Gymnasium's `AutoresetMode`. `same_step` is the
            fastest.
        copy: Whether observations are arrays of their own. If not, they are the engine's memory, which the second step
            from now, or a reset, writes over.
        max_episode_steps: The time limit instead of the env's own; 0 is none.
        render_mode: `rgb_array` or None.
        **options: The env's own, such as `g=9.81` for `Pendulum-v1`.

    Raises:
        ValueError: Ids, options and values that there are not, with those that there are.
    """
    return VectorEnv(id, num_envs, **kwargs)


def checked_seed(seed: Any) -> int:
    """A seed that a generator takes."""
    if not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**64:
        raise ValueError(f"the seed is {seed!r}, but it must be a whole number from 0 to 2**64 - 1")
    return int(seed)


def check_counts(**counts: tuple[Any, int]) -> None:
    """Refuses what is no whole number, below its least value, or above what a count may be."""
    for name, (value, least) in counts.items():
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not least <= value < _MOST:
            raise ValueError(f"{name} is {value!r}, but it must be a whole number from {least} to {_MOST - 1}")


def check_limit(max_episode_steps: int | None) -> None:
    """Refuses a time limit that is none."""
    if max_episode_steps is not None:
        check_counts(max_episode_steps=(max_episode_steps, 0))


def check_words(id: Any, copy: Any) -> None:
    """Refuses an id that is no text, and a switch that is neither on nor off."""
    if not isinstance(id, str):
        raise ValueError(f"id is {id!r}, but it must be a text such as 'CartPole-v1'")
    if not isinstance(copy, (bool, np.bool_)):
        raise ValueError(f"copy is {copy!r}, but it must be True or False")


def check_reset_options(options: Any, *known: str) -> None:
    """Refuses options of a reset that are no mapping, or that nothing would heed."""
    if options is not None and not isinstance(options, Mapping):
        raise ValueError(f"options is {options!r}, but it must be a dict or None")
    for key in options or {}:
        if key not in known:
            allowed = f"{' and '.join(known)} alone" if known else "none"
            raise ValueError(
                f"options has {key!r}, but a reset takes {allowed}; pass options of an env where it is made"
            )


def _mode(mode: str | AutoresetMode) -> AutoresetMode:
    if isinstance(mode, AutoresetMode):
        return mode
    if mode not in _MODES:
        raise ValueError(f"autoreset_mode is {mode!r}, but it must be 'next_step', 'same_step' or 'disabled'")
    return _MODES[mode]
