"""From a task's files to a directory: open, align, compute, check, describe, write."""

from __future__ import annotations

import inspect
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from icestream_core.collection import Collection
from icestream_core.errors import ProductError, StorageError
from icestream_core.grid import Grid
from icestream_core.naming import canonical_filename
from icestream_core.outcome import Manifest
from icestream_core.product import Features, OnGrid, OnLattice, Product, Table
from icestream_core.task import Task
from icestream_generation.fetched import Fetched, Opening, unwatched
from icestream_generation.filters import filter_area, filter_time
from icestream_generation.inputs import Gathered, open_inputs
from icestream_generation.learned import inherited, learned
from icestream_generation.manifest import HERE, MadeFile, listed, write_manifest
from icestream_generation.masters import Made, write_features_product, write_raster_product, write_table_product
from icestream_generation.on_demand import on_demand
from icestream_generation.provenance import Provenance, Publisher
from icestream_generation.stac import write_item


class Generated(NamedTuple):
    """What was written.

    manifest : of the directory; its href is "." until the publisher knows where it lies
    seconds : by step: open (align included), compute, write
    valid : share of cells, rows or features that have a value, by variable
    """

    manifest: Manifest
    seconds: dict[str, float]
    valid: dict[str, float]


def generate(
    product: Product,
    task: Task,
    files: Mapping[str, Sequence[Fetched]],
    collections: Mapping[str, Collection],
    out: Path,
    software: Mapping[str, str],
    publisher: Publisher | None = None,
    opening: Opening = unwatched,
) -> Generated:
    """Make a slot: write every file of it into the directory `out`, which exists and is empty, the manifest last.

    files : by name of input, one for each granule of the task
    collections : those installed, by name
    software : versions to record, by name
    opening : entered while a file is read
    The same task, files, software and publisher give the same bytes.
    Raises GranuleError, ProductError, RecordError, PluginError, StorageError, or the product's own Void.
    """
    provenance = Provenance(product, task, files, collections, software, publisher or Publisher())
    seconds: dict[str, float] = {}
    filter_time(product, task.slot)
    with _timed(seconds, "open"):
        gathered = open_inputs(product, files, collections, opening)
        filter_area(product, task.slot, files, gathered)
    origins = learned(product, gathered.inputs)
    provenance = replace(provenance, learned=origins, inherited=inherited(gathered.inputs))
    with _timed(seconds, "compute"):
        returned = compute(product, task, gathered)
    with _timed(seconds, "write"):
        manifest, valid = write(provenance, returned, gathered.grid, out)
    return Generated(manifest, seconds, valid)


def compute(product: Product, task: Task, gathered: Gathered) -> Any:
    """Call the product's function with its inputs and options, and with what it asks for by name besides."""
    if product.compute is None:
        raise ProductError(f"product {product.name} has no function here: only its record is known")
    given = {**gathered.inputs, **product.options}
    asked = [
        name
        for name, parameter in inspect.signature(product.compute).parameters.items()
        if parameter.kind is not parameter.VAR_KEYWORD and name not in given
    ]
    return product.compute(**given, **on_demand(asked, task.slot, gathered.grid))


def write(provenance: Provenance, returned: Any, grid: Grid | None, out: Path) -> tuple[Manifest, dict[str, float]]:
    """Check what was returned and write it in every form that the record promises; return how much of it is valid."""
    try:
        made = _master(provenance, returned, grid, out)
        entries = listed(made.files)
        item = out / canonical_filename(provenance.task.slot, ".stac.json")
        write_item(item, provenance, made.place, grid, entries)
        manifest = Manifest(
            href=HERE,
            files=(*entries, *listed([MadeFile(item, "stac", "application/geo+json")])),
            sensor=provenance.sensors,
            platform=provenance.platforms,
            footprint=made.place.bbox,
        )
        write_manifest(out, manifest)
    except OSError as error:
        raise StorageError(f"{out} cannot be written: {error}") from error
    return manifest, made.valid


def _master(provenance: Provenance, returned: Any, grid: Grid | None, out: Path) -> Made:
    match provenance.product.kind:
        case OnGrid() | OnLattice():
            if grid is None:
                raise ProductError(f"product {provenance.product.name} has no grid")
            return write_raster_product(out, provenance, grid, returned)
        case Table() as kind:
            return write_table_product(out, provenance, kind, returned)
        case Features() as kind:
            return write_features_product(out, provenance, kind, returned)


@contextmanager
def _timed(seconds: dict[str, float], step: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    seconds[step] = time.perf_counter() - began
