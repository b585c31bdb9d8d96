"""PyTorch on one thread of the CPU: the training step of the bench `step`, and its sparse CSR product.

The step is that of an MLP 17-256-256-6 with ReLU on a fixed batch of 256: zero_grad, forward, mean
squared error, backward, Adam with learning rate 3e-4. It is measured in every form in which PyTorch
offers it, from fresh weights each time, as the bench is; a form that does not run here is left out, and
`left_out` says why. Samples are taken as in sparse/benches/common: the mean of as many calls as take a
millisecond, two at least.
"""

import os
import time
import warnings

# Both are read when PyTorch is loaded; the last spares idle processes beside the samples.
os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", TORCHINDUCTOR_COMPILE_THREADS="1")

import torch
from torch import nn

BATCH = 256
WIDTHS = [17, 256, 256, 6]
LEARNING_RATE = 3e-4
# The product whose sparse form is sampled beside its dense one.
CSR_SIZE = 256
CSR_SPARSITY = 0.9
# As many as the bench takes.
SAMPLES = 41
WARM_UP = 10


def seconds(call):
    """Seconds of one call, the mean of as many as take about a millisecond."""
    start, calls = time.perf_counter(), 0
    while calls < 2 or time.perf_counter() - start < 1e-3:
        call()
        calls += 1
    return (time.perf_counter() - start) / calls


class Step:
    """The network in training on a fixed batch; `adam` are the arguments that choose a form of Adam."""

    def __init__(self, adam, compiled):
        self.adam = adam
        layers = []
        for inputs, outputs in zip(WIDTHS, WIDTHS[1:]):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        self.network = nn.Sequential(*layers[:-1])
        self.fresh = {name: value.clone() for name, value in self.network.state_dict().items()}
        self.x, self.target = (torch.rand(BATCH, width) * 2 - 1 for width in (WIDTHS[0], WIDTHS[-1]))
        self.loss = torch.compile(self.forward) if compiled else self.forward

    def forward(self):
        return nn.functional.mse_loss(self.network(self.x), self.target)

    def begin(self):
        """Fresh weights and moments."""
        self.network.load_state_dict(self.fresh)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=LEARNING_RATE, **self.adam)

    def run(self):
        self.optimizer.zero_grad(set_to_none=True)
        self.loss().backward()
        self.optimizer.step()


class Torch:
    """All that is measured in PyTorch."""

    def __init__(self):
        torch.set_num_threads(1)
        torch.manual_seed(1)
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        forms = {
            "plain": ({"foreach": False}, False),
            "foreach": ({"foreach": True}, False),
            "fused": ({"fused": True}, False),
            "compiled, fused": ({"fused": True}, True),
        }
        self.steps, self.left_out = {}, {}
        for name, form in forms.items():
            step = Step(*form)
            try:
                step.begin()
                step.run()
            except Exception as error:  # torch.compile fails in many ways, without a C++ compiler for one.
                self.left_out[name] = str(error).strip().split("\n", 1)[0]
            else:
                self.steps[name] = step
        weights = torch.randn(CSR_SIZE, CSR_SIZE)
        positions = torch.randperm(CSR_SIZE**2)[int(CSR_SIZE**2 * (1 - CSR_SPARSITY)) :]
        sparse = weights.clone()
        sparse.view(-1)[positions] = 0
        self.matrices = {"dense": weights, "CSR": sparse.to_sparse_csr()}
        self.features = torch.randn(CSR_SIZE, BATCH)

    def sample(self):
        """Samples as (bench, case, sample, seconds); a step's form all in a row, the products in turn."""
        rows = []
        for name, step in self.steps.items():
            step.begin()
            for _ in range(WARM_UP):
                step.run()
            rows += [("torch", {"step": name}, i, seconds(step.run)) for i in range(SAMPLES)]
        for i in range(SAMPLES):
            for name, matrix in self.matrices.items():
                rows.append(("torch_csr", {"matrix": name}, i, seconds(lambda: matrix @ self.features)))
        return rows
