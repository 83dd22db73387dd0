"""What every storage must do, as tests. Subclass StorageContract, give it a fixture `storage`, and run pytest:

    class TestMyStorage(StorageContract):
        @pytest.fixture
        def storage(self, tmp_path):
            return MyStorage(tmp_path / "out")

The storage begins empty. Where `storage.root` is no local directory, override `read`, `names` and `remove`.
"""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from icestream_core import naming
from icestream_core.errors import GranuleError, StorageError
from icestream_core.granule import Asset
from icestream_core.outcome import Manifest, ManifestFile
from icestream_core.slot import Slot
from icestream_runtime.storage import Storage

DAY: Final = datetime(2014, 2, 1, tzinfo=UTC)
SLOT: Final = Slot(product="snow-depth", period="2014-02-01", start=DAY, end=DAY + timedelta(days=1))
TARGET: Final = naming.store_path(SLOT, "a" * 64)
TOKEN: Final = "0123456789abcdef"


def fill(staged: Path, content: bytes = b"0.2 m", names: tuple[str, ...] = ("2014032.txt",)) -> Manifest:
    """Write a product's files and its manifest into a staging directory, as generation does."""
    files = []
    for name in names:
        (staged / name).write_bytes(content)
        checksum = f"sha256:{hashlib.sha256(content).hexdigest()}"
        role = "quicklook" if name.endswith(".png") else "delivery" if name.endswith(".txt") else "data"
        files.append(ManifestFile(name=name, role=role, media_type="text/plain", size=len(content), checksum=checksum))
    manifest = Manifest(href=".", files=tuple(files), sensor="ssmis")
    (staged / "manifest.json").write_text(manifest.model_dump_json())
    return manifest


def asset(path: Path, content: bytes, algorithm: str = "sha256") -> Asset:
    """Return an asset that promises the content at the path, whatever lies there."""
    found = hashlib.new(algorithm.replace("-", "_"), content).hexdigest()
    return Asset(href=str(path), size=len(content), checksum=f"{algorithm}:{found}")


