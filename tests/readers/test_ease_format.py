from __future__ import annotations

from datetime import UTC, datetime

import pytest

from icestream_readers.ease_format import CHANNELS, file_size
from icestream_readers.ease_grids import EASE_GRIDS
from icestream_readers.nsidc_0032 import NSIDC_0032
from icestream_readers.nsidc_0071 import NSIDC_0071


def test_a_name_tells_platform_grid_channel_pass_and_day() -> None:
    facts = NSIDC_0032.parse("EASE-F17-NL2014032D-V2.19H")
    assert facts is not None
    assert (facts.platform, facts.tile, facts.part, facts.variant) == ("F17", "nl", "19h", "cold")
    assert (facts.start, facts.end) == (datetime(2014, 2, 1, tzinfo=UTC), datetime(2014, 2, 2, tzinfo=UTC))
    assert facts.footprint == (-180.0, 0.0, 180.0, 90.0)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("EASE-F13-ML1998001A.37V", "37v"),
        ("EASE-F13-NL2006364D.85H.gz", "85h"),
        ("ID2-F17-SH2015035D-V2.91V", "91v"),
        ("EASE-F17-NL2014032A-V2.TIM", "tim"),
        ("EASE-F17-NL2014032A-V2.tim", "tim"),
    ],
)
def test_names_that_others_have_seen_are_recognised(name: str, part: str) -> None:
    """The first four stand in the user code and viewers of the microwave specification, section 2.1."""
    facts = NSIDC_0032.parse(name)
    assert facts is not None
    assert facts.part == part
    assert facts.granule_id == name.removesuffix(".gz")


@pytest.mark.parametrize(
    ("platform", "cold"), [("F08", "A"), ("F11", "D"), ("F13", "D"), ("F17", "D"), ("F18", "D"), ("SMMR", "D")]
)
def test_the_cold_pass_is_the_one_before_dawn(platform: str, cold: str) -> None:
    collection = NSIDC_0071 if platform == "SMMR" else NSIDC_0032
    variants = {}
    for direction in "AD":
        facts = collection.parse(f"EASE-{platform}-ML1987200{direction}.37V")
        assert facts is not None
        variants[facts.variant] = direction
    assert variants == {"cold": cold, "warm": "D" if cold == "A" else "A"}


@pytest.mark.parametrize("word", ["SMMR", "N07"])
def test_smmr_is_n07_whatever_the_name_calls_it(word: str) -> None:
    facts = NSIDC_0071.parse(f"EASE-{word}-NL1987002A.18H.gz")
    assert facts is not None
    assert (facts.platform, facts.part, NSIDC_0071.sensor_of(facts.platform)) == ("N07", "18h", "smmr")
    assert facts.granule_id == f"EASE-{word}-NL1987002A.18H"


def test_a_platform_carries_its_own_sensor() -> None:
    assert {p: NSIDC_0032.sensor_of(p) for p in ("F08", "F13", "F16", "F17", "F18")} == {
        "F08": "ssmi", "F13": "ssmi", "F16": "ssmis", "F17": "ssmis", "F18": "ssmis",
    }  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        "EASE-F13-NL2014032D.91H",  # a channel of SSMIS, and F13 carried SSM/I
        "EASE-F17-NL2014032D.85H",
        "EASE-F17-NL2014032D.22H",  # vertical only
        "EASE-F17-NL2014032D.18H",
        "EASE-F12-NL2014032D.19H",
        "EASE-F17-XL2014032D.19H",
        "EASE-F17-nl2014032D.19H",
        "EASE-F17-NL2014032B.19H",
        "EASE-F17-NL2014366D.19H",
        "EASE-F17-NL2014032D-V.19H",
        "EASE-F17-NL2014032D-Vx.19H",
        "EASF-F17-NL2014032D.19H",
    ],
)
def test_a_name_that_contradicts_itself_is_of_no_collection(name: str) -> None:
    assert NSIDC_0032.parse(name) is None
    assert NSIDC_0071.parse(name) is None


def test_the_two_collections_do_not_take_each_others_files() -> None:
    assert NSIDC_0071.parse("EASE-F17-NL2014032D-V2.19H") is None
    assert NSIDC_0032.parse("EASE-SMMR-NL1987002A.37H") is None


def test_file_sizes_are_those_of_the_format() -> None:
    """Microwave specification, section 2.1."""
    assert {tile: file_size(grid) for tile, grid in EASE_GRIDS.items()} == {
        "ml": 1_620_876, "nl": 1_039_682, "sl": 1_039_682, "mh": 6_477_972, "nh": 4_152_962, "sh": 4_152_962,
    }  # fmt: skip


def test_one_variable_name_is_one_band_on_every_sensor() -> None:
    found = {sensor: {band.variable for band in channels.values()} for sensor, channels in CHANNELS.items()}
    assert found["ssmi"] == found["ssmis"]
    assert found["smmr"] >= {"tb_19h", "tb_19v", "tb_22v", "tb_37h", "tb_37v"}
    for channels in CHANNELS.values():
        for part, band in channels.items():
            assert band.variable[-1] == part[-1]
            assert abs(band.frequency - int(part[:2])) <= 1
