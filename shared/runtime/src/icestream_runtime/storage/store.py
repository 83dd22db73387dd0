"""Storage: granules in, verified; products out, each published in one step; the tree that shows the current ones.

Products lie in a local directory or in a bucket. They are written on a local disk first, either way.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Self

from icestream_core.errors import SettingsError, StorageError
from icestream_core.granule import Asset
from icestream_core.outcome import Manifest
from icestream_core.slot import Slot, Stage
from icestream_runtime.settings import Settings, local_side
from icestream_runtime.storage.access import Access
from icestream_runtime.storage.bucket import Bucket
from icestream_runtime.storage.buckets import Buckets
from icestream_runtime.storage.directory import Directory
from icestream_runtime.storage.fetch import Fetcher
from icestream_runtime.storage.published import Published, Store, Stored, read_manifest
from icestream_runtime.storage.space import Space, space_of
from icestream_runtime.storage.staging import Staging


class Storage:
    """Everything below one root: store/ and datasets/; and on a local disk staging and the cache of what was fetched.

    Every method may be called from several threads and processes. Raises StorageError where the storage is away,
    full or refuses, and for a path that leads out of the root.
    """

    root: Path | str
    """A local directory, or s3://bucket/prefix."""

    def __init__(
        self,
        root: Path | str,
        *,
        staging: Path | None = None,
        cache: Path | None = None,
        cache_size: int = 20 * 10**9,
        access: Access | None = None,
    ) -> None:
        """Take note of where everything lies; nothing is made before it is needed.

        staging : on the root's file system where that is local, or publishing in one step is impossible
        access : what remote storage may be reached, and how
        """
        access = access or Access()
        buckets = Buckets(access)
        local = local_side(str(root)).resolve()
        store: Store
        if str(root).startswith("s3://"):
            self.root = "s3://" + str(root).removeprefix("s3://").rstrip("/")
            store = Bucket(self.root, buckets)
        elif "://" in str(root) and not str(root).startswith("file://"):
            raise StorageError(
                f"output root {root} is neither a directory nor in a bucket; wanted a path, file:// or s3://"
            )
        else:
            self.root = local
            store = Directory(local)
        self._store = store
        self._disks = {
            "staging": staging.absolute() if staging else local / "staging",
            "cache": cache or local / "cache",
        }
        self._staging = Staging(self._disks["staging"])
        self._fetcher = Fetcher(self._disks["cache"], cache_size, access, buckets)
        if isinstance(self.root, Path):
            self._disks["output"] = self.root

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the storage that the settings describe; raises SettingsError for a root that is none."""
        try:
            return cls(
                settings.out,
                staging=settings.staging,
                cache=settings.cache_dir,
                cache_size=int(settings.cache_size),
                access=Access.of(settings),
            )
        except StorageError as error:
            raise SettingsError(f"out (ICESTREAM_OUT): {error}") from None
        except OSError as error:
            raise SettingsError(f"storage_ca (ICESTREAM_STORAGE_CA): {settings.storage_ca}: {error}") from None

    def fetch(self, asset: Asset, granule_id: str = "") -> Path:
        """Return the local file of an asset, verified, which stays until `release`.

        Raises GranuleError where it is not what was promised, or may not be fetched from where it lies.
        """
        return self._fetcher.fetch(asset, granule_id)

    def release(self, path: Path) -> None:
        """Let go of a file that `fetch` gave: from now on the cache may forget it."""
        self._fetcher.release(path)

    def learn(self, href: str, size: int = 0, granule_id: str = "") -> Asset:
        """Return the asset of a file whose checksum nobody told: it is fetched once, and kept for its reader.

        size : what was promised, bytes; 0 where nobody told
        Raises as `fetch`.
        """
        return self._fetcher.learn(href, size, granule_id)

    def stage(self, token: str) -> Path:
        """Return a new empty directory to write in, until `publish` or `discard`. Two that hold one token get two."""
        return self._staging.stage(token)

    def discard(self, staged: Path) -> None:
        """Throw a staging directory away; no-op where it was published."""
        self._staging.discard(staged)

    def find(self, target: str) -> Manifest | None:
        """Return what is published under a target, relative to the root; None where nothing is.

        Raises StorageError where something is there that is not whole.
        """
        return self._store.find(target)

    def relative(self, href: str) -> str:
        """Return where a published file or directory lies below the root; raises StorageError where it does not."""
        return self._store.relative(href)

    def open(self, path: str) -> BinaryIO:
        """Open a published file, relative to the root, for reading.

        Raises FileNotFoundError where it is not there, StorageError where it leads out of the root, by a link too.
        """
        return self._store.open(path)

    def local(self, path: str) -> Path | None:
        """Return the local path of a published file, as `open` would open it; None where products lie in a bucket."""
        return self._store.local(path)

    def publish(self, staged: Path, target: str) -> Published:
        """Publish a staged directory, its manifest in it, under its target: all of it appears at once.

        Where the target exists, that one holds.
        """
        manifest = read_manifest(staged)
        if manifest is None:
            raise StorageError(f"{staged} is empty: there is nothing to publish")
        try:
            return self._store.publish(staged, manifest, target)
        finally:
            self._staging.discard(staged)

    def remove(self, target: str) -> None:
        """Take away what is published under a target; no-op where nothing is. Nobody may want it any more."""
        self._store.remove(target)

    def stored(self) -> Iterator[Stored]:
        """Give everything that lies where results are published, whole or not, with its age."""
        return self._store.stored()

    def place(self, slot: Slot, manifest: Manifest | None, revision: int, stage: Stage = "final") -> bool:
        """Let the dataset tree show this revision of a slot; False where it shows a newer one.

        manifest : None for a void revision: the slot's files are taken away
        """
        for file in manifest.files if manifest else ():
            if file.name in (".", ".."):
                raise StorageError(f"{manifest.href if manifest else ''} lists a file {file.name!r}; wanted a name")
        return self._store.place(slot, manifest, revision, stage)

    def space(self) -> dict[str, Space]:
        """Return how much room is left for output, staging and cache; a bucket has no end.

        Raises StorageError where nobody says.
        """
        return space_of(self._disks)

    def try_out(self) -> None:
        """Do, on something of no worth, what publishing and placing need; at most empty directories are left.

        Raises StorageError that says what does not work, and in whose words.
        """
        staged = self._staging.stage("0" * 8)
        try:
            (staged / "trial").write_text("icestream doctor\n", "utf-8")
            self._store.try_out(staged)
        except OSError as error:
            raise StorageError(f"{staged} cannot be written to: {error}") from error
        finally:
            self._staging.discard(staged)

    def sweep(self) -> int:
        """Remove the staging of workers that died. Returns how many directories."""
        return self._staging.sweep()