class StorageContract:
    """The tests. `publish` below is how a worker publishes: stage, fill, publish."""

    @staticmethod
    def publish(storage: Storage, content: bytes = b"0.2 m", target: str = TARGET, *names: str) -> Manifest:
        staged = storage.stage(TOKEN)
        fill(staged, content, names or ("2014032.txt",))
        return storage.publish(staged, target).manifest

    def datasets(self, storage: Storage) -> dict[str, bytes]:
        folder = f"{storage.root}/{naming.dataset_path(SLOT)}"
        return {name: self.read(f"{folder}/{name}") for name in self.names(folder) if not name.startswith(".")}

    # How the tests look behind the storage

    def read(self, href: str) -> bytes:
        return Path(href).read_bytes()

    def names(self, folder: str) -> list[str]:
        return [path.name for path in Path(folder).glob("*")]

    def remove(self, href: str) -> None:
        Path(href).unlink()

    # What comes in

    @pytest.mark.parametrize("algorithm", ["sha256", "sha512", "sha384", "sha1", "md5", "sha3-256", "sha3-512"])
    def test_a_file_with_its_checksum_is_given(self, storage: Storage, tmp_path: Path, algorithm: str) -> None:
        (tmp_path / "granule.bin").write_bytes(b"snow")
        path = storage.fetch(asset(tmp_path / "granule.bin", b"snow", algorithm))
        assert path.read_bytes() == b"snow"

    def test_a_wrong_checksum_names_the_granule_what_was_found_and_what_was_wanted(
        self, storage: Storage, tmp_path: Path
    ) -> None:
        (tmp_path / "granule.bin").write_bytes(b"rain")
        wanted = asset(tmp_path / "granule.bin", b"snow")
        with pytest.raises(GranuleError) as raised:
            storage.fetch(wanted, "g1")
        assert raised.value.granule_id == "g1"
        assert hashlib.sha256(b"rain").hexdigest() in str(raised.value)
        assert wanted.checksum in str(raised.value)

    def test_a_truncated_file_is_the_granules_fault(self, storage: Storage, tmp_path: Path) -> None:
        (tmp_path / "granule.bin").write_bytes(b"sno")
        with pytest.raises(GranuleError, match="has 3 bytes; its message says 4"):
            storage.fetch(asset(tmp_path / "granule.bin", b"snow"), "g1")

    def test_a_size_that_nobody_told_is_not_held_against_a_file(self, storage: Storage, tmp_path: Path) -> None:
        (tmp_path / "granule.bin").write_bytes(b"snow")
        untold = asset(tmp_path / "granule.bin", b"snow").model_copy(update={"size": 0})
        assert storage.fetch(untold).read_bytes() == b"snow"

    def test_a_file_that_is_not_there_is_nobodys_fault(self, storage: Storage, tmp_path: Path) -> None:
        with pytest.raises(StorageError, match="not there"):
            storage.fetch(asset(tmp_path / "never.bin", b"snow"), "g1")

    def test_a_file_that_changes_is_read_again(self, storage: Storage, tmp_path: Path) -> None:
        path = tmp_path / "granule.bin"
        path.write_bytes(b"snow")
        storage.fetch(asset(path, b"snow"))
        path.write_bytes(b"rain")
        with pytest.raises(GranuleError):
            storage.fetch(asset(path, b"snow"))

    # What goes out

    def test_nothing_is_found_before_it_is_published(self, storage: Storage) -> None:
        assert storage.find(TARGET) is None
        staged = storage.stage(TOKEN)
        fill(staged)
        assert storage.find(TARGET) is None

    def test_what_is_published_is_found_with_every_file(self, storage: Storage) -> None:
        published = self.publish(storage)
        found = storage.find(TARGET)
        assert found == published
        assert self.read(f"{found.href}/{found.files[0].name}") == b"0.2 m"

    def test_all_that_lies_where_results_are_published_is_told_with_its_age(self, storage: Storage) -> None:
        assert list(storage.stored()) == []
        others = (naming.store_path(SLOT, "b" * 64), TARGET.replace("snow-depth", "snow-cover"))
        before = datetime.now(UTC) - timedelta(seconds=5)
        for target in (TARGET, *others):
            self.publish(storage, target=target)
        found = {each.target: each.written_at for each in storage.stored()}
        assert found.keys() == {TARGET, *others}
        assert all(before <= written <= datetime.now(UTC) + timedelta(seconds=5) for written in found.values())

    def test_the_first_to_publish_wins_and_the_other_adopts(self, storage: Storage) -> None:
        first = self.publish(storage, b"first")
        staged = storage.stage(TOKEN)
        fill(staged, b"second!")
        second = storage.publish(staged, TARGET)
        assert second.adopted
        assert second.manifest == first
        assert self.read(f"{first.href}/2014032.txt") == b"first"
        assert not staged.exists()

    def test_of_many_who_publish_at_once_exactly_one_does(self, storage: Storage) -> None:
        together = threading.Barrier(8)

        def one(number: int) -> tuple[bool, str]:
            staged = storage.stage(TOKEN)
            fill(staged, b"%d" % number)
            together.wait()
            published = storage.publish(staged, TARGET)
            return published.adopted, published.manifest.checksum

        with ThreadPoolExecutor(8) as threads:
            results = list(threads.map(one, range(8)))
        assert sorted(adopted for adopted, _ in results) == [False] + [True] * 7
        assert len({checksum for _, checksum in results}) == 1

    def test_two_who_hold_one_token_do_not_write_into_one_directory(self, storage: Storage) -> None:
        assert storage.stage(TOKEN) != storage.stage(TOKEN)

    def test_staging_without_a_manifest_is_not_published(self, storage: Storage) -> None:
        staged = storage.stage(TOKEN)
        (staged / "2014032.txt").write_bytes(b"half")
        with pytest.raises(StorageError, match=r"manifest\.json"):
            storage.publish(staged, TARGET)
        assert storage.find(TARGET) is None

    def test_staging_whose_files_are_not_as_listed_is_not_published(self, storage: Storage) -> None:
        staged = storage.stage(TOKEN)
        fill(staged)
        (staged / "2014032.txt").write_bytes(b"half")
        with pytest.raises(StorageError, match="4 bytes; its manifest says 5"):
            storage.publish(staged, TARGET)

    @pytest.mark.parametrize("path", ["../elsewhere", "store/../../elsewhere", "/elsewhere", "."])
    def test_a_path_that_leads_out_of_the_root_is_refused(self, storage: Storage, path: str) -> None:
        staged = storage.stage(TOKEN)
        fill(staged)
        with pytest.raises(StorageError, match="leads out"):
            storage.publish(staged, path)
        with pytest.raises(StorageError, match="leads out"):
            storage.find(path)

    def test_what_is_published_is_fetched_like_any_granule(self, storage: Storage) -> None:
        published = self.publish(storage)
        file = published.files[0]
        wanted = Asset(href=f"{published.href}/{file.name}", size=file.size, checksum=file.checksum)
        path = storage.fetch(wanted)
        assert path.read_bytes() == b"0.2 m"
        storage.release(path)

    def test_a_damaged_directory_is_not_adopted(self, storage: Storage) -> None:
        published = self.publish(storage)
        self.remove(f"{published.href}/2014032.txt")
        with pytest.raises(StorageError, match="no bytes; its manifest says 5"):
            storage.find(TARGET)

    # The dataset tree

    def test_the_tree_shows_data_and_deliveries_under_their_names(self, storage: Storage) -> None:
        manifest = self.publish(storage, b"1", TARGET, "2014032.txt", "snow-depth.2014-02-01.nc", "look.png")
        assert storage.place(SLOT, manifest, 1, "final")
        assert self.datasets(storage) == {"2014032.txt": b"1", "snow-depth.2014-02-01.nc": b"1"}

    def test_a_newer_revision_replaces_what_the_tree_shows(self, storage: Storage) -> None:
        first = self.publish(storage, b"1", naming.store_path(SLOT, "a" * 64), "old-name.txt", "2014032.txt")
        second = self.publish(storage, b"2", naming.store_path(SLOT, "b" * 64))
        storage.place(SLOT, first, 1, "provisional")
        assert storage.place(SLOT, second, 2, "final")
        assert self.datasets(storage) == {"2014032.txt": b"2"}

    def test_an_older_revision_never_replaces_a_newer_one(self, storage: Storage) -> None:
        first = self.publish(storage, b"1", naming.store_path(SLOT, "a" * 64))
        second = self.publish(storage, b"2", naming.store_path(SLOT, "b" * 64))
        storage.place(SLOT, second, 2, "final")
        assert not storage.place(SLOT, first, 1, "final")
        assert self.datasets(storage) == {"2014032.txt": b"2"}

    def test_placing_a_revision_again_mends_what_was_left_half_done(self, storage: Storage) -> None:
        manifest = self.publish(storage)
        storage.place(SLOT, manifest, 1, "provisional")
        self.remove(f"{storage.root}/{naming.dataset_path(SLOT)}/2014032.txt")
        assert storage.place(SLOT, manifest, 1, "final")
        assert self.datasets(storage) == {"2014032.txt": b"0.2 m"}

    def test_a_void_revision_takes_the_files_away(self, storage: Storage) -> None:
        storage.place(SLOT, self.publish(storage), 1, "final")
        assert storage.place(SLOT, None, 2, "final")
        assert self.datasets(storage) == {}

    def test_a_slot_that_is_void_from_the_start_shows_nothing_until_there_is_something(self, storage: Storage) -> None:
        assert storage.place(SLOT, None, 1, "final")
        assert self.datasets(storage) == {}
        assert storage.place(SLOT, self.publish(storage), 2, "final")
        assert storage.place(SLOT, None, 1, "final") is False
        assert self.datasets(storage) == {"2014032.txt": b"0.2 m"}

    def test_revisions_placed_at_once_end_with_the_newest(self, storage: Storage) -> None:
        manifests = {
            revision: self.publish(storage, b"%d" % revision, naming.store_path(SLOT, f"{revision:064d}"[::-1]))
            for revision in range(1, 9)
        }
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda revision: storage.place(SLOT, manifests[revision], revision, "final"), manifests))
        assert self.datasets(storage) == {"2014032.txt": b"8"}

    def test_a_published_file_is_opened_where_its_manifest_says_it_lies(self, storage: Storage) -> None:
        manifest = self.publish(storage)
        for file in manifest.files:
            path = storage.relative(f"{manifest.href}/{file.name}")
            assert path.startswith("store/")
            with storage.open(path) as opened:
                assert len(opened.read()) == file.size
        with pytest.raises(FileNotFoundError):
            storage.open("store/nothing")

    @pytest.mark.parametrize("path", ["/etc/passwd", "../secret", "store/../../secret", "file:///etc/passwd"])
    def test_nothing_outside_the_root_is_opened(self, storage: Storage, path: str) -> None:
        with pytest.raises(StorageError):
            storage.relative(path)
        with pytest.raises(StorageError):
            storage.open(path)
