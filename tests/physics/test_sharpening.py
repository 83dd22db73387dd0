from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from icestream_physics.sharpening import STEEPEST, Blocks, aiazzi_2007, conserved, local_gain

FloatArray = NDArray[np.float64]
SIDE, FINE = 24, 5


def nested(weight: FloatArray | None = None) -> Blocks:
    """Return FINE x FINE cells in each of SIDE x SIDE coarse ones."""
    place = (np.arange(SIDE * FINE) + 0.5) / FINE - 0.5
    row, column = (axis.ravel() for axis in np.meshgrid(place, place, indexing="ij"))
    return Blocks(column, row, np.ones(row.size) if weight is None else weight, (SIDE, SIDE))


def checkerboard(size: int = 3) -> FloatArray:
    """Return albedo of dry and of wet firn in squares of `size` fine cells, on a slope from north to south."""
    row, column = np.meshgrid(np.arange(SIDE * FINE), np.arange(SIDE * FINE), indexing="ij")
    wet = (row // size + column // size) % 2
    return np.asarray(0.80 - 0.25 * wet - 0.05 * row / row.max()).ravel()


def truth_of(albedo: FloatArray) -> FloatArray:
    """Return brightness temperature that rises where albedo falls, as it does where firn melts."""
    return np.asarray(170.0 + 180.0 * (0.83 - albedo))


def rmse(found: FloatArray, truth: FloatArray) -> float:
    return float(np.sqrt(np.mean((found - truth) ** 2)))


def gram_schmidt_as_in_envi(band: FloatArray, pan: FloatArray, blocks: Blocks) -> FloatArray:
    """The usual recipe with one band: the coarse pan is the band, and the fine pan is matched to its histogram."""
    matched = (pan - pan.mean()) / pan.std() * np.nanstd(band) + np.nanmean(band)
    return conserved(blocks.bilinear(band) + matched - blocks.bilinear(blocks.mean(matched)), band, blocks)


def test_without_a_pan_and_with_a_uniform_one_the_band_is_but_interpolated() -> None:
    blocks = nested()
    band = blocks.mean(truth_of(checkerboard()))
    plain = aiazzi_2007(band, None, blocks)
    np.testing.assert_array_equal(aiazzi_2007(band, np.full(blocks.row.size, 0.8), blocks), plain)
    np.testing.assert_allclose(plain, conserved(blocks.bilinear(band), band, blocks))


def test_a_checkerboard_comes_back_nearer_the_truth_than_by_interpolation() -> None:
    blocks, albedo = nested(), checkerboard()
    truth = truth_of(albedo)
    band = blocks.mean(truth)
    assert rmse(aiazzi_2007(band, albedo, blocks), truth) < 0.35 * rmse(blocks.bilinear(band), truth)


def test_pieces_give_what_comes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks, albedo = nested(), checkerboard()
    band = blocks.mean(truth_of(albedo))
    band[3, 4] = np.nan
    whole = aiazzi_2007(band, albedo, blocks)
    monkeypatch.setattr("icestream_physics.sharpening.PIECE", 137)
    np.testing.assert_array_equal(aiazzi_2007(band, albedo, blocks), whole)


def test_a_noisy_band_and_a_noisy_pan_still_help() -> None:
    blocks, albedo, rng = nested(), checkerboard(), np.random.default_rng(3)
    truth = truth_of(albedo)
    band = blocks.mean(truth) + rng.normal(0, 0.6, (SIDE, SIDE))
    sharp = aiazzi_2007(band, albedo + rng.normal(0, 0.02, albedo.shape), blocks)
    assert rmse(sharp, truth) < 0.6 * rmse(blocks.bilinear(band), truth)


def test_the_sign_trap_the_usual_recipe_is_worse_than_no_sharpening_and_the_regression_is_better() -> None:
    """Melt brightens what it darkens: detail of the albedo must go in with the other sign."""
    blocks, albedo = nested(), checkerboard()
    truth = truth_of(albedo)
    band = blocks.mean(truth)
    interpolated = rmse(blocks.bilinear(band), truth)
    assert rmse(gram_schmidt_as_in_envi(band, albedo, blocks), truth) > interpolated
    assert rmse(aiazzi_2007(band, albedo, blocks), truth) < interpolated
    gain = local_gain(band, blocks.mean(albedo))
    np.testing.assert_allclose(gain[6:-6, 6:-6], -180.0, rtol=1e-6)


@pytest.mark.parametrize("holes", [0.0, 0.3])
def test_the_mean_over_every_coarse_cell_is_kept(holes: float) -> None:
    rng = np.random.default_rng(7)
    blocks = nested(rng.uniform(0.2, 1.0, (SIDE * FINE) ** 2))
    band = rng.normal(200.0, 30.0, (SIDE, SIDE))
    band[rng.random(band.shape) < holes] = np.nan
    pan = rng.uniform(0.2, 0.9, blocks.row.size)
    pan[rng.random(pan.shape) < holes] = np.nan
    kept = blocks.mean(aiazzi_2007(band, pan, blocks))
    np.testing.assert_allclose(kept, band, atol=1e-6)


def test_missing_stays_missing_and_is_spread_nowhere() -> None:
    blocks = nested()
    band = np.full((SIDE, SIDE), 200.0)
    band[3, 4] = np.nan
    sharp = aiazzi_2007(band, checkerboard(), blocks)
    np.testing.assert_array_equal(np.isnan(sharp), blocks.block == 3 * SIDE + 4)


def test_a_cell_without_pan_has_no_detail() -> None:
    blocks, albedo = nested(), checkerboard()
    band = blocks.mean(truth_of(albedo))
    holed = np.where(blocks.block % 2 == 0, np.nan, albedo)
    sharp, plain = aiazzi_2007(band, holed, blocks), aiazzi_2007(band, None, blocks)
    np.testing.assert_allclose(sharp[np.isnan(holed)], plain[np.isnan(holed)])


def test_the_gain_is_limited_and_nought_where_the_pan_tells_nothing() -> None:
    rng = np.random.default_rng(0)
    pan = rng.uniform(0.5, 0.8, (20, 20))
    assert np.abs(local_gain(1e4 * pan, pan)).max() == STEEPEST
    assert not local_gain(rng.normal(200, 30, (20, 20)), np.full((20, 20), 0.8)).any()
    lonely = np.full((20, 20), np.nan)
    lonely[10, 10:15] = 200.0
    assert not local_gain(lonely, pan).any()
