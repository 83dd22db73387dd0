"""Storage in a bucket keeps the contract; and what only S3 has to do."""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
from collections.abc import Iterator
from pathlib import Path

import pytest
from s3fs import S3FileSystem

from icestream_core import naming
from icestream_core.errors import GranuleError, SettingsError, StorageError
from icestream_core.granule import Asset
from icestream_runtime.settings import load
from icestream_runtime.storage import Storage
from icestream_runtime.storage.buckets import PART_BYTES
from icestream_runtime.storage_contract import SLOT, TARGET, TOKEN, StorageContract, fill
from parts.s3 import PrivateS3


@pytest.fixture
def storage(s3: PrivateS3, tmp_path: Path) -> Storage:
    return storage_at(s3, tmp_path, f"s3://{s3.bucket()}/products")


def storage_at(s3: PrivateS3, tmp_path: Path, root: str, **settings: object) -> Storage:
    given = {**s3.settings(), "staging": tmp_path / "staging", "cache_dir": tmp_path / "cache", **settings}
    return Storage.of(load(out=root, **given))


def put(s3: PrivateS3, content: bytes, name: str = "granule.nc.gz") -> Asset:
    """Put a granule into a bucket of its own."""
    href = f"s3://{s3.bucket()}/archive/{name}"
    s3.filesystem().pipe_file(href, content)
    return Asset(href=href, size=len(content), checksum=f"sha256:{hashlib.sha256(content).hexdigest()}")


class TestS3Storage(StorageContract):
    @pytest.fixture(autouse=True)
    def _look_behind(self, s3: PrivateS3) -> Iterator[None]:
        self.s3 = s3.filesystem()
        yield

    @pytest.fixture
    def storage(self, s3: PrivateS3, tmp_path: Path) -> Storage:
        return storage_at(s3, tmp_path, f"s3://{s3.bucket()}/products")

    def read(self, href: str) -> bytes:
        return bytes(self.s3.cat_file(href))

    def names(self, folder: str) -> list[str]:
        return [posixpath.basename(path) for path in self.s3.find(folder)]

    def remove(self, href: str) -> None:
        self.s3.rm_file(href)


def test_nothing_is_found_before_its_manifest_is_there(s3: PrivateS3, storage: Storage) -> None:
    staged = storage.stage(TOKEN)
    fill(staged)
    s3.filesystem().put(str(staged), f"{storage.root}/{TARGET}/{staged.name}", recursive=True)
    assert storage.find(TARGET) is None


def test_a_file_that_somebody_put_beside_results_is_none_of_them(s3: PrivateS3, storage: Storage) -> None:
    staged = storage.stage(TOKEN)
    fill(staged)
    storage.publish(staged, TARGET)
    _, product, year, *_ = TARGET.split("/")
    s3.filesystem().pipe_file(f"{storage.root}/store/{product}/{year}/README.txt", b"mine")
    assert [each.target for each in storage.stored()] == [TARGET]


def test_who_loses_leaves_nothing_behind(s3: PrivateS3, storage: Storage) -> None:
    for content in (b"first", b"other"):
        staged = storage.stage(TOKEN)
        fill(staged, content)
        published = storage.publish(staged, TARGET)
    assert published.adopted
    found = [path.partition("/store/")[2] for path in s3.filesystem().find(f"{storage.root}/store")]
    prefix = published.manifest.href.rpartition("/store/")[2]
    assert sorted(found) == sorted([f"{prefix}/2014032.txt", f"{prefix}/manifest.json", f"{TARGET[6:]}/manifest.json"])


