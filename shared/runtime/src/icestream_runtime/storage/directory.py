"""A local directory as store: what is staged is renamed under its target, in one step."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from icestream_core import naming
from icestream_core.errors import StorageError
from icestream_core.outcome import Manifest
from icestream_core.slot import Slot, Stage
from icestream_runtime.storage import tree
from icestream_runtime.storage.published import Published, Stored, read_manifest

READ_ONLY: Final = 0o444
NO_FILE: Final = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG)
"""What a system says of a name under which no file is, however often it is asked."""


class Directory:
    """Keeps the contract of `published.Store` below a local root. Staging is on the same file system."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def find(self, target: str) -> Manifest | None:
        return read_manifest(self._inside(target))

    def publish(self, staged: Path, manifest: Manifest, target: str) -> Published:
        """Everything is on disk before the name appears; a target that exists refuses the rename."""
        directory = self._inside(target)
        try:
            for path in staged.iterdir():
                _flush(path)
                path.chmod(READ_ONLY)
            _flush(staged)
            directory.parent.mkdir(parents=True, exist_ok=True)
            staged.rename(directory)
            _flush(directory.parent)
        except OSError as error:
            there = read_manifest(directory)
            if there is None:
                raise StorageError(f"{directory} cannot be published: {error}") from error
            return Published(there, adopted=True)
        return Published(manifest.model_copy(update={"href": str(directory)}), adopted=False)

    def remove(self, target: str) -> None:
        directory = self._inside(target)
        going = directory.with_name(f".{directory.name}-{uuid.uuid4().hex[:8]}")
        try:
            directory.rename(going)
            shutil.rmtree(going)
        except FileNotFoundError:
            return
        except OSError as error:
            raise StorageError(f"{directory} cannot be removed: {error}") from error

    def stored(self) -> Iterator[Stored]:
        """Also what was being removed when somebody died: its name begins with a dot."""
        for path in self._root.glob("store/*/*/*/*"):
            try:
                written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            except FileNotFoundError:
                continue
            yield Stored(str(path.relative_to(self._root)), written)

    def place(self, slot: Slot, manifest: Manifest | None, revision: int, stage: Stage) -> bool:
        folder = self._inside(naming.dataset_path(slot))
        source = self._inside(manifest.href) if manifest else None
        try:
            return tree.place(folder, slot, source, manifest, revision, stage)
        except OSError as error:
            raise StorageError(f"{slot.key} cannot be placed in {folder}: {error}") from error

    def relative(self, href: str) -> str:
        return str(self.local(href.removeprefix("file://")).relative_to(self._root))

    def open(self, path: str) -> BinaryIO:
        try:
            return self.local(path).open("rb")
        except OSError as error:
            if error.errno in NO_FILE:
                if not self._root.is_dir():
                    raise StorageError(f"{self._root} is not there: is it mounted?") from None
                raise FileNotFoundError(errno.ENOENT, f"no file ({error.strerror})", path) from None
            raise StorageError(f"{path} cannot be read: {error}") from error

    def local(self, path: str) -> Path:
        found = self._inside(path)
        if not found.resolve().is_relative_to(self._root):
            raise StorageError(f"{path} is a link that leads out of {self._root}")
        return found

    def try_out(self, staged: Path) -> None:
        """Rename from staging to store, link from store to datasets."""
        stored, shown = self._root / "store" / f".{staged.name}", self._root / "datasets" / f".{staged.name}"
        try:
            for directory in (stored.parent, shown.parent):
                directory.mkdir(parents=True, exist_ok=True)
            for path in staged.iterdir():
                _flush(path)
            try:
                staged.rename(stored)
            except OSError as error:
                if error.errno == errno.EXDEV:
                    raise StorageError(
                        f"{staged.parent} and {stored.parent} are on two file systems: nothing can be published "
                        "in one step; set ICESTREAM_STAGING to a directory on that of ICESTREAM_OUT"
                    ) from error
                raise
            try:
                tree.replace(stored / "trial", shown)
            finally:
                shutil.rmtree(stored, ignore_errors=True)
                shown.unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(f"{self._root} does not take what is published: {error}") from error

    def _inside(self, path: str) -> Path:
        """Return an absolute path below the root; an absolute one must lie there already."""
        if "\0" in path:
            raise StorageError(f"{path!r} is no path")
        found = Path(os.path.normpath(self._root / path))
        if self._root not in found.parents:
            raise StorageError(f"{path} leads out of {self._root}")
        return found


def _flush(path: Path) -> None:
    """Have the disk hold what was written: an announcement must not outlive its files."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
