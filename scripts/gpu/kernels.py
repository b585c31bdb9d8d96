#!/usr/bin/env python3
"""Checks the kernels of networks on a GPU against double precision; times them beside cuBLAS and cuSPARSE.

    python3 scripts/gpu/kernels.py                on a GPU of sm_90, with nvcc 13.0 and PyTorch: one table,
                                                  also as $OUT/kernels.csv where OUT is set
    python3 scripts/gpu/kernels.py --candidates   instead, other cuts of the kernels
    python3 scripts/gpu/kernels.py --plans        instead, other shapes of launches
    ncu ... python3 scripts/gpu/kernels.py --profile   each kernel a few times, for ncu to look at
    python3 scripts/gpu/kernels.py --host         the checks alone, on this machine's processor

Rows whose kernel ends with bf16 are those of activations stored so; beside cuBLAS's they have f32 weights
and sums. Times are those of a launch within a replayed CUDA graph, the median of several, inputs in rotation. A share
is of the f32 peak: processors · 128 multiply-adds · clock. FLOP count active weights only.
"""

import sys
import tempfile
import time

import numpy as np

import candidates
from convs import Conv
from launch import BF16, F32, Gpu, Host, Launch, Lerp, Rows, Squares, Step, compiled, narrowed, widened
from layers import Csr, Layer, layers_of, up
from report import Report, attempt

# Layers as (width, ld): large and launch-sized; and of which sparsities they are. Where sparse and dense break even
# is looked for at one of them.
SPARSITIES = {(2048, 1024): [0.9, 0.5, 0.8, 0.95], (4096, 1024): [0.9], (1024, 256): [0.9], (256, 256): [0.9, 0.5]}
SIZES = list(SPARSITIES)


# How far what is stored may be from double precision, over the size of what went into it.
LIMITS = {F32: 1e-5, BF16: 2**-8}


def check_layers(report, device, sizes, stored=F32):
    """Every kernel over layers, against double precision."""
    rng = np.random.default_rng(3)
    for i, (rows, cols, batch, density, height) in enumerate(sizes):
        csr, ld = Csr(rng, rows, cols, density, height), up(batch, 32) * 32
        activation, where = i % 3, f"{rows}x{cols}{stored.suffix}"
        layer = Layer(device, csr, ld, batch, i, stored=stored)
        forward = layer.expected("forward", activation)
        backward = layer.expected("backward", activation)
        weights, biases, full = (layer.expected(kind) for kind in ("weights", "biases", "full"))
        heights = [1] if height == 1 else [1, 4]
        gathers = [("gather", layer.gather)]
        gathers += [(f"tiled {h}", lambda *a, h=h: layer.tiled(*a, height=h)) for h in heights]
        gathers += [("dense", lambda back, act: (layer.backward if back else layer.forward)(activation=act))]
        gathers += [("thin", lambda *a: layer.thin(*a))]
        gathers += [("parts", lambda back, act: (layer.backward if back else layer.parts)(activation=act))]
        gathers += [("medium", lambda back, act: (layer.backward if back else layer.forward)(
            (64, 32), "_medium", act))]  # fmt: skip
        gathers += [("large", lambda back, act: (layer.backward if back else layer.forward)(
            (128, 128), "_large", act))]  # fmt: skip
        bits = {}
        for name, launch in gathers:
            for back, expected, to in ((False, forward, layer.y), (True, backward, layer.dx)):
                to[:] = -1
                launches = launch(back, activation)
                for one in launches if isinstance(launches, list) else [launches]:
                    device.launch(one)
                found = layer.slots(to)
                report.check(f"{name} back={back} {where}", found, expected, LIMITS[stored])
                if name not in ("dense", "medium", "large", "parts"):
                    same = np.array_equal(found, bits.setdefault(back, found))
                    report.expect(f"{name} back={back} {where}: other bits than gather", same)
        for name, launch in (("sample", layer.sample), ("sample tiled", layer.sample_tiled)):
            layer.dw[:], layer.db[:] = float("nan"), float("nan")
            device.launch(launch())
            report.check(f"{name} {where}", device.get(layer.dw)[: csr.nnz], weights)
            report.check(f"{name} biases {where}", device.get(layer.db), biases)
        grads = [("", (32, 16)), ("_medium", (64, 32)), ("_large", (128, 128))]
        for name, launch in [(f"grad{large}", layer.grad(tile, large)) for large, tile in grads]:
            layer.full[:], layer.db[:] = float("nan"), float("nan")
            device.launch(launch)
            report.check(f"{name} {where}", device.get(layer.full), full)
            report.check(f"{name} biases {where}", device.get(layer.db), biases)


