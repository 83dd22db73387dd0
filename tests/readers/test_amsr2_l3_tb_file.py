"""Files are written here from the format's description, because no real granule could be had.

What other readers of these files agree on: two datasets of uint16, `Brightness Temperature (H)` and `(V)`, hundredths
of a kelvin by the attribute `SCALE FACTOR`, 65534 and 65535 where there is none, rows from north to south. Where the
columns begin is not certain, so both beginnings are written; the fields are F17's real ones of 1 February 2014
brought onto the grid of AMSR2, swath gaps and all.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray
from pyproj import Transformer

from icestream_core.collection import Collection, Opened
from icestream_core.errors import GranuleError
from icestream_core.granule import Granule
from icestream_core.grid import EASE_NL
from icestream_readers.amsr2_l3_tb import AMSR2_L3_TB, FREQUENCIES, GRIDS

OpenAs = Callable[[Collection, Path, str], Opened]
Counts = NDArray[np.uint16]
COARSE, FINE = "GW1AM2_20140201_01D_EQMD_L3SGT36LA2220220.h5", "GW1AM2_20140201_01D_EQMD_L3SGT36HA2220220.h5"


def write(path: Path, horizontal: Counts, vertical: Counts | None = None, scale: object = (0.01,)) -> None:
    with h5py.File(path, "w") as file:
        for name, counts in (("H", horizontal), ("V", horizontal if vertical is None else vertical)):
            written = file.create_dataset(f"Brightness Temperature ({name})", data=counts, compression="gzip")
            if scale is not None:
                written.attrs["SCALE FACTOR"] = scale
            written.attrs["UNIT"] = "K"
        file.create_dataset("Time Information", data=np.zeros(horizontal.shape, np.int16), compression="gzip")


def earth(tile: str, ocean: float = 150.0) -> Counts:
    """Return a field from 180 W, hundredths of a kelvin: ocean, and rough boxes of Africa and Arabia at 265 K."""
    grid = GRIDS[tile]
    step = grid.cell[0]
    longitude = -180 + step * (np.arange(grid.width) + 0.5)
    latitude = (90 - step * (np.arange(grid.height) + 0.5))[:, None]
    africa = (abs(latitude) < 32) & (longitude > 12) & (longitude < 33) | (latitude > 5) & (latitude < 35) & (
        longitude > -15
    ) & (longitude < 55)
    return np.where(africa, 26500, round(ocean * 100)).astype(np.uint16)


def f17_on_amsr2(granules: Path, direction: str, channel: str) -> Counts:
    """Return a real field of the north at 0.25 degree from 180 W, 65535 where F17 saw nothing and in the south."""
    tenths = np.fromfile(granules / "nsidc-0032" / f"EASE-F17-NL2014032{direction}-V2.{channel}", "<u2").reshape(
        721, 721
    )
    longitude, latitude = np.meshgrid(-179.875 + 0.25 * np.arange(1440), 89.875 - 0.25 * np.arange(360))
    x, y = Transformer.from_crs("EPSG:4326", EASE_NL.crs, always_xy=True).transform(longitude, latitude)
    a, _, c, _, e, f = EASE_NL.transform
    seen = tenths[((y - f) // e).astype(int), ((x - c) // a).astype(int)] * np.uint16(10)
    counts = np.full((720, 1440), 65535, np.uint16)
    counts[:360] = np.where(seen == 0, 65535, seen)
    return counts


@pytest.mark.parametrize("direction", "AD")
@pytest.mark.parametrize("channels", ["19H 19V", "37H 37V", "91H 91V"])
@pytest.mark.parametrize("origin", [0, -180])
def test_columns_are_put_from_180_west_wherever_the_file_begins(
    granules: Path, tmp_path: Path, open_as: OpenAs, direction: str, channels: str, origin: int
) -> None:
    fields = [f17_on_amsr2(granules, direction, channel) for channel in channels.split()]
    shift = 720 if origin == 0 else 0
    write(tmp_path / "file", *(np.roll(field, -shift, axis=1) for field in fields))
    opened = open_as(AMSR2_L3_TB, tmp_path / "file", COARSE)
    for name, field in zip(("tb_37h", "tb_37v"), fields, strict=True):
        expected = np.where(field == 65535, np.nan, field / 100).astype(np.float32)
        assert np.array_equal(opened.data[name].values, expected, equal_nan=True)


@pytest.mark.parametrize(("frequency", "band", "gigahertz"), [(ff, *known) for ff, known in FREQUENCIES.items()])
def test_every_frequency_is_read_under_the_name_of_its_band(
    tmp_path: Path, open_as: OpenAs, frequency: str, band: str, gigahertz: float
) -> None:
    write(tmp_path / "file", earth("eq25"))
    opened = open_as(AMSR2_L3_TB, tmp_path / "file", COARSE.replace("T36", f"T{frequency}"))
    assert opened.grid == GRIDS["eq25"]
    assert opened.data.attrs == {"sensor": "amsr2", "platform": "GW1"}
    assert list(opened.data) == [f"tb_{band}h", f"tb_{band}v"]
    for found in opened.data.values():
        assert (found.dims, found.dtype, found.attrs["units"]) == (("y", "x"), np.float32, "K")
        assert found.attrs["frequency"] == pytest.approx(gigahertz)


@pytest.mark.parametrize("origin", [0, -180])
def test_the_tenth_degree_grid_is_read(tmp_path: Path, open_as: OpenAs, origin: int) -> None:
    field = earth("eq10")
    field[0, 0], field[0, 1] = 65534, 65535
    write(tmp_path / "file", np.roll(field, 1800 if origin == 0 else 0, axis=1))
    opened = open_as(AMSR2_L3_TB, tmp_path / "file", FINE)
    found = opened.data["tb_37h"].values
    assert found.shape == (1800, 3600)
    assert np.isnan(found[0, :2]).all()
    assert np.isnan(found).sum() == 2
    assert found[900 - 200, 1800 + 200] == 265  # 20 N, 20 E
    assert found[900 - 200, 1800 - 1600] == 150  # 20 N, 160 W


@pytest.mark.parametrize("scale", [0.01, np.float32(0.01), "0.01", np.array([0.01]), np.bytes_("0.01")])
def test_the_scale_factor_is_read_however_it_is_written(tmp_path: Path, open_as: OpenAs, scale: object) -> None:
    write(tmp_path / "file", earth("eq25"), scale=scale)
    assert float(open_as(AMSR2_L3_TB, tmp_path / "file", COARSE).data["tb_37v"].max()) == pytest.approx(265, abs=1e-4)


def test_a_day_without_observations_is_all_missing(tmp_path: Path, open_as: OpenAs) -> None:
    write(tmp_path / "file", np.full((720, 1440), 65535, np.uint16))
    assert np.isnan(open_as(AMSR2_L3_TB, tmp_path / "file", COARSE).data["tb_37h"]).all()


def refusal(open_as: OpenAs, path: Path, name: str = COARSE) -> str:
    with pytest.raises(GranuleError) as refused:
        open_as(AMSR2_L3_TB, path, name)
    assert name.startswith(refused.value.granule_id)
    return str(refused.value)


def test_a_day_that_does_not_tell_where_it_begins_is_refused(tmp_path: Path, open_as: OpenAs) -> None:
    write(tmp_path / "file", np.full((720, 1440), 25000, np.uint16))
    assert "does not tell where its columns begin" in refusal(open_as, tmp_path / "file")
    only_china = np.full((720, 1440), 65535, np.uint16)
    only_china[140:300, 960:1280] = 25000
    write(tmp_path / "file", only_china)
    assert "0 and 0 cells" in refusal(open_as, tmp_path / "file")


@pytest.mark.parametrize("name", [COARSE.replace("EQ", "PN"), FINE.replace("EQ", "PS")])
def test_a_polar_file_is_recognised_and_refused(tmp_path: Path, open_as: OpenAs, name: str) -> None:
    write(tmp_path / "file", np.zeros((448, 304), np.uint16))
    assert "polar grid" in refusal(open_as, tmp_path / "file", name)


def test_a_missing_dataset_is_named_with_what_there_is(tmp_path: Path, open_as: OpenAs) -> None:
    write(tmp_path / "file", earth("eq25"))
    with h5py.File(tmp_path / "file", "a") as file:
        del file["Brightness Temperature (V)"]
    says = refusal(open_as, tmp_path / "file")
    assert (
        "has no dataset 'Brightness Temperature (V)'; it has 'Brightness Temperature (H)', 'Time Information'" in says
    )


def test_a_group_in_place_of_a_dataset_is_refused(tmp_path: Path, open_as: OpenAs) -> None:
    with h5py.File(tmp_path / "file", "w") as file:
        file.create_group("Brightness Temperature (H)")
    assert "has no dataset" in refusal(open_as, tmp_path / "file")


@pytest.mark.parametrize(
    ("field", "scale", "says"),
    [
        (earth("eq25")[:, :-1], 0.01, "of shape (720, 1439)"),
        (earth("eq25").T, 0.01, "of shape (1440, 720)"),
        (earth("eq10"), 0.01, "wanted (720, 1440) for eq25"),
        (earth("eq25").astype(np.int16), 0.01, "of type int16"),
        (earth("eq25").astype(np.float32), 0.01, "of type float32"),
        (earth("eq25"), None, "without the attribute 'SCALE FACTOR'"),
        (earth("eq25"), "kelvin", "wanted one number"),
        (earth("eq25"), (0.01, 0.02), "wanted one number"),
        (earth("eq25"), float("nan"), "wanted one number"),
        (earth("eq25"), 0.0, "wanted one number"),
        (earth("eq25"), -0.01, "wanted one number"),
        (earth("eq25"), 0.1, "absurd"),
        (np.full((720, 1440), 35001, np.uint16), 0.01, "absurd"),
    ],
)
def test_what_breaks_the_format_is_refused(
    tmp_path: Path, open_as: OpenAs, field: Counts, scale: object, says: str
) -> None:
    write(tmp_path / "file", field, scale=scale)
    assert says in refusal(open_as, tmp_path / "file")


def test_what_is_no_hdf5_is_refused(tmp_path: Path, open_as: OpenAs) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"")
    assert "is empty" in refusal(open_as, path)
    path.write_text("<html>please log in</html>")
    assert "no HDF5 file" in refusal(open_as, path)
    assert "is a directory" in refusal(open_as, tmp_path)
    assert "there is no file" in refusal(open_as, tmp_path / "absent")


@pytest.mark.parametrize("share", [0.0005, 0.01, 0.5, 0.999])
def test_a_truncated_file_is_refused(tmp_path: Path, open_as: OpenAs, share: float) -> None:
    path = tmp_path / "file"
    write(path, earth("eq25"))
    body = path.read_bytes()
    path.write_bytes(body[: max(9, round(len(body) * share))])
    assert "truncated" in refusal(open_as, path)


def test_a_granule_of_an_unknown_grid_or_frequency_is_refused(tmp_path: Path, arrive: Callable[..., Granule]) -> None:
    write(tmp_path / "file", earth("eq25"))
    for change in ({"tile": "eq50"}, {"part": "37"}, {"tile": ""}):
        with pytest.raises(GranuleError):
            AMSR2_L3_TB.open(tmp_path / "file", arrive(AMSR2_L3_TB, COARSE).model_copy(update=change))


def test_a_damaged_file_is_read_or_refused_and_never_anything_else(
    tmp_path: Path, arrive: Callable[..., Granule]
) -> None:
    """In a process of its own, as in the worker: what the C library does to a damaged file is not Python's to catch."""
    write(tmp_path / "file", earth("eq25"))
    (tmp_path / "granule.json").write_text(arrive(AMSR2_L3_TB, COARSE).model_dump_json())
    script = """
import random, sys
from pathlib import Path
from icestream_core.errors import GranuleError
from icestream_core.granule import Granule
from icestream_readers.amsr2_l3_tb import AMSR2_L3_TB
where = Path(sys.argv[1])
body = (where / "file").read_bytes()
granule = Granule.model_validate_json((where / "granule.json").read_text())
for seed in range(80):
    dice = random.Random(seed)
    changed = bytearray(body)
    for _ in range(dice.choice([1, 10, 100])):
        changed[dice.randrange(8, len(body))] = dice.randrange(256)
    (where / "damaged").write_bytes(changed)
    try:
        AMSR2_L3_TB.open(where / "damaged", granule)
        print("read")
    except GranuleError:
        print("refused")
"""
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split().count("refused") > 10
    assert len(done.stdout.split()) == 80
