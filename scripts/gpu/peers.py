#!/usr/bin/env python3
"""Updates of SAC and DQN in PyTorch, for comparison with ours: eager, compiled, and captured as a CUDA graph.

    OUT=folder scripts/gpu/peers.py [--steps 200] [--limit 150] [--device cuda]

The networks and hyper-parameters are those of agents/benches/update.rs: SAC with two critics as one batched
product, a learned temperature, Adam and targets that follow each step (HalfCheetah's spaces, batch 256), DQN
with two hidden layers (CartPole's spaces, batch 128) and with Nature's network (frames of bytes, batch 32).

Forms: `eager` is PyTorch as it is usually written, with autograd and the fused Adam; `compile` is the whole
update, gradients and Adam included, as one compiled function; `graph` is a CUDA graph of that; `autograd
compile` and `autograd graph` are the usual form through torch.compile, as LeanRL has it.

Data: from the `host`, each step draws its batch from a replay memory of NumPy arrays into pinned memory, and
copies it to the device, where the step before may still be under way; `resident` takes one batch again and
again, which is there. Noise is drawn on the device. A sample is the mean of --steps updates between two
synchronisations; printed are medians of five samples. float32, with TensorFloat-32 where a row says so.
Writes peers.csv to $OUT.

Needs PyTorch and, to mean anything, a GPU. What would begin after --limit seconds is left out.
"""

import argparse
import csv
import os
import signal
import statistics
import sys
import time
import traceback

import numpy as np
import torch
from torch import nn
from torch.nn import functional

LOG_STD = (-20.0, 2.0)
REPEATS = 5
# Seconds that one form of one case may take.
SECTION = 60


class Autograd:
    """Parameters that follow losses by autograd and PyTorch's Adam."""

    def __init__(self, params, rate):
        self.params = [param.requires_grad_() for param in params]
        on_device = params[0].is_cuda
        self.adam = torch.optim.Adam(self.params, rate, fused=on_device, capturable=on_device)

    def step(self, loss, max_norm=None):
        value, more = loss(self.params)
        for param, grad in zip(self.params, torch.autograd.grad(value, self.params)):
            param.grad = grad
        if max_norm:
            nn.utils.clip_grad_norm_(self.params, max_norm)
        self.adam.step()
        return value.detach(), more


class Functional:
    """The same as one function of tensors, which torch.compile takes whole."""

    def __init__(self, params, rate):
        self.params, self.rate = params, rate
        self.m, self.v = [[torch.zeros_like(param) for param in params] for _ in range(2)]
        self.steps = torch.zeros((), device=params[0].device)

    def step(self, loss, max_norm=None):
        grads, (value, more) = torch.func.grad_and_value(loss, has_aux=True)(self.params)
        if max_norm:
            norm = sum(grad.square().sum() for grad in grads).sqrt()
            grads = torch._foreach_mul(grads, (max_norm / (norm + 1e-6)).clamp(max=1.0))
        beta1, beta2, eps, steps = 0.9, 0.999, 1e-8, self.steps.add_(1.0)
        torch._foreach_lerp_(self.m, grads, 1.0 - beta1)
        torch._foreach_mul_(self.v, beta2)
        torch._foreach_addcmul_(self.v, grads, grads, 1.0 - beta2)
        below = torch._foreach_mul(torch._foreach_sqrt(self.v), (1.0 - torch.pow(beta2, steps)).rsqrt())
        change = torch._foreach_div(self.m, torch._foreach_add(below, eps))
        change = torch._foreach_mul(change, -self.rate / (1.0 - torch.pow(beta1, steps)))
        torch._foreach_add_(self.params, change)
        return value, more


def stack(widths, copies, device):
    """Weights and biases of layers, of `copies` networks side by side."""
    params = []
    for width, out in zip(widths, widths[1:]):
        bound, side = width**-0.5, [copies] if copies > 1 else []
        params.append(torch.empty(*side, width, out, device=device).uniform_(-bound, bound))
        params.append(torch.zeros(*side, 1, out, device=device))
    return params


def mlp(params, x):
    for i in range(0, len(params), 2):
        weight, bias = params[i], params[i + 1]
        x = torch.addmm(bias, x, weight) if weight.dim() == 2 else torch.baddbmm(bias, x, weight)
        if i + 2 < len(params):
            x = functional.relu(x)
    return x


