"""From files to a directory: real passes, every form, the same bytes each time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import rasterio
import xarray as xr

from generation.samples import COLLECTIONS, DAY, SOFTWARE, china_depth, depth, f17, on_grid, open_ease, stored, task
from icestream_core.delivery import Delivery, ascii_grid, geotiff
from icestream_core.errors import ProductError, RecordError, Void
from icestream_core.grid import CHINA_025, EASE_ML, EASE_NL, Grid, lonlat, modis_tile
from icestream_core.outcome import Manifest
from icestream_core.product import OnGrid, OnLattice, Product
from icestream_core.task import Task
from icestream_core.variable import Flags, Variable
from icestream_generation.compliance import findings
from icestream_generation.generate import Generated, generate
from icestream_generation.manifest import MANIFEST, read_manifest, sha256
from icestream_generation.product_output import open_output
from icestream_generation.provenance import Publisher

SMALL = lonlat("small", 70.0, 40.0, 0.5, 8, 6)


def make(out: Path, product: Product, files: Any, given: Task | None = None, **more: Any) -> Generated:
    out.mkdir(parents=True, exist_ok=True)
    return generate(product, given or task(product, files), files, COLLECTIONS, out, SOFTWARE, **more)


def field(tmp_path: Path, grid: Grid = SMALL, value: float = 250.0) -> dict[str, Any]:
    return {"field": [stored(tmp_path / "in.npz", {"tb": np.full(grid.shape, value, np.float32)}, grid)]}


def same(field: xr.Dataset) -> dict[str, Any]:
    return {"field": field["tb"]}


@pytest.fixture(scope="module")
def made(granules: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the sample depth, from real F17 files."""
    out = tmp_path_factory.mktemp("made")
    product = china_depth()
    make(out, product, f17(granules, product))
    return out


def test_real_passes_come_onto_the_grid_of_china_cell_by_cell(made: Path, granules: Path) -> None:
    """By the formula of the grid: col = 360 + 2 R/C sin(lon) sin(pi/4 - lat/2), row likewise with the cosine."""
    product = china_depth()
    files = f17(granules, product)["tb"]
    h19, h37 = (open_ease(file.path, file.granule).data for file in files if file.path)
    with xr.open_dataset(made / "sample-depth.20140201.nc") as data:
        for lat, lon in [(50.0, 120.25), (45.25, 70.5), (31.0, 95.25), (30.0, 125.25), (54.75, 129.5)]:
            scale = 2 * 6_371_228 / 25_067.525 * np.sin(np.pi / 4 - np.radians(lat) / 2)
            col = round(360 + scale * np.sin(np.radians(lon)))
            row = round(360 + scale * np.cos(np.radians(lon)))
            wanted = np.clip((h19["tb_19h"].values[row, col] - h37["tb_37h"].values[row, col]) * 0.0066, 0, 1)
            np.testing.assert_allclose(data["snow_depth"].sel(lat=lat, lon=lon), wanted, atol=1e-6)
        assert data["snow_depth"].dims == ("lat", "lon")
        assert data["snow_depth"].shape == (161, 321)
        assert 0.7 < float(data["snow_depth"].notnull().mean()) < 0.95


def test_the_ascii_grid_has_the_exact_header_and_the_rows_from_north(made: Path) -> None:
    lines = (made / "2014032.txt").read_text().split("\n")
    assert lines[:6] == [
        "ncols 321",
        "nrows 161",
        "xllcenter 60",
        "yllcenter 15",
        "cellsize 0.25",
        "NODATA_value -1",
    ]
    assert lines[-1] == ""
    text = np.array([line.split(" ") for line in lines[6:-1]], float)
    with xr.open_dataset(made / "sample-depth.20140201.nc") as data:
        wanted = np.nan_to_num(data["snow_depth"].values * 100, nan=-1)
    np.testing.assert_allclose(text, wanted, atol=0.00501)


