"""Picking the granules of one input: the alternative that is used, the corrections that hold, what is still missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from icestream_core.granule import Asset, Granule
from icestream_core.inputs import LIBRARY, Input, Source
from icestream_core.period import END_OF_TIME, EPOCH, Interval
from icestream_core.product import Product
from icestream_core.slot import Slot
from icestream_core.task import TaskInput
from icestream_core.touch import reads
from icestream_core.window import LatestBefore, Steps, spans


class Recorded(NamedTuple):
    """A granule and when the ledger recorded it."""

    granule: Granule
    recorded_at: datetime


class Picked(NamedTuple):
    """What one input is made of.

    sufficient : what is needed is there
    complete : and nothing more is awaited
    own_step_lacks : something of the slot's own period is awaited
    void : the reason, where the needed granule is known to be void
    """

    name: str
    input: Input
    entries: tuple[TaskInput, ...]
    sufficient: bool
    complete: bool
    own_step_lacks: bool
    missing: tuple[str, ...]
    void: str
    last_arrival: datetime | None


class _Group(NamedTuple):
    """Candidates of one alternative: one source, one platform, one tile where tiles are alternatives."""

    source: Source
    entries: tuple[TaskInput, ...]


def pick(product: Product, slot: Slot, name: str, rows: Sequence[Recorded]) -> Picked:
    """Return what an input would be made of: the first alternative that is complete, else the first that suffices."""
    entry = product.inputs[name]
    windows = spans(entry.window, product.period, slot.interval)
    fitting = [row for row in rows if _fits(product, slot, entry, row.granule)]
    arrivals = [row.recorded_at for row in fitting if not entry.timeless]
    groups = _groups(entry, windows, [row.granule for row in fitting])
    judged = [_judge(name, entry, windows, group, max(arrivals, default=None)) for group in groups]
    nothing = _judge(name, entry, windows, _Group(entry.sources[0], ()), max(arrivals, default=None))
    for wanted in ("complete", "sufficient"):
        for found in judged:
            if getattr(found, wanted):
                return found
    return max(judged, key=lambda found: len(found.entries), default=nothing)


def library_granule(collection: str) -> Granule:
    """Return the granule that stands for a default which a Python library ships."""
    name = collection.removeprefix(LIBRARY)
    asset = Asset(href=f"library:{name}", size=0, checksum=f"library:{name}")
    return Granule(
        granule_id=collection,
        checksum=f"library:{name}",
        collection=collection,
        sensor="none",
        start=EPOCH,
        end=END_OF_TIME,
        assets=(asset,),
        published_at=EPOCH,
        received_at=EPOCH,
    )


def _fits(product: Product, slot: Slot, entry: Input, granule: Granule) -> bool:
    if not any(reads(source, granule) for source in entry.sources):
        return False
    if granule.stage not in entry.stages and not granule.void:
        return False
    if product.tiled and entry.tile == "same" and granule.tile != slot.tile:
        return False
    variant = entry.variant or (slot.variant if product.variants else "")
    return not variant or granule.variant == variant


def _groups(entry: Input, windows: list[tuple[int, Interval]], granules: list[Granule]) -> list[_Group]:
    found: list[_Group] = []
    for source in entry.sources:
        if source.is_library:
            found.append(_Group(source, (TaskInput(granule=library_granule(source.collection)),)))
            continue
        mine = [granule for granule in granules if reads(source, granule)]
        keys = {(granule.platform, granule.tile if entry.tile == "any" else "") for granule in mine}
        for platform, tile in sorted(keys, key=lambda key: _preference(source, *key)):
            chosen = [g for g in mine if g.platform == platform and (entry.tile != "any" or g.tile == tile)]
            found.append(_Group(source, tuple(_placed(entry, windows, chosen))))
    return found


def _preference(source: Source, platform: str, tile: str) -> tuple[int, int, str, str]:
    platforms, tiles = source.platforms, source.tiles
    return (
        platforms.index(platform) if platform in platforms else len(platforms),
        tiles.index(tile) if tile in tiles else len(tiles),
        platform,
        tile,
    )


def _placed(entry: Input, windows: list[tuple[int, Interval]], granules: Iterable[Granule]) -> list[TaskInput]:
    """Return the corrections that hold, each in the nearest step of the window that it overlaps."""
    latest: dict[str, Granule] = {}
    for granule in granules:
        known = latest.get(granule.granule_id)
        if known is None or granule.order > known.order:
            latest[granule.granule_id] = granule
    nearest_first = sorted(windows, key=lambda window: (abs(window[0]), window[0]))
    placed = []
    for granule in latest.values():
        step = next((s for s, near in nearest_first if granule.start < near.end and near.start < granule.end), None)
        if step is not None:
            placed.append(TaskInput(granule=granule, step=step))
    if entry.timeless or isinstance(entry.window, LatestBefore):
        placed = _newest_of_each(placed)
    return sorted(placed, key=lambda given: (given.step, given.granule.start, given.granule.granule_id))


def _newest_of_each(placed: list[TaskInput]) -> list[TaskInput]:
    newest: dict[tuple[str, str], TaskInput] = {}
    for given in placed:
        key = (given.granule.tile, given.granule.part)
        known = newest.get(key)
        if known is None or _age(given) > _age(known):
            newest[key] = given
    return list(newest.values())


def _age(given: TaskInput) -> tuple[datetime, tuple[int, str, str]]:
    return given.granule.start, given.granule.order


def _judge(
    name: str, entry: Input, windows: list[tuple[int, Interval]], group: _Group, last_arrival: datetime | None
) -> Picked:
    real = [given for given in group.entries if not given.granule.void]
    voids = [given.granule.void for given in group.entries if given.granule.void and given.step == 0]
    counted = [given for given in real if given.step == 0] if isinstance(entry.window, Steps) else real
    answered = bool(voids) and not counted
    parts = {given.granule.part for given in counted}
    label = f"{name} ({group.source.collection})"

    needed = [part for part in group.source.needs if part not in parts]
    short = len(counted) < entry.at_least
    sufficient = (answered or not (needed or short)) if not entry.optional else True

    own: list[str] = []
    if not answered:
        if not counted and (short or entry.optional):
            own.append(label)
        else:
            own += [f"{label} part {part}" for part in (*needed, *group.source.wants) if part not in parts]
            tiles = {given.granule.tile for given in (*real, *group.entries)}
            own += [f"{label} tile {tile}" for tile in entry.tiles_expected if tile not in tiles]
            if entry.tile == "all" and not entry.tiles_expected:
                own.append(f"{label}: any further tile")
            if short and not own:
                own.append(f"{label}: {len(counted)} of {entry.at_least} granules")
    neighbours: list[str] = []
    if isinstance(entry.window, Steps):
        here = {given.step for given in group.entries}
        neighbours = [f"{label} of {near.label}" for step, near in windows if step != 0 and step not in here]
    waits = not (entry.timeless and entry.optional)
    return Picked(
        name=name,
        input=entry,
        entries=group.entries,
        sufficient=sufficient,
        complete=sufficient and not (waits and (own or neighbours)),
        own_step_lacks=bool(own),
        missing=(*own, *neighbours),
        void="; ".join(dict.fromkeys(voids)) if answered else "",
        last_arrival=last_arrival,
    )
