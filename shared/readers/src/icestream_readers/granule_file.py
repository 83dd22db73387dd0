"""The file of a granule on disk, before any format is looked at."""

from __future__ import annotations

from pathlib import Path

from icestream_core.errors import GranuleError, StorageError
from icestream_core.granule import Granule


def beginning(path: Path, granule: Granule, count: int) -> bytes:
    """Return the first bytes of a granule's file.

    Raises GranuleError where there is no file or it is empty, StorageError where it may not be read.
    """
    if path.is_dir():
        raise GranuleError(f"{path} is a directory; wanted the file of {granule.granule_id}", granule.granule_id)
    if not path.is_file():
        raise GranuleError(f"there is no file {path}; wanted that of {granule.granule_id}", granule.granule_id)
    try:
        with path.open("rb") as file:
            found = file.read(count)
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error}") from error
    if not found:
        raise GranuleError(f"{path} is empty; fetch {granule.granule_id} again", granule.granule_id)
    return found
