"""What changes, told to open pages: polled from store and ledger while anybody listens, whoever changed it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from icestream_catalogue.store import Change, Store
from icestream_catalogue.timeline import described
from icestream_core.errors import LedgerError
from icestream_runtime.ledger.contract import Ledger, SlotRow
from icestream_runtime.metrics import LISTENERS, Metrics

POLL_SECONDS: Final = 1.0
RESTS: Final = 9
"""Times as long as a look took, until the next: a large ledger is not gone through all the time."""
LONGEST_REST_SECONDS: Final = 30.0
QUIET_SECONDS: Final = 15.0
"""After so long without an event a sign of life is sent: proxies close what is silent."""
MOST_LISTENERS: Final = 200
HELD: Final = 500
"""Events that a slow page may have before it; more, and it is told to read everything anew."""
OVERLAP: Final = timedelta(seconds=5)
"""Transactions do not commit in the order of their clocks."""
LOOKED_AT: Final = 100
TOLD_AT_ONCE: Final = 200
"""Items that are told one by one; of more, pages are told to read everything anew."""

Event = tuple[str, dict[str, Any]]
"""(kind, content): item, slot or anew."""


class TooManyListeners(Exception):
    """There are as many open pages as are served."""


class Live:
    """Tells listeners what changes. `run` is its thread."""

    def __init__(self, store: Store, ledger: Ledger, metrics: Metrics) -> None:
        self._store, self._ledger, self._metrics = store, ledger, metrics
        self._listeners: set[Listener] = set()
        self._lock = threading.Lock()
        self._somebody = threading.Event()
        self._closed = False
        self._log = structlog.stdlib.get_logger("icestream.catalogue")

    @contextlib.contextmanager
    def listen(self) -> Iterator[Listener]:
        """Give a listener, in the event loop that is running. Raises TooManyListeners."""
        listener = Listener(asyncio.get_running_loop())
        with self._lock:
            if len(self._listeners) >= MOST_LISTENERS or self._closed:
                raise TooManyListeners
            self._listeners.add(listener)
            self._show()
        try:
            yield listener
        finally:
            with self._lock:
                self._listeners.discard(listener)
                self._show()

    def run(self, stop: threading.Event) -> None:
        """Poll until told to stop."""
        items = Seen()
        slots = Seen()
        since: datetime | None = None
        away = False
        while not stop.is_set():
            if not self._somebody.wait(POLL_SECONDS):
                since = None
                continue
            began = time.monotonic()
            try:
                fresh = since is None
                since = since or self._store.clock()
                changes = self._store.changes(since - OVERLAP, TOLD_AT_ONCE)
                for change in changes:
                    since = max(since, change.changed)
                    if items.is_new((change.id, change.standing)) and not fresh:
                        self._tell("item", _item(change))
                if len(changes) == TOLD_AT_ONCE:
                    # Whatever is more was left out, and would be at every look that begins where this one did.
                    since = self._store.clock()
                    self._tell("anew", {})
                now = self._ledger.clock()
                for row in reversed(self._ledger.slots(limit=LOOKED_AT)):
                    if slots.is_new(_mark(row)) and not fresh:
                        self._tell("slot", described(row, now))
            except LedgerError as error:
                if not away:
                    self._log.warning("away", part="live", reason=str(error))
                away = True
            else:
                away = False
            stop.wait(max(POLL_SECONDS, min(RESTS * (time.monotonic() - began), LONGEST_REST_SECONDS)))

    def close(self) -> None:
        """Let every listener go, so that the server can stop."""
        with self._lock:
            self._closed = True
            for listener in self._listeners:
                listener.put(None)

    def _tell(self, kind: str, content: dict[str, Any]) -> None:
        with self._lock:
            for listener in self._listeners:
                listener.put((kind, content))

    def _show(self) -> None:
        self._metrics.show(LISTENERS, len(self._listeners))
        if self._listeners:
            self._somebody.set()
        else:
            self._somebody.clear()


class Listener:
    """One open page."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue()

    def put(self, event: Event | None) -> None:
        """Hand over an event, from any thread; None ends it."""
        with contextlib.suppress(RuntimeError):  # its loop has ended with the server
            self._loop.call_soon_threadsafe(self._put, event)

    async def events(self) -> AsyncIterator[Event | None]:
        """Yield events; None after a while without any."""
        while True:
            try:
                event = await asyncio.wait_for(self._queue.get(), QUIET_SECONDS)
            except TimeoutError:
                yield None
                continue
            if event is None:
                return
            yield event

    def _put(self, event: Event | None) -> None:
        if event is not None and self._queue.qsize() >= HELD:
            while not self._queue.empty():
                self._queue.get_nowait()
            event = ("anew", {})
        self._queue.put_nowait(event)


class Seen:
    """What was seen lately; it forgets what is long ago."""

    def __init__(self, most: int = 5_000) -> None:
        self._known: OrderedDict[object, None] = OrderedDict()
        self._most = most

    def is_new(self, mark: object) -> bool:
        if mark in self._known:
            self._known.move_to_end(mark)
            return False
        self._known[mark] = None
        if len(self._known) > self._most:
            self._known.popitem(last=False)
        return True


def _mark(row: SlotRow) -> tuple[object, ...]:
    return row.slot.key, row.state, row.revision, row.updated_at


def _item(change: Change) -> dict[str, Any]:
    return {
        "id": change.id,
        "product": change.product,
        "revision": change.standing // 2,
        "stage": "final" if change.standing % 2 else "provisional",
        "void": change.void,
        "start": change.start,
        "announced": change.announced,
    }
