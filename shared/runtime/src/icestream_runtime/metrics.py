"""Metrics: the list of what is measured, as data, and one registry that is handed on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from icestream_runtime.storage.space import Space

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


INFO = Metric("icestream_info", "gauge", ("service", "version"), "1 for each service that runs, with its version")
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
    "When a new granule of the passing time was last recorded, Unix time; backfill and products left out",
)
GRANULE_SPAN = Metric(
    "icestream_granule_span_seconds",
    "gauge",
    ("sensor", "collection"),
    "From begin to end of the granule that was last recorded: how long the next may take at least",
)
INTAKE_LAG = Metric(
    "icestream_intake_lag_seconds",
    "histogram",
    (),
    "From the announcement of a new granule by whoever saw it to its record",
    LONG,
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
REVISIONS = Metric(
    "icestream_revisions_total", "counter", ("product", "family"), "Slots that were announced again, changed"
)
VALID = Metric(
    "icestream_valid_fraction",
    "gauge",
    ("product", "variable"),
    "Share of the cells, rows or features of the last product that have a value",
)
SLOTS = Metric("icestream_slots", "gauge", ("product", "state"), "Slots in the ledger")
WAITING_SLOTS = Metric(
    "icestream_waiting_slots",
    "gauge",
    ("product", "input"),
    "Slots that wait, by the input that they wait for; quiet and record are no inputs",
)
OVERDUE_SLOTS = Metric(
    "icestream_overdue_slots",
    "gauge",
    ("product",),
    "Slots whose time came a minute ago, and that nobody looked at",
)
QUEUE_MESSAGES = Metric("icestream_queue_messages", "gauge", ("queue",), "Messages that wait in a queue")
QUEUE_CONSUMERS = Metric("icestream_queue_consumers", "gauge", ("queue",), "Consumers of a queue")
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
UNREADABLE = Metric(
    "icestream_unreadable_total", "counter", ("queue",), "Messages that could not be read, or used; each once"
)
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
    "Files in watched directories: announced, unknown (of no collection), refused (a link that leads out, a name or "
    "place that no granule may have), unreadable",
)
NOTICES = Metric(
    "icestream_notices_total",
    "counter",
    ("format", "fate"),
    "Files that notices were of: announced, duplicate, ignored, unknown, unwanted, refused, lost, malformed",
)
UNROUTABLE = Metric(
    "icestream_unroutable_granules", "gauge", (), "Whole files that no registered product reads; they are offered again"
)
AWAY = Metric("icestream_away", "gauge", ("what",), "1 while ledger, storage or broker is away, as the gatherer finds")
AWAY_ERRORS = Metric(
    "icestream_away_errors_total", "counter", ("what",), "Calls of ledger, storage or broker that failed for its sake"
)
CLOCK_SKEW = Metric(
    "icestream_clock_skew_seconds",
    "gauge",
    ("of",),
    "How far a clock is before the gatherer's: the ledger's (negative: behind it), a watcher's, a worker's",
)
DISK_FREE = Metric("icestream_disk_free_bytes", "gauge", ("place",), "Room that is left for output, staging and cache")
DISK_SIZE = Metric(
    "icestream_disk_size_bytes", "gauge", ("place",), "Size of the file systems of output, staging and cache"
)
CHECK_FAILING = Metric(
    "icestream_check_failing", "gauge", ("probe", "check"), "1 where a check of /livez or /readyz fails"
)
ANNOUNCEMENTS = Metric(
    "icestream_announcements_total",
    "counter",
    ("product", "fate"),
    "Announcements that came: kept, repeated, older than what is kept, void, refused (no item can be read of them)",
)
ITEMS = Metric("icestream_items", "gauge", ("product",), "Items that the catalogue serves")
REQUEST_SECONDS = Metric(
    "icestream_request_seconds",
    "histogram",
    ("route", "status"),
    "From a request to the head of its answer; status is its class, such as 2xx",
    SHORT,
)
LISTENERS = Metric("icestream_listeners", "gauge", (), "Pages that are open and told of what changes")

METRICS: Final = (
    INFO,
    PRODUCT_LATENCY,
    ARRIVAL_LATENCY,
    GRANULES,
    LAST_GRANULE,
    GRANULE_SPAN,
    INTAKE_LAG,
    WAITS,
    OUTCOMES,
    DEATHS,
    ADOPTED,
    REVISIONS,
    VALID,
    SLOTS,
    WAITING_SLOTS,
    OVERDUE_SLOTS,
    QUEUE_MESSAGES,
    QUEUE_CONSUMERS,
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
    NOTICES,
    UNROUTABLE,
    AWAY,
    AWAY_ERRORS,
    CLOCK_SKEW,
    DISK_FREE,
    DISK_SIZE,
    CHECK_FAILING,
    ANNOUNCEMENTS,
    ITEMS,
    REQUEST_SECONDS,
    LISTENERS,
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

    def expect(self, metric: Metric, **labels: str) -> None:
        """Show a counter or histogram at nought: who looks at its increase would not see the first of all."""
        instrument = self._counters.get(metric) or self._histograms[metric]
        if labels:
            instrument.labels(**labels)

    def show(self, metric: Metric, value: float, **labels: str) -> None:
        """Set a gauge."""
        gauge = self._gauges[metric]
        (gauge.labels(**labels) if labels else gauge).set(value)

    def follow(self, metric: Metric, value: Callable[[], float], **labels: str) -> None:
        """Let a gauge be what a call returns at the moment when it is asked for."""
        gauge = self._gauges[metric]
        (gauge.labels(**labels) if labels else gauge).set_function(value)

    def introduce(self, service: str) -> None:
        """Say which service this process is."""
        self.show(INFO, 1, service=service, version=version("icestream-runtime"))

    def observe(self, metric: Metric, value: float, **labels: str) -> None:
        """Put a value into a histogram."""
        histogram = self._histograms[metric]
        (histogram.labels(**labels) if labels else histogram).observe(value)

    def value(self, metric: Metric, **labels: str) -> float:
        """Return what a counter or gauge shows, or how often a histogram was filled; nought where nothing is known."""
        name = {"counter": metric.name, "gauge": metric.name, "histogram": f"{metric.name}_count"}[metric.kind]
        return self.registry.get_sample_value(name, labels) or 0.0

    def show_disk(self, places: Mapping[str, Space]) -> None:
        """Show how much room is left, by place."""
        for place, space in places.items():
            self.show(DISK_FREE, space.free, place=place)
            self.show(DISK_SIZE, space.size, place=place)

    def show_slots(self, counts: Mapping[str, Mapping[str, int]]) -> None:
        """Show `Ledger.counts()`. States that a product has no more are nought, not absent."""
        gauge = self._gauges[SLOTS]
        for product, states in counts.items():
            for state in ("waiting", "tasked", "made", "void", "hopeless", "dead", "parked"):
                gauge.labels(product=product, state=state).set(states.get(state, 0))
