#!/usr/bin/env python3
"""What a GPU can do at most: the roofs over what scripts/bench-gpu measures. Takes some ten seconds.

    OUT=folder scripts/gpu/ceilings.py

Copies on the device, products of square matrices of random numbers (zeros would draw less power, and run
faster), and what launches cost: a node of a graph of kernels that do nothing, and a cycle as an update has
it, 64 KiB there from pinned memory, that graph, 64 bytes back; with the wait for its end, or for the cycle
before.

Medians of seven samples. Needs PyTorch and a GPU. Writes ceilings.csv to $OUT.
"""

import csv
import os
import statistics
import time

import torch

SAMPLES = 7
NODES = 40


def seconds(run, repeats):
    """Median of samples of `repeats` calls by the device's clock, a call."""
    run()
    taken = []
    for _ in range(SAMPLES):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        for _ in range(repeats):
            run()
        end.record()
        torch.cuda.synchronize()
        taken.append(start.elapsed_time(end) / 1e3 / repeats)
    return statistics.median(taken)


def copies():
    """Bytes read and written, over the time."""
    source = torch.empty(1 << 30, dtype=torch.uint8, device="cuda").random_()
    target = torch.empty_like(source)
    taken = seconds(lambda: target.copy_(source), 10)
    yield "copy on the device, 1 GiB", 2 * source.numel() / taken / 1e9, "GB/s"


def products():
    kinds = [("f32", torch.float32, False), ("TF32", torch.float32, True), ("bf16", torch.bfloat16, False)]
    for size in (4096, 8192):
        for name, kind, tf32 in kinds:
            torch.backends.cuda.matmul.allow_tf32 = tf32
            a, b = (torch.randn(size, size, device="cuda").to(kind) for _ in range(2))
            out = torch.empty_like(a)
            taken = seconds(lambda: torch.mm(a, b, out=out), 8 if size == 4096 else 3)
            yield f"product {size}x{size}, {name}", 2 * size**3 / taken / 1e12, "TFLOP/s"


def empty_graph():
    torch.cuda._sleep(0)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(NODES):
            torch.cuda._sleep(0)
    return graph


def launches():
    graph = empty_graph()
    yield f"a node of {NODES} empty ones in a graph", 1e6 * seconds(graph.replay, 200) / NODES, "us"
    yield "an empty kernel, launched alone", 1e6 * seconds(lambda: torch.cuda._sleep(0), 2000), "us"
    there, back = (torch.empty(size, dtype=torch.uint8).pin_memory() for size in (1 << 16, 64))
    on_device = there.to("cuda")
    # Two in turn: the wait for the cycle before.
    done = [torch.cuda.Event() for _ in range(2)]

    def cycle(i):
        on_device.copy_(there, non_blocking=True)
        graph.replay()
        back.copy_(on_device[:64], non_blocking=True)
        done[i % 2].record()

    for name, late in [("its end", 0), ("the end of the one before", 1)]:
        taken = []
        for _ in range(SAMPLES + 1):
            torch.cuda.synchronize()
            start = time.perf_counter()
            for i in range(500):
                cycle(i)
                done[(i - late) % 2].synchronize()
            torch.cuda.synchronize()
            taken.append((time.perf_counter() - start) / 500)
        yield f"64 KiB there, graph, 64 B back; waits for {name}", 1e6 * statistics.median(taken[1:]), "us"


def main():
    print(f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}, medians of {SAMPLES}", flush=True)
    rows = []
    for part in (copies, products, launches):
        try:
            for what, value, unit in part():
                rows.append([what, value, unit])
                print(f"{what:66} {value:9.2f} {unit}", flush=True)
        except Exception as error:  # What fails hides nothing else.
            print(f"{part.__name__}: {type(error).__name__}: {error}", flush=True)
    if "OUT" in os.environ:
        with open(os.path.join(os.environ["OUT"], "ceilings.csv"), "w") as file:
            csv.writer(file, lineterminator="\n").writerows([["what", "value", "unit"], *rows])


if __name__ == "__main__":
    main()
