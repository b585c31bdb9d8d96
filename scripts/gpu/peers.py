#!/usr/bin/env python3
"""Updates of SAC and DQN in PyTorch, for comparison with ours: eager, compiled, and compiled with CUDA graphs.

    OUT=folder scripts/gpu/peers.py [--steps 300] [--device cuda]

The networks and hyper-parameters are those of agents/benches/update.rs: SAC with two critics that are computed as one
batched product, a learned temperature, Adam and targets that follow each step (HalfCheetah's spaces, batch 256), DQN
with two hidden layers (CartPole's spaces, batch 128) and with Nature's network (four frames of bytes, batch 32). A batch lies on the host as NumPy arrays, as a replay memory
gives it, and goes to the device in one pinned copy; `resident` leaves that copy out. float32 throughout, TensorFloat-32
off. Needs PyTorch and, to mean anything, a GPU. Writes peers.csv to $OUT.
"""

import argparse
import copy
import csv
import os
import pathlib
import statistics
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional

LOG_STD = (-20.0, 2.0)
REPEATS = 5


class Stack(nn.Module):
    """`copies` networks side by side: (copies, batch, in) -> (copies, batch, out)."""

    def __init__(self, widths, copies):
        super().__init__()
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for width, out in zip(widths, widths[1:]):
            bound = width**-0.5
            self.weights.append(nn.Parameter(torch.empty(copies, width, out).uniform_(-bound, bound)))
            self.biases.append(nn.Parameter(torch.zeros(copies, 1, out)))

    def forward(self, x):
        for i, (weight, bias) in enumerate(zip(self.weights, self.biases)):
            x = torch.baddbmm(bias, x, weight)
            if i + 1 < len(self.weights):
                x = functional.relu(x)
        return x


class Sac:
    """One gradient step of SAC, as LeanRL orders it: critics, actor, temperature, targets."""

    obs, act, batch = 17, 6, 256

    def __init__(self, hidden, device):
        obs, act = self.obs, self.act
        self.actor = Stack([obs, *hidden, 2 * act], 1).to(device)
        self.critics = Stack([obs + act, *hidden, 1], 2).to(device)
        self.targets = copy.deepcopy(self.critics).requires_grad_(False)
        self.log_alpha = torch.zeros(1, device=device, requires_grad=True)
        adam = {"lr": 3e-4, "capturable": device == "cuda", "fused": device == "cuda"}
        self.actor_step = torch.optim.Adam(self.actor.parameters(), **adam)
        self.critic_step = torch.optim.Adam(self.critics.parameters(), **adam)
        self.alpha_step = torch.optim.Adam([self.log_alpha], **adam)
        self.sizes = [obs, obs, act, 1, 1]

    def draw(self, obs):
        mean, log_std = self.actor(obs[None])[0].chunk(2, -1)
        log_std = log_std.clamp(*LOG_STD)
        noise = torch.randn_like(mean)
        u = mean + log_std.exp() * noise
        action = torch.tanh(u)
        log_prob = -0.5 * noise**2 - log_std - 0.9189385
        log_prob = log_prob - 2.0 * (0.6931472 - u - functional.softplus(-2.0 * u))
        return action, log_prob.sum(-1, keepdim=True)

    def value(self, critics, obs, action):
        both = torch.cat([obs, action], -1)
        return critics(both.expand(2, -1, -1))

    def step(self, batch):
        obs, next_obs, action, reward, discount = batch.split(self.sizes, -1)
        alpha = self.log_alpha.detach().exp()
        with torch.no_grad():
            next_action, log_prob = self.draw(next_obs)
            soft = self.value(self.targets, next_obs, next_action).amin(0) - alpha * log_prob
            target = reward + discount * soft
        loss = 0.5 * (self.value(self.critics, obs, action) - target).square().mean((1, 2)).sum()
        self.critic_step.zero_grad(set_to_none=True)
        loss.backward()
        self.critic_step.step()
        drawn, log_prob = self.draw(obs)
        for parameter in self.critics.parameters():
            parameter.requires_grad_(False)
        actor_loss = (alpha * log_prob - self.value(self.critics, obs, drawn).amin(0)).mean()
        self.actor_step.zero_grad(set_to_none=True)
        actor_loss.backward()
        self.actor_step.step()
        for parameter in self.critics.parameters():
            parameter.requires_grad_(True)
        alpha_loss = -(self.log_alpha * (log_prob.detach() - self.act)).mean()
        self.alpha_step.zero_grad(set_to_none=True)
        alpha_loss.backward()
        self.alpha_step.step()
        with torch.no_grad():
            torch._foreach_lerp_(list(self.targets.parameters()), list(self.critics.parameters()), 0.005)
        return loss.detach(), actor_loss.detach()


class Dqn:
    """One gradient step of DQN, Huber's loss, the norm clipped."""

    obs, act, batch = 4, 2, 128

    def __init__(self, hidden, device):
        self.q = Stack([self.obs, *hidden, self.act], 1).to(device)
        self.target = copy.deepcopy(self.q).requires_grad_(False)
        adam = {"lr": 1e-3, "capturable": device == "cuda", "fused": device == "cuda"}
        self.q_step = torch.optim.Adam(self.q.parameters(), **adam)
        self.sizes = [self.obs, self.obs, 1, 1, 1]

    def step(self, batch):
        obs, next_obs, action, reward, discount = batch.split(self.sizes, -1)
        with torch.no_grad():
            y = reward + discount * self.target(next_obs[None])[0].amax(-1, keepdim=True)
        loss = functional.huber_loss(self.q(obs[None])[0].gather(-1, action.long()), y)
        self.q_step.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.q.parameters(), 10.0)
        self.q_step.step()
        return (loss.detach(),)


