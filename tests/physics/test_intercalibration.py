"""The line from one sensor to another, recovered from noisy pairs."""

import numpy as np
import pytest

from icestream_physics.intercalibration import deming_1943, fit_transfer, linear_transfer


def pairs(slope: float, intercept: float, noise: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1987)
    reference = rng.normal(240.0, 18.0, 6000)
    return (reference - intercept) / slope + rng.normal(0.0, noise, reference.size), reference


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (0.98, 6.0), (1.03, -5.5)])
def test_slope_and_intercept_come_back_from_noisy_pairs(slope: float, intercept: float) -> None:
    fit = fit_transfer(*pairs(slope, intercept, 0.7))
    assert fit.slope == pytest.approx(slope, rel=0.005)
    assert fit.intercept == pytest.approx(intercept, abs=0.7)
    assert abs(fit.bias) < 0.3
    assert fit.rmse < 2.0


def test_rain_in_one_pair_of_a_hundred_does_not_move_the_line() -> None:
    source, reference = pairs(0.98, 6.0, 0.7)
    source[::100] -= 40.0
    fit = fit_transfer(source, reference)
    assert fit.slope == pytest.approx(0.98, rel=0.005)
    assert fit.intercept == pytest.approx(6.0, abs=0.7)
    assert fit.pairs < source.size


def test_what_was_clipped_counts_in_the_bias() -> None:
    # A line goes through the middle of its own points: over those alone the bias would be nought, whatever was clipped.
    source, reference = pairs(0.98, 6.0, 0.7)
    assert fit_transfer(source, reference).bias == pytest.approx(0.0, abs=0.02)
    source[::100] -= 40.0
    assert fit_transfer(source, reference).bias == pytest.approx(0.98 * 40.0 / 100.0, abs=0.05)


def test_points_on_a_line_give_the_line() -> None:
    source = np.linspace(180.0, 280.0, 50)
    assert deming_1943(source, 1.02 * source - 3.0) == pytest.approx((1.02, -3.0))


def test_orthogonal_regression_does_not_care_which_sensor_is_which() -> None:
    source, reference = pairs(0.98, 6.0, 2.0)
    there, _ = deming_1943(source, reference)
    back, _ = deming_1943(reference, source)
    assert there * back == pytest.approx(1.0)


def test_pairs_with_a_gap_do_not_count() -> None:
    source, reference = pairs(1.0, 0.0, 0.7)
    source[::2], reference[1::4] = np.nan, np.nan
    assert fit_transfer(source, reference).pairs <= 1500


def test_the_transfer_applies_itself() -> None:
    fit = fit_transfer(*pairs(0.98, 6.0, 0.0))
    np.testing.assert_allclose(fit([200.0, np.nan]), linear_transfer([200.0, np.nan], 0.98, 6.0))


def test_too_few_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="found 3 pairs to fit a sensor transfer; wanted at least 30"):
        fit_transfer([200.0, 210.0, 220.0], [201.0, 211.0, 221.0])


def test_unpaired_values_are_refused() -> None:
    with pytest.raises(ValueError, match="found 2 source and 1 reference values; wanted pairs"):
        deming_1943([200.0, 210.0], [201.0])
