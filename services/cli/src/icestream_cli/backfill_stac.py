"""A backfill from a STAC API: the items of a search, read as notices of the format stac are."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from icestream_cli.given import installed
from icestream_cli.output import note
from icestream_core.errors import StorageError

if TYPE_CHECKING:
    from icestream_cli.backfill_scope import Scope
    from icestream_core.granule import Granule
    from icestream_runtime.broker import Broker
    from icestream_runtime.settings import Settings
    from icestream_watcher.notices.notice import Notice

TIMEOUT_SECONDS: Final = 60.0
PAGE: Final = 250
UNKNOWN_CHECKSUM: Final = "sha256:0"
"""Until the file is fetched: whether it concerns the backfill is told by its name."""


class StacSearch:
    """The granules that a search of a STAC API finds within a scope, and how they are announced."""

    def __init__(
        self, settings: Settings, scope: Scope, url: str, collection: str, bbox: tuple[float, ...] | None
    ) -> None:
        """Take note of where to search.

        url : of the API's landing page
        collection : of the API; which of ours a file is of is told by its name, as everywhere
        bbox : west, south, east, north; degrees
        """
        self._settings, self._scope = settings, scope
        self._url, self._collection, self._bbox = url, collection, bbox
        self._notices: dict[tuple[str, str], Notice] = {}

    def granules(self) -> list[Granule]:
        """Return what was found and concerns the scope; says what cannot be read, or is of no collection.

        Raises StorageError where the API does not answer as one.
        """
        from icestream_watcher.notices.granules import recognised
        from icestream_watcher.notices.notice import NoticeError
        from icestream_watcher.notices.stac import normalise

        wanted = [
            each for name, each in installed(self._settings).collections.items() if name in self._scope.collections
        ]
        found, left = [], Counter[str]()
        for item in self._items():
            try:
                (notice,) = normalise(json.dumps(item).encode())
            except NoticeError as error:
                left[f"cannot be read: {error}"] += 1
                continue
            for file in notice.files:
                known = recognised(file, wanted)
                if known is None:
                    left["files are of no collection that is wanted"] += 1
                    continue
                alone = replace(notice, files=(file,), identity=f"{notice.identity} {file.href}")
                try:
                    granule = _granule(alone, *known)
                except NoticeError as error:
                    left[f"cannot be granules: {error}"] += 1
                    continue
                if self._scope.concerns(granule):
                    self._notices[granule.granule_id, file.href] = alone
                    found.append(granule)
        for what, count in left.most_common(5):
            note(f"left alone: {count} {what}")
        return found

    def publisher(self, closing: ExitStack) -> Callable[[Broker, Sequence[Granule]], int]:
        """Return what announces granules that were found: as notices are, fetched where no checksum is told."""
        from icestream_runtime.metrics import Metrics
        from icestream_watcher.notices.seen import Seen
        from icestream_watcher.notices.service import ingest_of
        from icestream_watcher.notices.stac import KIND

        # What is known is told by the ledger, and not by this command's memory.
        seen = Seen(":memory:", 1.0)
        closing.callback(seen.close)
        collections = list(installed(self._settings).collections.values())

        def publish(broker: Broker, granules: Sequence[Granule]) -> int:
            ingest = ingest_of(self._settings, (), broker, collections, Metrics(), seen, "reprocessing")
            taken = 0
            for granule in granules:
                notice = self._notices[granule.granule_id, granule.assets[0].href]
                handled = ingest.take(KIND, notice, threading.Event())
                taken += handled.fates.count("announced")
                if handled.problem:
                    note(f"{granule.granule_id}: {handled.problem}")
            return taken

        return publish

    def _items(self) -> Any:
        import requests
        from pystac import STACError
        from pystac_client import Client
        from pystac_client.exceptions import APIError

        within = f"{self._scope.start:%Y-%m-%dT%H:%M:%SZ}/{self._scope.end:%Y-%m-%dT%H:%M:%SZ}"
        try:
            api = Client.open(self._url, timeout=TIMEOUT_SECONDS)
            offered = {link.extra_fields.get("method", "GET") for link in api.get_links("search")}
            if not offered:
                raise StorageError(f"{self._url} offers no search: it is a static catalogue, or no STAC API at all")
            search = api.search(
                method="POST" if "POST" in offered else "GET",
                collections=[self._collection],
                datetime=within,
                bbox=self._bbox or None,
                limit=PAGE,
            )
            yield from search.items_as_dicts()
        except (APIError, STACError, requests.RequestException, KeyError, ValueError) as error:
            raise StorageError(
                f"{self._url} was searched as a STAC API, and does not answer as one: {str(error)[:500]}"
            ) from error


def _granule(notice: Notice, collection: Any, facts: Any) -> Granule:
    from icestream_core.granule import Asset
    from icestream_watcher.notices.granules import granule_of

    (file,) = notice.files
    asset = Asset(href=file.href, size=file.size, checksum=file.checksum or UNKNOWN_CHECKSUM)
    return granule_of(notice, collection, facts, asset, "reprocessing", datetime.now(UTC))
