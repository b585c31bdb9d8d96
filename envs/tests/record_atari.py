#!/usr/bin/env python3
"""Records what ale-py and Gymnasium's AtariPreprocessing show, for tests/atari.rs.

    pip install ale-py==0.12.1 gymnasium==1.4.0 numpy==2.4.6 opencv-python-headless==5.0.0.93
    python envs/tests/record_atari.py

`traces/atari.json`: for each game, driven frame by frame without sticky actions and with actions that
a linear congruential generator draws from all the game's, the number of points, and every 100 frames the MD5 of
all rewards, lives, RAM and RGB screens so far. The game is reset when it is over, and once more half-way;
the 15 games of the paper run for 2,000 frames and the others for 600.
`traces/atari-screens.bin`: screens of Gymnasium's preprocessing, four for each of the games below.
"""

import hashlib
import json
import pathlib
import re

import ale_py
import gymnasium
import numpy as np

FRAMES = 2000
FRAMES_OF_OTHERS = 600
EVERY = 100
PAPER = (
    "Assault Asterix BeamRider Boxing Breakout CrazyClimber DemonAttack Enduro FishingDerby "
    "MsPacman Pong Qbert SpaceInvaders Tutankham VideoPinball"
).split()
SCREENS = ["AirRaid", "Breakout", "MsPacman", "Pooyan"]
SCREENS_EACH = 4
STEPS_BETWEEN = 30
HERE = pathlib.Path(__file__).parent
FOLDER = HERE / "traces"
GAMES = re.findall('"ALE/(.*)-v5"', (HERE / "../src/atari/games.rs").read_text())


def actions():
    x = 12345
    while True:
        x = (x * 1664525 + 1013904223) & 0xFFFFFFFF
        yield (x >> 16) % 18


def checksums(game):
    env = gymnasium.make(
        f"ALE/{game}-v5", frameskip=1, repeat_action_probability=0.0, full_action_space=True
    ).unwrapped
    env.reset(seed=0)
    frames = FRAMES if game in PAPER else FRAMES_OF_OTHERS
    ale, total, md5, sums = env.ale, 0, hashlib.md5(), []
    for frame, action in zip(range(1, frames + 1), actions()):
        legal = ale.getLegalActionSet()
        reward = ale.act(legal[action % len(legal)])
        total += reward
        md5.update(int(reward).to_bytes(4, "little", signed=True))
        md5.update(int(ale.lives()).to_bytes(4, "little", signed=True))
        md5.update(ale.getRAM().tobytes())
        md5.update(ale.getScreenRGB().tobytes())
        if frame % EVERY == 0:
            sums.append(md5.hexdigest())
        if ale.game_over() or frame == frames // 2:
            ale.reset_game()
    return {"points": total, "md5": sums}


def screens(game):
    env = gymnasium.make(
        f"ALE/{game}-v5", frameskip=1, repeat_action_probability=0.0, full_action_space=True
    )
    env = gymnasium.wrappers.AtariPreprocessing(env, noop_max=0, frame_skip=4, screen_size=84)
    env.reset(seed=0)
    shown = []
    for step, action in zip(range(1, SCREENS_EACH * STEPS_BETWEEN + 1), actions()):
        screen, _, terminated, _, _ = env.step(action)
        assert not terminated
        if step % STEPS_BETWEEN == 0:
            shown.append(screen)
    return np.stack(shown)


def main():
    gymnasium.register_envs(ale_py)
    traces = {f"ALE/{game}-v5": checksums(game) for game in GAMES}
    (FOLDER / "atari.json").write_text(json.dumps(traces, indent=1) + "\n")
    pictures = np.concatenate([screens(game) for game in SCREENS])
    (FOLDER / "atari-screens.bin").write_bytes(pictures.astype(np.uint8).tobytes())


if __name__ == "__main__":
    main()
