"""The shared parts are tested on a real granule of MOD11B2, which has the same layers at 6 km.

No real granule of MOD11A1, MYD11A1 or MYD11C1 could be had; the simulator writes them as the user's guides have it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from pyhdf.SD import SD, SDC

from icestream_core.collection import Collection, Opened
from icestream_core.errors import GranuleError
from icestream_core.granule import Granule
from icestream_core.grid import modis_tile
from icestream_readers.mod11a1 import MOD11A1
from icestream_readers.modis_lst_file import layers_of
from icestream_readers.modis_lst_format import CMG_005, Layers
from icestream_readers.myd11a1 import MYD11A1
from icestream_readers.myd11c1 import MYD11C1
from icestream_simulator.simulate import simulate
from icestream_simulator.surface_temperature import NIGHT_HOUR, global_temperature, tile_temperature
from icestream_simulator.truth import Truth

OpenAs = Callable[[Collection, Path, str], Opened]
REAL = "MOD11B2.A2017001.h14v04.006.2017013155631.hdf"
TILE, DAY = "h25v05", date(2014, 2, 4)
TIBET = (80.0, 30.0, 90.0, 36.0)


@pytest.fixture(scope="module")
def truth() -> Truth:
    return Truth(3)


@pytest.fixture(scope="module")
def written(truth: Truth, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    out = tmp_path_factory.mktemp("lst")
    return {
        name: simulate(name, DAY, DAY, out, truth=truth, tiles=[TILE], box=TIBET)[0] for name in ("mod11a1", "myd11c1")
    }


def test_the_real_granule_of_the_same_team_is_read_with_its_temperatures_and_quality(
    granules: Path, arrive: Callable[[Collection, str], Granule]
) -> None:
    path = granules / "mod09a1-mod11b2" / REAL
    granule = arrive(MOD11A1, "MOD11A1.A2017001.h14v04.006.2017013155631.hdf")
    opened = layers_of(path, granule, modis_tile("h14v04", 200), Layers("6km", view_time=False))
    day, error = (opened.data[name].values for name in ("lst_day", "lst_error_day"))
    stored = SD(str(path), SDC.READ).select("LST_Day_6km").get()
    np.testing.assert_allclose(day[stored > 0], stored[stored > 0] * 0.02, rtol=1e-6)
    assert np.isnan(day[stored == 0]).all()
    # The island of Newfoundland in January: no cell is warmer than the thaw that the file's own maximum shows.
    assert 240.0 < np.nanmin(day) < np.nanmax(day) < 276.0
    assert np.unique(error[np.isfinite(error)]).tolist() == [1.0, 2.0, 3.0]
    # Bits 7 and 6 are both set in some; these have a temperature, and no limit to its error.
    assert (np.isfinite(day) & np.isnan(error)).sum() > 50
    assert not (np.isfinite(error) & np.isnan(day)).any()


def test_a_tile_read_back_is_the_world_within_noise_and_rounding(
    written: dict[str, Path], truth: Truth, open_as: OpenAs
) -> None:
    opened = open_as(MOD11A1, written["mod11a1"], written["mod11a1"].name)
    assert opened.grid == modis_tile(TILE, 1200)
    true = tile_temperature(truth, TILE).true(DAY, NIGHT_HOUR["Terra"])
    night = opened.data["lst_night"].values
    seen = np.isfinite(night)
    assert 0.1 < seen.mean() < 0.95
    difference = (night - true)[seen]
    assert abs(difference.mean()) < 0.01
    assert difference.std() == pytest.approx(0.4, abs=0.01)
    assert np.unique(opened.data["view_time_night"].values[seen]).tolist() == [22.5 * 3600]
    assert set(np.unique(opened.data["lst_error_night"].values[seen]).tolist()) == {1.0, 2.0}


def test_the_globe_read_back_is_seen_in_its_box_only(written: dict[str, Path], truth: Truth, open_as: OpenAs) -> None:
    opened = open_as(MYD11C1, written["myd11c1"], written["myd11c1"].name)
    assert opened.grid == CMG_005
    night = opened.data["lst_night"].values
    rows, columns = slice(1080, 1200), slice(5200, 5400)
    inside = night[rows, columns]
    assert np.isfinite(inside).sum() == np.isfinite(night).sum() > 1000
    true = global_temperature(truth, TIBET).true(DAY, NIGHT_HOUR["Aqua"])
    assert np.nanstd(inside - true) == pytest.approx(0.4, abs=0.02)


def test_names_tell_day_tile_and_platform() -> None:
    tile = MYD11A1.parse("MYD11A1.A2022034.h25v05.061.2022035050729.hdf")
    globe = MYD11C1.parse("MYD11C1.A2022034.061.2022035050729.hdf")
    assert tile is not None
    assert globe is not None
    assert (tile.platform, tile.tile, tile.granule_id) == ("Aqua", "h25v05", "MYD11A1.A2022034.h25v05.061")
    assert (tile.start, tile.end) == (datetime(2022, 2, 3, tzinfo=UTC), datetime(2022, 2, 4, tzinfo=UTC))
    assert (globe.tile, globe.footprint) == ("", (-180.0, -90.0, 180.0, 90.0))


@pytest.mark.parametrize(
    "name",
    [
        "MOD11A1.A2022366.h25v05.061.2022035050729.hdf",
        "MOD11A1.A2022034.h25v18.061.2022035050729.hdf",
        "MOD11A1.A2022034.061.2022035050729.hdf",
        "MOD11A2.A2022034.h25v05.061.2022035050729.hdf",
    ],
)
def test_other_names_are_not_taken(name: str) -> None:
    assert MOD11A1.parse(name) is None


def changed(path: Path, out: Path, layer: str, values: object = None, **attributes: float) -> Path:
    """Return a copy of a file in which a layer has other values or attributes."""
    out.write_bytes(path.read_bytes())
    file = SD(str(out), SDC.WRITE)
    data = file.select(layer)
    if values is not None:
        data[:] = values
    for key, value in attributes.items():
        data.attr(key).set(SDC.FLOAT64, value)
    data.endaccess()
    file.end()
    return out


def test_absurd_temperatures_and_another_scale_are_refused(
    written: dict[str, Path], tmp_path: Path, open_as: OpenAs
) -> None:
    name = written["mod11a1"].name
    cold = changed(written["mod11a1"], tmp_path / "cold", "LST_Day_1km", np.full((1200, 1200), 7499, np.uint16))
    with pytest.raises(GranuleError, match="below 150 K in 1440000 cells"):
        open_as(MOD11A1, cold, name)
    scaled = changed(written["mod11a1"], tmp_path / "scaled", "LST_Night_1km", scale_factor=0.01)
    with pytest.raises(GranuleError, match=r"scale_factor 0\.01; wanted 0\.02"):
        open_as(MOD11A1, scaled, name)


def test_a_file_of_another_tile_or_product_is_refused(written: dict[str, Path], open_as: OpenAs) -> None:
    with pytest.raises(GranuleError, match="name and file do not belong together"):
        open_as(MOD11A1, written["mod11a1"], "MOD11A1.A2014035.h24v05.061.2014037050729.hdf")
    with pytest.raises(GranuleError, match="for the globe: name and file do not belong together"):
        open_as(MYD11C1, written["mod11a1"], written["myd11c1"].name)


@pytest.mark.parametrize("kept", [4, 1000, 100_000])
def test_a_truncated_file_is_refused(written: dict[str, Path], tmp_path: Path, open_as: OpenAs, kept: int) -> None:
    (tmp_path / "file").write_bytes(written["mod11a1"].read_bytes()[:kept])
    with pytest.raises(GranuleError, match="truncated or damaged"):
        open_as(MOD11A1, tmp_path / "file", written["mod11a1"].name)
