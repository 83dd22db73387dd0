"""Logs are JSON for machines, lines for people, and one line for a slot's end."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog

from icestream_core import hookspecs
from icestream_core.outcome import Manifest, ManifestFile, Outcome
from icestream_core.slot import Slot
from icestream_runtime import logs

DAY = datetime(2014, 2, 1, tzinfo=UTC)
MANIFEST = Manifest(
    href="/store/made",
    files=(ManifestFile(name="made.nc", role="data", media_type="", size=1, checksum="sha256:0"),),
)
SLOT = Slot(product="snow-depth-china", period="2014-02-01", start=DAY, end=DAY + timedelta(days=1))


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where the logs go; afterwards logging is as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def outcome(**changes: Any) -> Outcome:
    fields = {
        "slot": SLOT,
        "version": "1.0.0",
        "token": "ab" * 8,
        "inputs_hash": "c" * 64,
        "status": "made",
        "manifest": MANIFEST,
        "seconds": {"fetch": 0.01, "compute": 0.25},
        "finished_at": datetime.now(UTC),
        "worker": "host-1",
    }
    return Outcome(**(fields | changes))


def test_without_a_terminal_each_line_is_json_with_time_level_and_service(stream: io.StringIO) -> None:
    logs.configure("gatherer", stream=stream)
    structlog.get_logger("here").info("started", port=9100)
    [line] = lines(stream)
    assert {key: line[key] for key in ("event", "level", "logger", "port", "service")} == {
        "event": "started",
        "level": "info",
        "logger": "here",
        "port": 9100,
        "service": "gatherer",
    }
    assert datetime.fromisoformat(line["timestamp"]).tzinfo is not None


def test_what_libraries_log_has_the_same_form(stream: io.StringIO) -> None:
    logs.configure("worker", stream=stream)
    logging.getLogger("some.library").warning("lost %s", "connection", extra={"host": "broker"})
    [line] = lines(stream)
    assert (line["event"], line["level"], line["service"], line["host"]) == (
        "lost connection",
        "warning",
        "worker",
        "broker",
    )


def test_an_exception_is_part_of_its_line(stream: io.StringIO) -> None:
    logs.configure("worker", stream=stream)
    try:
        raise ValueError("cold")
    except ValueError:
        structlog.get_logger().exception("failed")
    [line] = lines(stream)
    assert "ValueError: cold" in line["exception"]


def test_what_is_below_the_level_is_not_written(stream: io.StringIO) -> None:
    logs.configure("worker", level="warning", stream=stream)
    structlog.get_logger().info("unheard")
    logging.getLogger("pika.adapters").info("unheard")
    assert stream.getvalue() == ""


def test_a_connection_that_is_refused_is_told_once_by_us_and_not_seven_times_by_pika(stream: io.StringIO) -> None:
    logs.configure("worker", stream=stream)
    logging.getLogger("pika.adapters.utils.connection_workflow").error("AMQPConnector - reporting failure")
    assert stream.getvalue() == ""
    logs.configure("worker", level="debug", stream=stream)
    logging.getLogger("pika.adapters.utils.connection_workflow").error("AMQPConnector - reporting failure")
    assert "reporting failure" in stream.getvalue()


def test_the_console_form_is_for_people(stream: io.StringIO) -> None:
    logs.configure("worker", "console", stream=stream)
    structlog.get_logger().info("started", port=9100)
    assert "started" in stream.getvalue()
    assert "port=9100" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_a_made_slot_has_one_line_with_its_timings(stream: io.StringIO) -> None:
    logs.configure("gatherer", stream=stream)
    logs.LogLifecycle().product_made(slot=SLOT, outcome=outcome(), revision=2, announcement=None)
    [line] = lines(stream)
    assert (line["event"], line["slot"], line["revision"]) == ("product made", "snow-depth-china.2014-02-01", 2)
    assert line["seconds"] == {"fetch": 0.01, "compute": 0.25}


def test_a_void_slot_tells_why(stream: io.StringIO) -> None:
    logs.configure("gatherer", stream=stream)
    void = outcome(status="void", reason="polar night")
    logs.LogLifecycle().product_made(slot=SLOT, outcome=void, revision=1, announcement=None)
    [line] = lines(stream)
    assert (line["event"], line["reason"]) == ("product void", "polar night")


def test_a_dead_slot_is_an_error_with_reason_and_traceback(stream: io.StringIO) -> None:
    logs.configure("gatherer", stream=stream)
    failed = outcome(status="failed", fault="product", reason="ValueError: cold", traceback="Traceback ...")
    logs.LogLifecycle().product_failed(slot=SLOT, outcome=failed, attempts=4, dead=False)
    logs.LogLifecycle().product_failed(slot=SLOT, outcome=failed, attempts=5, dead=True)
    assert [(line["level"], line["event"], line["attempts"]) for line in lines(stream)] == [
        ("warning", "product failed", 4),
        ("error", "slot dead", 5),
    ]
    assert lines(stream)[1]["traceback"] == "Traceback ..."


def test_every_lifecycle_hook_is_logged() -> None:
    hooks = {name for name in vars(hookspecs) if hasattr(getattr(hookspecs, name), "icestream_spec")}
    lifecycle = {name for name in hooks if not name.startswith("icestream_")}
    assert lifecycle == {"granule_received", "slot_waiting", "product_made", "product_failed"}
    assert all(hasattr(getattr(logs.LogLifecycle, name), "icestream_impl") for name in lifecycle)
