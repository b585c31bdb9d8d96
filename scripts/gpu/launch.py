"""The kernels of sparse/src/gpu/kernels from Python: on a GPU through PyTorch and the driver, or on this
machine's processor through the shim of the tests. Structs are those of common.h."""

import collections
import ctypes
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile

import numpy as np

KERNELS = pathlib.Path(__file__).resolve().parents[2] / "sparse" / "src" / "gpu" / "kernels"


def struct(name, pointers, numbers="", floats=""):
    fields = [(field, ctypes.c_void_p) for field in pointers.split()]
    fields += [(field, ctypes.c_uint) for field in numbers.split()]
    fields += [(field, ctypes.c_float) for field in floats.split()]
    return type(name, (ctypes.Structure,), {"_fields_": fields})


def extended(name, base, pointers, numbers):
    more = struct(name, pointers, numbers)
    return type(name, (ctypes.Structure,), {"_fields_": [("all", base), *more._fields_]})


# How slots are stored: bytes of a number, what a kernel's name ends with, and its number in stored.h.
Stored = collections.namedtuple("Stored", "bytes suffix number")
F32, BF16 = Stored(4, "", 0), Stored(2, "_bf16", 1)

Rows = struct("Rows", "rows slots", "batch ld width stored")
Gather = struct("Gather", "ptr index perm value bias source y to", "rows ld activation gives")
Tiled = extended("Tiled", Gather, "bound", "cols chunk chunks pad")
Sample = struct("Sample", "ptr index dy x dw db", "rows ld")
SampleTiled = extended("SampleTiled", Sample, "bound", "cols chunk chunks pad")
Dense = struct("Dense", "weight bias x y to", "rows cols ld activation gives pad")
DenseParts = type("DenseParts", (ctypes.Structure,), {
    "_fields_": [("all", Dense), *struct("", "partial", "parts pad")._fields_]})  # fmt: skip
DenseGrad = struct("DenseGrad", "dy x dw db", "rows cols ld pad")
Squares = struct("Squares", "w g parts partial", "n num_parts")
Step = struct(
    "Step", "w g m v parts partial rate norm", "n num_parts blocks adam", "beta1 beta2 eps max_norm"
)
Lerp = struct("Lerp", "target online", "n", "tau")


def narrowed(x, stored):
    """f32 numbers as `stored` has them: bf16 as its bits, rounded to the nearest, ties to even."""
    if stored is F32:
        return x
    bits = x.view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16).view(np.int16)


def widened(x, stored):
    return x if stored is F32 else (x.view(np.uint16).astype(np.uint32) << 16).view(np.float32)


class Launch:
    """A kernel by name, its argument and its shape."""

    def __init__(self, name, argument, grid, block, shared=0):
        self.name, self.grid, self.shared = name, (*grid, 1, 1)[:3], shared
        self.block = (*block, 1, 1)[:3]
        self.each = (type(argument) * 4)(argument)

    def with_others(self, launches):
        """One launch of all, of the same kernel and shape."""
        for i, launch in enumerate(launches, 1):
            self.each[i] = launch.each[0]
        self.grid = (*self.grid[:2], len(launches) + 1)
        return self


def nvcc():
    """The path of nvcc and the folder above it."""
    places = [os.environ.get("CUDA_PATH"), os.environ.get("CUDA_HOME"), "/usr/local/cuda"]
    for place in places:
        if place and pathlib.Path(place, "bin", "nvcc").exists():
            return str(pathlib.Path(place, "bin", "nvcc"))
    return shutil.which("nvcc") or "nvcc"


def compiled(folder, name, macros=None):
    """A process that compiles the kernels to folder/name.cubin, and that path."""
    path, source = pathlib.Path(folder, f"{name}.cubin"), pathlib.Path(folder, f"{name}.cu")
    # nvcc splits what follows -D at commas.
    lines = [f"#define {macro} {value}\n" for macro, value in (macros or {}).items()]
    source.write_text("".join(lines) + f'#include "{KERNELS / "sparse.cu"}"\n')
    command = [nvcc(), "-std=c++17", "-arch=sm_90", "-fmad=false", "-cubin", "-o", str(path), str(source)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True), path


