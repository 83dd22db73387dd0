from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from icestream_readers.quikscat import QUIKSCAT
from icestream_simulator.ku_backscatter import absorption, through
from icestream_simulator.places import Places, cell_centres
from icestream_simulator.simulate import simulate
from icestream_simulator.truth import Truth
from readers.conftest import arrive

BOX = (85.0, 38.0, 91.0, 40.0)
ICE = (-45.0, 68.0, -15.0, 71.0)
COSINE = float(np.cos(np.radians(46.0)))
Opened = Callable[[Path], np.ndarray]


def decibel(power: np.ndarray) -> np.ndarray:
    return 10.0 * np.log10(power)


def test_a_little_water_darkens_snow_by_more_than_the_rule_asks() -> None:
    depth = np.array([0.1, 0.3, 0.6])
    dry, wet = (decibel(through(depth, 0.46e-3, water, 0.05, COSINE)) for water in (0.0, 0.02))
    assert (dry - wet > 3.0)[1:].all()
    assert (np.diff(dry - wet) > 0).all()


def test_more_water_absorbs_more_and_dry_snow_is_clear() -> None:
    water = np.array([0.0, 0.001, 0.005, 0.01, 0.02])
    assert (np.diff(absorption(water)) > 0).all()
    assert absorption(np.array(0.0)) == 0.02
    assert absorption(np.array(0.01)) == pytest.approx(7.7, rel=0.03)


def test_ground_without_snow_is_seen_as_it_is() -> None:
    assert through(np.zeros(1), 0.5e-3, 0.0, 0.08, COSINE) == pytest.approx(0.08)


def test_an_image_shows_the_world_in_its_box_and_nothing_elsewhere(truth: Truth, tmp_path: Path) -> None:
    day = date(2007, 2, 3)
    paths = simulate("quikscat", day, day, tmp_path, truth=truth, grid="Grn", box=ICE)
    assert [path.name[:4] for path in paths] == ["qaeh", "qaev", "qdeh", "qdev"]
    opened = QUIKSCAT.open(paths[0], arrive(QUIKSCAT, paths[0].name))
    values = opened.data["sigma0_h"].values
    longitude, latitude = cell_centres(opened.grid)
    seen = np.isfinite(values)
    inside = (longitude >= ICE[0]) & (longitude < ICE[2]) & (latitude >= ICE[1]) & (latitude < ICE[3])
    assert (seen == inside).all()
    terrain = Places(truth.seed, longitude[inside], latitude[inside]).terrain
    assert np.median(values[inside][terrain.ice > 0.9]) > -6.0
    assert np.median(values[inside][terrain.land == 0.0]) < -13.0


def test_an_edition_is_another_draw_of_the_same_world(truth: Truth, tmp_path: Path) -> None:
    day = date(2007, 2, 3)
    first, again, other = (
        simulate(
            "quikscat", day, day, tmp_path / name, truth=truth, grid="ChJ", box=BOX, passes=("A",), edition=edition
        )
        for name, edition in (("a", 0), ("b", 0), ("c", 1))
    )
    assert first[0].read_bytes() == again[0].read_bytes() != other[0].read_bytes()


def test_days_without_quikscat_and_regions_without_a_grid_are_refused(truth: Truth, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="QuikSCAT measured from 1999-07-20 to 2009-11-23"):
        simulate("quikscat", date(2010, 1, 1), date(2010, 1, 2), tmp_path, truth=truth, grid="ChJ")
    with pytest.raises(ValueError, match="no region 'ML' of quikscat is simulated; there are ChJ, Grn"):
        simulate("quikscat", date(2007, 1, 1), date(2007, 1, 2), tmp_path, truth=truth, grid="ML")
