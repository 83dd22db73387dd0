"""Freeze and thaw of the Three-River source: by hand, on the simulated world, and on a real winter morning of F17."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import xarray as xr

from icestream_core.errors import Void
from icestream_core.fit import Fitted
from icestream_core.grid import EASE_ML, EASE_NL
from icestream_foundation.cold_pass_tb import CHANNELS, cold_pass_tb
from icestream_freeze_thaw.freeze_thaw_three_river_source import (
    CHANNEL_MISSING,
    NOT_SEEN,
    ORDINARY,
    PRECIPITATION,
    PRODUCT,
    THREE_RIVER_SOURCE,
    freeze_thaw_three_river_source,
)
from icestream_freeze_thaw.thresholds import THRESHOLDS
from icestream_generation.align import onto
from icestream_physics.freeze_thaw import Ground
from icestream_readers.parameters_file import write_toml

REFERENCE, FITTED, UNCALIBRATED = 0, 1, 2
FROZEN = {"tb_19v": 249.3, "tb_19h": 237.3, "tb_22v": 248.4, "tb_37v": 246.9, "tb_37h": 236.0, "tb_91v": 239.6,
          "tb_91h": 232.0}  # fmt: skip
"""K; Nagqu on a real winter morning."""
THAWED = FROZEN | {"tb_19v": 265.5, "tb_19h": 255.9, "tb_22v": 267.1, "tb_37v": 267.9, "tb_91v": 270.2}
SAND = FROZEN | {"tb_19v": 261.2, "tb_19h": 224.2, "tb_22v": 260.3, "tb_37v": 261.7, "tb_91v": 259.0}
RAIN = FROZEN | {"tb_19v": 275.0, "tb_19h": 270.0, "tb_22v": 272.0, "tb_37v": 265.0, "tb_91v": 220.0}


def scene(*cells: dict[str, float], sensor: str = "ssmis", calibration: int = REFERENCE) -> xr.Dataset:
    data = {name: (("y", "x"), np.array([[cell[name] for cell in cells]], np.float32)) for name in FROZEN}
    data["calibration"] = (("y", "x"), np.full((1, len(cells)), calibration, np.float32))
    return xr.Dataset(data, attrs={"sensor": sensor})


def thresholds(*rows: tuple[str, float, float]) -> xr.Dataset:
    names = ("sensor", "coldest_thawed", "steepest_frozen")
    columns = zip(*(rows or [("ssmis", 258.2, 0.0)]), strict=True)
    return xr.Dataset({name: ("row", np.array(column)) for name, column in zip(names, columns, strict=True)})


def made(tb: xr.Dataset, land: float = 1.0, rule: str = "double-index", *rows: tuple[str, float, float]) -> Any:
    fraction = xr.Dataset({"land_fraction": (("y", "x"), np.full((1, tb.sizes["x"]), land))})
    found = freeze_thaw_three_river_source(tb, fraction, thresholds(*rows), rule)
    return found["freeze_thaw"].ravel().tolist(), found["detail"].ravel().tolist()


def test_each_state_has_the_code_of_the_dataset() -> None:
    assert made(scene(FROZEN, THAWED, SAND))[0] == [Ground.FROZEN, Ground.THAWED, Ground.DESERT] == [1, 2, 3]
    assert made(scene(FROZEN), land=0.4)[0] == [Ground.WATER] == [4]


def test_a_cell_that_no_pass_saw_has_no_state_and_says_why() -> None:
    gap = dict.fromkeys(FROZEN, np.nan)
    assert made(scene(FROZEN, gap)) == ([1, 0], [ORDINARY, NOT_SEEN])
    with pytest.raises(Void, match="no pass saw"):
        made(scene(gap, gap))


def test_a_missing_channel_of_the_double_index_is_no_state() -> None:
    assert made(scene(FROZEN, FROZEN | {"tb_37v": np.nan})) == ([1, 0], [ORDINARY, NOT_SEEN])


def test_the_thresholds_are_those_of_the_level_that_the_pass_is_at() -> None:
    rows = (("ssmis", 258.2, 0.0), ("ssmi", 240.0, 0.0))
    assert made(scene(FROZEN, sensor="ssmi", calibration=UNCALIBRATED), 1.0, "double-index", *rows)[0] == [2]
    assert made(scene(FROZEN, sensor="ssmi", calibration=FITTED), 1.0, "double-index", *rows)[0] == [1]


def test_without_thresholds_for_the_sensor_nothing_is_made() -> None:
    with pytest.raises(Void, match="no thresholds are fitted for amsr2; there are some for ssmis"):
        made(scene(FROZEN, sensor="amsr2", calibration=UNCALIBRATED))


def test_the_tree_may_be_chosen_and_knows_precipitation() -> None:
    assert made(scene(FROZEN, THAWED, RAIN), 1.0, "jin-2009") == ([1, 2, 0], [ORDINARY, ORDINARY, PRECIPITATION])


def test_the_tree_says_where_the_sensor_lacks_its_channels() -> None:
    smmr = FROZEN | {"tb_22v": np.nan, "tb_91v": np.nan, "tb_91h": np.nan}
    assert made(scene(smmr), 1.0, "jin-2009") == ([0], [CHANNEL_MISSING])
    assert made(scene(smmr))[0] == [1]


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="'double-index' or 'jin-2009'"):
        made(scene(FROZEN), 1.0, "guess")


def test_the_window_is_the_stated_part_of_the_global_ease_grid() -> None:
    assert THREE_RIVER_SOURCE.shape == (28, 52)
    assert EASE_ML.window("ease-ml-three-river-source", 1034, 115, 52, 28) == THREE_RIVER_SOURCE
    radius, standard = 6_371_228.0, np.cos(np.radians(30.0))
    west, south, east, north = THREE_RIVER_SOURCE.bounds
    degrees = [np.degrees(x / radius / standard) for x in (west, east)]
    degrees += [np.degrees(np.arcsin(y * standard / radius)) for y in (south, north)]
    # The bounds that the dataset states, to half a cell: no other window of this size is as near.
    assert degrees == pytest.approx([89.15, 102.58, 30.79, 37.38], abs=0.12)


def test_a_real_winter_morning_is_frozen_but_for_the_sand_and_the_lake(granules: Path, f17: xr.Dataset) -> None:
    level = cold_pass_tb(f17, None)
    window = {name: onto(level[name], EASE_NL, THREE_RIVER_SOURCE, "nearest") for name in CHANNELS}
    tb = xr.Dataset({name: (("y", "x"), values) for name, values in window.items()}, attrs={"sensor": "ssmis"})
    tb["calibration"] = (("y", "x"), np.zeros(THREE_RIVER_SOURCE.shape, np.float32))
    land = xr.Dataset({"land_fraction": (("y", "x"), np.ones(THREE_RIVER_SOURCE.shape))})
    found = freeze_thaw_three_river_source(tb, land, thresholds(("ssmis", 263.5, 0.16)), "double-index")
    state = found["freeze_thaw"]
    seen = state > 0
    assert 0.9 < seen.mean() < 1.0
    assert (state == Ground.FROZEN)[seen].mean() > 0.75
    assert (state == Ground.THAWED)[seen].mean() < 0.01
    # Both rules agree on a morning as cold as this; the tree is stricter: it wants 252 K.
    tree = freeze_thaw_three_river_source(tb, land, thresholds(), "jin-2009")["freeze_thaw"]
    both = (tree > 0) & seen & (tree != Ground.DESERT) & (state != Ground.DESERT)
    assert (tree == state)[both].mean() > 0.9


def test_the_delivered_file_is_what_the_dataset_promises(tmp_path: Path) -> None:
    from datetime import date

    from icestream_core.plugins import load
    from plugins.stream import Stream

    stream = Stream(tmp_path, load(), date(2014, 2, 4))
    folder = tmp_path / "made"
    manifest = stream.case(PRODUCT.name).make(folder).manifest
    (delivery,) = manifest.of_role("delivery")
    assert delivery.name == "2014035.tif"
    with rasterio.open(folder / delivery.name) as file:
        assert (file.width, file.height, file.nodata, file.dtypes) == (52, 28, 0, ("uint8",))
        assert file.crs.to_epsg() == 3410
        assert set(np.unique(file.read(1)).tolist()) <= {0, 1, 2, 3, 4}


def test_a_set_of_thresholds_that_cannot_be_meant_is_refused(tmp_path: Path) -> None:
    from icestream_core.errors import GranuleError
    from plugins.conftest import granule_of

    path = tmp_path / "freeze-thaw-thresholds.20260101.toml"
    columns = {"sensor": ["ssmis"], "coldest_thawed": [258.2 - 273.15], "steepest_frozen": [0.0]}
    write_toml(path, Fitted(columns, {}), THRESHOLDS.columns, {})
    with pytest.raises(GranuleError, match="wanted 220 to 290 K"):
        THRESHOLDS.open(path, granule_of(THRESHOLDS, path.name))
