"""The gatherer: four loops over one ledger and one broker - intake, outcomes, ticker and gauges."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from datetime import timedelta
from typing import Final, Protocol

import pluggy
import structlog

from icestream_core import naming
from icestream_core.errors import LedgerError, StorageError
from icestream_gatherer.announce import Announcer
from icestream_gatherer.gauges import Gauges
from icestream_gatherer.intake import Intake
from icestream_gatherer.letters import Letters
from icestream_gatherer.look import Looker
from icestream_gatherer.outcomes import Outcomes
from icestream_gatherer.records import Records
from icestream_gatherer.ticker import Ticker, backoff
from icestream_runtime.broker import (
    Broker,
    BrokerUnavailable,
    Delivery,
    PublishNotConfirmed,
    QueueMissing,
    Subscription,
)
from icestream_runtime.health import Check, deaf, reachable
from icestream_runtime.ledger.contract import Ledger
from icestream_runtime.metrics import AWAY, AWAY_ERRORS, Metrics
from icestream_runtime.settings import Settings
from icestream_runtime.storage import Storage
from icestream_runtime.topology import topology

BATCH: Final = 100
POLL_SECONDS: Final = 0.5
LINGER_SECONDS: Final = 0.02
CALENDAR_SECONDS: Final = 300.0
AWAY_SECONDS: Final = 2.0
AWAYS: Final = ("ledger", "storage", "broker")
LONGEST_BACKOFF: Final = timedelta(hours=1)


class Batches(Protocol):
    """Handles a batch; when it returns, the batch may be acked."""

    def handle(self, batch: Sequence[Delivery]) -> None: ...


class Gatherer:
    """The parts of a gatherer, wired; `run` turns until told to stop."""

    def __init__(
        self,
        settings: Settings,
        broker: Broker,
        ledger: Ledger,
        storage: Storage,
        metrics: Metrics,
        lifecycle: pluggy.HookRelay,
    ) -> None:
        self._settings, self._broker, self._ledger, self._metrics = settings, broker, ledger, metrics
        letters = Letters(ledger, metrics)
        self.records = Records(ledger, broker, letters)
        announcer = Announcer(ledger, broker, storage, self.records, lifecycle)
        settle = timedelta(seconds=settings.settle_seconds)
        looker = Looker(ledger, broker, self.records, lifecycle, settle, announcer.announce)
        self.intake = Intake(ledger, self.records, looker, lifecycle, letters)
        self.outcomes = Outcomes(
            ledger,
            broker,
            storage,
            self.records,
            looker,
            lifecycle,
            letters,
            settings.max_attempts,
            backoff(settings.backoff_seconds, LONGEST_BACKOFF),
            self.intake,
        )
        self.ticker = Ticker(ledger, self.records, looker, self.intake, self.outcomes)
        self.live: list[Check] = []
        self.ready = [
            Check("services", self._what_is_away),
            Check("subscription", self._what_is_not_heard),
            reachable(broker, naming.INTAKE),
        ]
        self._gauges = Gauges(ledger, broker, storage, self.records, metrics)
        self._away: dict[str, tuple[str, str]] = {}
        self._showing = threading.Lock()
        self._show_away()
        for what in AWAYS:
            metrics.expect(AWAY_ERRORS, what=what)
        self._idle_since: dict[str, float | None] = {}
        self._log = structlog.stdlib.get_logger("icestream.gatherer")

    def prepare(self) -> None:
        """Make the queues and bindings of every product that the ledger knows."""
        self._broker.apply(topology((), naming.INTAKE_KEYS))
        self.records.make_queues(self.records.all())

    def run(self, stop: threading.Event) -> None:
        """Turn until `stop` is set: what is in hand is finished, the rest goes back to the broker.

        Raises what no retry mends: BrokerRefused, or a fault of our own.
        """
        if not self._until_it_works("start", stop, self.prepare):
            return
        turns = (
            lambda: self._consume("intake", [naming.INTAKE], self.intake, stop),
            lambda: self._consume("outcomes", [naming.OUTCOMES, naming.DEAD], self.outcomes, stop),
            lambda: self._tick(stop),
            lambda: self._show(stop),
        )
        with ThreadPoolExecutor(len(turns), "gatherer") as threads:
            running = [threads.submit(turn) for turn in turns]
            wait(running, return_when=FIRST_EXCEPTION)
            stop.set()
        for turn in running:
            turn.result()
        self._log.info("stopped")

    def _consume(self, name: str, queues: list[str], batches: Batches, stop: threading.Event) -> None:
        subscription = self._subscribe(name, queues, stop)
        if subscription is None:
            return
        busy = False
        try:
            while not stop.is_set():
                first = subscription.get(POLL_SECONDS)
                if first is None:
                    continue
                self._idle_since[name] = None
                batch = [first, *subscription.drain(BATCH - 1)]
                if busy and len(batch) < BATCH:
                    # Under load a few more in one transaction cost less than each in its own; alone, none waits.
                    stop.wait(LINGER_SECONDS)
                    batch += subscription.drain(BATCH - len(batch))
                busy = len(batch) > 1
                if self._until_it_works(name, stop, lambda batch=batch: batches.handle(batch)):  # type: ignore[misc]
                    subscription.ack(*batch)
                else:
                    subscription.nack(*batch)
                self._idle_since[name] = time.monotonic()
        finally:
            subscription.close()

    def _subscribe(self, name: str, queues: list[str], stop: threading.Event) -> Subscription | None:
        found: list[Subscription] = []
        if not self._until_it_works(name, stop, lambda: found.append(self._broker.subscribe(queues, 2 * BATCH))):
            return None
        self._idle_since[name] = time.monotonic()
        patience = self._settings.deaf_seconds
        self.live.append(
            deaf(
                self._broker, found[0], queues, lambda: self._idle_since[name], patience, name=f"consumption of {name}"
            )
        )
        return found[0]

    def _tick(self, stop: threading.Event) -> None:
        calendar_at = 0.0
        while not stop.wait(self._settings.tick_seconds):
            self._until_it_works("ticker", stop, self.ticker.tick)
            if time.monotonic() >= calendar_at:
                self._until_it_works("calendar", stop, self.ticker.open_calendar)
                calendar_at = time.monotonic() + CALENDAR_SECONDS

    def _show(self, stop: threading.Event) -> None:
        """Show the gauges; not between ticks, because they are to tell of a ticker that hangs."""
        while self._until_it_works("gauges", stop, self._gauges.show):
            if stop.wait(self._settings.gauge_seconds):
                return

    def _until_it_works(self, name: str, stop: threading.Event, work: Callable[[], object]) -> bool:
        """Do the work; where ledger, broker or storage is away, say so, consume nothing more and try again.

        Returns False where told to stop before it worked.
        """
        while True:
            try:
                work()
            except (LedgerError, StorageError, BrokerUnavailable, PublishNotConfirmed, QueueMissing) as error:
                what = _what(error)
                if self._away.get(name) != (what, str(error)):
                    self._log.warning("away", part=name, what=what, reason=str(error))
                self._away[name] = what, str(error)
                self._metrics.count(AWAY_ERRORS, what=what)
                self._show_away()
                if stop.wait(AWAY_SECONDS):
                    return False
            else:
                if self._away.pop(name, None):
                    self._log.info("back", part=name)
                    self._show_away()
                return True

    def _what_is_away(self) -> str | None:
        return "; ".join(f"{name}: {reason}" for name, (_, reason) in list(self._away.items())) or None

    def _show_away(self) -> None:
        # One after the other: who looked first must not be who shows last.
        with self._showing:
            away = {what for what, _ in list(self._away.values())}
            for what in AWAYS:
                self._metrics.show(AWAY, what in away, what=what)

    def _what_is_not_heard(self) -> str | None:
        missing = [name for name in ("intake", "outcomes") if name not in self._idle_since]
        return f"not subscribed yet: {', '.join(missing)}" if missing else None


def _what(error: Exception) -> str:
    """Return what is away, by the error that says so."""
    if isinstance(error, LedgerError):
        return "ledger"
    return "storage" if isinstance(error, StorageError) else "broker"
