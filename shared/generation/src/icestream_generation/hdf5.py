"""Plain HDF5, for datasets that promise it: one data set with its places, units, fill value, and the words of codes."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from icestream_core.delivery import Delivery
from icestream_core.grid import Grid
from icestream_core.variable import Flags, Written
from icestream_generation.described import comment
from icestream_generation.geolocation import centres
from icestream_generation.provenance import Provenance


def write_hdf5(
    path: Path, delivery: Delivery, grid: Grid, values: np.ndarray, written: Written, provenance: Provenance
) -> None:
    """Write one variable and the coordinates of its columns and rows."""
    across, along = ("longitude", "latitude") if grid.is_geographic else ("x", "y")
    x, y = centres(grid)
    with h5py.File(path, "x") as file:
        data = file.create_dataset(
            delivery.variable, data=values, compression="gzip", compression_opts=4, shuffle=True, fletcher32=True
        )
        data.attrs.update(
            {"units": delivery.unit, "long_name": written.long_name, "_FillValue": values.dtype.type(delivery.nodata)}
        )
        if isinstance(written, Flags):
            codes = sorted(written.meanings)
            words = " ".join(written.meanings[code] for code in codes)
            data.attrs.update({"flag_values": np.array(codes, values.dtype), "flag_meanings": words})
        for name, places in ((along, y), (across, x)):
            file.create_dataset(name, data=places)
        file.create_dataset("provenance", data=provenance.record)
        file.attrs.update(
            {
                "title": provenance.product.title,
                "dataset": delivery.dataset,
                "slot": provenance.task.slot.key,
                "comment": comment(provenance),
                "crs": grid.crs,
                "transform": np.array(grid.transform),
            }
        )
