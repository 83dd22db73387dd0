"""Storage on local directories keeps the contract; and what only local storage has to do."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from icestream_core import naming
from icestream_core.errors import GranuleError, StorageError
from icestream_core.granule import Asset
from icestream_runtime.storage import Access, Storage
from icestream_runtime.storage.buckets import Buckets
from icestream_runtime.storage.checksum import Checksums
from icestream_runtime.storage.fetch import Fetcher
from icestream_runtime.storage_contract import SLOT, TARGET, TOKEN, StorageContract, asset, fill


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path / "out")


class TestLocalStorage(StorageContract):
    @pytest.fixture
    def storage(self, tmp_path: Path) -> Storage:
        return Storage(tmp_path / "out")


@pytest.mark.parametrize(
    "href",
    ["simplecache::https://example.org/a", "gopher://example.org/a", "s3::file:///etc/passwd", "ftp://example.org/a"],
)
def test_an_address_of_an_unknown_kind_is_the_granules_fault(storage: Storage, href: str) -> None:
    """As storage that is away it would be tried again without end."""
    with pytest.raises(GranuleError, match=r"granule g1: .* is refused"):
        storage.fetch(Asset(href=href, size=1, checksum="md5:00"), "g1")


@pytest.mark.parametrize(
    "href",
    ["/a\0b", "https://[e.org/a", "https://e.org:99999/a", "https://e.org/\u00e9", "https://e..org/a", "https:///a"],
)
def test_what_is_no_address_is_the_granules_fault(storage: Storage, href: str) -> None:
    with pytest.raises(GranuleError, match="is refused"):
        storage.fetch(Asset(href=href, size=1, checksum="md5:00"), "g1")


def test_a_local_file_is_used_where_it_lies(storage: Storage, tmp_path: Path) -> None:
    path = tmp_path / "granule.bin"
    path.write_bytes(b"snow")
    assert storage.fetch(asset(path, b"snow")) == path
    assert storage.fetch(asset(path, b"snow").model_copy(update={"href": f"file://{path}"})) == path


def test_a_file_that_does_not_change_is_hashed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "granule.bin"
    path.write_bytes(b"snow")
    an_hour_ago = time.time() - 3600
    os.utime(path, (an_hour_ago, an_hour_ago))
    read = []

    def digest(path: Path, algorithm: str) -> str:
        read.append(path)
        return "5f0e"

    monkeypatch.setattr("icestream_runtime.storage.checksum.digest", digest)
    checksums = Checksums()
    assert [checksums.of(path, "sha256") for _ in range(3)] == ["5f0e"] * 3
    assert read == [path]


def test_a_directory_in_place_of_a_file_is_the_granules_fault(storage: Storage, tmp_path: Path) -> None:
    with pytest.raises(GranuleError, match="is a directory"):
        storage.fetch(Asset(href=str(tmp_path), size=0, checksum="md5:00"), "g1")


def test_published_files_cannot_be_written_to_by_mistake(storage: Storage) -> None:
    staged = storage.stage(TOKEN)
    fill(staged)
    manifest = storage.publish(staged, TARGET).manifest
    assert Path(manifest.href, "2014032.txt").stat().st_mode & 0o222 == 0


def test_the_tree_takes_no_second_copy_of_the_data(storage: Storage) -> None:
    staged = storage.stage(TOKEN)
    fill(staged)
    manifest = storage.publish(staged, TARGET).manifest
    storage.place(SLOT, manifest, 1, "final")
    placed = storage.root / naming.dataset_path(SLOT) / "2014032.txt"
    assert placed.samefile(Path(manifest.href, "2014032.txt"))


def test_a_directory_that_was_damaged_is_not_adopted(storage: Storage) -> None:
    staged = storage.stage(TOKEN)
    fill(staged)
    manifest = storage.publish(staged, TARGET).manifest
    damaged = Path(manifest.href, "2014032.txt")
    damaged.unlink()
    with pytest.raises(StorageError, match="no bytes; its manifest says 5"):
        storage.find(TARGET)
    Path(manifest.href, "manifest.json").unlink()
    damaged.write_bytes(b"0.2 m")
    with pytest.raises(StorageError, match=r"no manifest\.json"):
        storage.find(TARGET)


@pytest.mark.parametrize("root", ["gs://bucket", "https://example.org/out", "s3://"])
def test_a_root_that_is_neither_local_nor_in_a_bucket_is_refused_with_what_was_found(root: str) -> None:
    with pytest.raises(StorageError, match=root):
        Storage(root)


def test_a_full_or_read_only_disk_is_nobodys_fault(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file where a directory is wanted")
    with pytest.raises(StorageError, match="cannot be made"):
        Storage(tmp_path / "out").stage(TOKEN)


def test_the_sweep_removes_the_staging_of_the_dead_and_no_other(storage: Storage) -> None:
    code = """
import sys, time
from icestream_runtime.storage import Storage
storage = Storage(sys.argv[1])
print(storage.stage("ab" * 8), flush=True)
time.sleep(60)
"""
    other = subprocess.Popen([sys.executable, "-c", code, str(storage.root)], stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    of_the_other = Path(other.stdout.readline().strip())
    mine = storage.stage(TOKEN)
    old = time.time() - 60
    for directory in (of_the_other, mine):
        os.utime(directory, (old, old))
    assert storage.sweep() == 0
    other.kill()
    other.wait()
    assert storage.sweep() == 1
    assert not of_the_other.exists()
    assert mine.exists()


def test_a_sweep_that_looks_at_staging_as_it_is_made_does_not_keep_it_from_its_lock(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, swept = os.open, threading.Event()

    def opened_by_two(path: str | Path, flags: int) -> int:
        if not swept.is_set():
            swept.set()
            looks = opened(path, flags)
            fcntl.flock(looks, fcntl.LOCK_EX)
            threading.Timer(0.05, os.close, [looks]).start()
        return opened(path, flags)

    monkeypatch.setattr(os, "open", opened_by_two)
    staged = storage.stage(TOKEN)
    monkeypatch.undo()
    assert swept.is_set()
    time.sleep(0.1)
    old = time.time() - 60
    os.utime(staged, (old, old))
    assert Storage(storage.root).sweep() == 0
    assert staged.is_dir()


def test_a_disk_that_is_away_is_nobodys_fault(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    def is_stale(path: Path) -> bool:
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), str(path))

    monkeypatch.setattr(Path, "exists", is_stale)
    with pytest.raises(StorageError, match="does not say how much room is left"):
        storage.space()


def test_a_file_that_others_hold_stays_where_one_cannot_read_it_just_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetcher = Fetcher(tmp_path, 100, Access(), Buckets(Access()))
    monkeypatch.setattr(fetcher, "_download", lambda _href, to, *_: to.write_bytes(b"snow"))
    wanted = asset(tmp_path / "granule.bin", b"snow").model_copy(update={"href": "https://example.org/granule.bin"})
    held = fetcher.fetch(wanted)

    def too_many_files(*_: object) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with monkeypatch.context() as patch:
        patch.setattr(Checksums, "verify", too_many_files)
        with pytest.raises(StorageError, match="cannot be read"):
            fetcher.fetch(wanted)
    assert held.read_bytes() == b"snow"
