"""The names are those of files that other people's code names; no real granule could be had."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from icestream_readers.amsr2_l3_tb import AMSR2_L3_TB, GRIDS


@pytest.mark.parametrize(
    ("name", "tile", "part", "variant"),
    [
        ("GW1AM2_20160301_01D_EQMD_L3SGT18HA2220220.h5", "eq10", "18", "cold"),
        ("GW1AM2_20160301_01D_EQMA_L3SGT18LA2220220.h5", "eq25", "18", "warm"),
        ("GW1AM2_20230101_01D_PNMA_L3SGT06LA2220220.h5", "pn25", "06", "warm"),
        ("GW1AM2_20150101_01D_PSMD_L3SGT89HA2220220.h5", "ps10", "89", "cold"),
    ],
)
def test_a_name_tells_grid_frequency_and_pass(name: str, tile: str, part: str, variant: str) -> None:
    facts = AMSR2_L3_TB.parse(name)
    assert facts is not None
    assert (facts.granule_id, facts.tile, facts.part, facts.variant) == (
        name.removesuffix("A2220220.h5"),
        tile,
        part,
        variant,
    )
    assert (facts.platform, AMSR2_L3_TB.sensor_of(facts.platform)) == ("GW1", "amsr2")
    assert facts.start == datetime.strptime(name[7:15], "%Y%m%d").replace(tzinfo=UTC)
    assert (facts.end - facts.start).days == 1


@pytest.mark.parametrize(
    "name",
    [
        "GW1AM2_20160300_01M_EQMD_L3SGT18HA2220220.h5",  # a month
        "GW1AM2_20160301_01D_EQOD_L3SGT18HA2220220.h5",  # the last pass, not the mean
        "GW1AM2_20160301_01D_EQMD_L3SGSMCHF3300300.h5",  # soil moisture
        "GW1AM2_20260507_01D_EQMA_L3SGSNDHG2210210.h5",  # snow depth
        "GW1AM2_20160301_01D_EQMD_L3SGT19HA2220220.h5",
        "GW1AM2_20160301_01D_EQMD_L3SGT18VA2220220.h5",
        "GW1AM2_20160230_01D_EQMD_L3SGT18HA2220220.h5",
        "GW1AM2_201607191903_137A_L1DLBTBR_1110110.h5",
    ],
)
def test_other_products_of_amsr2_are_not_taken(name: str) -> None:
    assert AMSR2_L3_TB.parse(name) is None


def test_the_grids_cover_the_earth_from_west_to_east_and_north_to_south() -> None:
    assert {tile: grid.shape for tile, grid in GRIDS.items()} == {"eq25": (720, 1440), "eq10": (1800, 3600)}
    for grid in GRIDS.values():
        assert grid.bounds == pytest.approx((-180, -90, 180, 90))
