"""Which files of a directory are looked at: all below it, but for hidden and temporary ones and links that lead out."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

TEMPORARY: Final = (".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", ".aria2", ".swp", "~")
"""Endings of names under which programs write what is not whole yet."""


class State(NamedTuple):
    """What of a file changes when somebody writes to it."""

    size: int
    modified_ns: int


def is_passed_over(name: str) -> bool:
    """Whether a file or directory name says that what it holds is not meant for us, or not yet."""
    return name.startswith(".") or name.lower().endswith(TEMPORARY)


def state_of(path: Path) -> State | None:
    """Return the state of a regular file; None where there is none (any more). Raises OSError where that is unknown."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return State(status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None


def leads_out(path: Path, roots: Iterable[Path]) -> bool:
    """Whether a path, all links followed, lies outside the watched directories.

    roots : the directories, with their own links followed
    """
    real = path.resolve()
    return not any(real.is_relative_to(root) for root in roots)


def walk(directory: Path, unreadable: Callable[[OSError], None]) -> Iterator[Path]:
    """Yield the files below a directory, links to files among them. Links to directories are not followed.

    unreadable : told of each directory that cannot be read; the others are read all the same
    """
    for folder, folders, names in os.walk(directory, onerror=unreadable, followlinks=False):
        folders[:] = sorted(name for name in folders if not is_passed_over(name))
        for name in sorted(names):
            if not is_passed_over(name):
                yield Path(folder, name)
