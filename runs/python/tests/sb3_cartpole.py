"""Trains PPO of Stable-Baselines3 on our CartPole-v1 to a mean return of 475 or more.

    python runs/python/tests/sb3_cartpole.py

Hyper-parameters are RL Zoo's for CartPole-v1. Needs stable-baselines3; takes a minute or two.
"""

import sys

import torch
from stable_baselines3 import PPO
from stable_baselines3.common.env_checker import check_env
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.monitor import Monitor

import sparring

BAR = 475.0


def decay(start):
    return lambda left: left * start


def main():
    torch.set_num_threads(1)
    check_env(sparring.make_env("CartPole-v1"))
    check_env(sparring.make_env("Pendulum-v1"))
    envs = make_vec_env(lambda: sparring.make_env("CartPole-v1"), n_envs=8, seed=1)
    model = PPO(
        "MlpPolicy",
        envs,
        n_steps=32,
        batch_size=256,
        gae_lambda=0.8,
        gamma=0.98,
        n_epochs=20,
        ent_coef=0.0,
        learning_rate=decay(0.001),
        clip_range=decay(0.2),
        seed=1,
        device="cpu",
    )
    model.learn(100_000)
    env = Monitor(sparring.make_env("CartPole-v1"))
    env.reset(seed=100)
    mean, deviation = evaluate_policy(model, env, n_eval_episodes=100)
    print(f"SB3's PPO on sparring's CartPole-v1: return {mean:.1f} ± {deviation:.1f}, the bar is {BAR}")
    return 0 if mean >= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
