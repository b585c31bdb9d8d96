"""Layers with random patterns, and the launches of the kernels over them, as the comments above each say."""

import numpy as np

from launch import (
    BF16, F32, Dense, DenseGrad, DenseParts, Gather, Launch, Sample, SampleTiled, Tiled, narrowed, widened,
)  # fmt: skip

RELU, TANH = 1, 2
# Chunks that gather_tiled has in shared memory, as gather.cu says.
BUFFERS = 2


def up(a, b):
    return -(-a // b)


class Csr:
    """A random pattern of `height × height` blocks, by row and by column, as Topology keeps it."""

    def __init__(self, rng, rows, cols, density, height=1):
        mask = rng.random((rows // height, cols // height), dtype=np.float32) < density
        self.mask = mask = np.repeat(np.repeat(mask, height, 0), height, 1)
        self.rows, self.cols, self.nnz = rows, cols, int(mask.sum())
        self.ptr, self.index = self.compressed(mask)
        self.col_ptr, self.row = self.compressed(mask.T)
        order = np.cumsum(mask.ravel(), dtype=np.uint32).reshape(mask.shape) - 1
        self.perm = order.T[mask.T].astype(np.uint32)
        self.value = rng.uniform(-1, 1, max(self.nnz, 1)).astype(np.float32)

    @staticmethod
    def compressed(mask):
        ptr = np.concatenate([[0], np.cumsum(mask.sum(1))]).astype(np.uint32)
        return ptr, np.nonzero(mask)[1].astype(np.uint32)

    @staticmethod
    def bounds(mask, chunk):
        """The first entry of every row in every chunk of columns, and where the last ends."""
        chunks = up(mask.shape[1], chunk)
        wide = np.zeros((mask.shape[0], chunks * chunk), bool)
        wide[:, : mask.shape[1]] = mask
        counts = wide.reshape(mask.shape[0] * chunks, chunk).sum(1)
        return np.concatenate([[0], np.cumsum(counts)]).astype(np.uint32)

    def dense(self):
        weight = np.zeros(self.mask.shape, np.float32)
        weight[self.mask] = self.value[: self.nnz]
        return weight


def slots(rng, features, batch, ld):
    x = np.zeros((features, ld), np.float32)
    x[:, :batch] = rng.uniform(-1, 1, (features, batch))
    return x


def act(activation, x):
    return np.maximum(x, 0) if activation == RELU else np.tanh(x) if activation == TANH else x


def slope(activation, y):
    return (y > 0) * 1.0 if activation == RELU else 1 - y**2 if activation == TANH else np.ones_like(y)


class Layer:
    """A layer, its inputs and gradients on a device, and the launches over them."""

    def __init__(self, device, csr, ld, batch, seed=1, like=None, stored=F32):
        rng = np.random.default_rng(seed)
        self.device, self.csr, self.ld, self.stored = device, csr, ld, stored
        self.host = {
            "x": slots(rng, csr.cols, batch, ld), "dy": slots(rng, csr.rows, batch, ld),
            "bias": rng.uniform(-1, 1, csr.rows).astype(np.float32),
        }  # fmt: skip
        put = device.put
        slots_of = {key: narrowed(self.host[key], stored) for key in ("x", "dy")}
        self.host |= {key: widened(values, stored) for key, values in slots_of.items()}
        self.x, self.dy, self.bias = put(slots_of["x"]), put(slots_of["dy"]), put(self.host["bias"])
        self.value = put(csr.value)
        names = ("ptr", "index", "col_ptr", "row", "perm")
        arrays = {} if like else {name: put(getattr(csr, name).view(np.int32)) for name in names}
        self.pattern = like.pattern if like else arrays
        # All ones are no number.
        room = np.float32 if stored is F32 else np.int16
        self.y, self.dx = (put(np.full((n, ld), -1, room)) for n in (csr.rows, csr.cols))
        self.dw = put(np.full(max(csr.nnz, 1), np.nan, np.float32))
        self.db = put(np.full(csr.rows, np.nan, np.float32))
        self.bound, self.weight, self.full = like.bound if like else {}, None, None
        self.partial = {}

    def slots(self, buffer):
        """What stands in slots."""
        return widened(self.device.get(buffer).copy(), self.stored)

    def at(self, *names):
        return [self.device.at(self.pattern.get(name, getattr(self, name, None))) for name in names]

    def bounds(self, back, chunk):
        if (back, chunk) not in self.bound:
            mask = self.csr.mask.T if back else self.csr.mask
            self.bound[back, chunk] = self.device.put(Csr.bounds(mask, chunk).view(np.int32))
        return self.device.at(self.bound[back, chunk])

    def dense(self):
        if self.weight is None:
            self.weight = self.device.put(self.csr.dense())
            self.full = self.device.put(np.full(self.csr.mask.shape, np.nan, np.float32))

    def argument(self, back, activation):
        if back:
            pointers = self.at("col_ptr", "row", "perm", "value", "none", "dy", "x", "dx")
            return Gather(*pointers, self.csr.cols, self.ld, activation, self.stored.number)
        pointers = self.at("ptr", "index", "none", "value", "bias", "x", "none", "y")
        return Gather(*pointers, self.csr.rows, self.ld, activation, self.stored.number)

    def gather(self, back=False, activation=RELU, warps=4):
        argument = self.argument(back, activation)
        grid = up(argument.rows, 4 * warps), up(self.ld, 128 // self.stored.bytes)
        return Launch("gather" + self.stored.suffix, argument, grid, (32, warps))

    def thin(self, back=False, activation=RELU):
        argument = self.argument(back, activation)
        return Launch("gather_thin" + self.stored.suffix, argument, (up(argument.rows, 4), self.ld // 32), (32, 4))

    def tiled(self, back=False, activation=RELU, height=1, plan=None, buffers=BUFFERS):
        argument = self.argument(back, activation)
        rows, cols = (self.csr.cols, self.csr.rows) if back else (self.csr.rows, self.csr.cols)
        wide, warps, each, chunk = plan or tiled_plan(rows, cols, self.ld, height, buffers, self.stored)
        narrow, broad = ("blocks", "blocks_wide") if height == 4 else ("tiled", "wide")
        name = f"gather_{broad if wide == 2 else narrow}_{each}{self.stored.suffix}"
        tiled = Tiled(argument, self.bounds(back, chunk), cols, chunk, up(cols, chunk))
        slot, warp = 32 * wide * self.stored.bytes, 1088 if height == 1 else 1408
        shared = min(buffers, up(cols, chunk)) * chunk * slot + warps * warp
        grid = up(rows, 4 * warps * each * height), up(self.ld, 32 * wide)
        return Launch(name, tiled, grid, (32, warps), shared)

    def sample(self):
        argument = Sample(*self.at("ptr", "index", "dy", "x", "dw", "db"), self.csr.rows, self.ld)
        return Launch("sample" + self.stored.suffix, argument, (self.csr.rows,), (32, 8))

    def sample_tiled(self, plan=None):
        rows, cols, ld = self.csr.rows, self.csr.cols, self.ld
        wide, chunk, warps, groups = plan or sample_plan(rows, cols, ld, stored=self.stored)
        argument = Sample(*self.at("ptr", "index", "dy", "x", "dw", "db"), rows, ld)
        tiled = SampleTiled(argument, self.bounds(False, chunk), cols, chunk, up(cols, chunk))
        shared = chunk * min(ld, 128 * wide) * self.stored.bytes
        name = ("sample_wide" if wide == 4 else "sample_tiled") + self.stored.suffix
        return Launch(name, tiled, (groups, up(cols, chunk)), (32, warps), shared)

    def forward(self, tile=(32, 16), large="", activation=RELU, threads=None):
        self.dense()
        pointers = self.at("weight", "bias", "x", "none", "y")
        sizes = self.csr.rows, self.csr.cols, self.ld
        argument = Dense(*pointers, *sizes, activation, self.stored.number)
        grid = (up(self.ld, tile[1]), up(self.csr.rows, tile[0]))
        return Launch(f"dense_forward{large}{self.stored.suffix}", argument, grid, (threads or 256,))

    def backward(self, tile=(32, 16), large="", activation=RELU, threads=None):
        self.dense()
        pointers = self.at("weight", "none", "dy", "x", "dx")
        sizes = self.csr.rows, self.csr.cols, self.ld
        argument = Dense(*pointers, *sizes, activation, self.stored.number)
        grid = (up(self.ld, tile[1]), up(self.csr.cols, tile[0]))
        return Launch(f"dense_backward{large}{self.stored.suffix}", argument, grid, (threads or 256,))

    def parts(self, activation=RELU, parts=None):
        """Two launches: the parts of the sum, and their sum."""
        argument, rows = self.forward(activation=activation).each[0], self.csr.rows
        tiles = up(self.ld, 16) * up(rows, 32)
        parts = parts or max(1, min(264 // tiles, up(self.csr.cols, 64)))
        if parts not in self.partial:
            self.partial[parts] = self.device.put(np.zeros(parts * rows * self.ld, np.float32))
        argument = DenseParts(argument, self.device.at(self.partial[parts]), parts)
        grid = up(self.ld, 16), up(rows, 32) * parts
        finish = Launch("dense_finish" + self.stored.suffix, argument, (up(rows * self.ld, 256),), (256,))
        return [Launch("dense_forward_parts" + self.stored.suffix, argument, grid, (256,)), finish]

    def grad(self, tile=(32, 16), large="", threads=None):
        self.dense()
        argument = DenseGrad(*self.at("dy", "x", "full", "db"), self.csr.rows, self.csr.cols, self.ld)
        grid = (up(self.csr.cols, tile[1]), up(self.csr.rows, tile[0]))
        return Launch(f"dense_grad{large}{self.stored.suffix}", argument, grid, (threads or 256,))

    def expected(self, kind, activation=RELU):
        """In double precision, and the size of what went into it."""
        product, weight, x, dy = self.device.product, self.csr.dense(), self.host["x"], self.host["dy"]
        if kind == "forward":
            bias = self.host["bias"][:, None].astype(np.float64)
            size = product(abs(weight), abs(x)) + abs(bias) + (activation == TANH)
            return act(activation, product(weight, x) + bias), size
        if kind == "backward":
            by_y = slope(activation, x.astype(np.float64))
            return product(weight.T, dy) * by_y, product(abs(weight.T), abs(dy)) * (1 + x**2)
        if kind == "biases":
            return dy.astype(np.float64).sum(1), abs(dy).astype(np.float64).sum(1)
        full = product(dy, x.T), product(abs(dy), abs(x.T))
        if kind == "weights":
            return full[0][self.csr.mask], full[1][self.csr.mask]
        return full


def tiled_plan(rows, cols, ld, height, buffers=BUFFERS, stored=F32):
    """Samples of a block over 32, its warps, rows of a lane, slots of a chunk: about a block a processor."""
    if height == 4:
        plans = [(2, 16, 1), (2, 8, 1), (1, 16, 1), (1, 8, 1), (1, 4, 1)]
    else:
        plans = [(2, 16, 4), (2, 16, 1), (1, 16, 1), (1, 8, 1), (1, 4, 1)]
    if stored is BF16:
        # A line has 64 samples.
        plans = [(2, 16, 4)] * (height == 1) + [(2, 16, 1), (2, 8, 1), (2, 4, 1)]
    for wide, warps, each in plans:
        if up(rows, 4 * warps * each * height) * up(ld, 32 * wide) >= 96:
            break
    return wide, warps, each, tiled_chunk(cols, wide * stored.bytes // 4, buffers)


def tiled_chunk(cols, wide, buffers, room=176):
    """Equal chunks, `wide` lines of 128 bytes a slot, that `room` KiB have space for; two at least where there is much to wait for."""
    most = room * 1024 // (128 * wide * buffers)
    chunks = up(cols, most)
    return up(up(cols, max(chunks, 2 if cols > 256 else 1)), 8) * 8


def sample_plan(rows, cols, ld, room=192, warps=16, processors=132, wide=None, stored=F32):
    """Samples of a pass over 128, slots of a chunk that fills `room` KiB, a block's warps, blocks of a chunk:
    `processors` in all."""
    wide = wide or (4 if ld > 256 else 2)
    chunk = max(1, min(cols, room * 1024 // (stored.bytes * min(ld, 128 * wide))))
    chunk = up(cols, up(cols, chunk))
    return wide, chunk, warps, max(1, min(up(rows, warps), processors // up(cols, chunk)))


def layers_of(device, width, ld, sparsity, height=1, stored=F32):
    """Three layers of one pattern with weights, inputs and outputs of their own, to be taken in turn."""
    csr = Csr(np.random.default_rng(11), width, width, 1 - sparsity, height)
    layers = []
    for seed in range(3):
        layers.append(Layer(device, csr, ld, ld, seed, layers[0] if layers else None, stored))
    return layers
