"""Deliveries: the forms that the source datasets promise. Cut, regrid, unit, encoding and file name, as data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from icestream_core.grid import Grid
from icestream_core.inputs import Resampling

Format = Literal["ascii-grid", "geotiff", "netcdf", "hdf5", "csv", "geopackage", "shapefile"]


class Delivery(BaseModel):
    """One file that is made beside the canonical one, for one dataset.

    dataset : "S39"
    filename : Python format with `period` (the slot's start), `tile` and `variant`: "{period:%Y%j}.txt"
    behind : of a GeoTIFF: more variables, in units of their own, as bands behind those of `variable`
    words : what the dataset calls a variant, where its file names do not have our word: {"cold": "am"}
    variable : which variable of the product
    unit : that the values are converted to
    nodata : written where the product has none
    grid : regridded to this one; the product's own where None. A cut is a grid too
    header : the exact lines that open a text file, where the dataset states them; else they follow from the grid
    number_format : printf form of one value in a text file
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    dataset: str
    format: Format
    filename: str
    words: dict[str, str] = {}
    variable: str
    behind: tuple[str, ...] = ()
    unit: str
    nodata: float
    dtype: Literal["uint8", "int16", "int32", "float32", "float64"] = "float32"
    grid: Grid | None = None
    resampling: Resampling = "nearest"
    header: tuple[str, ...] = ()
    number_format: str = "%.2f"
    certainty: str = Field(
        default="", description="What of this form is designed, because the dataset does not state it"
    )


def ascii_grid(
    dataset: str,
    filename: str,
    variable: str,
    *,
    unit: str,
    nodata: float,
    name: str = "",
    grid: Grid | None = None,
    resampling: Resampling = "nearest",
    header: tuple[str, ...] = (),
    number_format: str = "%.2f",
    certainty: str = "",
) -> Delivery:
    """Return an ESRI ASCII grid delivery."""
    return Delivery(
        name=name or dataset.lower(),
        dataset=dataset,
        format="ascii-grid",
        filename=filename,
        variable=variable,
        unit=unit,
        nodata=nodata,
        grid=grid,
        resampling=resampling,
        header=header,
        number_format=number_format,
        certainty=certainty,
    )


def geotiff(
    dataset: str,
    filename: str,
    variable: str,
    *,
    unit: str,
    nodata: float,
    dtype: Literal["uint8", "int16", "int32", "float32", "float64"] = "float32",
    name: str = "",
    grid: Grid | None = None,
    resampling: Resampling = "nearest",
    words: Mapping[str, str] | None = None,
    behind: tuple[str, ...] = (),
    certainty: str = "",
) -> Delivery:
    """Return a GeoTIFF delivery; a variable with layers has a band for each, in their order."""
    return Delivery(
        name=name or dataset.lower(),
        dataset=dataset,
        format="geotiff",
        filename=filename,
        words=dict(words or {}),
        variable=variable,
        behind=behind,
        unit=unit,
        nodata=nodata,
        dtype=dtype,
        grid=grid,
        resampling=resampling,
        certainty=certainty,
    )


def hdf5(
    dataset: str,
    filename: str,
    variable: str,
    *,
    unit: str,
    nodata: float,
    dtype: Literal["uint8", "int16", "int32", "float32", "float64"] = "float32",
    name: str = "",
    grid: Grid | None = None,
    resampling: Resampling = "nearest",
    certainty: str = "",
) -> Delivery:
    """Return a plain HDF5 delivery."""
    return Delivery(
        name=name or dataset.lower(),
        dataset=dataset,
        format="hdf5",
        filename=filename,
        variable=variable,
        unit=unit,
        nodata=nodata,
        dtype=dtype,
        grid=grid,
        resampling=resampling,
        certainty=certainty,
    )
