"""A constant is a number first, and tells where it comes from."""

import copy
import pickle

import numpy as np
import pytest

from icestream_physics import screening_thresholds, snow_depth, wet_snow
from icestream_physics.constant import constant, constants_of


def test_a_constant_counts_as_its_number() -> None:
    slope = constant(0.66, "cm K-1", source="Che et al. 2008", certainty="memory")
    np.testing.assert_allclose(slope * np.array([0.0, 10.0]), [0.0, 6.6])
    assert type(slope * 2) is float


def test_a_constant_survives_copy_and_transport() -> None:
    slope = constant(0.66, "cm K-1", source="Che et al. 2008", certainty="memory")
    for twin in (copy.deepcopy(slope), pickle.loads(pickle.dumps(slope))):  # noqa: S301
        assert (twin, twin.unit, twin.source, twin.certainty) == (0.66, "cm K-1", "Che et al. 2008", "memory")


def test_a_constant_needs_a_source_and_a_known_certainty() -> None:
    with pytest.raises(ValueError, match="has no source"):
        constant(1.0, "1", source="", certainty="design")
    with pytest.raises(ValueError, match="wanted one of verified"):
        constant(1.0, "1", source="somewhere", certainty="quite")  # type: ignore[arg-type]


def test_the_constants_of_a_module_are_listed_wherever_they_lie() -> None:
    assert list(constants_of(snow_depth))[:2] == ["CHANG_SLOPE", "CHANG_SWE_SLOPE"]
    assert constants_of(screening_thresholds)["NG_2002.rain_22"] == 264.0
    assert constants_of(wet_snow)["SURFACE_TEMPERATURE[2]"] == 0.84
