"""Notices by HTTP: POST /notices/FORMAT with a bearer token. Bounded in every way: bytes, seconds, rate, connections.

The answer says what became of it: 202 where it is with the stream, 400 with the wrong field, 503 while stopping.
TLS is for what stands before it (an ingress, a proxy).
"""

from __future__ import annotations

import hmac
import json
import socket
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from pydantic import SecretStr

from icestream_core.errors import StorageError
from icestream_watcher.notices.formats import FORMATS
from icestream_watcher.notices.ingest import Ingest, Stopped
from icestream_watcher.notices.notice import MAX_BYTES

PATH: Final = "/notices/"
CONNECTIONS: Final = 32
SECONDS: Final = 10.0
"""For a whole request to arrive."""
BURST_SECONDS: Final = 2.0
ADDRESSES: Final = 10_000
"""Whose rates are remembered."""


class Rate:
    """So many a second from each address, some more in a burst. Safe to use from several threads."""

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second, self._clock = per_second, clock
        self._most = max(1.0, per_second * BURST_SECONDS)
        self._left: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, address: str) -> float:
        """Return nought where one more may come, else how long to wait, s."""
        now = self._clock()
        with self._lock:
            left, at = self._left.pop(address, (self._most, now))
            left = min(self._most, left + (now - at) * self._per_second)
            allowed = left >= 1.0
            self._left[address] = (left - 1.0 if allowed else left, now)
            while len(self._left) > ADDRESSES:
                self._left.pop(next(iter(self._left)))
            return 0.0 if allowed else (1.0 - left) / self._per_second


class NoticeServer:
    """Serves on a thread of its own between `start` and `close`."""

    def __init__(self, ingest: Ingest, token: SecretStr, port: int, per_second: float, host: str = "0.0.0.0") -> None:
        """Bind the port, so that a port in use is an OSError at start; 0 takes any free one."""
        self._stop = threading.Event()
        self._server = _Bounded((host, port), _handler(ingest, token, Rate(per_second), self._stop))
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="notices", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Answer nobody any more; who is being answered is told to come again."""
        self._stop.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Bounded(ThreadingHTTPServer):
    """Takes no more connections than it has threads for; the others wait in the system's queue."""

    daemon_threads = True
    request_queue_size = CONNECTIONS

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._free = threading.BoundedSemaphore(CONNECTIONS)
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._free.acquire()
        try:
            super().process_request(request, client_address)
        except BaseException:
            # There is no thread that would give it back: the system has none left, say.
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        # Whoever sends a byte now and then is cut off as well.
        timer = threading.Timer(SECONDS, _cut, (request,))
        timer.daemon = True
        try:
            timer.start()
            super().process_request_thread(request, client_address)
        finally:
            timer.cancel()
            self._free.release()


def _cut(request: socket.socket) -> None:
    try:
        request.shutdown(socket.SHUT_RD)
    except OSError:
        return


def _handler(ingest: Ingest, token: SecretStr, rate: Rate, stop: threading.Event) -> type[BaseHTTPRequestHandler]:
    """Return the class that answers requests."""

    class Handler(BaseHTTPRequestHandler):
        # Longer than the cut, which gives an answer.
        timeout = 2 * SECONDS
        server_version, sys_version = "icestream", ""

        def do_POST(self) -> None:
            wait = rate.take(self.client_address[0])
            if wait:
                self.answer(HTTPStatus.TOO_MANY_REQUESTS, {"error": "too many"}, {"Retry-After": f"{wait:.0f}"})
            elif not self.is_authorised():
                self.answer(HTTPStatus.UNAUTHORIZED, {"error": "no valid token"}, {"WWW-Authenticate": "Bearer"})
            elif (kind := self.path.partition("?")[0].removeprefix(PATH)) not in FORMATS:
                self.answer(HTTPStatus.NOT_FOUND, {"paths": [PATH + name for name in FORMATS]})
            elif (body := self.body()) is not None:
                self.take(kind, body)

        def is_authorised(self) -> bool:
            given = self.headers.get("Authorization", "").encode(errors="replace")
            return hmac.compare_digest(given, b"Bearer " + token.get_secret_value().encode())

        def body(self) -> bytes | None:
            """Return the body, or answer what is wrong with it."""
            length = self.headers.get("Content-Length", "")
            if not (length.isascii() and length.isdigit()):
                self.answer(HTTPStatus.LENGTH_REQUIRED, {"error": "wanted a Content-Length"})
            elif len(length) > 12 or int(length) > MAX_BYTES:
                self.answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"error": f"at most {MAX_BYTES} bytes are read"})
            else:
                body = self.rfile.read(int(length))
                if len(body) == int(length):
                    return body
                self.answer(HTTPStatus.REQUEST_TIMEOUT, {"error": "less came than was promised"})
            return None

        def take(self, kind: str, body: bytes) -> None:
            headers = {name: value for name, value in self.headers.items() if name.lower() != "authorization"}
            try:
                handled = ingest.handle(kind, body, headers, stop)
            except Stopped:
                self.answer(HTTPStatus.SERVICE_UNAVAILABLE, {"error": "stopping; post it again"}, {"Retry-After": "5"})
                return
            except StorageError as error:
                self.answer(HTTPStatus.SERVICE_UNAVAILABLE, {"error": f"{error}; post it again"}, {"Retry-After": "60"})
                return
            content: dict[str, Any] = {"fates": handled.fates}
            if handled.problem:
                content |= {"error": handled.problem, "field": handled.where}
            bad = {"malformed", "refused"} & set(handled.fates)
            self.answer(HTTPStatus.BAD_REQUEST if bad else HTTPStatus.ACCEPTED, content)

        def answer(self, status: HTTPStatus, content: dict[str, Any], headers: dict[str, str] | None = None) -> None:
            body = json.dumps(content).encode() + b"\n"
            self.send_response(status)
            # What was not read must not be taken for the next request.
            self.send_header("Connection", "close")
            for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """What comes is counted and said by the ingest."""

    return Handler
