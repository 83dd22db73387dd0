"""The cache: bounded, shared by processes, and never without what somebody uses."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from icestream_core.errors import GranuleError, StorageError
from icestream_runtime.storage.cache import Cache, name_of


def writes(content: bytes, asked: list[int] | None = None) -> Callable[[Path], None]:
    def arrive(path: Path) -> None:
        if asked is not None:
            asked.append(1)
        path.write_bytes(content)

    return arrive


def get(cache: Cache, number: int, size: int = 8, hold: bool = False) -> Path:
    path = cache.get(f"sha256:{number:064x}", f"{number}.nc", size, writes(b"x" * size))
    # Directories are dated to the clock's tick; tests are faster.
    os.utime(path.parent, (number, number))
    if not hold:
        cache.release(path)
    return path


def test_what_was_not_used_for_longest_is_forgotten(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 20)
    kept = [get(cache, number) for number in (1, 2, 3)]
    assert [path.exists() for path in kept] == [False, True, True]


def test_what_somebody_uses_is_kept_and_what_nobody_does_goes_instead(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 20)
    used, idle = get(cache, 1, hold=True), get(cache, 2)
    get(cache, 3)
    assert (used.exists(), idle.exists()) == (True, False)
    cache.release(used)
    get(cache, 4)
    assert not used.exists()


def test_one_file_may_be_in_use_several_times(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 10)
    path = get(cache, 1, hold=True)
    assert get(cache, 1, hold=True) == path
    cache.release(path)
    get(cache, 2)
    assert path.exists()
    cache.release(path)
    get(cache, 3)
    assert not path.exists()


def test_what_another_process_uses_is_kept_until_it_dies(tmp_path: Path) -> None:
    code = """