def test_a_manifest_that_was_sent_twice_because_the_answer_was_lost_is_no_lost_race(
    s3: PrivateS3, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = S3FileSystem._pipe_file

    async def sent_twice(filesystem: S3FileSystem, path: str, *given: object, **named: object) -> None:
        await send(filesystem, path, *given, **named)
        await send(filesystem, path, *given, **named)

    monkeypatch.setattr(S3FileSystem, "_pipe_file", sent_twice)
    monkeypatch.setattr(S3FileSystem, "cachable", False)
    staged = storage.stage(TOKEN)
    fill(staged, b"mine")
    published = storage.publish(staged, TARGET)
    assert not published.adopted
    assert s3.filesystem().cat_file(f"{published.manifest.href}/2014032.txt") == b"mine"
    assert storage.find(TARGET) == published.manifest


def test_a_root_that_was_moved_as_a_whole_is_found_where_it_lies_now(
    s3: PrivateS3, storage: Storage, tmp_path: Path
) -> None:
    staged = storage.stage(TOKEN)
    fill(staged)
    storage.publish(staged, TARGET)
    moved = storage_at(s3, tmp_path, f"s3://{s3.bucket()}/elsewhere")
    s3.filesystem().copy(f"{storage.root}/", f"{moved.root}/", recursive=True)
    found = moved.find(TARGET)
    assert found is not None
    assert found.href.startswith(f"{moved.root}/store/")
    assert moved.place(SLOT, found, 1)


def test_a_large_file_goes_out_and_comes_back_in_parts(s3: PrivateS3, storage: Storage) -> None:
    content = os.urandom(2 * PART_BYTES + 17)
    staged = storage.stage(TOKEN)
    manifest = fill(staged, content)
    published = storage.publish(staged, TARGET).manifest
    href = f"{published.href}/2014032.txt"
    assert s3.filesystem().info(href)["ETag"].strip('"').endswith("-3"), "three parts"
    file = manifest.files[0]
    assert storage.fetch(Asset(href=href, size=file.size, checksum=file.checksum)).read_bytes() == content


def test_the_tree_in_a_bucket_says_of_what_kind_its_files_are(s3: PrivateS3, storage: Storage) -> None:
    staged = storage.stage(TOKEN)
    fill(staged)
    storage.place(SLOT, storage.publish(staged, TARGET).manifest, 1)
    answer = s3.filesystem().info(f"{storage.root}/{naming.dataset_path(SLOT)}/2014032.txt")
    assert answer["ContentType"] == "text/plain"


def test_a_granule_in_a_bucket_is_fetched_once_and_keeps_its_name(s3: PrivateS3, storage: Storage) -> None:
    wanted = put(s3, b"snow")
    first = storage.fetch(wanted, "g1")
    s3.filesystem().rm_file(wanted.href)
    assert storage.fetch(wanted, "g1") == first
    assert (first.name, first.read_bytes()) == ("granule.nc.gz", b"snow")


def test_a_granule_with_a_wrong_checksum_is_not_kept(s3: PrivateS3, storage: Storage, tmp_path: Path) -> None:
    wanted = put(s3, b"snow")
    s3.filesystem().pipe_file(wanted.href, b"rain")
    with pytest.raises(GranuleError, match="checksum"):
        storage.fetch(wanted, "g1")
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


def test_a_granule_larger_than_promised_is_not_fetched(s3: PrivateS3, storage: Storage) -> None:
    wanted = put(s3, b"snow and ice").model_copy(update={"size": 4})
    with pytest.raises(GranuleError, match="has 12 bytes; its message or fetch_limit says 4"):
        storage.fetch(wanted, "g1")


def test_a_granule_that_is_not_there_is_nobodys_fault(s3: PrivateS3, storage: Storage) -> None:
    wanted = put(s3, b"snow")
    s3.filesystem().rm_file(wanted.href)
    with pytest.raises(StorageError, match="cannot be fetched: FileNotFoundError"):
        storage.fetch(wanted, "g1")


def test_a_file_without_a_checksum_is_fetched_once_to_learn_it(s3: PrivateS3, storage: Storage) -> None:
    wanted = put(s3, b"snow")
    learned = storage.learn(wanted.href)
    assert learned == wanted
    s3.filesystem().rm_file(wanted.href)
    assert storage.fetch(learned).read_bytes() == b"snow"


def test_a_bucket_that_is_not_allowed_is_the_granules_fault(s3: PrivateS3, tmp_path: Path) -> None:
    wanted = put(s3, b"snow")
    narrow = storage_at(s3, tmp_path, str(tmp_path / "out"), fetch_buckets="another")
    with pytest.raises(GranuleError, match="fetch_buckets") as raised:
        narrow.fetch(wanted, "g1")
    assert raised.value.granule_id == "g1"


def test_a_bucket_elsewhere_has_keys_of_its_own(s3: PrivateS3, tmp_path: Path) -> None:
    wanted = put(s3, b"snow")
    there = json.loads(json.dumps({f"{name.removeprefix('s3_')}": value for name, value in s3.settings().items()}))
    settings = load(out=str(tmp_path), s3_buckets={wanted.href.split("/")[2]: there})
    assert Storage.of(settings).fetch(wanted).read_bytes() == b"snow"
    assert "tests-secret" not in repr(settings) + settings.model_dump_json()


def test_s3_that_is_away_is_nobodys_fault(tmp_path: Path) -> None:
    settings = load(
        out="s3://bucket/products",
        staging=tmp_path / "staging",
        s3_endpoint_url="http://127.0.0.1:9",
        s3_access_key="k",
        s3_secret_key="geheim",
        fetch_timeout_seconds=0.2,
    )
    storage = Storage.of(settings)
    staged = storage.stage(TOKEN)
    fill(staged)
    with pytest.raises(StorageError, match="cannot be written") as raised:
        storage.publish(staged, TARGET)
    assert "geheim" not in str(raised.value)


def test_a_key_without_its_secret_is_told() -> None:
    with pytest.raises(SettingsError, match="belong together"):
        load(s3_access_key="k")
