"""What Sentinel-1 sees of the Qinghai-Tibet Engineering Corridor: gamma nought of one scene, on 100 m."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from icestream_core.errors import Void
from icestream_core.inputs import Input, hours, source
from icestream_core.period import granule
from icestream_core.product import OnGrid, Product
from icestream_core.variable import Variable
from icestream_freeze_thaw.corridor import CORRIDOR_100M, TRACKS
from icestream_freeze_thaw.papers import WANG_2022
from icestream_physics.constant import constant

if TYPE_CHECKING:
    import xarray as xr

BRIGHTEST = constant(1000.0, "1", source="no cell of 100 m scatters more, cities included", certainty="design")


def sentinel1_gamma0_qtec(radar: xr.Dataset) -> dict[str, NDArray[np.generic]]:
    """Return gamma nought, 1 (not dB): what a square metre across the beam scatters, nearly alike at all angles.

    radar : `sigma_nought_vv` (1, thermal noise removed) and `incidence_angle` (degrees, on the ellipsoid) of one scene
    Raises Void where the scene has no VV, or does not reach the corridor.
    Source: gamma nought is sigma nought over the cosine of the incidence angle, by its definition.
    """
    if "sigma_nought_vv" not in radar:
        raise Void("the scene has no polarisation VV")
    gamma = radar["sigma_nought_vv"].values / np.cos(np.radians(radar["incidence_angle"].values))
    if np.isnan(gamma).all():
        raise Void("the scene does not reach the corridor")
    return {"gamma0_vv": np.minimum(gamma, np.float32(BRIGHTEST))}


PRODUCT = Product(
    name="sentinel1-gamma0-qtec",
    version="1.0.0",
    title="Sentinel-1 gamma nought, Qinghai-Tibet corridor",
    summary="VV backscatter of one scene at 100 m, calibrated, thermal noise removed, on the corridor's grid.",
    family="freeze-thaw",
    inputs={"radar": Input(sources=(source("sentinel1-grd", needs="iw", tiles=TRACKS),), patience=hours(1))},
    period=granule(),
    tiled=True,
    variants=("ascending", "descending"),
    kind=OnGrid(grid=CORRIDOR_100M),
    writes={
        "gamma0_vv": Variable(
            unit="1",
            standard_name="surface_backwards_scattering_coefficient_of_radar_wave",
            long_name="gamma nought, VV, thermal noise removed",
            valid=(0.0, float(BRIGHTEST)),
        )
    },
    references=(WANG_2022,),
    keywords=("Sentinel-1", "backscatter", "gamma nought", "Tibetan Plateau"),
    fidelity="inspired-by",
    designed="A cell of 100 m averages about a hundred pixels, which is all the filtering of speckle. Terrain is "
    "neither flattened nor corrected for: positions are those on the ellipsoid at the scene's mean height. VH, which "
    "is near the noise over dry ground, is not taken.",
    compute=sentinel1_gamma0_qtec,
)
