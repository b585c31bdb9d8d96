"""What was found wrong, and what took how long."""

import csv
import os
import pathlib
import traceback

import numpy as np

from launch import Launch


def error(found, expected):
    value, size = expected
    return float(np.max(abs(found.reshape(value.shape) - value) / np.maximum(size, 1e-30), initial=0))


class Report:
    """Rows of the table: kernel, layer, µs, TFLOP/s, share of the f32 peak."""

    def __init__(self, device):
        self.device, self.rows, self.bad = device, [], 0

    def check(self, what, found, expected, limit=1e-5):
        worst = error(found, expected)
        if not worst <= limit:
            self.bad += 1
            print(f"WRONG {what}: {worst:.1e}", flush=True)

    def expect(self, what, holds):
        if not holds:
            self.bad += 1
            print(f"WRONG {what}", flush=True)

    def time(self, what, where, works, flops):
        """`works` are launches or functions, equal but for their inputs."""
        device = self.device
        calls = [(lambda w=w: device.launch(w)) if isinstance(w, Launch) else w for w in works]
        try:
            micros = device.micros(calls)
        except Exception as failure:  # A row must not take the others with it.
            print(f"FAILED {what} {where}: {failure}", flush=True)
            return
        self.add(what, where, micros, flops)

    def add(self, what, where, micros, flops):
        tflops = flops / micros / 1e6
        share = tflops * 1e12 / self.device.peak
        self.rows.append((what, where, micros, tflops, share))
        print("%-36s %-21s %8.2f µs" % (what, where, micros), flush=True)

    def table(self, name):
        """What a row costs beside the dense product of cuBLAS at the same size."""
        cublas = {}
        for what, where, micros, *_ in self.rows:
            if what in ("cuBLAS f32 forward", "cuBLAS TF32 forward"):
                cublas[where.removesuffix(" dense"), what.split()[1]] = micros
        heads = "kernel", "layer", "µs", "TFLOP/s", "of peak", "f32/it", "TF32/it"
        print("\n%-36s %-21s %8s %8s %8s %7s %7s" % heads)
        for what, where, micros, tflops, share in self.rows:
            size = " ".join(where.split()[:3])
            beside = [cublas.get((size, kind)) for kind in ("f32", "TF32")]
            beside = ["%7.2f" % (each / micros) if each else "%7s" % "-" for each in beside]
            row = what, where, micros, tflops, 100 * share, " ".join(beside)
            print("%-36s %-21s %8.2f %8.2f %7.1f%% %s" % row)
        if os.environ.get("OUT"):
            with open(pathlib.Path(os.environ["OUT"], f"{name}.csv"), "w", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(["kernel", "layer", "micros", "tflops", "of_f32_peak", "device"])
                writer.writerows([*row, self.device.name] for row in self.rows)


def attempt(what, work, *arguments):
    try:
        return work(*arguments)
    except Exception:
        print(f"FAILED {what}:", traceback.format_exc(limit=3), flush=True)
        return None
