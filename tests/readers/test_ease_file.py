"""The north grid at 25 km is tested on F17's real files of 1 February 2014.

The other grids, SSM/I, SMMR and gzip are tested on files that are written here byte by byte from the format's
description, because no real granule of them could be had.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pyproj import Transformer

from icestream_core.collection import Collection, Opened
from icestream_core.errors import GranuleError, StorageError
from icestream_core.grid import Grid
from icestream_readers.ease_format import CHANNELS, file_size
from icestream_readers.ease_grids import EASE_GRIDS
from icestream_readers.nsidc_0032 import NSIDC_0032
from icestream_readers.nsidc_0071 import NSIDC_0071

OpenAs = Callable[[Collection, Path, str], Opened]
F17 = "EASE-F17-NL2014032D-V2.19H"


def cell_of(grid: Grid, longitude: float, latitude: float) -> tuple[int, int]:
    """Return row and column."""
    x, y = Transformer.from_crs("EPSG:4326", grid.crs, always_xy=True).transform(longitude, latitude)
    a, _, c, _, e, f = grid.transform
    return int((y - f) // e), int((x - c) // a)


def written(path: Path, tile: str, kelvin: float = 200.0) -> NDArray[np.uint16]:
    """Write a file: a ramp of tenths of a kelvin upwards from `kelvin`, the first cell missing."""
    grid = EASE_GRIDS[tile]
    counts = (round(kelvin * 10) + np.arange(grid.width * grid.height) % 997).astype("<u2").reshape(grid.shape)
    counts[0, 0] = 0
    path.write_bytes(counts.tobytes())
    return counts


@pytest.fixture
def real(granules: Path, open_as: OpenAs) -> Callable[[str], Opened]:
    return lambda ending: open_as(
        NSIDC_0032, granules / "nsidc-0032" / f"EASE-F17-NL2014032{ending}", f"EASE-F17-NL2014032{ending}"
    )


@pytest.mark.parametrize(
    ("longitude", "latitude", "k19", "k37"),
    [
        pytest.param(-38.5, 72.6, 159, 166, id="Greenland summit"),
        pytest.param(-170.0, 45.0, 116, 147, id="North Pacific"),
        pytest.param(10.0, 23.0, 240, 247, id="Sahara"),
        pytest.param(129.73, 62.03, 216.3, 185.5, id="Yakutsk"),
        pytest.param(92.05, 31.48, 237, 238, id="Nagqu"),
    ],
)
def test_f17_sees_known_places_as_they_are(
    real: Callable[[str], Opened], longitude: float, latitude: float, k19: float, k37: float
) -> None:
    for ending, name, kelvin in (("D-V2.19H", "tb_19h", k19), ("D-V2.37H", "tb_37h", k37)):
        opened = real(ending)
        assert opened.grid is not None
        found = float(opened.data[name].values[cell_of(opened.grid, longitude, latitude)])
        assert found == pytest.approx(kelvin, abs=3)


def test_yakutsk_is_read_to_the_tenth(real: Callable[[str], Opened]) -> None:
    assert real("D-V2.19H").data["tb_19h"].values[281, 454] == np.float32(216.3)
    assert real("D-V2.37H").data["tb_37h"].values[281, 454] == np.float32(185.5)


@pytest.mark.parametrize(
    ("channel", "variable", "frequency"),
    [
        ("19H", "tb_19h", 19.35),
        ("19V", "tb_19v", 19.35),
        ("22V", "tb_22v", 22.235),
        ("37H", "tb_37h", 37.0),
        ("37V", "tb_37v", 37.0),
        ("91H", "tb_91h", 91.655),
        ("91V", "tb_91v", 91.655),
    ],
)
@pytest.mark.parametrize("direction", "AD")
def test_every_channel_of_the_real_day_is_read(
    real: Callable[[str], Opened], direction: str, channel: str, variable: str, frequency: float
) -> None:
    opened = real(f"{direction}-V2.{channel}")
    assert opened.grid == EASE_GRIDS["nl"]
    assert opened.data.attrs == {"sensor": "ssmis", "platform": "F17"}
    assert list(opened.data) == [variable]
    found = opened.data[variable]
    assert (found.dims, found.shape, found.dtype) == (("y", "x"), (721, 721), np.float32)
    assert (found.attrs["units"], found.attrs["frequency"]) == ("K", frequency)
    assert 0.55 < float(np.isfinite(found).mean()) < 0.7
    assert 90 < float(found.min()) < float(found.max()) < 310


def test_the_time_of_the_descending_pass_is_about_six_by_the_sun(real: Callable[[str], Opened]) -> None:
    """Proves at once that the file holds minutes of UTC and that the descending pass is the cold one."""
    opened = real("D-V2.TIM")
    assert opened.grid is not None
    time = opened.data["observation_time"]
    assert time.attrs["units"] == "s"
    for longitude, latitude in ((129.73, 62.03), (92.05, 31.48), (10.0, 23.0), (-170.0, 45.0), (-100.0, 40.0)):
        seconds = float(time.values[cell_of(opened.grid, longitude, latitude)])
        assert (seconds / 3600 + longitude / 15) % 24 == pytest.approx(6.3, abs=1.2)


@pytest.mark.parametrize("tile", EASE_GRIDS)
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_every_grid_is_read_from_its_bytes(tmp_path: Path, open_as: OpenAs, tile: str, ending: str) -> None:
    path = tmp_path / "file"
    counts = written(path, tile)
    if ending:
        path.write_bytes(gzip.compress(path.read_bytes(), 1))
    opened = open_as(NSIDC_0032, path, f"EASE-F13-{tile.upper()}1998001D.85V{ending}")
    assert opened.grid == EASE_GRIDS[tile]
    found = opened.data["tb_91v"]
    assert found.attrs["frequency"] == 85.5
    assert np.isnan(found.values[0, 0])
    assert np.isfinite(found.values).sum() == counts.size - 1
    # Exact: the float32 nearest to the tenth that the file holds.
    expected = (counts.ravel()[1:] / 10).astype(np.float32)
    assert np.array_equal(found.values.ravel()[1:], expected)


@pytest.mark.parametrize(("part", "band"), CHANNELS["smmr"].items())
def test_smmr_is_read_under_the_names_of_the_bands(
    tmp_path: Path, open_as: OpenAs, part: str, band: tuple[str, float]
) -> None:
    written(tmp_path / "file", "ml")
    opened = open_as(NSIDC_0071, tmp_path / "file", f"EASE-SMMR-ML1987002D.{part.upper()}")
    assert opened.data.attrs == {"sensor": "smmr", "platform": "N07"}
    variable, frequency = band
    assert opened.data[variable].attrs["frequency"] == frequency


def test_gzip_is_seen_whatever_the_file_is_called(tmp_path: Path, open_as: OpenAs) -> None:
    """A cache may name files by their checksum, and a client may unpack under way."""
    path = tmp_path / F17
    counts = written(path, "nl")
    plain = open_as(NSIDC_0032, path, F17 + ".gz").data["tb_19h"].values
    path.write_bytes(gzip.compress(counts.tobytes(), 1))
    assert np.array_equal(open_as(NSIDC_0032, path, F17).data["tb_19h"].values, plain, equal_nan=True)


def test_a_grid_on_which_nothing_was_seen_is_all_missing(tmp_path: Path, open_as: OpenAs) -> None:
    path = tmp_path / F17
    path.write_bytes(bytes(file_size(EASE_GRIDS["nl"])))
    assert np.isnan(open_as(NSIDC_0032, path, F17).data["tb_19h"]).all()


def refusal(open_as: OpenAs, path: Path, name: str = F17) -> str:
    with pytest.raises(GranuleError) as refused:
        open_as(NSIDC_0032, path, name)
    assert refused.value.granule_id == name.removesuffix(".gz")
    assert name.removesuffix(".gz") in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(
    ("size", "says"), [(0, "empty"), (1, "truncated"), (1_039_681, "truncated"), (1_039_683, "no file of this format")]
)
def test_a_wrong_size_is_refused(tmp_path: Path, open_as: OpenAs, size: int, says: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(size))
    assert says in refusal(open_as, path)


def test_a_file_of_another_grid_is_refused_and_the_grid_named(tmp_path: Path, open_as: OpenAs) -> None:
    written(tmp_path / "file", "ml")
    says = refusal(open_as, tmp_path / "file")
    assert "has 1620876 bytes; wanted 1039682" in says
    assert "the size of the grid ml" in says


def test_a_temperature_above_350_kelvin_is_absurd(tmp_path: Path, open_as: OpenAs) -> None:
    path = tmp_path / "file"
    counts = written(path, "nl")
    counts[5, 5] = 3500
    path.write_bytes(counts.tobytes())
    assert open_as(NSIDC_0032, path, F17).data["tb_19h"].values[5, 5] == 350
    counts[5, 5] = 3501
    path.write_bytes(counts.tobytes())
    assert "absurd brightness temperatures: 1 of 519841 above 350 K" in refusal(open_as, path)


def test_the_wrong_byte_order_is_absurd(tmp_path: Path, open_as: OpenAs) -> None:
    path = tmp_path / "file"
    path.write_bytes(written(path, "nl").astype(">u2").tobytes())
    assert "byte order" in refusal(open_as, path)


@pytest.mark.parametrize("minutes", [-1, 1441])
def test_a_time_that_is_no_minute_of_a_day_is_refused(tmp_path: Path, open_as: OpenAs, minutes: int) -> None:
    path, name = tmp_path / "file", "EASE-F17-NL2014032D-V2.TIM"
    times = np.full(EASE_GRIDS["nl"].shape, -32768, "<i2")
    path.write_bytes(times.tobytes())
    assert np.isnan(open_as(NSIDC_0032, path, name).data["observation_time"]).all()
    times[0, 0] = minutes
    path.write_bytes(times.tobytes())
    assert "1 times that are no minute of a day" in refusal(open_as, path, name)


def test_a_directory_or_nothing_at_all_is_refused(tmp_path: Path, open_as: OpenAs) -> None:
    assert "is a directory" in refusal(open_as, tmp_path)
    assert "there is no file" in refusal(open_as, tmp_path / "absent")


def test_a_granule_of_an_unknown_channel_or_grid_is_refused(tmp_path: Path, arrive: Callable[..., object]) -> None:
    written(tmp_path / "file", "nl")
    granule = arrive(NSIDC_0032, F17)
    for change in ({"part": "18h"}, {"sensor": "modis"}, {"tile": "xl"}, {"tile": ""}):
        with pytest.raises(GranuleError):
            NSIDC_0032.open(tmp_path / "file", granule.model_copy(update=change))  # type: ignore[attr-defined]


@pytest.mark.parametrize("kept", [2, 10, 5000, -1, -4, -8])
def test_a_truncated_gzip_is_refused(tmp_path: Path, open_as: OpenAs, kept: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(written(path, "nl").tobytes(), 1)[:kept])
    assert "broken gzip" in refusal(open_as, path, F17 + ".gz")


def test_a_gzip_whose_checksum_does_not_fit_is_refused(tmp_path: Path, open_as: OpenAs) -> None:
    path = tmp_path / "file"
    packed = bytearray(gzip.compress(written(path, "nl").tobytes(), 1))
    packed[-5] ^= 1
    path.write_bytes(packed)
    assert "broken gzip" in refusal(open_as, path, F17 + ".gz")


def test_a_gzip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, open_as: OpenAs) -> None:
    path = tmp_path / "file"
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    with path.open("wb") as file:
        for _ in range(200):
            file.write(packer.compress(bytes(2**20)))
        file.write(packer.flush())
    assert path.stat().st_size < 2**20
    assert "more than 1039682 bytes unpacked" in refusal(open_as, path, F17 + ".gz")


def test_a_disk_that_refuses_is_nobodys_data_at_fault(
    tmp_path: Path, open_as: OpenAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object) -> None:
        raise OSError(5, "Input/output error")

    written(tmp_path / "file", "nl")
    monkeypatch.setattr(Path, "open", refuses)
    with pytest.raises(StorageError, match="Input/output error"):
        open_as(NSIDC_0032, tmp_path / "file", F17)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), packed=st.booleans())
def test_a_damaged_file_is_read_or_refused_and_never_anything_else(
    tmp_path: Path, open_as: OpenAs, data: st.DataObject, packed: bool
) -> None:
    path = tmp_path / "file"
    body = bytearray(written(path, "nl").tobytes())
    if packed:
        body = bytearray(gzip.compress(bytes(body), 1))
    for _ in range(data.draw(st.integers(0, 5))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(body[: data.draw(st.integers(1, len(body)))] if data.draw(st.booleans()) else body)
    try:
        found = open_as(NSIDC_0032, path, F17).data["tb_19h"]
    except GranuleError:
        return
    assert found.shape == (721, 721)
    assert not (found > 350).any()
