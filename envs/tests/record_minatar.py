#!/usr/bin/env python3
"""Records the oracle traces envs/tests/traces/minatar-*.bin from the package minatar.

Made with minatar==1.0.15, numpy==2.4.6, Python 3.11 (any machine gives the same bytes):

    python3 -m venv oracle && oracle/bin/pip install --no-deps minatar==1.0.15 numpy==2.4.6
    oracle/bin/python envs/tests/record_minatar.py --out envs/tests/traces

The generator that a game and its sticky actions draw from is replaced by one that notes every draw. Some
runs act at random; others are guided, so that the states are met that random play never lives to see: all
bricks broken, the fastest aliens, six divers, the hardest level. A guide looks at the package's state, and
takes a move after which a copy of the game goes on for a while. An ended game is followed by reset().

One file per game, little-endian, without padding (traces/README.md repeats this):

    header   4 bytes "SPM1", u32 runs
    per run  f64 sticky-action probability, u8 difficulty ramping (0, 1), u32 steps, start, then the steps
    start    draws, cells: those of reset() and of the observation after it
    per step u8 action (0 to 5), draws, cells, u8 reward, u8 over, and where over is 1 a start
    draws    u8 how many, then each: u8 0 and f64, uniform in [0, 1); or u8 n and u8, uniform in 0..n
    cells    u16 how many, then each u16: the index in (channel, y, x) of a cell that differs from the
             observation before; before the first all are 0
"""

import argparse
import copy
import pathlib
import struct
from importlib.metadata import version

import numpy as np
from minatar import Environment

MINATAR = "1.0.15"
NUMPY = "2.4.6"
GAMES = ["asterix", "breakout", "freeway", "seaquest", "space_invaders"]
# Guided or not, sticky-action probability, ramping, steps.
RUNS = [
    (False, 0.1, True, 1000),
    (False, 0.1, False, 500),
    (True, 0.1, True, 4000),
    (True, 0.0, True, 4000),
    (True, 0.25, False, 1000),
]
NOOP, LEFT, UP, RIGHT, DOWN, FIRE = range(6)
# Frames that a guided player looks ahead.
PATIENCE = 8
SCRATCH = np.random.RandomState(0)


class Recorder:
    """numpy's RandomState, as far as the games use it; it notes what it gave."""

    def __init__(self, seed):
        self.random = np.random.RandomState(seed)
        self.draws = []

    def rand(self, *shape):
        values = self.random.rand(*shape)
        self.draws += [struct.pack("<Bd", 0, value) for value in np.ravel(values)]
        return values

    def randint(self, low, high=None, size=None):
        values = self.random.randint(low, high, size)
        low, high = (0, low) if high is None else (low, high)
        self.draws += [struct.pack("<BB", high - low, value - low) for value in np.ravel(values)]
        return values

    def take(self):
        draws, self.draws = self.draws, []
        return struct.pack("<B", len(draws)) + b"".join(draws)

    def __deepcopy__(self, memo):
        return SCRATCH


def towards(here, there):
    """The move that brings the player nearer, along the longer way first."""
    dx, dy = there[0] - here[0], there[1] - here[1]
    if abs(dx) >= abs(dy):
        return RIGHT if dx > 0 else LEFT if dx < 0 else NOOP
    return DOWN if dy > 0 else UP


def nearest(here, things):
    return min(things, key=lambda thing: abs(thing[0] - here[0]) + abs(thing[1] - here[1]))


