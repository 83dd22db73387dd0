"""The tau-omega model: Fresnel against SMRT's, and the limits that the equation has."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from smrt.core.fresnel import fresnel_reflection_matrix

from icestream_physics.tau_omega import Polarised, fresnel, tau_omega, wang_choudhury_1981

SOIL = Polarised(np.array(0.12), np.array(0.34))


@pytest.mark.parametrize("permittivity", [complex(4.0, 0.5), complex(12.0, 4.0), complex(25.0, 15.0)])
def test_a_smooth_surface_reflects_as_in_smrt(permittivity: complex) -> None:
    cosine = float(np.cos(np.radians(55.0)))
    theirs = fresnel_reflection_matrix(1.0, permittivity, np.array([cosine]), npol=2)
    ours = fresnel(permittivity, 55.0)
    assert (float(ours.vertical), float(ours.horizontal)) == pytest.approx((theirs[0].item(), theirs[1].item()))


def test_at_the_nadir_there_is_no_polarisation() -> None:
    vertical, horizontal = fresnel(complex(9.0, 0.0), 0.0)
    assert vertical == pytest.approx(horizontal) == pytest.approx(0.25)


def test_without_vegetation_the_soil_alone_is_seen() -> None:
    seen = tau_omega(SOIL, 280.0, 290.0, 0.0, 0.1, 55.0)
    assert seen == (pytest.approx(280.0 * 0.88), pytest.approx(280.0 * 0.66))


def test_under_a_thick_canopy_nothing_of_the_soil_is_seen() -> None:
    seen = tau_omega(SOIL, 280.0, 290.0, 30.0, 0.1, 55.0)
    assert seen == (pytest.approx(290.0 * 0.9), pytest.approx(290.0 * 0.9))


def test_roughness_damps_and_mixing_evens_out_the_polarisations() -> None:
    damped = wang_choudhury_1981(SOIL, 0.0, 0.7)
    assert damped == (pytest.approx(0.12 * np.exp(-0.7)), pytest.approx(0.34 * np.exp(-0.7)))
    even = wang_choudhury_1981(SOIL, 0.5, 0.0)
    assert even == (pytest.approx(0.23), pytest.approx(0.23))


@given(st.floats(0.0, 3.0), st.floats(240.0, 300.0))
def test_in_thermal_equilibrium_without_scattering_nothing_shines_warmer_than_it_is(
    depth: float, kelvin: float
) -> None:
    for seen in tau_omega(SOIL, kelvin, kelvin, depth, 0.0, 55.0):
        assert seen <= kelvin + 1e-9


@given(st.floats(0.0, 2.0), st.floats(0.01, 0.5))
def test_vegetation_hides_how_polarised_the_soil_is(depth: float, more: float) -> None:
    thin, thick = (tau_omega(SOIL, 280.0, 280.0, tau, 0.05, 55.0) for tau in (depth, depth + more))
    assert thick.vertical - thick.horizontal < thin.vertical - thin.horizontal
