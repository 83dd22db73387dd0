"""Training rows: granules are gathered into training slots, opened as a product's inputs are, and sampled."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from icestream_core.collection import Collection
from icestream_core.errors import GranuleError
from icestream_core.fit import Fit
from icestream_core.granule import Asset, Granule
from icestream_core.grid import Grid
from icestream_core.pick import Picked, Recorded, alternatives
from icestream_core.product import OnGrid, OnLattice, Product
from icestream_core.slot import Slot
from icestream_core.touch import touches
from icestream_generation.fetched import Fetched
from icestream_generation.inputs import open_input
from icestream_generation.on_demand import on_demand
from icestream_worker.handle import asset_of

Fetch = Callable[[Asset, str], Path]
Rows = dict[str, np.ndarray]


class Training(NamedTuple):
    """What there is to learn from.

    rows : columns of equal length, by name
    granules : that rows were taken from: id and checksum
    left_out : granules that could not be read, each with the reason
    period : begin of the first training slot that gave rows and end of the last; "" where rows are of no time
    """

    rows: Rows
    granules: list[tuple[str, str]]
    left_out: list[str]
    period: str = ""


def training_record(product: Product, fit: Fit) -> Product:
    """Return the record of a product's training slots: they are gathered by the rules of any other product."""
    opening = next(name for name, entry in fit.inputs.items() if entry.opens_slots)
    return Product(
        name=product.name,
        version=product.version,
        title=product.title,
        summary=product.summary,
        family=product.family,
        inputs=dict(fit.inputs),
        period=fit.period,
        variants=fit.variants,
        kind=OnLattice(of=(opening,)) if fit.grid is None else OnGrid(grid=fit.grid),
        writes=product.writes,
        fidelity=product.fidelity,
    )


def take_rows(
    record: Product,
    fit: Fit,
    granules: Sequence[Granule],
    collections: Mapping[str, Collection],
    fetch: Fetch,
    progress: Callable[[int, int], None],
) -> Training:
    """Return the training rows of granules.

    record : of the training slots
    fetch : gives the local file of an asset, verified
    """
    sampler = _Sampler(record, fit, collections, fetch)
    slots = _slots(record, granules)
    taken: list[Mapping[str, Any]] = []
    told: list[Slot] = []
    for done, (slot, rows) in enumerate(slots, start=1):
        found = sampler.sample(slot, rows)
        if found is not None:
            taken.append(found)
            told.append(slot)
        progress(done, len(slots))
    period = f"{told[0].start:%Y-%m-%d}/{max(slot.end for slot in told):%Y-%m-%d}" if told else ""
    return Training(joined(fit, taken), sorted(sampler.used), sampler.left_out, period)


def joined(fit: Fit, tables: Iterable[Mapping[str, Any]]) -> Rows:
    """Return tables one after the other; raises ValueError where one has not the columns of the record."""
    parts: dict[str, list[np.ndarray]] = {name: [] for name in fit.rows}
    for table in tables:
        if table.keys() != fit.rows.keys() or len({len(column) for column in table.values()}) != 1:
            raise ValueError(
                f"training rows have {', '.join(f'{len(column)} {name}' for name, column in table.items())}; "
                f"wanted columns of equal length: {', '.join(fit.rows)}"
            )
        for name, column in table.items():
            parts[name].append(np.asarray(column))
    return {name: np.concatenate(columns) if columns else np.empty(0) for name, columns in parts.items()}


def _slots(record: Product, granules: Sequence[Granule]) -> list[tuple[Slot, list[Recorded]]]:
    """Return the training slots that granules open, in the order of time, each with the granules that touch it."""
    opened: dict[str, Slot] = {}
    touching: dict[str, list[Recorded]] = {}
    everywhere: list[Recorded] = []
    for granule in granules:
        recorded = Recorded(granule, granule.received_at)
        for touch in touches(record, granule):
            if touch.interval is None or touch.variant is None or touch.tile is None:
                everywhere.append(recorded)
                break
            slot = touch.slot()
            if touch.opens:
                opened[slot.key] = slot
            touching.setdefault(slot.key, []).append(recorded)
    ordered = sorted(opened.values(), key=lambda slot: (slot.start, slot.key))
    return [(slot, [*touching[slot.key], *everywhere]) for slot in ordered]


class _Sampler:
    """Samples training slots one after the other; what holds for all of them is opened once."""

    def __init__(self, record: Product, fit: Fit, collections: Mapping[str, Collection], fetch: Fetch) -> None:
        self._record, self._fit, self._collections, self._fetch = record, fit, collections, fetch
        self._kept: dict[tuple[object, ...], tuple[Any, Grid | None]] = {}
        self.used: set[tuple[str, str]] = set()
        self.left_out: list[str] = []

    def sample(self, slot: Slot, rows: Sequence[Recorded]) -> Mapping[str, Any] | None:
        """Return the rows of a slot; None where one of its inputs is lacking."""
        grid, given = self._fit.grid, dict[str, tuple[Any, ...]]()
        used: set[tuple[str, str]] = set()
        for name in sorted(self._fit.inputs, key=lambda name: not self._fit.inputs[name].opens_slots):
            opened = []
            for found in alternatives(self._record, slot, name, rows):
                data, own = self._open(found, grid)
                if data is not None:
                    grid = grid or own
                    opened.append(data)
                    used |= {(entry.granule.granule_id, entry.granule.checksum) for entry in found.entries}
            if not opened and not self._fit.inputs[name].optional:
                return None
            given[name] = tuple(opened)
        asked = [name for name in inspect.signature(self._fit.sample).parameters if name not in given]
        self.used |= used
        return self._fit.sample(**given, **on_demand(asked, slot, grid))

    def _open(self, found: Picked, grid: Grid | None) -> tuple[Any, Grid | None]:
        key = (found.name, grid, *(entry.granule.checksum for entry in found.entries))
        if key in self._kept:
            return self._kept[key]
        try:
            files = list(self._files(found))
            target = None if found.input.align.native else grid
            opened = open_input(found.name, found.input, files, self._collections, target)
        except GranuleError as error:
            self.left_out.append(f"{error.granule_id or found.name} was left out: {error}")
            opened = None, None
        if found.input.timeless:
            self._kept[key] = opened
        return opened

    def _files(self, found: Picked) -> Iterator[Fetched]:
        for entry in found.entries:
            asset = asset_of(entry)
            yield Fetched(entry, None if asset is None else self._fetch(asset, entry.granule.granule_id))
