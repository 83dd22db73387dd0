"""From a file to the granule that announces it: its collection by its name, its checksum by its content."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from icestream_core import naming
from icestream_core.collection import Collection, Facts, recognise
from icestream_core.errors import GranuleError
from icestream_core.granule import Asset, Granule, Mode
from icestream_core.message import cloud_event, encode, event_id
from icestream_core.problems import first_problems
from icestream_runtime.broker import Message
from icestream_runtime.storage.checksum import digest
from icestream_watcher.files import State, state_of

SOURCE: Final = "icestream/watcher"
ALGORITHM: Final = "sha256"


class ChangedWhileRead(Exception):
    """Somebody wrote to the file while its checksum was taken: it is not whole yet."""


def checksum_of(path: Path, state: State) -> str:
    """Return the checksum of a file's content; raises ChangedWhileRead, or OSError where it cannot be read."""
    checksum = f"{ALGORITHM}:{digest(path, ALGORITHM)}"
    if state_of(path) != state:
        raise ChangedWhileRead(path)
    return checksum


def granule_of(
    path: Path,
    collection: Collection,
    facts: Facts,
    state: State,
    checksum: str,
    mode: Mode = "forward",
    replaces: bool = False,
) -> Granule:
    """Return the granule that a file is.

    state : size and modification time, of which the latter says when it was published, unless the name does
    checksum : of the content in that state
    replaces : the file had other content under the same name: then its name does not say which of the two is newer
    Raises GranuleError where name or place are what no granule may have, such as a date before 1800.
    """
    try:
        modified = datetime.fromtimestamp(state.modified_ns / 1e9, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise GranuleError(f"{str(path)!r} was modified at no time: {error}", facts.granule_id) from None
    published = modified if facts.produced is None else max(facts.produced, modified) if replaces else facts.produced
    try:
        asset = Asset(href=str(path.absolute()), size=state.size, checksum=checksum, media_type=collection.media_type)
        return Granule(
            granule_id=facts.granule_id,
            checksum=checksum,
            collection=collection.name,
            sensor=collection.sensor_of(facts.platform),
            platform=facts.platform,
            tile=facts.tile,
            part=facts.part,
            variant=facts.variant,
            start=facts.start,
            end=facts.end,
            footprint=facts.footprint,
            assets=(asset,),
            published_at=published,
            received_at=datetime.now(UTC),
            mode=mode,
        )
    except ValidationError as error:
        raise GranuleError(f"{str(path)!r} makes no granule: {first_problems(error)}", facts.granule_id) from None


def event_of(granule: Granule) -> str:
    """Return the id of the event that a granule is announced by; the same granule again has the same."""
    return event_id("granule", granule.granule_id, granule.checksum)


def message_of(granule: Granule) -> Message:
    """Return the message that announces a granule."""
    identity = event_of(granule)
    return Message(
        body=encode(granule),
        routing_key=naming.granule_key(granule),
        headers=cloud_event(granule, SOURCE, identity, granule.received_at),
        message_id=identity,
    )


def announceable(path: Path, collections: Sequence[Collection], mode: Mode = "forward") -> Granule | None:
    """Return the granule that a whole file is; None where its name is of no collection.

    Raises GranuleError where there is no such file, or it changes while it is read.
    """
    recognised = recognise(path.name, collections)
    if recognised is None:
        return None
    try:
        state = state_of(path)
        if state is None:
            raise GranuleError(f"{path} is no file; wanted one of {recognised[0].name}")
        return granule_of(path, *recognised, state, checksum_of(path, state), mode)
    except ChangedWhileRead:
        raise GranuleError(f"{path} was written to while it was read; wait until it is whole") from None
    except OSError as error:
        raise GranuleError(f"{path} cannot be read: {error.strerror}") from error
