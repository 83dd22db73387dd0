"""What a computation takes: one dataset an input, on one grid, with the steps of its window."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from generation import samples
from generation.samples import COLLECTIONS, DAY, granule, on_grid, stored
from icestream_core.collection import Opened
from icestream_core.errors import GranuleError, PluginError, ProductError
from icestream_core.grid import CHINA_025, Grid, lonlat, modis_tile
from icestream_core.inputs import Align, Input, source
from icestream_core.pick import library_granule
from icestream_core.product import OnLattice, Product
from icestream_core.task import TaskInput
from icestream_core.window import Window, latest_before, same_season, steps
from icestream_generation.fetched import Fetched
from icestream_generation.inputs import open_inputs
from icestream_generation.opened import open_fetched

SMALL = lonlat("small", 70.0, 40.0, 0.5, 8, 6)


def opened(product: Product, *files: Fetched) -> Any:
    return open_inputs(product, {"field": files}, COLLECTIONS).inputs["field"]


def constant(directory: Path, name: str, value: float, grid: Grid = SMALL, **found: Any) -> Fetched:
    return stored(directory / f"{name}.npz", {"tb": np.full(grid.shape, value, np.float32)}, grid, **found)


def product(window: Window | None = None, **fields: Any) -> Product:
    return on_grid(SMALL, None, **({"window": window} if window else {}), **fields)


def test_the_parts_of_a_set_are_the_variables_of_one_dataset(tmp_path: Path) -> None:
    first = stored(tmp_path / "a.npz", {"tb_19h": np.full(SMALL.shape, 200.0)}, SMALL, part="19H")
    second = stored(tmp_path / "b.npz", {"tb_37h": np.full(SMALL.shape, 190.0)}, SMALL, part="37H")
    data = opened(product(), first, second)
    assert set(data.data_vars) == {"tb_19h", "tb_37h"}
    assert data["tb_37h"].dims == ("y", "x")
    assert data["tb_37h"].attrs["units"] == "K"


def test_a_dataset_says_where_it_comes_from_and_where_its_cells_are(tmp_path: Path) -> None:
    data = opened(product(), constant(tmp_path, "a", 200))
    assert data.attrs["platform"] == "F17"
    assert data.attrs["sensor"] == "ssmis"
    assert data.attrs["collection"] == "stored"
    assert data.attrs["start"] == "2014-02-01T00:00:00+00:00"
    assert data.attrs["end"] == "2014-02-02T00:00:00+00:00"
    np.testing.assert_allclose(data["lat"].values[[0, -1]], [39.75, 37.25])
    np.testing.assert_allclose(data["lon"].values[[0, -1]], [70.25, 73.75])


def test_whole_numbers_become_floats_and_missing_ones_nan(tmp_path: Path) -> None:
    codes = np.full(SMALL.shape, 25, np.uint8)
    data = opened(product(), stored(tmp_path / "a.npz", {"codes": codes}, SMALL, {"codes": "1"}))
    assert data["codes"].dtype == np.float32
    assert (data["codes"] == 25).all()


def test_a_window_has_all_its_steps_and_nan_where_nothing_came(tmp_path: Path) -> None:
    files = [constant(tmp_path, f"s{step}", 200 + step, step=step, start=DAY + timedelta(step)) for step in (-2, 0, 1)]
    data = opened(product(steps(-2, 2)), *files)
    assert data["tb"].dims == ("step", "y", "x")
    assert data["step"].values.tolist() == [-2, -1, 0, 1, 2]
    assert data["tb"].isel(y=0, x=0).values.tolist()[::2][:2] == [198, 200]
    assert np.isnan(data["tb"].sel(step=[-1, 2])).all()


def test_the_slots_own_period_alone_has_no_steps(tmp_path: Path) -> None:
    assert opened(product(), constant(tmp_path, "a", 200))["tb"].dims == ("y", "x")
    daily = Input(sources=(source("stored"),))
    record = product(inputs={"field": daily.model_copy(update={"window": latest_before(30)}), "other": daily})
    assert opened(record, constant(tmp_path, "b", 200))["tb"].dims == ("y", "x")


def test_the_same_season_of_earlier_years_has_the_steps_that_came(tmp_path: Path) -> None:
    files = [constant(tmp_path, f"y{step}", 1, step=step) for step in (-2001, -1000, 0)]
    assert opened(product(same_season(2, 1)), *files)["step"].values.tolist() == [-2001, -1000, 0]


def test_void_granules_contribute_nothing(tmp_path: Path) -> None:
    void = constant(tmp_path, "a", 200, void="polar night")
    assert opened(product(), void) is None
    data = opened(product(steps(-1, 0)), Fetched(void.entry), constant(tmp_path, "b", 210, step=-1))
    assert np.isnan(data["tb"].sel(step=0)).all()


def test_what_did_not_come_is_none() -> None:
    assert open_inputs(product(), {}, COLLECTIONS).inputs == {"field": None}


def test_two_granules_of_one_step_need_a_rule(tmp_path: Path) -> None:
    files = [constant(tmp_path, name, 200) for name in ("a", "b")]
    with pytest.raises(ProductError, match="input field: several granules of one period hold tb"):
        opened(product(), *files)


@pytest.mark.parametrize(
    ("how", "first", "second"), [("mosaic", 200.0, 220.0), ("mean", 210.0, 220.0), ("best", 220.0, 220.0)]
)
def test_granules_of_one_step_are_put_together_as_the_record_says(
    tmp_path: Path, how: Any, first: float, second: float
) -> None:
    half = np.full(SMALL.shape, 200.0, np.float32)
    half[:, 4:] = np.nan
    files = [stored(tmp_path / "a.npz", {"tb": half}, SMALL), constant(tmp_path, "b", 220)]
    data = opened(product(align=Align(combine=how)), *files)
    assert data["tb"].values[0, [0, -1]].tolist() == [first, second]


def test_a_stack_keeps_every_granule_with_its_step_and_time(tmp_path: Path) -> None:
    files = [
        constant(tmp_path, f"s{step}{name}", 200 + step, step=step, start=DAY + timedelta(step, hours=hour))
        for step in (-1, 0)
        for name, hour in (("a", 1), ("b", 13))
    ]
    data = opened(product(steps(-1, 0), align=Align(combine="stack")), *files)
    assert data["tb"].dims == ("granule", "y", "x")
    assert data["step"].values.tolist() == [-1, -1, 0, 0]
    assert data["time"].values[0] == np.datetime64("2014-01-31T01")


def test_a_lattice_is_the_grid_of_the_first_input_that_came(tmp_path: Path) -> None:
    tile = modis_tile("h25v05", 24)
    inputs = {name: Input(sources=(source("stored"),), optional=True) for name in ("terra", "aqua", "height")}
    record = on_grid(SMALL, None, inputs=inputs, kind=OnLattice(of=("terra", "aqua")))
    gathered = open_inputs(
        record,
        {"height": [constant(tmp_path, "h", 4000.0, CHINA_025)], "aqua": [constant(tmp_path, "a", 1.0, tile)]},
        COLLECTIONS,
    )
    assert gathered.grid == tile
    assert gathered.inputs["terra"] is None
    assert gathered.inputs["height"]["tb"].shape == (24, 24)
    assert list(gathered.inputs) == ["terra", "aqua", "height"]


def test_tiles_become_one_mosaic_on_their_common_lattice(tmp_path: Path) -> None:
    tiles = [modis_tile(name, 24) for name in ("h25v05", "h26v05")]
    record = on_grid(
        SMALL,
        None,
        inputs={"field": Input(sources=(source("stored"),), tile="all", align=Align(combine="mosaic"))},
        kind=OnLattice(of=("field",)),
        tiled=False,
    )
    files = [constant(tmp_path, grid.name, number, grid) for number, grid in enumerate(tiles)]
    gathered = open_inputs(record, {"field": files}, COLLECTIONS)
    assert gathered.grid is not None
    assert gathered.grid.shape == (24, 48)
    assert gathered.inputs["field"]["tb"].values[0].tolist() == [0.0] * 24 + [1.0] * 24


def test_native_is_left_on_its_own_grid(tmp_path: Path) -> None:
    data = opened(product(align=Align(native=True)), constant(tmp_path, "a", 1.0, CHINA_025))
    assert data["tb"].shape == CHINA_025.shape
    assert data.attrs["crs"] == "EPSG:4326"


def test_only_what_the_record_asks_for_is_put_on_the_grid(tmp_path: Path) -> None:
    both = {name: np.full(SMALL.shape, 1.0, np.float32) for name in ("tb", "noise")}
    asked = product(inputs={"field": Input(sources=(source("stored"),), variables=("tb", "of_another_part"))})
    assert list(opened(asked, stored(tmp_path / "a.npz", both, SMALL)).data_vars) == ["tb"]
    nothing = product(inputs={"field": Input(sources=(source("stored"),), variables=("albedo",))})
    with pytest.raises(GranuleError, match="holds tb, noise; wanted albedo"):
        opened(nothing, stored(tmp_path / "b.npz", both, SMALL))


def test_what_two_inputs_read_is_opened_once_and_cannot_be_spoilt_by_one_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = {name: Input(sources=(source("stored"),)) for name in ("today", "recent", "other")}
    same, other = constant(tmp_path, "a", 1.0), constant(tmp_path, "b", 2.0)
    times: list[Path | None] = []
    monkeypatch.setattr(
        "icestream_generation.inputs.open_fetched",
        lambda file, *how: times.append(file.path) or open_fetched(file, *how),
    )
    files = {"today": [same], "recent": [same], "other": [other]}
    found = open_inputs(on_grid(SMALL, None, inputs=inputs), files, COLLECTIONS).inputs
    assert times == [same.path, other.path]
    assert [float(found[name]["tb"].values.max()) for name in inputs] == [1.0, 1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        found["today"]["tb"].values[0, 0] = 0.0


def test_a_library_gives_height_and_land_that_is_where_people_know_it_to_be() -> None:
    inputs = {
        "height": Input(sources=(source("library-altitude"),), role="ancillary"),
        "land": Input(sources=(source("library-land"),), role="ancillary"),
        "field": Input(sources=(source("stored"),)),
    }
    record = on_grid(CHINA_025, None, inputs=inputs)
    files = {
        name: [Fetched(TaskInput(granule=library_granule(f"library-{kind}")))]
        for name, kind in (("height", "altitude"), ("land", "land"))
    }
    found = open_inputs(record, files, {}).inputs
    height, land = found["height"]["elevation"], found["land"]["land_fraction"]
    assert height.attrs["units"] == "m"
    assert 2000 < float(height.sel(y=33.0, x=88.0)) < 6000  # the plateau
    assert float(height.sel(y=30.0, x=125.0)) == 0  # the East China Sea
    assert float(height.sel(y=39.75, x=116.5)) < 200  # Beijing
    assert float(land.sel(y=33.0, x=88.0)) == 1
    assert float(land.sel(y=30.0, x=125.0)) == 0
    assert set(np.unique(found["land"]["land"])) == {0.0, 1.0}
    assert float(land.mean()) == pytest.approx(0.74, abs=0.04)


def test_a_granule_of_a_collection_that_nobody_opens_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="no installed plugin opens collection 'unheard-of'; there are nsidc-0032"):
        opened(product(), constant(tmp_path, "a", 1.0, collection="unheard-of"))


def test_a_bad_granule_is_named(tmp_path: Path) -> None:
    file = constant(tmp_path, "a", 1.0)
    torn = stored(tmp_path / "b.npz", {"tb": np.zeros((2, 2))}, SMALL)
    with pytest.raises(GranuleError, match=r"variable 'tb' has dimensions .* of \(2, 2\); grid small wants") as caught:
        opened(product(align=Align(combine="mean")), file, torn)
    assert caught.value.granule_id == "b"


def test_a_granule_that_was_not_fetched_is_said_so() -> None:
    with pytest.raises(GranuleError, match="has no local file"):
        opened(product(), Fetched(TaskInput(granule=granule("a", "stored"))))


def test_a_swath_comes_onto_the_grid(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lat, lon = np.mgrid[40:36.9:-0.1, 69.9:74.1:0.1]
    data = xr.Dataset(
        {
            "tb": (("y", "x"), lat.astype(np.float32), {"units": "K"}),
            "latitude": (("y", "x"), lat, {"units": "degrees_north"}),
            "longitude": (("y", "x"), lon, {"units": "degrees_east"}),
        }
    )
    monkeypatch.setattr(samples, "open_stored", lambda *_: Opened(data, None))
    found = opened(product(), constant(tmp_path, "a", 1.0))
    assert set(found.data_vars) == {"tb"}
    np.testing.assert_allclose(found["tb"].values[:, 0], found["lat"].values, atol=0.06)


def test_rows_keep_their_own_dimension_and_carry_their_step(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rows = xr.Dataset({"depth": ("row", np.array([0.1, 0.2]), {"units": "m"}), "name": ("row", np.array(["a", "b"]))})
    monkeypatch.setattr(samples, "open_stored", lambda *_: Opened(rows, None))
    files = [constant(tmp_path, f"d{step}", 1.0, step=step) for step in (-1, 0)]
    found = opened(product(steps(-1, 0)), *files)
    assert found["depth"].values.tolist() == [0.1, 0.2, 0.1, 0.2]
    assert found["step"].values.tolist() == [-1, -1, 0, 0]