def test_the_geotiff_is_in_its_unit_on_its_grid(made: Path) -> None:
    with (
        rasterio.open(made / "SD_2014032.tif") as file,
        xr.open_dataset(made / "sample-depth.20140201.nc") as data,
    ):
        assert file.crs.to_epsg() == 4326
        assert tuple(file.transform)[:6] == CHINA_025.transform
        assert file.units == ("cm",)
        assert file.nodata == -1
        assert file.tags()["dataset"] == "S35"
        assert file.tags()["comment"] == data.attrs["comment"]
        np.testing.assert_allclose(file.read(1), np.nan_to_num(data["snow_depth"].values * 100, nan=-1), atol=1e-4)


def test_the_file_tells_what_it_was_made_from_and_how_far_to_trust_it(made: Path) -> None:
    with xr.open_dataset(made / "sample-depth.20140201.nc") as data:
        told = data.attrs
        record = json.loads(str(data["provenance"].values))
    assert told["icestream_fidelity"] == "published-formula"
    assert "The screening is left out." in told["comment"]
    assert "stated by the original authors, not for this file: about 6 cm" in told["comment"]
    assert "10.5067/3EX2U1DV3434" in told["source"]
    assert told["license"].endswith("nsidc-0032: open with citation")
    assert told["icestream_options"] == "slope=0.66"
    assert told["date_created"] == "2014-02-02T03:04:05Z"
    assert told["platform"] == "F17"
    assert [each["granule"] for each in record["inputs"]] == [
        "EASE-F17-NL2014032D-V2.19H",
        "EASE-F17-NL2014032D-V2.37H",
    ]
    assert all(each["checksum"].startswith("sha256:") for each in record["inputs"])
    assert record["software"] == SOFTWARE
    assert not {"revision", "stage"} & ({*record} | {name.removeprefix("icestream_") for name in told})


def test_the_same_inputs_give_the_same_bytes(made: Path, granules: Path, tmp_path: Path) -> None:
    product = china_depth()
    make(tmp_path / "again", product, f17(granules, product))
    names = sorted(path.name for path in made.iterdir())
    assert names == sorted(path.name for path in (tmp_path / "again").iterdir())
    assert [sha256(made / name) for name in names] == [sha256(tmp_path / "again" / name) for name in names]


def test_the_manifest_is_written_last_and_lists_every_other_file(made: Path) -> None:
    manifest = read_manifest((made / MANIFEST).read_text(), "file:///store/here")
    assert manifest.href == "file:///store/here"
    assert {file.name for file in manifest.files} == {path.name for path in made.iterdir()} - {MANIFEST}
    assert [file.role for file in manifest.files] == ["data", "delivery", "delivery", "quicklook", "stac"]
    assert (manifest.platform, manifest.sensor) == ("F17", "ssmis")
    assert manifest.footprint == (59.875, 14.875, 140.125, 55.125)
    assert all(file.checksum == f"sha256:{sha256(made / file.name)}" for file in manifest.files)
    assert (made / MANIFEST).stat().st_mtime_ns == max(path.stat().st_mtime_ns for path in made.iterdir())


def test_a_product_of_a_product_opens_what_the_first_has_made(made: Path, tmp_path: Path) -> None:
    opened = open_output(made / "sample-depth.20140201.nc")
    assert opened.grid == CHINA_025
    with xr.open_dataset(made / "sample-depth.20140201.nc") as data:
        np.testing.assert_array_equal(opened.data["snow_depth"].values, data["snow_depth"].values)
    assert opened.data["snow_depth"].attrs["units"] == "m"
    assert opened.data["quality"].dtype == np.float32
    assert "quality" not in open_output(made / "sample-depth.20140201.nc", CHINA_025, "average").data


def test_a_product_is_read_no_farther_than_its_reader_needs(made: Path) -> None:
    path = made / "sample-depth.20140201.nc"
    corner = CHINA_025.window("corner", 20, 10, 40, 30)
    whole, part = open_output(path), open_output(path, corner)
    assert part.grid is not None
    assert part.grid.shape == (30, 40)
    np.testing.assert_array_equal(part.data["snow_depth"].values, whole.data["snow_depth"].values[10:40, 20:60])