class Cnn(Dqn):
    """The same with Nature's network over four frames of bytes, 'same' padding as ours has it, no clipping."""

    act, batch = 6, 32

    def __init__(self, device):
        convs = [(4, 32, 8, 4), (32, 64, 4, 2), (64, 64, 3, 1)]
        layers = []
        for (channels, out, kernel, stride), (size, given) in zip(convs, [(84, 21), (21, 11), (11, 11)]):
            missing = max((given - 1) * stride + kernel - size, 0)
            before, behind = missing // 2, missing - missing // 2
            layers += [nn.ZeroPad2d((before, behind, before, behind)), nn.Conv2d(channels, out, kernel, stride), nn.ReLU()]
        layers += [nn.Flatten(), nn.Linear(64 * 121, 512), nn.ReLU(), nn.Linear(512, self.act)]
        self.q = nn.Sequential(*layers).to(device)
        self.target = copy.deepcopy(self.q).requires_grad_(False)
        adam = {"lr": 6.25e-5, "capturable": device == "cuda", "fused": device == "cuda"}
        self.q_step = torch.optim.Adam(self.q.parameters(), **adam)

    def step(self, batch):
        obs, next_obs = batch[: self.pixels].view(2, self.batch, 4, 84, 84).float() / 255.0
        action, reward, discount = batch[self.pixels :].view(torch.float32).view(3, self.batch, 1)
        with torch.no_grad():
            y = reward + discount * self.target(next_obs).amax(-1, keepdim=True)
        loss = functional.huber_loss(self.q(obs).gather(-1, action.long()), y)
        self.q_step.zero_grad(set_to_none=True)
        loss.backward()
        self.q_step.step()
        return (loss.detach(),)

    pixels = 2 * batch * 4 * 84 * 84

    def host(self):
        rng = np.random.default_rng(1)
        numbers = np.zeros((3, self.batch), np.float32)
        numbers[0] = rng.integers(0, self.act, self.batch)
        return np.concatenate([rng.integers(0, 256, self.pixels, np.uint8), numbers.view(np.uint8).ravel()])


def host_batch(agent, device):
    if isinstance(agent, Cnn):
        batch = torch.from_numpy(agent.host())
        return batch.pin_memory() if device == "cuda" else batch
    rng = np.random.default_rng(1)
    batch = rng.uniform(-1, 1, (agent.batch, sum(agent.sizes))).astype(np.float32)
    batch[:, 2 * agent.obs] = rng.integers(0, 2, agent.batch)
    batch = torch.from_numpy(batch)
    return batch.pin_memory() if device == "cuda" else batch


def forms(agent, device, held):
    """How a step is run: each a function of no arguments, made when it is asked for."""
    on_device = held.to(device)

    def eager():
        return lambda: agent.step(held.to(device, non_blocking=True))

    def compiled():
        step = torch.compile(agent.step)
        return lambda: step(held.to(device, non_blocking=True))

    def graphed(resident):
        step = torch.compile(agent.step)
        fixed = on_device.clone()
        side = torch.cuda.Stream()
        with torch.cuda.stream(side):
            for _ in range(5):
                step(fixed)
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            step(fixed)

        def run():
            if not resident:
                fixed.copy_(held, non_blocking=True)
            graph.replay()

        return run

    yield "eager", eager
    yield "compile", compiled
    if device == "cuda":
        yield "compile + graphs", lambda: graphed(False)
        yield "compile + graphs, resident", lambda: graphed(True)


def seconds(run, steps, device):
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None
    for _ in range(max(10, steps // 10)):
        run()
    taken = []
    for _ in range(REPEATS):
        wait()
        start = time.perf_counter()
        for _ in range(steps):
            run()
        wait()
        taken.append((time.perf_counter() - start) / steps)
    return taken


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--skip-compile", action="store_true")
    options = parser.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.manual_seed(1)
    name = torch.cuda.get_device_name() if options.device == "cuda" else "cpu"
    print(f"{name}, PyTorch {torch.__version__}, float32, TF32 off, {options.steps} steps a sample", flush=True)
    rows = []
    cases = [
        ("sac 256x256, batch 256", lambda: Sac([256, 256], options.device)),
        ("sac 1024x1024, batch 256", lambda: Sac([1024, 1024], options.device)),
        ("dqn 256x256, batch 128", lambda: Dqn([256, 256], options.device)),
        ("dqn nature cnn, batch 32", lambda: Cnn(options.device)),
    ]
    for case, make in cases:
        kinds = [kind for kind, _ in forms(make(), "cpu" if options.device == "cpu" else "cuda", torch.zeros(1))]
        for kind in kinds:
            if options.skip_compile and kind != "eager":
                continue
            torch._dynamo.reset()
            try:
                agent = make()
                prepared = dict(forms(agent, options.device, host_batch(agent, options.device)))[kind]()
                taken = seconds(prepared, options.steps, options.device)
            except Exception as error:  # One form that fails hides no other.
                print(f"{case}, {kind}: {type(error).__name__}: {str(error).splitlines()[0]}", flush=True)
                continue
            rows += [[case, kind, i, value] for i, value in enumerate(taken)]
            print(f"{case:28} {kind:28} {1e6 * statistics.median(taken):9.1f} us", flush=True)
    if out := os.environ.get("OUT"):
        with (pathlib.Path(out) / "peers.csv").open("w", newline="") as file:
            csv.writer(file).writerows([["case", "form", "sample", "seconds"], *rows])


if __name__ == "__main__":
    main()
