"""From a notice to granules: the collection by the file's name, as for files that land; the checksum by the content."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from icestream_core.collection import Collection, Facts, recognise
from icestream_core.granule import Asset, Granule, Mode
from icestream_core.problems import first_problems
from icestream_runtime.secret_url import readable
from icestream_runtime.storage import Storage
from icestream_runtime.storage.fetch import local_path
from icestream_watcher.files import leads_out
from icestream_watcher.notices.notice import Notice, NoticedFile, NoticeError

LONGEST_HREF: Final = 4096
"""Characters, of an asset's address."""


def recognised(file: NoticedFile, collections: Sequence[Collection]) -> tuple[Collection, Facts] | None:
    """Return the collection of a file that a notice is of, and what its name tells; None where it is of none."""
    return next((found for name in file.names if (found := recognise(name, collections)) is not None), None)


def asset_of(notice: Notice, file: NoticedFile, roots: Sequence[Path], storage: Storage, verify: bool) -> Asset:
    """Return the asset that a file is. It is fetched where its checksum has to be learned or verified.

    roots : directories that may be read here, with their links followed
    Raises NoticeError for a local path outside of them, GranuleError and StorageError as the storage does.
    """
    local = _local(notice, file)
    if local is not None and leads_out(local, roots):
        raise NoticeError(notice.format, "href", f"{file.href[:200]} is a local path outside the watched directories")
    if not file.checksum:
        return storage.learn(file.href, file.size, file.names[0])
    asset = Asset(href=file.href, size=file.size, checksum=file.checksum)
    if verify or local is not None:
        storage.release(storage.fetch(asset, file.names[0]))
    return asset


def granule_of(
    notice: Notice, collection: Collection, facts: Facts, asset: Asset, mode: Mode, received_at: datetime
) -> Granule:
    """Return the granule that a file of a notice is; raises NoticeError where its name tells what none may have."""
    try:
        return Granule(
            granule_id=facts.granule_id,
            checksum=asset.checksum,
            collection=collection.name,
            sensor=collection.sensor_of(facts.platform),
            platform=facts.platform,
            tile=facts.tile,
            part=facts.part,
            variant=facts.variant,
            start=facts.start,
            end=facts.end,
            footprint=facts.footprint,
            assets=(asset.model_copy(update={"media_type": collection.media_type}),),
            # The producer's own time in the name goes first: it is the same on every way that the file takes.
            published_at=facts.produced or notice.published_at or received_at,
            received_at=received_at,
            mode="reprocessing" if "reprocessing" in (notice.mode, mode) else "forward",
            source_format=notice.format,
        )
    except ValidationError as error:
        raise NoticeError(notice.format, "name", f"makes no granule: {first_problems(error)}") from None


def made_newer(granule: Granule) -> Granule:
    """Return a granule that goes before all that came before it under the same name."""
    return granule.model_copy(update={"published_at": max(granule.published_at, datetime.now(UTC))})


def _local(notice: Notice, file: NoticedFile) -> Path | None:
    if len(file.href) > LONGEST_HREF:
        raise NoticeError(notice.format, "href", f"has {len(file.href)} characters; at most {LONGEST_HREF} are read")
    if "\0" in file.href:
        raise NoticeError(notice.format, "href", f"{file.href[:200]!r} holds a zero byte; no address has one")
    scheme, separator, _ = file.href.partition("://")
    if separator and scheme not in ("https", "http", "s3", "file"):
        place = readable(file.href)[:200]
        raise NoticeError(notice.format, "href", f"{place} cannot be fetched; wanted https, s3, or a watched directory")
    if not separator and not file.href.startswith("/"):
        raise NoticeError(notice.format, "href", f"{file.href[:200]} is relative; wanted a whole address")
    return local_path(file.href)
