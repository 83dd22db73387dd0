"""The values of a delivery: on its grid, in its unit and type, missing cells as it says."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from icestream_core.delivery import Delivery
from icestream_core.errors import RecordError
from icestream_core.grid import Grid
from icestream_core.variable import Flags, Written
from icestream_generation.align import onto, same_lattice
from icestream_generation.promises import stored_as_floats
from icestream_generation.units import convert


class Delivered(NamedTuple):
    """values : in the delivery's type; written : what they are, in its unit."""

    grid: Grid
    values: np.ndarray
    written: Written


def delivered(delivery: Delivery, stored: np.ndarray, written: Written, grid: Grid) -> Delivered:
    """Return a raster variable in the form that a delivery promises, layer by layer where it has some."""
    target = delivery.grid or grid
    if isinstance(written, Flags) and stored.dtype == np.dtype(delivery.dtype) and same_lattice(grid, target):
        return Delivered(target, _same_codes(delivery, stored, written), described(delivery, written))
    floats = stored_as_floats(stored, written)
    layers = floats if floats.ndim > 2 else floats[np.newaxis]
    moved = [onto(layer, grid, target, delivery.resampling) for layer in layers]
    values = np.stack(moved) if floats.ndim > 2 else moved[0]
    return Delivered(target, in_unit(delivery, values, written), described(delivery, written))


def _same_codes(delivery: Delivery, stored: np.ndarray, written: Flags) -> np.ndarray:
    """Return codes as they are stored, but for the one that stands for missing; they need not become numbers first."""
    if written.fill is None or written.fill == delivery.nodata:
        return stored
    return np.where(stored == written.fill, stored.dtype.type(delivery.nodata), stored)


def in_unit(delivery: Delivery, floats: np.ndarray, written: Written) -> np.ndarray:
    """Return values in the delivery's unit and type, missing ones as its nodata.

    Raises RecordError where the type cannot hold a value or the nodata.
    """
    if not isinstance(written, Flags):
        floats = convert(floats, written.unit, delivery.unit)
    wanted = np.dtype(delivery.dtype)
    if wanted.kind != "f":
        limits = np.iinfo(wanted)
        floats = np.round(floats)
        found = floats[np.isfinite(floats)]
        bounds = [delivery.nodata, *((float(found.min()), float(found.max())) if found.size else ())]
        if min(bounds) < limits.min or max(bounds) > limits.max:
            raise RecordError(
                f"delivery {delivery.name}: {min(bounds):g} to {max(bounds):g} {delivery.unit} does not fit {wanted}"
            )
    return np.where(np.isnan(floats), wanted.type(delivery.nodata), floats).astype(wanted)


def described(delivery: Delivery, written: Written) -> Written:
    """Return the record of a variable as it stands in the delivery: its unit, range and type."""
    if isinstance(written, Flags):
        return written.model_copy(update={"dtype": delivery.dtype})
    valid = convert(np.array(written.valid, np.float64), written.unit, delivery.unit)
    if not delivery.dtype.startswith("float"):
        limits = np.iinfo(delivery.dtype)
        valid = np.clip(np.round(valid), limits.min, limits.max)
    low, high = (float(value) for value in valid)
    return written.model_copy(
        update={"unit": delivery.unit, "valid": (low, high), "dtype": delivery.dtype, "step": 1.0}
    )
