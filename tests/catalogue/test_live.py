"""What changes is told to pages, however much of it comes at once."""

from __future__ import annotations

import asyncio
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from catalogue.world import World, answers, day_of, serving, until
from icestream_catalogue import live as module
from icestream_catalogue.live import Live
from icestream_catalogue.store import open_store
from icestream_runtime.ledger.contract import Ledger, SlotRow
from parts.process import free_ports

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


def test_a_ledger_that_takes_long_to_answer_is_asked_less_often(world: World) -> None:
    class Once(threading.Event):
        rested = 0.0

        def wait(self, timeout: float | None = None) -> bool:
            self.rested = timeout or 0.0
            self.set()
            return True

    def slots(limit: int) -> list[SlotRow]:
        time.sleep(0.2)
        return world.ledger.slots(limit=limit)

    store, once = open_store("sqlite://"), Once()
    ledger = cast("Ledger", SimpleNamespace(clock=world.ledger.clock, slots=slots))
    live = Live(store, ledger, world.metrics)
    live._somebody.set()
    live.run(once)
    store.close()
    assert once.rested >= 9 * 0.2


def test_a_catalogue_whose_pages_are_told_nothing_any_more_is_not_alive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (port,) = free_ports(1)
    world = World(tmp_path, metrics_port=port)
    ends = threading.Event()
    monkeypatch.setattr(Live, "run", lambda _self, _stop: ends.wait(20))
    with serving(world, serve_health=True):
        until(lambda: answers(f"http://127.0.0.1:{port}/readyz"))
        assert answers(f"http://127.0.0.1:{port}/livez")
        ends.set()
        until(lambda: not answers(f"http://127.0.0.1:{port}/livez"))
        with pytest.raises(urllib.error.HTTPError) as told:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=5)
        assert "pages are not told any more" in told.value.read().decode()
    world.close()
