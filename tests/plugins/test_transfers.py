from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from icestream_core.collection import Collection, Opened
from icestream_core.errors import GranuleError
from icestream_core.fit import Fitted, TooLittle
from icestream_foundation.cold_pass_tb import FITTED, cold_pass_tb
from icestream_foundation.learn_transfers import learn_transfers
from icestream_foundation.transfers import PAIRS_A_DAY, ROWS, TRANSFERS, sample_pairs
from icestream_readers.parameters_file import write_toml

OpenAs = Callable[[Collection, Path, str], Opened]
NAME = "cold-pass-tb-transfers.20240131.toml"


def written(folder: Path, **columns: list[object]) -> Path:
    write_toml(folder / NAME, Fitted(columns, {}), TRANSFERS.columns, {})
    return folder / NAME


def pairs(
    source: str, reference: str, slope: float, intercept: float, channel: str = "tb_37h"
) -> dict[str, np.ndarray]:
    """Return what two sensors see, the source being a line away from the reference and noisy by 0.7 K."""
    random = np.random.default_rng(7)
    truth = random.uniform(180, 270, 4000)
    seen = (truth - intercept) / slope + random.normal(0, 0.7, truth.size)
    words = (np.full(truth.size, word, "<U12") for word in (source, reference, channel))
    return dict(zip(ROWS, (*words, seen, truth), strict=True))


def together(*tables: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([table[name] for table in tables]) for name in ROWS}


def test_a_file_gives_rows_that_the_product_takes(tmp_path: Path, open_as: OpenAs) -> None:
    path = written(
        tmp_path, platform=["F13", "F11"], channel=["tb_19h", "tb_37v"], slope=[1.01, 1.0], intercept=[-0.4, 2.0]
    )
    rows = open_as(TRANSFERS, path, NAME).data
    assert rows.sizes == {"row": 2}
    assert rows["intercept"].attrs["units"] == "K"
    tb = xr.Dataset({"tb_19h": (("y", "x"), np.full((1, 1), 200.0))}, attrs={"sensor": "ssmi", "platform": "F13"})
    made = cold_pass_tb(tb, rows)
    assert made["tb_19h"].item() == pytest.approx(201.6)
    assert made["calibration"].item() == FITTED


def test_a_set_that_makes_no_line_is_refused_with_the_reason(tmp_path: Path, open_as: OpenAs) -> None:
    path = written(tmp_path, platform=["F13"], channel=["tb_19h"], slope=[0.0], intercept=[1.0])
    with pytest.raises(GranuleError, match="slope 0"):
        open_as(TRANSFERS, path, NAME)
    path = written(tmp_path, platform=["F13"], channel=["tb_19h"], slope=[1.0])
    with pytest.raises(GranuleError, match="lacks intercept"):
        open_as(TRANSFERS, path, NAME)


def test_a_set_holds_for_all_time_and_is_ordered_by_when_it_was_fitted() -> None:
    facts = TRANSFERS.parse(NAME)
    assert facts is not None
    assert facts.produced == datetime(2024, 1, 31, tzinfo=UTC)
    assert facts.start < datetime(1978, 10, 24, tzinfo=UTC) < datetime(2100, 1, 1, tzinfo=UTC) < facts.end
    later = TRANSFERS.parse("cold-pass-tb-transfers.20240131T101500.toml")
    assert later is not None
    assert later.produced == datetime(2024, 1, 31, 10, 15, tzinfo=UTC)
    assert TRANSFERS.parse("cold-pass-tb-transfers.toml") is None


def test_pairs_are_of_the_same_land_cell_and_of_two_platforms() -> None:
    shape = (80, 80)
    one, other = (
        xr.Dataset({"tb_37h": (("y", "x"), np.full(shape, level))}, attrs={"platform": platform})
        for platform, level in (("F17", 250.0), ("F13", 240.0))
    )
    one["tb_37h"][0, :] = np.nan
    land = xr.Dataset({"land_fraction": (("y", "x"), np.where(np.arange(80) < 79, 1.0, 0.5) * np.ones(shape))})
    rows = sample_pairs((one, other), (land,))
    assert rows.keys() == ROWS.keys()
    assert 2000 < rows["tb_source"].size <= PAIRS_A_DAY
    assert {*rows["source"]} == {"F13"}
    assert {*rows["reference"]} == {"F17"}
    assert {*rows["tb_source"]} == {240.0}
    assert sample_pairs((one,), (land,))["tb_source"].size == 0


def test_a_line_is_recovered_within_half_a_per_cent_and_seven_tenths_of_a_kelvin() -> None:
    learned = learn_transfers(pairs("F13", "F17", 1.02, -4.0), 0)
    assert learned.parameters["platform"] == ["F13"]
    assert learned.parameters["slope"][0] == pytest.approx(1.02, rel=0.005)
    assert learned.parameters["intercept"][0] == pytest.approx(-4.0, abs=0.7)


def test_smmr_comes_to_the_reference_by_a_chain_of_overlaps() -> None:
    chain = (
        ("N07", "F08", 1.01, -1.0),
        ("F08", "F11", 0.99, 2.0),
        ("F11", "F13", 1.0, 0.5),
        ("F13", "F17", 1.02, -4.0),
    )
    learned = learn_transfers(together(*(pairs(*step) for step in chain)), 0)
    rows = {
        platform: (slope, intercept)
        for platform, slope, intercept in zip(
            *(learned.parameters[name] for name in ("platform", "slope", "intercept")), strict=True
        )
    }
    assert rows.keys() == {"N07", "F08", "F11", "F13"}
    assert learned.parameters["via"][learned.parameters["platform"].index("N07")] == "N07-F08-F11-F13-F17"
    level = 220.0
    for _, _, slope, intercept in chain:
        level = slope * level + intercept
    slope, intercept = rows["N07"]
    assert slope * 220.0 + intercept == pytest.approx(level, abs=0.3)


def test_a_pair_may_be_given_from_either_side() -> None:
    there = learn_transfers(pairs("F17", "GW1", 1.02, -4.0), 0)
    assert there.parameters["platform"] == ["GW1"]
    assert there.parameters["slope"][0] == pytest.approx(1 / 1.02, rel=0.005)


def test_what_cannot_be_brought_to_the_reference_is_said() -> None:
    with pytest.raises(TooLittle, match="no platform overlaps with F17"):
        learn_transfers(pairs("F11", "F13", 1.0, 0.0), 0)
    scattered = pairs("F13", "F17", 1.0, 0.0)
    scattered["tb_source"] = scattered["tb_source"] + np.random.default_rng(1).normal(0, 9, 4000)
    with pytest.raises(TooLittle, match="1 lines refused"):
        learn_transfers(scattered, 0)


def test_a_line_whose_outliers_all_lie_on_one_side_is_refused() -> None:
    leaning = pairs("F13", "F17", 1.0, 0.0)
    leaning["tb_source"][::50] -= 30.0
    with pytest.raises(TooLittle, match="1 lines refused"):
        learn_transfers(leaning, 0)
