"""What a backfill is about: the slots of one product within a time, and the granules that lead to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from icestream_core.granule import Granule
from icestream_core.period import Interval
from icestream_core.product import Product
from icestream_core.slot import Slot
from icestream_core.touch import touches


@dataclass(frozen=True)
class Scope:
    """One product, a time, and tiles.

    products : all that are registered, by name: what the product is made of is made first
    start, end : end exclusive
    tiles : all, where empty
    """

    product: Product
    products: Mapping[str, Product]
    start: datetime
    end: datetime
    tiles: tuple[str, ...] = ()

    @property
    def chain(self) -> list[Product]:
        """The product and those that it is made of, directly or not."""
        found = {self.product.name: self.product}
        waiting = [self.product]
        while waiting:
            for name in waiting.pop().collections_read:
                if name in self.products and name not in found:
                    found[name] = self.products[name]
                    waiting.append(self.products[name])
        return list(found.values())

    @property
    def collections(self) -> set[str]:
        """The collections that the chain reads."""
        return {name for product in self.chain for name in product.collections_read}

    def holds(self, interval: Interval, tile: str | None) -> bool:
        """Whether a period, and a tile where that is known, belongs to it."""
        overlaps = interval.start < self.end and interval.end > self.start
        return overlaps and (not self.tiles or not tile or tile in self.tiles)

    def opened_by(self, granule: Granule) -> list[Slot]:
        """Return the slots of the product within the scope that a granule opens."""
        return [
            touch.slot()
            for touch in touches(self.product, granule)
            if touch.opens and touch.interval is not None and self.holds(touch.interval, touch.tile)
        ]

    def concerns(self, granule: Granule) -> bool:
        """Whether a granule, or what is made of it, has to do with a slot within the scope."""
        return self._concerns(granule, frozenset())

    def _concerns(self, granule: Granule, seen: frozenset[str]) -> bool:
        for touch in touches(self.product, granule):
            if touch.interval is None or self.holds(touch.interval, touch.tile):
                return True
        for product in self.chain:
            if product.name == self.product.name or product.name in seen:
                continue
            for touch in touches(product, granule):
                if touch.interval is None:
                    return True
                made = {"start": touch.interval.start, "end": touch.interval.end, "collection": product.name}
                places = {"tile": granule.tile if touch.tile is None else touch.tile, "variant": touch.variant or ""}
                output = granule.model_copy(update={**made, **places, "part": ""})
                if self._concerns(output, seen | {product.name}):
                    return True
        return False
