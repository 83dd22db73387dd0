"""A process that is one service: it serves with the settings of its environment until it is told to stop."""

from __future__ import annotations

import queue
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType

from icestream_core.errors import IcestreamError
from icestream_runtime import logs
from icestream_runtime.settings import Settings, load

Run = Callable[[Settings, threading.Event], None]
"""Serves until the event is set."""


def serve(service: str, run: Run) -> int:
    """Be a service; return the process' exit code."""
    try:
        settings = load()
        logs.configure(service, settings.log_format, settings.log_level)
        run(settings, until_signal())
    except IcestreamError as error:
        # Before the settings are known, logs are not configured: say it plainly.
        print(f"icestream {service}: {error}", file=sys.stderr)
        return 1
    return 0


def until_signal() -> threading.Event:
    """Return an event that SIGTERM or SIGINT sets; a second SIGINT ends the process at once."""
    stop = threading.Event()
    # A handler must not set the event itself: it may have interrupted who holds the event's lock in `stop.wait`. This
    # queue's `put` may be interrupted by itself.
    told: queue.SimpleQueue[int] = queue.SimpleQueue()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        told.put(number)

    def pass_on() -> None:
        told.get()
        stop.set()

    threading.Thread(target=pass_on, name="signals", daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    return stop
