"""Logs: JSON lines in a container, colours in a terminal, and one line for each slot that has come to its end."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

import structlog

from icestream_core.granule import Granule
from icestream_core.hookspecs import hookimpl
from icestream_core.outcome import Outcome
from icestream_core.slot import Slot

QUIET = ("alembic", "fsspec", "urllib3", "botocore")
"""Libraries that tell at `info` what only their authors want to know."""
MUTE = ("pika",)
"""Libraries whose every error we tell ourselves, once: pika writes seven lines of each connection that is refused."""


def configure(
    service: str,
    style: Literal["auto", "json", "console"] = "auto",
    level: str = "info",
    stream: TextIO | None = None,
) -> None:
    """Send everything that is logged, by us and by libraries, to one stream in one form.

    service : named in every line
    style : auto takes the console's where the stream is a terminal
    stream : standard error where absent: standard output is for answers
    """
    stream = stream or sys.stderr
    console = style == "console" or (style == "auto" and stream.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _named(service),
    ]
    last: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer(colors=stream.isatty())]
        if console
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in MUTE:
        logging.getLogger(name).setLevel(logging.DEBUG if level.upper() == "DEBUG" else logging.CRITICAL + 1)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.processors.StackInfoRenderer(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _named(service: str) -> structlog.typing.Processor:
    def add(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        event["service"] = service
        return event

    return add


def slot_fields(slot: Slot) -> dict[str, str]:
    """Return the fields by which log lines name a slot."""
    named = {
        "slot": slot.key,
        "product": slot.product,
        "period": slot.period,
        "tile": slot.tile,
        "variant": slot.variant,
    }
    return {name: value for name, value in named.items() if value}


class LogLifecycle:
    """Plugin that logs what becomes of granules and slots; register it beside the others."""

    def __init__(self) -> None:
        self._log = structlog.stdlib.get_logger("icestream.lifecycle")

    @hookimpl
    def granule_received(self, granule: Granule, new: bool) -> None:
        self._log.debug(
            "granule received",
            granule=granule.granule_id,
            collection=granule.collection,
            sensor=granule.sensor,
            new=new,
            mode=granule.mode,
        )

    @hookimpl
    def slot_waiting(self, slot: Slot, waiting_for: tuple[str, ...], due_at: datetime | None) -> None:
        self._log.debug(
            "slot waits",
            **slot_fields(slot),
            waiting_for=list(waiting_for),
            due_at=due_at.isoformat() if due_at else None,
        )

    @hookimpl
    def product_made(self, slot: Slot, outcome: Outcome, revision: int, announcement: Granule | None) -> None:
        """Log the one line that tells the whole story of a slot's revision."""
        now = datetime.now(UTC)
        fields: dict[str, Any] = {
            **slot_fields(slot),
            "revision": revision,
            "version": outcome.version,
            "mode": outcome.mode,
            "since_observation_s": round((now - slot.end).total_seconds(), 3),
            "seconds": {step: round(value, 4) for step, value in outcome.seconds.items()},
            "inputs_hash": outcome.inputs_hash[:24],
            "worker": outcome.worker,
        }
        if outcome.adopted:
            fields["adopted"] = True
        if announcement is not None:
            fields["stage"] = announcement.stage
        if outcome.status == "void":
            self._log.info("product void", reason=outcome.reason, **fields)
        else:
            href = outcome.manifest.href if outcome.manifest else ""
            self._log.info("product made", href=href, **fields)

    @hookimpl
    def product_failed(self, slot: Slot, outcome: Outcome, attempts: int, dead: bool) -> None:
        fields: dict[str, Any] = {
            **slot_fields(slot),
            "fault": outcome.fault,
            "reason": outcome.reason,
            "attempts": attempts,
            "version": outcome.version,
            "worker": outcome.worker,
        }
        if outcome.granule_id:
            fields["granule"] = outcome.granule_id
        if outcome.traceback:
            fields["traceback"] = outcome.traceback
        if dead:
            self._log.error("slot dead", **fields)
        else:
            self._log.warning("product failed", **fields)
