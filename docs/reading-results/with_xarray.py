"""The same with xarray, which knows the axes by name.

    python3 with_xarray.py Results/sweep/VARIANT/1 out
"""
import json
import pathlib
import sys

import matplotlib
import xarray

matplotlib.use("Agg")
import matplotlib.pyplot as plot

run, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
out.mkdir(parents=True, exist_ok=True)

# 1. The curve: each series is indexed by its own steps, <name>_step.
model = pathlib.Path(json.loads((run / "inputs.json").read_text())["model"])
loss = xarray.open_dataset(model / "metrics.h5", group="train", engine="h5netcdf")["loss"]
print("loss", {int(step): float(value) for step, value in zip(loss["loss_step"], loss)})
loss.plot()
plot.savefig(out / "curve-xarray.png")

# 2. An image, and the mean colour of every image, by the names of the axes.
samples = xarray.open_dataset(run / "samples.h5", engine="h5netcdf")
print(samples["images"].dims, samples["images"].sizes["sample"], "images")
print(samples["images"].mean(["row", "column"]).sel(channel="red").values)
samples["images"].isel(sample=0).plot.imshow(yincrease=False)  # row 0 is at the top
plot.savefig(out / "sample-xarray.png")

# 3. Every run of a sweep as one array: variant and seed as axes.
made = []
for path in sorted(run.parent.parent.glob("*/*/samples.h5")):
    made.append(
        xarray.open_dataset(path, engine="h5netcdf")[["images"]]
        .expand_dims(variant=[path.parent.parent.name], seed=[int(path.parent.name)]))
both = xarray.combine_by_coords(made)["images"].astype("float32")
print(both.sizes)
print(both.mean(["sample", "row", "column", "channel"]).to_pandas())
