"""The embedded stream stops: whatever goes wrong at its begin or its end."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from icestream_cli import embedded
from icestream_cli.embedded import Embedded
from icestream_core.plugins import load as load_plugins
from icestream_runtime.broker import BrokerUnavailable
from icestream_runtime.settings import Settings, load


def waits(_settings: Settings, *given: Any, **_named: Any) -> None:
    """Be a part that does nothing until it is told to stop."""
    stop = next(each for each in given if isinstance(each, threading.Event))
    stop.wait()


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(embedded, "run_gatherer", waits)
    monkeypatch.setattr(embedded, "run_worker", waits)
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


@pytest.fixture
def streams() -> Iterator[list[Embedded]]:
    made: list[Embedded] = []
    yield made
    for stream in made:
        for stop, _ in stream._parts.values():
            stop.set()


def stream(watched: Path, **given: Any) -> Embedded:
    settings = load(out=str(watched.parent / "out"), **given)
    return Embedded(settings, load_plugins(), [], [watched])


def test_a_broker_that_is_away_at_the_end_keeps_nobody_from_stopping(
    watched: Path, streams: list[Embedded], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise BrokerUnavailable("no answer")

    with ThreadPoolExecutor(1) as pool:
        running = stream(watched)
        streams.append(running)
        running.__enter__()
        monkeypatch.setattr(running.broker, "depth", away)
        leaving = pool.submit(running.__exit__, None, None, None)
        try:
            with pytest.raises(BrokerUnavailable, match="no answer"):
                leaving.result(2)
        finally:
            for stop, _ in running._parts.values():
                stop.set()


def test_a_port_in_use_is_told_before_anything_runs(watched: Path, streams: list[Embedded]) -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:
        running = stream(watched, metrics_port=taken.getsockname()[1])
        streams.append(running)
        with pytest.raises(OSError, match="in use"):
            running.__enter__()
    assert running._parts == {}
