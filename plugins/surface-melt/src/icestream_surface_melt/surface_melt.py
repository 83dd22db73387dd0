"""Where an ice sheet melts at the surface: 25 km brightness temperature, sharpened by albedo, against dry firn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from icestream_core.errors import Void
from icestream_physics.constant import constant
from icestream_physics.sharpening import aiazzi_2007
from icestream_surface_melt.daily_albedo import daily_albedo
from icestream_surface_melt.ice_sheets import IceSheet, belongs, blocks_of
from icestream_surface_melt.melt_codes import (
    DRY,
    EARLIER,
    MELT,
    NO_ALBEDO,
    OF_FEW_DAYS,
    OF_OTHER_PLATFORM,
    OUTSIDE,
    RECENT_ALBEDO,
    SHARPENED,
    UNSEEN,
)
from icestream_surface_melt.melt_rules import OWN, Firn, mean_of, melts_by, own_threshold

if TYPE_CHECKING:
    import xarray as xr

    from icestream_core.slot import Slot

ICE = constant(101.0, "1", source="class of permanent ice in NSIDC's LOCI masks", certainty="secondary source")
LEAST_LAND = constant(0.5, "1", source="without an ice mask, land is taken for ice", certainty="design")
FEW_DAYS = constant(20.0, "1", source="a winter mean of fewer days is flagged", certainty="design")


def surface_melt(
    sheet: IceSheet,
    tb: xr.Dataset,
    own_reference: xr.Dataset | None,
    reference: xr.Dataset,
    albedo: xr.Dataset | None,
    recent_albedo: xr.Dataset | None,
    ice: xr.Dataset | None,
    land: xr.Dataset,
    longitude: xr.DataArray,
    latitude: xr.DataArray,
    slot: Slot,
    rule: str,
    threshold: float,
) -> dict[str, NDArray[np.generic]]:
    """Return where the surface melts, how far above winter's its brightness temperature is, K, and how that was told.

    tb : `tb_19h` and `tb_37v`, K, of the passes of the day, on (granule, y, x)
    own_reference : `winter_tb`, `winter_deviation`, `winter_swing`, K, and `days` of the winter that the day belongs to
    reference : the same of the last winter that is known, for want of its own
    albedo : `white_sky_albedo`, 0 to 1, of the composites round the day, on (granule, y, x)
    recent_albedo : the last one before the day
    ice : `surface_class` of NSIDC's LOCI mask; None: land is taken for ice
    land : `land_fraction`, 0 to 1
    longitude, latitude : degrees
    rule, threshold : of `melt_rules`; nought for the rule's own threshold
    Raises Void where no pass saw the ice sheet.
    """
    inside = _ice(ice, land) & belongs(sheet, longitude.values, latitude.values)
    cells = np.flatnonzero(inside)
    blocks = blocks_of(sheet, longitude.values[0], latitude.values[:, 0], cells)
    passes = tb["tb_19h"].values.reshape(tb.sizes["granule"], -1).take(cells, axis=1)
    seen = np.isfinite(passes)
    if not seen.any():
        raise Void(f"no pass saw the ice sheet of {sheet.title}")
    found = own_reference if own_reference is not None else reference

    def coarse(name: str) -> NDArray[np.float64]:
        return blocks.mean(found[name].values.ravel()[cells])

    def coarse_passes(name: str) -> NDArray[np.float64]:
        return np.stack([blocks.mean(each.ravel()[cells]) for each in tb[name].values])

    code = EARLIER * (own_reference is None) + OF_OTHER_PLATFORM * (found.attrs["platform"] != tb.attrs["platform"])
    codes = np.where(blocks.spread(coarse("days")) >= FEW_DAYS, np.uint8(code), np.uint8(code + OF_FEW_DAYS))
    pan, origin = _pan(albedo, recent_albedo, slot, cells)
    # The sharpening is linear in its band: that of the difference is the difference of both, at half the cost.
    excess = aiazzi_2007(blocks.mean(mean_of(passes)) - coarse("winter_tb"), pan, blocks)
    limit = own_threshold(rule, tb) if threshold == OWN else threshold
    melts, known = melts_by(rule, limit, Firn(excess, coarse_passes, coarse, pan, blocks))
    excess[~known] = np.nan
    return {
        "melt": _whole(
            inside, cells, np.where(known, np.where(melts, np.uint8(MELT), np.uint8(DRY)), np.uint8(UNSEEN)), OUTSIDE
        ),
        "tb_excess": _whole(inside, cells, excess.astype(np.float32), np.nan),
        "sharpening": _whole(inside, cells, np.where(known, origin, np.uint8(UNSEEN)), OUTSIDE),
        "reference": _whole(inside, cells, np.where(known, codes, np.uint8(UNSEEN)), OUTSIDE),
        "passes": _whole(inside, cells, np.minimum(seen.sum(axis=0, dtype=np.uint8), np.uint8(2)), OUTSIDE),
    }


def _ice(classes: xr.Dataset | None, land: xr.Dataset) -> NDArray[np.bool_]:
    if classes is not None:
        return np.asarray(classes["surface_class"].values == ICE)
    return np.asarray(land["land_fraction"].values >= LEAST_LAND)


def _pan(
    own: xr.Dataset | None, recent: xr.Dataset | None, slot: Slot, cells: NDArray[np.intp]
) -> tuple[NDArray[np.float64] | None, NDArray[np.uint8]]:
    """Return the albedo of the day where there is any, else the recent one, and which it is."""
    pan, origin = np.full(cells.size, np.nan), np.full(cells.size, NO_ALBEDO, np.uint8)
    if recent is not None:
        pan = recent["white_sky_albedo"].values.ravel()[cells].astype(np.float64)
        origin[np.isfinite(pan)] = RECENT_ALBEDO
    if own is not None:
        today = daily_albedo(own, slot, cells)
        there = np.isfinite(today)
        pan, origin[there] = np.where(there, today, pan), SHARPENED
    return (pan if np.isfinite(pan).any() else None), origin


def _whole(
    ice: NDArray[np.bool_], cells: NDArray[np.intp], values: NDArray[np.generic], outside: float
) -> NDArray[np.generic]:
    whole = np.full(ice.size, outside, np.float32 if np.isnan(outside) else np.uint8)
    whole[cells] = values
    return whole.reshape(ice.shape)
