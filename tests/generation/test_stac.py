"""The STAC item says where, when, from what, and names every file with its checksum."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pystac
import pytest
import rasterio
from pystac.errors import STACValidationError
from shapely.geometry import shape

from generation.samples import COLLECTIONS, SOFTWARE, on_grid, stored, task
from icestream_core.delivery import Delivery, geotiff
from icestream_core.errors import GranuleError
from icestream_core.grid import CHINA_025, EASE_NL, Grid, lonlat, modis_tile
from icestream_generation.generate import generate
from icestream_generation.stac import EXTENSIONS, validate_item

DELIVERY = geotiff("S9", "{period:%Y%j}.tif", "field", unit="K", nodata=-1)


def item_of(out: Path, grid: Grid, *deliveries: Delivery) -> Path:
    files = {"field": [stored(out / "in.npz", {"tb": np.full(grid.shape, 250.0, np.float32)}, grid, sensor="ssmis")]}
    product = on_grid(grid, lambda field: {"field": field["tb"]}, deliveries=deliveries or (DELIVERY,))
    (out / "made").mkdir()
    generate(product, task(product, files), files, COLLECTIONS, out / "made", SOFTWARE)
    return out / "made" / "sample-field.20140201.stac.json"


@pytest.mark.parametrize("grid", [CHINA_025, EASE_NL, modis_tile("h25v05", 120)], ids=lambda grid: grid.name)
def test_an_item_is_valid_whatever_its_grid(grid: Grid, tmp_path: Path) -> None:
    item = validate_item(item_of(tmp_path, grid))
    outline = shape(item["geometry"])
    assert outline.is_valid
    assert outline.bounds == pytest.approx(item["bbox"], abs=1e-5)
    assert item["properties"]["proj:shape"] == list(grid.shape)
    assert item["properties"]["proj:transform"][:6] == list(grid.transform)


def test_a_grid_without_a_code_states_its_projection_in_words(tmp_path: Path) -> None:
    item = validate_item(item_of(tmp_path, modis_tile("h25v05", 120)))
    assert item["properties"]["proj:code"] is None
    assert "Sinusoidal" in item["properties"]["proj:wkt2"]


def test_a_delivery_on_a_grid_of_its_own_says_where_its_cells_are(tmp_path: Path) -> None:
    tile, degrees = modis_tile("h25v05", 120), lonlat("degrees", 80.0, 40.0, 0.1, 50, 30)
    own = geotiff("S8", "own_{period:%Y%j}.tif", "field", unit="K", nodata=-1, grid=degrees)
    assets = validate_item(item_of(tmp_path, tile, DELIVERY, own))["assets"]
    asset = assets["own_2014032.tif"]
    with rasterio.open(tmp_path / "made" / "own_2014032.tif") as file:
        assert asset["proj:shape"] == list(file.shape)
        assert asset["proj:transform"] == list(file.transform)
        assert asset["proj:bbox"] == pytest.approx(list(file.bounds))
    assert asset["proj:code"] == "EPSG:4326"
    assert "Sinusoidal" not in asset["proj:wkt2"]
    assert not [name for each in (assets["2014032.tif"], assets["data"]) for name in each if name.startswith("proj:")]


def test_pystac_reads_the_item(tmp_path: Path) -> None:
    item = pystac.Item.from_file(str(item_of(tmp_path, CHINA_025)))
    assert item.id == "sample-field.20140201"
    assert item.common_metadata.platform == "F17"
    assert item.common_metadata.instruments == ["ssmis"]
    assert item.common_metadata.start_datetime is not None
    assert set(item.assets) == {"data", "2014032.tif", "quicklook"}
    assert item.assets["data"].media_type == "application/netcdf"


def test_the_fields_of_the_extensions_are_there(tmp_path: Path) -> None:
    item: dict[str, Any] = json.loads(item_of(tmp_path, CHINA_025).read_text())
    assert sorted(item["stac_extensions"]) == sorted(EXTENSIONS.values())
    assert item["properties"]["processing:software"] == {"icestream": "0.1.0", "numpy": "2"}
    assert item["properties"]["processing:level"] == "L3"
    assert item["properties"]["proj:code"] == "EPSG:4326"
    (band,) = item["assets"]["data"]["bands"]
    assert (band["name"], band["unit"], band["data_type"], band["nodata"]) == ("field", "K", "float32", "nan")
    assert band["raster:spatial_resolution"] == pytest.approx(27_800, rel=0.01)
    assert all(asset["file:checksum"].startswith("1220") for asset in item["assets"].values())
    assert all(len(asset["file:checksum"]) == 68 for asset in item["assets"].values())


def test_every_input_is_linked_by_its_name_and_not_by_its_place(tmp_path: Path) -> None:
    path = item_of(tmp_path, CHINA_025)
    links = [link for link in json.loads(path.read_text())["links"] if link["rel"] == "derived_from"]
    assert [link["href"] for link in links] == ["urn:icestream:stored:in"]
    assert links[0]["icestream:checksum"].startswith("sha256:")
    assert "file://" not in path.read_text()


def test_an_item_that_is_none_is_refused(tmp_path: Path) -> None:
    path = item_of(tmp_path, CHINA_025)
    item = json.loads(path.read_text())
    del item["properties"]["datetime"]
    path.write_text(json.dumps(item))
    with pytest.raises(STACValidationError):
        validate_item(path)


def test_a_file_that_was_changed_is_noticed(tmp_path: Path) -> None:
    path = item_of(tmp_path, CHINA_025)
    picture = path.parent / "sample-field.20140201.png"
    picture.write_bytes(picture.read_bytes()[:-1] + b"x")
    with pytest.raises(GranuleError, match=r"asset quicklook of .* has another checksum"):
        validate_item(path)
