"""The meter: a plugin that measures, by the lifecycle hooks, what becomes of granules and slots."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from icestream_core.granule import Granule
from icestream_core.hookspecs import hookimpl
from icestream_core.naming import SOURCE_FORMAT
from icestream_core.outcome import Outcome
from icestream_core.slot import Slot
from icestream_runtime.metrics import (
    ADOPTED,
    ARRIVAL,
    ARRIVAL_LATENCY,
    CLOCK_SKEW,
    DEATHS,
    GRANULE_SPAN,
    GRANULES,
    INTAKE_LAG,
    LAST_GRANULE,
    MAKE_SECONDS,
    OUTCOMES,
    PRODUCT_LATENCY,
    REVISIONS,
    VALID,
    WAITS,
    Metrics,
)


class MeterLifecycle:
    """Register it beside the other plugins.

    families : the family of a product, by its name
    """

    def __init__(self, metrics: Metrics, families: Callable[[str], str]) -> None:
        self._metrics, self._families = metrics, families

    @hookimpl
    def granule_received(self, granule: Granule, new: bool) -> None:
        sensor, collection = granule.sensor, granule.collection
        self._metrics.count(GRANULES, sensor=sensor, collection=collection, new="yes" if new else "no")
        if not new or granule.source_format == SOURCE_FORMAT:
            return
        now = datetime.now(UTC)
        lag = (now - granule.received_at).total_seconds()
        self._metrics.observe(INTAKE_LAG, max(0.0, lag))
        self._metrics.show(CLOCK_SKEW, max(0.0, -lag), of="watcher")
        self.show_last(granule, now)

    def show_last(self, granule: Granule, at: datetime) -> None:
        """Show that a granule of a sensor was recorded at a time. A backfill says nothing of what a sensor delivers."""
        if granule.mode == "forward" and granule.source_format != SOURCE_FORMAT:
            labels = {"sensor": granule.sensor, "collection": granule.collection}
            self._metrics.show(LAST_GRANULE, at.timestamp(), **labels)
            self._metrics.show(GRANULE_SPAN, (granule.end - granule.start).total_seconds(), **labels)

    @hookimpl
    def slot_waiting(self, slot: Slot) -> None:
        self._metrics.count(WAITS, product=slot.product)

    @hookimpl
    def product_made(self, slot: Slot, outcome: Outcome, revision: int, announcement: Granule | None) -> None:
        product, family = slot.product, self._families(slot.product)
        now = datetime.now(UTC)
        self._metrics.count(OUTCOMES, product=product, family=family, outcome=outcome.status, fault="")
        self._metrics.show(CLOCK_SKEW, max(0.0, (outcome.finished_at - now).total_seconds()), of="worker")
        if outcome.adopted:
            self._metrics.count(ADOPTED, product=product)
        if revision > 1:
            self._metrics.count(REVISIONS, product=product, family=family)
        for step, seconds in outcome.seconds.items():
            if step != ARRIVAL:
                self._metrics.observe(MAKE_SECONDS, seconds, product=product, step=step)
        for variable, share in outcome.valid.items():
            self._metrics.show(VALID, share, product=product, variable=variable)
        if outcome.mode == "reprocessing" or announcement is None:
            return
        # A provisional product of a period that still goes on is announced before the period ends.
        since_observation = max(0.0, (now - slot.end).total_seconds())
        self._metrics.observe(
            PRODUCT_LATENCY, since_observation, product=product, family=family, stage=announcement.stage
        )
        if ARRIVAL in outcome.seconds:
            since_arrival = outcome.seconds[ARRIVAL] + (now - outcome.finished_at).total_seconds()
            self._metrics.observe(ARRIVAL_LATENCY, max(0.0, since_arrival), product=product, family=family)

    @hookimpl
    def product_failed(self, slot: Slot, outcome: Outcome, dead: bool) -> None:
        family = self._families(slot.product)
        self._metrics.count(
            OUTCOMES, product=slot.product, family=family, outcome="failed", fault=outcome.fault or "product"
        )
        if dead:
            self._metrics.count(DEATHS, product=slot.product, family=family)
