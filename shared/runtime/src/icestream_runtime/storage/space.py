"""Space: how much room is left where we write."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from icestream_core.errors import StorageError


class Space(NamedTuple):
    """Of a file system, bytes. Free: for who is not root."""

    free: int
    size: int


def space_of(places: Mapping[str, Path]) -> dict[str, Space]:
    """Return the room at each place, by its name; a directory that is not there yet is judged by the one it will be in.

    Raises StorageError where a file system does not answer.
    """
    found = {}
    for name, path in places.items():
        try:
            there = next(each for each in (path, *path.parents) if each.exists())
            usage = shutil.disk_usage(there)
        except OSError as error:
            raise StorageError(f"{path} does not say how much room is left: {error}") from error
        found[name] = Space(usage.free, usage.total)
    return found