def wish(name, game, level):
    """What a good player would like to do."""
    if name == "asterix":
        gold = [thing for thing in game.entities if thing is not None and thing[3]]
        here = (game.player_x, game.player_y)
        return towards(here, nearest(here, gold)) if gold else NOOP
    if name == "breakout":
        return towards((game.pos, 0), (game.ball_x, 0))
    if name == "freeway":
        return UP
    if name == "space_invaders":
        columns = [(x, 0) for x in range(10) if game.alien_map[:, x].any()]
        if game.shot_timer == 0 and (game.pos, 0) in columns:
            return FIRE
        return towards((game.pos, 0), nearest((game.pos, 0), columns))
    here = (game.sub_x, game.sub_y)
    if game.diver_count < 0 and level < 19:
        return UP if game.sub_y > 0 else DOWN
    if game.diver_count == 6 or (game.diver_count != 0 and game.oxygen < 20 + 2 * game.sub_y):
        return UP
    facing = 1 if game.sub_or else -1
    if game.shot_timer == 0:
        for enemy in game.e_fish + game.e_subs:
            if enemy[1] == game.sub_y and (enemy[0] - game.sub_x) * facing > 0:
                return FIRE
    if game.divers:
        return towards(here, nearest(here, game.divers))
    return DOWN if game.sub_y < 4 else NOOP


def outlook(name, game, action, level):
    """Whether a copy of the game goes on for a while after the action, and what it wins meanwhile."""
    copied, rewards, over = copy.deepcopy(game), 0, False
    for _ in range(PATIENCE):
        reward, over = copied.act(action)
        rewards += reward
        if over:
            break
        action = wish(name, copied, level)
    return not over, rewards


def guide(name, game, rng, level):
    """The move with the best outlook; of equals the wish, most of the time."""
    moves = [int(action) for action in rng.permutation(6)]
    if rng.rand() < 0.9:
        moves.insert(0, wish(name, game, level))
    return max(moves, key=lambda action: outlook(name, game, action, level))


def record(name):
    out = [b"SPM1", struct.pack("<I", len(RUNS))]
    seen = {"ends": 0, "rewards": 0, "best": 0, "ramp": 0}
    for seed, (guided, sticky, ramping, steps) in enumerate(RUNS):
        env = Environment(name, sticky_action_prob=sticky, difficulty_ramping=ramping)
        recorder = env.random = env.env.random = Recorder(seed)
        rng = np.random.RandomState(1000 + seed)
        cells = np.zeros(100 * env.n_channels, dtype=bool)

        def observe():
            nonlocal cells
            before, cells = cells, env.state().transpose(2, 0, 1).ravel()
            changed = np.flatnonzero(before != cells)
            return struct.pack("<H", len(changed)) + changed.astype("<u2").tobytes()

        def start():
            env.reset()
            return recorder.take() + observe()

        out.append(struct.pack("<dBI", sticky, ramping, steps) + start())
        run = {"ramp": 0, "best": 0}
        for _ in range(steps):
            action = guide(name, env.env, rng, run["ramp"]) if guided else int(rng.randint(6))
            reward, over = env.act(action)
            out.append(struct.pack("<B", action) + recorder.take() + observe())
            out.append(struct.pack("<BB", int(reward), over))
            run["ramp"] = env.env.difficulty_ramp() or 0
            run["best"] += int(reward)
            seen["rewards"] += int(reward)
            seen["best"] = max(seen["best"], run["best"])
            seen["ends"] += over
            seen["ramp"] = max(seen["ramp"], run["ramp"])
            for key in ("diver_count", "enemy_move_interval", "spawn_speed", "e_spawn_speed", "move_speed"):
                if hasattr(env.env, key):
                    value = getattr(env.env, key)
                    low, high = seen.get(key, (value, value))
                    seen[key] = (min(low, value), max(high, value))
            if over:
                out.append(start())
                run = {"ramp": 0, "best": 0}
    print(f"{name}: {seen}")
    return b"".join(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent / "traces")
    args = parser.parse_args()
    found = (version("minatar"), np.__version__)
    if found != (MINATAR, NUMPY):
        raise SystemExit(f"minatar and numpy are {found}; the traces need {(MINATAR, NUMPY)}: see --help")
    args.out.mkdir(parents=True, exist_ok=True)
    for name in GAMES:
        (args.out / f"minatar-{name}.bin").write_bytes(record(name))


if __name__ == "__main__":
    main()
