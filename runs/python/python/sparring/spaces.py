"""Spaces and options between Rust and Gymnasium."""

import json
import math
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray


def space_of(described: dict[str, Any]) -> spaces.Space[Any]:
    """The space that `sparring._sparring` describes."""
    if described["kind"] == "discrete":
        return spaces.Discrete(described["n"])
    dtype = np.dtype(described["dtype"])
    return spaces.Box(described["low"].astype(dtype), described["high"].astype(dtype), dtype=dtype.type)


def as_yaml(value: Any) -> str:
    """A value as YAML has it, on one line."""
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(as_yaml(item) for item in value) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(str(key))}: {as_yaml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    if not isinstance(value, (bool, int, float, str, type(None))):
        raise ValueError(
            f"{value!r} is a {type(value).__name__}, but YAML takes bools, numbers, texts, lists and dicts"
        )
    return json.dumps(value)


def settings(values: Any, prefix: str = "") -> list[str]:
    """`--set` arguments: `{"g": 9.81}` with the prefix `env.options.` is `env.options.g=9.81`; none of None."""
    if values is None:
        return []
    if not isinstance(values, Mapping):
        raise ValueError(f"set is {values!r}, but it must be a dict such as {{'train.total_env_steps': 10_000}}")
    return [f"{prefix}{key}={as_yaml(value)}" for key, value in values.items()]


def actions_as(space: spaces.Space[Any], actions: Any, shape: tuple[int, ...]) -> NDArray[Any]:
    """Actions as the engine takes them: int64 or float32, row-major, of this shape."""
    given = np.asarray(actions)
    if given.shape != shape:
        raise ValueError(f"the actions have the shape {given.shape}, but it must be {shape}; nothing was stepped")
    if isinstance(space, spaces.Discrete):
        if given.dtype.kind not in "iu":
            raise ValueError(f"the actions are {given.dtype}, but they must be whole numbers; nothing was stepped")
        if given.dtype == np.uint64 and (given >= space.n).any():
            # As int64 the largest would be negative.
            raise ValueError(f"an action is {given.max()}, but it must be 0 to {space.n - 1}; nothing was stepped")
        return np.ascontiguousarray(given, dtype=np.int64)
    if given.dtype.kind not in "iuf":
        raise ValueError(f"the actions are {given.dtype}, but they must be real numbers; nothing was stepped")
    return np.ascontiguousarray(given, dtype=np.float32)
