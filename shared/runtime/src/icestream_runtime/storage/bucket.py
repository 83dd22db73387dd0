"""A bucket as store. S3 has no rename: files go under a prefix of their writer's own, and the manifest comes last.

    s3://bucket/root/store/<product>/<year>/<slot>/<hash>/manifest.json         what is published: it names the prefix
    s3://bucket/root/store/<product>/<year>/<slot>/<hash>/<writer>/<files>

The manifest is written only where there is none (`If-None-Match: *`), so that of two writers one wins, and what lies
under a prefix never changes.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from pydantic import ValidationError

from icestream_core.errors import StorageError
from icestream_core.outcome import Manifest
from icestream_core.slot import Slot, Stage
from icestream_runtime.storage import bucket_tree
from icestream_runtime.storage.buckets import PART_BYTES, Buckets, is_lost_race, s3_errors
from icestream_runtime.storage.published import MANIFEST, Published, Stored

FILES_AT_ONCE: Final = 4
OLD: Final = timedelta(hours=2)
"""What another writer left so long ago is not coming to an end any more: no slot takes so long."""
DEPTH: Final = 5
"""Of the path of what is published: store, product, year, slot, hash."""
HERE: Final = "./"


class Bucket:
    """Keeps the contract of `published.Store` below s3://bucket/prefix."""

    def __init__(self, root: str, buckets: Buckets) -> None:
        """Take note of the root, without a slash at its end; nothing is asked of S3 yet."""
        self._root, self._buckets = root, buckets
        self._bucket = root.removeprefix("s3://").partition("/")[0]
        if not self._bucket:
            raise StorageError(f"output root {root} names no bucket; wanted s3://bucket/prefix")

    def find(self, target: str) -> Manifest | None:
        place = self._inside(target)
        with s3_errors(f"{place} cannot be read"):
            try:
                content = self._s3.cat_file(f"{place}/{MANIFEST}")
            except FileNotFoundError:
                return None
        try:
            manifest = Manifest.model_validate_json(content)
        except ValidationError as error:
            raise StorageError(f"{place}/{MANIFEST} cannot be read ({error}); move it away") from error
        prefix = f"{place}/{manifest.href.removeprefix(HERE)}"
        with s3_errors(f"{prefix} cannot be listed"):
            sizes = {posixpath.basename(each["name"]): each["size"] for each in self._s3.ls(prefix, detail=True)}
        for file in manifest.files:
            if sizes.get(file.name) != file.size:
                raise StorageError(
                    f"{prefix}/{file.name} has {sizes.get(file.name, 'no')} bytes; its manifest says {file.size}: "
                    f"it was damaged; move {place}/{MANIFEST} away"
                )
        # Where it lies now: a root may have been moved as a whole.
        return manifest.model_copy(update={"href": prefix})

    def publish(self, staged: Path, manifest: Manifest, target: str) -> Published:
        place = self._inside(target)
        prefix = f"{place}/{staged.name}"
        kinds = {file.name: file.media_type for file in manifest.files}

        def upload(path: Path) -> None:
            kind = kinds.get(path.name, "application/json")
            # What is sent is checked on the other side: botocore adds a checksum to every part.
            self._s3.put_file(str(path), f"{prefix}/{path.name}", chunksize=PART_BYTES, ContentType=kind)

        with s3_errors(f"{prefix} cannot be written"), ThreadPoolExecutor(FILES_AT_ONCE, "upload") as threads:
            list(threads.map(upload, staged.iterdir()))
        content = manifest.model_copy(update={"href": f"{HERE}{staged.name}"}).model_dump_json().encode()
        with s3_errors(f"{place}/{MANIFEST} cannot be written"):
            try:
                self._s3.pipe_file(f"{place}/{MANIFEST}", content, mode="create", ContentType="application/json")
            except OSError as error:
                if not is_lost_race(error):
                    raise
                there = self.find(target)
                # It may be ours: where the answer is lost on its way, the client sends it again, and is refused.
                if there is None or there.href != prefix:
                    self._remove(prefix)
                    if there is None:
                        raise StorageError(f"{place}/{MANIFEST} was there and is gone") from None
                    return Published(there, adopted=True)
            self._sweep(place, staged.name)
        return Published(manifest.model_copy(update={"href": prefix}), adopted=False)

    def remove(self, target: str) -> None:
        place = self._inside(target)
        with s3_errors(f"{place} cannot be removed"):
            if self._s3.exists(f"{place}/{MANIFEST}"):
                self._s3.rm_file(f"{place}/{MANIFEST}")
            self._remove(place)

    def stored(self) -> Iterator[Stored]:
        with s3_errors(f"{self._root}/store cannot be listed"):
            # A year of a product at a time: a whole bucket is too much to hold.
            for year in self._s3.glob(f"{self._root}/store/*/*"):
                found: dict[str, datetime] = {}
                for path, info in self._s3.find(year, detail=True).items():
                    below = path.removeprefix(f"{self._root.removeprefix('s3://')}/")
                    parts = below.split("/")
                    if len(parts) <= DEPTH:
                        continue  # a file that somebody put there lies in no directory of results
                    target = "/".join(parts[:DEPTH])
                    found[target] = max(info["LastModified"], found.get(target, info["LastModified"]))
                yield from (Stored(target, written) for target, written in found.items())

    def place(self, slot: Slot, manifest: Manifest | None, revision: int, stage: Stage) -> bool:
        source = self._inside(manifest.href.removeprefix(f"{self._root}/")) if manifest else None
        with s3_errors(f"{slot.key} cannot be placed in {self._root}"):
            return bucket_tree.place(self._s3, self._root, slot, source, manifest, revision, stage)

    def relative(self, href: str) -> str:
        return self._inside(href.removeprefix(f"{self._root}/")).removeprefix(f"{self._root}/")

    def open(self, path: str) -> BinaryIO:
        place = self._inside(path)
        with s3_errors(f"{place} cannot be read"):
            try:
                return cast("BinaryIO", self._s3.open(place, "rb"))
            except FileNotFoundError as error:
                missing = error
        raise missing

    def try_out(self, staged: Path) -> None:
        """Write, read, refuse to write again, remove."""
        place = f"{self._root}/store/.{staged.name}"
        with s3_errors(f"{place} cannot be written, read and removed"):
            self._s3.pipe_file(place, b"icestream doctor\n", mode="create")
            try:
                self._s3.cat_file(place)
                try:
                    self._s3.pipe_file(place, b"again\n", mode="create")
                except OSError as error:
                    if not is_lost_race(error):
                        raise
                else:
                    raise StorageError(
                        f"{self._root} writes over what is there although it is asked not to (If-None-Match): two "
                        "workers could not tell who was first. Use a store that knows conditional writes"
                    )
            finally:
                self._s3.rm_file(place)

    def local(self, path: str) -> None:
        self._inside(path)

    @property
    def _s3(self) -> Any:
        return self._buckets.ours(self._bucket)

    def _remove(self, prefix: str) -> None:
        for path in self._s3.find(prefix):
            self._s3.rm_file(path)

    def _sweep(self, place: str, winner: str) -> None:
        """Remove what writers who died before their manifest left under the same target."""
        before = datetime.now(UTC) - OLD
        for path, info in self._s3.find(place, detail=True).items():
            writer = path.removeprefix(place.removeprefix("s3://")).strip("/").partition("/")
            if writer[1] and writer[0] != winner and info["LastModified"] < before:
                self._s3.rm_file(path)

    def _inside(self, path: str) -> str:
        """Return the address of a path below the root."""
        clean = posixpath.normpath(path)
        if clean in (".", "..") or clean.startswith(("/", "../")) or "://" in path:
            raise StorageError(f"{path} leads out of {self._root}")
        return f"{self._root}/{clean}"