CODES = {25: "no_snow", 50: "cloud", 200: "snow"}


@pytest.mark.parametrize(
    "grid", [CHINA_025, EASE_NL, EASE_ML, modis_tile("h25v05", 240), modis_tile("h00v08", 120)], ids=lambda g: g.name
)
def test_the_cf_and_acdd_checker_finds_nothing_on_any_grid(grid: Grid, tmp_path: Path) -> None:
    product = on_grid(
        grid,
        lambda field: {"field": field["tb"], "cover": np.full(grid.shape, 200)},
        writes={
            "field": Variable(unit="K", standard_name="brightness_temperature", long_name="field", valid=(0, 400)),
            "cover": Flags(long_name="snow cover", standard_name="area_type", meanings=CODES, fill=255),
        },
    )
    make(tmp_path / "made", product, field(tmp_path, grid))
    assert findings(tmp_path / "made" / "sample-field.20140201.nc") == []


def test_the_checker_finds_what_is_wrong(tmp_path: Path) -> None:
    product = on_grid(SMALL, same, references=(), writes={"field": Variable(unit="K", long_name="f", valid=(0, 400))})
    make(tmp_path / "made", product, field(tmp_path))
    found = findings(tmp_path / "made" / "sample-field.20140201.nc")
    assert any("standard_name" in each for each in found)
    assert any("Metadata URL" in each for each in found)


def test_a_projected_grid_is_found_again_by_gdal_and_by_us(tmp_path: Path) -> None:
    tile = modis_tile("h25v05", 240)
    make(tmp_path / "made", on_grid(tile, same), field(tmp_path, tile))
    path = tmp_path / "made" / "sample-field.20140201.nc"
    assert open_output(path).grid == tile
    with xr.open_dataset(path) as data:
        mapping = data["crs"].attrs
        assert mapping["grid_mapping_name"] == "sinusoidal"
        assert float(mapping["GeoTransform"].split()[0]) == tile.transform[2]
        assert rasterio.crs.CRS.from_wkt(mapping["crs_wkt"]) == rasterio.crs.CRS.from_string(tile.crs)
        np.testing.assert_allclose(data["lat"].values[[0, -1], 0], [39.979, 30.021], atol=1e-3)


@pytest.mark.parametrize(("dtype", "nodata"), [("uint8", 255), ("int16", -1), ("float32", -9999.0)])
@pytest.mark.parametrize("form", ["geotiff", "netcdf", "hdf5"])
def test_every_form_holds_the_values_in_the_type_it_promises(
    form: Any, dtype: Any, nodata: float, tmp_path: Path
) -> None:
    delivery = Delivery(
        name="d", dataset="S01", format=form, filename="{period:%Y%j}.out", variable="field", unit="degC",
        nodata=nodata, dtype=dtype,
    )  # fmt: skip
    product = on_grid(SMALL, lambda field: {"field": field["tb"].where(field["x"] > 71)}, deliveries=(delivery,))
    make(tmp_path / "made", product, field(tmp_path, value=283.15))
    path = tmp_path / "made" / "2014032.out"
    if form == "geotiff":
        with rasterio.open(path) as file:
            values = file.read(1)
    else:
        with xr.open_dataset(path, mask_and_scale=False, engine="h5netcdf", phony_dims="access") as data:
            values = data["field"].values
            assert data["field"].attrs["units"] == "degC"
            assert data["field"].attrs["_FillValue"] == nodata
    assert values.dtype == dtype
    np.testing.assert_allclose(values[0], [nodata] * 2 + [10] * 6, rtol=1e-5)


