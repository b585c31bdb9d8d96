"""Which environments the tests play."""

from sparring._sparring import env_rows

# Those of Gymnasium 1.4.0 that are ours, number for number. (CartPole-v0 is CartPole-v1 with a shorter limit.)
CLASSIC = [
    "Acrobot-v1",
    "CartPole-v0",
    "CartPole-v1",
    "MountainCar-v0",
    "MountainCarContinuous-v0",
    "Pendulum-v1",
]

ROWS = [row for row in env_rows() if row["missing"] is None]
# Every env of this build; of Atari's games, which are slow and one machine, one.
ALL = [row["id"] for row in ROWS if row["family"] != "Atari" or row["id"] == "ALE/Pong-v5"]
MINATAR = [row["id"] for row in ROWS if row["family"] == "MinAtar"]


def has(feature_of):
    """Whether this build has the env."""
    return any(row["id"] == feature_of for row in ROWS)
