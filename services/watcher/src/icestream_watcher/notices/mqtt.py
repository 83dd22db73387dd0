"""Notices from an MQTT broker, such as the global brokers of WIS2.

The session outlives us: what comes meanwhile waits at the broker. A message is acknowledged when its granules are safe.
"""

from __future__ import annotations

import queue
import socket
import threading
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from icestream_runtime.settings import Settings
from icestream_watcher.notices.ingest import Ingest, Stopped
from icestream_watcher.notices.notice import MAX_BYTES
from icestream_watcher.notices.source_url import Source

THREADS: Final = 4
HELD: Final = 100
"""Messages in hand; the broker sends no more before some are acknowledged."""
KEEPALIVE_SECONDS: Final = 30
SESSION_SECONDS: Final = 86_400
"""How long the broker keeps what comes while nobody is connected."""
POLL_SECONDS: Final = 0.5
QOS: Final = 1
LARGEST: Final = 2 * MAX_BYTES
"""Bytes of a message; the broker sends none that is larger. What is larger than a notice may be is a letter."""


class MqttSource:
    """Subscribes to topics with MQTT 5, each message at least once."""

    def __init__(self, source: Source, settings: Settings, ingest: Ingest) -> None:
        """Take note of the source; raises OSError for certificates that cannot be read."""
        self._source, self._ingest = source, ingest
        self._parts = urlsplit(source.url.get_secret_value())
        self._arrived: queue.Queue[tuple[int, mqtt.MQTTMessage]] = queue.Queue()
        self._connection, self._drops = 0, False
        self.problem: str | None = "not subscribed yet"
        self._log = structlog.stdlib.get_logger("icestream.watcher")
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_of(source),
            protocol=mqtt.MQTTv5,
            manual_ack=True,
        )
        if self._parts.username:
            client.username_pw_set(unquote(self._parts.username), unquote(self._parts.password or ""))
        if source.scheme == "mqtts":
            client.tls_set(ca_certs=str(settings.tls_ca) if settings.tls_ca else None)
        client.reconnect_delay_set(1, 30)
        client.on_connect, client.on_disconnect = self._connected, self._disconnected
        client.on_connect_fail = lambda *_: self._tell("the broker does not answer")
        client.on_subscribe, client.on_message = self._subscribed, self._received
        self._client = client

    def run(self, stop: threading.Event) -> None:
        """Handle what comes until told to stop; a broker that is away is asked again."""
        session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        session.SessionExpiryInterval, session.ReceiveMaximum = SESSION_SECONDS, HELD
        session.MaximumPacketSize = LARGEST
        self._client.connect_async(
            self._parts.hostname or "",
            self._parts.port or (8883 if self._source.scheme == "mqtts" else 1883),
            KEEPALIVE_SECONDS,
            clean_start=False,
            properties=session,
        )
        self._client.loop_start()
        try:
            over = threading.Event()
            with ThreadPoolExecutor(THREADS, "notice") as threads:
                turns = [threads.submit(self._work, stop, over) for _ in range(THREADS)]
                wait(turns, return_when=FIRST_COMPLETED)
                # Where one has failed the others end too: only then is it heard why.
                over.set()
            for turn in turns:
                turn.result()
        finally:
            self._client.disconnect()
            self._client.loop_stop()

    def _work(self, stop: threading.Event, over: threading.Event) -> None:
        while not stop.is_set() and not over.is_set():
            try:
                connection, message = self._arrived.get(timeout=POLL_SECONDS)
            except queue.Empty:
                continue
            try:
                self._ingest.handle(self._source.format, bytes(message.payload), _headers(message), stop)
            except Stopped:
                # Not acknowledged: the session has it again.
                return
            # An id is of one connection: what came on an earlier one comes again, and its id may be another's by now.
            if connection == self._connection:
                self._client.ack(message.mid, message.qos)

    def _connected(self, client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._tell(f"the broker refuses: {reason}")
            return
        client.subscribe([(topic, QOS) for topic in self._source.options["topic"]])

    def _subscribed(self, _client: Any, _data: Any, _mid: int, reasons: list[Any], _properties: Any) -> None:
        refused = [str(reason) for reason in reasons if reason.is_failure]
        if refused:
            self._tell(f"the broker refuses a topic: {', '.join(refused)}")
            return
        self.problem = None
        self._log.info("notices are heard", source=str(self._source.url), format=self._source.format)

    def _disconnected(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._connection += 1
        self._tell(f"disconnected: {reason}")

    def _received(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        # The broker bounds the others: so many are not acknowledged. These come at most once, as their sender wants it.
        is_full = message.qos == 0 and self._arrived.qsize() >= HELD
        if is_full and not self._drops:
            self._log.warning("notices are dropped: they are sent at most once, and more come than can be handled")
        self._drops = is_full
        if not is_full:
            self._arrived.put((self._connection, message))

    def _tell(self, problem: str) -> None:
        if problem != self.problem:
            self._log.warning("notices are not heard", source=str(self._source.url), reason=problem)
        self.problem = problem


def client_of(source: Source) -> str:
    """Return the name of a session. The formats of one broker have one each: in a shared one each hears the others'."""
    return source.option("client", f"icestream-{socket.gethostname()}-{source.format}")


def _headers(message: mqtt.MQTTMessage) -> dict[str, str]:
    """Return content type and user properties; CloudEvents over MQTT has its attributes there without a prefix."""
    properties = message.properties
    given = dict(getattr(properties, "UserProperty", None) or [])
    if {"specversion", "id", "source", "type"} <= given.keys():
        given = {f"ce-{name}": value for name, value in given.items()}
    return {**given, "content-type": str(getattr(properties, "ContentType", "") or "")}
