"""What the extension in Rust has; `sparring` says how it is used."""

from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

__version__: str

class EnvFault(RuntimeError):
    """An env panicked, failed, or gave NaN or infinity."""

    env: int
    seed: int
    episode: int
    step: int
    cause: str

class Engine:
    def __init__(
        self,
        id: str,
        set: Sequence[str],
        num_envs: int,
        *,
        workers: int,
        autoreset: str,
        copy: bool,
        limit: int | None,
    ) -> None: ...
    def spec(self) -> dict[str, Any]: ...
    def observations(self) -> NDArray[Any]: ...
    def reset(self, seeds: Sequence[int | None] | None, mask: NDArray[np.bool_] | None) -> NDArray[Any]: ...
    def step(self, actions: NDArray[Any]) -> tuple[
        NDArray[Any],
        NDArray[np.float64],
        NDArray[np.bool_],
        NDArray[np.bool_],
        tuple[NDArray[np.object_], NDArray[np.bool_]] | None,
    ]: ...
    def render(self, env: int) -> tuple[NDArray[np.uint8], int]: ...

class Policy:
    def __init__(self, folder: str | PathLike[str], set: Sequence[str], seed: int) -> None: ...
    @property
    def origin(self) -> str: ...
    @property
    def agent(self) -> str: ...
    def spec(self) -> dict[str, Any]: ...
    def act(self, obs: NDArray[Any], first: NDArray[np.bool_], deterministic: bool) -> NDArray[Any]: ...

def env_rows() -> list[dict[str, Any]]: ...
def plan(
    file: str | PathLike[str], set: Sequence[str], seeds: Sequence[int] | None, variants: Sequence[str]
) -> str: ...
def results(folder: str | PathLike[str]) -> str: ...
def main(args: Sequence[str], parent: int | None = None) -> int: ...
