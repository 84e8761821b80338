"""Curve, image and comparison with h5py, pandas and matplotlib.

    python3 h5py_pandas.py Results/sweep/VARIANT/1 out

Run it where the experiment was run: a run names what it trained by paths from there.
"""
import json
import pathlib
import sys

import h5py
import matplotlib
import pandas

matplotlib.use("Agg")
import matplotlib.pyplot as plot

run, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
out.mkdir(parents=True, exist_ok=True)

# 1. The curve: what a stage trained lies in a folder that inputs.json names.
model = pathlib.Path(json.loads((run / "inputs.json").read_text())["model"])
with h5py.File(model / "metrics.h5") as file:
    train = file["train"]
    names = [name for name in train if not name.endswith("_step")]
    curve = pandas.DataFrame({name: train[name][:] for name in names}, index=train["loss_step"][:].astype(int))
curve.index.name = "step"
print(curve.to_string())
curve.plot(y="loss", title=run.as_posix()).figure.savefig(out / "curve.png")

# 2. An image: [sample, row, column, channel], bytes; HDF5 numbers axes as numpy does.
with h5py.File(run / "samples.h5") as file:
    first, name = file["images"][0], file["class_name"].asstr()[file["label"][0]]
    print("a", name, first.shape, first.dtype)
plot.imsave(out / "sample.png", first)

# 3. Runs of a sweep beside each other: every run keeps its numbers and settings in results.json. A folder <variant>-<hash>
# holds runs that are equal but for their seed.
rows = []
for path in sorted(run.parent.parent.glob("*/*/results.json")):
    result = json.loads(path.read_text())
    rows.append({"variant": path.parent.parent.name, "seed": result["seed"]}
                | {number["name"]: number["value"] for number in result["measurements"]})
runs = pandas.DataFrame(rows)
print(runs.drop(columns="seed").groupby("variant").agg(["mean", "std", "count"]).to_string())