def test_hdf5_says_what_its_codes_mean_and_how_far_to_trust_it(tmp_path: Path) -> None:
    cover = Flags(long_name="snow cover", meanings=CODES, fill=255)
    delivery = Delivery(
        name="d", dataset="S01", format="hdf5", filename="{period:%Y%j}.h5", variable="cover", unit="1", nodata=0,
        dtype="uint8",
    )  # fmt: skip
    codes = np.full(SMALL.shape, 200.0)
    codes[0, 0] = np.nan
    product = on_grid(SMALL, lambda **_: {"cover": codes}, writes={"cover": cover}, deliveries=(delivery,))
    files = field(tmp_path)
    make(tmp_path / "made", product, files, task(product, files, missing=("tb part 91H",)))
    with h5py.File(tmp_path / "made" / "2014032.h5") as file:
        told = file["cover"].attrs
        assert dict(zip(told["flag_values"].tolist(), told["flag_meanings"].split(), strict=True)) == CODES
        assert (told["flag_values"].dtype, told["_FillValue"]) == (np.uint8, 0)
        assert file["cover"][0, :2].tolist() == [0, 200]
        assert "Made without: tb part 91H." in file.attrs["comment"]


def test_a_delivery_is_cut_and_regridded_and_keeps_its_own_header(tmp_path: Path) -> None:
    cut = SMALL.window("cut", 2, 1, 3, 2)
    coarse = lonlat("coarse", 70.0, 40.0, 1.0, 4, 3)
    header = ("ncols 4", "nrows 3", "cellsize 1,000.00")
    product = on_grid(
        SMALL,
        lambda field: {"field": field["tb"] + field["x"] - 70},
        deliveries=(
            ascii_grid("S1", "cut{period:%j}.txt", "field", unit="K", nodata=-1, grid=cut, number_format="%.1f"),
            ascii_grid(
                "S2", "coarse{period:%j}.txt", "field", unit="K", nodata=-1, grid=coarse, resampling="average",
                header=header, number_format="%g",
            ),
        ),
    )  # fmt: skip
    make(tmp_path / "made", product, field(tmp_path))
    lines = (tmp_path / "made" / "cut032.txt").read_text().splitlines()
    assert lines[2:4] == ["xllcenter 71.25", "yllcenter 38.75"]
    assert lines[6:] == ["251.2 251.8 252.2"] * 2
    lines = (tmp_path / "made" / "coarse032.txt").read_text().splitlines()
    assert lines == [*header, *["250.5 251.5 252.5 253.5"] * 3]


def test_a_value_that_its_type_cannot_hold_is_refused(tmp_path: Path) -> None:
    delivery = geotiff("S1", "{period:%j}.tif", "field", unit="K", nodata=255, dtype="uint8")
    with pytest.raises(RecordError, match="255 to 300 K does not fit uint8"):
        make(tmp_path / "made", on_grid(SMALL, same, deliveries=(delivery,)), field(tmp_path, value=300.0))


def test_oblong_cells_make_no_ascii_grid(tmp_path: Path) -> None:
    oblong = Grid(name="oblong", crs="EPSG:4326", width=2, height=2, transform=(0.5, 0, 70, 0, -0.25, 40))
    product = on_grid(
        SMALL, same, deliveries=(ascii_grid("S1", "{period:%j}.txt", "field", unit="K", nodata=-1, grid=oblong),)
    )
    with pytest.raises(RecordError, match=r"oblong has cells of 0\.5 x 0\.25"):
        make(tmp_path / "made", product, field(tmp_path))


def test_degrees_of_another_system_are_no_metres(tmp_path: Path) -> None:
    china = SMALL.model_copy(update={"crs": "EPSG:4490"})
    tif = geotiff("S1", "{period:%j}.tif", "field", unit="K", nodata=-1, grid=china)
    with pytest.raises(RecordError, match="small is in EPSG:4490, whose coordinates are in degree"):
        make(tmp_path / "refused", on_grid(china, same), field(tmp_path, china))
    make(tmp_path / "made", on_grid(SMALL, same, deliveries=(tif,)), field(tmp_path))
    with rasterio.open(tmp_path / "made" / "032.tif") as file:
        assert (file.crs.to_epsg(), file.bounds.left, float(file.read(1).min())) == (4490, 70.0, 250.0)


