"""Notices from an AMQP broker: RabbitMQ of a producer, or the one of MinIO, Ceph and Sarracenia."""

from __future__ import annotations

import json
import threading
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import Any, Final

import structlog

from icestream_core.errors import SettingsError
from icestream_runtime.broker import Broker, BrokerError, BrokerRefused, Delivery, Message, Subscription
from icestream_runtime.rabbitmq.rabbit import RabbitBroker
from icestream_runtime.settings import Settings
from icestream_runtime.topology import Binding, Queue, Topology
from icestream_watcher.notices.ingest import Ingest, Stopped
from icestream_watcher.notices.source_url import Source

THREADS: Final = 4
"""Notices that are handled at once: some have a file to fetch."""
HELD: Final = 100
POLL_SECONDS: Final = 0.5
AGAIN_SECONDS: Final = 5.0


class AmqpSource:
    """Consumes one queue. A notice is acked when its granules are safe with our own broker.

    With an exchange in its address the queue is made and bound; without, it must be there.
    """

    def __init__(self, source: Source, settings: Settings, ingest: Ingest) -> None:
        self._source, self._ingest = source, ingest
        self._queue = source.option("queue")
        try:
            self._broker: Broker = RabbitBroker(
                source.url.get_secret_value(),
                "notices",
                heartbeat=settings.heartbeat_seconds,
                reconnect=settings.reconnect_seconds,
                cafile=settings.tls_ca,
            )
        except (ValueError, OSError) as error:
            raise SettingsError(f"notices (ICESTREAM_NOTICES): {source.url} cannot be used: {error}") from None
        self.problem: str | None = "not subscribed yet"
        self._log = structlog.stdlib.get_logger("icestream.watcher")

    def run(self, stop: threading.Event) -> None:
        """Consume until told to stop; a broker that is away or refuses is asked again."""
        try:
            while not stop.is_set():
                try:
                    self._declare()
                    subscription = self._broker.subscribe([self._queue], HELD)
                except BrokerError as error:
                    self._tell(str(error))
                    stop.wait(AGAIN_SECONDS)
                    continue
                self.problem = None
                self._log.info("notices are heard", source=str(self._source.url), format=self._source.format)
                self._consume(subscription, stop)
        finally:
            self._broker.close()

    def _declare(self) -> None:
        exchange = self._source.option("exchange")
        if exchange:
            keys = self._source.options.get("key", ("#",))
            bindings = tuple(Binding(self._queue, key, exchange) for key in keys)
            self._broker.apply(Topology(queues=(Queue(self._queue),), bindings=bindings))

    def _consume(self, subscription: Subscription, stop: threading.Event) -> None:
        over = threading.Event()
        with ThreadPoolExecutor(THREADS, "notice") as threads:
            turns = [threads.submit(self._work, subscription, stop, over) for _ in range(THREADS)]
            while not stop.is_set() and not wait(turns, POLL_SECONDS, FIRST_COMPLETED).done:
                pass
            # Where one has ended, so shall the others: only then is it heard why, and the queue subscribed to again.
            over.set()
            subscription.cancel()
        subscription.close()
        for turn in turns:
            turn.result()

    def _work(self, subscription: Subscription, stop: threading.Event, over: threading.Event) -> None:
        while not stop.is_set() and not over.is_set():
            try:
                delivery = subscription.get(POLL_SECONDS)
            except BrokerRefused as error:
                self._tell(str(error))
                return
            if delivery is not None:
                self._handle(subscription, delivery, stop)

    def _handle(self, subscription: Subscription, delivery: Delivery, stop: threading.Event) -> None:
        headers = {**delivery.headers, "content-type": delivery.content_type}
        respond = self._respond if self._source.option("respond") else None
        try:
            self._ingest.handle(self._source.format, delivery.body, headers, stop, respond)
        except Stopped:
            subscription.nack(delivery)
        else:
            subscription.ack(delivery)

    def _respond(self, answer: dict[str, Any]) -> None:
        """Tell the producer. Where nobody can be told, the granule is announced all the same."""
        message = Message(
            body=json.dumps(answer).encode(),
            routing_key=self._source.option("respond"),
            exchange=self._source.option("exchange"),
            content_type="application/json",
        )
        try:
            unheard = bool(self._broker.publish([message], 10.0))
        except BrokerError as error:
            self._log.warning("the producer could not be told", reason=str(error))
        else:
            if unheard:
                self._log.warning("the producer could not be told: nobody hears", key=message.routing_key)

    def _tell(self, problem: str) -> None:
        if problem != self.problem:
            self._log.warning("notices are not heard", source=str(self._source.url), reason=problem)
        self.problem = problem
