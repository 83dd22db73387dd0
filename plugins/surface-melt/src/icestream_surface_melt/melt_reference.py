"""What dry firn looks like in winter: the brightness temperature that the melt of the season is held against."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from icestream_core.errors import Void
from icestream_core.inputs import Align, Input, days, source
from icestream_core.period import season
from icestream_core.product import OnGrid, Product
from icestream_core.variable import Variable
from icestream_physics.constant import constant
from icestream_physics.melt_thresholds import dry_statistics
from icestream_surface_melt.ice_sheets import ANTARCTICA, GREENLAND, JUNE, IceSheet
from icestream_surface_melt.melt_rules import mean_of, swing_of
from icestream_surface_melt.papers import DSSMIS, PICARD_FILY_2006, TEDESCO_2009, TORINESI_2003

if TYPE_CHECKING:
    import xarray as xr

    from icestream_core.slot import Slot

COLDEST = constant(50.0, "K", source="the limits of cold-pass-tb", certainty="design")
WARMEST = constant(350.0, "K", source="the limits of cold-pass-tb", certainty="design")
MOST_SPREAD = constant(300.0, "K", source="no deviation within these limits is larger", certainty="computed")


def greenland_reference(tb: xr.Dataset, slot: Slot, seed_literal: bool) -> dict[str, NDArray[np.generic]]:
    """Return the winter reference of Greenland; `melt_reference` tells of what.

    seed_literal : take June to August for the winter and July for its middle, as the dataset's text says of both ice
        sheets; else December to February and January
    """
    return melt_reference(tb, slot, JUNE if seed_literal else GREENLAND.winter)


def antarctica_reference(tb: xr.Dataset, slot: Slot) -> dict[str, NDArray[np.generic]]:
    """Return the winter reference of Antarctica; `melt_reference` tells of what."""
    return melt_reference(tb, slot, ANTARCTICA.winter)


def melt_reference(tb: xr.Dataset, slot: Slot, winter: int) -> dict[str, NDArray[np.generic]]:
    """Return mean and deviation of the winter's days, the mean of its middle month, how passes differ, K, and the days.

    tb : `tb_19h` and `tb_37v`, K, of each pass of the season, on (granule, y, x) with its `time`; a day is the mean of
        its passes
    slot : the season, so far
    winter : first month of the winter: 12 or 6
    Raises Void for another season. Days that are 30 K warmer than the mean are left out, as Torinesi et al. 2003 do.
    """
    if slot.start.month != winter:
        raise Void(f"the season that begins in month {slot.start.month} is not the winter, which begins in {winter}")
    date = tb["time"].values.astype("datetime64[D]")
    each = np.stack([mean_of(tb["tb_19h"].values[date == day]) for day in np.unique(date)])
    swings = np.stack([swing_of(tb["tb_37v"].values[date == day]) for day in np.unique(date)])
    whole = dry_statistics(each)
    middle = np.unique(date).astype("datetime64[M]").astype(np.int64) % 12 + 1 == winter % 12 + 1
    midwinter = dry_statistics(each[middle]).mean if middle.any() else np.full(whole.mean.shape, np.nan)
    return {
        "winter_tb": whole.mean.astype(np.float32),
        "winter_deviation": whole.deviation.astype(np.float32),
        "midwinter_tb": midwinter.astype(np.float32),
        "winter_swing": mean_of(swings).astype(np.float32),
        "days": np.where(whole.days > 0, whole.days, np.nan),
    }


def _level(long_name: str) -> Variable:
    return Variable(
        unit="K", standard_name="brightness_temperature", long_name=long_name, valid=(float(COLDEST), float(WARMEST))
    )


def _record(sheet: IceSheet) -> Product:
    greenland = sheet is GREENLAND
    months, middle = ("December to February", "January") if greenland else ("June to August", "July")
    return Product(
        name=f"melt-reference-{sheet.name}",
        version="1.1.0",
        title=f"Winter brightness temperature of the ice sheet of {sheet.title}",
        summary=f"Mean and deviation of the 19 GHz brightness temperature, horizontal polarisation, from {months}, and "
        f"the mean of {middle}: the dry firn that surface melt is told from.",
        family="surface-melt",
        inputs={
            "tb": Input(
                sources=(source("cold-pass-tb", tiles=sheet.tiles),),
                tile="any",
                align=Align(resampling="average", combine="stack"),
                patience=days(2),
            )
        },
        period=season(),
        kind=OnGrid(grid=sheet.coarse),
        writes={
            "winter_tb": _level("19 GHz H brightness temperature of dry firn, mean of the winter"),
            "winter_deviation": Variable(
                unit="K",
                long_name="standard deviation of the winter's daily brightness temperatures",
                valid=(0.0, float(MOST_SPREAD)),
            ),
            "midwinter_tb": _level("19 GHz H brightness temperature of dry firn, mean of the middle month"),
            "winter_swing": Variable(
                unit="K",
                long_name="by how much the passes of a winter's day differ at 37 GHz V, mean of the winter",
                valid=(0.0, float(MOST_SPREAD)),
            ),
            "days": Variable(unit="1", long_name="days that the means are made of", valid=(1, 92), dtype="int16"),
        },
        options={"seed_literal": False} if greenland else {},
        references=(TORINESI_2003, PICARD_FILY_2006, TEDESCO_2009, DSSMIS),
        keywords=("surface melt", "brightness temperature", "winter", sheet.title),
        fidelity="inspired-by",
        designed="The channel, 19 GHz H (18 GHz of SMMR); a day is the mean of its passes. "
        + (
            "The winter is December to February: the dataset's text has June to August, word for word as of Antarctica."
            if greenland
            else "The winter is June to August, the reference is that of the season's year alone."
        ),
        compute=greenland_reference if greenland else antarctica_reference,
    )


PRODUCTS = tuple(_record(sheet) for sheet in (GREENLAND, ANTARCTICA))
