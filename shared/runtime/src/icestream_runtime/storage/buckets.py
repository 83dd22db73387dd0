"""Buckets: S3 by s3fs, each bucket with its own keys and endpoint. Its retries are botocore's, its parts are s3fs's."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast

from icestream_core.errors import GranuleError, StorageError
from icestream_runtime.storage.access import Access, s3_options

PART_BYTES: Final = 16 * 2**20
"""Larger files travel in parts of this size, several at once. What is smaller is read in one stream."""
PARTS_AT_ONCE: Final = 4
ATTEMPTS: Final = 2
"""Of s3fs, each of which is three of botocore's: the stream tries again by itself, much later."""
LOST: Final = ("PreconditionFailed", "412", "ConditionalRequestConflict", "409")


class Buckets:
    """File systems of buckets. Safe to use from several threads."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._filesystems: dict[str, Any] = {}
        self._lock = threading.Lock()

    def of(self, href: str, granule_id: str = "") -> Any:
        """Return the s3fs file system for an address; raises GranuleError for a bucket that is not allowed."""
        bucket = href.removeprefix("s3://").partition("/")[0]
        allowed = self._access.allowed_buckets
        if allowed and bucket not in allowed:
            raise GranuleError(
                f"granule {granule_id}: {href} is refused: bucket {bucket} is not among the allowed ones; "
                "allow it with fetch_buckets",
                granule_id,
            )
        return self.ours(bucket)

    def ours(self, bucket: str) -> Any:
        """Return the s3fs file system for a bucket that the settings name."""
        # Only here, because it takes half a second, and most streams lie on a disk.
        from s3fs import S3FileSystem

        with self._lock:
            if bucket not in self._filesystems:
                options = s3_options(self._access.to_bucket(bucket), self._access.timeout, self._access.ca)
                # fsspec gives one file system for the same options: a client takes half a second to make.
                made = S3FileSystem(**options, default_block_size=PART_BYTES, max_concurrency=PARTS_AT_ONCE)
                made.retries = ATTEMPTS
                self._filesystems[bucket] = made
            return self._filesystems[bucket]

    def download(self, href: str, to: Path, most: int, granule_id: str = "") -> None:
        """Write an object to a path.

        most : what is promised or allowed, bytes
        Raises GranuleError where it is larger, or its bucket is refused; StorageError where it cannot be had.
        """
        filesystem = self.of(href, granule_id)
        with s3_errors(f"{href} cannot be fetched"):
            size = int(cast("int", filesystem.info(href)["size"]))
            if size > most:
                raise GranuleError(
                    f"granule {granule_id}: {href} has {size} bytes; its message or fetch_limit says {most}",
                    granule_id,
                )
            filesystem.get_file(href, str(to))


@contextmanager
def s3_errors(what: str) -> Iterator[None]:
    """Raise StorageError for whatever S3 or the network says; `what` tells what was tried."""
    # Only here, as above: botocore is large.
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

    try:
        yield
    except (TimeoutError, OSError, BotoCoreError, ClientError, HTTPClientError) as error:
        raise StorageError(f"{what}: {type(error).__name__}: {error}") from error


def is_lost_race(error: OSError) -> bool:
    """Whether a conditional write was refused because another one came first."""
    answer = getattr(error.__cause__, "response", None) or {}
    return isinstance(error, FileExistsError) or answer.get("Error", {}).get("Code") in LOST
