"""What changes is told to pages, however much of it comes at once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalogue.world import World, day_of
from icestream_catalogue import live as module
from icestream_catalogue.live import Live
from icestream_catalogue.store import open_store

DEPTH = "snow-depth-china"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


def test_more_than_is_told_at_once_has_pages_read_anew_and_what_comes_after_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", 0.01)
    store = open_store("sqlite://")
    entry = world.entry(world.make(day_of(DEPTH, 0)))
    live, stop = Live(store, world.ledger, world.metrics), threading.Event()

    async def told() -> list[str]:
        heard: list[str] = []
        with live.listen() as listener:
            events = listener.events()
            number = 0
            while not heard:
                # Until it listens in earnest: what is there at its first look is told to nobody.
                store.record([entry._replace(id=f"first.{number}")])
                number += 1
                await asyncio.sleep(0.02)
                heard += [] if listener._queue.empty() else ["one"]
            store.record([entry._replace(id=f"burst.{each}") for each in range(400)])
            async with asyncio.timeout(2):
                async for event in events:
                    assert event is not None
                    if event[0] == "anew":
                        return [event[0]]
        return []

    poller = threading.Thread(target=live.run, args=(stop,))
    poller.start()
    try:
        assert asyncio.run(told()) == ["anew"]
    finally:
        stop.set()
        poller.join()
        store.close()
