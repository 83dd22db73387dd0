"""The cache: remote files under their checksums, on local disk, in limited room, shared by any number of processes.

Each file lies in a directory of its own. Whoever uses it holds a shared lock on that directory, which the kernel takes
back from the dead; what is locked is never removed. Where the file system knows no locks, nothing is removed at all.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

import structlog

from icestream_core.errors import StorageError

READ_ONLY: Final = 0o444
LONGEST_NAME: Final = 200
ARRIVING: Final = ".fetching-"
YOUNG_SECONDS: Final = 60.0
"""What was begun so recently may be of somebody who is just about to lock it."""
AGAIN_SECONDS: Final = 0.02
"""Between looks whether somebody else has fetched a file."""
NO_LOCKS: Final = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP})
"""What a file system says that knows none."""

Arrive = Callable[[Path], None]
"""Writes a verified file to a path, or raises."""


class Entry(NamedTuple):
    """A directory of the cache.

    used_at : when it was last asked for, Unix time
    """

    used_at: float
    size: int
    directory: Path


class Cache:
    """Files by checksum. Safe to use from several threads and processes; raises StorageError where the disk refuses."""

    def __init__(self, directory: Path, most: int) -> None:
        """Take note of the directory, made when it is first needed, and how many bytes it may hold."""
        self._directory, self._most = directory, most
        self._held: dict[Path, list[int]] = {}
        self._lock = threading.Lock()
        self._log = structlog.stdlib.get_logger("icestream.storage")

    def get(self, checksum: str, name: str, size: int, arrive: Arrive) -> Path:
        """Return the file of a checksum, held until `release`; `arrive` fetches it where it is not there.

        name : the file is called so: readers tell compression by it
        size : bytes, as far as it is known, to make room
        Two who want one file at once fetch it once.
        """
        if size > self._most:
            raise StorageError(f"{name} has {size} bytes; the cache holds {self._most}: raise cache_size")
        algorithm, _, digest = checksum.partition(":")
        # A name of its own for each name: who waits to fetch must never wait for who reads the same under another one.
        directory = self._directory / algorithm / f"{digest}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
        path = directory / name
        fetched = False
        try:
            while not _is_there(lock := self._open(directory), path):
                # A lock that changes its kind is let go of in between: so look again with a new one.
                self._fetch_once(lock, path, size, arrive)
                fetched = True
        except OSError as error:
            raise StorageError(f"the cache in {self._directory} cannot be used: {error}") from error
        with self._lock:
            self._held.setdefault(path, []).append(lock)
        if fetched:
            self._make_room(0)
        return path

    def add(self, checksum: str, arrived: Path, name: str) -> Path:
        """Keep a file that was fetched to learn its checksum; it is held. `arrived` is gone after."""
        return self.get(checksum, name, 0, lambda path: _move(arrived, path))

    def release(self, path: Path) -> None:
        """Let go of a file that `get` gave; no-op for any other. Nobody may read it after."""
        with self._lock:
            locks = self._held.get(path, [])
            lock = locks.pop() if locks else None
            if not locks:
                self._held.pop(path, None)
        if lock is not None:
            os.close(lock)

    def forget(self, path: Path) -> None:
        """Release a file that turned out to be damaged and remove it, so that it is fetched anew."""
        path.unlink(missing_ok=True)
        self.release(path)

    @contextmanager
    def arriving(self) -> Iterator[Path]:
        """Give a new path to write to. What is still there at the end of the block is removed."""
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=ARRIVING, dir=self._directory)
        except OSError as error:
            raise StorageError(f"the cache in {self._directory} cannot be used: {error}") from error
        path = Path(name)
        try:
            _lock(handle, fcntl.LOCK_EX)
            yield path
        finally:
            os.close(handle)
            path.unlink(missing_ok=True)

    def _open(self, directory: Path) -> int:
        """Return an open directory with a shared lock on it; one that is still there once it is locked."""
        while True:
            try:
                directory.mkdir(parents=True, exist_ok=True)
                lock = os.open(directory, os.O_RDONLY)
            except FileNotFoundError:  # somebody made room just now
                continue
            except FileExistsError as error:  # the same, while mkdir asked whether what is there is a directory
                if directory.is_file() or Path(error.filename).is_symlink():
                    raise
                continue
            with _closed_on_error(lock):
                _lock(lock, fcntl.LOCK_SH)
                if _is(lock, directory):
                    return lock
            os.close(lock)

    def _fetch_once(self, lock: int, path: Path, size: int, arrive: Arrive) -> None:
        """Fetch a file unless somebody else just has; the lock is made exclusive meanwhile, and let go of."""
        try:
            if not _may_fetch(lock, path) or not _is(lock, path.parent) or path.is_file():
                return
            self._make_room(size)
            with self.arriving() as arriving:
                arrive(arriving)
                arriving.chmod(READ_ONLY)
                arriving.replace(path)
        finally:
            os.close(lock)

    def _make_room(self, size: int) -> None:
        """Remove what was not used for longest until so many bytes more have room; never what somebody holds."""
        self._sweep()
        entries = sorted(self._entries())
        held = size + sum(entry.size for entry in entries)
        for entry in entries:
            if held <= self._most:
                return
            if _remove(entry.directory):
                held -= entry.size
        if held > self._most:
            self._log.warning("all in the cache is in use: it holds more than it may", bytes=held, may=self._most)

    def _entries(self) -> Iterator[Entry]:
        for directory in self._directory.glob("[!.]*/*"):
            try:
                size = sum(path.stat().st_size for path in directory.iterdir())
                yield Entry(directory.stat().st_mtime, size, directory)
            except (FileNotFoundError, NotADirectoryError):  # somebody else made room at the same time
                continue

    def _sweep(self) -> None:
        """Remove what the dead were fetching."""
        for path in self._directory.glob(f"{ARRIVING}*"):
            try:
                if time.time() - path.stat().st_mtime < YOUNG_SECONDS:
                    continue
                lock = os.open(path, os.O_RDONLY)
            except FileNotFoundError:
                continue
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink(missing_ok=True)
            except OSError:  # it is being written
                continue
            finally:
                os.close(lock)


@contextmanager
def _closed_on_error(descriptor: int) -> Iterator[None]:
    """Close what is open where the block raises."""
    try:
        yield
    except OSError:
        os.close(descriptor)
        raise


def _is_there(lock: int, path: Path) -> bool:
    """Whether a file is in a locked directory, which is in use then."""
    with _closed_on_error(lock):
        if not path.is_file():
            return False
        os.utime(path.parent)
        return True


def _lock(descriptor: int, kind: int) -> None:
    """Lock what is open; no-op where the file system knows no locks."""
    try:
        fcntl.flock(descriptor, kind)
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise


def _may_fetch(lock: int, path: Path) -> bool:
    """Wait until the lock is exclusive; False once the file is there, without waiting for those who read it by now."""
    while not path.is_file():
        try:
            _lock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(AGAIN_SECONDS)
        else:
            return True
    return False


def name_of(href: str) -> str:
    """Return the file name that an address ends with; what follows a question mark is no part of it."""
    try:
        name = unquote(urlsplit(href).path.rsplit("/", 1)[-1])
    except ValueError:  # no address at all, which whoever fetches it tells
        return "file"
    return name[-LONGEST_NAME:] if name not in ("", ".", "..") and "/" not in name and "\x00" not in name else "file"


def _is(descriptor: int, directory: Path) -> bool:
    """Whether an open directory is the one that has this name now."""
    try:
        named, opened = directory.stat(), os.fstat(descriptor)
    except FileNotFoundError:
        return False
    return (named.st_dev, named.st_ino) == (opened.st_dev, opened.st_ino)


def _remove(directory: Path) -> bool:
    """Remove an entry that nobody holds; False where somebody does."""
    try:
        lock = os.open(directory, os.O_RDONLY)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not _is(lock, directory):  # somebody else was quicker, and what has its name by now may be in use
            return False
        shutil.rmtree(directory)
    except OSError:  # somebody holds it, or the file system knows no locks
        return False
    finally:
        os.close(lock)
    return True


def _move(arrived: Path, path: Path) -> None:
    arrived.replace(path)