def test_a_void_is_the_products_own_answer(tmp_path: Path) -> None:
    def night(field: xr.Dataset) -> dict[str, Any]:
        raise Void("polar night")

    with pytest.raises(Void, match="polar night"):
        make(tmp_path / "made", on_grid(SMALL, night), field(tmp_path))
    assert list((tmp_path / "made").iterdir()) == []


def test_a_function_may_ask_where_and_when_it_is(tmp_path: Path) -> None:
    def asks(field: xr.Dataset, latitude: xr.DataArray, grid: Grid, slot: Any, longitude: xr.DataArray) -> Any:
        assert grid == SMALL
        assert slot.start == DAY
        return {"field": latitude + longitude}

    make(tmp_path / "made", on_grid(SMALL, asks), field(tmp_path))
    values = open_output(tmp_path / "made" / "sample-field.20140201.nc").data["field"].values
    assert values[0, 0] == pytest.approx(39.75 + 70.25)


def test_a_function_that_asks_for_more_is_refused(tmp_path: Path) -> None:
    def asks(field: xr.Dataset, weather: str) -> dict[str, Any]:
        return same(field) | {"weather": weather}

    with pytest.raises(ProductError, match="takes 'weather', which is no input or option"):
        make(tmp_path / "made", on_grid(SMALL, asks), field(tmp_path))


def test_what_it_was_made_without_stands_in_the_file(tmp_path: Path) -> None:
    product = on_grid(SMALL, same)
    files = field(tmp_path)
    make(tmp_path / "made", product, files, task(product, files, missing=("tb part 91H",)))
    with xr.open_dataset(tmp_path / "made" / "sample-field.20140201.nc") as data:
        assert data.attrs["icestream_inputs_missing"] == "tb part 91H"
        assert "Made without: tb part 91H." in data.attrs["comment"]
    item = json.loads((tmp_path / "made" / "sample-field.20140201.stac.json").read_text())
    assert item["properties"]["icestream:inputs_missing"] == ["tb part 91H"]


def test_the_publisher_stands_in_the_file(tmp_path: Path) -> None:
    who = Publisher("Ice Centre", "Institute of Ice", "https://ice.example", "desk@ice.example")
    make(tmp_path / "made", on_grid(SMALL, same), field(tmp_path), publisher=who)
    with xr.open_dataset(tmp_path / "made" / "sample-field.20140201.nc") as data:
        assert data.attrs["creator_name"] == "Ice Centre"
        assert data.attrs["publisher_email"] == "desk@ice.example"


def test_it_tells_how_long_each_step_took(tmp_path: Path) -> None:
    generated = make(tmp_path / "made", on_grid(SMALL, same), field(tmp_path))
    assert set(generated.seconds) == {"open", "compute", "write"}
    assert all(seconds >= 0 for seconds in generated.seconds.values())
    assert isinstance(generated.manifest, Manifest)


def test_a_lattice_product_is_on_the_grid_of_its_granule(tmp_path: Path) -> None:
    product = on_grid(SMALL, same, kind=OnLattice(of=("field",)))
    part = SMALL.window("part", 1, 1, 4, 3)
    make(tmp_path / "made", product, field(tmp_path, part))
    assert open_output(tmp_path / "made" / "sample-field.20140201.nc").grid == part


def test_the_sample_is_on_a_fixed_grid_and_computes_what_it_says() -> None:
    assert china_depth().kind == OnGrid(grid=CHINA_025)
    tb = xr.Dataset({"tb_19h": ("x", [216.3]), "tb_37h": ("x", [185.5])})
    assert float(depth(tb, 0.66)["snow_depth"][0]) == pytest.approx(0.203, abs=5e-4)
