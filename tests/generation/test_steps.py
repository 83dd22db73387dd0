"""A quantity stored in steps: other programs, our own products and the catalogue read the same values."""

from __future__ import annotations

import json
from pathlib import Path

import h5netcdf
import numpy as np
import rasterio
import xarray as xr

from generation.samples import COLLECTIONS, SOFTWARE, on_grid, stored, task
from icestream_core.delivery import geotiff
from icestream_core.grid import lonlat
from icestream_core.variable import Variable
from icestream_generation.compliance import findings
from icestream_generation.generate import generate
from icestream_generation.product_output import open_output

SMALL = lonlat("small", 70.0, 40.0, 0.5, 8, 6)
LEVEL = Variable(
    unit="K", standard_name="brightness_temperature", long_name="level", valid=(50, 350), dtype="int16", step=0.02
)


def test_whole_numbers_of_32_bits_stay_whole_in_every_form(tmp_path: Path) -> None:
    area = Variable(unit="m2", long_name="area", valid=(0, 2_147_483_647), dtype="int32")
    fine = Variable(unit="m", long_name="distance", valid=(0, 1_000_000), dtype="int32", step=0.001)
    largest = np.full(SMALL.shape, 2_147_483_647.0)
    largest[0, :2] = np.nan, 16_777_217.0
    far = np.full(SMALL.shape, 999_999.999)
    deliveries = (geotiff("S1", "{period:%j}.tif", "area", unit="m2", nodata=-1, dtype="int32"),)
    product = on_grid(
        SMALL, lambda **_: {"area": largest, "far": far}, writes={"area": area, "far": fine}, deliveries=deliveries
    )
    files = {"field": [stored(tmp_path / "in.npz", {"tb": np.zeros(SMALL.shape)}, SMALL)]}
    made = tmp_path / "made"
    made.mkdir()
    generate(product, task(product, files), files, COLLECTIONS, made, SOFTWARE)

    (master,) = made.glob("*.nc")
    ours = open_output(master).data
    np.testing.assert_array_equal(ours["area"].values, largest)
    np.testing.assert_allclose(ours["far"].values, far, atol=1e-6, rtol=0)
    with xr.open_dataset(master, engine="h5netcdf") as data:
        np.testing.assert_array_equal(data["far"].values, ours["far"].values)
    with rasterio.open(made / "032.tif") as file:
        np.testing.assert_array_equal(file.read(1), np.nan_to_num(largest, nan=-1))


def test_whoever_reads_it_reads_the_same(tmp_path: Path) -> None:
    values = np.linspace(60, 349.99, 48, dtype=np.float32).reshape(SMALL.shape)
    values[0, 0] = np.nan
    delivery = geotiff("S1", "{period:%j}.tif", "level", unit="degC", nodata=-9999)
    product = on_grid(SMALL, lambda field: {"level": field["tb"]}, writes={"level": LEVEL}, deliveries=(delivery,))
    files = {"field": [stored(tmp_path / "in.npz", {"tb": values}, SMALL)]}
    made = tmp_path / "made"
    made.mkdir()
    generate(product, task(product, files), files, COLLECTIONS, made, SOFTWARE)

    (master,) = made.glob("*.nc")
    with h5netcdf.File(master) as file:
        level = file.variables["level"]
        assert (level.dtype, level.attrs["scale_factor"]) == (np.int16, np.float32(0.02))
        assert level.attrs["valid_range"].tolist() == [2500, 17500]
    assert findings(master) == []
    with xr.open_dataset(master, engine="h5netcdf") as data:
        assert data["level"].dtype == np.float32
        np.testing.assert_allclose(data["level"].values, values, atol=0.0101)
        ours = open_output(master).data["level"]
        np.testing.assert_array_equal(ours.values, data["level"].values)
    with rasterio.open(made / "032.tif") as file:
        np.testing.assert_allclose(file.read(1)[0, 1:], values[0, 1:] - 273.15, atol=0.0101)
        assert file.read(1)[0, 0] == -9999
    (item,) = made.glob("*.stac.json")
    (band,) = json.loads(item.read_text())["assets"]["data"]["bands"]
    assert (band["data_type"], band["raster:scale"], band["nodata"]) == ("int16", 0.02, -32768)
