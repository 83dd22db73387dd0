from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from pyhdf.SD import SD, SDC

from icestream_core.collection import Collection, Opened
from icestream_core.errors import GranuleError
from icestream_readers.glass_albedo import GLASS_ALBEDO, GRID

OpenAs = Callable[[Collection, Path, str], Opened]
NAME = "GLASS02B06.V04.A2014025.2019353.hdf"


def write(path: Path, *, layers: dict[str, np.ndarray], scale: float | None = 0.0001) -> Path:
    file = SD(str(path), SDC.WRITE | SDC.CREATE | SDC.TRUNC)
    for name, counts in layers.items():
        data = file.create(name, SDC.INT16 if counts.dtype == np.int16 else SDC.UINT8, counts.shape)
        data.setcompress(SDC.COMP_DEFLATE, 1)
        if scale is not None:
            data.attr("scale_factor").set(SDC.FLOAT64, scale)
        data[:] = counts
        data.endaccess()
    file.end()
    return path


def both(counts: np.ndarray) -> dict[str, np.ndarray]:
    return {"ABD_BSA_shortwave": counts, "ABD_WSA_shortwave": counts}


def test_a_name_tells_the_instrument_and_the_eight_days() -> None:
    facts = GLASS_ALBEDO.parse(NAME)
    assert facts is not None
    assert (facts.granule_id, facts.platform) == ("GLASS02B06.V04.A2014025", "MODIS")
    assert (facts.start, facts.end) == (datetime(2014, 1, 25, tzinfo=UTC), datetime(2014, 2, 2, tzinfo=UTC))
    assert facts.produced == datetime(2019, 12, 19, tzinfo=UTC)
    avhrr = GLASS_ALBEDO.parse("GLASS02B05.V04.A1981169.2018062.hdf")
    assert avhrr is not None
    assert (avhrr.platform, GLASS_ALBEDO.sensor_of(avhrr.platform)) == ("AVHRR", "avhrr")


def test_an_archive_without_days_of_production_holds_the_same_granules() -> None:
    plain, dated = GLASS_ALBEDO.parse("GLASS02B06.V04.A2014025.hdf"), GLASS_ALBEDO.parse(NAME)
    assert plain is not None and dated is not None
    assert (plain.granule_id, plain.start, plain.produced) == (dated.granule_id, dated.start, None)


@pytest.mark.parametrize(
    "name",
    [
        "GLASS02B06.V04.A2014026.2019353.hdf",  # begins no period
        "GLASS02A06.V04.A2014025.h25v04.2019353.hdf",  # the tiles of 1 km
        "GLASS02B04.V04.A2014025.2019353.hdf",
        "GLASS02B06.Vxx.A2014025.2019353.hdf",
        "GLASS02B06.V04.A2014025.2019399.hdf",
    ],
)
def test_other_names_are_of_something_else(name: str) -> None:
    assert GLASS_ALBEDO.parse(name) is None


def test_counts_become_albedo_and_what_is_none_becomes_missing(tmp_path: Path, open_as: OpenAs) -> None:
    counts = np.full(GRID.shape, -1, np.int16)
    counts[0, :4] = (0, 8300, 10_000, 10_001)
    counts[-1, -1] = 32_767
    opened = open_as(GLASS_ALBEDO, write(tmp_path / NAME, layers=both(counts)), NAME)
    white = opened.data["white_sky_albedo"].values
    assert opened.grid == GRID
    np.testing.assert_allclose(white[0, :4], [0.0, 0.83, 1.0, np.nan])
    assert np.isfinite(white).sum() == 3


def test_what_is_no_such_file_is_refused_and_says_why(tmp_path: Path, open_as: OpenAs) -> None:
    small = both(np.zeros((10, 20), np.int16))
    whole = np.zeros(GRID.shape, np.int16)
    for reason, path in (
        ("no HDF4 file", _text(tmp_path / "a.hdf")),
        (r"of shape \[10, 20\]", write(tmp_path / "b.hdf", layers=small)),
        ("no dataset 'ABD_BSA_shortwave'; it has other", write(tmp_path / "c.hdf", layers={"other": whole[:2]})),
        ("wanted 22, int16", write(tmp_path / "d.hdf", layers=both(whole.astype(np.uint8)))),
        ("scale factor 0.001", write(tmp_path / "e.hdf", layers=both(whole), scale=0.001)),
    ):
        with pytest.raises(GranuleError, match=reason):
            open_as(GLASS_ALBEDO, path, NAME)


def _text(path: Path) -> Path:
    path.write_text("not there\n" * 10)
    return path
