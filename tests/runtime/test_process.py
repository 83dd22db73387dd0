"""A process that is told to stop by a signal."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from icestream_runtime.process import until_signal


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """Leave the signals to whom they were."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_a_signal_stops_and_a_second_interrupt_ends_at_once() -> None:
    stop = until_signal()
    assert not stop.is_set()
    signal.raise_signal(signal.SIGTERM)
    assert stop.wait(5)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_a_signal_may_come_while_the_thread_that_it_interrupts_holds_the_lock_of_the_event() -> None:
    stop = until_signal()
    handler = signal.getsignal(signal.SIGTERM)
    assert callable(handler)
    # The handler runs in the thread that waits; the lock is no other for whoever holds it already.
    interrupted = threading.Thread(target=handler, args=(signal.SIGTERM, None), daemon=True)
    with stop._cond:
        interrupted.start()
        interrupted.join(0.3)
        assert not interrupted.is_alive()
    assert stop.wait(5)