class Gpu:
    """The first GPU."""

    def __init__(self):
        import torch

        self.torch = torch
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        torch.zeros(1, device="cuda")
        self.driver = ctypes.CDLL("libcuda.so.1")
        self.kernels, self.module = {}, None
        self.name = torch.cuda.get_device_name(0)
        self.processors = torch.cuda.get_device_properties(0).multi_processor_count
        khz = ctypes.c_int()
        self.call("cuDeviceGetAttribute", ctypes.byref(khz), 13, 0)
        self.peak = self.processors * 128 * 2 * khz.value * 1e3

    def call(self, name, *arguments):
        code = getattr(self.driver, name)(*arguments)
        if code:
            text = ctypes.c_char_p()
            self.driver.cuGetErrorString(code, ctypes.byref(text))
            raise RuntimeError(f"{name}: {(text.value or b'?').decode()} ({code})")

    def load(self, path):
        """Later launches take their kernels from this cubin."""
        image = pathlib.Path(path).read_bytes()
        self.module, self.kernels = ctypes.c_void_p(), {}
        self.call("cuModuleLoadData", ctypes.byref(self.module), image)

    def kernel(self, name):
        if name not in self.kernels:
            kernel = ctypes.c_void_p()
            self.call("cuModuleGetFunction", ctypes.byref(kernel), self.module, name.encode())
            # More dynamic shared memory than 48 KiB is to be asked for.
            static = ctypes.c_int()
            self.call("cuFuncGetAttribute", ctypes.byref(static), 1, kernel)
            self.call("cuFuncSetAttribute", kernel, 8, 227 * 1024 - static.value)
            self.kernels[name] = kernel
        return self.kernels[name]

    def put(self, array):
        return self.torch.from_numpy(np.ascontiguousarray(array)).cuda()

    def get(self, buffer):
        return buffer.cpu().numpy()

    def at(self, buffer):
        return None if buffer is None else buffer.data_ptr()

    def launch(self, launch):
        arguments = (ctypes.c_void_p * 1)(ctypes.addressof(launch.each))
        stream = ctypes.c_void_p(self.torch.cuda.current_stream().cuda_stream)
        kernel = self.kernel(launch.name)
        self.call(
            "cuLaunchKernel", kernel, *launch.grid, *launch.block, launch.shared, stream, arguments, None
        )

    def product(self, a, b):
        """a · b in double precision."""
        return (self.put(a).double() @ self.put(b).double()).cpu().numpy()

    def micros(self, works, budget=0.05):
        """The median time of a work in a replayed graph of them, each in its turn, in µs."""
        torch = self.torch
        stream = torch.cuda.Stream()
        with torch.cuda.stream(stream):
            for work in works:
                work()
            stream.synchronize()
            once = self.event_time(works, 2)
            turns = max(1, min(200, int(2000 / max(once, 0.5))) // len(works))
            replayed = torch.cuda.CUDAGraph()
            with torch.cuda.graph(replayed, stream=stream):
                for _ in range(turns):
                    for work in works:
                        work()
            replayed.replay()
            stream.synchronize()
            times = []
            while len(times) < 5 or (sum(times) < budget * 1e6 and len(times) < 30):
                times.append(self.event_time([replayed.replay], 1))
        return statistics.median(times) / (turns * len(works))

    def event_time(self, works, turns):
        """µs a work, launches and all."""
        begin, end = (self.torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        for _ in range(turns):
            for work in works:
                work()
        end.record()
        end.synchronize()
        return begin.elapsed_time(end) * 1e3 / (turns * len(works))


class Host:
    """This machine's processor, for checks only."""

    name, peak = "the shim on this machine's processor", None

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        library = pathlib.Path(self.folder.name, "kernels.so")
        flags = ["-std=c++17", "-O2", "-DCUDA_HOST", "-fPIC", "-shared", "-Wno-unknown-pragmas"]
        include = ["-x", "c++", "-include", str(KERNELS / "host.h"), str(KERNELS / "sparse.cu")]
        subprocess.run(["c++", *flags, *include, "-o", str(library)], check=True)
        self.run = ctypes.CDLL(str(library)).sparring_sparse_launch
        self.run.restype = ctypes.c_bool

    def put(self, array):
        return np.array(array)

    def get(self, buffer):
        return buffer

    def at(self, buffer):
        return None if buffer is None else buffer.ctypes.data

    def launch(self, launch):
        grid, block = (ctypes.c_uint * 3)(*launch.grid), (ctypes.c_uint * 3)(*launch.block)
        each = ctypes.byref(launch.each)
        if not self.run(launch.name.encode(), grid, block, launch.shared, each, ctypes.c_ulonglong(1)):
            raise RuntimeError(f"no kernel {launch.name}")

    def product(self, a, b):
        return a.astype(np.float64) @ b.astype(np.float64)
