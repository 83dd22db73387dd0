"""Files of items, whole and in parts, whether the products lie on a disk or in a bucket."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from catalogue.world import World, answers, day_of, get, serving, until
from icestream_core.errors import StorageError
from parts.s3 import PrivateS3

DEPTH = "snow-depth-china"
SLOT = day_of(DEPTH, 0)
CONTENT = f"{SLOT.key} ".encode()


def settings_of(where: str, root: Path, request: pytest.FixtureRequest) -> dict[str, Any]:
    if where == "disk":
        return {}
    s3: PrivateS3 = request.getfixturevalue("s3")
    places = {"staging": str(root / "staging"), "ledger_url": f"sqlite:///{root}/ledger.sqlite"}
    return s3.settings() | places | {"out": f"s3://{s3.bucket()}/north", "catalogue_url": f"sqlite:///{root}/c.sqlite"}


@pytest.fixture(scope="module", params=["disk", "bucket"])
def assets(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The assets of an item that a catalogue serves."""
    root = tmp_path_factory.mktemp("world")
    world = World(root, **settings_of(request.param, root, request))
    world.register(DEPTH)
    world.make(SLOT)
    with pytest.MonkeyPatch.context() as patch:
        # A small file is then as large as what is compressed.
        patch.setattr("icestream_catalogue.app.COMPRESSED_FROM", 1)
        with serving(world) as address:
            item = f"{address}/stac/collections/{DEPTH}/items/{SLOT.key}"
            until(lambda: answers(item))
            yield get(item)["assets"]
    world.close()


def ask(url: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method, headers=given), timeout=20) as answer:
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, {name.lower(): value for name, value in error.headers.items()}, error.read()


def test_a_file_comes_whole_with_its_size_and_a_name_to_save_it_by(assets: dict[str, Any]) -> None:
    status, headers, body = ask(assets["data"]["href"])
    assert (status, body) == (200, CONTENT)
    assert headers["content-length"] == str(len(CONTENT))
    assert headers["accept-ranges"] == "bytes"
    assert headers["content-disposition"].startswith("attachment")
    assert f"{SLOT.key}.nc" in headers["content-disposition"]
    assert headers["content-type"] == "application/netcdf"


def test_who_takes_gzip_is_told_the_length_of_a_file_all_the_same(assets: dict[str, Any]) -> None:
    status, headers, body = ask(assets["data"]["href"], accept_encoding="gzip, deflate")
    assert (status, body, headers["content-length"]) == (200, CONTENT, str(len(CONTENT)))
    assert "content-encoding" not in headers


def test_a_picture_is_shown(assets: dict[str, Any]) -> None:
    status, headers, body = ask(assets["quicklook"]["href"])
    assert (status, headers["content-type"], body[:4]) == (200, "image/png", b"\x89PNG")
    assert headers["content-disposition"].startswith("inline")


@pytest.mark.parametrize(
    ("asked", "part"),
    [("bytes=0-3", slice(0, 4)), ("bytes=5-", slice(5, None)), ("bytes=-6", slice(-6, None)),
     ("bytes=2-9999", slice(2, None)), ("Bytes=0-0", slice(0, 1))],
)  # fmt: skip
def test_a_part_comes_alone(assets: dict[str, Any], asked: str, part: slice) -> None:
    status, headers, body = ask(assets["data"]["href"], range=asked)
    assert (status, body) == (206, CONTENT[part])
    first = range(len(CONTENT))[part].start
    assert headers["content-range"] == f"bytes {first}-{first + len(body) - 1}/{len(CONTENT)}"


def test_a_part_beyond_the_end_is_refused_with_the_size(assets: dict[str, Any]) -> None:
    status, headers, _ = ask(assets["data"]["href"], range="bytes=9999-")
    assert (status, headers["content-range"].removeprefix("bytes ")) == (416, f"*/{len(CONTENT)}")


def test_a_part_of_another_content_is_not_sent(assets: dict[str, Any]) -> None:
    status, _, body = ask(assets["data"]["href"], range="bytes=0-3", if_range='"of yesterday"')
    assert (status, body) == (200, CONTENT)


def test_who_asks_for_the_head_gets_no_body(assets: dict[str, Any]) -> None:
    status, headers, body = ask(assets["data"]["href"], "HEAD")
    assert (status, headers["content-length"], body) == (200, str(len(CONTENT)), b"")


def test_what_was_got_before_is_not_sent_again(assets: dict[str, Any]) -> None:
    _, headers, _ = ask(assets["data"]["href"])
    assert ask(assets["data"]["href"], if_none_match=headers["etag"])[::2] == (304, b"")


def test_another_name_or_revision_is_not_there(assets: dict[str, Any]) -> None:
    directory, _, _ = assets["data"]["href"].rpartition("/")
    assert ask(f"{directory}/manifest.json")[0] == 404
    assert ask(assets["data"]["href"].replace(directory.rpartition("/")[2], "00000000-00000000"))[0] == 404


def test_a_bucket_that_is_away_is_no_file_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path)
    world.register(DEPTH)
    world.make(SLOT)

    def away(_path: str) -> NoReturn:
        raise StorageError("Could not connect to the endpoint URL")

    with serving(world) as address:
        item = f"{address}/stac/collections/{DEPTH}/items/{SLOT.key}"
        until(lambda: answers(item))
        href = get(item)["assets"]["data"]["href"]
        monkeypatch.setattr(world.storage, "local", lambda _path: None)
        monkeypatch.setattr(world.storage, "open", away)
        status, _, body = ask(href)
    world.close()
    assert (status, b"the storage is away" in body, b"endpoint" in body) == (503, True, False)
