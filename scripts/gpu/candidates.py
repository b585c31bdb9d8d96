"""What else the kernels may be: macros of the sources, and shapes of launches."""

from launch import compiled
from layers import layers_of, sample_plan, tiled_chunk
from report import attempt

SMALL = ["32,16,64,4,2,4,3", "32,32,64,4,4,4,2", "16,16,64,2,2,4,3", "32,16,32,4,2,4,4", "16,32,64,2,4,4,3",
         "32,16,64,4,4,8,3", "16,16,64,4,4,16,3", "16,32,64,4,4,8,3", "32,32,32,4,4,4,3", "64,32,32,4,4,2,3",
         "64,64,32,4,4,1,2", "32,16,64,4,2,8,3"]  # fmt: skip
LARGE = ["128,128,16,8,8,1,2", "128,64,16,8,4,1,3", "64,64,16,4,4,1,3", "128,128,8,8,8,1,3",
         "64,128,16,4,8,1,3", "128,128,16,8,4,1,2"]  # fmt: skip
GATHER = [(4, 8), (2, 8), (8, 8), (4, 4), (4, 16)]
# Buffers, and entries at a time of gather_tiled, gather_wide and gather_blocks.
TILED = [(2, 8, 4, 4), (3, 8, 4, 4), (2, 4, 2, 2), (2, 16, 8, 8)]
# By size: samples of a block over 32, its warps, rows of a lane.
PLANS = {
    (256, 256): [(1, 4, 1), (1, 8, 1), (1, 2, 1), (2, 4, 1)],
    (1024, 256): [(1, 16, 1), (1, 8, 1), (2, 8, 1), (2, 16, 1)],
    (2048, 1024): [(1, 16, 8), (1, 16, 4), (2, 16, 4), (2, 16, 1)],
    (4096, 1024): [(1, 16, 8), (1, 16, 4), (2, 16, 4)],
}
BLOCKS = {
    (1024, 256): [(1, 16, 1), (1, 8, 1), (2, 16, 1), (2, 8, 1), (1, 4, 1)],
    (2048, 1024): [(1, 16, 2), (1, 16, 1), (2, 16, 1)],
}
SAMPLES = [(192, 16, 132), (192, 8, 132), (96, 16, 264), (96, 8, 264), (48, 8, 528)]


def variants():
    """A kind, what is different, all macros: the first of each kind unless said."""
    for kind, cuts in (("small", SMALL), ("large", LARGE), ("gather", GATHER), ("tiled", TILED)):
        for cut in cuts:
            of = {"small": SMALL[0], "large": LARGE[0], "gather": GATHER[0], "tiled": TILED[0], kind: cut}
            warps, batch = of["gather"]
            buffers, one, two, four = of["tiled"]
            yield kind, cut, {
                "SMALL": of["small"], "LARGE": of["large"], "WARPS": warps, "BATCH": batch, "BUFFERS": buffers,
                "BATCH_1": one, "BATCH_2": two, "BATCH_4": four,
            }  # fmt: skip


    # Whether a kernel lets the next one be launched before or after it has waited for the last.
    yield "early", "lets, then waits", {}
    yield "early", "waits, then lets", {"WAIT_FIRST": 1}


def time_all(report, device, folder, sizes):
    started = []
    for kind, cut, macros in variants():
        started.append((kind, cut, *compiled(folder, f"{kind}{len(started)}", macros)))
    small, large = [(256, 256), (1024, 256)], [(1024, 256), (2048, 1024)]
    dense = {size: layers_of(device, *size, 0.0) for size in dict.fromkeys(small + large)}
    sparse = {size: layers_of(device, *size, 0.9) for size in sizes}
    blocks = {size: layers_of(device, *size, 0.9, 4) for size in BLOCKS}
    for kind, cut, process, path in started:
        complaint = process.communicate()[1]
        if process.returncode:
            print(f"FAILED to compile {cut}: {complaint[-400:]}", flush=True)
            continue
        device.load(path)
        attempt(str(cut), time_variant, report, kind, cut, (small, large), dense, sparse, blocks)


def time_variant(report, kind, cut, sizes, dense, sparse, blocks):
    if kind in ("small", "large"):
        tm, tn, _, mm, nn, split, _ = (int(part) for part in cut.split(","))
        suffix, threads = "" if kind == "small" else "_large", tm // mm * (tn // nn) * split
        for size in sizes[kind == "large"]:
            flops, where = 2 * size[0] ** 2 * size[1], f"{size[0]}² ld {size[1]} dense"
            for way in ("forward", "backward", "grad"):
                works = [getattr(layer, way)((tm, tn), suffix, threads=threads) for layer in dense[size]]
                report.time(f"{way} {kind} {cut}", where, works, flops)
        return
    if kind == "early":
        layer, full = sparse[256, 256][0], dense[256, 256][0]
        chain = [full.forward(), layer.gather(), layer.tiled(True), layer.sample(), full.backward(), full.grad()]
        for early in (False, True):
            report.device.early = early
            for name, works in (("forward", chain[:1]), ("gather", chain[1:2]), ("all six", chain)):
                report.time(f"{name} {cut} early={early}", "256² ld 256 90%", works, 0)
        report.device.early = False
        return
    if kind == "gather":
        for width, ld in [(256, 256), (1024, 256)]:
            layers, where = sparse[width, ld], f"{width}² ld {ld} 90%"
            for back in (False, True):
                works = [layer.gather(back, warps=cut[0]) for layer in layers]
                report.time(f"gather back={back} {cut}", where, works, 2 * layers[0].csr.nnz * ld)
        return
    buffers = cut[0]
    if cut == TILED[0]:
        time_sample_plans(report, sparse)
    for height, layers_by_size, plans in ((1, sparse, PLANS), (4, blocks, BLOCKS)):
        for (width, ld), layers in layers_by_size.items():
            flops, where = 2 * layers[0].csr.nnz * ld, f"{width}² ld {ld} 90%" + (" 4x4" if height == 4 else "")
            for wide, warps, each in plans[width, ld]:
                for chunk in sorted({tiled_chunk(width, wide, buffers, room) for room in (88, 176)}):
                    plan = wide, warps, each, chunk
                    for back in (False, True) if cut == TILED[0] else (False,):
                        how = {"height": height, "plan": plan, "buffers": buffers}
                        works = [layer.tiled(back, **how) for layer in layers]
                        what = f"tiled {cut} V{wide} W{warps} R{each} chunk {chunk}{' back' if back else ''}"
                        report.time(what, where, works, flops)


def time_sample_plans(report, sparse):
    for (width, ld), layers in sparse.items():
        for room, warps, processors in SAMPLES:
            plan = sample_plan(width, width, ld, room, warps, processors)
            works = [layer.sample_tiled(plan) for layer in layers]
            what = f"sample_tiled {room} KiB W {warps} of {processors}"
            report.time(what, f"{width}² ld {ld} 90%", works, 2 * layers[0].csr.nnz * ld)
