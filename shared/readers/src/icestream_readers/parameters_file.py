"""Fitted parameters: a TOML file of rows, or a NetCDF file of fields, with where they come from and how good they are.

One form for every product that is fitted:

    [provenance]                    product, version, command, when, seed, rows, software, the data with their checksums
    [score]                         measure = value
    [units]                         column = unit, of numbers that have one
    [[parameters]]                  one table a row: column = value
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from icestream_core.collection import Opened
from icestream_core.errors import GranuleError
from icestream_core.fit import Fitted
from icestream_core.granule import Granule

MOST_BYTES = 2**30
"""Of the fields of a set: a damaged file may state any size."""
WANTED = "wanted a table [[parameters]] for each row, all with the same columns, as `icestream fit` writes them"


def open_toml(path: Path, granule: Granule) -> Opened:
    """Return the rows on the dimension `row`, numbers and words; score and provenance are attributes, as JSON.

    Raises GranuleError where it is no TOML, has no rows, or a number is not finite.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
        rows, units = document.get("parameters", []), document.get("units", {})
        names = list(rows[0]) if rows else []
        if not names or any(list(row) != names for row in rows):
            raise GranuleError(f"{path.name} holds no rows of the same columns; {WANTED}", granule.granule_id)
        columns = {name: _column(name, [row[name] for row in rows]) for name in names}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, AttributeError, TypeError, KeyError) as error:
        raise GranuleError(
            f"{path.name} is no set of parameters ({type(error).__name__}: {error}); {WANTED}", granule.granule_id
        ) from error
    data = xr.Dataset({name: ("row", values, {"units": str(units.get(name, "1"))}) for name, values in columns.items()})
    return Opened(_sound(data.assign_attrs(_told(document)), path, granule), None)


def open_nc(path: Path, granule: Granule) -> Opened:
    """Return the fields as they lie in the file; score and provenance are attributes, as JSON.

    Raises GranuleError where it is no NetCDF-4 or a value is infinite. NaN says that there is no parameter.
    """
    try:
        with xr.open_dataset(path, engine="h5netcdf") as file:
            if file.nbytes > MOST_BYTES:
                raise ValueError(f"its fields state {file.nbytes} bytes; wanted at most {MOST_BYTES}")
            data = file.load()
    # Texts are read before their size can be asked for: one that is only stated is more than there is.
    except (OSError, RuntimeError, ValueError, TypeError, AttributeError, LookupError, MemoryError) as error:
        raise GranuleError(f"{path.name} is no set of parameters in NetCDF-4 ({error})", granule.granule_id) from error
    return Opened(_sound(data, path, granule), None)


def write_toml(path: Path, fitted: Fitted, units: Mapping[str, str], provenance: Mapping[str, Any]) -> None:
    """Write columns as rows.

    units : of those columns that have one
    provenance : plain data
    """
    import tomli_w

    columns = {name: np.asarray(values).tolist() for name, values in fitted.parameters.items()}
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    document = {
        "provenance": dict(provenance),
        "score": dict(fitted.score),
        "units": {name: unit for name, unit in units.items() if unit},
        "parameters": rows,
    }
    path.write_text(tomli_w.dumps(document, multiline_strings=False), "utf-8", newline="\n")


def write_nc(path: Path, fitted: Fitted, units: Mapping[str, str], provenance: Mapping[str, Any]) -> None:
    """Write fields, compressed; provenance and score are attributes, as JSON.

    units : of those fields that have one
    """
    data: xr.Dataset = fitted.parameters
    for name, unit in units.items():
        data[name].attrs.setdefault("units", unit or "1")
    data = data.assign_attrs(_told({"provenance": dict(provenance), "score": dict(fitted.score)}))
    packed = {"zlib": True, "complevel": 4, "shuffle": True, "fletcher32": True}
    encoding = {str(name): packed for name, field in data.data_vars.items() if field.ndim and field.dtype.kind in "fiu"}
    data.to_netcdf(path, engine="h5netcdf", encoding=encoding)


def _column(name: str, values: list[Any]) -> np.ndarray:
    if not (all(isinstance(value, str) for value in values) or all(isinstance(value, int | float) for value in values)):
        raise TypeError(f"{name} is neither all words nor all numbers")
    return np.array(values)


def _told(document: Mapping[str, Any]) -> dict[str, str]:
    return {name: json.dumps(document.get(name, {}), default=str) for name in ("provenance", "score")}


def _sound(data: xr.Dataset, path: Path, granule: Granule) -> xr.Dataset:
    for name, variable in data.data_vars.items():
        values = variable.values
        if values.dtype.kind == "f" and not (np.isfinite(values) | (np.isnan(values) & (variable.ndim > 1))).all():
            raise GranuleError(f"{path.name}: {name} is {_worst(values)} somewhere; wanted numbers", granule.granule_id)
    return data


def _worst(values: np.ndarray) -> float:
    return next(float(value) for value in values.flat if not math.isfinite(value))
