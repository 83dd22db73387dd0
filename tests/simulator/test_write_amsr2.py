"""Written from the format's documentation: no real granule of AMSR2 could be had."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import h5py
import numpy as np
import pytest

from icestream_core.collection import Opened
from icestream_simulator.brightness import observe
from icestream_simulator.radiometer import GCOM_W1
from icestream_simulator.truth import Truth
from icestream_simulator.write_amsr2 import NO_OBSERVATION, Amsr2Writer

DAY = date(2026, 2, 1)
Read = Callable[[Path], Opened]


@pytest.mark.parametrize("west", [0.0, -180.0])
def test_the_reader_finds_the_truth_wherever_the_columns_begin(
    west: float, truth: Truth, tmp_path: Path, read: Read
) -> None:
    (path,) = Amsr2Writer(truth, west=west, frequencies=["36"]).write(DAY, "D", tmp_path)
    opened = read(path)
    assert opened.grid is not None
    assert opened.grid.bounds[0] == pytest.approx(-180.0)
    cells = truth.on(opened.grid)
    state = truth.state(cells.places, DAY, GCOM_W1.local_hour("D"))
    clean = observe(state, cells.places.terrain, GCOM_W1, seed=99, name="other", labels=["36H", "36V"])
    for name, label in (("tb_37h", "36H"), ("tb_37v", "36V")):
        difference = opened.data[name].values - cells.spread(clean[label], np.nan)
        seen = np.isfinite(difference)
        assert 0.6 < seen.mean() < 0.9
        assert difference[seen].std() == pytest.approx(GCOM_W1.noise * np.sqrt(2.0), rel=0.1)


def test_a_file_has_the_datasets_and_attributes_of_the_format(truth: Truth, tmp_path: Path) -> None:
    paths = Amsr2Writer(truth).write(DAY, "D", tmp_path)
    assert [path.name for path in paths] == [f"GW1AM2_20260201_01D_EQMD_L3SGT{f}LA2220220.h5" for f in (18, 23, 36, 89)]
    with h5py.File(paths[0]) as file:
        assert set(file) == {"Brightness Temperature (H)", "Brightness Temperature (V)", "Time Information"}
        data = file["Brightness Temperature (H)"]
        assert data.shape == (720, 1440)
        assert data.dtype == np.uint16
        assert data.attrs["SCALE FACTOR"][0] == pytest.approx(0.01)
        counts, minutes = data[:], file["Time Information"][:]
    unseen = counts == NO_OBSERVATION
    assert 0.1 < unseen.mean() < 0.4
    np.testing.assert_array_equal(unseen, minutes < 0)
    assert 80.0 < counts[~unseen].min() * 0.01 < counts[~unseen].max() * 0.01 < 330.0


def test_an_unknown_frequency_is_refused(truth: Truth) -> None:
    with pytest.raises(ValueError, match=r"\['06'\] are not simulated"):
        Amsr2Writer(truth, frequencies=["06", "36"])
