"""GeoTIFF: tiled, deflated, and the same bytes for the same values."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from icestream_core.delivery import Delivery
from icestream_core.grid import Grid
from icestream_core.variable import Flags, Written
from icestream_generation.provenance import Provenance


def write_geotiff(
    path: Path, delivery: Delivery, grid: Grid, values: np.ndarray, written: Written, provenance: Provenance
) -> None:
    """Write one variable as a GeoTIFF of one band, with its unit and meanings in the tags."""
    import rasterio
    from rasterio.transform import Affine

    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=grid.width,
        height=grid.height,
        count=1,
        dtype=delivery.dtype,
        crs=grid.crs,
        transform=Affine(*grid.transform),
        nodata=delivery.nodata,
        tiled=True,
        blockxsize=256,
        blockysize=256,
        compress="deflate",
        predictor=3 if values.dtype.kind == "f" else 2,
    ) as file:
        file.write(values, 1)
        file.set_band_description(1, delivery.variable)
        file.set_band_unit(1, delivery.unit)
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
    }
    if isinstance(written, Flags):
        tags["flag_meanings"] = ", ".join(f"{code} {word}" for code, word in sorted(written.meanings.items()))
    return tags
