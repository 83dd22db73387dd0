"""A deadline for one file: whatever a server does between its bytes, nobody waits for it any longer."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpcore


class Deadline:
    """Of each thread its own."""

    def __init__(self) -> None:
        self._own = threading.local()

    @contextmanager
    def at(self, moment: float) -> Iterator[None]:
        """Let what this thread waits for in the block end at a moment on the monotonic clock, s."""
        self._own.moment = moment
        try:
            yield
        finally:
            del self._own.moment

    def within(self, timeout: float | None) -> float | None:
        """Return how long may be waited, s; raises ReadTimeout where it is over."""
        moment: float | None = getattr(self._own, "moment", None)
        if moment is None:
            return timeout
        left = moment - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the time is up")
        return left if timeout is None else min(timeout, left)


class TimedStream(httpcore.NetworkStream):
    """A connection that keeps the deadline of the thread that uses it.

    httpcore's own limits are of each read: a server that sends a header or a "100 Continue" now and then kept it busy
    for ever.
    """

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.within(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.within(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secure = self._stream.start_tls(ssl_context, server_hostname, self._deadline.within(timeout))
        return TimedStream(secure, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
