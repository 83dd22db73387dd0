from __future__ import annotations

import numpy as np
import pytest

from icestream_physics.melt_thresholds import (
    AMSR_DAV,
    AMSR_WARM,
    abdalati_steffen_1995,
    dry_statistics,
    ramage_isacks_2002,
    steiner_tedesco_2014,
    tedesco_2009,
    tedesco_2009_dav,
    torinesi_2003,
)
from icestream_physics.wet_firn import wet_firn_brightness_temperature


def test_thirty_kelvin_above_winter_is_melt_and_less_is_not() -> None:
    assert tedesco_2009([189.9, 190.0, 191.0], 160.0).tolist() == [False, True, True]


def test_the_rule_of_thirty_kelvin_fires_between_a_tenth_and_a_fifth_of_a_percent_of_water() -> None:
    dry = wet_firn_brightness_temperature(0.0, 19.35, "H")
    water = np.array([0.0005, 0.001, 0.002, 0.005, 0.03])
    assert tedesco_2009(wet_firn_brightness_temperature(water, 19.35, "H"), dry).tolist() == [
        False, True, True, True, True,
    ]  # fmt: skip


def test_a_summer_of_melt_does_not_enter_the_statistics_of_dry_days() -> None:
    rng = np.random.default_rng(0)
    winter = rng.normal(160.0, 2.0, (270, 4))
    year = np.concatenate([winter, np.full((95, 4), 235.0)])
    found = dry_statistics(year)
    np.testing.assert_allclose(found.mean, winter.mean(axis=0), atol=1e-9)
    np.testing.assert_allclose(found.deviation, winter.std(axis=0, ddof=1), atol=1e-9)
    assert found.days.tolist() == [270] * 4


def test_a_day_is_left_out_from_thirty_kelvins_above_the_mean_and_the_mean_is_taken_anew_three_times() -> None:
    steady = np.full(1000, 160.0)
    for excess, days in ((29.9, 1001), (30.1, 1000)):
        assert dry_statistics(np.append(steady, 160.0 + excess)).days == days
    # Each pass lowers the mean so far that the next lot of days stands out; a fourth would leave out those of 198 K.
    lots = np.repeat([160.0, 198.0, 240.0, 330.0, 700.0], [100, 20, 40, 40, 60])
    assert dry_statistics(lots).days == 120


def test_days_that_were_not_seen_do_not_count() -> None:
    found = dry_statistics([[150.0, np.nan, np.nan], [154.0, 160.0, np.nan]])
    np.testing.assert_array_equal(found.mean, [152.0, 160.0, np.nan])
    np.testing.assert_allclose(found.deviation, [np.sqrt(8.0), np.nan, np.nan])
    assert found.days.tolist() == [2, 1, 0]


def test_three_deviations_above_the_mean_is_melt() -> None:
    assert torinesi_2003([168.9, 169.1], 160.0, 3.0).tolist() == [False, True]


def test_the_cross_polarised_ratio_turns_at_its_threshold() -> None:
    # (h - v) / (h + v) = -0.0158 where h = v * (1 - 0.0158) / (1 + 0.0158)
    turn = 250.0 * (1 - 0.0158) / (1 + 0.0158)
    assert abdalati_steffen_1995([turn - 0.1, turn + 0.1], 250.0).tolist() == [False, True]


def test_the_diurnal_amplitude_wants_a_swing_and_warmth() -> None:
    day, night = np.array([250.0, 250.0, 240.0]), np.array([238.0, 245.0, 220.0])
    assert ramage_isacks_2002(day, night).tolist() == [True, False, False]
    assert ramage_isacks_2002([256.1, 256.0, 245.9, 246.1], [246.0, 246.1, 230.0, 230.0]).tolist() == [
        True, False, False, True,
    ]  # fmt: skip
    assert ramage_isacks_2002([270.1, 269.9, 251.9], [252.0, 252.0, 220.0], AMSR_DAV, AMSR_WARM).tolist() == [
        True, False, False,
    ]  # fmt: skip
    assert tedesco_2009_dav([264.1, 263.9], [250.0, 250.0], winter_swing=4.0).tolist() == [True, False]
    assert tedesco_2009_dav(day, night, winter_swing=4.0).tolist() == [False, False, True]


def test_backscatter_that_falls_by_three_decibels_is_melt() -> None:
    assert steiner_tedesco_2014([-12.9, -13.1], -10.0).tolist() == [False, True]


@pytest.mark.parametrize("rule", [tedesco_2009, steiner_tedesco_2014])
def test_what_was_not_seen_is_no_melt(rule: object) -> None:
    assert rule([np.nan, 300.0], [150.0, np.nan]).tolist() == [False, False]  # type: ignore[operator]
