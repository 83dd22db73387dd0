"""Tables are CF's discrete sampling geometries, and come back as the rows they were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from generation.samples import COLLECTIONS, SOFTWARE, china_depth, on_grid, stored, task
from icestream_core.delivery import Delivery
from icestream_core.errors import ProductError, RecordError
from icestream_core.grid import lonlat
from icestream_core.product import Product, Table
from icestream_generation.compliance import findings
from icestream_generation.generate import generate
from icestream_generation.product_output import open_output
from icestream_generation.stac import validate_item

SMALL = lonlat("small", 90.0, 40.0, 1.0, 3, 2)
ROWS: dict[str, Any] = {
    "station": np.array(["Nagqu", "Amdo", "Nagqu"]),
    "latitude": np.array([31.5, 32.2, 31.5]),
    "longitude": np.array([92.1, 91.7, 92.1]),
    "time": np.array(["2014-02-01T06", "2014-02-01T00", "2014-02-01T00"], "datetime64[ns]"),
    "snow_depth": np.array([0.1, np.nan, 0.3]),
    "quality": np.array([0, 1, 0]),
}


def table(rows: dict[str, Any], kind: Table | None = None, **fields: Any) -> Product:
    csv = Delivery(
        name="s02", dataset="S02", format="csv", filename="{period:%Y%j}.csv", variable="snow_depth", unit="cm",
        nodata=-999, number_format="%.1f",
    )  # fmt: skip
    given: dict[str, Any] = {"kind": kind or Table(), "writes": china_depth().writes, "deliveries": (csv,)}
    return on_grid(SMALL, lambda **_: rows, **(given | fields))


def make(tmp_path: Path, product: Product) -> Path:
    files = {"field": [stored(tmp_path / "in.npz", {"tb": np.zeros(SMALL.shape, np.float32)}, SMALL)]}
    out = tmp_path / "made"
    out.mkdir()
    generate(product, task(product, files), files, COLLECTIONS, out, SOFTWARE)
    return out


@pytest.mark.parametrize("feature", ["timeSeries", "trajectory", "point"])
def test_the_checker_finds_nothing_on_any_table(feature: Any, tmp_path: Path) -> None:
    rows = {name: column for name, column in ROWS.items() if feature != "point" or name != "station"}
    out = make(tmp_path, table(rows, Table(feature=feature)))
    assert findings(out / "sample-field.20140201.nc") == []
    validate_item(out / "sample-field.20140201.stac.json")


def test_rows_come_back_sorted_by_instance_and_time(tmp_path: Path) -> None:
    data = open_output(make(tmp_path, table(ROWS)) / "sample-field.20140201.nc").data
    assert data["station"].values.tolist() == ["Amdo", "Nagqu", "Nagqu"]
    np.testing.assert_array_equal(data["snow_depth"].values, np.array([np.nan, 0.3, 0.1], np.float32))
    assert data["latitude"].values.tolist() == [32.2, 31.5, 31.5]
    assert data["time"].values[-1] == np.datetime64("2014-02-01T06")


def test_names_are_kept_in_every_script(tmp_path: Path) -> None:
    rows = ROWS | {"station": np.array(["那曲", "Ängelholm", "那曲"])}
    data = open_output(make(tmp_path, table(rows)) / "sample-field.20140201.nc").data
    assert set(data["station"].values.tolist()) == {"那曲", "Ängelholm"}


def test_the_file_is_a_ragged_array_that_xarray_reads(tmp_path: Path) -> None:
    with xr.open_dataset(make(tmp_path, table(ROWS)) / "sample-field.20140201.nc") as data:
        assert data.attrs["featureType"] == "timeSeries"
        assert data["row_size"].values.tolist() == [1, 2]
        assert data["snow_depth"].dims == ("obs",)


def test_a_csv_is_in_its_unit_with_its_nodata(tmp_path: Path) -> None:
    text = (make(tmp_path, table(ROWS)) / "2014032.csv").read_text()
    assert text.splitlines() == [
        "station,latitude,longitude,time,snow_depth (cm)",
        "Amdo,32.2,91.7,2014-02-01T00:00:00Z,-999.0",
        "Nagqu,31.5,92.1,2014-02-01T00:00:00Z,30.0",
        "Nagqu,31.5,92.1,2014-02-01T06:00:00Z,10.0",
    ]


def test_rows_without_times_are_of_the_period(tmp_path: Path) -> None:
    rows = {name: column for name, column in ROWS.items() if name != "time"}
    data = open_output(make(tmp_path, table(rows)) / "sample-field.20140201.nc").data
    assert set(data["time"].values.tolist()) == {np.datetime64("2014-02-01", "ns").item()}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"station": None}, "its table lacks station"),
        ({"latitude": np.array([])}, "without rows"),
        ({"longitude": np.array([1.0])}, "columns longitude are not of the length"),
        ({"snow_depth": np.array([2.0, 0.0, 0.0])}, "snow_depth lies outside of 0 to 1 m in 1 of 3"),
    ],
)
def test_a_table_that_breaks_its_promise_is_refused(changed: dict[str, Any], said: str, tmp_path: Path) -> None:
    rows = {name: column for name, column in (ROWS | changed).items() if column is not None}
    with pytest.raises(ProductError, match=said):
        make(tmp_path, table(rows))


def test_a_table_is_no_geotiff(tmp_path: Path) -> None:
    wrong = table(ROWS).deliveries[0].model_copy(update={"format": "geotiff"})
    with pytest.raises(RecordError, match="a table is not written as 'geotiff'"):
        make(tmp_path, table(ROWS, deliveries=(wrong,)))
