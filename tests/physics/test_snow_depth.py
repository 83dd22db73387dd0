"""Snow depth from the difference of 19 and 37 GHz."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icestream_physics.snow_depth import (
    chang_1987,
    chang_1987_water_equivalent,
    che_2008_smmr,
    che_2008_ssmi,
    foster_1997_forest,
)

KELVIN = st.floats(50.0, 350.0)


def test_che_gives_20_cm_at_yakutsk_on_1_february_2014() -> None:
    # 0.66 cm/K times the 30.8 K between 19H and 37H of F17, descending.
    assert che_2008_ssmi(216.3, 185.5) == pytest.approx(0.203, abs=5e-4)


def test_ten_kelvin_are_the_published_slopes_in_metres() -> None:
    assert chang_1987(250.0, 240.0) == pytest.approx(0.159)
    assert che_2008_smmr(250.0, 240.0) == pytest.approx(0.078)
    assert che_2008_ssmi(250.0, 240.0) == pytest.approx(0.066)


def test_depth_and_water_of_chang_agree_on_300_kg_per_cubic_metre() -> None:
    # Chang et al. 1987 give both for snow of that density: 4.8 mm of water in 1.59 cm of snow.
    assert chang_1987_water_equivalent(250.0, 240.0) / chang_1987(250.0, 240.0) == pytest.approx(300.0, rel=0.01)


def test_depth_is_nought_where_37_ghz_is_warmer() -> None:
    assert che_2008_ssmi(159.4, 165.8) == 0.0


def test_a_missing_channel_gives_no_depth() -> None:
    assert np.isnan(che_2008_ssmi([np.nan, 250.0], [240.0, np.nan])).all()


def test_a_forest_that_hides_half_the_snow_doubles_the_depth() -> None:
    assert foster_1997_forest(0.10, 0.5) == pytest.approx(0.20)


def test_a_closed_forest_counts_as_nine_tenths() -> None:
    np.testing.assert_allclose(foster_1997_forest(0.02, [0.9, 0.95, 1.0]), 0.2)


def test_a_forest_fraction_in_per_cent_is_refused() -> None:
    with pytest.raises(ValueError, match="divide per cent by 100"):
        foster_1997_forest(0.1, 45.0)


@given(KELVIN, KELVIN, st.floats(0.0, 1.0))
def test_depth_is_never_negative_and_grows_with_the_forest(tb_19h: float, tb_37h: float, forest: float) -> None:
    depth = che_2008_ssmi(tb_19h, tb_37h)
    assert depth >= 0
    assert foster_1997_forest(depth, forest) >= depth
