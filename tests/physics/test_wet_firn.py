from __future__ import annotations

from importlib import resources

import numpy as np
import pytest

from icestream_physics.wet_firn import wet_firn_brightness_temperature


def test_a_thousandth_of_water_makes_firn_about_thirty_kelvin_brighter() -> None:
    """The ladder of the science notes, by SMRT with firn of their own: 194.8, 226.3, 239.7, 251.8, 246.0 K."""
    ladder = wet_firn_brightness_temperature(np.array([0.0, 0.001, 0.002, 0.005, 0.03]), 19.35, "H")
    np.testing.assert_allclose(ladder, [194.8, 226.3, 239.7, 251.8, 246.0], atol=7.5)
    assert 30.0 < ladder[1] - ladder[0] < 38.0


def test_the_table_says_how_it_was_made_and_at_which_water() -> None:
    path = resources.files("icestream_physics") / "tables" / "wet_firn.npz"
    with path.open("rb") as file, np.load(file) as stored:
        assert str(stored["made_by"]).startswith("python -m icestream_physics.tables.generate_wet_firn, smrt ")
        assert stored["brightness"].shape == (stored["water"].size, stored["frequency"].size, 2)
        assert np.all(np.diff(stored["water"]) > 0)


@pytest.mark.parametrize("water", [-0.001, 0.04])
def test_a_table_says_nothing_beyond_its_ends(water: float) -> None:
    with pytest.raises(ValueError, match="axis 0"):
        wet_firn_brightness_temperature(water, 19.35, "H")


def test_a_frequency_that_no_radiometer_has_is_refused() -> None:
    with pytest.raises(ValueError, match=r"50\.0 GHz"):
        wet_firn_brightness_temperature(0.0, 50.0, "H")
