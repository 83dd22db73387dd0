"""Notices by HTTP: from those who have the token, in bounds."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from pydantic import SecretStr

from icestream_core.errors import StorageError
from icestream_watcher.notices import http as module
from icestream_watcher.notices.http import CONNECTIONS, NoticeServer, Rate, _Bounded
from icestream_watcher.notices.ingest import Handled, Stopped
from icestream_watcher.notices.notice import MAX_BYTES, NoticeError

TOKEN = {"Authorization": "Bearer geheim"}


class Ingest:
    """Takes note of what comes."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, bytes, dict[str, str]]] = []

    def handle(self, kind: str, body: bytes, headers: Mapping[str, str], _stop: threading.Event) -> Handled:
        self.taken.append((kind, body, dict(headers)))
        handled = Handled()
        if body == b"full":
            raise StorageError("notices.sqlite is full")
        if body == b"stop":
            raise Stopped
        if body == b"bad":
            handled.add("malformed", NoticeError(kind, "links.0", "is missing"))
        else:
            handled.add("announced")
        return handled


@pytest.fixture
def ingest() -> Ingest:
    return Ingest()


@pytest.fixture
def port(ingest: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(module, "SECONDS", 0.5)
    server = NoticeServer(ingest, SecretStr("geheim"), 0, 5.0, "127.0.0.1")
    server.start()
    yield server.port
    server.close()


def post(port: int, path: str, body: bytes, headers: Mapping[str, str] = TOKEN) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", path, body, dict(headers))
    answer = connection.getresponse()
    content = json.loads(answer.read())
    connection.close()
    return answer.status, content


def test_a_notice_is_taken_and_its_token_goes_no_further(port: int, ingest: Ingest) -> None:
    assert post(port, "/notices/wis2", b"{}", {**TOKEN, "ce-id": "7"}) == (202, {"fates": ["announced"]})
    ((kind, body, headers),) = ingest.taken
    assert (kind, body, headers["ce-id"]) == ("wis2", b"{}", "7")
    assert "geheim" not in str(headers)


def test_the_wrong_field_is_in_the_answer(port: int) -> None:
    status, content = post(port, "/notices/wis2", b"bad")
    assert (status, content["field"]) == (400, "links.0")
    assert post(port, "/notices/wis2", b"stop")[0] == 503


def test_a_notice_that_cannot_be_noted_is_to_be_posted_again(port: int) -> None:
    status, content = post(port, "/notices/wis2", b"full")
    assert (status, content) == (503, {"error": "notices.sqlite is full; post it again"})


@pytest.mark.parametrize("given", [{}, {"Authorization": "Bearer geheimer"}, {"Authorization": "geheim"}])
def test_nobody_posts_without_the_token(port: int, ingest: Ingest, given: dict[str, str]) -> None:
    assert post(port, "/notices/wis2", b"{}", given)[0] == 401
    assert ingest.taken == []


def test_other_paths_formats_and_methods_are_not_there(port: int, ingest: Ingest) -> None:
    assert post(port, "/notices/email", b"{}")[0] == 404
    assert post(port, "/", b"{}")[0] == 404
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/notices/wis2", headers=TOKEN)
    assert connection.getresponse().status == 501
    assert ingest.taken == []


def raw(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(4096), b""))


HEAD = b"POST /notices/wis2 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer geheim\r\n"


@pytest.mark.parametrize(
    ("rest", "status"),
    [
        (b"\r\n", b"411"),
        (b"Content-Length: many\r\n\r\n", b"411"),
        (b"Content-Length: -1\r\n\r\n", b"411"),
        (b"Content-Length: %d\r\n\r\n" % (MAX_BYTES + 1), b"413"),
        (b"Content-Length: 99999999999999999999\r\n\r\n", b"413"),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"411"),
        (b"Content-Length: 10\r\n\r\n123", b"408"),
    ],
)
def test_what_is_out_of_bounds_is_not_read(port: int, ingest: Ingest, rest: bytes, status: bytes) -> None:
    assert raw(port, HEAD + rest).split()[1] == status
    assert ingest.taken == []


def test_who_sends_a_byte_now_and_then_is_cut_off(port: int, ingest: Ingest) -> None:
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        try:
            for byte in HEAD * 2:
                connection.sendall(bytes([byte]))
                time.sleep(0.05)
        except OSError:
            pass
    assert time.monotonic() - begun < 5
    assert post(port, "/notices/wis2", b"{}")[0] == 202
    assert len(ingest.taken) == 1


def test_who_posts_too_fast_is_told_to_wait(port: int, ingest: Ingest) -> None:
    begun = time.monotonic()
    statuses = [post(port, "/notices/wis2", b"{}")[0] for _ in range(20)]
    assert 10 <= statuses.count(202) <= 11 + 5 * (time.monotonic() - begun)
    assert 429 in statuses
    assert len(ingest.taken) == statuses.count(202)


def test_each_address_has_a_rate_of_its_own_that_comes_back() -> None:
    now = [0.0]
    rate = Rate(2.0, lambda: now[0])
    assert [rate.take("a") for _ in range(5)] == [0.0] * 4 + [0.5]
    assert rate.take("b") == 0.0
    now[0] += 0.5
    assert [rate.take("a"), rate.take("a")] == [0.0, 0.5]
    for number in range(20_000):
        rate.take(str(number))
    assert len(rate._left) <= module.ADDRESSES


def none_left(_thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def test_a_request_that_no_thread_is_left_for_takes_no_place_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading.Thread, "start", none_left)
    near, far = socket.socketpair()
    with _Bounded(("127.0.0.1", 0), BaseHTTPRequestHandler) as server, near, far:
        with pytest.raises(RuntimeError, match="new thread"):
            server.process_request(near, ("", 0))
        assert all(server._free.acquire(blocking=False) for _ in range(CONNECTIONS))


def test_a_request_whose_end_cannot_be_seen_to_takes_no_place_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading.Timer, "start", none_left)
    near, far = socket.socketpair()
    with _Bounded(("127.0.0.1", 0), BaseHTTPRequestHandler) as server, near, far:
        assert server._free.acquire(blocking=False)
        with pytest.raises(RuntimeError, match="new thread"):
            server.process_request_thread(near, ("", 0))
        assert all(server._free.acquire(blocking=False) for _ in range(CONNECTIONS))
