"""The intake: granules and product records, in batches. Recorded first; then the slots they touch are looked at."""

from __future__ import annotations

from collections.abc import Sequence

import pluggy

from icestream_core.errors import MessageError, RecordError
from icestream_core.granule import Granule
from icestream_core.message import Letter, Registration, decode
from icestream_core.product import Product
from icestream_gatherer.letters import Letters
from icestream_gatherer.look import Looker
from icestream_gatherer.records import Records
from icestream_runtime.broker import Delivery
from icestream_runtime.ledger.contract import Ledger

CATCH_UP = 1000
"""Granules of a collection that are offered to a product which has just been registered."""


class Intake:
    """Handles a batch of deliveries from the queue `icestream.intake`."""

    def __init__(
        self, ledger: Ledger, records: Records, looker: Looker, lifecycle: pluggy.HookRelay, letters: Letters
    ) -> None:
        self._ledger, self._records, self._looker = ledger, records, looker
        self._lifecycle, self._letters = lifecycle, letters

    def handle(self, batch: Sequence[Delivery]) -> None:
        """Record, look, publish. When this returns, everything in the batch may be acked.

        A message that cannot be read is kept in the ledger as a letter, with its reason.
        """
        granules: list[Granule] = []
        for delivery in batch:
            try:
                message = decode(delivery.body)
                if isinstance(message, Granule):
                    granules.append(message)
                elif isinstance(message, Registration):
                    self._register(message, redelivered=delivery.redelivered)
                elif isinstance(message, Letter):
                    self._letters.keep(message.source, message.reason, message.content, message.headers)
                else:
                    kind = type(message).__name__.lower()
                    raise MessageError(
                        f"a {kind} message does not belong into the intake; it takes granules and records"
                    )
            except (MessageError, RecordError) as error:
                self._letters.keep(delivery.queue, str(error), delivery.body, delivery.headers)
        self.record(granules)

    def record(self, granules: Sequence[Granule]) -> None:
        """Record granules with the slots that they open, and commit; then look at all slots that they touch."""
        if not granules:
            return
        opened = {touch.slot().key: touch.slot() for touch in self._records.touched_by(granules) if touch.opens}
        new = self._ledger.record_granules(granules, list(opened.values()))
        for granule, is_new in zip(granules, new, strict=True):
            self._lifecycle.granule_received(granule=granule, new=is_new)
        # Asked again after the commit: a product that was registered meanwhile has not seen these granules.
        touches = self._records.touched_by(granules)
        others = [touch for touch in touches if not (touch.opens and touch.slot().key in opened)]
        concerned = {each.key: each for each in self._ledger.slots_touched(others)} if others else {}
        self._looker.look(list((opened | concerned).values()))

    def catch_up(self, product: Product) -> None:
        """Look at what a product could be made from already: granules that came before its record."""
        granules = [
            granule
            for collection in product.collections_read
            for granule, quarantined in self._ledger.granules(collection=collection, limit=CATCH_UP)
            if not quarantined
        ]
        self._looker.look(self._ledger.slots_touched(self._records.touched_by(granules, product)))

    def _register(self, registration: Registration, *, redelivered: bool) -> None:
        """Keep a record. Every worker sends its own at start: only what is new in it, or may not have been finished
        before somebody died, is worth a look at all that came before.
        """
        known = self._records.find(str(registration.record.get("name", "")))
        product = self._records.register(registration.record)
        if product is not None and (redelivered or product != known):
            self.catch_up(product)
