"""Gymnasium's own checks, and what its tests of vector envs ask, of ours.

The tests of vector envs are in Gymnasium's repository and not in the source distribution of 1.4.0. What they ask of
any vector env is asked here, and what they ask of its wrappers by comparison with Gymnasium's own `SyncVectorEnv`.
Left out are those that hand in envs, spaces or functions of Python (`test_autoreset_*` on `GenericTestEnv`,
`test_custom_space_*`, `test_check_spaces_*`, `test_vector_obs_action_spaces`), shared memory and pipes
(`test_async_vector_env`, `test_shared_memory`), and `call`, `get_attr` and `set_attr`, which are no part of
`VectorEnv`: the envs of this engine are no Python objects. The modes that `test_autoreset_mode` spells out are compared
step by step in test_episodes.py.
"""

import gymnasium
import numpy as np
import pytest
from envs import ALL, CLASSIC, MINATAR
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers import vector as wrappers

import sparring
from sparring.registration import gymnasium_id

# The tiny envs draw no picture.
DRAWN = [
    id for id in ALL if not id.startswith(("Counter", "Identity", "IdentityBox", "Chain", "Recall", "gymnasium-rs"))
]


@pytest.mark.filterwarnings("ignore:.*out of date.*", "ignore:.*render_fps.*")
@pytest.mark.filterwarnings("ignore:.*Box observation space m.* value is.*")
@pytest.mark.filterwarnings("ignore:.*A Box observation space has an unconventional shape.*")
@pytest.mark.parametrize("id", ALL)
def test_check_env(id):
    check_env(sparring.make_env(id), skip_render_check=True)
    check_env(gymnasium.make(gymnasium_id(id)).unwrapped, skip_render_check=id not in DRAWN)


@pytest.mark.parametrize("id", CLASSIC + MINATAR)
def test_spaces_and_shapes(id):
    envs = gymnasium.make_vec(gymnasium_id(id), num_envs=8)
    assert isinstance(envs, gymnasium.vector.VectorEnv) and isinstance(envs.unwrapped, sparring.VectorEnv)
    assert envs.num_envs == 8 and envs.spec.id == gymnasium_id(id)
    assert envs.observation_space == gymnasium.vector.utils.batch_space(envs.single_observation_space, 8)
    assert envs.action_space == gymnasium.vector.utils.batch_space(envs.single_action_space, 8)
    obs, infos = envs.reset(seed=1)
    assert obs in envs.observation_space and infos == {}
    envs.action_space.seed(1)
    for _ in range(50):
        obs, rewards, terminations, truncations, infos = envs.step(envs.action_space.sample())
        assert obs in envs.observation_space and obs.dtype == envs.observation_space.dtype
        assert obs.shape == (8, *envs.single_observation_space.shape)
        assert (rewards.dtype, rewards.shape) == (np.float64, (8,))
        assert (terminations.dtype, terminations.shape) == (np.bool_, (8,))
        assert (truncations.dtype, truncations.shape) == (np.bool_, (8,))
        assert not (terminations & truncations).any()
    # As single actions, too.
    envs.step([envs.single_action_space.sample() for _ in range(8)])
    envs.close()
    assert envs.closed
    envs.close()


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_metadata(mode):
    for given in [mode, mode.value, mode.name.lower()]:
        envs = sparring.make_vec("CartPole-v1", autoreset_mode=given)
        assert envs.metadata["autoreset_mode"] == mode
    with_kwargs = gymnasium.make_vec("sparring/CartPole-v1", num_envs=2, autoreset_mode=mode.value)
    assert with_kwargs.metadata["autoreset_mode"] == mode
    assert "autoreset_mode" not in sparring.Env.metadata


def test_render():
    envs = sparring.make_vec("CartPole-v1", num_envs=3, render_mode="rgb_array")
    envs.reset(seed=1)
    frames = envs.render()
    assert isinstance(frames, tuple) and len(frames) == 3
    assert all(frame.dtype == np.uint8 and frame.ndim == 3 and frame.shape[2] == 3 for frame in frames)
    assert not np.array_equal(frames[0], frames[1])
    assert envs.metadata["render_fps"] == 50
    assert sparring.make_vec("CartPole-v1", num_envs=3).render() is None
    one = sparring.make_env("CartPole-v1", render_mode="rgb_array")
    one.reset(seed=1)
    assert np.array_equal(one.render(), frames[0])


