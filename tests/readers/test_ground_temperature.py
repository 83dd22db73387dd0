from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from icestream_core.collection import Collection, Opened
from icestream_core.errors import GranuleError
from icestream_readers.ground_temperature import GROUND_TEMPERATURE

OpenAs = Callable[[Collection, Path, str], Opened]
NAME = "ground-temperature.20140201.csv"
HEADER = "station,latitude,longitude,ground_temperature\n"


def test_a_table_is_read_with_its_units(tmp_path: Path, open_as: OpenAs) -> None:
    path = tmp_path / NAME
    path.write_text(HEADER + '"Nagqu, grass",31.48,92.07,262.4\nYushu,33.01,97.02,265.15\n', "utf-8")
    data = open_as(GROUND_TEMPERATURE, path, NAME).data
    assert data["station"].values.tolist() == ["Nagqu, grass", "Yushu"]
    assert data["ground_temperature"].values.tolist() == [262.4, 265.15]
    assert data["ground_temperature"].attrs["units"] == "K"


def test_a_name_tells_the_day() -> None:
    facts = GROUND_TEMPERATURE.parse(NAME)
    assert facts is not None
    assert (facts.granule_id, facts.start) == ("ground-temperature.20140201", datetime(2014, 2, 1, tzinfo=UTC))
    assert GROUND_TEMPERATURE.parse("ground-temperature.20140230.csv") is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("station,lat,lon,t\n", "wanted 'station,latitude"),
        (HEADER + "Nagqu,31.48,92.07,-10.7\n", "-10.7 K in line 2; wanted 170 to 350"),
        (HEADER + "Nagqu,31.48,92.07,cold\n", "no numbers in line 2"),
        (HEADER + "Nagqu,31.48,262.4\n", "has 3 columns in line 2"),
        (HEADER + "Nagqu,31.48,92.07,nan\n", "nan K in line 2"),
        ("\xff", "header"),
    ],
)
def test_what_is_no_such_table_is_refused(tmp_path: Path, open_as: OpenAs, text: str, says: str) -> None:
    path = tmp_path / NAME
    path.write_text(text, "utf-8")
    with pytest.raises(GranuleError, match=says):
        open_as(GROUND_TEMPERATURE, path, NAME)
