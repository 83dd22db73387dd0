"""Mironov et al. 2009, against another model (Dobson 1985 as Peplinski 1995 has it, in SMRT) and its own limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from smrt.permittivity.soil import soil_permittivity_dobson85_peplinski95 as dobson

from icestream_physics.soil_permittivity import frozen_soil, mironov_2009
from icestream_physics.tau_omega import fresnel

MOISTURE, CLAY = st.floats(0.0, 0.5), st.floats(0.0, 70.0)


@pytest.mark.parametrize("frequency", [6.925, 10.65, 18.7])
@pytest.mark.parametrize("moisture", [0.10, 0.20, 0.35])
def test_two_independent_models_agree(frequency: float, moisture: float) -> None:
    ours = complex(mironov_2009(moisture, 15.0, frequency))
    # SMRT's takes Hz, K and shares; 22 degrees Celsius is what Mironov's soils had.
    theirs = dobson.__wrapped__(frequency * 1e9, 295.15, moisture, 0.4, 0.15)
    assert ours.real == pytest.approx(theirs.real, rel=0.20)
    # They part in how much dry soil absorbs, which hardly shows in what it reflects.
    assert float(fresnel(ours, 55.0).horizontal) == pytest.approx(float(fresnel(theirs, 55.0).horizontal), abs=0.04)


def test_dry_soil_has_the_refraction_of_the_paper() -> None:
    dry = np.sqrt(complex(mironov_2009(0.0, 0.0, 10.0)))
    assert dry == pytest.approx(1.634 + 0.03952j)


@given(MOISTURE, CLAY, st.sampled_from([6.925, 18.7, 36.5]))
def test_wetter_soil_refracts_and_absorbs_more(moisture: float, clay: float, frequency: float) -> None:
    here, wetter = (complex(mironov_2009(m, clay, frequency)) for m in (moisture, moisture + 0.02))
    assert wetter.real > here.real > 1.0
    assert wetter.imag > here.imag > 0.0


@given(MOISTURE, CLAY, st.floats(0.0, 1.0))
def test_frozen_soil_is_never_wetter_than_thawed(moisture: float, clay: float, unfrozen: float) -> None:
    frozen, thawed = complex(frozen_soil(moisture, clay, 18.7, unfrozen)), complex(mironov_2009(moisture, clay, 18.7))
    assert frozen.real <= thawed.real + 1e-9
    assert frozen.imag <= thawed.imag + 1e-9


def test_bound_water_alone_does_not_freeze() -> None:
    assert complex(frozen_soil(0.02, 30.0, 18.7)) == pytest.approx(complex(mironov_2009(0.02, 30.0, 18.7)))
