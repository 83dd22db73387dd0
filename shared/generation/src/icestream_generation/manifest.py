"""The manifest: every file of a made directory with its size and checksum. It is written last."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from icestream_core.errors import StorageError
from icestream_core.outcome import Manifest, ManifestFile

MANIFEST = "manifest.json"
HERE = "."
"""The href of a manifest as it is written: where the directory will lie is its publisher's to say."""


class MadeFile(NamedTuple):
    """A file that was written, and what it is.

    role : data, delivery, quicklook or stac
    """

    path: Path
    role: str
    media_type: str
    dataset: str = ""


def listed(written: Sequence[MadeFile]) -> tuple[ManifestFile, ...]:
    """Return the entries of files: their sizes and checksums are read from the disk."""
    return tuple(
        ManifestFile(
            name=file.path.name,
            role=file.role,
            media_type=file.media_type,
            size=file.path.stat().st_size,
            checksum=f"sha256:{sha256(file.path)}",
            dataset=file.dataset,
        )
        for file in written
    )


def write_manifest(out: Path, manifest: Manifest) -> None:
    (out / MANIFEST).write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")


def read_manifest(text: str, href: str) -> Manifest:
    """Return the manifest of a published directory that lies at `href`; raises StorageError for a torn one."""
    try:
        return Manifest.model_validate_json(text).model_copy(update={"href": href})
    except ValidationError as error:
        raise StorageError(f"the manifest at {href} cannot be read: {error}") from None


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
