"""Convolutions without padding, sparse and dense, and the launches of the kernels over them: planes.h says
what stands where."""

import ctypes

import numpy as np

from layers import Csr, up
from launch import F32, Gather, Launch, Sample, narrowed, struct, widened

Strides = struct("Strides", "", "origin y x row")
Plane = struct("Plane", "", "channels height width origin row channel")
STEPS = [(field, ctypes.c_int) for field in ("origin", "c", "y", "x")]
Steps = type("Steps", (ctypes.Structure,), {"_fields_": STEPS})


def fields(name, *parts):
    """A struct of other structs and of what `struct` makes of (pointers, numbers)."""
    all_fields = []
    for part in parts:
        all_fields += [part] if isinstance(part[1], type) else struct("", *part)._fields_
    return type(name, (ctypes.Structure,), {"_fields_": all_fields})


Walk = fields("Walk", ("", "ny nx"), ("source", Strides), ("to", Strides), ("at", Strides))
Taps = fields("Taps", ("", "ny nx"), ("weight", Steps), ("slot", Steps))
ConvGather = fields("ConvGather", ("all", Gather), ("walk", Walk))
ConvSample = fields("ConvSample", ("all", Sample), ("walk", Walk))
ConvDense = fields(
    "ConvDense", ("weight bias x y to", "rows depth weight_row ld activation gives"), ("taps", Taps),
    ("walk", Walk),
)  # fmt: skip
ConvGrad = fields(
    "ConvGrad", ("dy x partial", "rows cols ld parts sums_rows pad"), ("taps", Taps), ("walk", Walk)
)
Parts = struct("Parts", "partial dw db", "size rows parts pad")


