"""Reads run folders back with TensorBoard's own EventAccumulator.

    python runs/tests/read_events.py DIR...

Every value of every metrics.csv must be in the events (in f32) at its step and nothing may be there
twice, but what the job came to; the resolved config must be in the text tab, with no cell around it. Needs
the package `tensorboard`.
"""

import csv
import pathlib
import struct
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

# Derived from the columns env_step and wall_s of metrics.csv, so only a view of them; so are milliseconds.
CLOCK = {"train/env_steps_per_s"}
# What status.yaml says of the end, for the tab HParams.
FINAL = {"final/score", "final/active_parameters", "final/training_flops", "final/seconds"}


def f32(value):
    return struct.unpack("f", struct.pack("f", value))[0]


def check(job):
    events = EventAccumulator(str(job), size_guidance={"scalars": 0, "tensors": 0})
    events.Reload()
    tags = events.Tags()
    seen = {(tag, e.step): e.value for tag in tags["scalars"] for e in events.Scalars(tag)}
    count = sum(len(events.Scalars(tag)) for tag in tags["scalars"])
    assert count == len(seen), f"{job}: {count - len(seen)} values twice"
    with open(job / "metrics.csv", newline="") as file:
        rows = {(r["tag"], int(r["env_step"])): float(r["value"]) for r in csv.DictReader(file)}
    others = CLOCK | FINAL | {tag for tag, _ in seen if tag.endswith("/ms")}
    view = {key: value for key, value in seen.items() if key[0] not in others}
    assert view.keys() == rows.keys(), f"{job}: {sorted(view.keys() ^ rows.keys())[:5]}"
    for key, value in rows.items():
        assert view[key] == f32(value), f"{job}: {key} is {value}, TensorBoard has {view[key]}"
    assert CLOCK | FINAL <= {tag for tag, _ in seen}, f"{job}: not all of {CLOCK | FINAL}"
    (config,) = events.Tensors("config")
    text = config.tensor_proto.string_val[0].decode()
    assert not config.tensor_proto.tensor_shape.dim, f"{job}: the text is shown as a table"
    resolved = (job / "resolved.yaml").read_text()
    assert resolved in text, f"{job}: the text tab has not the resolved config"
    metadata = events.SummaryMetadata("config")
    assert metadata.plugin_data.plugin_name == "text", metadata
    return len(rows)


def main():
    assert sys.argv[1:], "no folders"
    for root in map(pathlib.Path, sys.argv[1:]):
        jobs = sorted(path.parent for path in root.glob("**/metrics.csv"))
        assert jobs, f"no jobs in {root}"
        values = sum(check(job) for job in jobs)
        print(f"{root.name}: {len(jobs)} jobs, {values} values: metrics.csv and TensorBoard agree")


if __name__ == "__main__":
    main()
