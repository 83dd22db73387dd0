"""Staging: where a product is written before it is published. Whoever writes there holds a lock on it."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
import uuid
from pathlib import Path
from typing import Final

from icestream_core import naming
from icestream_core.errors import StorageError

YOUNG_SECONDS: Final = 5.0
"""Staging so young may be of somebody who is just about to lock it."""
OLD_SECONDS: Final = 3600.0
"""Where the file system knows no locks, staging that nobody wrote to for so long belongs to the dead."""


class Staging:
    """Directories of one local directory, each of one writer. Safe to use from several threads and processes."""

    def __init__(self, directory: Path) -> None:
        """Take note of the directory; it is made before it is needed."""
        self._directory = directory
        self._locks: dict[Path, int] = {}

    def stage(self, token: str) -> Path:
        """Return a new empty directory, until `discard`. Two that hold one token get two."""
        directory = self._directory / f"{Path(naming.staging_path(token)).name}-{uuid.uuid4().hex[:8]}"
        try:
            directory.mkdir(parents=True)
            self._locks[directory] = os.open(directory, os.O_RDONLY)
            # A sweep may be looking at it at this moment.
            _lock(self._locks[directory], wait=True)
        except OSError as error:
            raise StorageError(f"staging directory {directory} cannot be made: {error}") from error
        return directory

    def discard(self, staged: Path) -> None:
        """Throw a directory away; no-op where it was moved away."""
        try:
            # Empty where nothing was made, which is often; to find that out by a walk takes ten times as long.
            staged.rmdir()
        except OSError:
            shutil.rmtree(staged, ignore_errors=True)
        lock = self._locks.pop(staged, None)
        if lock is not None:
            os.close(lock)

    def sweep(self) -> int:
        """Remove what the dead left. Returns how many directories."""
        removed = 0
        for directory in self._directory.glob("*"):
            if directory not in self._locks and _is_abandoned(directory):
                shutil.rmtree(directory, ignore_errors=True)
                removed += 1
        return removed


def _lock(descriptor: int, *, wait: bool = False) -> bool | None:
    """Lock a directory for as long as this process lives; None where the file system knows no such locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _is_abandoned(directory: Path) -> bool:
    """Tell whether whoever staged here is dead: the kernel gave its lock back."""
    try:
        age = time.time() - max(path.stat().st_mtime for path in (directory, *directory.rglob("*")))
        descriptor = os.open(directory, os.O_RDONLY)
    except OSError:  # it has just been published
        return False
    try:
        locked = _lock(descriptor)
    finally:
        os.close(descriptor)
    return age > OLD_SECONDS if locked is None else bool(locked) and age > YOUNG_SECONDS