def check_convs(report, device, shapes, stored=F32):
    for shape in shapes:
        conv = Conv(device, *shape, stored=stored)
        y, dx, dw, db = conv.expected()
        picked = tuple(array[conv.csr.mask] for array in dw)
        for sparse in (True, False):
            works = [conv.forward, conv.backward, conv.sample] if sparse else [
                conv.dense_forward, conv.dense_backward, conv.dense_grad]  # fmt: skip
            for launch in [launch for work in works for launch in work()]:
                device.launch(launch)
            batch, where = shape[5], f"{'sparse' if sparse else 'dense'} {shape}{stored.suffix}"
            found = conv.output.get(conv.slots_at(conv.y))[..., :batch]
            shaped = tuple(part.reshape(found.shape) for part in y)
            report.check(f"conv forward {where}", found, shaped, LIMITS[stored])
            found = conv.input.get(conv.slots_at(conv.dx))[..., :batch]
            report.check(f"conv backward {where}", found, dx, LIMITS[stored])
            weights = device.get(conv.dw)[: conv.csr.nnz] if sparse else device.get(conv.full)
            report.check(f"conv grad {where}", weights, picked if sparse else dw)
            report.check(f"conv biases {where}", device.get(conv.db), db)
            conv.y[:], conv.dx[:], conv.db[:] = 0, 0, 0


