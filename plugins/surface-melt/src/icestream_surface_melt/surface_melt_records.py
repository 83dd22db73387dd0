"""The records of surface melt: one function, two ice sheets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from icestream_core.delivery import Delivery
from icestream_core.inputs import Align, Input, days, hours, source
from icestream_core.period import day
from icestream_core.product import OnGrid, Product
from icestream_core.variable import Flags, Variable
from icestream_core.window import latest_before, steps
from icestream_surface_melt.ice_sheets import ANTARCTICA, GREENLAND, IceSheet
from icestream_surface_melt.melt_codes import MELT_CODES, PASSES, REFERENCES, SHARPENING
from icestream_surface_melt.melt_rules import OWN
from icestream_surface_melt.papers import (
    ABDALATI_STEFFEN_1995,
    AIAZZI_2007,
    DSSMIS,
    TEDESCO_2009,
    TEDESCO_ET_AL_2009,
    TORINESI_2003,
)
from icestream_surface_melt.surface_melt import surface_melt

if TYPE_CHECKING:
    import xarray as xr

    from icestream_core.slot import Slot

COMPOSITE_DAYS = 8
ALBEDO = ("white_sky_albedo",)
RECENT_DAYS = 45
"""An albedo that is older tells of another surface."""


def greenland_melt(
    longitude: xr.DataArray, latitude: xr.DataArray, slot: Slot, **given: Any
) -> dict[str, NDArray[np.generic]]:
    """Return the melt of Greenland's ice sheet; arguments as of `surface_melt`."""
    return surface_melt(GREENLAND, longitude=longitude, latitude=latitude, slot=slot, **given)


def antarctica_melt(
    longitude: xr.DataArray, latitude: xr.DataArray, slot: Slot, **given: Any
) -> dict[str, NDArray[np.generic]]:
    """Return the melt of the Antarctic ice sheet; arguments as of `surface_melt`."""
    return surface_melt(ANTARCTICA, longitude=longitude, latitude=latitude, slot=slot, **given)


def _inputs(sheet: IceSheet) -> dict[str, Input]:
    winter = f"melt-reference-{sheet.name}"
    glass = (source("glass-albedo"),)
    return {
        "tb": Input(
            sources=(source("cold-pass-tb", tiles=sheet.tiles),),
            tile="any",
            variants_expected=("cold", "warm"),
            variables=("tb_19h", "tb_37v"),
            align=Align(combine="stack"),
            patience=hours(36),
        ),
        "own_reference": Input(
            sources=(source(winter),),
            role="companion",
            window=latest_before(sheet.season_days),
            stages=("final",),
            optional=True,
            patience=days(120),
        ),
        "reference": Input(sources=(source(winter),), role="reference", window=latest_before(), stages=("final",)),
        "albedo": Input(
            sources=glass,
            role="companion",
            window=steps(-COMPOSITE_DAYS, COMPOSITE_DAYS),
            align=Align(combine="stack"),
            variables=ALBEDO,
            optional=True,
            patience=days(60),
        ),
        "recent_albedo": Input(
            sources=glass, role="ancillary", window=latest_before(RECENT_DAYS), variables=ALBEDO, optional=True
        ),
        "ice": Input(
            sources=(source("ease-loci-mask", tiles=sheet.tiles.split()[0]),), role="ancillary", optional=True
        ),
        "land": Input(sources=(source("library-land"),), role="ancillary"),
    }


def _record(sheet: IceSheet, dataset: str, file_name: str) -> Product:
    return Product(
        name=f"surface-melt-{sheet.name}",
        version="1.2.0",
        title=f"Daily surface melt of the ice sheet of {sheet.title} at 0.05 degree",
        summary="Where the 19 GHz brightness temperature, sharpened from 25 km by the albedo, is 30 K above that of "
        "the dry firn of winter. Provisional with the last winter and a recent albedo, final with those of the day.",
        family="surface-melt",
        datasets=(dataset,),
        inputs=_inputs(sheet),
        period=day(),
        kind=OnGrid(grid=sheet.fine),
        writes={
            "melt": Flags(long_name="surface melt of the ice sheet", meanings=MELT_CODES),
            "tb_excess": Variable(
                unit="K",
                long_name="19 GHz H brightness temperature above that of winter, both sharpened",
                valid=(-300.0, 300.0),
            ),
            "sharpening": Flags(long_name="the albedo that the cell was sharpened by", meanings=SHARPENING),
            "reference": Flags(long_name="the winter that the cell is held against", meanings=REFERENCES),
            "passes": Flags(long_name="passes of the day that saw the cell", meanings=PASSES),
        },
        deliveries=(
            Delivery(
                name=dataset.lower(),
                dataset=dataset,
                format="netcdf",
                filename=file_name,
                variable="melt",
                unit="1",
                nodata=255,
                dtype="uint8",
                certainty="file name and extent are designed, and so is 254 where nothing was seen",
            ),
        ),
        options={"rule": "m30", "threshold": OWN},
        references=(DSSMIS, TEDESCO_2009, TORINESI_2003, ABDALATI_STEFFEN_1995, TEDESCO_ET_AL_2009, AIAZZI_2007),
        keywords=("surface melt", "ice sheet", "passive microwave", "albedo", sheet.title),
        fidelity="inspired-by",
        designed="The channel (19 GHz H), the threshold rule (winter mean plus 30 K; three others by option), the day "
        "as the mean of its passes, the extent, the regression form of the sharpening with its moving window and its "
        "conservation of the 25 km means. Without an ice mask all land counts as ice sheet.",
        accuracy="In a comparison of six rules over Antarctica (2023), plus 30 K reached an overall accuracy of "
        "95.81 % and a kappa of 0.69; the source dataset states no figure.",
        compute=greenland_melt if sheet is GREENLAND else antarctica_melt,
    )


PRODUCTS = (
    _record(GREENLAND, "S15", "DSSMIS_greenland_{period:%Y%j}.nc"),
    _record(ANTARCTICA, "S16", "DSSMIS_antarctica_{period:%Y%j}.nc"),
)
