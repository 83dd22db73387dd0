"""Putting several granules of one step together, one after the other: no more than one native granule is held."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

import numpy as np

from icestream_core.errors import ProductError
from icestream_core.inputs import Combine

Array = np.ndarray
Fields = dict[str, Array]


def combine(given: Iterable[Fields], how: Combine, name: str) -> Fields:
    """Return one field a variable, from granules that are on one grid.

    given : by name of variable, float, NaN where missing, in the order of time
    how : single (there must be one), mosaic (the first valid value of a cell holds), mean, best (the granule with most
        valid cells); `stack` is not combined at all
    name : of the input, for the message
    Raises ProductError where a `single` input has several granules of one variable.
    """
    match how:
        case "single":
            return _single(given, name)
        case "mosaic":
            return _mosaic(given)
        case "mean":
            return _mean(given)
        case "best":
            return max(given, key=lambda fields: sum(np.isfinite(field).sum() for field in fields.values()))
        case "stack":
            raise ProductError(f"input {name}: what is stacked is not combined")
    assert_never(how)


def _single(given: Iterable[Fields], name: str) -> Fields:
    found: Fields = {}
    for fields in given:
        twice = found.keys() & fields.keys()
        if twice:
            raise ProductError(
                f"input {name}: several granules of one period hold {', '.join(sorted(twice))}; "
                f"its record must say how to combine them: mosaic, mean, stack or best"
            )
        found |= fields
    return found


def _mosaic(given: Iterable[Fields]) -> Fields:
    found: Fields = {}
    for fields in given:
        for variable, field in fields.items():
            if variable not in found:
                found[variable] = field.copy()
            else:
                np.copyto(found[variable], field, where=np.isnan(found[variable]))
    return found


def _mean(given: Iterable[Fields]) -> Fields:
    sums: Fields = {}
    counts: Fields = {}
    for fields in given:
        for variable, field in fields.items():
            valid = np.isfinite(field)
            if variable not in sums:
                sums[variable] = np.where(valid, field, 0).astype(np.float64)
                counts[variable] = valid.astype(np.int32)
            else:
                np.add(sums[variable], field, out=sums[variable], where=valid)
                counts[variable] += valid
    with np.errstate(invalid="ignore"):
        return {
            variable: np.where(counts[variable] > 0, total / counts[variable], np.nan).astype(np.float32)
            for variable, total in sums.items()
        }
