"""Checksums of files, each file read once for as long as it does not change."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import Final

from icestream_core.errors import GranuleError
from icestream_core.granule import Asset
from icestream_runtime.secret_url import readable

REMEMBERED: Final = 20_000
"""Files whose checksum is kept in memory: 4 MB, however many a service sees."""

IDENTITY_BYTES: Final = 16

SETTLED_SECONDS: Final = 1.0
"""A file that was changed later than this before it was read may be changed again without a sign of it."""


class Checksums:
    """Verifies files against what messages promise. Safe to use from several threads."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def verify(self, path: Path, asset: Asset, granule_id: str = "") -> int:
        """Return the file's size, bytes, where it is what the asset promises.

        Raises GranuleError that says what was found and what was wanted; OSError where the file cannot be read.
        """
        size = path.stat().st_size
        # Some notices leave the size out.
        if asset.size and size != asset.size:
            raise GranuleError(
                f"granule {granule_id or path.name}: {readable(asset.href)} has {size} bytes; "
                f"its message says {asset.size}",
                granule_id,
            )
        algorithm, _, wanted = asset.checksum.partition(":")
        found = self.of(path, algorithm)
        if found != wanted:
            raise GranuleError(
                f"granule {granule_id or path.name}: {readable(asset.href)} has the checksum {algorithm}:{found}; "
                f"its message says {asset.checksum}",
                granule_id,
            )
        return size

    def of(self, path: Path, algorithm: str) -> str:
        """Return the checksum of a file as lower-case hex, from memory where the file has not changed since."""
        status = path.stat()
        identity = _identity(path, status, algorithm)
        with self._lock:
            known = self._known.get(identity)
            if known is not None:
                self._known.move_to_end(identity)
                return known.hex()
        found = digest(path, algorithm)
        if time.time() - status.st_mtime >= SETTLED_SECONDS:
            with self._lock:
                self._known[identity] = bytes.fromhex(found)
                while len(self._known) > REMEMBERED:
                    self._known.popitem(last=False)
        return found


def _identity(path: Path, status: os.stat_result, algorithm: str) -> bytes:
    """Return what changes when a file does, as few bytes: as words and numbers, 20,000 files took 15 MB."""
    told = (str(path), status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, algorithm)
    return hashlib.blake2b(repr(told).encode(errors="surrogateescape"), digest_size=IDENTITY_BYTES).digest()


def digest(path: Path, algorithm: str) -> str:
    """Return the checksum of a file as lower-case hex; algorithms as in messages: sha256, md5, sha3-256 ..."""
    with path.open("rb") as file:
        return hashlib.file_digest(
            file, lambda: hashlib.new(algorithm.replace("-", "_"), usedforsecurity=False)
        ).hexdigest()
