"""The products that the gatherer knows: their records, kept in the ledger, never their code."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

import structlog

from icestream_core import naming
from icestream_core.errors import GranuleError, RecordError
from icestream_core.granule import Granule
from icestream_core.message import encode
from icestream_core.product import Product, product_of
from icestream_core.touch import Touch, touches
from icestream_gatherer.letters import Letters
from icestream_runtime.broker import Broker
from icestream_runtime.ledger.contract import Ledger
from icestream_runtime.topology import topology

STALE_SECONDS = 1.0
"""How long the records read from the ledger are believed: another gatherer may have registered one since."""


class Records:
    """Products by name, read again from the ledger when they may be stale. Safe to use from several threads."""

    def __init__(self, ledger: Ledger, broker: Broker, letters: Letters) -> None:
        self._ledger, self._broker, self._letters = ledger, broker, letters
        self._products: dict[str, Product] = {}
        self._by_collection: dict[str, list[Product]] = {}
        self._unreadable: set[str] = set()
        self._read_at: float | None = None
        self._heard_of: dict[str, float] = {}
        self._lock = threading.Lock()
        self._log = structlog.stdlib.get_logger("icestream.gatherer")

    def register(self, record: dict[str, Any]) -> Product | None:
        """Keep a record and make its queue and bindings; None where a newer version is known.

        Raises RecordError for a record that does not hold together, or that would make products go round in a circle.
        """
        product = product_of(record)
        self.refresh(force=True)
        _refuse_circle(product, [each for each in self.all() if each.name != product.name])
        self.make_queues([product])
        if not self._ledger.register(product.record()):
            return None
        self.refresh(force=True)
        return product

    def make_queues(self, products: Sequence[Product]) -> None:
        """Make the queues of products, and let the intake hear of everything that they read."""
        keys = [key for product in products for key in naming.binding_keys(product)]
        self._broker.apply(topology([product.name for product in products], keys))

    def find(self, name: str, *, fresh: bool = False) -> Product | None:
        """Return the product of a name, or None. Fresh: as the ledger has it now."""
        self.refresh(force=fresh)
        return self._products.get(name)

    def family(self, name: str) -> str:
        """Return the family of a product; "unknown" where its record cannot be read here, as during an upgrade."""
        product = self.find(name)
        return product.family if product is not None else "unknown"

    def all(self) -> list[Product]:
        """Return every product."""
        self.refresh()
        return list(self._products.values())

    def touched_by(self, granules: Iterable[Granule], product: Product | None = None) -> list[Touch]:
        """Return what granules touch, over all products or of one, each touch once.

        A granule that touches too many slots of a product touches none of it, and is kept as a letter.
        """
        self.refresh()
        found: dict[Touch, None] = {}
        for granule in granules:
            for reader in self._by_collection.get(granule.collection, ()) if product is None else (product,):
                try:
                    found |= dict.fromkeys(touches(reader, granule))
                except GranuleError as error:
                    reason = f"{granule.granule_id} for {reader.name}: {error}"
                    self._letters.keep(naming.INTAKE, reason, encode(granule), {})
        return list(found)

    def to_catch_up(self) -> list[tuple[Product, float]]:
        """Return products whose records are new here since a while, and have not been caught up with since; each with
        when they were heard of, time.monotonic().

        Who had not yet heard of them may have recorded granules of theirs: this gatherer or another. Each that hears
        of one looks again, because any other may be killed before it does.
        """
        since = time.monotonic() - 2 * STALE_SECONDS
        with self._lock:
            heard_of = [(name, at) for name, at in self._heard_of.items() if at < since]
        return [(product, at) for name, at in heard_of if (product := self.find(name)) is not None]

    def caught_up(self, product: Product, heard_of_at: float) -> None:
        """Say that nothing was missed of a product, unless it was registered again meanwhile."""
        with self._lock:
            if self._heard_of.get(product.name) == heard_of_at:
                del self._heard_of[product.name]

    def refresh(self, *, force: bool = False) -> None:
        """Read the records again where they may be stale."""
        with self._lock:
            first = self._read_at is None
            if not force and self._read_at is not None and time.monotonic() - self._read_at < STALE_SECONDS:
                return
            products = {}
            for record in self._ledger.records():
                product = self._read(record)
                if product is not None:
                    products[product.name] = product
            by_collection: dict[str, list[Product]] = {}
            for product in products.values():
                for collection in product.collections_read:
                    by_collection.setdefault(collection, []).append(product)
            now = time.monotonic()
            if not first:
                new = {name for name, product in products.items() if product != self._products.get(name)}
                self._heard_of |= dict.fromkeys(new, now)
            self._products, self._by_collection = products, by_collection
            self._read_at = now

    def _read(self, record: dict[str, Any]) -> Product | None:
        """Return the product of a kept record; None, said once, where this icestream is too old or too new for it."""
        try:
            return product_of(record)
        except RecordError as error:
            name = str(record.get("name"))
            if name not in self._unreadable:
                self._log.error("record cannot be read: its product stands still", product=name, reason=str(error))
            self._unreadable.add(name)
            return None


def levels(products: Mapping[str, Product]) -> dict[str, int]:
    """Return how many products stand in a row, from the observations to each one."""
    found: dict[str, int] = {}

    def level(name: str, seen: frozenset[str]) -> int:
        if name not in found:
            # What is no trigger may lead round in a circle.
            read = [each for each in products[name].collections_read if each in products and each not in seen]
            found[name] = 1 + max((level(each, seen | {each}) for each in read), default=0)
        return found[name]

    for name in sorted(products):
        level(name, frozenset({name}))
    return found


def _refuse_circle(new: Product, others: Sequence[Product]) -> None:
    """Raise RecordError where triggers lead from a product back to it: each revision would cause the next, for ever."""
    read = {
        product.name: {
            source.collection for entry in product.inputs.values() if entry.triggers for source in entry.sources
        }
        for product in (*others, new)
    }
    try:
        TopologicalSorter(read).prepare()
    except CycleError as error:
        if new.name in error.args[1]:
            raise RecordError(f"products trigger each other in a circle: {' <- '.join(error.args[1])}") from None