import sys, time
from pathlib import Path
from icestream_runtime.storage.cache import Cache
path = Cache(Path(sys.argv[1]), 10).get("sha256:" + f"{1:064x}", "1.nc", 8, lambda path: path.write_bytes(b"x" * 8))
print(path, flush=True)
time.sleep(60)
"""
    other = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    path = Path(other.stdout.readline().strip())
    cache = Cache(tmp_path, 10)
    get(cache, 2)
    assert path.exists()
    other.kill()
    other.wait()
    get(cache, 3)
    assert not path.exists()


def test_many_who_want_one_file_at_once_fetch_it_once(tmp_path: Path) -> None:
    asked: list[int] = []
    together = threading.Barrier(8)

    def one(number: int) -> Path:
        together.wait()
        # Each its own cache object, as in processes of their own.
        return Cache(tmp_path, 100).get("md5:00", "a.nc", 4, writes(b"snow", asked))

    with ThreadPoolExecutor(8) as threads:
        paths = set(threads.map(one, range(8)))
    assert asked == [1]
    assert [path.read_bytes() for path in paths] == [b"snow"]


def test_the_same_content_under_another_name_is_not_waited_for(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 100)
    first = cache.get("md5:00", "a.nc", 4, writes(b"snow"))
    second = cache.get("md5:00", "b.nc", 4, writes(b"snow"))
    assert (first.name, second.name) == ("a.nc", "b.nc")


def test_caches_that_are_much_too_small_for_all_never_take_a_file_from_under_a_reader(tmp_path: Path) -> None:
    def one(seed: int) -> int:
        cache, wrong = Cache(tmp_path, 30), 0
        for turn in range(40):
            number = (seed * 7 + turn * 3) % 11
            path = cache.get(f"md5:{number:02x}", "a.nc", 10, writes(b"%010d" % number))
            wrong += path.read_bytes() != b"%010d" % number
            cache.release(path)
        return wrong

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(one, range(4))) == [0] * 4
    get(Cache(tmp_path, 30), 99, 10)
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) <= 30


def test_a_directory_that_goes_while_it_is_looked_at_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, is_dir, gone = Cache(tmp_path, 30), Path.is_dir, []
    cache.release(get(cache, 1, hold=True))

    def somebody_makes_room(path: Path) -> bool:
        # mkdir asks this when something is there already.
        if path.parent.parent == tmp_path and not gone:
            gone.append(path)
            shutil.rmtree(path)
        return is_dir(path)

    monkeypatch.setattr(Path, "is_dir", somebody_makes_room)
    assert get(cache, 1, hold=True).read_bytes() == b"x" * 8
    assert gone


def test_what_was_made_anew_while_somebody_made_room_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache, others, opened, held = Cache(tmp_path, 10), Cache(tmp_path, 100), os.open, []
    old = get(cache, 1)

    def somebody_is_quicker(path: str | Path, *given: int, **named: int) -> int:
        descriptor = opened(path, *given, **named)
        if path == old.parent and not held:
            held.append(path)
            shutil.rmtree(old.parent)
            get(others, 1, hold=True)
        return descriptor

    monkeypatch.setattr(os, "open", somebody_is_quicker)
    get(cache, 2)
    assert held
    assert old.read_bytes() == b"x" * 8


@pytest.mark.timeout(20)
def test_a_cache_that_is_a_link_to_what_is_not_there_is_said_to_be_unusable(tmp_path: Path) -> None:
    (tmp_path / "cache").symlink_to(tmp_path / "not mounted")
    with pytest.raises(StorageError, match="cannot be used"):
        get(Cache(tmp_path / "cache", 30), 1)


def test_what_cannot_be_fetched_leaves_nothing_behind(tmp_path: Path) -> None:
    def fails(path: Path) -> None:
        path.write_bytes(b"half")
        raise GranuleError("not what was promised")

    cache = Cache(tmp_path, 100)
    with pytest.raises(GranuleError):
        cache.get("md5:00", "a.nc", 4, fails)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    path = cache.get("md5:00", "a.nc", 4, writes(b"snow"))
    assert path.read_bytes() == b"snow"


def test_what_the_dead_were_fetching_is_removed(tmp_path: Path) -> None:
    left, alive = tmp_path / ".fetching-dead", Cache(tmp_path, 100)
    left.write_bytes(b"half")
    old = time.time() - 3600
    os.utime(left, (old, old))
    with alive.arriving() as mine:
        mine.write_bytes(b"half")
        os.utime(mine, (old, old))
        get(alive, 1)
        assert mine.exists()
    assert not left.exists()


def test_a_file_larger_than_the_cache_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="raise cache_size"):
        get(Cache(tmp_path, 4), 1)


def test_a_disk_that_refuses_is_nobodys_fault(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where a directory is wanted")
    with pytest.raises(StorageError, match="cannot be used"):
        get(Cache(tmp_path / "cache", 100), 1)


def still_open(directory: Path) -> list[Path]:
    """Return what this process has open in a directory."""
    opened = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            opened.append(descriptor.readlink())
    return [path for path in opened if path.is_relative_to(directory)]


def test_a_disk_that_refuses_a_use_costs_no_descriptor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path, 20)
    get(cache, 1)

    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("os.utime", refuse)
    with pytest.raises(StorageError, match="cannot be used"):
        get(cache, 1)
    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(StorageError, match="cannot be used"):
        get(cache, 1)
    assert still_open(tmp_path) == []


def test_where_there_are_no_locks_files_are_kept_and_none_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", unknown)
    cache = Cache(tmp_path, 20)
    assert all(path.exists() for path in [get(cache, number) for number in (1, 2, 3)])


@pytest.mark.parametrize(
    ("href", "name"),
    [
        ("https://example.org/a/b.nc.gz", "b.nc.gz"),
        ("https://example.org/a/b.nc?token=/x#y", "b.nc"),
        ("s3://bucket/a%20b.nc", "a b.nc"),
        ("https://example.org/..", "file"),
        ("https://example.org/%2e%2e", "file"),
        ("https://example.org/a%2Fb", "file"),
        ("https://example.org/", "file"),
        ("https://example.org/a%00b", "file"),
        ("https://example.org/" + "x" * 300 + ".nc", "x" * 197 + ".nc"),
    ],
)
def test_a_file_is_named_for_the_end_of_its_address(href: str, name: str) -> None:
    assert name_of(href) == name