def check_rest(report, device):
    """Transposes, the optimiser's step, and the target that follows."""
    rng = np.random.default_rng(5)
    batch, ld, width, n = 77, 96, 45, 70001
    rows = rng.uniform(-1, 1, (batch, width)).astype(np.float32)
    put, at = device.put, device.at
    source, back, slots = put(rows), put(np.zeros_like(rows)), put(np.full((width, ld), np.nan, np.float32))
    shape = (up(width, 32), ld // 32), (32, 8)
    device.launch(Launch("rows_in", Rows(at(source), at(slots), batch, ld, width), *shape))
    device.launch(Launch("rows_out", Rows(at(back), at(slots), batch, ld, width), *shape))
    wide = np.zeros((width, ld), np.float32)
    wide[:, :batch] = rows.T
    report.expect("rows_in", np.array_equal(device.get(slots), wide))
    report.expect("rows_out", np.array_equal(device.get(back), rows))
    slots = put(np.zeros((width, ld), np.int16))
    device.launch(Launch("rows_in", Rows(at(source), at(slots), batch, ld, width, BF16.number), *shape))
    device.launch(Launch("rows_out", Rows(at(back), at(slots), batch, ld, width, BF16.number), *shape))
    report.expect("rows_in of bf16", np.array_equal(device.get(slots), narrowed(wide, BF16)))
    report.expect("rows_out of bf16", np.array_equal(device.get(back), widened(narrowed(rows, BF16), BF16)))
    w, g, m, v = (rng.uniform(-1, 1, n).astype(np.float32) for _ in range(4))
    v = abs(v)
    parts = np.zeros(2, [("start", "u4"), ("end", "u4"), ("l2", "f4"), ("keep", "f4")])
    parts["start"], parts["end"], parts["l2"], parts["keep"] = [0, 9999], [9999, n], [0.1, 0], [1, 0.99]
    on = [put(array.copy()) for array in (w, g, m, v)]
    parts_on, partial = put(parts.view(np.int32)), put(np.zeros(512))
    rate, norm, blocks = put(np.array([1e-2], np.float32)), put(np.zeros(1, np.float32)), min(up(n, 2048), 512)
    squares = Squares(at(on[0]), at(on[1]), at(parts_on), at(partial), n, 2)
    pointers = [at(x) for x in (*on, parts_on, partial, rate, norm)]
    step = Step(*pointers, n, 2, blocks, 1, 0.9, 0.999, 1e-8, 1.0)
    device.launch(Launch("squares", squares, (blocks,), (256,)))
    device.launch(Launch("step", step, (min(up(n, 256), 1056),), (256,)))
    l2, keep = (np.repeat(parts[key], [9999, n - 9999]) for key in ("l2", "keep"))
    one = np.float32(1)
    pulled = g + l2 * w
    expected_norm = np.sqrt(np.sum(pulled.astype(np.float64) ** 2))
    report.check("norm", device.get(norm), (np.array([expected_norm]), expected_norm))
    scale = np.float32(1.0 / float(device.get(norm)[0]))
    clipped, b1, b2 = pulled * scale, np.float32(0.9), np.float32(0.999)
    m = b1 * m + (one - b1) * clipped
    v = b2 * v + (one - b2) * clipped * clipped
    w = keep * w - np.float32(1e-2) * m / (np.sqrt(v) + np.float32(1e-8))
    for name, array, found in zip("wmv", (w, m, v), (on[0], on[2], on[3])):
        same = np.array_equal(device.get(found), array)
        report.expect(f"step: {name} has other bits than the host's", same)
    target = put(w.copy())
    device.launch(Launch("lerp", Lerp(at(target), at(on[1]), n, 0.005), (min(up(n, 256), 1056),), (256,)))
    tau = np.float32(0.005)
    report.expect("lerp", np.array_equal(device.get(target), (one - tau) * w + tau * g))


def time_sparse(report, device, width, ld, sparsity):
    where = f"{width}² ld {ld} {sparsity:.0%}"
    for stored, of in ((BF16, " bf16"), (F32, "")):
        layers = layers_of(device, width, ld, sparsity, stored=stored)
        flops = 2 * layers[0].csr.nnz * ld
        report.time(f"gather{of}", where, [layer.gather() for layer in layers], flops)
        report.time(f"gather_tiled{of}", where, [layer.tiled() for layer in layers], flops)
        report.time(f"gather{of} back", where, [layer.gather(True) for layer in layers], flops)
        report.time(f"gather_tiled{of} back", where, [layer.tiled(True) for layer in layers], flops)
        report.time(f"sample{of}", where, [layer.sample() for layer in layers], flops)
        report.time(f"sample_tiled{of}", where, [layer.sample_tiled() for layer in layers], flops)
    attempt(f"cuSPARSE {where}", time_cusparse, report, device, layers, where, flops, sparsity)


def time_cusparse(report, device, layers, where, flops, sparsity):
    torch = device.torch
    csr = layers[0].csr

    def matrix(layer):
        ptr, index = layer.pattern["ptr"], layer.pattern["index"]
        return torch.sparse_csr_tensor(ptr, index, layer.value[: csr.nnz], csr.mask.shape)

    matrices = [matrix(layer) for layer in layers]
    works = [lambda a=a, x=layer.x: torch.mm(a, x) for a, layer in zip(matrices, layers)]
    report.time("cuSPARSE SpMM (torch)", where, works, flops)
    if sparsity != 0.9:
        return
    works = [
        lambda a=a, layer=layer: torch.sparse.sampled_addmm(a, layer.dy, layer.x.T, beta=0.0)
        for a, layer in zip(matrices, layers)
    ]
    report.time("cuSPARSE SDDMM (torch)", where, works, flops)
    attempt(f"cuSPARSE by CuPy {where}", time_cupy, report, device, layers, where, flops)


def time_cupy(report, device, layers, where, flops):
    """CuPy's product may not be captured into a graph: single calls, timed by events."""
    import cupy
    import cupyx.scipy.sparse as sparse

    matrices = []
    for layer in layers:
        parts = layer.value[: layer.csr.nnz], layer.pattern["index"], layer.pattern["ptr"]
        matrix = sparse.csr_matrix(tuple(cupy.asarray(part) for part in parts), shape=layer.csr.mask.shape)
        matrices.append((matrix, cupy.asfortranarray(cupy.asarray(layer.x))))
    for matrix, x in matrices:
        matrix @ x
    begin, end, turns = cupy.cuda.Event(), cupy.cuda.Event(), 20
    begin.record()
    for _ in range(turns):
        for matrix, x in matrices:
            matrix @ x
    end.record()
    end.synchronize()
    micros = cupy.cuda.get_elapsed_time(begin, end) * 1e3 / (turns * len(matrices))
    report.add("cuSPARSE SpMM (CuPy, no graph)", where, micros, flops)


def time_blocks(report, device, width, ld, sparsity):
    where = f"{width}² ld {ld} {sparsity:.0%} 4x4"
    for stored, of in ((F32, ""), (BF16, " bf16")):
        layers = layers_of(device, width, ld, sparsity, 4, stored)
        flops = 2 * layers[0].csr.nnz * ld
        for back in (False, True):
            way = " back" if back else ""
            works = [layer.tiled(back, height=4) for layer in layers]
            report.time(f"gather_blocks{of}{way}", where, works, flops)


def time_convs(report, device, batch):
    """The layers of the network of DQN on Atari, 90 % sparse and dense."""
    torch = device.torch
    for i, shape in enumerate([(4, 32, 84, 8, 4), (32, 64, 20, 4, 2), (64, 64, 9, 3, 1)]):
        for stored, of_stored in ((BF16, " bf16"), (F32, "")):
            conv, where = Conv(device, *shape, batch, 0.1, stored=stored), f"conv {i + 1} batch {batch}"
            flops = 2 * conv.csr.nnz * conv.out**2 * batch
            for name, sparse in (("forward", True), ("backward", True), ("sample", True),
                                 ("dense_forward", False), ("dense_backward", False), ("dense_grad", False)):
                if i == 0 and "backward" in name:
                    continue
                launches = getattr(conv, name)()
                work = [lambda launches=launches: [device.launch(launch) for launch in launches]]
                of = flops if sparse else flops * conv.csr.mask.size / conv.csr.nnz
                report.time(f"conv_{name}{of_stored}", where, work, of)
        images = device.put(np.moveaxis(conv.images, -1, 0))
        weight = device.put(conv.csr.dense().reshape(shape[1], shape[0], shape[3], shape[3]))
        work = [lambda: torch.nn.functional.conv2d(images, weight, stride=shape[4])]
        report.time("cuDNN f32 forward", where, work, flops * conv.csr.mask.size / conv.csr.nnz)


def time_dense(report, device, width, ld):
    where, torch = f"{width}² ld {ld} dense", device.torch
    flops = 2 * width * width * ld
    for stored, of in ((BF16, " bf16"), (F32, "")):
        layers = layers_of(device, width, ld, 0.0, stored=stored)
        for layer in layers:
            layer.dense()
        for large, tile in (("", (32, 16)), ("_medium", (64, 32)), ("_large", (128, 128))):
            for way in ("forward", "backward", "grad"):
                works = [getattr(layer, way)(tile, large) for layer in layers]
                report.time(f"dense_{way}{large}{of}", where, works, flops)
    for tf32 in (False, True):
        torch.backends.cuda.matmul.allow_tf32 = tf32
        name = "cuBLAS " + ("TF32" if tf32 else "f32")
        works = [lambda layer=layer: torch.mm(layer.weight, layer.x, out=layer.y) for layer in layers]
        report.time(f"{name} forward", where, works, flops)
        works = [lambda layer=layer: torch.mm(layer.weight.T, layer.dy, out=layer.dx) for layer in layers]
        report.time(f"{name} backward", where, works, flops)
        works = [lambda layer=layer: torch.mm(layer.dy, layer.x.T, out=layer.full) for layer in layers]
        report.time(f"{name} grad", where, works, flops)
    torch.backends.cuda.matmul.allow_tf32 = False
    halves = [[x.bfloat16() for x in (layer.weight, layer.x, layer.y)] for layer in layers]
    works = [lambda three=three: torch.mm(three[0], three[1], out=three[2]) for three in halves]
    report.time("cuBLAS bf16 forward", where, works, flops)


def time_last(report, device):
    """The wide layer of DQN's network on Atari: few rows and samples, many columns."""
    csr, where = Csr(np.random.default_rng(7), 512, 3136, 0.1), "3136 -> 512 ld 32"
    flops, dense = 2 * csr.nnz * 32, 2 * csr.mask.size * 32
    layers = [Layer(device, csr, 32, 32, seed, stored=BF16) for seed in range(3)]
    for name in ("gather", "thin", "tiled", "sample"):
        report.time(f"{name} bf16", where, [getattr(layer, name)() for layer in layers], flops)
    layers = [Layer(device, csr, 32, 32, seed) for seed in range(3)]
    for back in (False, True):
        way = " back" if back else ""
        for name in ("gather", "thin", "tiled"):
            report.time(f"{name}{way}", where, [getattr(layer, name)(back) for layer in layers], flops)
        for large, tile in (("", (32, 16)), ("_medium", (64, 32))):
            works = [(layer.backward if back else layer.forward)(tile, large) for layer in layers]
            report.time(f"dense{large}{way}", where, works, dense)
    works = [lambda pair=layer.parts(): [device.launch(one) for one in pair] for layer in layers]
    report.time("dense parts", where, works, dense)
    report.time("sample", where, [layer.sample() for layer in layers], flops)
    report.time("sample_tiled", where, [layer.sample_tiled() for layer in layers], flops)
    for large, tile in (("", (32, 16)), ("_medium", (64, 32)), ("_large", (128, 128))):
        report.time(f"dense_grad{large}", where, [layer.grad(tile, large) for layer in layers], dense)


def time_small(report, device):
    """What every update of an agent does beside products, at its sizes."""
    n = 3 * (256 * 256 + 256 * 24)
    w, g, m, v = (device.put(np.full(n, 0.5, np.float32)) for _ in range(4))
    parts = np.zeros(1, [("start", "u4"), ("end", "u4"), ("l2", "f4"), ("keep", "f4")])
    parts["end"], parts["keep"] = n, 1
    put, at = device.put, device.at
    parts_on, partial, norm = put(parts.view(np.int32)), put(np.zeros(512)), put(np.zeros(1, np.float32))
    rate, rows = put(np.array([1e-3], np.float32)), put(np.zeros((256, 24), np.float32))
    slots, one = put(np.zeros((24, 256), np.float32)), put(np.zeros(1, np.float32))
    pointers = [at(x) for x in (w, g, m, v, parts_on, partial, rate, norm)]
    step = Step(*pointers, n, 1, up(n, 2048), 1, 0.9, 0.999, 1e-8, 1.0)
    launches = {
        "an empty launch": Launch("lerp", Lerp(at(one), at(one), 1, 0.0), (1,), (256,)),
        "rows_in": Launch("rows_in", Rows(at(rows), at(slots), 256, 256, 24), (1, 8), (32, 8)),
        "squares": Launch("squares", Squares(at(w), at(g), at(parts_on), at(partial), n, 1), (up(n, 2048),), (256,)),
        "step": Launch("step", step, (up(n, 256),), (256,)),
        "lerp": Launch("lerp", Lerp(at(w), at(g), n, 0.005), (up(n, 256),), (256,)),
    }
    for name, launch in launches.items():
        report.time(name, f"n {n}" if name in ("squares", "step", "lerp") else "batch 256", [launch], 0)


def profile(device):
    for width, ld in ((256, 256), (2048, 1024)):
        layer = layers_of(device, width, ld, 0.9)[0]
        blocks = layers_of(device, width, ld, 0.9, 4)[0]
        launches = [layer.gather(), layer.tiled(), layer.tiled(True), blocks.tiled(height=4), layer.sample(),
                    layer.sample_tiled(), layer.forward(), layer.forward((128, 128), "_large")]  # fmt: skip
        for launch in launches:
            for _ in range(2):
                device.launch(launch)
    device.torch.cuda.synchronize()


def main():
    if "--host" in sys.argv:
        device = Host()
        report = Report(device)
        for stored in (F32, BF16):
            check_layers(report, device, [
                (40, 30, 50, 0.2, 1), (100, 70, 33, 0.1, 1), (64, 48, 64, 0.3, 4), (17, 256, 20, 0.5, 1),
                (33, 5, 300, 1.0, 1),
            ], stored)  # fmt: skip
            check_convs(report, device, [
                (2, 5, 9, 3, 1, 20, 0.3), (3, 4, 11, 4, 2, 40, 0.5), (1, 6, 10, 2, 3, 5, 0.9),
            ], stored)  # fmt: skip
        check_rest(report, device)
        print(f"{report.bad} wrong, on {device.name}")
        sys.exit(report.bad > 0)
    begin = time.monotonic()
    device = Gpu()
    report = Report(device)
    with tempfile.TemporaryDirectory() as folder:
        process, path = compiled(folder, "sparse")
        complaint = process.communicate()[1]
        if process.returncode:
            raise SystemExit(complaint)
        device.load(path)
        if "--profile" in sys.argv:
            return profile(device)
        peak = f"f32 peak {device.peak / 1e12:.1f} TFLOP/s"
        print(f"{device.name}, {device.processors} processors, {peak}", flush=True)
        for stored in (F32, BF16):
            attempt("checks", check_layers, report, device, [
                (256, 256, 256, 0.1, 1), (1024, 1024, 256, 0.1, 1), (512, 384, 500, 0.2, 4),
                (17, 256, 100, 0.5, 1), (100, 300, 300, 1.0, 1), (2048, 2048, 1024, 0.1, 1),
                (2048, 2048, 1024, 0.1, 4),
            ], stored)  # fmt: skip
            attempt("checks", check_convs, report, device, [
                (4, 32, 84, 8, 4, 32, 0.1), (32, 64, 20, 4, 2, 32, 0.1), (64, 64, 9, 3, 1, 32, 0.1),
                (3, 5, 11, 3, 2, 40, 0.5),
            ], stored)  # fmt: skip
        attempt("checks", check_rest, report, device)
        print(f"{report.bad} wrong; {time.monotonic() - begin:.0f} s", flush=True)
        if "--plans" in sys.argv:
            layers = candidates.sparse_layers(device, SIZES)
            attempt("plans", candidates.time_plans, report, *layers)
        elif "--candidates" in sys.argv:
            attempt("candidates", candidates.time_all, report, device, folder, SIZES)
        else:
            attempt("small", time_small, report, device)
            attempt("convolutions", time_convs, report, device, 32)
            attempt("last layer", time_last, report, device)
            for (width, ld), sparsities in SPARSITIES.items():
                attempt(f"dense {width}", time_dense, report, device, width, ld)
                for sparsity in sparsities:
                    attempt(f"sparse {width}", time_sparse, report, device, width, ld, sparsity)
                attempt(f"blocks {width}", time_blocks, report, device, width, ld, 0.9)
    other = [name for name in ("candidates", "plans") if f"--{name}" in sys.argv]
    report.table(*(other or ["kernels"]))
    print(f"{report.bad} wrong; {time.monotonic() - begin:.0f} s")
    sys.exit(report.bad > 0)


if __name__ == "__main__":
    main()
