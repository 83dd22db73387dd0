"""The products that the gatherer knows: their records, kept in the ledger, never their code."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import Any

from icestream_core import naming
from icestream_core.granule import Granule
from icestream_core.product import Product, product_of
from icestream_core.touch import Touch, touches
from icestream_runtime.broker import Broker
from icestream_runtime.ledger.contract import Ledger
from icestream_runtime.topology import topology

STALE_SECONDS = 1.0
"""How long the records read from the ledger are believed: another gatherer may have registered one since."""


class Records:
    """Products by name, read again from the ledger when they may be stale. Safe to use from several threads."""

    def __init__(self, ledger: Ledger, broker: Broker) -> None:
        self._ledger, self._broker = ledger, broker
        self._products: dict[str, Product] = {}
        self._by_collection: dict[str, list[Product]] = {}
        self._read_at = 0.0
        self._registered: dict[str, float] = {}
        self._lock = threading.Lock()

    def register(self, record: dict[str, Any]) -> Product | None:
        """Keep a record and make its queue and bindings; None where a newer version is known.

        Raises RecordError for a record that does not hold together.
        """
        product = product_of(record)
        self._broker.apply(topology([product.name], naming.binding_keys(product)))
        if not self._ledger.register(product.record()):
            return None
        with self._lock:
            self._registered[product.name] = time.monotonic()
            self._read_at = 0.0
        return product

    def product(self, name: str) -> Product:
        """Return the product of a name; raises KeyError where it was never registered."""
        self.refresh()
        return self._products[name]

    def all(self) -> list[Product]:
        """Return every product."""
        self.refresh()
        return list(self._products.values())

    def touched_by(self, granules: Iterable[Granule]) -> list[Touch]:
        """Return what granules touch, over all products, each touch once."""
        self.refresh()
        found = {
            touch: None
            for granule in granules
            for product in self._by_collection.get(granule.collection, ())
            for touch in touches(product, granule)
        }
        return list(found)

    def lately_registered(self, seconds: float = 60.0) -> list[Product]:
        """Return products registered here in the last seconds.

        Another gatherer may have recorded their granules before it had heard of them.
        """
        since = time.monotonic() - seconds
        with self._lock:
            names = [name for name, at in self._registered.items() if at > since]
        self.refresh()
        return [self._products[name] for name in names if name in self._products]

    def refresh(self) -> None:
        """Read the records again where they may be stale."""
        with self._lock:
            if time.monotonic() - self._read_at < STALE_SECONDS:
                return
            products = {product.name: product for product in map(product_of, self._ledger.records())}
            by_collection: dict[str, list[Product]] = {}
            for product in products.values():
                for collection in product.collections_read:
                    by_collection.setdefault(collection, []).append(product)
            self._products, self._by_collection = products, by_collection
            self._read_at = time.monotonic()
