from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from icestream_core.collection import Collection, Opened
from icestream_core.errors import GranuleError
from icestream_core.grid import EASE_NL
from icestream_readers.ease_loci_mask import EASE_LOCI_MASK

OpenAs = Callable[[Collection, Path, str], Opened]
NAME = "Nl.LOCImask_land50_coast0km.721x721.bin"


def test_a_name_tells_the_grid_and_the_mask_holds_for_ever() -> None:
    north, south = EASE_LOCI_MASK.parse(NAME), EASE_LOCI_MASK.parse("Sl.LOCImask_land50_coast0km.721x721.bin")
    assert north is not None and south is not None
    assert (north.tile, south.tile) == ("nl", "sl")
    assert (north.end - north.start).days > 365 * 300


@pytest.mark.parametrize(
    "name",
    [
        "Nl.LOCImask_land50_coast0km.721x720.bin",
        "NL.LOCImask_land50_coast0km.721x721.bin",
        "EASE2_N25km.LOCImask_land50_coast0km.720x720.bin",
        "Nl.LOCImask_land50_coast0km.721x721.png",
    ],
)
def test_other_names_are_of_something_else(name: str) -> None:
    assert EASE_LOCI_MASK.parse(name) is None


def test_classes_come_as_they_are_with_their_meanings(tmp_path: Path, open_as: OpenAs) -> None:
    codes = np.full(EASE_NL.shape, 255, np.uint8)
    codes[360, 350:353] = (0, 101, 252)
    (tmp_path / NAME).write_bytes(codes.tobytes())
    opened = open_as(EASE_LOCI_MASK, tmp_path / NAME, NAME)
    assert opened.grid == EASE_NL
    np.testing.assert_array_equal(opened.data["surface_class"].values, codes)
    assert "permanent_ice" in opened.data["surface_class"].attrs["flag_meanings"]


@pytest.mark.parametrize(("body", "reason"), [(bytes(721 * 720), "wanted 519841"), (bytes(721 * 722), "more than")])
def test_a_file_of_another_size_is_refused(tmp_path: Path, open_as: OpenAs, body: bytes, reason: str) -> None:
    (tmp_path / NAME).write_bytes(body)
    with pytest.raises(GranuleError, match=reason):
        open_as(EASE_LOCI_MASK, tmp_path / NAME, NAME)


def test_unknown_classes_are_refused(tmp_path: Path, open_as: OpenAs) -> None:
    (tmp_path / NAME).write_bytes(b"\x07" * (721 * 721))
    with pytest.raises(GranuleError, match="not known: 7"):
        open_as(EASE_LOCI_MASK, tmp_path / NAME, NAME)
