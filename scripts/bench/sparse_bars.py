"""What the sparse engine is to reach, and the tables that say how near it comes."""

import statistics
from typing import NamedTuple

from bench.common import spread
from bench.samples import Bar, Ratio, table

# How many times as fast as gemm the products are to be at least, by size and sparsity.
SPMM = {256: {0.90: 5, 0.95: 9, 0.99: 30}, 1024: {0.90: 4.5, 0.95: 8.5, 0.99: 35}}
SDDMM = {256: {0.90: 4.5, 0.95: 8}, 1024: {0.90: 4.5, 0.95: 8}}
# The same of whole steps, and at most the step's multiple of its own products.
STEP = 4
BARE_GEMM = 1.6
TORCH = 1.5
CONV = 2.5
# The time of `auto` as a multiple of the better form's.
AUTO = 1.1
# Step time and memory of the second and third of the growing layers, as multiples of the first.
GROWTH = [2, 4]
# A pass and a step of eight experts of which each token takes one, over those of one expert that all take.
ROUTED = 1.25
# A training step of a layer over an algebra over that of a real one: the ratio of their multiplications, and 0.3 more.
ALGEBRA = {"c": 1.3, "h": 1.3, "m2r": 0.65, "m4r": 0.33}
# A forward pass of one sample: faster.
ALGEBRA_ONE = {"h": 1.0, "m2r": 1.0}


class Kernel(NamedTuple):
    """A sparse product of the bench `kernels` and its dense form, sampled in turn with it."""

    name: str
    size: int
    batch: int
    sparsity: float
    pairs: list

    def nnz(self):
        """As the bench counts them."""
        return self.size**2 - int(self.sparsity * self.size**2)

    def rates(self):
        """GFLOP/s by sample, dense and sparse: two operations for each active weight and sample."""
        dense, sparse = zip(*self.pairs, strict=True)
        flops = 2e-9 * self.batch
        return [flops * self.size**2 / s for s in dense], [flops * self.nnz() / s for s in sparse]


def kernels(samples):
    """The cases of the bench `kernels`, whose dense form is sampled anew just before each sparse sample."""
    pairs = {}
    dense = None
    for sample in samples.of("kernels"):
        sparsity = float(sample.case["sparsity"])
        if sparsity == 0:
            dense = sample.seconds
        else:
            key = (sample.case["kernel"], int(sample.case["size"]), int(sample.case["batch"]), sparsity)
            pairs.setdefault(key, []).append((dense, sample.seconds))
    return [Kernel(*key, measured) for key, measured in pairs.items()]


def kernel_table(samples):
    """Times, ratio and rates of every product, with its share of gemm's rate and of the best of gemm's rates."""
    rows = []
    found = kernels(samples)
    best = max(statistics.median(kernel.rates()[0]) for kernel in found)
    for kernel in found:
        dense, sparse = zip(*kernel.pairs, strict=True)
        dense_rate, sparse_rate = (statistics.median(rates) for rates in kernel.rates())
        rows.append(
            [
                kernel.name,
                f"{kernel.size}²",
                f"{kernel.sparsity:.0%}",
                *(spread([1e6 * s for s in seconds], 1) for seconds in (dense, sparse)),
                Ratio.of(kernel.pairs),
                *(f"{rate:.1f}" for rate in (dense_rate, sparse_rate)),
                f"{sparse_rate / dense_rate:.0%}",
                f"{sparse_rate / best:.0%}",
                f"{kernel.size**2 / kernel.nnz():.0f}",
            ]
        )
    columns = ["product", "size", "sparsity", "dense, µs (quartiles)", "sparse, µs (quartiles)", "ratio (quartiles)"]
    columns += ["dense, GFLOP/s", "sparse, GFLOP/s", "share of gemm's rate", "of its best rate", "ratio at gemm's rate"]
    return table(columns, rows)


def kernel_bars(samples):
    _, rounds = samples.rounds("kernels")
    found = {(k.name, k.size, round(k.sparsity, 2)): k for k in kernels(samples)}
    for name, words, by_size in (("forward", "SpMM", SPMM), ("weight_grad", "SDDMM", SDDMM)):
        for size, bars in by_size.items():
            for sparsity, bar in bars.items():
                kernel = found.get((name, size, sparsity))
                ratio = Ratio.of(kernel.pairs) if kernel else None
                yield Bar(f"{words} over `gemm`, {size}², {sparsity:.0%}", ratio, False, bar, rounds)


def fastest_torch(samples):
    """The form of PyTorch's step with the lowest median."""
    return min(samples.cases("torch"), key=lambda case: statistics.median(samples.seconds("torch", **case)))


def torch_over_dense(samples, form):
    """The ratio of a form of PyTorch's step to the dense one of the bench `step`, and its rounds in words."""
    pairs, rounds = samples.pairs_of_rounds(("torch", form), ("step", {"step": "dense"}))
    return Ratio.of(pairs), rounds


