"""The dataset tree in a bucket: a marker for each slot says which revision it shows; it is changed by compare-and-swap.

S3 has neither locks nor a rename of several objects. So whoever places a revision first writes into the marker that it
is the one, then copies its files, then looks at the marker again: where a newer one has come meanwhile, its files are
copied again, because ours may have come after. For a moment a reader may see files of two revisions side by side.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, ValidationError

from icestream_core import naming
from icestream_core.errors import StorageError
from icestream_core.outcome import Manifest
from icestream_core.slot import Slot, Stage
from icestream_runtime.storage.buckets import is_lost_race
from icestream_runtime.storage.tree import PLACED_ROLES

ATTEMPTS: Final = 50


class Marker(BaseModel):
    """What a slot shows.

    source : the published prefix, relative to the root
    gone : names that an older revision showed, and this one does not
    """

    revision: int = 0
    stage: Stage = "provisional"
    source: str = ""
    files: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    @property
    def order(self) -> tuple[int, bool]:
        return self.revision, self.stage == "final"


def place(
    s3: Any, root: str, slot: Slot, source: str | None, manifest: Manifest | None, revision: int, stage: Stage
) -> bool:
    """Show a revision's files in the tree below a root; False where a newer revision is there already.

    s3 : s3fs file system
    source : address of the published prefix; None, as the manifest, takes the slot's files away: it is void now
    """
    folder = f"{root}/{naming.dataset_path(slot)}"
    path = f"{folder}/.{slot.key}.json"
    names = tuple(file.name for file in manifest.files if file.role in PLACED_ROLES) if manifest else ()
    wanted = Marker(revision=revision, stage=stage, source=(source or "").removeprefix(f"{root}/"), files=names)
    shown = _claim(s3, path, wanted)
    if shown is None:
        return False
    while True:
        for name in shown.files:
            s3.cp_file(f"{root}/{shown.source}/{name}", f"{folder}/{name}")
        for name in shown.gone:
            # S3 says yes to the removal of what is not there.
            s3.rm_file(f"{folder}/{name}")
        now, _ = _read(s3, path)
        if now.order == shown.order:
            return True
        shown = now


def _claim(s3: Any, path: str, wanted: Marker) -> Marker | None:
    """Write into the marker that the wanted revision is shown; None where a newer one is."""
    for _ in range(ATTEMPTS):
        known, tag = _read(s3, path)
        if known.order > wanted.order:
            return None
        gone = tuple(sorted({*known.files, *known.gone} - set(wanted.files)))
        claimed = wanted.model_copy(update={"gone": gone})
        condition = {"IfMatch": tag} if tag else {"IfNoneMatch": "*"}
        bucket, key, _ = s3.split_path(path)
        content = claimed.model_dump_json().encode()
        try:
            s3.call_s3("put_object", Bucket=bucket, Key=key, Body=content, **condition)
        except OSError as error:
            if not is_lost_race(error):
                raise
            continue
        return claimed
    raise StorageError(f"{path} is changed by too many at once; it is tried again")


def _read(s3: Any, path: str) -> tuple[Marker, str]:
    """Return a marker and its tag; an empty one without a tag where there is none."""
    try:
        # In this order: with a tag older than the content, the swap fails and is tried again.
        tag = str(s3.info(path)["ETag"])
        return Marker.model_validate_json(s3.cat_file(path)), tag
    except FileNotFoundError:
        return Marker(), ""
    except ValidationError as error:
        raise StorageError(f"{path} cannot be read ({error}); remove it, and announce the slot again") from error
