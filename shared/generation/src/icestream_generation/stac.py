"""The STAC item of a make: where, when, from what, with what, and every file with its checksum."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pystac
import shapely

from icestream_core.errors import GranuleError
from icestream_core.grid import Grid
from icestream_core.naming import delivery_filename
from icestream_core.outcome import ManifestFile
from icestream_core.variable import Flags, Written
from icestream_generation.align import same_lattice
from icestream_generation.described import comment, metres_to_degrees, processing_level
from icestream_generation.footprint import Footprint
from icestream_generation.geolocation import crs_of
from icestream_generation.manifest import sha256
from icestream_generation.promises import fill_of
from icestream_generation.provenance import Provenance

EXTENSIONS = {
    "file": "https://stac-extensions.github.io/file/v2.1.0/schema.json",
    "processing": "https://stac-extensions.github.io/processing/v1.2.0/schema.json",
    "projection": "https://stac-extensions.github.io/projection/v2.0.0/schema.json",
    "raster": "https://stac-extensions.github.io/raster/v2.0.0/schema.json",
}
SHA256_MULTIHASH = "1220"
"""What the multihash of the file extension begins with: SHA-256, 32 bytes."""

ROLES = {"data": ["data"], "delivery": ["data", "delivery"], "quicklook": ["thumbnail", "overview"]}


def write_item(
    path: Path, provenance: Provenance, place: Footprint, grid: Grid | None, files: Sequence[ManifestFile]
) -> None:
    """Write the item beside its files, which it names by relative references."""
    item = stac_item(provenance, place, grid, files)
    path.write_text(json.dumps(item, indent=1, sort_keys=True, allow_nan=False) + "\n", encoding="utf-8")


def stac_item(
    provenance: Provenance, place: Footprint, grid: Grid | None, files: Sequence[ManifestFile]
) -> dict[str, Any]:
    """Return the item as plain data.

    Inputs are linked as `derived_from` by names, not places: where a granule lies today is no part of what was made.
    """
    product, slot = provenance.product, provenance.task.slot
    item = pystac.Item(
        id=slot.key,
        geometry=shapely.geometry.mapping(place.geometry),
        bbox=list(place.bbox),
        datetime=slot.start,
        start_datetime=slot.start,
        end_datetime=slot.end,
        properties=_properties(provenance) | (_projection(grid) if grid else {}),
        stac_extensions=[url for name, url in EXTENSIONS.items() if grid or name in ("file", "processing")],
    )
    regridded = {delivery_filename(each, slot): each.grid for each in product.deliveries if each.grid}
    for file in files:
        fields: dict[str, Any] = {
            "file:size": file.size,
            "file:checksum": SHA256_MULTIHASH + file.checksum.removeprefix("sha256:"),
        }
        if file.role == "data" and grid:
            fields["bands"] = [_band(name, written, grid) for name, written in product.writes.items()]
        own = regridded.get(file.name)
        if own and grid and not same_lattice(own, grid):
            # What an asset does not say itself is read from the item, the projection in words too.
            fields |= _projection(own) | {"proj:wkt2": _wkt(own)}
        if file.dataset:
            fields["icestream:dataset"] = file.dataset
        roles = ROLES.get(file.role, [file.role])
        asset = pystac.Asset(f"./{file.name}", media_type=file.media_type, roles=roles, extra_fields=fields)
        item.add_asset(file.name if file.role == "delivery" else file.role, asset)
    found: dict[str, Any] = item.to_dict(include_self_link=False, transform_hrefs=False)
    found["links"] = _links(provenance)
    return found


def _properties(provenance: Provenance) -> dict[str, Any]:
    product, task = provenance.product, provenance.task
    publisher = provenance.publisher
    provider: dict[str, Any] = {"name": publisher.name, "roles": ["processor", "producer"]}
    if publisher.url.startswith("http"):
        provider["url"] = publisher.url
    found: dict[str, Any] = {
        "title": product.title,
        "description": product.summary,
        "created": provenance.created,
        "updated": provenance.created,
        "license": "other",
        "keywords": list(product.keywords),
        "providers": [provider],
        "processing:level": processing_level(provenance),
        "processing:lineage": comment(provenance),
        "processing:software": {"icestream": product.version, **dict(sorted(provenance.software.items()))},
        "icestream:product": product.name,
        "icestream:version": product.version,
        "icestream:family": product.family,
        "icestream:period": task.slot.period,
        "icestream:tile": task.slot.tile,
        "icestream:variant": task.slot.variant,
        "icestream:datasets": list(product.datasets),
        "icestream:fidelity": product.fidelity,
        "icestream:inputs_hash": task.inputs_hash,
        "icestream:inputs_missing": list(task.missing),
        "icestream:parameters": provenance.parameters,
        "icestream:options": dict(product.options),
    }
    if provenance.platforms:
        found["platform"] = provenance.platforms
    if provenance.sensors:
        found["instruments"] = provenance.sensors.split(", ")
    return found


def _projection(grid: Grid) -> dict[str, Any]:
    authority = crs_of(grid.crs).to_authority()
    known = {"proj:code": ":".join(authority)} if authority else {"proj:code": None, "proj:wkt2": _wkt(grid)}
    return known | {
        "proj:shape": list(grid.shape),
        "proj:transform": [*grid.transform, 0.0, 0.0, 1.0],
        "proj:bbox": list(grid.bounds),
    }


def _wkt(grid: Grid) -> str:
    return str(crs_of(grid.crs).to_wkt())


def _band(name: str, written: Written, grid: Grid) -> dict[str, Any]:
    fill = fill_of(written)
    metres = max(grid.cell) / (metres_to_degrees(1.0) if grid.is_geographic else 1.0)
    band: dict[str, Any] = {
        "name": name,
        "description": written.long_name,
        "data_type": written.dtype,
        "raster:sampling": "area",
        "raster:spatial_resolution": round(metres, 3),
    }
    if fill is not None:
        band["nodata"] = "nan" if fill != fill else fill
    if isinstance(written, Flags):
        band["icestream:classes"] = [{"value": code, "name": word} for code, word in sorted(written.meanings.items())]
    else:
        band["unit"] = written.unit
        if written.step != 1.0:
            band["raster:scale"] = written.step
    return band


def _links(provenance: Provenance) -> list[dict[str, Any]]:
    links = [
        {
            "rel": "derived_from",
            "href": f"urn:icestream:{each['collection']}:{each['granule']}",
            "title": each["granule"],
            "icestream:input": each["input"],
            "icestream:checksum": each["checksum"],
            "icestream:step": each["step"],
        }
        for each in provenance.inputs
    ]
    cited = [
        {"rel": "cite-as", "href": f"https://doi.org/{reference.doi}", "title": reference.citation}
        for reference in provenance.product.references
        if reference.doi
    ]
    return [*links, *cited]


def validate_item(path: Path) -> dict[str, Any]:
    """Return an item after checking it against the core schema of STAC, which pystac ships, and its files.

    The schemas of the extensions are published on line only: whoever is on line validates them with pystac itself.
    Raises pystac.errors.STACValidationError, or GranuleError where a file is not what the item says.
    """
    from pystac.validation import validate_dict

    item: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    validate_dict(item, extensions=[])
    for name, asset in item["assets"].items():
        file = path.parent / asset["href"]
        if not file.is_file() or file.stat().st_size != asset["file:size"]:
            raise GranuleError(f"asset {name} of {path.name} is not {asset['file:size']} bytes at {asset['href']}")
        if SHA256_MULTIHASH + sha256(file) != asset["file:checksum"]:
            raise GranuleError(f"asset {name} of {path.name} has another checksum than the item says")
    return item
