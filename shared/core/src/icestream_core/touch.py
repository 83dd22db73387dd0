"""Which slots a granule touches, and which granules a slot could be made from: the two sides of a product's windows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from icestream_core.granule import Granule
from icestream_core.inputs import Input, Source
from icestream_core.period import Interval
from icestream_core.product import Product
from icestream_core.slot import Slot
from icestream_core.window import LatestBefore, SameSeason, reach, spans


class Touch(NamedTuple):
    """Slots of one product that a granule concerns.

    interval : their period; None for every slot that waits (an ancillary or a fitted parameter came)
    tile, variant : None for all that exist
    opens : a slot that does not exist yet is opened; else only existing slots are looked at
    """

    product: str
    interval: Interval | None
    tile: str | None
    variant: str | None
    opens: bool

    def slot(self) -> Slot:
        """Return the slot of a touch that names one."""
        if self.interval is None or self.tile is None or self.variant is None:
            raise ValueError(f"{self} does not name one slot")
        return Slot(
            product=self.product,
            period=self.interval.label,
            start=self.interval.start,
            end=self.interval.end,
            tile=self.tile,
            variant=self.variant,
        )


class Query(NamedTuple):
    """Granules an input may read: these collections, overlapping [start, end), a tile and a variant (None: any)."""

    collections: tuple[str, ...]
    start: datetime
    end: datetime
    tile: str | None
    variant: str | None
    parts: tuple[str, ...]


def touches(product: Product, granule: Granule) -> list[Touch]:
    """Return the slots of a product that a granule touches; a touch that opens stands before one that does not."""
    found: dict[tuple[object, ...], Touch] = {}
    for entry in product.inputs.values():
        if not any(reads(source, granule) for source in entry.sources):
            continue
        variant = _slot_variant(product, entry, granule)
        if variant == "-":
            continue
        for touch in _touches_of(product, entry, granule, variant):
            key = (touch.interval and touch.interval.label, touch.tile, touch.variant)
            if key not in found or touch.opens:
                found[key] = touch
    return sorted(found.values(), key=lambda touch: not touch.opens)


def queries(product: Product, slot: Slot) -> dict[str, Query]:
    """Return what to select from the ledger for a slot, by input; a window of several years has a query for each."""
    found: dict[str, Query] = {}
    for name, entry in product.inputs.items():
        collections = tuple(source.collection for source in entry.sources if not source.is_library)
        if not collections:
            continue
        windows = spans(entry.window, product.period, slot.interval)
        parts = tuple(part for source in entry.sources for part in (*source.needs, *source.wants))
        query = Query(
            collections=collections,
            start=min(near.start for _, near in windows),
            end=max(near.end for _, near in windows),
            # An ancillary without tile or variant holds for all of them; `pick` leaves out those of others.
            tile=slot.tile if product.tiled and entry.tile == "same" and not entry.timeless else None,
            variant=_asked_variant(product, entry, slot),
            parts=parts if all(source.needs or source.wants for source in entry.sources) else (),
        )
        if isinstance(entry.window, SameSeason):
            found |= {
                f"{name} {start:%Y-%m-%d}": query._replace(start=start, end=end) for start, end in _merged(windows)
            }
        else:
            found[name] = query
    return found


def _asked_variant(product: Product, entry: Input, slot: Slot) -> str | None:
    if entry.granule_variant is not None:
        return entry.granule_variant
    return (slot.variant if product.variants and not entry.timeless else "") or None


def _merged(windows: Iterable[tuple[int, Interval]]) -> list[tuple[datetime, datetime]]:
    """Return the spans of time that the intervals cover together."""
    found: list[tuple[datetime, datetime]] = []
    for _, near in sorted(windows, key=lambda window: window[1]):
        if found and near.start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], near.end)
        else:
            found.append((near.start, near.end))
    return found


def reads(source: Source, granule: Granule) -> bool:
    """Whether a source takes a granule: its collection, platform, tile and part."""
    return (
        source.collection == granule.collection
        and (not source.platforms or granule.platform in source.platforms)
        and (not source.tiles or granule.tile in source.tiles)
        and (not (source.needs or source.wants) or granule.part in (*source.needs, *source.wants) or bool(granule.void))
    )


def _slot_variant(product: Product, entry: Input, granule: Granule) -> str | None:
    """Return the variant of the slots touched; None for all of them, "-" for none."""
    if entry.granule_variant is not None and granule.variant != entry.granule_variant:
        return "-"
    if not product.variants:
        return ""
    if entry.variant or (entry.timeless and not granule.variant):
        return None
    return granule.variant if granule.variant in product.variants else "-"


def _touches_of(product: Product, entry: Input, granule: Granule, variant: str | None) -> list[Touch]:
    tile: str | None = ""
    if product.tiled:
        tile = granule.tile if entry.tile == "same" and (granule.tile or not entry.timeless) else None
    if entry.timeless or isinstance(entry.window, LatestBefore):
        return [Touch(product.name, None, tile, variant, opens=False)]
    if product.period.kind == "granule" and not entry.opens_slots:
        # Its own times say nothing of the times that name the slots.
        return [Touch(product.name, None, tile, variant, opens=False)]
    found = []
    for observed in product.period.of_granule(granule.start, granule.end):
        for near in reach(entry.window, product.period, observed):
            own = near.label == observed.label
            opens = own and entry.opens_slots and tile is not None and variant is not None
            found.append(Touch(product.name, near, tile, variant, opens))
    return found
