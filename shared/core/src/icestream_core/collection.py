"""A collection: a kind of input. Its file-name pattern says what a file is before anybody opens it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from trollsift import Parser

from icestream_core.errors import GranuleError, PluginError
from icestream_core.granule import Granule
from icestream_core.grid import Grid


class Facts(NamedTuple):
    """What a file name tells.

    granule_id : what is observed, without compression suffixes, release or time of production: the same content under
        .gz is the same granule, and a new release is a correction of it
    produced : when the producer made it, where the name tells; it orders corrections
    """

    granule_id: str
    start: datetime
    end: datetime
    platform: str = ""
    tile: str = ""
    part: str = ""
    variant: str = ""
    footprint: tuple[float, float, float, float] | None = None
    produced: datetime | None = None


class Opened(NamedTuple):
    """An opened file.

    data : an xarray Dataset with our names and SI units (attribute `units`) on dims (y, x), or rows
    grid : where the cells are; None for swaths and tables, which carry `latitude` and `longitude`
    """

    data: Any
    grid: Grid | None


@dataclass(frozen=True, slots=True)
class Collection:
    """One sensor's product in one format.

    patterns : trollsift patterns of file names; the first that fits decides
    facts : from the parsed fields (times are UTC) to Facts; None for a name that fits the pattern and is something else
    opener : "package.module:function" of (Path, Granule) -> Opened, imported only when a file is opened
    columns : variables that each file must hold, with their units; not checked where empty
    check : raises GranuleError where what was opened is not what the collection promises
    """

    name: str
    title: str
    sensor: str
    patterns: tuple[str, ...]
    facts: Callable[[Mapping[str, Any]], Facts | None]
    opener: str
    media_type: str = "application/octet-stream"
    doi: str = ""
    licence: str = ""
    sensors: Mapping[str, str] = field(default_factory=dict)
    """Sensor by platform, where one collection carries several."""
    columns: Mapping[str, str] = field(default_factory=dict)
    check: Callable[[Opened, Granule], None] | None = None

    def parse(self, filename: str) -> Facts | None:
        """Return what the file name tells, or None where it is not of this collection."""
        if not filename.isprintable():
            # A regular expression's end lets a line feed pass.
            return None
        for pattern in self.patterns:
            try:
                fields = Parser(pattern).parse(filename)
            except ValueError:
                continue
            try:
                return self.facts({name: _in_utc(value) for name, value in fields.items()})
            except (ValueError, OverflowError):
                # A date that no calendar has, or after which none is left: no name of a file of this collection.
                return None
        return None

    def sensor_of(self, platform: str) -> str:
        return self.sensors.get(platform, self.sensor)

    def open(self, path: Path, granule: Granule) -> Opened:
        """Open a file; raises GranuleError where it is not what the collection promises."""
        module, _, function = self.opener.partition(":")
        try:
            opener = getattr(importlib.import_module(module), function)
        except (ImportError, AttributeError) as error:
            raise PluginError(f"collection {self.name}: its opener {self.opener} cannot be loaded: {error}") from error
        opened: Opened = opener(path, granule)
        if lacking := [column for column in self.columns if column not in opened.data]:
            raise GranuleError(
                f"{path.name} lacks {', '.join(lacking)}; a set of {self.name} has {', '.join(self.columns)}",
                granule.granule_id,
            )
        if self.check is not None:
            self.check(opened, granule)
        return opened


def _in_utc(value: object) -> object:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value


def recognise(filename: str, collections: Sequence[Collection]) -> tuple[Collection, Facts] | None:
    """Return the collection that a file name belongs to and what the name tells; None where it is of none."""
    for collection in collections:
        facts = collection.parse(filename)
        if facts is not None:
            return collection, facts
    return None
