"""Picking the granules of one input: the alternative that is used, the corrections that hold, what is still missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from icestream_core.granule import Asset, Granule
from icestream_core.inputs import LIBRARY, Input, Source
from icestream_core.period import END_OF_TIME, EPOCH, Interval
from icestream_core.product import Product
from icestream_core.slot import Slot
from icestream_core.task import TaskInput
from icestream_core.touch import reads
from icestream_core.window import LatestBefore, Steps, spans

MOST_REASONS: Final = 5
LONGEST_REASON: Final = 800
"""Characters; an announcement holds a thousand."""


class Recorded(NamedTuple):
    """A granule and when the ledger recorded it."""

    granule: Granule
    recorded_at: datetime


class Picked(NamedTuple):
    """What one input is made of.

    sufficient : what is needed is there
    complete : and nothing more is awaited
    own_step_lacks : something of the slot's own period is awaited
    void : the reason, where the needed granule is known to be void; what is void is awaited no more, and is no entry
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
    """Candidates of one alternative: one source, one platform, one tile where tiles are alternatives.

    voids : the ones of them that say that there is nothing
    """

    source: Source
    entries: tuple[TaskInput, ...]
    voids: tuple[TaskInput, ...] = ()


def pick(product: Product, slot: Slot, name: str, rows: Sequence[Recorded]) -> Picked:
    """Return what an input would be made of: the first alternative that is complete, else the first that suffices.

    One that has data goes before one that is known to be void.
    """
    judged, nothing = _judged(product, slot, name, rows)
    for void in (False, True):
        for wanted in ("complete", "sufficient"):
            for found in judged:
                if getattr(found, wanted) and bool(found.void) is void:
                    return found
    return max(judged, key=lambda found: len(found.entries), default=nothing)


def alternatives(product: Product, slot: Slot, name: str, rows: Sequence[Recorded]) -> list[Picked]:
    """Return every alternative of an input that suffices and has data, the preferred first: each sensor by itself."""
    judged, _ = _judged(product, slot, name, rows)
    return [found for found in judged if found.sufficient and found.entries and not found.void]


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


def _judged(product: Product, slot: Slot, name: str, rows: Sequence[Recorded]) -> tuple[list[Picked], Picked]:
    """Return every alternative of an input, the preferred first, and what it is where there is none."""
    entry = product.inputs[name]
    windows = spans(entry.window, product.period, slot.interval)
    fitting = [row for row in rows if _fits(product, slot, entry, windows, row.granule)]
    arrivals = [row.recorded_at for row in fitting if not entry.timeless]
    groups = _groups(product, entry, windows, [row.granule for row in fitting])
    judged = [_judge(name, entry, windows, group, max(arrivals, default=None)) for group in groups]
    return judged, _judge(name, entry, windows, _Group(entry.sources[0], ()), max(arrivals, default=None))


def _fits(product: Product, slot: Slot, entry: Input, windows: list[tuple[int, Interval]], granule: Granule) -> bool:
    if not any(reads(source, granule) for source in entry.sources):
        return False
    if granule.stage not in entry.stages and not granule.void:
        return False
    if granule.collection == product.name and granule.granule_id == slot.key:
        # Nothing is made of itself.
        return False
    if product.tiled and entry.tile == "same" and granule.tile not in _own_or_any(entry, slot.tile):
        return False
    if entry.granule_variant is not None:
        if granule.variant != entry.granule_variant:
            return False
    elif product.variants and granule.variant not in _own_or_any(entry, slot.variant):
        return False
    if product.period.kind == "granule" and entry.opens_slots:
        return granule.start == slot.start
    return any(granule.start < near.end and near.start < granule.end for _, near in windows)


def _own_or_any(entry: Input, own: str) -> tuple[str, ...]:
    """An ancillary without tile or variant holds for all of them."""
    return (own, "") if entry.timeless else (own,)


def _groups(
    product: Product, entry: Input, windows: list[tuple[int, Interval]], granules: list[Granule]
) -> list[_Group]:
    found: list[_Group] = []
    for source in entry.sources:
        if source.is_library:
            found.append(_Group(source, (TaskInput(granule=library_granule(source.collection)),)))
            continue
        placed = _placed(windows, [granule for granule in granules if reads(source, granule)])
        voids = [given for given in placed if given.granule.void]
        real = [given for given in placed if not given.granule.void]

        def key(given: TaskInput) -> tuple[str, str]:
            return given.granule.platform, given.granule.tile if entry.tile == "any" else ""

        # What is void was made by no platform in particular: it is the answer for all of them.
        keys = {key(given) for given in real} or {("", tile) for _, tile in map(key, voids)}
        for platform, tile in sorted(keys, key=lambda found: _preference(source, *found)):
            chosen = [given for given in real if key(given) == (platform, tile)]
            if entry.timeless or isinstance(entry.window, LatestBefore):
                chosen = _newest_of_each(chosen, of_one_tile=product.tiled and entry.tile == "same")
            found.append(_Group(source, tuple(chosen), tuple(given for given in voids if key(given)[1] == tile)))
    return found


