"""Fetching: an asset of a granule becomes a verified local file. Local files are used where they lie."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import fsspec  # type: ignore[import-untyped]

from icestream_core.errors import GranuleError, StorageError
from icestream_core.granule import Asset
from icestream_runtime.storage.checksum import Checksums

REMOTE: Final = ("http", "https", "s3", "gs", "abfs", "ftp", "sftp", "memory")
"""From where assets are fetched. Chained addresses ("simplecache::...") are refused: a message must not write here."""


class Fetcher:
    """Fetches assets. What comes from far is kept in a cache of limited size, under its checksum."""

    def __init__(self, cache: Path, cache_size: int) -> None:
        """Take note of the cache: a directory, made when it is first needed, and how many bytes it may hold."""
        self._cache, self._cache_size = cache, cache_size
        self._checksums = Checksums()

    def fetch(self, asset: Asset, granule_id: str = "") -> Path:
        """Return the local file of an asset, its size and checksum verified.

        Raises GranuleError where the file is not what the message promises; StorageError where it cannot be reached.
        """
        local = local_path(asset.href)
        try:
            if local is None:
                return self._fetch_remote(asset, granule_id)
            self._checksums.verify(local, asset, granule_id)
        except IsADirectoryError as error:
            raise GranuleError(
                f"granule {granule_id}: {asset.href} is a directory; wanted a file", granule_id
            ) from error
        except FileNotFoundError as error:
            raise StorageError(f"{asset.href} of granule {granule_id} is not there; put it back") from error
        except OSError as error:
            raise StorageError(f"{asset.href} of granule {granule_id} cannot be read: {error}") from error
        return local

    def _fetch_remote(self, asset: Asset, granule_id: str) -> Path:
        algorithm, _, checksum = asset.checksum.partition(":")
        # The name stays: readers tell compression by it.
        kept = self._cache / algorithm / checksum / asset.href.rsplit("/", 1)[-1]
        if kept.is_file():
            self._checksums.verify(kept, asset, granule_id)
            os.utime(kept)
            return kept
        kept.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".fetching-", dir=self._cache)
        os.close(handle)
        arriving = Path(name)
        try:
            _download(asset.href, arriving)
            self._checksums.verify(arriving, asset, granule_id)
            arriving.replace(kept)
        finally:
            arriving.unlink(missing_ok=True)
        self._make_room(kept)
        return kept

    def _make_room(self, newest: Path) -> None:
        """Remove what was not used for longest until the cache holds no more than it may; never what just came."""
        files = sorted(self._kept(), key=lambda entry: entry[0])
        size = sum(entry[1] for entry in files)
        for _, bytes_held, path in files:
            if size <= self._cache_size:
                return
            if path != newest:
                shutil.rmtree(path.parent, ignore_errors=True)
                size -= bytes_held

    def _kept(self) -> Iterator[tuple[float, int, Path]]:
        for path in self._cache.glob("*/*/*"):
            try:
                status = path.stat()
            except FileNotFoundError:  # another worker made room at the same time
                continue
            yield status.st_mtime, status.st_size, path


def local_path(href: str) -> Path | None:
    """Return the path that an href names, or None where it lies elsewhere; raises StorageError for an unknown kind."""
    scheme, separator, rest = href.partition("://")
    if not separator:
        return Path(href)
    if scheme == "file":
        return Path(rest)
    if scheme in REMOTE and "::" not in href:
        return None
    raise StorageError(f"{href[:200]} cannot be fetched; icestream fetches local files and {', '.join(REMOTE)}")


def _download(href: str, to: Path) -> None:
    try:
        filesystem, path = fsspec.core.url_to_fs(href)
        filesystem.get_file(path, str(to))
    except Exception as error:  # each file system has errors of its own
        raise StorageError(f"{href} cannot be fetched: {type(error).__name__}: {error}") from error
