"""The oracle: what must have been made is known from what was sent; everything that differs is named."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import h5netcdf

from icestream_core import naming
from icestream_core.outcome import Manifest
from icestream_runtime.ledger.contract import SlotRow
from parts.stream import Stream


class Current(NamedTuple):
    """What a slot has in the end.

    makes : the directory of each revision that it has had
    value : in its file; None where that is gone
    shown : whether the dataset tree shows this very file
    """

    state: str
    revision: int
    stage: str
    makes: Sequence[str]
    value: float | None
    shown: bool


class Heard(NamedTuple):
    """An announcement as a listener heard it."""

    key: str
    revision: int
    stage: str
    identity: str


@dataclass
class Verdict:
    """What differs from what must be; nothing, where all is well.

    left : directories that nobody was ever shown, of inputs that were corrected while their task was answered twice
    """

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not (self.lost or self.doubled or self.wrong)

    def __str__(self) -> str:
        counts = f"lost {len(self.lost)}, doubled {len(self.doubled)}, wrong {len(self.wrong)}"
        counts += f" ({len(self.left)} directories left)" if self.left else ""
        return "\n  ".join([counts, *self.lost[:5], *self.doubled[:5], *self.wrong[:5]])


def judge(
    wanted: Mapping[str, float],
    contents: Mapping[str, int],
    found: Mapping[str, Current],
    heard: Iterable[Heard],
    published: Mapping[str, str],
    failed: Collection[str] = (),
) -> Verdict:
    """Compare what is there with what must be there.

    wanted : the value of every slot that must exist
    contents : of slots made of one granule, how many contents that has had: so many revisions there may be
    published : the slot's key of each directory in the store; each make has one, and no two makes share one
    failed : slots one of whose tasks was answered with a failure. Where another worker had that task too and made it,
        its answer came too late; if the inputs were corrected before the next task, the directory is nobody's, and left
    """
    verdict = Verdict()
    announced: dict[str, set[tuple[int, str]]] = defaultdict(set)
    identities: dict[tuple[str, int, str], set[str]] = defaultdict(set)
    for each in heard:
        announced[each.key].add((each.revision, each.stage))
        identities[each.key, each.revision, each.stage].add(each.identity)
    for key, value in wanted.items():
        current = found.get(key)
        if current is None or current.state != "made":
            verdict.lost.append(f"{key} is {'not there' if current is None else current.state}")
            continue
        if (current.revision, current.stage) not in announced[key]:
            verdict.lost.append(f"{key}: revision {current.revision}, {current.stage}, was never announced")
        if max(revision for revision, _ in announced[key] or {(0, "")}) > current.revision:
            verdict.wrong.append(f"{key}: a later revision than {current.revision} was announced")
        if current.value is None:
            verdict.lost.append(f"{key}: its file is gone")
        elif current.value != value:
            verdict.wrong.append(f"{key} holds {current.value:g}; it must hold {value:g}")
        if not current.shown:
            verdict.wrong.append(f"{key}: the dataset tree does not show revision {current.revision}")
        if len(current.makes) > contents.get(key, len(current.makes)):
            verdict.doubled.append(f"{key}: {len(current.makes)} revisions of {contents[key]} contents")
    verdict.doubled += [f"{key} was not asked for" for key in found.keys() - wanted.keys()]
    verdict.doubled += [
        f"{key}: revision {revision}, {stage}, was announced as {len(ids)} events"
        for (key, revision, stage), ids in identities.items()
        if len(ids) > 1
    ]
    makes = [href for current in found.values() for href in current.makes]
    verdict.doubled += [f"{href}: {count} makes share it" for href, count in Counter(makes).items() if count > 1]
    verdict.lost += [f"{href} is gone" for href in makes if href not in published]
    for href in published.keys() - makes:
        if published[href] in failed:
            verdict.left.append(href)
        else:
            verdict.doubled.append(f"{href} was published, and is of no make")
    return verdict


def look(running: Stream, rows: Sequence[SlotRow]) -> dict[str, Current]:
    """Return what each slot has now, by its key."""
    return {row.slot.key: _current(running, row) for row in rows}


def published(out: Path, rows: Sequence[SlotRow]) -> dict[str, str]:
    """Return the slot's key of every directory that is published in a store."""
    keys = {str((out / naming.store_path(row.slot, "0" * 24)).parent): row.slot.key for row in rows}
    paths = [path.parent for path in (out / "store").rglob("manifest.json")]
    return {str(path): keys.get(str(path.parent), "") for path in paths}


def failed(running: Stream) -> set[str]:
    """Return the slots one of whose tasks was answered with a failure."""
    answers = [line for line in running.log("slot answered") if line["status"] == "failed"]
    return {line["slot"] for line in [*answers, *running.log("product failed")]}


def _current(running: Stream, row: SlotRow) -> Current:
    history = running.ledger.history(row.slot)
    manifest = next(
        (Manifest.model_validate(make["manifest"], strict=False) for make in history if make["current"]), None
    )
    value, shown = None, False
    if manifest is not None:
        name = naming.canonical_filename(row.slot)
        entry = next(file for file in manifest.files if file.name == name)
        master = Path(manifest.href) / name
        placed = running.out / naming.dataset_path(row.slot) / name
        value = _if_there(master, _value)
        shown = _if_there(placed, _checksum) == entry.checksum
    stage = row.made.stage if row.made else ""
    makes = [make["manifest"]["href"] for make in history if make["manifest"]]
    return Current(row.state, row.revision, stage, makes, value, shown)


def _if_there(path: Path, read: Callable[[Path], object]) -> object:
    return read(path) if path.exists() else None


def _value(path: Path) -> float:
    with h5netcdf.File(path, "r") as file:
        name = "square" if "square" in file.variables else "sum"
        return float(file.variables[name][...].ravel()[0])


def _checksum(path: Path) -> str:
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()
