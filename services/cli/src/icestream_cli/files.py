"""Files on the command line, and the granules that they are."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from icestream_cli.output import note

if TYPE_CHECKING:
    from icestream_core.granule import Granule, Mode
    from icestream_core.plugins import Plugins

FILES: Final = click.Path(exists=True, path_type=Path)
NAMED: Final = 5


def granules_of(
    paths: Sequence[Path], plugins: Plugins, read: Collection[str] | None, mode: Mode = "forward"
) -> list[Granule]:
    """Return the granules that files and the files of directories are.

    read : the collections that are wanted; None where any may be
    Says which files are of no collection. Raises UsageError where none is of a collection that is wanted.
    """
    from icestream_watcher.announce import announceable

    collections = list(plugins.collections.values())
    wanted_collections = plugins.collections.keys() if read is None else set(read)
    found, unknown, unread = [], [], []
    for path in _files(paths):
        granule = announceable(path, collections, mode)
        if granule is None:
            unknown.append(path.name)
        elif granule.collection not in wanted_collections:
            unread.append(f"{path.name} ({granule.collection})")
        else:
            found.append(granule)
    wanted = ", ".join(sorted(wanted_collections & plugins.collections.keys())) or "nothing that is installed"
    if not found:
        given = _some([*unknown, *unread]) or "nothing"
        raise click.UsageError(f"none of the files can be used; found {given}; wanted granules of {wanted}")
    if unknown:
        note(f"left alone, of no known collection: {_some(unknown)}")
    if unread:
        note(f"left alone, not read: {_some(unread)}; wanted granules of {wanted}")
    return found


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    from icestream_watcher.files import walk

    def unreadable(error: OSError) -> None:
        raise click.UsageError(f"{error.filename} cannot be read: {error.strerror}") from error

    for path in paths:
        if path.is_dir():
            yield from walk(path, unreadable)
        else:
            yield path


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
