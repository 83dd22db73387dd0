"""A variable with layers: a dimension more in the file, a band for each in the GeoTIFF, and more variables behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import xarray as xr

from generation.samples import COLLECTIONS, SOFTWARE, on_grid, stored, task
from icestream_core.delivery import geotiff
from icestream_core.errors import GranuleError, ProductError
from icestream_core.grid import lonlat
from icestream_core.product import Product
from icestream_core.task import TaskInput
from icestream_core.variable import Variable
from icestream_generation.compliance import findings
from icestream_generation.fetched import Fetched
from icestream_generation.generate import generate
from icestream_generation.opened import open_fetched

SMALL = lonlat("small", 70.0, 40.0, 0.5, 8, 6)
YEARS = (2018, 2017, 2016)
WRITES = {
    "onset": Variable(unit="d", long_name="day of onset", valid=(0, 366), dtype="int16", along="year"),
    "altitude": Variable(unit="m", long_name="height of the ground", valid=(0, 9000)),
}
DELIVERY = geotiff("S1", "{period:%j}.tif", "onset", unit="d", nodata=-1, dtype="int16", behind=("altitude",))


def layered(field: xr.Dataset) -> dict[str, Any]:
    """Return as many layers as there are years; one cell of the second is missing."""
    onset = np.stack([np.full(SMALL.shape, 100.0 + number) for number in range(len(YEARS))])
    onset[1, 0, 0] = np.nan
    return {"onset": xr.DataArray(onset, {"year": list(YEARS)}, ("year", "y", "x")), "altitude": field["tb"]}


def make(out: Path, compute: Any = layered, **given: Any) -> Product:
    product = on_grid(SMALL, compute, **{"writes": WRITES, "deliveries": (DELIVERY,)} | given)
    files = {"field": [stored(out / "in.npz", {"tb": np.full(SMALL.shape, 4500.4, np.float32)}, SMALL)]}
    (out / "made").mkdir()
    generate(product, task(product, files), files, COLLECTIONS, out / "made", SOFTWARE)
    return product


def test_the_geotiff_has_a_band_for_each_layer_in_their_order_and_what_is_behind(tmp_path: Path) -> None:
    make(tmp_path)
    with rasterio.open(tmp_path / "made" / "032.tif") as file:
        assert file.descriptions == ("2018", "2017", "2016", "altitude")
        assert file.units == ("d", "d", "d", "m")
        values = file.read()
        assert (file.nodata, values.dtype, file.shape) == (-1, np.int16, SMALL.shape)
    assert values[:, 0, 0].tolist() == [100, -1, 102, 4500]
    assert values[:, 5, 7].tolist() == [100, 101, 102, 4500]


def test_layers_are_cut_and_regridded_each(tmp_path: Path) -> None:
    cut = SMALL.window("cut", 0, 0, 2, 1)
    make(tmp_path, deliveries=(DELIVERY.model_copy(update={"grid": cut}),))
    with rasterio.open(tmp_path / "made" / "032.tif") as file:
        assert file.read().tolist() == [[[100, 100]], [[-1, 101]], [[102, 102]], [[4500, 4500]]]


def test_the_file_holds_the_layers_with_their_coordinate_and_passes_the_checker(tmp_path: Path) -> None:
    product = make(tmp_path)
    (master,) = (tmp_path / "made").glob("*.nc")
    assert [each for each in findings(master) if "standard_name" not in each] == []
    with xr.open_dataset(master, engine="h5netcdf") as data:
        assert data["onset"].dims == ("year", "lat", "lon")
        assert data["year"].values.tolist() == list(YEARS)
        assert data["altitude"].dims == ("lat", "lon")
    told = stored(tmp_path / "other.npz", {"tb": np.zeros(SMALL.shape)}, SMALL).granule
    ours = told.model_copy(update={"collection": product.name, "source_format": "icestream"})
    with pytest.raises(GranuleError, match="variable 'onset' has dimensions"):
        open_fetched(Fetched(TaskInput(granule=ours), master), COLLECTIONS, SMALL)


def other(**changed: Any) -> Any:
    return lambda field: layered(field) | changed


GRID_ONLY = np.zeros(SMALL.shape)


@pytest.mark.parametrize(
    ("onset", "reason"),
    [
        (np.zeros((3, *SMALL.shape)), "without its dimension and coordinate 'year'"),
        (xr.DataArray(GRID_ONLY, dims=("y", "x")), "without its dimension and coordinate 'year'"),
        (xr.DataArray(np.zeros((2, 3, 4)), {"year": [1, 2]}, ("year", "y", "x")), "has shape"),
    ],
)
def test_layers_that_do_not_say_where_they_stand_are_refused(tmp_path: Path, onset: Any, reason: str) -> None:
    with pytest.raises(ProductError, match=reason):
        make(tmp_path, other(onset=onset))


def test_two_variables_along_one_dimension_have_the_same_layers(tmp_path: Path) -> None:
    second = WRITES["onset"].model_copy(update={"long_name": "day of the end"})
    end = xr.DataArray(np.zeros((3, *SMALL.shape)), {"year": [1, 2, 3]}, ("year", "y", "x"))
    with pytest.raises(ProductError, match="end has other layers along 'year'"):
        make(tmp_path, other(end=end), writes=WRITES | {"end": second})


def test_a_plain_variable_has_no_layers(tmp_path: Path) -> None:
    with pytest.raises(ProductError, match="altitude has shape"):
        make(tmp_path, other(altitude=np.zeros((3, *SMALL.shape))))
