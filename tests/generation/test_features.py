"""Outlines go into a GeoPackage with what is known of them, and come back."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
from shapely.geometry import LineString, Point

from generation.samples import COLLECTIONS, SOFTWARE, on_grid, stored, task
from icestream_core.delivery import Delivery
from icestream_core.errors import GranuleError, ProductError
from icestream_core.grid import lonlat
from icestream_core.product import Features, Product
from icestream_core.variable import Flags, Variable
from icestream_generation.features import read_features
from icestream_generation.manifest import sha256
from icestream_generation.stac import validate_item

SMALL = lonlat("small", 90.0, 40.0, 1.0, 3, 2)
OUTLINES = [
    (Point(600_000, 3_400_000).buffer(20_000), {"name": "Gangdisê", "area": 1.2e9, "surface": 1}),
    (Point(650_000, 3_450_000).buffer(10_000), {"name": "Nyainqêntanglha", "area": 3.1e8, "surface": 2}),
]


def outlines(returned: Any = OUTLINES, **fields: Any) -> Product:
    given: dict[str, Any] = {
        "kind": Features(geometry="MultiPolygon", crs="EPSG:32645"),
        "writes": {
            "area": Variable(unit="m2", long_name="area", valid=(0, 1e11), dtype="float64"),
            "surface": Flags(long_name="surface", meanings={1: "clean_ice", 2: "debris_covered_ice"}),
        },
        "deliveries": tuple(
            Delivery(
                name=form, dataset="S10", format=form, filename="outlines_{period:%Y%j}" + suffix, variable="area",
                unit="m2", nodata=-1,
            )
            for form, suffix in (("shapefile", ".shp"), ("geopackage", ".gpkg"))
        ),
    }  # fmt: skip
    return on_grid(SMALL, lambda **_: returned, **(given | fields))


def make(out: Path, product: Product) -> Path:
    from icestream_generation.generate import generate

    out.mkdir()
    files = {"field": [stored(out.parent / "in.npz", {"tb": np.zeros(SMALL.shape, np.float32)}, SMALL)]}
    generate(product, task(product, files), files, COLLECTIONS, out, SOFTWARE)
    return out


def test_outlines_come_back_with_their_attributes(tmp_path: Path) -> None:
    found = read_features(make(tmp_path / "made", outlines()) / "sample-field.20140201.gpkg")
    assert [given["name"] for _, given in found] == ["Gangdisê", "Nyainqêntanglha"]
    assert [given["area"] for _, given in found] == [1.2e9, 3.1e8]
    assert [given["surface"] for _, given in found] == [1, 2]
    assert found[0][0].area == pytest.approx(OUTLINES[0][0].area)
    validate_item(tmp_path / "made" / "sample-field.20140201.stac.json")


def test_a_shapefile_is_delivered_whole(tmp_path: Path) -> None:
    out = make(tmp_path / "made", outlines())
    assert {path.suffix for path in out.glob("outlines_2014032.*")} == {
        ".shp", ".shx", ".dbf", ".prj", ".cpg", ".gpkg",
    }  # fmt: skip
    meta, _, geometry, columns = pyogrio.raw.read(out / "outlines_2014032.shp")
    assert meta["crs"] == "EPSG:32645"
    assert len(geometry) == 2
    assert columns[list(meta["fields"]).index("name")][0] == "Gangdisê"


def test_the_same_outlines_give_the_same_bytes_at_another_time(tmp_path: Path) -> None:
    first = make(tmp_path / "first", outlines())
    time.sleep(1.1)
    second = make(tmp_path / "second", outlines())
    for path in first.iterdir():
        assert sha256(path) == sha256(second / path.name), path.name


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ({"area": [1]}, "wanted .geometry, attributes. pairs"),
        ([], "returned no features"),
        ([(LineString([(0, 0), (1, 1)]), {"area": 1.0, "surface": 1})], "LineString; its record says MultiPolygon"),
        ([(OUTLINES[0][0], {"area": -1.0, "surface": 1})], "area lies outside of 0 to 1e.11 m2"),
        ([(OUTLINES[0][0], {"area": 1.0, "surface": 7})], "surface holds 7 in 1 cells"),
        ([(OUTLINES[0][0], {"area": 1.0})], "its record promises area, surface"),
    ],
)
def test_outlines_that_break_a_promise_are_refused(returned: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(ProductError, match=said):
        make(tmp_path / "made", outlines(returned))


def test_what_is_no_geopackage_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    path.write_bytes(b"SQLite format 3\x00 and no more")
    with pytest.raises(GranuleError, match=r"a\.gpkg cannot be read as GeoPackage"):
        read_features(path)


@pytest.mark.parametrize(
    "damage", ["UPDATE gpkg_contents SET data_type = 'attributes'", "UPDATE {layer} SET geom = NULL"]
)
def test_features_without_a_geometry_are_refused(damage: str, tmp_path: Path) -> None:
    path = make(tmp_path / "made", outlines()) / "sample-field.20140201.gpkg"
    with closing(sqlite3.connect(path)) as database, database:
        for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{trigger}"')
        ((layer,),) = database.execute("SELECT table_name FROM gpkg_contents").fetchall()
        database.execute("PRAGMA foreign_keys = OFF")
        database.execute(damage.format(layer=f'"{layer}"'))
    with pytest.raises(GranuleError, match="has rows without a geometry"):
        read_features(path)
