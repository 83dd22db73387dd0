"""Fetching: an asset of a granule becomes a verified local file. Local files are used where they lie."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from icestream_core.errors import GranuleError, StorageError
from icestream_core.granule import Asset
from icestream_runtime.secret_url import readable
from icestream_runtime.storage.access import Access
from icestream_runtime.storage.buckets import Buckets
from icestream_runtime.storage.cache import Cache, name_of
from icestream_runtime.storage.checksum import Checksums
from icestream_runtime.storage.https import Web

REMOTE: Final = ("https", "http", "s3")
"""From where assets are fetched. Chained addresses ("simplecache::...") are refused: a message must not write here."""
LEARNED: Final = "sha256"
"""The checksum that a file is given whose producer told none."""


class Fetcher:
    """Fetches assets. What comes from far is kept in a cache of limited size, under its checksum."""

    def __init__(self, cache: Path, cache_size: int, access: Access, buckets: Buckets) -> None:
        """Take note of the cache: a directory, made when it is first needed, and how many bytes it may hold.

        Raises ValueError for a network in `access` that is none.
        """
        self._cache = Cache(cache, cache_size)
        self._checksums = Checksums()
        self._access, self._web, self._buckets = access, Web(access), buckets

    def fetch(self, asset: Asset, granule_id: str = "") -> Path:
        """Return the local file of an asset, its size and checksum verified; it is not evicted before `release`.

        Raises GranuleError where the file is not what the message promises, or its address is refused;
        StorageError where it cannot be reached.
        """
        local = local_path(asset.href, granule_id)
        try:
            if local is None:
                return self._fetch_remote(asset, granule_id)
            self._checksums.verify(local, asset, granule_id)
        except IsADirectoryError as error:
            raise GranuleError(
                f"granule {granule_id}: {readable(asset.href)} is a directory; wanted a file", granule_id
            ) from error
        except FileNotFoundError as error:
            raise StorageError(f"{readable(asset.href)} of granule {granule_id} is not there; put it back") from error
        except OSError as error:
            raise StorageError(f"{readable(asset.href)} of granule {granule_id} cannot be read: {error}") from error
        except ValueError as error:  # a zero byte in a path, an algorithm that is none
            raise GranuleError(
                f"granule {granule_id}: {readable(asset.href)!r} is refused: {error}", granule_id
            ) from error
        return local

    def learn(self, href: str, size: int = 0, granule_id: str = "") -> Asset:
        """Return the asset of a file whose checksum nobody told. A remote file is kept in the cache for its reader.

        size : what was promised, bytes; 0 where nobody told
        Raises as `fetch`.
        """
        local = local_path(href, granule_id)
        if local is not None:
            try:
                found = Asset(href=href, size=local.stat().st_size, checksum=self._checksum_of(local))
            except OSError as error:
                raise StorageError(f"{readable(href)} of granule {granule_id} cannot be read: {error}") from error
            _hold_to(size, found, granule_id)
            return found
        with self._cache.arriving() as arriving:
            self._download(href, arriving, size, granule_id)
            found = Asset(href=href, size=arriving.stat().st_size, checksum=self._checksum_of(arriving))
            _hold_to(size, found, granule_id)
            self._cache.release(self._cache.add(found.checksum, arriving, name_of(href)))
        return found

    def release(self, path: Path) -> None:
        """Let go of a file that `fetch` gave: from now on the cache may forget it."""
        self._cache.release(path)

    def _fetch_remote(self, asset: Asset, granule_id: str) -> Path:
        fetched = False

        def arrive(path: Path) -> None:
            nonlocal fetched
            fetched = True
            self._download(asset.href, path, asset.size, granule_id)
            self._checksums.verify(path, asset, granule_id)

        # The name stays: readers tell compression by it.
        kept = self._cache.get(asset.checksum, name_of(asset.href), asset.size, arrive)
        try:
            self._checksums.verify(kept, asset, granule_id)
        except GranuleError:
            self._cache.forget(kept)
            if fetched:
                raise
            # It was whole when it came: what is damaged is the cache, and not the granule.
            return self._fetch_remote(asset, granule_id)
        except BaseException:
            # It could not be read just now, which says nothing of the file: others may be about to open it.
            self._cache.release(kept)
            raise
        return kept

    def _download(self, href: str, to: Path, size: int, granule_id: str) -> None:
        if size > self._access.limit:
            raise GranuleError(
                f"granule {granule_id}: {readable(href)} has {size} bytes by its message; fetch_limit allows "
                f"{self._access.limit}",
                granule_id,
            )
        if href.startswith("s3://"):
            self._buckets.download(href, to, size or self._access.limit, granule_id)
        else:
            self._web.download(href, to, size, granule_id)

    def _checksum_of(self, path: Path) -> str:
        return f"{LEARNED}:{self._checksums.of(path, LEARNED)}"


def local_path(href: str, granule_id: str = "") -> Path | None:
    """Return the path that an href names, or None where it lies elsewhere; raises GranuleError for an unknown kind."""
    scheme, separator, rest = href.partition("://")
    if not separator:
        return Path(href)
    if scheme == "file":
        return Path(rest)
    if scheme in REMOTE:
        return None
    kinds = ", ".join(REMOTE)
    told = f"granule {granule_id}: {readable(href)[:200]} is refused; icestream fetches local files and {kinds}"
    raise GranuleError(told, granule_id)


def _hold_to(size: int, found: Asset, granule_id: str) -> None:
    if size and size != found.size:
        raise GranuleError(
            f"granule {granule_id}: {readable(found.href)} has {found.size} bytes; its message says {size}", granule_id
        )
