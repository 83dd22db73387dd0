"""The file of a granule on disk, before any format is looked at."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from icestream_core.errors import GranuleError, StorageError
from icestream_core.granule import Granule

_GZIP = b"\x1f\x8b"


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


def is_packed(path: Path, granule: Granule) -> bool:
    """Return whether a file is gzip's, as seen from the file itself, whatever its name."""
    return beginning(path, granule, len(_GZIP)) == _GZIP


def unpacked(path: Path, granule: Granule, most: int) -> bytes:
    """Return the bytes of a file, unpacked where they are gzip's; one more than `most` tells that there are more.

    Raises GranuleError where it is a broken gzip file, StorageError where it may not be read. A bomb is never unpacked.
    """
    try:
        with gzip.open(path) if is_packed(path, granule) else path.open("rb") as file:
            return file.read(most + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise GranuleError(
            f"{granule.granule_id} is a broken gzip file ({error}); fetch it again", granule.granule_id
        ) from error
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error}") from error
