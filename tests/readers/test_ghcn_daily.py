"""Station records of GHCN-Daily, written from the format's documentation: no real file is among our granules."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from icestream_core.errors import GranuleError
from icestream_core.granule import Asset, Granule
from icestream_readers.ghcn_daily import GHCN_DAILY
from icestream_simulator.simulate import simulate
from icestream_simulator.truth import Truth

HEADER = (
    '"STATION","DATE","LATITUDE","LONGITUDE","ELEVATION","NAME","PRCP","PRCP_ATTRIBUTES","SNWD","SNWD_ATTRIBUTES"\n'
)
PLACE = '"62.0167","129.7167","98.0","JAKUTSK, RS"'


def opened(path: Path) -> object:
    facts = GHCN_DAILY.parse(path.name)
    assert facts is not None
    checksum, moment = "sha256:" + "0" * 64, facts.start
    granule = Granule(
        **{**facts._asdict(), "produced": None}, checksum=checksum, collection="ghcn-daily", sensor="station",
        assets=(Asset(href=path.name, size=1, checksum=checksum),), published_at=moment, received_at=moment,
    )  # fmt: skip
    return GHCN_DAILY.open(path, granule).data


def written(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "RSM00024959.csv"
    path.write_text(header + "".join(f"{row}\n" for row in rows), "utf-8")
    return path


def test_a_name_is_a_station_and_any_other_table_is_not() -> None:
    facts = GHCN_DAILY.parse("USW00094728.csv")
    assert facts is not None
    assert (facts.granule_id, facts.part) == ("ghcn-daily.USW00094728", "USW00094728")
    for name in ("stations.csv", "us-towers-1.csv", "USW00094728.txt", "2014.csv"):
        assert GHCN_DAILY.parse(name) is None


def test_days_without_a_depth_and_those_that_failed_a_check_are_left_out(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        f'"RSM00024959","2014-02-01",{PLACE},"    0",",,S","  320",",,S"',
        f'"RSM00024959","2014-02-02",{PLACE},"    0",",,S","",""',
        f'"RSM00024959","2014-02-03",{PLACE},"    0",",,S"," 9999",",K,S"',
        f'"RSM00024959","2014-02-04",{PLACE},"    0",",,S","  330","B,,S,0700"',
    )
    data = opened(path)
    assert data["snow_depth"].values.tolist() == [320.0, 330.0]
    assert data["snow_depth"].attrs["units"] == "mm"
    assert [str(day)[:10] for day in data["time"].values] == ["2014-02-01", "2014-02-04"]
    assert data["elevation"].values.tolist() == [98.0, 98.0]


def test_an_elevation_that_is_not_known_is_missing(tmp_path: Path) -> None:
    row = f'"RSM00024959","2014-02-01",{PLACE.replace("98.0", "-999.9")},"","","  320",",,S"'
    assert np.isnan(opened(written(tmp_path, row))["elevation"].item())


@pytest.mark.parametrize(
    ("header", "row", "said"),
    [
        (HEADER.replace("SNWD", "TMAX"), "", "lacks SNWD, SNWD_ATTRIBUTES"),
        (HEADER, f'"RSM00024959","2014-02-01",{PLACE},"","","deep",",,S"', "could not convert"),
        (HEADER, f'"RSM00024959","yesterday",{PLACE},"","","  320",",,S"', "no record of a station"),
        (HEADER, '"RSM00024959","2014-02-01"', "no record of a station"),
    ],
)
def test_what_is_no_record_of_a_station_is_refused_with_the_reason(
    tmp_path: Path, header: str, row: str, said: str
) -> None:
    with pytest.raises(GranuleError, match=said):
        opened(written(tmp_path, row, header=header))


def test_a_simulated_station_tells_the_truth_within_a_few_centimetres(tmp_path: Path) -> None:
    truth, day = Truth(3), date(2014, 2, 4)
    paths = simulate("ghcn-daily", day, day, tmp_path, truth=truth)
    assert len(paths) == 60
    tables = [opened(path) for path in paths]
    depth = np.concatenate([table["snow_depth"].values for table in tables]) / 1000.0
    places = [np.concatenate([table[name].values for table in tables]) for name in ("longitude", "latitude")]
    from icestream_simulator.places import Places

    wanted = Places(3, *places).snowpack.depth(day)
    assert depth.size >= 50
    assert np.abs(depth - wanted).max() < 0.06