class Image:
    """A plane with `border` slots around each image."""

    def __init__(self, channels, height, width, before=0, behind=0):
        self.shape = channels, height, width
        self.row, self.before = before + width + behind, before
        self.channel = self.row * (before + height + behind)
        self.origin = before * self.row + before
        self.slots = channels * self.channel

    def strides(self):
        return Strides(self.origin, self.row, 1, self.channel)

    def put(self, images, ld):
        """Images (channels, height, width, batch) as slots."""
        slots = np.zeros((self.shape[0], self.channel // self.row, self.row, ld), np.float32)
        b, (_, height, width) = self.before, self.shape
        slots[:, b : b + height, b : b + width, : images.shape[-1]] = images
        return slots.reshape(self.slots, ld)

    def get(self, slots):
        b, (channels, height, width) = self.before, self.shape
        return slots.reshape(channels, -1, self.row, slots.shape[-1])[:, b : b + height, b : b + width]


class Conv:
    """A layer `in_channels × size² → out_channels`, its inputs and gradients on a device."""

    def __init__(self, device, in_channels, out_channels, size, kernel, stride, batch, density, seed=1, stored=F32):
        rng, self.stored = np.random.default_rng(seed), stored
        self.device, self.kernel, self.stride, self.ld = device, kernel, stride, up(batch, 32) * 32
        self.csr = csr = Csr(rng, out_channels, in_channels * kernel**2, density)
        self.out = (size - kernel) // stride + 1
        reach = up(kernel, stride) - 1
        self.input = Image(in_channels, size, size)
        self.output = Image(out_channels, self.out, self.out)
        behind = max(0, (size - 1) // stride - self.out + 1)
        self.gradient = Image(out_channels, self.out, self.out, reach, behind)
        self.images = self.drawn(rng, in_channels, size, size, batch)
        self.dys = self.drawn(rng, out_channels, self.out, self.out, batch)
        put = device.put
        self.x = put(narrowed(self.input.put(self.images, self.ld), stored))
        self.dy = put(narrowed(self.gradient.put(self.dys, self.ld), stored))
        images, room = (self.output, self.input), np.float32 if stored is F32 else np.int16
        self.y, self.dx = (put(np.zeros((image.slots, self.ld), room)) for image in images)
        self.value, self.bias = put(csr.value), put(np.linspace(-1, 1, out_channels).astype(np.float32))
        self.weight, self.full = put(csr.dense()), put(np.zeros(csr.mask.shape, np.float32))
        self.dw, self.db = put(np.zeros(max(csr.nnz, 1), np.float32)), put(np.zeros(out_channels, np.float32))
        self.ptr, self.slots = put(csr.ptr.view(np.int32)), put(self.slot_of(csr.index).view(np.int32))
        self.phases = [self.phase(y, x) for y in range(stride) for x in range(stride)]
        tiles = up(csr.cols, 32) * up(csr.rows, 32)
        self.parts = max(1, 264 // tiles)
        self.partial = put(np.zeros(self.parts * csr.rows * (csr.cols + 1), np.float32))

    def drawn(self, rng, *shape):
        numbers = rng.uniform(-1, 1, shape).astype(np.float32)
        return widened(narrowed(numbers, self.stored), self.stored)

    def slots_at(self, buffer):
        """What stands in slots."""
        return widened(self.device.get(buffer), self.stored)

    def slot_of(self, cols):
        k = self.kernel
        at = cols // (k * k) * self.input.channel + cols // k % k * self.input.row + cols % k
        return at.astype(np.uint32)

    def phase(self, py, px):
        """The entries that reach one phase of input pixels: ptr, slots, perm; its walk and its taps."""
        csr, k, s, plane = self.csr, self.kernel, self.stride, self.gradient
        ptr, slots, perm = [0], [np.zeros(0)], [np.zeros(0)]
        for channel in range(self.input.shape[0]):
            for y in range(py, k, s):
                for x in range(px, k, s):
                    shift = (plane.before - y // s) * plane.row + plane.before - x // s
                    col = (channel * k + y) * k + x
                    entries = slice(csr.col_ptr[col], csr.col_ptr[col + 1])
                    slots.append(csr.row[entries] * plane.channel + shift)
                    perm.append(csr.perm[entries])
            ptr.append(sum(map(len, slots)))
        count = [len(range(p, self.input.shape[1], s)) for p in (py, px)]
        strides = Strides(py * self.input.row + px, s * self.input.row, s, self.input.channel)
        walk = Walk(*count, Strides(0, plane.row, 1, 0), strides, strides)
        taps = Taps(
            len(range(py, k, s)), len(range(px, k, s)), Steps(py * k + px, csr.cols, s * k, s),
            Steps(plane.before * (plane.row + 1), plane.channel, -plane.row, -1),
        )  # fmt: skip
        arrays = [np.array(ptr, np.uint32), np.concatenate(slots), np.concatenate(perm)]
        arrays = [self.device.put(array.astype(np.uint32).view(np.int32)) for array in arrays]
        return arrays, walk, taps

    def walk(self, to):
        s, row = self.stride, self.input.row
        return Walk(self.out, self.out, Strides(0, s * row, s, 0), to.strides(), Strides())

    def taps(self):
        k = self.kernel
        return Taps(k, k, Steps(0, k * k, k, 1), Steps(0, self.input.channel, self.input.row, 1))

    def at(self, *buffers):
        return [self.device.at(buffer) for buffer in buffers]

    def positions(self, walk):
        return up(walk.ny * walk.nx, 16 // self.stored.bytes) * (self.ld // 32)

    def forward(self):
        pointers = self.at(self.ptr, self.slots, None, self.value, self.bias, self.x, None, self.y)
        walk, rows = self.walk(self.output), self.csr.rows
        argument = ConvGather(Gather(*pointers, rows, self.ld, 1, self.stored.number), walk)
        return [Launch("conv_gather" + self.stored.suffix, argument, (up(rows, 4), self.positions(walk)), (32, 4))]

    def backward(self):
        """The phases, four to a launch."""
        launches = []
        for (ptr, slots, perm), walk, _ in self.phases:
            pointers = self.at(ptr, slots, perm, self.value, None, self.dy, self.x, self.dx)
            rows = self.input.shape[0]
            argument = ConvGather(Gather(*pointers, rows, self.ld, 1, self.stored.number), walk)
            launches.append(Launch("conv_gather" + self.stored.suffix, argument, (up(rows, 4), self.positions(walk)), (32, 4)))
        return [launches[i].with_others(launches[i + 1 : i + 4]) for i in range(0, len(launches), 4)]

    def sample(self):
        pointers = self.at(self.ptr, self.slots, self.dy, self.x, self.dw, self.db)
        argument = Sample(*pointers, self.csr.rows, self.ld)
        most = int(max(np.diff(self.csr.ptr.astype(np.int64))))
        grid = self.csr.rows, max(up(most, 8), 1)
        return [Launch("conv_sample" + self.stored.suffix, ConvSample(argument, self.walk(self.gradient)), grid, (32, 8))]

    def dense_forward(self):
        rows, cols, walk = self.csr.rows, self.csr.cols, self.walk(self.output)
        pointers = self.at(self.weight, self.bias, self.x, None, self.y)
        argument = ConvDense(*pointers, rows, cols, cols, self.ld, 1, self.stored.number, self.taps(), walk)
        return [Launch("conv_dense" + self.stored.suffix, argument, (up(walk.ny * walk.nx * self.ld, 32), up(rows, 32)), (256,))]

    def dense_backward(self):
        launches, rows = [], self.input.shape[0]
        for _, walk, taps in self.phases:
            pointers = self.at(self.weight, None, self.dy, self.x, self.dx)
            depth = self.csr.rows * taps.ny * taps.nx
            sizes = rows, depth, self.kernel**2, self.ld
            argument = ConvDense(*pointers, *sizes, 1, self.stored.number, taps, walk)
            grid = up(walk.ny * walk.nx * self.ld, 32), up(rows, 32)
            launches.append(Launch("conv_dense" + self.stored.suffix, argument, grid, (256,)))
        return [launches[i].with_others(launches[i + 1 : i + 4]) for i in range(0, len(launches), 4)]

    def dense_grad(self):
        rows, cols = self.csr.rows, self.csr.cols
        pointers, walk = self.at(self.dy, self.x, self.partial), self.walk(self.gradient)
        argument = ConvGrad(*pointers, rows, cols, self.ld, self.parts, 1, 0, self.taps(), walk)
        parts = Parts(*self.at(self.partial, self.full, self.db), rows * cols, rows, self.parts)
        return [
            Launch("conv_grad" + self.stored.suffix, argument, (up(cols, 32), up(rows, 32) * self.parts), (256,)),
            Launch("sum_parts", parts, (up(rows * (cols + 1), 256),), (256,)),
        ]

    def expected(self):
        """y, dx, dw and db in double precision, each with the size of what went into it."""
        k, s, out = self.kernel, self.stride, self.out
        weight, x, dy = (array.astype(np.float64) for array in (self.csr.dense(), self.images, self.dys))
        taps = [(i // k, i % k) for i in range(k * k)]
        windows = np.stack([x[:, i : i + s * out : s, j : j + s * out : s] for i, j in taps], 1)
        columns = windows.reshape(self.csr.cols, -1)
        flat = dy.reshape(self.csr.rows, -1)
        bias = np.linspace(-1, 1, self.csr.rows).astype(np.float32)[:, None]
        y = np.maximum(weight @ columns + bias, 0), abs(weight) @ abs(columns) + abs(bias)
        dx = []
        for w, d in ((weight, flat), (abs(weight), abs(flat))):
            back = (w.T @ d).reshape(*windows.shape)
            sum_of = np.zeros_like(x)
            for n, (i, j) in enumerate(taps):
                sum_of[:, i : i + s * out : s, j : j + s * out : s] += back[:, n]
            dx.append(sum_of)
        dw = flat @ columns.T, abs(flat) @ abs(columns).T
        return y, (dx[0] * (x > 0), dx[1]), dw, (flat.sum(1), abs(flat).sum(1))
