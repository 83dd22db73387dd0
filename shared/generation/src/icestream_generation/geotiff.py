"""GeoTIFF: tiled, deflated, and the same bytes for the same values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from icestream_core.delivery import Delivery
from icestream_core.grid import Grid
from icestream_core.variable import Flags, Written
from icestream_generation.described import comment
from icestream_generation.provenance import Provenance


class Band(NamedTuple):
    """One band: what it is called, the unit of its values, and those in the delivery's type."""

    name: str
    unit: str
    values: np.ndarray


def write_geotiff(
    path: Path, delivery: Delivery, grid: Grid, bands: Sequence[Band], written: Written, provenance: Provenance
) -> None:
    """Write a variable as a GeoTIFF, with its meanings in the tags. bands : one, or one a layer and what is behind"""
    import rasterio
    from rasterio.transform import Affine

    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=grid.width,
        height=grid.height,
        count=len(bands),
        dtype=delivery.dtype,
        crs=grid.crs,
        transform=Affine(*grid.transform),
        nodata=delivery.nodata,
        tiled=True,
        blockxsize=256,
        blockysize=256,
        compress="deflate",
        interleave="band",
        predictor=3 if bands[0].values.dtype.kind == "f" else 2,
    ) as file:
        for number, band in enumerate(bands, start=1):
            file.write(band.values, number)
            file.set_band_description(number, band.name)
            file.set_band_unit(number, band.unit)
        file.update_tags(**_tags(delivery, written, provenance))


def _tags(delivery: Delivery, written: Written, provenance: Provenance) -> dict[str, str]:
    product, slot = provenance.product, provenance.task.slot
    tags = {
        "dataset": delivery.dataset,
        "title": product.title,
        "long_name": written.long_name,
        "product": product.name,
        "product_version": product.version,
        "slot": slot.key,
        "time_coverage_start": f"{slot.start:%Y-%m-%dT%H:%M:%SZ}",
        "time_coverage_end": f"{slot.end:%Y-%m-%dT%H:%M:%SZ}",
        "inputs_hash": provenance.task.inputs_hash,
        "comment": comment(provenance),
    }
    if isinstance(written, Flags):
        tags["flag_meanings"] = ", ".join(f"{code} {word}" for code, word in sorted(written.meanings.items()))
    return tags
