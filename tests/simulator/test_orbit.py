from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from icestream_core.grid import EASE_NL
from icestream_simulator.orbit import HalfOrbits
from icestream_simulator.places import Places
from icestream_simulator.radiometer import F13, F17, GCOM_W1, NIMBUS_7
from icestream_simulator.truth import Truth

DAY = date(2014, 2, 1)


@pytest.fixture(scope="module")
def places() -> Places:
    return Truth(1).on(EASE_NL).places


def test_gaps_are_at_low_latitudes_as_in_the_real_scene_of_f17(places: Places) -> None:
    """On 1 February 2014 that is 66 % of the cells within 10 degrees of the equator, and 99.6 % at the pole."""
    seen = HalfOrbits(F17, "D", places.longitude, places.latitude).on(DAY).seen
    tropics, pole = places.latitude < 10.0, places.latitude > 60.0
    assert seen[tropics].mean() == pytest.approx(0.66, abs=0.08)
    assert seen[pole].mean() > 0.995


def test_gaps_wander_so_that_a_week_sees_everything(places: Places) -> None:
    orbits = HalfOrbits(F13, "D", places.longitude, places.latitude)
    days = [orbits.on(DAY + timedelta(days=n)).seen for n in range(7)]
    assert (days[0] != days[1]).mean() > 0.05
    assert np.any(days, axis=0).mean() > 0.99


def test_a_narrow_swath_sees_less(places: Places) -> None:
    shares = [
        HalfOrbits(radiometer, "D", places.longitude, places.latitude).on(date(1987, 1, 1)).seen.mean()
        for radiometer in (NIMBUS_7, F13, GCOM_W1, F17)
    ]
    assert shares[0] < 0.6 < shares[1]
    assert shares == sorted(shares)


def test_a_place_is_seen_at_the_local_hour_of_the_pass() -> None:
    places = Places(1, np.linspace(-179.0, 179.0, 359), np.zeros(359))
    for half_orbit, hour in (("A", 13.5), ("D", 1.5)):
        seen = HalfOrbits(GCOM_W1, half_orbit, places.longitude, places.latitude).on(DAY)
        local = (seen.minute / 60.0 + places.longitude / 15.0) % 24.0
        off = (local[seen.seen] - hour + 12.0) % 24.0 - 12.0
        assert np.abs(off).max() < 0.6  # half a swath of longitude
