"""The units gate: nothing enters a computation without a unit, and what enters is in SI."""

from __future__ import annotations

from functools import lru_cache

import cf_units  # type: ignore[import-untyped]
import numpy as np
import xarray as xr

from icestream_core.errors import GranuleError, RecordError

Array = np.ndarray

SI = ("1", "K", "m", "m2", "m3", "kg", "kg m-2", "kg m-3", "kg m-2 s-1", "Pa", "s", "s-1", "m s-1", "m2 s-1", "J",
      "J m-2", "W m-2", "W m-1 K-1", "K s-1", "K GHz-1", "mol m-2 s-1", "Hz", "V", "A")  # fmt: skip
"""What a computation sees. Angles stay in degrees, as coordinates are, and frequencies in GHz, as channels are."""

DECIBEL = "dB"
"""UDUNITS does not know it alone. Radars state their backscatter so; a computation sees the share."""

ANGLES = ("degree", "degrees", "degrees_north", "degrees_east", "degree_north", "degree_east")


def to_si(data: xr.Dataset, origin: str) -> xr.Dataset:
    """Return the dataset with every variable in an SI unit.

    origin : which granule it is, for the message
    Raises GranuleError for a variable without a unit, or in one that is neither SI nor convertible to it. Classes
    (attribute `flag_values` or `flag_masks`) and times need none.
    """
    changed = {}
    for name, variable in data.data_vars.items():
        if variable.dtype.kind not in "fiub" or {"flag_values", "flag_masks"} & variable.attrs.keys():
            continue
        unit = variable.attrs.get("units")
        if unit is None:
            raise GranuleError(f"{origin}: variable {name!r} carries no `units`; its opener must state one in SI")
        if not isinstance(unit, str):
            raise GranuleError(f"{origin}: variable {name!r} has units {unit!r}; wanted a text")
        wanted = "1" if unit == DECIBEL else _si_unit(str(unit), f"{origin}: variable {name!r}")
        if wanted != unit:
            values = _share(variable.values) if unit == DECIBEL else convert(variable.values, str(unit), wanted)
            changed[name] = xr.Variable(variable.dims, values, {**variable.attrs, "units": wanted})
    return data.assign(changed) if changed else data


def convert(values: Array, unit: str, wanted: str) -> Array:
    """Return the values in another unit, as floats; raises RecordError where there is no way from one to the other."""
    floats = values if values.dtype.kind == "f" else values.astype(np.float32)
    if unit == wanted:
        return floats
    factor, offset = _linear(unit, wanted)
    converted: Array = (floats * floats.dtype.type(factor) + floats.dtype.type(offset)).astype(floats.dtype, copy=False)
    return converted


def _share(decibel: Array) -> Array:
    floats = decibel if decibel.dtype.kind == "f" else decibel.astype(np.float32)
    share: Array = 10.0 ** (floats / 10.0)
    return share


@lru_cache(maxsize=256)
def _linear(unit: str, wanted: str) -> tuple[float, float]:
    try:
        here, there = cf_units.Unit(unit), cf_units.Unit(wanted)
    except ValueError as error:
        raise RecordError(f"{unit!r} or {wanted!r} is no unit that UDUNITS knows: {error}") from None
    if not _same_kind(here, there):
        raise RecordError(f"{unit!r} cannot be converted to {wanted!r}")
    # UDUNITS tells by values only: two of them give the straight line.
    zero, one = (float(here.convert(value, there)) for value in (0.0, 1.0))
    return one - zero, zero


@lru_cache(maxsize=256)
def _si_unit(unit: str, what: str) -> str:
    if unit in SI or unit in ANGLES:
        return unit
    try:
        found = cf_units.Unit(unit)
    except ValueError:
        raise GranuleError(f"{what} is in {unit!r}, which UDUNITS does not know; wanted SI: {', '.join(SI)}") from None
    if found.is_time_reference():
        return unit
    wanted = next((candidate for candidate in SI if _same_kind(found, cf_units.Unit(candidate))), None)
    if wanted is None and not found.definition[:1].isdigit():
        # A coefficient's unit, such as m K-1: made of SI units alone, with no factor before them.
        return unit
    if wanted is None:
        raise GranuleError(f"{what} is in {unit!r}, which is neither SI nor convertible to one of {', '.join(SI)}")
    return wanted


def _same_kind(one: cf_units.Unit, other: cf_units.Unit) -> bool:
    """Whether two units are of one dimension. UDUNITS also converts what is one over the other, K-1 to K."""
    if not one.is_convertible(other):
        return False
    return bool(one.is_dimensionless() or not (one * other).is_dimensionless())
