"""Tested on a real granule of Terra's; what no real granule shows is written here in the same format.

No real granule of Aqua's could be had: its files differ in name only.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pyhdf.SD import SD, SDC

from icestream_core.collection import Collection, Opened
from icestream_core.errors import GranuleError
from icestream_core.granule import Granule
from icestream_core.grid import modis_tile
from icestream_readers.mod10a2 import MOD10A2
from icestream_readers.modis_snow_format import CODES
from icestream_readers.myd10a2 import MYD10A2

OpenAs = Callable[[Collection, Path, str], Opened]
REAL = "MOD10A2.A2022033.h09v05.061.2022042050729.hdf"
TERRA, AQUA = (f"{short}.A2022033.h25v05.061.2022042050729.hdf" for short in ("MOD10A2", "MYD10A2"))


@pytest.fixture
def real(granules: Path) -> Path:
    return granules / "mod10a2" / REAL


def write(
    path: Path, codes: NDArray[np.generic], kind: int = SDC.UINT8, name: str = "Maximum_Snow_Extent", metadata: str = ""
) -> None:
    file = SD(str(path), SDC.WRITE | SDC.CREATE | SDC.TRUNC)
    layer = file.create(name, kind, codes.shape)
    layer.setcompress(SDC.COMP_DEFLATE, 1)
    layer[:] = codes
    layer.endaccess()
    if metadata:
        file.attr("StructMetadata.0").set(SDC.CHAR, metadata)
    file.end()


def every_code() -> NDArray[np.uint8]:
    return np.resize(np.array(list(CODES), np.uint8), (2400, 2400))


def test_the_real_granule_is_read_count_for_count(real: Path, open_as: OpenAs) -> None:
    opened = open_as(MOD10A2, real, REAL)
    found = opened.data["snow_extent"]
    assert (found.dims, found.shape, found.dtype) == (("y", "x"), (2400, 2400), np.uint8)
    codes, counts = np.unique(found.values, return_counts=True)
    assert dict(zip(codes.tolist(), counts.tolist(), strict=True)) == {
        25: 3_300_539, 37: 9_591, 50: 7_547, 100: 2_802, 200: 2_439_521,
    }  # fmt: skip
    assert opened.data.attrs == {"sensor": "modis", "platform": "Terra"}
    assert opened.grid == modis_tile("h09v05", 2400)


def test_the_grid_is_the_one_that_the_real_granule_states(real: Path) -> None:
    metadata = SD(str(real), SDC.READ).attributes()["StructMetadata.0"]
    west, south, east, north = modis_tile("h09v05", 2400).bounds
    for name, stated in (("UpperLeftPointMtrs", (west, north)), ("LowerRightMtrs", (east, south))):
        x, y = metadata.split(f"{name}=(")[1].split(")")[0].split(",")
        assert (float(x), float(y)) == pytest.approx(stated, abs=0.01)


def test_the_codes_are_those_of_the_real_granules_key(real: Path) -> None:
    key = SD(str(real), SDC.READ).select("Maximum_Snow_Extent").attributes()["Key"]
    stated = dict(pair.strip().split("=") for pair in key.split(","))
    assert {int(code): meaning.split()[0] for code, meaning in stated.items()} == {
        code: meaning.split("_")[0] for code, meaning in CODES.items()
    }


@pytest.mark.parametrize(("collection", "name", "platform"), [(MOD10A2, TERRA, "Terra"), (MYD10A2, AQUA, "Aqua")])
def test_every_code_passes_as_it_is_with_its_meaning(
    tmp_path: Path, open_as: OpenAs, collection: Collection, name: str, platform: str
) -> None:
    write(tmp_path / "file", every_code())
    opened = open_as(collection, tmp_path / "file", name)
    found = opened.data["snow_extent"]
    assert np.array_equal(found.values, every_code())
    meanings = dict(zip(found.attrs["flag_values"].tolist(), found.attrs["flag_meanings"].split(), strict=True))
    assert (meanings[25], meanings[50], meanings[200]) == ("no_snow", "cloud", "snow")
    assert opened.data.attrs["platform"] == platform


def refusal(open_as: OpenAs, path: Path, name: str = TERRA) -> str:
    with pytest.raises(GranuleError) as refused:
        open_as(MOD10A2, path, name)
    assert name.startswith(refused.value.granule_id)
    return str(refused.value)


def test_a_granule_under_the_name_of_another_tile_is_refused(real: Path, open_as: OpenAs) -> None:
    assert "name and file do not belong together" in refusal(open_as, real, TERRA)


def test_metadata_that_states_the_right_corner_is_accepted(tmp_path: Path, open_as: OpenAs) -> None:
    west, _, _, north = modis_tile("h25v05", 2400).bounds
    write(tmp_path / "file", every_code(), metadata=f"UpperLeftPointMtrs=({west:.6f},{north:.6f})")
    assert open_as(MOD10A2, tmp_path / "file", TERRA).grid == modis_tile("h25v05", 2400)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"name": "Eight_Day_Snow_Cover"}, "has no dataset 'Maximum_Snow_Extent'; it has Eight_Day_Snow_Cover"),
        ({"codes": np.full((1200, 1200), 25, np.uint8)}, "of shape [1200, 1200]"),
        ({"codes": np.full((2400, 1200), 25, np.uint8)}, "of shape [2400, 1200]"),
        ({"codes": np.full((2400, 2400), 25, np.int16), "kind": SDC.INT16}, "of HDF type"),
        ({"codes": np.full((2400, 2400), 26, np.uint8)}, "does not have: 26"),
    ],
)
def test_what_breaks_the_format_is_refused(
    tmp_path: Path, open_as: OpenAs, arguments: dict[str, object], says: str
) -> None:
    write(tmp_path / "file", **{"codes": every_code(), **arguments})  # type: ignore[arg-type]
    assert says in refusal(open_as, tmp_path / "file")


def test_what_is_no_hdf4_is_refused(tmp_path: Path, open_as: OpenAs) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"")
    assert "is empty" in refusal(open_as, path)
    path.write_bytes(b"\x89HDF\r\n\x1a\n")
    assert "no HDF4 file" in refusal(open_as, path)
    assert "is a directory" in refusal(open_as, tmp_path)
    assert "there is no file" in refusal(open_as, tmp_path / "absent")


@pytest.mark.parametrize("kept", [4, 1000, 50_000, 600_000, 1_090_000])
def test_a_truncated_file_is_refused(real: Path, tmp_path: Path, open_as: OpenAs, kept: int) -> None:
    (tmp_path / "file").write_bytes(real.read_bytes()[:kept])
    assert "truncated" in refusal(open_as, tmp_path / "file", REAL)


def test_a_granule_of_no_tile_is_refused(tmp_path: Path, arrive: Callable[..., Granule]) -> None:
    write(tmp_path / "file", every_code())
    for tile in ("", "h99v99", "global"):
        with pytest.raises(GranuleError):
            MOD10A2.open(tmp_path / "file", arrive(MOD10A2, TERRA).model_copy(update={"tile": tile}))


def test_a_damaged_file_is_read_or_refused_and_never_anything_else(
    real: Path, tmp_path: Path, arrive: Callable[..., Granule]
) -> None:
    """In a process of its own, as in the worker: what the C library does to a damaged file is not Python's to catch."""
    (tmp_path / "granule.json").write_text(arrive(MOD10A2, REAL).model_dump_json())
    script = """
import random, sys
from pathlib import Path
from icestream_core.errors import GranuleError
from icestream_core.granule import Granule
from icestream_readers.mod10a2 import MOD10A2
where = Path(sys.argv[1])
body = Path(sys.argv[2]).read_bytes()
granule = Granule.model_validate_json((where / "granule.json").read_text())
for seed in range(60):
    dice = random.Random(seed)
    changed = bytearray(body)
    for _ in range(dice.choice([1, 10, 100])):
        changed[dice.randrange(4, len(body) if seed % 2 else 5000)] = dice.randrange(256)
    (where / "damaged").write_bytes(changed)
    try:
        MOD10A2.open(where / "damaged", granule)
        print("read")
    except GranuleError:
        print("refused")
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path), str(real)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split().count("refused") > 10
    assert len(done.stdout.split()) == 60
