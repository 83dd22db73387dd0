"""Gauges: what ledger, broker and disk say of how the stream does, asked every few seconds."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, get_args

from icestream_core import naming
from icestream_core.outcome import Fault
from icestream_core.product import Product
from icestream_gatherer.records import Records
from icestream_runtime.broker import Broker
from icestream_runtime.ledger.contract import Ledger, Waiting
from icestream_runtime.meter import MeterLifecycle
from icestream_runtime.metrics import (
    ADOPTED,
    ARRIVAL_LATENCY,
    CLOCK_SKEW,
    DEATHS,
    OUTCOMES,
    OVERDUE_SLOTS,
    QUEUE_CONSUMERS,
    QUEUE_MESSAGES,
    REVISIONS,
    UNREADABLE,
    WAITING_SLOTS,
    WAITS,
    Metrics,
)
from icestream_runtime.storage import Storage

OVERDUE_SECONDS: Final = 60.0
QUIET: Final = "quiet"
RECORD: Final = "record"
"""What a slot waits for beside its inputs: that the stream is quiet, and the record of its product."""
ENDS: Final = (("made", ""), ("void", ""), *(("failed", fault) for fault in get_args(Fault) if fault))
"""How a slot may end: outcome and fault."""
INPUT: Final = re.compile(r"(?P<input>\w+)(?: \(|:)")


class Gauges:
    """Shows the state of the whole stream; several gatherers show the same."""

    def __init__(self, ledger: Ledger, broker: Broker, storage: Storage, records: Records, metrics: Metrics) -> None:
        self._ledger, self._broker, self._storage = ledger, broker, storage
        self._records, self._metrics = records, metrics
        self._shown: set[tuple[str, str]] = set()
        self._seeded = False

    def show(self) -> None:
        """Ask and show; raises LedgerError, BrokerUnavailable or QueueMissing where one is away."""
        self._metrics.show_disk(self._storage.space())
        products = {product.name: product for product in self._records.all()}
        self._expect(products.values())
        self._show_clock()
        self._metrics.show_slots(self._ledger.counts())
        self._show_waiting(waiting_by_input(self._ledger.waiting(), products))
        overdue = self._ledger.overdue(OVERDUE_SECONDS)
        for name in products:
            self._metrics.show(OVERDUE_SLOTS, overdue.get(name, 0), product=name)
        self._seed()
        makes = [naming.make_queue(name, mode) for name in products for mode in naming.MODES]
        for queue in (naming.INTAKE, naming.OUTCOMES, naming.DEAD, *makes):
            depth = self._broker.depth(queue)
            self._metrics.show(QUEUE_MESSAGES, depth.ready, queue=queue)
            self._metrics.show(QUEUE_CONSUMERS, depth.consumers, queue=queue)

    def _expect(self, products: Iterable[Product]) -> None:
        for queue in (naming.INTAKE, naming.OUTCOMES, naming.DEAD):
            self._metrics.expect(UNREADABLE, queue=queue)
        for product in products:
            labels = {"product": product.name, "family": product.family}
            for outcome, fault in ENDS:
                self._metrics.expect(OUTCOMES, outcome=outcome, fault=fault, **labels)
            for metric in (REVISIONS, DEATHS, ARRIVAL_LATENCY):
                self._metrics.expect(metric, **labels)
            for metric in (WAITS, ADOPTED):
                self._metrics.expect(metric, product=product.name)

    def _show_clock(self) -> None:
        begun = time.monotonic()
        asked_at = datetime.now(UTC)
        skew = (self._ledger.clock() - asked_at).total_seconds()
        # It was read somewhere between question and answer.
        self._metrics.show(CLOCK_SKEW, skew - (time.monotonic() - begun) / 2, of="ledger")

    def _show_waiting(self, counts: Counter[tuple[str, str]]) -> None:
        for key in self._shown | counts.keys():
            product, awaited = key
            self._metrics.show(WAITING_SLOTS, counts[key], product=product, input=awaited)
        self._shown |= counts.keys()

    def _seed(self) -> None:
        """Show, once, what came last before this process began: a sensor may be silent since."""
        if not self._seeded:
            meter = MeterLifecycle(self._metrics, lambda _: "")
            for granule, recorded_at in self._ledger.latest_granules():
                meter.show_last(granule, recorded_at)
            self._seeded = True


def waiting_by_input(found: Iterable[Waiting], products: dict[str, Product]) -> Counter[tuple[str, str]]:
    """Return how many slots wait, by product and input; a slot that waits for two inputs counts for both."""
    counts: Counter[tuple[str, str]] = Counter()
    for row in found:
        inputs = products[row.product].inputs if row.product in products else {}
        awaited = {input_of(words, inputs) for words in row.waiting_for}
        counts.update({(row.product, name): row.slots for name in awaited})
    return counts


def input_of(words: str, inputs: Iterable[str]) -> str:
    """Return the input that the words of a waiting slot name; quiet or record where they name none."""
    named = INPUT.match(words)
    if named and named["input"] in inputs:
        return named["input"]
    return QUIET if words == QUIET else RECORD
