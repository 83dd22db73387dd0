"""Announcing: current revisions go into the dataset tree, then onto the stream as granules of their product."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pluggy
import structlog

from icestream_core import naming
from icestream_core.errors import StorageError
from icestream_core.granule import Granule
from icestream_core.message import cloud_event, encode, event_id
from icestream_core.product import Product
from icestream_core.slot import Slot
from icestream_gatherer.records import Records
from icestream_runtime.broker import Broker, Message
from icestream_runtime.ledger.contract import Announceable, Ledger
from icestream_runtime.storage import Storage

SOURCE = "icestream/gatherer"
PLACED_AT_ONCE = 8


class Announcer:
    """Announces what the ledger says was not seen announced. Twice is no harm: an event repeats its id."""

    def __init__(
        self, ledger: Ledger, broker: Broker, storage: Storage, records: Records, lifecycle: pluggy.HookRelay
    ) -> None:
        self._ledger, self._broker, self._storage = ledger, broker, storage
        self._records, self._lifecycle = records, lifecycle
        self._log = structlog.stdlib.get_logger("icestream.gatherer")

    def announce(self, slots: Sequence[Slot], ready: Sequence[Announceable] = ()) -> int:
        """Announce the current revisions of slots; returns how many. What cannot be placed is left to the ticker.

        ready : revisions that were finalised just now, of other slots
        """
        count, refused = self._announce([*ready, *(self._ledger.to_announce(slots) if slots else ())])
        if refused is not None:
            self._log.warning("not placed", reason=str(refused))
        return count

    def announce_older(self, seconds: float) -> int:
        """Announce what has waited for so long; returns how many.

        Raises StorageError where something cannot be placed, when all the others have been announced.
        """
        count, refused = self._announce(self._ledger.to_announce(None, seconds))
        if refused is not None:
            raise refused
        return count

    def _announce(self, pending: Sequence[Announceable]) -> tuple[int, StorageError | None]:
        announced: list[tuple[Announceable, Granule, Message]] = []
        refused: StorageError | None = None
        known: list[tuple[Product, Announceable]] = []
        for entry in pending:
            product = self._records.find(entry.slot.product)
            if product is None:
                self._log.warning("not announced: its product is unknown", slot=entry.slot.key)
            else:
                known.append((product, entry))
        for (product, entry), error in zip(known, self._place_all([entry for _, entry in known]), strict=True):
            if error is not None:
                refused = error
                continue
            granule = _granule(product, entry)
            announced.append((entry, granule, _message(product.family, entry, granule)))
        if announced:
            self._broker.publish([message for _, _, message in announced])
            self._ledger.announced([entry for entry, _, _ in announced])
        for entry, granule, _ in announced:
            self._lifecycle.product_made(
                slot=entry.slot, outcome=entry.outcome, revision=entry.revision, announcement=granule
            )
        return len(announced), refused

    def _place_all(self, pending: Sequence[Announceable]) -> list[StorageError | None]:
        """Place every entry; return what refused each. In a bucket one place takes half a dozen questions."""
        if len(pending) < 2:
            return [self._place(entry) for entry in pending]
        with ThreadPoolExecutor(PLACED_AT_ONCE, "place") as threads:
            return list(threads.map(self._place, pending))

    def _place(self, entry: Announceable) -> StorageError | None:
        try:
            self._storage.place(entry.slot, entry.outcome.manifest, entry.revision, entry.stage)
        except StorageError as error:
            return error
        return None


def _granule(product: Product, entry: Announceable) -> Granule:
    manifest = entry.outcome.manifest
    checksum = manifest.checksum if manifest else f"sha256:{entry.outcome.inputs_hash}"
    return naming.announcement(
        product, entry.slot, entry.outcome, entry.revision, entry.stage, checksum, entry.finalised_at
    )


def _message(family: str, entry: Announceable, granule: Granule) -> Message:
    identity = event_id("product", entry.slot.key, entry.outcome.inputs_hash, entry.revision, entry.stage)
    return Message(
        body=encode(granule),
        routing_key=naming.product_key(family, granule.collection),
        headers=cloud_event(granule, SOURCE, identity, entry.finalised_at),
        message_id=identity,
    )
