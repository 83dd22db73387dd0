"""The land mask that ships is its source's, and each of its maps is the share of the finest."""

from __future__ import annotations

from importlib import resources

import h5py
import numpy as np

from icestream_core.grid import lonlat
from icestream_generation.align import onto
from icestream_generation.land_table import BAND, counted, land_bands
from icestream_generation.library import LAND, LAND_THINNINGS, open_library


def test_the_land_table_is_what_its_source_gives() -> None:
    (band,) = land_bands(first=25 * BAND, last=26 * BAND)  # 64 to 65 degrees north
    with h5py.File(str(resources.files("icestream_generation") / LAND)) as table:
        for thin in LAND_THINNINGS:
            height = BAND // thin
            stored = table[str(thin)][25 * height : 26 * height]
            np.testing.assert_array_equal(stored, counted(band, thin), str(thin))


def test_land_on_a_coarse_map_is_the_share_of_the_finest() -> None:
    fine, coarse = (
        open_library("library-land", lonlat(f"iceland-{step}", -24.0, 66.0, step, round(4 / step), round(2 / step)))
        for step in (0.02, 0.3)
    )
    assert fine.grid is not None
    assert coarse.grid is not None
    assert set(np.unique(fine.data["land_fraction"])) == {0.0, 1.0}
    shares = onto(fine.data["land_fraction"].values, fine.grid, coarse.grid, "average")[3:-3, 3:-3]
    assert shares.size > 500
    assert 0.3 < shares.mean() < 0.9
    np.testing.assert_allclose(coarse.data["land_fraction"].values[3:-3, 3:-3], shares, atol=2e-6)
