"""The catalogue: announcements in, items kept. What was announced while nobody listened is taken from the ledger."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from icestream_catalogue.entry import STAC_ROLE, Entry, ItemUnusable, entry_of
from icestream_catalogue.store import Store
from icestream_core.errors import LedgerError, MessageError, StorageError
from icestream_core.granule import Asset, Granule
from icestream_core.message import decode
from icestream_core.naming import CATALOGUE
from icestream_core.outcome import Manifest
from icestream_runtime.broker import (
    Broker,
    BrokerUnavailable,
    Delivery,
    PublishNotConfirmed,
    QueueMissing,
    Subscription,
)
from icestream_runtime.health import PATIENCE, Check, deaf
from icestream_runtime.ledger.contract import Ledger
from icestream_runtime.ledger.schema import BEGINNING
from icestream_runtime.metrics import ANNOUNCEMENTS, ITEMS, UNREADABLE, Metrics
from icestream_runtime.storage import Storage
from icestream_runtime.topology import catalogue_topology

BATCH: Final = 100
CHUNK: Final = 500
"""Of makes looked at together."""
POLL_SECONDS: Final = 0.5
AWAY_SECONDS: Final = 2.0
RECORDS_SECONDS: Final = 30.0
OVERLAP: Final = timedelta(minutes=10)
"""Looked at again at a start: what several gatherers finalise is not finalised in the order of their clocks."""


class Catalogue:
    """Consumes announcements until told to stop."""

    def __init__(
        self,
        broker: Broker,
        store: Store,
        ledger: Ledger,
        storage: Storage,
        metrics: Metrics,
        deaf_seconds: float = PATIENCE,
    ) -> None:
        self._broker, self._store, self._ledger = broker, store, ledger
        self._storage, self._metrics, self._deaf_seconds = storage, metrics, deaf_seconds
        self.live: list[Check] = []
        self.ready = [
            Check("services", self._what_is_away),
            Check("subscription", lambda: None if self._subscribed else "not subscribed yet"),
        ]
        self._subscribed = False
        # Up to when the ledger has been caught up with; the store's items tell it at first.
        self._caught_up_to: datetime | None = None
        self._idle_since: float | None = None
        self._away: dict[str, str] = {}
        metrics.expect(UNREADABLE, queue=CATALOGUE)
        self._log = structlog.stdlib.get_logger("icestream.catalogue")

    def run(self, stop: threading.Event, rebuild: bool = False) -> None:
        """Listen, catch up, and keep what comes. Raises what no retry mends: BrokerRefused, or a fault of our own.

        rebuild : forget all items first, and take everything from the ledger
        """
        # The queue before the catching up: what is announced meanwhile waits there, and twice is no harm.
        if not self._until_it_works("topology", stop, lambda: self._broker.apply(catalogue_topology())):
            return
        if rebuild:
            if not self._until_it_works("rebuild", stop, self._store.forget):
                return
            # Whatever the store holds from now on: another catalogue may be keeping what comes.
            self._caught_up_to = BEGINNING
        if not self._until_it_works("ledger", stop, lambda: self.catch_up(stop)):
            return
        keeper = threading.Thread(target=self._keep_records, args=(stop,), name="records")
        keeper.start()
        try:
            self._consume(stop)
        finally:
            stop.set()
            keeper.join()
        self._log.info("stopped")

    def catch_up(self, stop: threading.Event) -> int:
        """Take from the ledger what was announced since the latest item was; returns how much was new.

        The oldest first: where this ends before its time, the latest item tells how far it came.
        """
        self._copy_records()
        if self._caught_up_to is None:
            latest = max((extent.announced for extent in self._store.extents().values()), default=None)
            self._caught_up_to = latest - OVERLAP if latest else BEGINNING
        looked_at = kept = 0
        most = CHUNK
        while not stop.is_set():
            makes = self._ledger.finalised(self._caught_up_to, most)
            looked_at += len(makes)
            kept += self._keep([announced(make) for make in makes if make["current"]])
            if len(makes) < most:
                break
            last = makes[-1]["finalised_at"]
            # What was finalised in the last moment is read again, with what else was.
            most = 2 * most if last == self._caught_up_to else CHUNK
            self._caught_up_to = last
        if kept:
            self._log.info("caught up with the ledger", looked_at=looked_at, new=kept)
        return kept

    def handle(self, subscription: Subscription, batch: Sequence[Delivery]) -> None:
        """Keep a batch of announcements and settle it."""
        granules: list[Granule] = []
        done: list[Delivery] = []
        unreadable: list[tuple[Delivery, str]] = []
        for delivery in batch:
            try:
                message = decode(delivery.body)
                if not isinstance(message, Granule):
                    raise MessageError(f"a {type(message).__name__.lower()} came to {CATALOGUE}; wanted a granule")
            except MessageError as error:
                unreadable.append((delivery, str(error)))
                continue
            granules.append(message)
            done.append(delivery)
        self._keep(granules)
        # Not before: while that cannot be done, the whole batch is tried again.
        for delivery, reason in unreadable:
            self._metrics.count(UNREADABLE, queue=CATALOGUE)
            self._log.warning("message cannot be read; it goes to the dead letters", reason=reason)
            subscription.reject(delivery, requeue=False)
        subscription.ack(*done)

    def _keep(self, granules: Sequence[Granule]) -> int:
        entries: list[Entry] = []
        for granule in granules:
            try:
                entries.append(entry_of(granule, self._storage))
            except ItemUnusable as error:
                self._metrics.count(ANNOUNCEMENTS, product=granule.collection, fate="refused")
                self._log.error("no item can be made of an announcement", slot=granule.granule_id, reason=str(error))
        fates = self._store.record(entries) if entries else []
        for entry, fate in zip(entries, fates, strict=True):
            self._metrics.count(ANNOUNCEMENTS, product=entry.product, fate=fate)
            if fate in ("kept", "void"):
                self._log.info("item " + fate, slot=entry.id, revision=entry.revision, stage=entry.stage)
        return sum(fate in ("kept", "void") for fate in fates)

    def _consume(self, stop: threading.Event) -> None:
        found: list[Subscription] = []
        if not self._until_it_works(
            "subscription", stop, lambda: found.append(self._broker.subscribe([CATALOGUE], 2 * BATCH))
        ):
            return
        subscription = found[0]
        self._idle_since = time.monotonic()
        self.live.append(deaf(self._broker, subscription, [CATALOGUE], lambda: self._idle_since, self._deaf_seconds))
        self._subscribed = True
        try:
            while not stop.is_set():
                first = subscription.get(POLL_SECONDS)
                if first is None:
                    continue
                self._idle_since = None
                batch = [first, *subscription.drain(BATCH - 1)]
                if not self._until_it_works("items", stop, lambda batch=batch: self.handle(subscription, batch)):  # type: ignore[misc]
                    subscription.nack(*batch)
                self._idle_since = time.monotonic()
        finally:
            subscription.close()

    def _keep_records(self, stop: threading.Event) -> None:
        """Copy the records of products from the ledger now and then, and count the items."""
        while not stop.wait(RECORDS_SECONDS):
            self._until_it_works("records", stop, self._copy_records)

    def _copy_records(self) -> None:
        records = self._ledger.records()
        self._store.keep_records(records)
        for record in records:
            self._metrics.expect(ANNOUNCEMENTS, product=record["name"], fate="refused")
        for product, extent in self._store.extents().items():
            self._metrics.show(ITEMS, extent.items, product=product)

    def _until_it_works(self, name: str, stop: threading.Event, work: Callable[[], object]) -> bool:
        """Do the work; where database, broker or storage is away, say so and try again. False where told to stop."""
        while True:
            try:
                work()
            except (LedgerError, StorageError, BrokerUnavailable, PublishNotConfirmed, QueueMissing) as error:
                if self._away.get(name) != str(error):
                    self._log.warning("away", part=name, reason=str(error))
                self._away[name] = str(error)
                if stop.wait(AWAY_SECONDS):
                    return False
            else:
                if self._away.pop(name, None):
                    self._log.info("back", part=name)
                return True

    def _what_is_away(self) -> str | None:
        return "; ".join(f"{name}: {reason}" for name, reason in list(self._away.items())) or None


def announced(make: dict[str, Any]) -> Granule:
    """Return the granule that a make of the ledger is announced as, as far as an entry is made of it."""
    manifest = Manifest.model_validate_json(json.dumps(make["manifest"])) if make["manifest"] else None
    assets = (
        [
            Asset(href=f"{manifest.href}/{file.name}", size=file.size, checksum=file.checksum, role=file.role)
            for file in manifest.of_role(STAC_ROLE)
        ]
        if manifest
        else []
    )
    return Granule(
        granule_id=make["slot"],
        checksum=manifest.checksum if manifest else f"sha256:{make['inputs_hash']}",
        collection=make["product"],
        sensor="none",
        start=make["start_at"],
        end=make["end_at"],
        assets=tuple(assets),
        published_at=make["finalised_at"],
        received_at=make["finalised_at"],
        mode=make["mode"],
        revision=make["revision"],
        stage=make["stage"],
        void=make["reason"][:1000] if make["outcome"] == "void" else "",
    )
