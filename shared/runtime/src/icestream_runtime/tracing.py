"""Traces on demand, by OpenTelemetry: what a granule took on its way from the watcher to the products made of it.

The context travels in the messages as `traceparent` (W3C Trace Context): a slot may wait for days between its granules
and its task, so no process can hold it. Spans are recorded when they are over. Without `trace_endpoint` nothing is
recorded, nothing is imported, and the messages are what they were.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, Self

from icestream_core.errors import SettingsError
from icestream_core.granule import Granule
from icestream_core.hookspecs import hookimpl
from icestream_core.naming import SOURCE_FORMAT
from icestream_core.outcome import Outcome
from icestream_core.slot import Slot
from icestream_core.task import Task
from icestream_runtime.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

STEPS: Final = ("fetch", "open", "compute", "write", "publish")
"""The steps of making a slot, in their order; each begins when the one before it is over."""


class Tracer:
    """Records spans that are over. Safe to use from several threads.

    provider : of OpenTelemetry; it exports in a thread of its own
    """

    def __init__(self, provider: TracerProvider) -> None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider, self._text = provider, TraceContextTextMapPropagator()
        self._tracer = provider.get_tracer("icestream", version("icestream-runtime"))

    @classmethod
    def of(cls, settings: Settings, service: str) -> Self | None:
        """Return the tracer that the settings describe; None where they name no endpoint.

        Raises SettingsError where the packages for it are not installed.
        """
        if settings.trace_endpoint is None:
            return None
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
            from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
        except ImportError as error:
            raise SettingsError(
                f"trace_endpoint is set, and {error.name} is not installed: pip install 'icestream-runtime[traces]'"
            ) from None
        headers = dict(pair.split("=", 1) for pair in settings.trace_headers.get_secret_value().split(",") if pair)
        provider = TracerProvider(
            resource=Resource.create({"service.name": f"icestream-{service}"}),
            sampler=ParentBased(TraceIdRatioBased(settings.trace_share)),
        )
        exporter = OTLPSpanExporter(endpoint=settings.trace_endpoint, headers=headers)
        provider.add_span_processor(BatchSpanProcessor(exporter))
        return cls(provider)

    def record(
        self,
        name: str,
        parent: str,
        start: datetime,
        end: datetime,
        attributes: Mapping[str, str | int | float | bool],
        links: Sequence[str] = (),
        error: str = "",
    ) -> str:
        """Record a span and return its traceparent, for what follows from it.

        parent : traceparent of what it follows from; a new trace begins where it is empty
        links : traceparents of other traces that led here
        error : why it failed; empty where it did not
        """
        from opentelemetry.trace import Link, Status, StatusCode, get_current_span, set_span_in_context

        others = [get_current_span(self._context(each)).get_span_context() for each in links]
        span = self._tracer.start_span(
            name,
            context=self._context(parent),
            start_time=_nanoseconds(start),
            attributes=dict(attributes),
            links=[Link(each) for each in others if each.is_valid],
        )
        if error:
            span.set_status(Status(StatusCode.ERROR, error[:200]))
        span.end(end_time=_nanoseconds(max(start, end)))
        carrier: dict[str, str] = {}
        self._text.inject(carrier, set_span_in_context(span))
        return carrier.get("traceparent", parent)

    def saw(self, granule: Granule) -> Granule:
        """Return a granule that was seen, with the span that says so: the root of a trace."""
        attributes = _of_granule(granule)
        end = datetime.now(UTC)
        found = self.record("granule seen", granule.traceparent, granule.received_at, end, attributes)
        return granule.model_copy(update={"traceparent": found})

    def made(self, task: Task, outcome: Outcome) -> Outcome:
        """Return the outcome of a task with the span of its making, and one for each step below it."""
        took = outcome.seconds.get("total", 0.0)
        start = outcome.finished_at - timedelta(seconds=took)
        granules = [entry.granule for entries in task.inputs.values() for entry in entries]
        others = [each.traceparent for each in granules if each.traceparent and each.traceparent != task.traceparent]
        error = outcome.reason if outcome.status == "failed" else ""
        attributes = {**_of_slot(task.slot), "icestream.outcome": outcome.status, "icestream.worker": outcome.worker}
        found = self.record(
            "slot made", task.traceparent, start, outcome.finished_at, attributes, list(dict.fromkeys(others)), error
        )
        begun = start
        for step in STEPS:
            if step in outcome.seconds:
                end = begun + timedelta(seconds=outcome.seconds[step])
                self.record(step, found, begun, end, {})
                begun = end
        return outcome.model_copy(update={"traceparent": found})

    def close(self) -> None:
        """Export what is left."""
        self._provider.shutdown()

    def _context(self, parent: str) -> Any:
        from opentelemetry.context import Context

        return self._text.extract({"traceparent": parent} if parent else {}, Context())


class TraceLifecycle:
    """Plugin that records what the gatherer does; register it beside the others."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    @hookimpl
    def granule_received(self, granule: Granule, new: bool) -> None:
        if granule.traceparent and new and granule.source_format != SOURCE_FORMAT:
            now = datetime.now(UTC)
            start = min(granule.received_at, now)
            self._tracer.record("granule recorded", granule.traceparent, start, now, _of_granule(granule))

    @hookimpl
    def product_made(self, slot: Slot, outcome: Outcome, revision: int, announcement: Granule | None) -> None:
        if outcome.traceparent:
            attributes = {**_of_slot(slot), "icestream.revision": revision, "icestream.outcome": outcome.status}
            if announcement is not None:
                attributes["icestream.stage"] = announcement.stage
            end = datetime.now(UTC)
            self._tracer.record(
                "product announced", outcome.traceparent, min(outcome.finished_at, end), end, attributes
            )

    @hookimpl
    def product_failed(self, slot: Slot, outcome: Outcome, attempts: int, dead: bool) -> None:
        if outcome.traceparent:
            now = datetime.now(UTC)
            attributes = {**_of_slot(slot), "icestream.attempts": attempts, "icestream.dead": dead}
            start = min(outcome.finished_at, now)
            self._tracer.record(
                "failure counted", outcome.traceparent, start, now, attributes, error=outcome.reason or "failed"
            )


def _of_granule(granule: Granule) -> dict[str, str | int | float | bool]:
    return {
        "icestream.granule": granule.granule_id,
        "icestream.collection": granule.collection,
        "icestream.sensor": granule.sensor,
        "icestream.mode": granule.mode,
    }


def _of_slot(slot: Slot) -> dict[str, str | int | float | bool]:
    return {"icestream.slot": slot.key, "icestream.product": slot.product}


def _nanoseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1e9)
