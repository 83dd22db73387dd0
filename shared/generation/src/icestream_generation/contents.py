"""What goes into a NetCDF file, before anybody writes it: dimensions, fields, attributes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np


class Field(NamedTuple):
    """One variable of a file.

    values : in the type that is stored; a list of words for text
    fill : what stands for missing in the stored type; None where nothing can be missing
    """

    name: str
    dims: tuple[str, ...]
    values: np.ndarray | list[str]
    attributes: dict[str, Any]
    fill: float | int | None = None


@dataclass(frozen=True, slots=True)
class Contents:
    """A whole file. Fields are written in their order."""

    dims: dict[str, int]
    fields: tuple[Field, ...]
    attributes: dict[str, Any]