class Sac:
    """One gradient step of SAC: critics, actor, temperature, targets."""

    obs, act, batch = 17, 6, 256

    def __init__(self, hidden, learner, device):
        obs, act = self.obs, self.act
        critics = stack([obs + act, *hidden, 1], 2, device)
        self.targets = [param.clone() for param in critics]
        self.actor = learner(stack([obs, *hidden, 2 * act], 1, device), 3e-4)
        self.critics = learner(critics, 3e-4)
        self.log_alpha = learner([torch.zeros(1, device=device)], 3e-4)
        self.sizes = [obs, obs, act, 1, 1]

    def memory(self, rng):
        return [rng.uniform(-1, 1, (100_000, sum(self.sizes))).astype(np.float32)]

    def draw(self, actor, obs):
        mean, log_std = mlp(actor, obs).chunk(2, -1)
        log_std = log_std.clamp(*LOG_STD)
        noise = torch.randn_like(mean)
        u = mean + log_std.exp() * noise
        log_prob = -0.5 * noise**2 - log_std - 0.9189385
        log_prob = log_prob - 2.0 * (0.6931472 - u - functional.softplus(-2.0 * u))
        return torch.tanh(u), log_prob.sum(-1, keepdim=True)

    def values(self, critics, obs, action):
        return mlp(critics, torch.cat([obs, action], -1).expand(2, -1, -1))

    def step(self, batch):
        obs, next_obs, action, reward, discount = batch.split(self.sizes, -1)
        with torch.no_grad():
            alpha = self.log_alpha.params[0].exp()
            next_action, log_prob = self.draw(self.actor.params, next_obs)
            soft = self.values(self.targets, next_obs, next_action).amin(0) - alpha * log_prob
            target = reward + discount * soft

        def of_critics(critics):
            errors = self.values(critics, obs, action) - target
            return 0.5 * errors.square().mean((1, 2)).sum(), ()

        def of_actor(actor):
            drawn, log_prob = self.draw(actor, obs)
            worse = self.values(self.critics.params, obs, drawn).amin(0)
            return (alpha * log_prob - worse).mean(), log_prob.detach()

        critic_loss, _ = self.critics.step(of_critics)
        actor_loss, log_prob = self.actor.step(of_actor)
        self.log_alpha.step(lambda log_alpha: (-(log_alpha[0] * (log_prob - self.act)).mean(), ()))
        with torch.no_grad():
            torch._foreach_lerp_(self.targets, self.critics.params, 0.005)
        return critic_loss, actor_loss


class Dqn:
    """One gradient step of DQN, Huber's loss, the norm clipped."""

    obs, act, batch, max_norm = 4, 2, 128, 10.0

    def __init__(self, hidden, learner, device):
        params = stack([self.obs, *hidden, self.act], 1, device)
        self.target = [param.clone() for param in params]
        self.q = learner(params, 1e-3)
        self.sizes = [self.obs, self.obs, 1, 1, 1]

    def memory(self, rng):
        rows = rng.uniform(-1, 1, (100_000, sum(self.sizes))).astype(np.float32)
        rows[:, 2 * self.obs] = rng.integers(0, self.act, len(rows))
        return [rows]

    network = staticmethod(mlp)

    def learn(self, obs, next_obs, action, reward, discount):
        with torch.no_grad():
            y = reward + discount * self.network(self.target, next_obs).amax(-1, keepdim=True)

        def loss(params):
            taken = self.network(params, obs).gather(-1, action.long())
            return functional.huber_loss(taken, y), ()

        return self.q.step(loss, self.max_norm)[:1]

    def step(self, batch):
        return self.learn(*batch.split(self.sizes, -1))


class Cnn(Dqn):
    """The same with Nature's network over four frames of bytes, padded as ours is, no clipping."""

    act, batch, max_norm = 6, 32, None
    # Channels, kernel, stride, and the padding.
    convs = [(32, 8, 4, 2), (64, 4, 2, (1, 2)), (64, 3, 1, 1)]

    def __init__(self, learner, device):
        params, channels = [], 4
        for out, kernel, _, _ in self.convs:
            bound = (channels * kernel**2) ** -0.5
            params.append(torch.empty(out, channels, kernel, kernel, device=device).uniform_(-bound, bound))
            params.append(torch.zeros(out, device=device))
            channels = out
        params += stack([64 * 121, 512, self.act], 1, device)
        self.target = [param.clone() for param in params]
        self.q = learner(params, 6.25e-5)

    def memory(self, rng):
        numbers = np.zeros((2_048, 3), np.float32)
        numbers[:, 0] = rng.integers(0, self.act, len(numbers))
        return [rng.integers(0, 256, (len(numbers), 2 * 4 * 84 * 84), np.uint8), numbers]

    def network(self, params, obs):
        x = obs
        for i, (_, _, stride, missing) in enumerate(self.convs):
            if isinstance(missing, tuple):
                x, missing = functional.pad(x, missing * 2), 0
            x = functional.relu(functional.conv2d(x, params[2 * i], params[2 * i + 1], stride, missing))
        return mlp(params[2 * len(self.convs) :], x.flatten(1))

    def step(self, pixels, numbers):
        frames = pixels.view(self.batch, 2, 4, 84, 84).float() / 255.0
        return self.learn(frames[:, 0], frames[:, 1], *numbers.split(1, -1))