def test_reset_masks():
    envs = sparring.make_vec("CartPole-v1", num_envs=3, autoreset_mode="disabled")
    first, _ = envs.reset(seed=[1, 2, 3])
    moved = envs.step(np.zeros(3, np.int64))[0]
    again, _ = envs.reset(seed=[1, None, 3], options={"reset_mask": np.array([True, False, False])})
    assert np.array_equal(again[0], first[0]) and np.array_equal(again[1:], moved[1:])
    for wrong in [np.zeros(3, bool), np.ones(2, bool), np.ones(3), [True] * 3]:
        with pytest.raises(ValueError, match="reset_mask"):
            envs.reset(options={"reset_mask": wrong})


WRAPPED = {
    "RecordEpisodeStatistics": wrappers.RecordEpisodeStatistics,
    "NormalizeObservation": wrappers.NormalizeObservation,
    "NormalizeReward": wrappers.NormalizeReward,
    "ClipReward": lambda envs: wrappers.ClipReward(envs, 0.2, 0.8),
    "TransformObservation": lambda envs: wrappers.TransformObservation(envs, lambda obs: 2 * obs),
    "FlattenObservation": wrappers.FlattenObservation,
    "DtypeObservation": lambda envs: wrappers.DtypeObservation(envs, np.float64),
    "DictInfoToList": wrappers.DictInfoToList,
}


# Gymnasium's wrappers of observations take no other mode.
NEXT_STEP_ALONE = ["NormalizeObservation", "TransformObservation", "FlattenObservation", "DtypeObservation"]


@pytest.mark.parametrize(
    ("wrapper", "mode"),
    [(wrapper, AutoresetMode.NEXT_STEP) for wrapper in WRAPPED]
    + [(wrapper, AutoresetMode.SAME_STEP) for wrapper in WRAPPED if wrapper not in NEXT_STEP_ALONE],
)
def test_wrappers(wrapper, mode):
    kwargs = {"num_envs": 4, "vectorization_mode": "sync", "vector_kwargs": {"autoreset_mode": mode}}
    theirs = WRAPPED[wrapper](gymnasium.make_vec("CartPole-v1", **kwargs))
    ours = WRAPPED[wrapper](sparring.make_vec("CartPole-v1", num_envs=4, autoreset_mode=mode))
    assert data_equivalence(ours.reset(seed=2), theirs.reset(seed=2))
    theirs.action_space.seed(2)
    for _ in range(120):
        actions = theirs.action_space.sample()
        mine, other = ours.step(actions), theirs.step(actions)
        assert data_equivalence(mine[:4], other[:4])
        assert data_equivalence(timeless(mine[4]), timeless(other[4]))


def timeless(infos):
    """Without the seconds of an episode."""
    if isinstance(infos, list):
        return [timeless(info) for info in infos]
    if isinstance(infos, dict):
        return {key: timeless(value) for key, value in infos.items() if key not in ("t", "_t")}
    return infos


def test_every_row_is_registered_and_says_what_it_lacks():
    from sparring._sparring import env_rows

    for row in env_rows():
        spec = gymnasium.spec(gymnasium_id(row["id"]))
        assert spec.max_episode_steps == row.get("max_episode_steps")
        if row["missing"] is not None:
            with pytest.raises(ValueError, match=row["missing"]):
                sparring.make_vec(row["id"])
    assert gymnasium.spec("sparring/CartPole-v1").reward_threshold == 475
    assert gymnasium.make("sparring/Breakout-v1").unwrapped.id == "MinAtar/Breakout-v1"


def test_a_loop_in_the_shape_of_cleanrl():
    """What ppo.py asks of its envs, but for its networks."""
    envs = wrappers.RecordEpisodeStatistics(gymnasium.make_vec("sparring/CartPole-v1", num_envs=4))
    assert isinstance(envs.single_action_space, gymnasium.spaces.Discrete)
    num_steps, num_envs = 128, envs.num_envs
    obs = np.zeros((num_steps, num_envs, *envs.single_observation_space.shape), np.float32)
    dones = np.zeros((num_steps, num_envs), np.float32)
    next_obs, _ = envs.reset(seed=1)
    envs.action_space.seed(1)
    next_done = np.zeros(num_envs)
    returns = []
    for step in range(num_steps):
        obs[step], dones[step] = next_obs, next_done
        action = envs.action_space.sample()
        next_obs, reward, terminations, truncations, infos = envs.step(action)
        next_done = np.logical_or(terminations, truncations)
        assert reward.reshape(-1).shape == (num_envs,)
        if "episode" in infos:
            returns.extend(infos["episode"]["r"][infos["_episode"]])
    # An episode that the last step ends is in no row of `dones` yet.
    assert dones.sum() + next_done.sum() == len(returns) > 10 and np.mean(returns) > 10
    envs.close()
