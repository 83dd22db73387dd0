"""The outbox: granules on their way to the broker. None is forgotten before the broker has it safe."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from icestream_core.granule import Granule
from icestream_runtime.broker import Broker, BrokerUnavailable, PublishNotConfirmed, TopologyMismatch
from icestream_runtime.metrics import PUBLISH_RETRIES, PUBLISHED, RETURNED, Metrics
from icestream_runtime.tracing import Tracer
from icestream_watcher.announce import event_of, message_of

BATCH: Final = 100
PATIENCE_SECONDS: Final = 5.0
"""How long one attempt may last: a stop must not wait longer."""
LONGEST_WAIT_SECONDS: Final = 30.0


class Outbox:
    """Holds at most a batch. While the broker is away it stays full, and nothing more is read from disk."""

    def __init__(
        self,
        broker: Broker,
        metrics: Metrics,
        monotonic: Callable[[], float] = time.monotonic,
        tracer: Tracer | None = None,
    ) -> None:
        self._broker, self._metrics, self._monotonic, self._tracer = broker, metrics, monotonic, tracer
        self._pending: dict[tuple[str, str], Granule] = {}
        self._failures = 0
        self._try_at = 0.0
        metrics.expect(PUBLISH_RETRIES, kind="granule")
        self._log = structlog.stdlib.get_logger("icestream.watcher")

    def is_full(self) -> bool:
        return len(self._pending) >= BATCH

    @property
    def pending(self) -> int:
        return len(self._pending)

    def put(self, granule: Granule) -> None:
        """Take a granule; the same one again takes the place of the first."""
        if self._tracer is not None:
            granule = self._tracer.saw(granule)
        self._pending[granule.granule_id, granule.checksum] = granule

    def flush(self) -> tuple[Sequence[Granule], Sequence[Granule]]:
        """Publish what is here; return what was taken and what no queue wanted. Both are empty while it must wait."""
        if not self._pending or self._monotonic() < self._try_at:
            return (), ()
        granules = list(self._pending.values())
        try:
            returned = self._broker.publish([message_of(granule) for granule in granules], PATIENCE_SECONDS)
        except (BrokerUnavailable, PublishNotConfirmed, TopologyMismatch) as error:
            self._wait(error)
            return (), ()
        if self._failures:
            self._log.info("broker is back", attempts=self._failures)
        self._failures, self._pending = 0, {}
        self._metrics.count(PUBLISHED, len(granules), kind="granule")
        self._metrics.count(RETURNED, len(returned), kind="granule")
        returned_ids = {message.message_id for message in returned}
        unwanted = [granule for granule in granules if event_of(granule) in returned_ids]
        return [granule for granule in granules if event_of(granule) not in returned_ids], unwanted

    def _wait(self, error: Exception) -> None:
        if not self._failures:
            self._log.warning("broker is away; granules wait", error=str(error), pending=len(self._pending))
        self._try_at = self._monotonic() + min(2.0**self._failures, LONGEST_WAIT_SECONDS)
        self._failures += 1
        self._metrics.count(PUBLISH_RETRIES, kind="granule")
