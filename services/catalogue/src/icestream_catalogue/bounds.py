"""The outermost layer: bounds of what is sent to us, headers of what we send, and the time that an answer takes."""

from __future__ import annotations

import asyncio
import json
import time
from http import HTTPStatus
from typing import Final

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from icestream_runtime.metrics import REQUEST_SECONDS, Metrics

LARGEST_BODY: Final = 2**20
LONGEST_TARGET: Final = 80_000
"""Of path and query together, bytes: a geometry may be in it."""
BODY_SECONDS: Final = 10.0
"""How long a body may take to come."""

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


class TooLarge(Exception):
    """The body is larger than is read."""


class Bounds:
    """ASGI middleware: everything passes here once."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics
        self._log = structlog.stdlib.get_logger("icestream.catalogue")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "HEAD" and scope["path"].startswith("/stac"):
            # As GET is answered; the server sends the head alone.
            scope = {**scope, "method": "GET"}
        began = time.perf_counter()
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                took = time.perf_counter() - began
                self._metrics.observe(REQUEST_SECONDS, took, route=_route(scope), status=f"{status // 100}xx")
            await send(message)

        if refused := _refused(scope):
            await _say(answer, *refused)
            return
        try:
            await self._app(scope, _bounded(receive), answer)
        except TooLarge:
            await _say(answer, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body has at most {LARGEST_BODY} bytes")
        except TimeoutError:
            if status:
                raise
            await _say(answer, HTTPStatus.REQUEST_TIMEOUT, f"the body did not come within {BODY_SECONDS:g} s")


def _refused(scope: Scope) -> tuple[HTTPStatus, str] | None:
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > LONGEST_TARGET:
        return HTTPStatus.REQUEST_URI_TOO_LONG, f"an address has at most {LONGEST_TARGET} bytes; send it by POST"
    length = dict(scope["headers"]).get(b"content-length", b"0")
    if not length.isdigit() or int(length) > LARGEST_BODY:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body has at most {LARGEST_BODY} bytes"
    return None


def _bounded(receive: Receive) -> Receive:
    """Return a receive that reads no more than is allowed, and waits no longer; after the body it just waits."""
    read, whole = 0, False
    until: float | None = None

    async def bounded() -> Message:
        nonlocal read, whole, until
        if whole:
            return await receive()
        # Until one time for all its pieces: who sends a byte now and then is not waited for either.
        until = until or asyncio.get_running_loop().time() + BODY_SECONDS
        async with asyncio.timeout_at(until):
            message = await receive()
        read += len(message.get("body", b""))
        whole = message["type"] != "http.request" or not message.get("more_body", False)
        if read > LARGEST_BODY:
            raise TooLarge
        return message

    return bounded


async def _say(send: Send, status: HTTPStatus, description: str) -> None:
    body = json.dumps({"code": status.phrase, "description": description}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": int(status), "headers": [*headers, (b"connection", b"close")]})
    await send({"type": "http.response.body", "body": body})


def _route(scope: Scope) -> str:
    """Return the route that answered, with its parameters' names: labels must not hold ids."""
    route = scope.get("route")
    path = getattr(route, "path", "")
    return str(path) if path else "page" if scope["method"] in ("GET", "HEAD") else "other"
