"""The gatherer service: wiring. Three loops over one ledger and one broker: intake, outcomes, ticker."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from datetime import timedelta
from typing import Protocol

import pluggy
import structlog

from icestream_core import naming
from icestream_core.errors import LedgerError, StorageError
from icestream_gatherer.intake import Intake
from icestream_gatherer.look import Looker
from icestream_gatherer.outcomes import Outcomes
from icestream_gatherer.records import Records
from icestream_gatherer.ticker import Ticker, backoff
from icestream_runtime.broker import Broker, BrokerUnavailable, Delivery, PublishNotConfirmed, Subscription
from icestream_runtime.ledger.contract import Ledger
from icestream_runtime.settings import Settings
from icestream_runtime.storage import Storage
from icestream_runtime.topology import topology

BATCH = 100
POLL_SECONDS = 0.5
CALENDAR_SECONDS = 300.0
AWAY_SECONDS = 2.0


class Handler(Protocol):
    """Handles a batch; when it returns, the batch may be acked."""

    def handle(self, batch: Sequence[Delivery]) -> None: ...


class Gatherer:
    """The parts of a gatherer, wired; `run` turns until told to stop."""

    def __init__(
        self, settings: Settings, broker: Broker, ledger: Ledger, storage: Storage, lifecycle: pluggy.HookRelay
    ) -> None:
        self.broker, self.ledger, self.settings = broker, ledger, settings
        self.records = Records(ledger, broker)
        settle = timedelta(seconds=settings.settle_seconds)
        looker = Looker(ledger, broker, self.records, lifecycle, settle)
        retry_after = backoff(settings.backoff_seconds, timedelta(hours=1))
        self.intake = Intake(ledger, self.records, looker, lifecycle)
        self.outcomes = Outcomes(
            ledger, broker, storage, self.records, looker, lifecycle, settings.max_attempts, retry_after
        )
        self.ticker = Ticker(ledger, self.records, looker, self.intake, self.outcomes)
        self._away: dict[str, str] = {}
        self._log = structlog.get_logger("gatherer")

    def prepare(self) -> None:
        """Make the queues of every product that the ledger knows."""
        products = self.records.all()
        keys = [key for product in products for key in naming.binding_keys(product)]
        self.broker.apply(topology([product.name for product in products], ["register.*", *keys]))

    def away(self) -> str | None:
        """Return what is away, for readiness; None where all is well."""
        return "; ".join(self._away.values()) or None

    def run(self, stop: threading.Event) -> None:
        """Turn until `stop` is set; what is in hand is finished, the rest goes back to the broker."""
        self._until_it_works("start", stop, self.prepare)
        turns = (
            lambda: self._consume("intake", [naming.INTAKE], self.intake, stop),
            lambda: self._consume("outcomes", [naming.OUTCOMES, naming.DEAD], self.outcomes, stop),
            lambda: self._tick(stop),
        )
        with ThreadPoolExecutor(len(turns), "gatherer") as threads:
            running = [threads.submit(turn) for turn in turns]
            wait(running, return_when=FIRST_EXCEPTION)
            stop.set()
        for turn in running:
            turn.result()

    def _consume(self, name: str, queues: list[str], handler: Handler, stop: threading.Event) -> None:
        subscription: Subscription = self.broker.subscribe(queues, prefetch=2 * BATCH)
        try:
            while not stop.is_set():
                first = subscription.get(POLL_SECONDS)
                if first is None:
                    continue
                batch = [first, *subscription.drain(BATCH - 1)]
                if self._until_it_works(name, stop, lambda: handler.handle(batch)):  # noqa: B023 - called at once
                    subscription.ack(*batch)
                else:
                    subscription.nack(*batch)
        finally:
            subscription.cancel()

    def _tick(self, stop: threading.Event) -> None:
        calendar_at = 0.0
        while not stop.wait(self.settings.tick_seconds):
            self._until_it_works("ticker", stop, self.ticker.tick)
            if time.monotonic() >= calendar_at:
                self._until_it_works("calendar", stop, self.ticker.open_calendar)
                calendar_at = time.monotonic() + CALENDAR_SECONDS

    def _until_it_works(self, name: str, stop: threading.Event, work: Callable[[], object]) -> bool:
        """Do the work; where ledger, broker or storage is away, say so, consume nothing more and try again."""
        while True:
            try:
                work()
            except (LedgerError, StorageError, BrokerUnavailable, PublishNotConfirmed) as error:
                if name not in self._away:
                    self._log.warning("away", part=name, error=str(error))
                self._away[name] = str(error)
                if stop.wait(AWAY_SECONDS):
                    return False
            else:
                if self._away.pop(name, None):
                    self._log.info("back", part=name)
                return True
