"""What is published: whole directories, each with a manifest of its files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, Protocol

from pydantic import ValidationError

from icestream_core.errors import StorageError
from icestream_core.outcome import Manifest
from icestream_core.slot import Slot, Stage

MANIFEST: Final = "manifest.json"


class Published(NamedTuple):
    """What lies under a target now.

    adopted : it was there before; what was staged has been thrown away
    """

    manifest: Manifest
    adopted: bool


class Stored(NamedTuple):
    """A directory of what was published, or was to be.

    target : relative to the root
    written_at : when the last of it was written
    """

    target: str
    written_at: datetime


class Store(Protocol):
    """Where published directories and the dataset tree lie: a local directory, or a bucket.

    Targets are relative to its root. Raises StorageError where it is away, full or refuses.
    """

    def find(self, target: str) -> Manifest | None: ...

    def publish(self, staged: Path, manifest: Manifest, target: str) -> Published: ...

    def remove(self, target: str) -> None:
        """Take away what is published under a target, at once for whoever looks; no-op where nothing is."""

    def stored(self) -> Iterator[Stored]:
        """Give everything that lies where results are published, whole or not."""

    def place(self, slot: Slot, manifest: Manifest | None, revision: int, stage: Stage) -> bool: ...

    def relative(self, href: str) -> str: ...

    def open(self, path: str) -> BinaryIO: ...

    def local(self, path: str) -> Path | None: ...

    def try_out(self, staged: Path) -> None: ...


def read_manifest(directory: Path) -> Manifest | None:
    """Return the manifest of a directory whose files are all there; None where there is no directory or it is empty.

    Raises StorageError for one that is not whole.
    """
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
