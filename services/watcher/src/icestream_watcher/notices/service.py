"""The notices' part of a watcher: all sources that the settings name, each on a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Protocol, cast
from urllib.parse import urlsplit

import structlog

from icestream_core.collection import Collection
from icestream_core.errors import SettingsError
from icestream_core.granule import Mode
from icestream_runtime.broker import Broker
from icestream_runtime.health import Check
from icestream_runtime.metrics import Metrics
from icestream_runtime.settings import Settings, local_side
from icestream_runtime.storage import Access, Storage
from icestream_watcher.notices.amqp import AmqpSource
from icestream_watcher.notices.http import NoticeServer
from icestream_watcher.notices.ingest import Ingest
from icestream_watcher.notices.mqtt import MqttSource, client_of
from icestream_watcher.notices.polling import PollSource
from icestream_watcher.notices.seen import Policy, Seen
from icestream_watcher.notices.source_url import Source, source_of

SEEN: Final = "notices.sqlite"
POLL_SECONDS: Final = 0.5


class Hears(Protocol):
    """A source: runs until told to stop, and says what keeps it from hearing."""

    problem: str | None

    def run(self, stop: threading.Event) -> None: ...


class Notices:
    """All sources of the settings, wired."""

    def __init__(
        self,
        settings: Settings,
        directories: Sequence[Path],
        broker: Broker,
        collections: Sequence[Collection],
        metrics: Metrics,
        mode: Mode = "forward",
    ) -> None:
        """Open what is needed; raises SettingsError for a source that cannot be used, StorageError for the file."""
        wanted = [source_of(address) for address in settings.notices]
        _refuse_one_session_twice(wanted)
        self._closing = ExitStack()
        with ExitStack() as closing:
            self._seen = Seen(
                settings.notices_file or local_side(settings.out).absolute() / SEEN, settings.duplicates_seconds
            )
            closing.callback(self._seen.close)
            ingest = ingest_of(settings, directories, broker, collections, metrics, self._seen, mode)
            self._sources = [
                (f"{source.format} from {source.url}", _source(source, settings, ingest)) for source in wanted
            ]
            self._server: NoticeServer | None = None
            if settings.notices_port is not None and settings.notices_token is not None:
                self._server = NoticeServer(
                    ingest, settings.notices_token, settings.notices_port, settings.notices_per_second
                )
            self._closing = closing.pop_all()
        self.ready = [Check("notices", self._unheard)]

    @property
    def port(self) -> int | None:
        """Of notices by HTTP; None where there are none."""
        return self._server.port if self._server else None

    def run(self, stop: threading.Event) -> None:
        """Hear every source until told to stop."""
        with self._closing:
            if self._server is not None:
                self._server.start()
                self._closing.callback(self._server.close)
                log = structlog.stdlib.get_logger("icestream.watcher")
                log.info("notices are taken by HTTP", port=self._server.port)
            with ThreadPoolExecutor(max(1, len(self._sources)), "source") as threads:
                running = [threads.submit(source.run, stop) for _, source in self._sources]
                # A source that ends before it is told to has failed: its reason is raised below.
                while not stop.wait(POLL_SECONDS):
                    if running and wait(running, 0, FIRST_COMPLETED).done:
                        stop.set()
            for each in running:
                each.result()

    def _unheard(self) -> str | None:
        found = [f"{name}: {source.problem}" for name, source in self._sources if source.problem]
        return "; ".join(found) or None


def ingest_of(
    settings: Settings,
    directories: Sequence[Path],
    broker: Broker,
    collections: Sequence[Collection],
    metrics: Metrics,
    seen: Seen,
    mode: Mode = "forward",
) -> Ingest:
    """Return the ingest that the settings describe."""
    policies = {
        name: cast("Policy", policy) for name, _, policy in (each.partition("=") for each in settings.duplicates)
    }
    return Ingest(
        collections,
        broker,
        Storage.of(settings),
        seen,
        metrics,
        roots=directories,
        mode=mode,
        policies=policies,
        by_content=settings.duplicates_by_content,
    )


def has_notices(settings: Settings) -> bool:
    """Whether the settings name any source of notices."""
    return bool(settings.notices) or settings.notices_port is not None


def _refuse_one_session_twice(sources: Sequence[Source]) -> None:
    """Raise SettingsError for two sources that a broker takes for one client: each would end the other, for ever."""
    known: set[tuple[str, str]] = set()
    for source in sources:
        if source.scheme not in ("mqtt", "mqtts"):
            continue
        session = urlsplit(source.url.get_secret_value()).netloc.rpartition("@")[2], client_of(source)
        if session in known:
            raise SettingsError(
                f"notices (ICESTREAM_NOTICES): two sources are client {session[1]} of {session[0]}; give each its own "
                "by client=, or name both topics in one"
            )
        known.add(session)


def _source(source: Source, settings: Settings, ingest: Ingest) -> Hears:
    if source.scheme == "s3":
        return PollSource(source, Access.of(settings), ingest)
    if source.scheme in ("amqp", "amqps"):
        return AmqpSource(source, settings, ingest)
    try:
        return MqttSource(source, settings, ingest)
    except OSError as error:
        raise SettingsError(f"notices (ICESTREAM_NOTICES): {source.url} cannot be used: {error}") from None
