"""Notices by looking: what is new in a bucket, where its owner sends no events."""

from __future__ import annotations

import threading
from typing import Final

import structlog

from icestream_core.errors import IcestreamError
from icestream_runtime.storage.access import Access
from icestream_runtime.storage.buckets import Buckets, s3_errors
from icestream_watcher.notices.ingest import Ingest, Stopped
from icestream_watcher.notices.s3_event import created
from icestream_watcher.notices.source_url import Source

KIND: Final = "s3"
TOLD_AGAIN: Final = frozenset({"lost", "unwanted"})


class PollSource:
    """Lists a prefix now and then. What was seen through is left; what changed has another tag and is new."""

    def __init__(self, source: Source, access: Access, ingest: Ingest) -> None:
        self._source, self._ingest, self._buckets = source, ingest, Buckets(access)
        self._prefix = source.url.get_secret_value()
        self._bucket = self._prefix.removeprefix("s3://").partition("/")[0]
        self._through: dict[str, str] = {}
        self.problem: str | None = "not looked yet"
        self._log = structlog.stdlib.get_logger("icestream.watcher")

    def run(self, stop: threading.Event) -> None:
        every = float(self._source.option("every", "60"))
        while not stop.is_set():
            try:
                self.look(stop)
                self.problem = None
            except Stopped:
                return
            except IcestreamError as error:
                if str(error) != self.problem:
                    self._log.warning("the bucket cannot be looked at", source=self._prefix, reason=str(error))
                self.problem = str(error)
            stop.wait(every)

    def look(self, stop: threading.Event) -> None:
        """Announce what is new; raises StorageError where the bucket is away, and Stopped."""
        with s3_errors(f"{self._prefix} cannot be listed"):
            found = self._buckets.ours(self._bucket).find(self._prefix, detail=True)
        # What has gone from the bucket need not be remembered; should it come back, the file on disk knows.
        self._through = {path: tag for path, tag in self._through.items() if path in found}
        for path, info in sorted(found.items(), key=lambda each: str(each[1].get("LastModified", ""))):
            if stop.is_set():
                return
            tag = info["ETag"].strip('"')
            # The file on disk knows too, but a bucket may hold a million.
            if self._through.get(path) == tag:
                continue
            key = path.partition("/")[2]
            notice = created(self._bucket, key, int(info["size"]), tag, info["LastModified"])
            fates = self._ingest.take(KIND, notice, stop).fates
            if not TOLD_AGAIN & set(fates):
                self._through[path] = tag
