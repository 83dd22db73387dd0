"""From fetched files to what a computation takes: one dataset an input, on one grid, in SI units."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from icestream_core.collection import Collection, Opened
from icestream_core.errors import GranuleError, ProductError
from icestream_core.grid import Grid
from icestream_core.inputs import LIBRARY, Input
from icestream_core.product import OnGrid, OnLattice, Product
from icestream_core.window import LatestBefore, Steps
from icestream_generation.align import onto, same_lattice, union
from icestream_generation.combine import Fields, combine
from icestream_generation.fetched import Fetched, Opening, unwatched
from icestream_generation.geolocation import centres
from icestream_generation.learned import HANDED_ON, handed_on
from icestream_generation.library import library_onto
from icestream_generation.opened import floats, open_fetched
from icestream_generation.swath import swath_onto

Files = Mapping[str, Sequence[Fetched]]
PACKING = {"_FillValue", "missing_value", "scale_factor", "add_offset", "valid_range", "valid_min", "valid_max"}


class Gathered(NamedTuple):
    """The inputs of a computation, by name (None where absent), and the grid of what it makes (None for tables)."""

    inputs: dict[str, Any]
    grid: Grid | None


def open_inputs(
    product: Product, files: Files, collections: Mapping[str, Collection], opening: Opening = unwatched
) -> Gathered:
    """Open and align everything that a task brings. Void granules contribute nothing."""
    grid = product.kind.grid if isinstance(product.kind, OnGrid) else None
    came = [name for name, given in files.items() if any(not file.granule.void for file in given)]
    givers = [name for name in product.kind.of if name in came] if isinstance(product.kind, OnLattice) else []
    inputs: dict[str, Any] = {}
    shared = _Shared(files)
    for name in sorted(product.inputs, key=lambda name: name not in givers[:1]):
        gathering = _Gathering(name, product.inputs[name], files.get(name, ()), collections, shared, opening)
        lattice = name in givers[:1]
        inputs[name], native = gathering.gather(None if lattice or product.inputs[name].align.native else grid)
        if lattice:
            grid = native
    if isinstance(product.kind, OnLattice) and grid is None:
        raise ProductError(f"{product.name} takes its grid from {', '.join(product.kind.of)}; no raster came for it")
    return Gathered({name: inputs[name] for name in product.inputs}, grid)


def open_input(
    name: str, entry: Input, fetched: Sequence[Fetched], collections: Mapping[str, Collection], grid: Grid | None
) -> tuple[Any, Grid | None]:
    """Return one input on a grid; where that is None, on its own, which is returned too (None for rows)."""
    return _Gathering(name, entry, fetched, collections).gather(grid)


class _Shared:
    """What several inputs of a task read, such as an albedo that is recent and of the day: opened once, then kept."""

    def __init__(self, files: Files) -> None:
        times = Counter(_which(file) for given in files.values() for file in given)
        self._wanted = {key for key, count in times.items() if count > 1}
        self._kept: dict[tuple[Any, ...], Opened] = {}

    def open(self, file: Fetched, how: tuple[Any, ...], opening: Callable[[], Opened]) -> Opened:
        if _which(file) not in self._wanted:
            return opening()
        key = (_which(file), how)
        if key not in self._kept:
            self._kept[key] = opened = opening()
            if isinstance(opened.data, xr.Dataset):
                for variable in opened.data.data_vars.values():
                    variable.values.flags.writeable = False
        return self._kept[key]


def _which(file: Fetched) -> tuple[Any, ...]:
    return file.path, file.granule.granule_id, file.granule.checksum


class _Gathering:
    """One input: its granules opened one by one."""

    def __init__(
        self,
        name: str,
        entry: Input,
        fetched: Sequence[Fetched],
        collections: Mapping[str, Collection],
        shared: _Shared | None = None,
        opening: Opening = unwatched,
    ) -> None:
        self.shared, self.opening = shared or _Shared({}), opening
        self.name, self.entry, self.collections = name, entry, collections
        self.fetched = [file for file in fetched if not file.granule.void]
        self.attributes: dict[str, dict[str, Any]] = {}
        self.simulated: set[str] = set()

    def gather(self, target: Grid | None) -> tuple[Any, Grid | None]:
        """Return the input on the target, or, where that is None, on its own grid, which is returned too."""
        if not self.fetched:
            return None, None
        first = self._open(self.fetched[0], target)
        if not isinstance(first.data, xr.Dataset) or (first.grid is None and not _is_swath(first.data)):
            return self._rows(first), None
        if target is None:
            target = self._native(first)
        steps = _steps(self.entry)
        if self.entry.align.combine == "stack":
            data = self._stack(first, target)
        elif steps is None:
            fields = combine(self._sets(self.fetched, first, target), self.entry.align.combine, self.name)
            data = _dataset(fields, target)
        else:
            data = self._windowed(first, target, steps)
        return self._described(data, target), target

    def _open(self, file: Fetched, target: Grid | None) -> Opened:
        how, variables = self.entry.align.resampling, self.entry.variables

        def read() -> Opened:
            with self.opening(file.granule):
                return open_fetched(file, self.collections, target, how, variables)

        opened = self.shared.open(file, (target, how, variables), read)
        self.simulated.update(handed_on(opened.data))
        return opened

    def _native(self, first: Opened) -> Grid:
        if first.grid is None:
            raise GranuleError(
                f"input {self.name} is a swath and has no grid of its own", self.fetched[0].granule.granule_id
            )
        if self.entry.align.combine != "mosaic" or len(self.fetched) == 1:
            return first.grid
        grids = [first.grid]
        for file in self.fetched[1:]:
            grid = self._open(file, None).grid
            if grid is not None and not any(same_lattice(grid, known) for known in grids):
                grids.append(grid)
        whole = union(f"{self.name}-mosaic", grids)
        if whole is None:
            raise ProductError(f"input {self.name}: its granules are no parts of one grid; give the product a grid")
        return whole

    def _windowed(self, first: Opened, target: Grid, wanted: Sequence[int]) -> xr.Dataset:
        """Return (step, y, x): every step of the window, NaN where there is no granule."""
        here = sorted({file.step for file in self.fetched})
        steps = list(wanted) or here
        stacks: Fields = {}
        for step in here:
            of_step = [file for file in self.fetched if file.step == step]
            opened = first if of_step[0] is self.fetched[0] else None
            for variable, field in combine(
                self._sets(of_step, opened, target), self.entry.align.combine, self.name
            ).items():
                if variable not in stacks:
                    stacks[variable] = np.full((len(steps), *target.shape), np.nan, field.dtype)
                stacks[variable][steps.index(step)] = field
        data = _dataset(stacks, target, "step")
        return data.assign_coords(step=("step", np.array(steps, np.int32)))

    def _stack(self, first: Opened, target: Grid) -> xr.Dataset:
        """Return (granule, y, x): every granule set of the window, with its step and its start."""
        stacks: Fields = {}
        groups = [list(group) for _, group in groupby(sorted(self.fetched, key=_set_key), key=_set_key)]
        for place, group in enumerate(groups):
            opened = first if group[0] is self.fetched[0] else None
            for variable, field in combine(self._sets(group, opened, target), "single", self.name).items():
                if variable not in stacks:
                    stacks[variable] = np.full((len(groups), *target.shape), np.nan, field.dtype)
                stacks[variable][place] = field
        starts = [np.datetime64(group[0].granule.start.replace(tzinfo=None), "ns") for group in groups]
        return _dataset(stacks, target, "granule").assign_coords(
            step=("granule", np.array([group[0].step for group in groups], np.int32)),
            time=("granule", np.array(starts)),
        )

    def _sets(self, fetched: Sequence[Fetched], first: Opened | None, target: Grid) -> Iterator[Fields]:
        """Give the aligned fields of one granule set after another; the parts of a set are its variables."""
        for _, group in groupby(sorted(fetched, key=_set_key), key=_set_key):
            fields: Fields = {}
            for file in group:
                opened = first if first is not None and file is self.fetched[0] else None
                found = self._aligned(opened or self._open(file, target), file, target)
                if fields.keys() & found.keys():
                    yield fields
                    fields = {}
                fields |= found
            yield fields

    def _aligned(self, opened: Opened, file: Fetched, target: Grid) -> Fields:
        data: xr.Dataset = opened.data
        places = ("latitude", "longitude") if opened.grid is None else ()
        fields = {str(name): floats(data[name]) for name in data.data_vars if name not in places}
        for name in fields:
            self.attributes.setdefault(name, {key: data[name].attrs[key] for key in data[name].attrs.keys() - PACKING})
        how = self.entry.align.resampling
        if file.granule.collection.startswith(LIBRARY):
            # The same map on the same grid, slot after slot: averaging it costs more than reading the passes.
            return dict(library_onto(file.granule.collection, target, how))
        if opened.grid is not None:
            return {name: onto(field, opened.grid, target, how) for name, field in fields.items()}
        if not _is_swath(data):
            raise GranuleError(f"input {self.name}: a raster and a table cannot be mixed", file.granule.granule_id)
        return swath_onto(fields, data["longitude"].values, data["latitude"].values, target, how)

    def _rows(self, first: Opened) -> Any:
        """Return rows or outlines of all granules one after the other; rows of a window carry their `step`."""
        opened = [first, *(self._open(file, None) for file in self.fetched[1:])]
        if not isinstance(first.data, xr.Dataset):
            return [feature for each in opened for feature in each.data]
        if len(opened) == 1 and _steps(self.entry) is None:
            # Fields of parameters have dimensions of their own.
            return first.data.assign_attrs(first.data.attrs | self._origin())
        tables = []
        for each, file in zip(opened, self.fetched, strict=True):
            (dimension,) = set(each.data.dims) or {"row"}
            table = each.data
            if _steps(self.entry) is not None:
                table = table.assign(step=(dimension, np.full(table.sizes[dimension], file.step, np.int32)))
            tables.append(table)
        data = xr.concat(tables, dim=str(dimension)) if len(tables) > 1 else tables[0]
        return data.assign_attrs(self._origin())

    def _described(self, data: xr.Dataset, grid: Grid) -> xr.Dataset:
        for name in data.data_vars:
            data[name].attrs.update(self.attributes[str(name)])
        return data.assign_attrs(self._origin() | {"grid": grid.name, "crs": grid.crs, "transform": grid.transform})

    def _origin(self) -> dict[str, Any]:
        granules = [file.granule for file in self.fetched]
        return {
            "platform": _words(granule.platform for granule in granules),
            "sensor": _words(granule.sensor for granule in granules),
            "collection": _words(granule.collection for granule in granules),
            "start": min(granule.start for granule in granules).isoformat(),
            "end": max(granule.end for granule in granules).isoformat(),
        } | ({HANDED_ON: ", ".join(sorted(self.simulated))} if self.simulated else {})


def _steps(entry: Input) -> Sequence[int] | None:
    """Return the steps of a window; none known for one without a fixed length; None for the slot's own period alone."""
    if entry.timeless or isinstance(entry.window, LatestBefore):
        return None
    if isinstance(entry.window, Steps):
        steps = range(entry.window.first, entry.window.last + 1)
        return None if len(steps) == 1 else steps
    return ()


def _set_key(file: Fetched) -> tuple[Any, ...]:
    granule = file.granule
    return file.step, granule.start, granule.end, granule.tile, granule.variant, granule.platform


def _is_swath(data: xr.Dataset) -> bool:
    return "latitude" in data.variables and "longitude" in data.variables and data["latitude"].ndim == 2


def _dataset(fields: Fields, grid: Grid, leading: str = "") -> xr.Dataset:
    dims = (leading, "y", "x") if leading else ("y", "x")
    # Born with its coordinates: to assign them afterwards copies the dataset three times.
    return xr.Dataset({name: (dims, field) for name, field in fields.items()}, coords=_places(grid))


@lru_cache(maxsize=16)
def _places(grid: Grid) -> xr.Coordinates:
    """Return where the cells of a grid are; shared by all that is opened on it, therefore read-only."""
    x, y = centres(grid)
    x.flags.writeable = y.flags.writeable = False
    places = {"y": ("y", y), "x": ("x", x)}
    if grid.is_geographic:
        places |= {"lat": ("y", y), "lon": ("x", x)}
    return xr.Dataset(coords=places).coords


def _words(words: Iterator[str]) -> str:
    return ", ".join(sorted({word for word in words if word}))
