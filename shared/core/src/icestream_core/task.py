"""A task: make this slot from exactly these inputs. It carries hrefs and checksums, so a worker needs no database."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping

from pydantic import AwareDatetime, Field

from icestream_core.granule import VERSION_PATTERN, Granule, Message, Mode, Traceparent
from icestream_core.slot import Slot


class TaskInput(Message):
    """One granule of a task and where it stands in the input's window (in periods; 0 is the slot's own)."""

    granule: Granule
    step: int = 0


class Task(Message):
    """What a worker is handed.

    token : the right to finalise; a later task of the slot has another one
    inputs : by the names of the record
    missing : what the record would have liked and did not get, in words, for the product's attributes
    traceparent : of the input that came last: what is made belongs to its trace
    created_at : becomes `date_created` of the files, so a re-make is byte-identical
    """

    slot: Slot
    version: str = Field(pattern=VERSION_PATTERN)
    token: str = Field(pattern=r"^[0-9a-f]{8,64}$")
    inputs_hash: str = Field(pattern=r"^[0-9a-f]{64}$")
    inputs: dict[str, tuple[TaskInput, ...]]
    missing: tuple[str, ...] = ()
    mode: Mode = "forward"
    created_at: AwareDatetime
    traceparent: Traceparent = ""


def inputs_hash(inputs: Mapping[str, Iterable[TaskInput]], options: Mapping[str, object]) -> str:
    """Return the identity of what a slot is made from: granule ids, checksums and options, never hrefs or versions."""
    listed = {
        name: sorted([entry.granule.granule_id, entry.granule.checksum, entry.step] for entry in entries)
        for name, entries in inputs.items()
    }
    text = json.dumps({"inputs": listed, "options": dict(options)}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