def torch_table(samples):
    """Every form of PyTorch's step, alone and over the dense one of the bench `step`."""
    rows = []
    for form in samples.cases("torch"):
        seconds = samples.seconds("torch", **form)
        ratio = torch_over_dense(samples, form)[0] if samples.has("step") else "not measured"
        rows.append([form["step"], spread([1e6 * s for s in seconds], 1), ratio])
    return table(["form", "µs (quartiles)", "over Sparring's dense step (quartiles)"], rows)


def step_bars(samples):
    _, rounds = samples.rounds("step")
    dense, sparse, gemm = ({"step": key} for key in ("dense", "sparse", "gemm"))

    def ratio(over, under):
        return Ratio.of(samples.pairs("step", over, under)) if samples.has("step") else None

    yield Bar("training step, dense over 90 %", ratio(dense, sparse), False, STEP, rounds)
    yield Bar("training step, dense over its bare `gemm` calls", ratio(dense, gemm), True, BARE_GEMM, rounds)
    what, found = "training step, PyTorch over dense", None
    if samples.has("step", "torch"):
        peer = fastest_torch(samples)
        what = f"training step, PyTorch ({peer['step']}) over dense"
        found, rounds = torch_over_dense(samples, peer)
    yield Bar(what, found, False, TORCH, rounds)


def auto_bars(samples):
    """What `auto` chose over the better of the two forms, at each size and density."""
    what = "`auto` over the better form"
    _, rounds = samples.rounds("auto")
    if not samples.has("auto"):
        yield Bar(what, None, True, AUTO, rounds)
    for case in samples.cases("auto"):
        if case["form"] != "auto":
            continue
        forms = [{**case, "form": form} for form in ("dense", "sparse")]
        better = min(forms, key=lambda form: statistics.median(samples.seconds("auto", **form)))
        named = f"{what} ({better['form']}), {case['size']}², density {float(case['density']):.0%}"
        yield Bar(named, Ratio.of(samples.pairs("auto", case, better)), True, AUTO, rounds)


def growth_bars(samples):
    """Time and memory of the larger layers over those of the first."""
    _, rounds = samples.rounds("growth")
    first, *larger = samples.cases("growth") or [None]
    if first is None:
        for bar in GROWTH:
            yield Bar("65,536 active weights in larger layers, time and memory", None, True, bar, rounds)
    for case, bar in zip(larger, GROWTH):
        named = f"65,536 active weights, {case['width']}² over {first['width']}²"
        yield Bar(f"{named}, time", Ratio.of(samples.pairs("growth", case, first)), True, bar, rounds)
        if "bytes" in case:
            memory, where = int(case["bytes"]) / int(first["bytes"]), "counted"
        else:
            memory, where = None, "not in its CSV, see what it printed"
        yield Bar(f"{named}, memory", memory, True, bar, where)


def conv_bars(samples):
    ratio, (_, rounds) = None, samples.rounds("conv")
    if samples.has("conv"):
        ratio = Ratio.of(samples.pairs("conv", {"nature_cnn": "dense"}, {"nature_cnn": "sparse"}))
    yield Bar("Nature CNN, forward and backward, dense over 90 % ERK", ratio, False, CONV, rounds)


def algebra_bars(samples):
    """Layers over algebras over the real dense one."""
    _, rounds = samples.rounds("algebra")
    works = (("step", "training step, batch 256", ALGEBRA), ("one", "forward pass of one sample", ALGEBRA_ONE))
    for work, words, bars in works:
        for name, bar in bars.items():
            ratio = None
            if samples.has("algebra"):
                # What the layer adds to a network without it.
                times = (samples.seconds("algebra", algebra=one, work=work) for one in (name, "real", "none"))
                ratio = Ratio.of([(a - none, real - none) for a, real, none in zip(*times, strict=True)])
            yield Bar(f"hidden layer of 256² over `{name}` over real, {words}", ratio, True, bar, rounds)


def routed_bars(samples):
    """Routed layers over the dense layers of one expert."""
    _, rounds = samples.rounds("routed")
    for tokens in ("samples", "pixels"):
        for work in ("pass", "step"):
            ratio = None
            if samples.has("routed"):
                pair = ({"network": f"{tokens} {network}", "work": work} for network in ("topk", "dense"))
                ratio = Ratio.of(samples.pairs("routed", *pair))
            yield Bar(f"eight experts, top-1 of {tokens}, over one, {work}", ratio, True, ROUTED, rounds)


def bar_table(samples):
    """Every bar of the engine that is a time or a size, with what was measured."""
    makers = (kernel_bars, step_bars, auto_bars, growth_bars, conv_bars, algebra_bars, routed_bars)
    rows = [bar.row() for maker in makers for bar in maker(samples)]
    return table(["what", "ratio of medians (quartiles of pairs)", "bar", "", "rounds"], rows)
