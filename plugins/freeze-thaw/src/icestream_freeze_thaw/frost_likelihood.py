"""How likely the ground is frozen in a month by one sign alone, as a logit: signs of several kinds can be added."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from icestream_physics.constant import constant

if TYPE_CHECKING:
    import xarray as xr

FloatArray = NDArray[np.float32]

NEVER_SURE = constant(0.02, "1", source="no share of passes is taken for less, or for more than its rest",
                      certainty="design")  # fmt: skip
MELTING_POINT = constant(273.15, "K", source="of ice", certainty="verified")
LST_SIGMA = constant(
    4.0, "K", source="by which the mean surface of clear days and the ground differ in a month", certainty="design"
)
LOGIT_OF_NORMAL = constant(
    1.702, "1", source="the normal distribution is the logistic one of 1.702 times its argument, within 0.01",
    certainty="memory",
)  # fmt: skip
SUREST = constant(
    4.0, "1", source="logit, beyond which no temperature speaks: 0.98, as of the radiometer", certainty="design"
)


HALVES = {"ascending": ("night", "day"), "descending": ("night",)}
"""The passes of radiometer and thermal infrared that stand for 18:00, between noon and midnight, and for 06:00."""


def signs(indicators: xr.Dataset, direction: str) -> tuple[FloatArray, FloatArray]:
    """Return what radiometer and surface temperature say of frost at the time of day of a radar pass, logits.

    indicators : `frozen_share_night`, `frozen_share_day`, 1, and `lst_night`, `lst_day`, K
    direction : ascending or descending
    Where one of two halves is missing there is nothing: noon alone is no evening.
    """
    share, lst = (
        np.mean([indicators[f"{what}_{half}"].values for half in HALVES[direction]], axis=0, dtype=np.float32)
        for what in ("frozen_share", "lst")
    )
    return logit_of_share(np.asarray(share)), logit_of_temperature(np.asarray(lst))


def logit_of_share(frozen: FloatArray) -> FloatArray:
    """Return the logit of a share of frozen passes, 0 to 1, which is never quite sure."""
    share = np.clip(frozen, np.float32(NEVER_SURE), np.float32(1.0 - NEVER_SURE))
    return np.asarray(np.log(share / (1.0 - share)))


def logit_of_temperature(lst: FloatArray) -> FloatArray:
    """Return the logit of frost at a mean surface temperature, K."""
    logit = np.float32(LOGIT_OF_NORMAL / LST_SIGMA) * (np.float32(MELTING_POINT) - lst)
    return np.asarray(np.clip(logit, -np.float32(SUREST), np.float32(SUREST)))
