from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from icestream_core.collection import Collection, Opened
from icestream_core.errors import GranuleError
from icestream_foundation.cold_pass_tb import FITTED, cold_pass_tb
from icestream_foundation.transfers import TRANSFERS

OpenAs = Callable[[Collection, Path, str], Opened]
NAME = "cold-pass-tb-transfers.20240131.toml"


@pytest.fixture
def read(tmp_path: Path, open_as: OpenAs) -> Callable[[str], xr.Dataset]:
    def opened(text: str) -> xr.Dataset:
        path = tmp_path / NAME
        path.write_text(text, "utf-8")
        data: xr.Dataset = open_as(TRANSFERS, path, NAME).data
        return data

    return opened


def test_a_file_gives_rows_that_the_product_takes(read: Callable[[str], xr.Dataset]) -> None:
    rows = read("[F13.tb_19h]\nslope = 1.01\nintercept = -0.4\n[F11.tb_37v]\nslope = 1\nintercept = 2\n")
    assert rows.sizes == {"row": 2}
    assert rows["intercept"].attrs["units"] == "K"
    tb = xr.Dataset({"tb_19h": (("y", "x"), np.full((1, 1), 200.0))}, attrs={"sensor": "ssmi", "platform": "F13"})
    made = cold_pass_tb(tb, rows)
    assert made["tb_19h"].item() == pytest.approx(201.6)
    assert made["calibration"].item() == FITTED


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("slope 1", "TOMLDecodeError"),
        ("F13 = 3", "AttributeError"),
        ("[F13.tb_19h]\nslope = 1", "intercept"),
        ("[F13.tb_19h]\nslope = 'steep'\nintercept = 1", "ValueError"),
        ("[F13.tb_19h]\nslope = 0\nintercept = 1", "slope 0"),
        ("[F13.tb_19h]\nslope = nan\nintercept = 1", "slope nan"),
        ("[F13.tb_19h]\nslope = 1\nintercept = inf", "intercept inf"),
        ("", "no transfer"),
    ],
)
def test_a_file_that_is_no_table_of_lines_is_refused_with_the_reason(
    read: Callable[[str], xr.Dataset], text: str, said: str
) -> None:
    with pytest.raises(GranuleError, match=said) as refused:
        read(text)
    assert "wanted a table [PLATFORM.CHANNEL]" in str(refused.value)


def test_a_set_holds_for_all_time_and_is_ordered_by_when_it_was_fitted() -> None:
    facts = TRANSFERS.parse(NAME)
    assert facts is not None
    assert facts.produced == datetime(2024, 1, 31, tzinfo=UTC)
    assert facts.start < datetime(1978, 10, 24, tzinfo=UTC) < datetime(2100, 1, 1, tzinfo=UTC) < facts.end
    assert TRANSFERS.parse("cold-pass-tb-transfers.toml") is None
