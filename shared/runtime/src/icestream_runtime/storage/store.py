"""The store: immutable directories, each published in one step, and the dataset tree that shows the current ones."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
import uuid
from pathlib import Path
from typing import Final, NamedTuple, Self

from pydantic import ValidationError

from icestream_core import naming
from icestream_core.errors import StorageError
from icestream_core.granule import Asset
from icestream_core.outcome import Manifest
from icestream_core.slot import Slot, Stage
from icestream_runtime.settings import Settings
from icestream_runtime.storage import tree
from icestream_runtime.storage.fetch import Fetcher
from icestream_runtime.storage.space import Space, space_of

MANIFEST: Final = "manifest.json"
READ_ONLY: Final = 0o444
YOUNG_SECONDS: Final = 5.0
"""Staging so young may be of somebody who is just about to lock it."""
OLD_SECONDS: Final = 3600.0
"""Where the file system knows no locks, staging that nobody wrote to for so long belongs to the dead."""


class Published(NamedTuple):
    """What lies under a target now.

    adopted : it was there before; what was staged has been thrown away
    """

    manifest: Manifest
    adopted: bool


class Storage:
    """Everything below one root: store/, datasets/, staging/ and the cache of what was fetched.

    Every method may be called from several threads and processes. Raises StorageError where the storage is away,
    full or refuses, and for a path that leads out of the root.
    """

    def __init__(
        self, root: Path | str, *, staging: Path | None = None, cache: Path | None = None, cache_size: int = 20 * 10**9
    ) -> None:
        """Take note of where everything lies; nothing is made before it is needed.

        staging : on the root's file system, or publishing in one step is impossible
        """
        if "://" in str(root) and not str(root).startswith("file://"):
            raise StorageError(f"output root {root} is not a local directory; wanted a path or file://")
        self.root = Path(str(root).removeprefix("file://")).resolve()
        self._staging = staging.absolute() if staging else self.root / "staging"
        self._locks: dict[Path, int] = {}
        self._cache = cache or self.root / "cache"
        self._fetcher = Fetcher(self._cache, cache_size)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the storage that the settings describe."""
        return cls(
            settings.out, staging=settings.staging, cache=settings.cache_dir, cache_size=int(settings.cache_size)
        )

    def fetch(self, asset: Asset, granule_id: str = "") -> Path:
        """Return the local file of an asset, verified; raises GranuleError where it is not what was promised."""
        return self._fetcher.fetch(asset, granule_id)

    def stage(self, token: str) -> Path:
        """Return a new empty directory to write in, until `publish` or `discard`. Two that hold one token get two."""
        directory = self._staging / f"{Path(naming.staging_path(token)).name}-{uuid.uuid4().hex[:8]}"
        try:
            directory.mkdir(parents=True)
            self._locks[directory] = os.open(directory, os.O_RDONLY)
            _lock(self._locks[directory])
        except OSError as error:
            raise StorageError(f"staging directory {directory} cannot be made: {error}") from error
        return directory

    def discard(self, staged: Path) -> None:
        """Throw a staging directory away; no-op where it was published."""
        shutil.rmtree(staged, ignore_errors=True)
        lock = self._locks.pop(staged, None)
        if lock is not None:
            os.close(lock)

    def find(self, target: str) -> Manifest | None:
        """Return what is published under a target, relative to the root; None where nothing is.

        Raises StorageError where something is there that is not whole.
        """
        return _read(self._inside(target))

    def publish(self, staged: Path, target: str) -> Published:
        """Move a staged directory, its manifest in it, under its target in one step.

        Where the target exists, that one holds. Everything is on disk before the name appears.
        """
        directory = self._inside(target)
        manifest = _read(staged)
        if manifest is None:
            raise StorageError(f"{staged} is empty: there is nothing to publish")
        try:
            for path in staged.iterdir():
                _flush(path)
                path.chmod(READ_ONLY)
            _flush(staged)
            directory.parent.mkdir(parents=True, exist_ok=True)
            staged.rename(directory)
            _flush(directory.parent)
        except OSError as error:
            there = _read(directory)
            if there is None:
                raise StorageError(f"{directory} cannot be published: {error}") from error
            return Published(there, adopted=True)
        finally:
            self.discard(staged)
        return Published(manifest.model_copy(update={"href": str(directory)}), adopted=False)

    def place(self, slot: Slot, manifest: Manifest | None, revision: int, stage: Stage = "final") -> bool:
        """Let the dataset tree show this revision of a slot; False where it shows a newer one.

        manifest : None for a void revision: the slot's files are taken away
        """
        folder = self._inside(naming.dataset_path(slot))
        source = self._inside(manifest.href) if manifest else None
        for file in manifest.files if manifest else ():
            if file.name in (".", ".."):
                raise StorageError(f"{manifest.href if manifest else ''} lists a file {file.name!r}; wanted a name")
        try:
            return tree.place(folder, slot, source, manifest, revision, stage)
        except OSError as error:
            raise StorageError(f"{slot.key} cannot be placed in {folder}: {error}") from error

    def space(self) -> dict[str, Space]:
        """Return how much room is left for output, staging and cache; raises StorageError where nobody says."""
        return space_of({"output": self.root, "staging": self._staging, "cache": self._cache})

    def sweep(self) -> int:
        """Remove the staging of workers that died. Returns how many directories."""
        removed = 0
        for directory in self._staging.glob("*"):
            if directory not in self._locks and _is_abandoned(directory):
                shutil.rmtree(directory, ignore_errors=True)
                removed += 1
        return removed

    def _inside(self, path: str) -> Path:
        """Return an absolute path below the root; an absolute one must lie there already."""
        found = Path(os.path.normpath(self.root / path))
        if self.root not in found.parents:
            raise StorageError(f"{path} leads out of {self.root}")
        return found


def _read(directory: Path) -> Manifest | None:
    """Return the manifest of a directory whose files are all there; None where there is no directory or it is empty."""
    path = directory / MANIFEST
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
        sizes = {entry.name: entry.stat().st_size for entry in os.scandir(directory)}
    except (FileNotFoundError, NotADirectoryError):
        if directory.is_dir() and any(directory.iterdir()):
            raise StorageError(f"{directory} has no {MANIFEST}: it was damaged; move it away") from None
        return None
    except ValidationError as error:
        raise StorageError(f"{path} cannot be read ({error}); move the directory away") from error
    except OSError as error:
        raise StorageError(f"{directory} cannot be read: {error}") from error
    for file in manifest.files:
        if sizes.get(file.name) != file.size:
            raise StorageError(
                f"{directory / file.name} has {sizes.get(file.name, 'no')} bytes; its manifest says {file.size}: "
                "it was damaged; move the directory away"
            )
    # Where it lies now: a root may have been moved as a whole.
    return manifest.model_copy(update={"href": str(directory)})


def _flush(path: Path) -> None:
    """Have the disk hold what was written: an announcement must not outlive its files."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool | None:
    """Lock a directory for as long as this process lives; None where the file system knows no such locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
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
