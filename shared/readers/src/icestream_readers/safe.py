"""A SAFE, folder or zip archive: its members by what their names say, as bytes or as a name that GDAL opens."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

from icestream_core.errors import GranuleError
from icestream_core.granule import Granule

LARGEST_XML = 64 * 2**20
"""Bytes; those of a whole scene have 2 MB."""


class Safe:
    """The members of a SAFE.

    Raises GranuleError where it is neither a folder nor a zip archive.
    """

    def __init__(self, path: Path, granule: Granule) -> None:
        self._path, self._granule = path, granule
        if path.is_dir():
            self.names = sorted(str(file.relative_to(path)) for file in path.rglob("*") if file.is_file())
            return
        if not path.exists():
            raise self._refused(f"has no file {path}")
        try:
            with zipfile.ZipFile(path) as archive:
                self.names = sorted(archive.namelist())
        except (zipfile.BadZipFile, OSError) as error:
            raise self._refused(f"is no zip archive ({error}); fetch it again") from error

    def one(self, pattern: str) -> str:
        """Return the name of the member that a regular expression finds; GranuleError where it is none or several."""
        found = [name for name in self.names if re.search(pattern, name)]
        if len(found) != 1:
            raise self._refused(f"has {len(found)} members that fit {pattern!r}; wanted one: is the SAFE whole?")
        return found[0]

    def xml(self, name: str) -> ElementTree.Element:
        """Return the root of a member in XML."""
        try:
            if self._path.is_dir():
                body = (self._path / name).read_bytes()
            else:
                with zipfile.ZipFile(self._path) as archive, archive.open(name) as member:
                    body = member.read(LARGEST_XML + 1)
            if len(body) > LARGEST_XML:
                raise self._refused(f"has {name} of more than {LARGEST_XML} bytes")
            return ElementTree.fromstring(body)
        except (ElementTree.ParseError, zipfile.BadZipFile, OSError, EOFError) as error:
            raise self._refused(f"has a {name} that cannot be read ({error}); fetch it again") from error

    def gdal(self, name: str) -> str:
        """Return the name by which GDAL opens a member."""
        return str(self._path / name) if self._path.is_dir() else f"/vsizip/{self._path.resolve()}/{name}"

    def _refused(self, what: str) -> GranuleError:
        return GranuleError(f"{self._granule.granule_id} {what}", self._granule.granule_id)
