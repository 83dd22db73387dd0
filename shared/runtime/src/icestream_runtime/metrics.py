"""Metrics: the list of what is measured, as data; one registry that is handed on; the hooks that fill it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from icestream_core.granule import Granule
from icestream_core.hookspecs import hookimpl
from icestream_core.outcome import Outcome
from icestream_core.slot import Slot

ARRIVAL: Final = "arrival"
"""The entry of Outcome.seconds that is no step: from the arrival of the last input to the outcome."""

SHORT: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
LONG: Final = (0.005, 0.015, 0.05, 0.15, 0.5, 1.5, 5, 15, 60, 300, 900, 3600, 10_800, 43_200, 86_400, 259_200, 864_000)
"""Bounds of histograms, seconds: of work, and of waiting."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One thing that is measured. Labels are bounded: families, products, sensors, outcomes; never ids."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    description: str
    buckets: tuple[float, ...] = ()


PRODUCT_LATENCY = Metric(
    "icestream_product_latency_seconds",
    "histogram",
    ("product", "family", "stage"),
    "From the end of the slot's period to the announcement of its product; backfill left out",
    LONG,
)
ARRIVAL_LATENCY = Metric(
    "icestream_arrival_latency_seconds",
    "histogram",
    ("product", "family"),
    "From the arrival of the last input to the announcement of the product; backfill left out",
    LONG,
)
GRANULES = Metric(
    "icestream_granules_total",
    "counter",
    ("sensor", "collection", "new"),
    "Granules that were recorded; new is no for one that was known",
)
LAST_GRANULE = Metric(
    "icestream_last_granule_timestamp_seconds",
    "gauge",
    ("sensor", "collection"),
    "When a new granule was last recorded, Unix time",
)
WAITS = Metric("icestream_waits_total", "counter", ("product",), "Looks at a slot that ended in waiting")
OUTCOMES = Metric(
    "icestream_outcomes_total",
    "counter",
    ("product", "family", "outcome", "fault"),
    "Slots finalised as made or void, and attempts that failed",
)
DEATHS = Metric(
    "icestream_deaths_total", "counter", ("product", "family"), "Slots that will not be tried again unasked"
)
ADOPTED = Metric(
    "icestream_adopted_total", "counter", ("product",), "Directories that were there already and were not made again"
)
SLOTS = Metric("icestream_slots", "gauge", ("product", "state"), "Slots in the ledger")
QUEUE_MESSAGES = Metric("icestream_queue_messages", "gauge", ("queue",), "Messages that wait in a queue")
MAKE_SECONDS = Metric(
    "icestream_make_seconds",
    "histogram",
    ("product", "step"),
    "What the steps of making a slot took; `total` from the task to its outcome",
    SHORT,
)
CHILDREN_BUSY = Metric("icestream_children_busy", "gauge", (), "Children that make a slot now")
CHILDREN = Metric("icestream_children", "gauge", (), "Children that this worker may use")
CHILD_RESIDENT = Metric(
    "icestream_child_resident_bytes", "gauge", ("product",), "Resident memory of a child, the highest of its last slot"
)
CHILD_ENDS = Metric(
    "icestream_child_ends_total", "counter", ("product", "cause"), "Children that were killed (time, memory) or died"
)
FETCHED = Metric("icestream_fetched_bytes_total", "counter", ("collection",), "Bytes of granules read and verified")
PUBLISHED = Metric("icestream_published_total", "counter", ("kind",), "Messages that the broker confirmed")
RETURNED = Metric("icestream_returned_total", "counter", ("kind",), "Messages that no queue wanted")
UNREADABLE = Metric("icestream_unreadable_total", "counter", ("queue",), "Messages that could not be read")
PUBLISH_RETRIES = Metric(
    "icestream_publish_retries_total", "counter", ("kind",), "Publishing that is tried again: the broker is away"
)
SETTLED_TOO_LATE = Metric(
    "icestream_settled_too_late", "gauge", (), "Settlements that were dropped since the start: the message comes again"
)
WATCHED = Metric(
    "icestream_watched_files_total",
    "counter",
    ("fate",),
    "Files in watched directories: announced, unknown (of no collection), refused (a link that leads out), unreadable",
)
UNROUTABLE = Metric(
    "icestream_unroutable_granules", "gauge", (), "Whole files that no registered product reads; they are offered again"
)

