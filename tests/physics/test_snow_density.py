"""Bulk density grows with depth and season."""

import numpy as np
import pytest

from icestream_physics.snow_density import DENSITY_CURVES, SnowClass, sturm_2010


def test_taiga_snow_never_compacts() -> None:
    np.testing.assert_allclose(sturm_2010([0.1, 0.5, 1.5], [-92, 1, 181], SnowClass.TAIGA), 217.0)


def test_alpine_snow_of_one_metre_on_1_april() -> None:
    # By hand: 0.5975 - 0.2237 = 0.3738; 1 - exp(-0.0012 * 100 - 0.0038 * 91) = 0.3724.
    assert sturm_2010(1.0, 91, SnowClass.ALPINE) == pytest.approx(362.9, abs=0.1)


@pytest.mark.parametrize(
    ("snow_class", "depth", "day", "density"),
    # By hand, with the coefficients of two independent codes (R and MATLAB): of 1 February, 15 November and 1 May.
    [(SnowClass.TUNDRA, 0.5, 32, 273.9), (SnowClass.PRAIRIE, 0.5, -47, 208.7), (SnowClass.MARITIME, 2.0, 121, 422.1)],
)
def test_the_other_classes_of_the_table(snow_class: SnowClass, depth: float, day: int, density: float) -> None:
    assert sturm_2010(depth, day, snow_class) == pytest.approx(density, abs=0.1)


@pytest.mark.parametrize("snow_class", [c for c in SnowClass if c is not SnowClass.TAIGA])
def test_density_grows_with_depth_and_with_the_season_up_to_its_maximum(snow_class: SnowClass) -> None:
    season = np.arange(1, 182)
    assert (np.diff(sturm_2010(0.5, season, snow_class)) > 0).all()
    assert (np.diff(sturm_2010(np.linspace(0, 3, 20), 60, snow_class)) > 0).all()
    assert sturm_2010(3.0, 181, snow_class) < 1000 * DENSITY_CURVES[snow_class][0]


def test_a_day_of_the_year_is_no_day_of_the_season() -> None:
    with pytest.raises(ValueError, match="wanted -92"):
        sturm_2010(0.5, 300, SnowClass.TUNDRA)
