"""RLtools and thrust-rl: the peers that are no Python, built here with all that their compilers can do.

RLtools (C++, header-only) runs scripts/bench/rltools_sac.cpp, with OpenBLAS and with MKL; thrust-rl (Rust)
runs scripts/bench/thrust_ppo.rs in a project of its own. Both are whole loops, as their own examples have
them, and take their samples after a warm-up.
"""

import os
import pathlib
import shutil

from bench import common
from bench.common import ROOT

RLTOOLS_COMMIT = "9acdf5c"
MKL = "mkl-devel==2026.2.0"
# Of SAC's small networks: what RLtools' own benchmark has, and a power of two.
BATCHES = [100, 64]
# Env steps before the first sample, and of each.
RLTOOLS_STEPS = ["500", "5000", "2"]
THRUST_STEPS = ["4096", "16384", "2"]
# Pendulum's mean return at the end, if it learns at all.
LEARNS = -500
MANIFEST = """\
[package]
name = "peer"
version = "0.0.0"
edition = "2024"

[dependencies]
thrust-rl = "=0.4.0"
burn = { version = "=0.21.0", default-features = false, features = ["ndarray", "autodiff"] }
# The vector instructions of the processor, which thrust-rl leaves out.
burn-ndarray = { version = "=0.21.0", default-features = false, features = ["std", "simd"] }

[profile.release]
lto = true
codegen-units = 1

# No part of the one that this folder lies in.
[workspace]
"""


def printed_by(binary, arguments, **variables):
    """The numbers that a peer prints, a line each."""
    environment = os.environ | variables
    out = common.command(str(binary), *arguments, capture_output=True, env=environment).stdout
    return [float(line) for line in out.split()]


def openblas_core():
    """What tells OpenBLAS which kernels to take: an older one takes those of SSE3 on a processor that it does not
    know, and is four times as slow."""
    flags = set(pathlib.Path("/proc/cpuinfo").read_text().split())
    cores = {"avx512vl": "SkylakeX", "avx2": "Haswell"}
    return next(({"OPENBLAS_CORETYPE": core} for flag, core in cores.items() if flag in flags), {})


def rltools(checkout, venv):
    """Works of RLtools by the name of their bench, each with the cases of both BLAS."""
    head = common.tell("git", "-C", str(checkout), "rev-parse", "HEAD")
    if not head.startswith(RLTOOLS_COMMIT):
        raise SystemExit(f"--rltools: found commit {head} in {checkout}, expected is {RLTOOLS_COMMIT}")
    here = [f"-I{venv}/include", f"-L{venv}/lib", f"-Wl,-rpath,{venv}/lib"]
    mkl = [f"-l:libmkl_{part}.so.3" for part in ("intel_lp64", "sequential", "core")]
    blas = {
        "openblas": ["-DRL_TOOLS_BACKEND_ENABLE_OPENBLAS", "-lopenblas"],
        "mkl": ["-DRL_TOOLS_BACKEND_ENABLE_MKL", *here, *mkl],
    }
    folder = ROOT / ".venv" / "rltools"
    folder.mkdir(parents=True, exist_ok=True)
    source = ROOT / "scripts" / "bench" / "rltools_sac.cpp"

    def built(name, flags, batch):
        binary = folder / f"{name}-{batch}"
        common.command(
            *("g++", "-std=c++17", "-O3", "-march=native", "-ffast-math", "-DNDEBUG"),
            *("-DRL_TOOLS_BACKEND_ENABLE_BLAS", f"-DSAC_BATCH={batch}", f"-I{checkout}/include"),
            *(str(source), "-o", str(binary), *flags),
        )
        return binary

    def sample(bench, binaries):
        rows = []
        for name, binary in binaries.items():
            *seconds, learnt = printed_by(binary, RLTOOLS_STEPS, **openblas_core())
            # Also where it is not a number.
            if not learnt > LEARNS:
                raise SystemExit(f"{binary} learnt nothing: its last episodes returned {learnt}")
            rows += [(bench, {"blas": name}, i, s) for i, s in enumerate(seconds)]
        return rows

    works = {}
    for batch in BATCHES:
        bench = f"small_{batch}_rltools"
        binaries = {name: built(name, flags, batch) for name, flags in blas.items()}
        works[bench] = lambda bench=bench, binaries=binaries: sample(bench, binaries)
    return works


def thrust():
    """The work of thrust-rl by the name of its bench."""
    folder = ROOT / ".venv" / "thrust-rl"
    (folder / "src").mkdir(parents=True, exist_ok=True)
    (folder / "Cargo.toml").write_text(MANIFEST)
    shutil.copy(ROOT / "scripts" / "bench" / "thrust_ppo.rs", folder / "src" / "main.rs")
    target = folder / "target"
    build = ("cargo", "build", "--release", "--quiet", "--manifest-path", str(folder / "Cargo.toml"))
    flags = {"CARGO_TARGET_DIR": str(target), "RUSTFLAGS": "-C target-cpu=native"}
    common.command(*build, env=os.environ | flags)

    def sample():
        seconds = printed_by(target / "release" / "peer", THRUST_STEPS)
        return [("ppo_thrust", {}, i, s) for i, s in enumerate(seconds)]

    return {"ppo_thrust": sample}