class Batches:
    """Batches of a replay memory on the host, each copied over the last one on the device."""

    def __init__(self, agent, device):
        self.rng, self.batch, self.turn = np.random.default_rng(1), agent.batch, 0
        self.memory = agent.memory(self.rng)
        places = [[torch.from_numpy(rows[: agent.batch].copy()) for rows in self.memory] for _ in range(2)]
        self.there = [rows.to(device) for rows in places[0]]
        # Two in turn, so that one is filled while the other may be on its way.
        on_device = device == "cuda"
        self.pinned = [[rows.pin_memory() for rows in place] if on_device else place for place in places]
        self.copied = [torch.cuda.Event() for _ in range(2)] if on_device else None

    def next(self):
        self.turn = 1 - self.turn
        if self.copied:
            self.copied[self.turn].synchronize()
        at = self.rng.integers(0, len(self.memory[0]), self.batch)
        for rows, pinned, there in zip(self.memory, self.pinned[self.turn], self.there):
            np.take(rows, at, 0, pinned.numpy(), "clip")
            there.copy_(pinned, non_blocking=True)
        if self.copied:
            self.copied[self.turn].record()


def captured(step):
    """A graph of `step`; what it makes on its first calls is made before."""
    torch.cuda.synchronize()
    with torch.cuda.stream(torch.cuda.Stream()):
        for _ in range(5):
            step()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def samples(run, steps, device):
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


def out_of_time(*_):
    raise TimeoutError("out of time")


def section(make, learner, forms, device, steps):
    """(form, data, samples) of an agent's `forms`, which share what is compiled."""
    agent = make(learner, device)
    batches = Batches(agent, device)
    step = agent.step if forms == ["eager"] else torch.compile(agent.step, fullgraph=learner is Functional)
    for form in forms:
        is_graph = form.endswith("graph")
        if is_graph and device != "cuda":
            continue
        run = captured(lambda: step(*batches.there)) if is_graph else lambda: step(*batches.there)

        def from_host():
            batches.next()
            run()

        yield form, "host", samples(from_host, steps, device)
        # What the processor holds up, it holds up either way.
        if is_graph:
            yield form, "resident", samples(run, steps, device)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--limit", type=int, default=150)
    parser.add_argument("--device", default="cuda")
    options, start = parser.parse_args(), time.monotonic()
    device, steps = options.device, options.steps
    torch.backends.cudnn.benchmark = True
    # With it, PyTorch 2.11 stops at an assertion of its own over a step that is compiled whole.
    torch._inductor.config.loop_ordering_after_fusion = False
    signal.signal(signal.SIGALRM, out_of_time)
    name = torch.cuda.get_device_name() if device == "cuda" else "cpu"
    print(f"{name}, PyTorch {torch.__version__}, medians of {REPEATS} times {steps} steps", flush=True)
    cases = {
        "sac 256x256, batch 256": lambda *of: Sac([256, 256], *of),
        "sac 1024x1024, batch 256": lambda *of: Sac([1024, 1024], *of),
        "dqn 256x256, batch 128": lambda *of: Dqn([256, 256], *of),
        "dqn nature cnn, batch 32": lambda *of: Cnn(*of),
    }
    # The most important first.
    plan = [(case, Functional, ["graph", "compile"], False) for case in cases]
    plan += [(case, Functional, ["graph"], True) for case in cases if "1024" in case or "cnn" in case]
    plan += [(case, Autograd, ["eager"], False) for case in cases]
    plan += [(case, Autograd, ["autograd graph", "autograd compile"], False) for case in cases]
    file = open(os.path.join(os.environ["OUT"], "peers.csv") if "OUT" in os.environ else os.devnull, "w")
    table = csv.writer(file, lineterminator="\n")
    table.writerow(["case", "form", "data", "tf32", "sample", "seconds"])
    for case, learner, forms, tf32 in plan:
        what = f"{case:26} {'TF32' if tf32 else 'f32 ':4}"
        left = options.limit - int(time.monotonic() - start)
        if left < 5:
            print(what, ", ".join(forms), "no time left", flush=True)
            continue
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
        torch.manual_seed(1)
        torch._dynamo.reset()
        try:
            signal.alarm(min(left, SECTION))
            for form, data, taken in section(cases[case], learner, forms, device, steps):
                table.writerows([case, form, data, int(tf32), i, value] for i, value in enumerate(taken))
                file.flush()
                print(f"{what} {form:17} {data:9} {1e6 * statistics.median(taken):9.1f} us", flush=True)
        except Exception as error:  # What fails hides nothing else.
            print(what, ", ".join(forms), type(error).__name__, str(error).splitlines()[:1], flush=True)
            print(traceback.format_exc(), file=sys.stderr, flush=True)
        finally:
            signal.alarm(0)
    print(f"{time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
