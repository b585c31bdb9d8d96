"""PyTorch on one thread of the CPU: the gradient step of the bench `decoder`.

The model is the same: a linear embedding of 60 tokens of 43 numbers, four blocks of 128 numbers (a norm before attention
and before the ReLU layers, four heads, causal), a norm, a head of 6, cross-entropy of every third token, Adam with learning
rate 1e-4, 64 sequences. Attention is PyTorch's own fused one, and the optimiser its fused form. Eager and compiled; a form
that does not run here is left out, and `left_out` says why.
"""

import os
import time

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", TORCHINDUCTOR_COMPILE_THREADS="1")

import torch
from torch import nn

SEQUENCES, TOKENS, INPUTS, WORDS = 64, 60, 43, 6
BLOCKS, WIDTH, HEADS = 4, 128, 4
SAMPLES = 7


class Block(nn.Module):
    """A block of a decoder."""

    def __init__(self):
        super().__init__()
        self.before, self.between = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.ReLU(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x):
        count, tokens, width = x.shape
        parts = self.qkv(self.before(x)).view(count, tokens, 3, HEADS, width // HEADS)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        y = nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(count, tokens, width))
        return x + self.mlp(self.between(x))


class Step:
    """The model in training on a fixed batch."""

    def __init__(self, compiled):
        blocks = [Block() for _ in range(BLOCKS)]
        self.model = nn.Sequential(nn.Linear(INPUTS, WIDTH), *blocks, nn.LayerNorm(WIDTH), nn.Linear(WIDTH, WORDS))
        self.x = torch.rand(SEQUENCES, TOKENS, INPUTS) * 2 - 1
        self.target = torch.randint(WORDS, (SEQUENCES, TOKENS // 3))
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-4, fused=True)
        self.loss = torch.compile(self.forward) if compiled else self.forward

    def forward(self):
        logits = self.model(self.x)[:, 1::3]
        return nn.functional.cross_entropy(logits.reshape(-1, WORDS), self.target.reshape(-1))

    def run(self):
        self.optimizer.zero_grad(set_to_none=True)
        self.loss().backward()
        self.optimizer.step()


class Torch:
    """Both forms."""

    def __init__(self):
        torch.set_num_threads(1)
        torch.manual_seed(1)
        self.steps, self.left_out = {}, {}
        for name, compiled in {"eager": False, "compiled": True}.items():
            step = Step(compiled)
            try:
                step.run()
            except Exception as error:  # torch.compile fails in many ways, without a C++ compiler for one.
                self.left_out[name] = str(error).strip().split("\n", 1)[0]
            else:
                self.steps[name] = step

    def sample(self):
        """Samples as (bench, case, sample, seconds), each form after a step that warms it."""
        rows = []
        for name, step in self.steps.items():
            step.run()
            for i in range(SAMPLES):
                start = time.perf_counter()
                step.run()
                rows.append(("torch", {"form": name}, i, time.perf_counter() - start))
        return rows
