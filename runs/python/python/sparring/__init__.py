"""Sparring from Python: fast vectorised environments, runs from YAML, their results, and the policies that they keep.

>>> import sparring
>>> envs = sparring.make_vec("CartPole-v1", num_envs=4)
>>> obs, infos = envs.reset(seed=1)
>>> obs.shape
(4, 4)
"""

from sparring._sparring import EnvFault, __version__
from sparring.env import Env, make_env
from sparring.policy import Policy
from sparring.registration import register_envs
from sparring.runs import Run, RunError, load_results, plan, run
from sparring.vector import VectorEnv, make_vec

__all__ = [
    "Env",
    "EnvFault",
    "Policy",
    "Run",
    "RunError",
    "VectorEnv",
    "__version__",
    "load_results",
    "make_env",
    "make_vec",
    "plan",
    "register_envs",
    "run",
]

register_envs()