def _preference(source: Source, platform: str, tile: str) -> tuple[int, int, str, str]:
    platforms, tiles = source.platforms, source.tiles
    return (
        platforms.index(platform) if platform in platforms else len(platforms),
        tiles.index(tile) if tile in tiles else len(tiles),
        platform,
        tile,
    )


def _placed(windows: list[tuple[int, Interval]], granules: Iterable[Granule]) -> list[TaskInput]:
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
    return sorted(placed, key=lambda given: (given.step, given.granule.start, given.granule.granule_id))


def _newest_of_each(placed: list[TaskInput], *, of_one_tile: bool) -> list[TaskInput]:
    """Return the newest of each tile and part; where one tile is wanted, its own goes before one for all tiles."""
    newest: dict[tuple[str, str], TaskInput] = {}
    for given in placed:
        key = ("" if of_one_tile else given.granule.tile, given.granule.part)
        known = newest.get(key)
        if known is None or _age(given) > _age(known):
            newest[key] = given
    return list(newest.values())


def _age(given: TaskInput) -> tuple[bool, bool, datetime, tuple[int, str, str]]:
    granule = given.granule
    return bool(granule.tile), bool(granule.variant), granule.start, granule.order


def _judge(
    name: str, entry: Input, windows: list[tuple[int, Interval]], group: _Group, last_arrival: datetime | None
) -> Picked:
    stepwise = isinstance(entry.window, Steps)
    # That one period is void says nothing of those before it, which `latest-before` may go back to.
    answers = not isinstance(entry.window, LatestBefore)
    own_voids = [given.granule for given in group.voids if given.step == 0 and answers]
    # The slot's own output is never there before it is made: an earlier one counts.
    counted = [given for given in group.entries if given.step == 0 or not stepwise or entry.role == "own-output"]
    answered = bool(own_voids) and not counted
    parts = {given.granule.part for given in counted}
    label = f"{name} ({group.source.collection})"

    needed = [part for part in group.source.needs if part not in parts]
    short = len(counted) < entry.at_least
    sufficient = (answered or not (needed or short)) if not entry.optional else True

    own: list[str] = []
    if not counted and not answered and (short or entry.optional):
        own.append(label)
    else:
        if not answered:
            own += [f"{label} part {part}" for part in (*needed, *group.source.wants) if part not in parts]
        tiles = {granule.tile for granule in (*(given.granule for given in counted), *own_voids)}
        own += [f"{label} tile {tile}" for tile in entry.tiles_expected if tile not in tiles]
        variants = {granule.variant for granule in (*(given.granule for given in counted), *own_voids)}
        own += [f"{label} variant {each}" for each in entry.variants_expected if each not in variants]
        if entry.tile == "all" and not entry.tiles_expected:
            own.append(f"{label}: any further tile")
        if short and not answered and not own:
            own.append(f"{label}: {len(counted)} of {entry.at_least} granules")
    neighbours: list[str] = []
    if stepwise:
        here = _steps_there(group, windows)
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
        void=_in_short(list(dict.fromkeys(granule.void for granule in own_voids))) if answered else "",
        last_arrival=last_arrival,
    )


def _steps_there(group: _Group, windows: list[tuple[int, Interval]]) -> set[int]:
    """Return the steps of which everything that is needed has come, or of which it is known that nothing will.

    A granule that covers several periods, such as a composite of eight days, answers for each of them.
    """
    there = {given.step for given in group.voids}
    for step, near in windows:
        found = {
            given.granule.part
            for given in group.entries
            if given.step == step or (given.granule.start <= near.start and near.end <= given.granule.end)
        }
        if found and found.issuperset(group.source.needs):
            there.add(step)
    return there


def _in_short(reasons: Sequence[str]) -> str:
    """Return reasons in one line; of many tiles the first few, and how many more: it is announced, and so on down."""
    more = f"; and {len(reasons) - MOST_REASONS} more" if len(reasons) > MOST_REASONS else ""
    return "; ".join(reasons[:MOST_REASONS])[:LONGEST_REASON] + more
