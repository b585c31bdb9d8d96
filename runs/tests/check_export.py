"""Plays exported policies again, by onnxruntime and by numpy, against the actions that Sparring took.

    python runs/tests/check_export.py READER DIR...

READER is a file with the lines that runs/docs/export.md reads safetensors with; each DIR was written by
`sparring export --samples`. Discrete actions must be equal, others to 1e-5. Needs numpy and onnxruntime.
"""

import pathlib
import runpy
import sys

import numpy as np
import onnxruntime
from numpy.lib.stride_tricks import sliding_window_view

MOST_LINES = 20
TOLERANCE = 1e-5


def windows(x, of, fill):
    """(n, channels, rows, columns) -> (n, channels, out rows, out columns, kernel rows, kernel columns)."""
    above, left, below, right = of["pads"]
    x = np.pad(x, ((0, 0), (0, 0), (above, below), (left, right)), constant_values=fill)
    return sliding_window_view(x, of["kernel"], (2, 3))[:, :, :: of["stride"], :: of["stride"]]


def through(layer, weight, bias, x):
    conv = layer["conv"]
    if conv is None:
        x = x.reshape(len(x), -1) @ weight.T + bias
    else:
        seen = windows(x.reshape(len(x), *conv["input"]), conv, 0.0)
        kernel = weight.reshape(-1, *seen.shape[1:2], *conv["kernel"])
        x = np.einsum("ncyxhw,ochw->noyx", seen, kernel, optimize=True) + bias[:, None, None]
    return {"identity": lambda x: x, "relu": lambda x: np.maximum(x, 0), "tanh": np.tanh}[layer["activation"]](x)


def outputs(policy, arrays, weight, x):
    """What the last layer gives, by the words of runs/docs/export.md."""
    about, kept = policy["observation"], []
    x = x.reshape(len(x), -1).astype(np.float32) / np.float32(about["divisor"])
    if scale := about["scale"]:
        scaled = (x.astype(np.float64) - scale["mean"]) / scale["deviation"]
        x = np.clip(scaled, -scale["clip"], scale["clip"]).astype(np.float32)
    for layer in policy["layers"]:
        x = through(layer, weight(layer), arrays[layer["name"] + ".bias"], x)
        for join in layer["then"]:
            if join == "save":
                kept.append(x)
            elif join == "add":
                x = x + kept.pop()
            elif join == "relu":
                x = np.maximum(x, 0)
            elif "layer_norm" in join:
                of = join["layer_norm"]
                x = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + np.float32(of["epsilon"]))
                x = x * arrays[of["name"] + ".weight"] + arrays[of["name"] + ".bias"]
            else:
                x = windows(x, join["max_pool"], -np.inf).max((4, 5))
    return x.reshape(len(x), -1)


def action(policy, x):
    about = policy["action"]
    if about["kind"] == "largest":
        return x[:, about["first"] :].argmax(1)
    low, high = (np.array(about[side], np.float32) for side in ("low", "high"))
    a = np.tanh(x[:, : len(low)])
    return np.clip(low * (0.5 - 0.5 * a) + high * (0.5 + 0.5 * a), low, high)


def differ(found, expected, what):
    assert found.shape == expected.shape, f"{what}: {found.shape}, not {expected.shape}"
    if expected.dtype == np.int64:
        wrong = int((found != expected).sum())
        assert wrong == 0, f"{what}: {wrong} of {len(expected)} actions differ"
        return 0.0
    most = float(np.abs(found - expected).max())
    assert most <= TOLERANCE, f"{what}: actions differ by {most}"
    return most


def check(reader, folder):
    policy, samples = reader["load"](folder / "samples.safetensors")
    observation, expected = samples["observation"], samples["action"]
    session = onnxruntime.InferenceSession(str(folder / "policy.onnx"))
    found, output = session.run(["action", "output"], {"observation": observation})
    most = differ(found, expected, f"{folder}: onnx")
    about, dense = reader["load"](folder / "dense.safetensors")
    assert about == policy, f"{folder}: two descriptions"
    about, csr = reader["load"](folder / "csr.safetensors")
    assert about == policy, f"{folder}: two descriptions"
    for layer in policy["layers"]:
        weight = dense[layer["name"] + ".weight"]
        sparse = reader["matrix"](layer, csr)
        assert (sparse == weight.reshape(sparse.shape)).all(), f"{folder}: {layer['name']}"
        assert len(csr[layer["name"] + ".data"]) == layer["nnz"]
    by_csr = outputs(policy, csr, lambda layer: reader["matrix"](layer, csr), observation)
    by_dense = outputs(policy, dense, lambda layer: dense[layer["name"] + ".weight"], observation)
    assert np.abs(by_csr - output).max() <= TOLERANCE * (1 + np.abs(output).max()), f"{folder}: output"
    for what, x in [("csr", by_csr), ("dense", by_dense)]:
        differ(action(policy, x), expected, f"{folder}: {what}")
    return len(expected), len(np.unique(expected)) > 1, most


def main():
    source = pathlib.Path(sys.argv[1])
    lines = [line for line in source.read_text().splitlines() if line.strip()]
    assert 10 < len(lines) <= MOST_LINES, f"the reader of the document has {len(lines)} lines"
    reader = runpy.run_path(str(source))
    found = [check(reader, pathlib.Path(folder)) for folder in sys.argv[2:]]
    count, most = sum(n for n, _, _ in found), max(most for _, _, most in found)
    # One that always does the same shows little.
    assert sum(varied for _, varied, _ in found) >= 0.8 * len(found), "too many policies do one thing alone"
    print(f"{len(found)} policies, {count:,} observations: onnxruntime and numpy act alike (within {most:.1e})")


if __name__ == "__main__":
    main()
