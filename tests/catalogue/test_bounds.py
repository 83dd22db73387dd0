"""Bounds of what is sent to the catalogue, however slowly it comes."""

from __future__ import annotations

import asyncio

import pytest
from starlette.types import Message, Receive, Scope, Send

from icestream_catalogue import bounds
from icestream_runtime.metrics import Metrics


def test_who_sends_a_body_byte_by_byte_has_no_more_time_than_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "BODY_SECONDS", 0.1)
    told: list[Message] = []

    async def byte() -> Message:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b" ", "more_body": True}

    async def reads(_scope: Scope, receive: Receive, _send: Send) -> None:
        while (await receive())["more_body"]:
            pass

    async def tell(message: Message) -> None:
        told.append(message)

    async def ask() -> None:
        async with asyncio.timeout(2):
            scope = {"type": "http", "method": "POST", "path": "/stac/search", "query_string": b"", "headers": []}
            await bounds.Bounds(reads, Metrics())(scope, byte, tell)

    asyncio.run(ask())
    assert told[0]["status"] == 408
