"""The dataset tree: under the names that a dataset promises, the current revision of every slot, and only that."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from icestream_core.errors import StorageError
from icestream_core.outcome import Manifest
from icestream_core.slot import Slot, Stage

PLACED_ROLES: Final = ("data", "delivery")
LOCK: Final = ".lock"


def place(
    folder: Path, slot: Slot, source: Path | None, manifest: Manifest | None, revision: int, stage: Stage
) -> bool:
    """Put a revision's files into a folder; False where a newer revision is there already.

    folder : of the dataset tree
    source : the published directory; None, as the manifest, takes the slot's files away: it is void now
    Each name is replaced in one step. Placing a revision again mends what a dead process left half done.
    """
    marker = folder / f".{slot.key}.json"
    if manifest is None and revision == 1 and not marker.exists():
        # Nothing was ever shown, and there is no older revision that might yet be.
        return True
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        known_order, known_files = _read(marker)
        order = (revision, stage == "final")
        if known_order > order:
            return False
        names = [file.name for file in manifest.files if file.role in PLACED_ROLES] if manifest else []
        for name in names:
            if source is not None:
                replace(source / name, folder / name)
        for name in set(known_files) - set(names):
            (folder / name).unlink(missing_ok=True)
        content = json.dumps({"revision": revision, "stage": stage, "files": names})
        written = folder / f".{uuid.uuid4().hex}.tmp"
        written.write_text(content)
        written.replace(marker)
    return True


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder: two gatherers that announce two revisions of a slot must not cross."""
    with (folder / LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _read(marker: Path) -> tuple[tuple[int, bool], list[str]]:
    try:
        content = json.loads(marker.read_text())
        return (int(content["revision"]), content["stage"] == "final"), [str(name) for name in content["files"]]
    except FileNotFoundError:
        return (0, False), []
    except (ValueError, KeyError, TypeError) as error:
        raise StorageError(f"{marker} cannot be read ({error}); remove it, and announce the slot again") from error


def replace(source: Path, target: Path) -> None:
    """Let the name stand for the file, by a hard link where one file system holds both, else by a copy."""
    arriving = target.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        try:
            arriving.hardlink_to(source)
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP):
                raise
            shutil.copyfile(source, arriving)
        arriving.replace(target)
    finally:
        # A rename between two links of one file does nothing and leaves both.
        arriving.unlink(missing_ok=True)
