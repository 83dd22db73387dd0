from __future__ import annotations

import numpy as np
import pytest

from icestream_simulator.frozen_soil import RADIOMETERS, frozen_soils


@pytest.mark.parametrize("sensor", RADIOMETERS)
def test_a_sensor_sees_half_of_its_soils_frozen_in_its_own_channels(sensor: str) -> None:
    soil = frozen_soils(sensor, 2000, seed=1)
    assert 0.45 < soil.frozen.mean() < 0.55
    assert {"tb_19h", "tb_19v", "tb_37h", "tb_37v"} <= soil.tb.keys()
    assert ("tb_22v" in soil.tb) == (sensor != "smmr")
    for name, tb in soil.tb.items():
        assert ((tb > 150.0) & (tb < soil.ground_temperature + 4.0)).all(), name


def test_the_same_seed_draws_the_same_soils_and_another_one_others() -> None:
    first, again, other = (frozen_soils("ssmis", 50, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.tb["tb_37v"], again.tb["tb_37v"])
    assert not np.isclose(first.ground_temperature, other.ground_temperature).any()


def test_thawed_soil_is_more_polarised_because_it_is_wet() -> None:
    soil = frozen_soils("amsr2", 4000, seed=3)
    polarisation = soil.tb["tb_19v"] - soil.tb["tb_19h"]
    assert np.median(polarisation[~soil.frozen]) > 1.3 * np.median(polarisation[soil.frozen])