METRICS: Final = (
    PRODUCT_LATENCY,
    ARRIVAL_LATENCY,
    GRANULES,
    LAST_GRANULE,
    WAITS,
    OUTCOMES,
    DEATHS,
    ADOPTED,
    SLOTS,
    QUEUE_MESSAGES,
    MAKE_SECONDS,
    CHILDREN_BUSY,
    CHILDREN,
    CHILD_RESIDENT,
    CHILD_ENDS,
    FETCHED,
    PUBLISHED,
    RETURNED,
    UNREADABLE,
    PUBLISH_RETRIES,
    SETTLED_TOO_LATE,
    WATCHED,
    UNROUTABLE,
)
"""Everything that is measured. Dashboards, alerts and the runbook are tested against this list."""


class Metrics:
    """The instruments of one process, in a registry of their own."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._counters: dict[Metric, Counter] = {}
        self._gauges: dict[Metric, Gauge] = {}
        self._histograms: dict[Metric, Histogram] = {}
        for metric in METRICS:
            match metric.kind:
                case "counter":
                    self._counters[metric] = Counter(
                        metric.name, metric.description, metric.labels, registry=self.registry
                    )
                case "gauge":
                    self._gauges[metric] = Gauge(metric.name, metric.description, metric.labels, registry=self.registry)
                case "histogram":
                    self._histograms[metric] = Histogram(
                        metric.name, metric.description, metric.labels, registry=self.registry, buckets=metric.buckets
                    )

    def count(self, metric: Metric, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        counter = self._counters[metric]
        (counter.labels(**labels) if labels else counter).inc(amount)

    def show(self, metric: Metric, value: float, **labels: str) -> None:
        """Set a gauge."""
        gauge = self._gauges[metric]
        (gauge.labels(**labels) if labels else gauge).set(value)

    def observe(self, metric: Metric, value: float, **labels: str) -> None:
        """Put a value into a histogram."""
        histogram = self._histograms[metric]
        (histogram.labels(**labels) if labels else histogram).observe(value)

    def value(self, metric: Metric, **labels: str) -> float:
        """Return what a counter or gauge shows, or how often a histogram was filled; nought where nothing is known."""
        name = {"counter": metric.name, "gauge": metric.name, "histogram": f"{metric.name}_count"}[metric.kind]
        return self.registry.get_sample_value(name, labels) or 0.0

    def show_slots(self, counts: Mapping[str, Mapping[str, int]]) -> None:
        """Show `Ledger.counts()`. States that a product has no more are nought, not absent."""
        gauge = self._gauges[SLOTS]
        for product, states in counts.items():
            for state in ("waiting", "tasked", "made", "void", "hopeless", "dead"):
                gauge.labels(product=product, state=state).set(states.get(state, 0))


class MeterLifecycle:
    """Plugin that measures what becomes of granules and slots; register it beside the others.

    families : the family of a product, by its name
    """

    def __init__(self, metrics: Metrics, families: Callable[[str], str]) -> None:
        self._metrics, self._families = metrics, families

    @hookimpl
    def granule_received(self, granule: Granule, new: bool) -> None:
        sensor, collection = granule.sensor, granule.collection
        self._metrics.count(GRANULES, sensor=sensor, collection=collection, new="yes" if new else "no")
        if new:
            self._metrics.show(LAST_GRANULE, datetime.now(UTC).timestamp(), sensor=sensor, collection=collection)

    @hookimpl
    def slot_waiting(self, slot: Slot) -> None:
        self._metrics.count(WAITS, product=slot.product)

    @hookimpl
    def product_made(self, slot: Slot, outcome: Outcome, announcement: Granule | None) -> None:
        family = self._families(slot.product)
        self._metrics.count(OUTCOMES, product=slot.product, family=family, outcome=outcome.status, fault="")
        if outcome.adopted:
            self._metrics.count(ADOPTED, product=slot.product)
        for step, seconds in outcome.seconds.items():
            if step != ARRIVAL:
                self._metrics.observe(MAKE_SECONDS, seconds, product=slot.product, step=step)
        if outcome.mode == "reprocessing" or announcement is None:
            return
        now = datetime.now(UTC)
        # A provisional product of a period that still goes on is announced before the period ends.
        since_observation = max(0.0, (now - slot.end).total_seconds())
        self._metrics.observe(
            PRODUCT_LATENCY, since_observation, product=slot.product, family=family, stage=announcement.stage
        )
        if ARRIVAL in outcome.seconds:
            since_arrival = outcome.seconds[ARRIVAL] + (now - outcome.finished_at).total_seconds()
            self._metrics.observe(ARRIVAL_LATENCY, max(0.0, since_arrival), product=slot.product, family=family)

    @hookimpl
    def product_failed(self, slot: Slot, outcome: Outcome, dead: bool) -> None:
        family = self._families(slot.product)
        self._metrics.count(
            OUTCOMES, product=slot.product, family=family, outcome="failed", fault=outcome.fault or "product"
        )
        if dead:
            self._metrics.count(DEATHS, product=slot.product, family=family)
