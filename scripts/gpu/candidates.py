"""What else the kernels may be: macros of the sources, and shapes of launches."""

from launch import compiled
from layers import layers_of, sample_plan, tiled_chunk
from report import attempt

# Cuts of the dense products: product.h says what the numbers are.
SMALL = ["32,16,64,8,4,16,3", "32,16,64,4,2,4,3", "32,16,64,4,4,8,3", "32,16,64,8,8,16,3",
         "16,16,64,4,4,16,3", "16,32,64,4,4,8,3", "32,32,64,4,4,4,2", "32,32,32,8,4,8,3"]  # fmt: skip
MEDIUM = ["64,32,32,8,4,4,3", "64,32,32,8,8,4,3", "32,32,32,8,8,8,3", "64,64,16,8,4,2,3",
          "64,64,16,8,8,2,3", "64,64,32,4,4,1,2", "64,64,16,8,8,1,3"]  # fmt: skip
LARGE = ["128,128,16,8,8,1,2", "128,64,16,8,4,1,3", "64,128,16,4,8,1,3", "128,128,8,8,8,1,3",
         "64,64,16,4,4,1,3", "128,64,16,8,8,1,3"]  # fmt: skip
# Layers, and how many share a launch.
DENSE = {
    "small": [(256, 256, 1), (256, 256, 2), (256, 256, 3)],
    "medium": [(256, 256, 3), (1024, 256, 1), (1024, 256, 2)],
    "large": [(1024, 256, 3), (2048, 1024, 1)],
}
DENSE_SIZES = {(width, ld) for layers in DENSE.values() for width, ld, _ in layers}
GATHER = [(4, 8), (2, 8), (8, 8), (4, 4), (4, 16)]
# Buffers, and entries at a time of gather_tiled, gather_wide and gather_blocks.
TILED = [(2, 8, 4, 4), (3, 8, 4, 4), (2, 4, 2, 2), (2, 16, 8, 8)]
# By size: samples of a block over 32, its warps, rows of a lane.
PLANS = {
    (256, 256): [(1, 4, 1), (1, 8, 1), (1, 2, 1), (2, 4, 1)],
    (1024, 256): [(1, 16, 1), (1, 8, 1), (2, 8, 1), (2, 16, 1)],
    (2048, 1024): [(1, 16, 1), (2, 16, 4), (2, 16, 1)],
    (4096, 1024): [(1, 16, 1), (2, 16, 4)],
}
BLOCKS = {
    (1024, 256): [(1, 16, 1), (1, 8, 1), (2, 16, 1), (2, 8, 1), (1, 4, 1)],
    (2048, 1024): [(1, 16, 1), (2, 16, 1), (2, 8, 1)],
}
# Room, warps, blocks, and samples of a pass over 128.
SAMPLES = [(192, 16, 132, 2), (192, 16, 132, 4), (192, 8, 132, 4), (96, 8, 264, 2), (96, 8, 264, 4)]


def variants():
    """A kind, what is different, all macros: the first of each kind unless said."""
    kinds = {"small": SMALL, "medium": MEDIUM, "large": LARGE, "gather": GATHER, "tiled": TILED}
    for kind, cuts in kinds.items():
        for cut in cuts:
            of = {key: cuts[0] for key, cuts in kinds.items()} | {kind: cut}
            warps, batch = of["gather"]
            buffers, one, two, four = of["tiled"]
            yield kind, cut, {
                "SMALL": of["small"], "MEDIUM": of["medium"], "LARGE": of["large"], "WARPS": warps,
                "BATCH": batch, "BUFFERS": buffers, "BATCH_1": one, "BATCH_2": two, "BATCH_4": four,
            }  # fmt: skip


def time_all(report, device, folder, sizes):
    started = []
    for kind, cut, macros in variants():
        started.append((kind, cut, *compiled(folder, f"{kind}{len(started)}", macros)))
    dense = {size: layers_of(device, *size, 0.0) for size in DENSE_SIZES}
    sparse, blocks = sparse_layers(device, sizes)
    for kind, cut, process, path in started:
        complaint = process.communicate()[1]
        if process.returncode:
            print(f"FAILED to compile {cut}: {complaint[-400:]}", flush=True)
            continue
        device.load(path)
        attempt(str(cut), time_variant, report, kind, cut, dense, sparse, blocks)


def sparse_layers(device, sizes):
    sparse = {size: layers_of(device, *size, 0.9) for size in sizes}
    return sparse, {size: layers_of(device, *size, 0.9, 4) for size in BLOCKS}


def time_variant(report, kind, cut, dense, sparse, blocks):
    if kind in DENSE:
        tm, tn, _, mm, nn, split, _ = (int(part) for part in cut.split(","))
        how = {"tile": (tm, tn), "threads": tm // mm * (tn // nn) * split}
        how["large"] = "" if kind == "small" else f"_{kind}"
        for width, ld, together in DENSE[kind]:
            flops, where = 2 * width**2 * ld * together, f"{width}² ld {ld} dense x{together}"
            for way in ("forward", "backward", "grad"):
                works = [getattr(layer, way)(**how) for layer in dense[width, ld]]
                if together > 1:
                    works = [works[0].with_others(works[1:together])]
                report.time(f"{way} {kind} {cut}", where, works, flops)
        return
    if kind == "gather":
        for width, ld in [(256, 256), (1024, 256)]:
            layers, where = sparse[width, ld], f"{width}² ld {ld} 90%"
            for back in (False, True):
                works = [layer.gather(back, warps=cut[0]) for layer in layers]
                report.time(f"gather back={back} {cut}", where, works, 2 * layers[0].csr.nnz * ld)
        return
    time_plans(report, sparse, blocks, cut)


def time_plans(report, sparse, blocks, cut=TILED[0]):
    """Shapes of launches of the tiled kernels, and of the gradient's where they are cut as they are."""
    if cut == TILED[0]:
        time_sample_plans(report, sparse)
    buffers = cut[0]
    for height, layers_by_size, plans in ((1, sparse, PLANS), (4, blocks, BLOCKS)):
        for (width, ld), layers in layers_by_size.items():
            flops, pattern = 2 * layers[0].csr.nnz * ld, " 4x4" if height == 4 else ""
            where = f"{width}² ld {ld} 90%{pattern}"
            for wide, warps, each in plans[width, ld]:
                for chunk in sorted({tiled_chunk(width, wide, buffers, room) for room in (44, 88, 176)}):
                    plan = wide, warps, each, chunk
                    for back in (False, True) if cut == TILED[0] else (False,):
                        how = {"height": height, "plan": plan, "buffers": buffers}
                        works = [layer.tiled(back, **how) for layer in layers]
                        what = f"tiled {cut} V{wide} W{warps} R{each} chunk {chunk}{' back' if back else ''}"
                        report.time(what, where, works, flops)


def time_sample_plans(report, sparse):
    for (width, ld), layers in sparse.items():
        for room, warps, processors, wide in SAMPLES:
            plan = sample_plan(width, width, ld, room, warps, processors, wide)
            works = [layer.sample_tiled(plan) for layer in layers]
            what = f"sample {128 * wide} {room} KiB W {warps} of {processors}"
            report.time(what, f"{width}² ld {ld} 90%", works, 2 * layers[0].csr.nnz * ld)
