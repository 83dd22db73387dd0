"""Checking what a computation returns against what its record promises, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from icestream_core.errors import ProductError
from icestream_core.product import Product
from icestream_core.variable import Flags, Variable, Written


def axes(product: Product, returned: Any) -> dict[str, np.ndarray]:
    """Return where the layers of variables stand, by the name of their dimension: the coordinate that came with them.

    Raises ProductError where a variable with layers has no such coordinate, or two have different ones.
    """
    found: dict[str, np.ndarray] = {}
    for name, written in product.writes.items():
        if isinstance(written, Flags) or not written.along:
            continue
        coordinates = getattr(returned[name], "coords", {})
        if written.along not in coordinates or returned[name].dims[:1] != (written.along,):
            raise ProductError(f"{product.name}: {name} came without its dimension and coordinate {written.along!r}")
        places = np.asarray(coordinates[written.along].values)
        if not np.array_equal(found.setdefault(written.along, places), places):
            raise ProductError(f"{product.name}: {name} has other layers along {written.along!r} than another variable")
    return found


def check(product: Product, returned: Any, shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Return the arrays as they are stored, by name and in the record's order; missing values are the fill.

    returned : arrays or DataArrays by name of variable
    shape : rows and columns of the grid, or the number of rows of a table
    Raises ProductError where a name, a shape, a value or a code is not what the record promises.
    """
    if not hasattr(returned, "keys"):
        raise ProductError(f"{product.name} returned {type(returned).__name__}; wanted arrays by name of variable")
    names = {str(name) for name in returned.keys()}  # noqa: SIM118 - a Dataset iterates over its data alone
    lacking, unknown = product.writes.keys() - names, names - product.writes.keys()
    if lacking or unknown:
        raise ProductError(
            f"{product.name} returned {', '.join(sorted(names)) or 'nothing'}; its record promises "
            f"{', '.join(product.writes)}"
        )
    return {name: check_array(product, name, returned[name], shape) for name in product.writes}


def check_array(product: Product, name: str, values: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return one variable as it is stored; raises ProductError where it breaks a promise."""
    array = np.asarray(getattr(values, "values", values))
    written = product.writes[name]
    layered = isinstance(written, Variable) and bool(written.along) and array.ndim == len(shape) + 1
    wanted = (array.shape[0], *shape) if layered else shape
    if array.shape != wanted:
        raise ProductError(f"{product.name}: {name} has shape {array.shape}; wanted {shape}")
    if array.dtype.kind not in "fiub":
        raise ProductError(f"{product.name}: {name} is of type {array.dtype}; wanted numbers")
    if isinstance(written, Flags):
        return _codes(f"{product.name}: {name}", array, written)
    return _quantity(f"{product.name}: {name}", array, written)


def fill_of(written: Written) -> float | int | None:
    """Return what stands for missing in a stored variable."""
    if isinstance(written, Flags):
        return written.fill
    if written.dtype.startswith("float"):
        return float("nan")
    return int(np.iinfo(written.dtype).min)


def valid_shares(product: Product, arrays: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Return the share of stored values that are not missing, by variable; classes are always there."""
    quantities = [name for name, written in product.writes.items() if isinstance(written, Variable)]
    return {
        name: float(np.isfinite(stored_as_floats(arrays[name], product.writes[name])).mean()) for name in quantities
    }


def float_of(stored: np.dtype[Any]) -> type[np.floating[Any]]:
    """Return the float that holds every whole number of a type: float32 has 24 bits for them."""
    return np.float32 if stored.itemsize <= 2 else np.float64


def stored_as_floats(values: np.ndarray, written: Written) -> np.ndarray:
    """Return stored values as floats, NaN where missing: the way back from `check`."""
    if values.dtype.kind == "f":
        return values
    result = values.astype(float_of(values.dtype))
    fill = fill_of(written)
    if isinstance(written, Variable) and written.step != 1.0:
        result *= result.dtype.type(written.step)
    if fill is not None:
        result[values == fill] = np.nan
    return result


def _quantity(what: str, array: np.ndarray, written: Variable) -> np.ndarray:
    kept = written.dtype if written.dtype.startswith("float") else "float64"
    floats = array.astype(kept, copy=False)
    valid = np.isfinite(floats)
    infinite = int(np.isinf(floats).sum())
    if infinite:
        raise ProductError(f"{what} is infinite in {infinite} cells; missing is NaN")
    lowest, highest = np.array(written.valid, kept)
    with np.errstate(invalid="ignore"):
        outside = (floats < lowest) | (floats > highest)
    if outside.any():
        raise ProductError(
            f"{what} lies outside of {written.valid[0]:g} to {written.valid[1]:g} {written.unit} in "
            f"{int(outside.sum())} of {int(valid.sum())} valid cells; it reaches from {floats[valid].min():g} "
            f"to {floats[valid].max():g}"
        )
    if written.dtype.startswith("float"):
        return floats
    counts = floats if written.step == 1.0 else floats / written.step
    return np.where(valid, np.round(counts), float(np.iinfo(written.dtype).min)).astype(written.dtype)


def _codes(what: str, array: np.ndarray, written: Flags) -> np.ndarray:
    known = set(written.meanings) | ({written.fill} if written.fill is not None else set())
    if array.dtype.kind == "f":
        missing = np.isnan(array)
        if missing.any() and written.fill is None:
            raise ProductError(f"{what} is missing in {int(missing.sum())} cells, and its record has no fill for flags")
        array = np.where(missing, 0 if written.fill is None else written.fill, array)
    # To count the few that are known is quicker than to sort what there is.
    if sum(np.count_nonzero(array == code) for code in known) < array.size:
        unknown = [code for code in np.unique(array).tolist() if code not in known]
        cells = int(np.isin(array, unknown).sum())
        raise ProductError(
            f"{what} holds {', '.join(f'{code:g}' for code in unknown[:8])} in {cells} cells; "
            f"its record knows {', '.join(str(code) for code in sorted(known))}"
        )
    return array.astype(written.dtype, copy=False)
