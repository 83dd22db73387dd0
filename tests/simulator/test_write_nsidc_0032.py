from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from icestream_core.collection import Opened
from icestream_core.grid import EASE_NL
from icestream_physics.snow_depth import che_2008_ssmi
from icestream_physics.snow_screening import SnowQuality, ng_2002
from icestream_simulator.brightness import observe
from icestream_simulator.radiometer import F17
from icestream_simulator.simulate import simulate
from icestream_simulator.truth import Truth

DAY = date(2014, 2, 1)
Read = Callable[[Path], Opened]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return simulate("nsidc-0032", DAY, DAY, tmp_path_factory.mktemp("f17"), truth=Truth(1), passes=["D"])


def test_names_and_sizes_are_those_of_the_real_files(files: list[Path], granules: Path) -> None:
    real = {path.name: path.stat().st_size for path in (granules / "nsidc-0032").glob("EASE-F17-NL2014032D-V2.*[HV]")}
    assert {path.name: path.stat().st_size for path in files} == real


def test_the_reader_finds_the_truth_within_the_noise(files: list[Path], truth: Truth, read: Read) -> None:
    cells = truth.on(EASE_NL)
    state = truth.state(cells.places, DAY, F17.local_hour("D"))
    clean = observe(state, cells.places.terrain, F17, seed=99, name="another draw of the noise")
    for path in files:
        (tb,) = read(path).data.data_vars.values()
        wanted = cells.spread(clean[path.suffix[1:]], np.nan)
        difference = (tb.values - wanted)[np.isfinite(tb.values)]
        assert difference.std() == pytest.approx(F17.noise * np.sqrt(2.0), rel=0.1)
        assert abs(difference.mean()) < 0.02


def test_temperatures_are_as_in_the_real_scene(files: list[Path], truth: Truth, granules: Path) -> None:
    """Medians by channel: open sea and Sahara within 15 K of the real F17, Siberia, whose snow differs, within 25."""
    places = truth.on(EASE_NL).places
    sea = (places.terrain.land == 0.0) & (places.latitude > 38.0) & (places.latitude < 50.0)
    siberia = (
        (places.latitude > 58.0) & (places.latitude < 68.0) & (places.longitude > 100.0) & (places.terrain.land == 1)
    )
    sahara = (places.terrain.desert > 0.9) & (places.longitude < 35.0)
    for path in files:
        scenes = [np.fromfile(source, "<u2") / 10.0 for source in (path, granules / "nsidc-0032" / path.name)]
        for region, tolerance in ((sea, 15.0), (sahara, 15.0), (siberia, 25.0)):
            seen = [scene[truth.on(EASE_NL).cells[region]] for scene in scenes]
            simulated, real = (np.median(tb[tb > 0]) for tb in seen)
            assert simulated == pytest.approx(real, abs=tolerance), path.suffix


def test_the_screening_tree_meets_every_class(files: list[Path], truth: Truth, read: Read) -> None:
    tb = {path.suffix[1:]: next(iter(read(path).data.data_vars.values())).values for path in files}
    places, spread = truth.on(EASE_NL).places, truth.on(EASE_NL).spread
    screening = ng_2002(
        *(tb[channel] for channel in ("19V", "19H", "37V", "37H", "22V", "91V", "91H")),
        elevation=spread(places.terrain.elevation, np.nan),
        latitude=spread(places.latitude, np.nan),
        longitude=spread(places.longitude, np.nan),
        water_fraction=spread(1.0 - places.terrain.land, np.nan),
    )
    met = {SnowQuality(code) for code in np.unique(screening.quality)}
    assert met == set(SnowQuality) - {SnowQuality.GAP_FILLED}


def test_che_is_right_on_average_for_this_snow_and_saturates(files: list[Path], truth: Truth, read: Read) -> None:
    """Grains of about 0.47 mm are those for which 0.66 cm/K holds, from 5 to 30 cm; deeper snow is underestimated."""
    tb = {path.suffix[1:]: next(iter(read(path).data.data_vars.values())).values for path in files}
    cells = truth.on(EASE_NL)
    state, terrain = truth.state(cells.places, DAY, F17.local_hour("D")), cells.places.terrain
    open_snow = (
        ~state.wet & (terrain.forest < 0.05) & (terrain.land > 0.95) & (terrain.desert < 0.05) & (terrain.ice == 0)
    )
    error = (che_2008_ssmi(tb["19H"], tb["37H"]) - truth.snow_depth(EASE_NL, DAY)).ravel()[cells.cells]

    def mean_error(least: float, most: float) -> float:
        within = open_snow & (state.depth >= least) & (state.depth < most) & np.isfinite(error)
        return float(error[within].mean())

    assert abs(mean_error(0.05, 0.3)) < 0.01
    assert -0.20 < mean_error(0.4, 0.6) < -0.05


@pytest.mark.parametrize(
    ("day", "platform", "name", "sensor"),
    [
        (date(1988, 1, 5), "F08", "EASE-F08-NL1988005A.19H", "ssmi"),
        (date(1998, 1, 5), "F13", "EASE-F13-NL1998005D.85V", "ssmi"),
        (date(2014, 1, 5), "F17", "EASE-F17-NL2014005D-V2.91V", "ssmis"),
    ],
)
def test_the_platform_of_the_day_is_simulated(
    day: date, platform: str, name: str, sensor: str, truth: Truth, tmp_path: Path, read: Read
) -> None:
    written = {path.name: path for path in simulate("nsidc-0032", day, day, tmp_path, truth=truth)}
    assert len(written) == 14  # two passes of seven channels
    opened = read(written[name])
    assert opened.data.attrs["platform"] == platform
    assert opened.data.attrs["sensor"] == sensor


def test_smmr_measures_every_second_day(truth: Truth, tmp_path: Path, read: Read) -> None:
    files = simulate("nsidc-0071", date(1980, 1, 1), date(1980, 1, 4), tmp_path, truth=truth, passes=["D"])
    assert len(files) == 2 * 4
    assert all(read(path).data.attrs["platform"] == "N07" for path in files)


def test_other_grids_have_their_sizes(truth: Truth, tmp_path: Path, read: Read) -> None:
    for grid, size in (("ML", 1_620_876), ("SL", 1_039_682)):
        path = simulate("nsidc-0032", DAY, DAY, tmp_path, truth=truth, grid=grid, passes=["D"])[0]
        assert path.stat().st_size == size
        assert read(path).grid is not None
