"""https in: within limits of time and size, and never to where a message must not lead."""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from icestream_core.errors import GranuleError, SettingsError, StorageError
from icestream_core.granule import Asset
from icestream_runtime.settings import load
from icestream_runtime.storage import Storage
from icestream_runtime.storage.access import Access
from icestream_runtime.storage.addresses import Guard
from parts.certificates import Authority
from parts.web import Web, redirect

LOOPBACK = {"fetch_plain_http": True, "fetch_private": "127.0.0.0/8"}


def storage(tmp_path: Path, **settings: object) -> Storage:
    return Storage.of(load(out=str(tmp_path / "out"), fetch_timeout_seconds=2, **settings))


def promised(href: str, content: bytes = b"snow") -> Asset:
    return Asset(href=href, size=len(content), checksum=f"sha256:{hashlib.sha256(content).hexdigest()}")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.0.192",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fec0::1",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2001:db8::1",
    ],
)
def test_an_address_that_is_not_public_is_not_allowed(address: str) -> None:
    assert not Guard().allows(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "64:ff9b::808:808"])
def test_a_public_address_is_allowed(address: str) -> None:
    assert Guard().allows(address)


def test_a_network_may_be_allowed_by_name_and_no_other_is() -> None:
    guard = Guard(private=["10.0.0.0/8", "fd00::/8"])
    assert [guard.allows(each) for each in ("10.9.9.9", "fd00::1", "::ffff:10.0.0.1")] == [True] * 3
    assert [guard.allows(each) for each in ("127.0.0.1", "192.168.0.1", "fe80::1")] == [False] * 3


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::1]", "[::ffff:7f00:1]", "0"]
)
def test_our_own_network_is_refused_however_it_is_written(tmp_path: Path, web: Web, host: str) -> None:
    web.files["/a.nc"] = b"snow"
    with pytest.raises(GranuleError, match=r"is refused: host .*no public address.*fetch_private"):
        storage(tmp_path, fetch_plain_http=True).fetch(promised(f"http://{host}:{web.port}/a.nc"), "g1")
    assert web.asked == []


def test_a_file_comes_once_and_keeps_its_name(tmp_path: Path, web: Web) -> None:
    web.files["/archive/a.nc.gz?token=1"] = b"snow"
    wanted = promised(f"{web.url}/archive/a.nc.gz?token=1")
    given = storage(tmp_path, **LOOPBACK)
    path = given.fetch(wanted, "g1")
    assert (path.name, path.read_bytes()) == ("a.nc.gz", b"snow")
    assert given.fetch(wanted, "g1") == path
    assert len(web.asked) == 1


def test_a_file_that_was_damaged_in_the_cache_is_fetched_anew(tmp_path: Path, web: Web) -> None:
    """A power cut, say. It is no fault of the granule, which would be quarantined."""
    web.files["/a.nc"] = b"snow"
    wanted, given = promised(f"{web.url}/a.nc"), storage(tmp_path, **LOOPBACK)
    path = given.fetch(wanted, "g1")
    given.release(path)
    for damaged in (b"", b"sn\0\0"):
        path.chmod(0o644)
        path.write_bytes(damaged)
        assert given.fetch(wanted, "g1").read_bytes() == b"snow"
        given.release(path)
    assert len(web.asked) == 3
    with pytest.raises(GranuleError, match="has more than 3 bytes"):
        given.fetch(wanted.model_copy(update={"size": 3}), "g1")


def test_a_redirect_is_followed_to_what_is_allowed(tmp_path: Path, web: Web) -> None:
    web.files["/there.nc"] = b"snow"
    web.answers["/here.nc"] = redirect("/there.nc")
    assert storage(tmp_path, **LOOPBACK).fetch(promised(f"{web.url}/here.nc")).read_bytes() == b"snow"


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/a",
        "http://10.0.0.1/a",
        "file:///etc/passwd",
        "ftp://example.org/a",
        "http://user:password@127.0.0.1/a",
    ],
)
def test_a_redirect_to_what_is_not_allowed_is_refused(tmp_path: Path, web: Web, target: str) -> None:
    web.answers["/a.nc"] = redirect(target)
    with pytest.raises(GranuleError, match="is refused"):
        storage(tmp_path, **LOOPBACK).fetch(promised(f"{web.url}/a.nc"), "g1")


def test_redirects_without_end_are_given_up(tmp_path: Path, web: Web) -> None:
    web.answers["/a.nc"] = redirect("/a.nc")
    with pytest.raises(StorageError, match="more than 5 times"):
        storage(tmp_path, **LOOPBACK).fetch(promised(f"{web.url}/a.nc"))
    assert len(web.asked) == 6


def test_a_name_that_changes_its_address_after_the_check_gains_nothing(
    tmp_path: Path, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.files["/a.nc"] = b"snow"
    asked: list[str] = []
    real = socket.getaddrinfo

    def answer(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        if host != "rebind.example":
            return real(host, port, *rest, **more)
        asked.append(host)
        # The second answer would be the secret inside.
        return real("127.0.0.1" if len(asked) == 1 else "169.254.169.254", port, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    path = storage(tmp_path, **LOOPBACK).fetch(promised(f"http://rebind.example:{web.port}/a.nc"))
    assert path.read_bytes() == b"snow"
    assert asked == ["rebind.example"], "what was checked is what was connected to"
    with pytest.raises(GranuleError, match="is refused"):
        storage(tmp_path / "other", **LOOPBACK).fetch(promised(f"http://rebind.example:{web.port}/b.nc"))


def test_only_hosts_of_the_list_are_asked_where_there_is_one(tmp_path: Path, web: Web) -> None:
    web.files["/a.nc"] = b"snow"
    given = storage(tmp_path, **LOOPBACK, fetch_hosts="localhost,example.org")
    assert given.fetch(promised(f"http://localhost:{web.port}/a.nc")).read_bytes() == b"snow"
    for host in ("127.0.0.1", "example.org.evil.test", "notexample.org"):
        with pytest.raises(GranuleError, match="fetch_hosts"):
            given.fetch(promised(f"http://{host}:{web.port}/b.nc", b"ice"))


def test_http_without_tls_is_refused_unless_it_is_allowed(tmp_path: Path, web: Web) -> None:
    with pytest.raises(GranuleError, match="wanted https"):
        storage(tmp_path, fetch_private="127.0.0.0/8").fetch(promised(f"{web.url}/a.nc"))
    assert web.asked == []


def test_more_than_was_promised_is_not_read_to_its_end(tmp_path: Path, web: Web) -> None:
    sent = threading.Event()

    def pour(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        try:
            for _ in range(100_000):
                request.wfile.write(b"x" * 65_536)
        except OSError:
            sent.set()

    web.answers["/a.nc"] = pour
    with pytest.raises(GranuleError, match="has more than 4 bytes"):
        storage(tmp_path, **LOOPBACK).fetch(promised(f"{web.url}/a.nc"), "g1")
    assert sent.wait(10), "the connection was cut"
    with pytest.raises(GranuleError, match="has more than 1000000 bytes"):
        storage(tmp_path, **LOOPBACK, fetch_limit="1MB").learn(f"{web.url}/a.nc")


def test_a_promise_of_more_than_is_allowed_is_not_asked_for(tmp_path: Path, web: Web) -> None:
    """A promise must not raise the limit."""
    web.files["/a.nc"] = b"x" * 2000
    given = storage(tmp_path, **LOOPBACK, fetch_limit="1kB")
    for fetch in (given.learn, lambda href, size: given.fetch(Asset(href=href, size=size, checksum="md5:00"))):
        with pytest.raises(GranuleError, match="has 2000 bytes by its message; fetch_limit allows 1000"):
            fetch(f"{web.url}/a.nc", 2000)
    assert web.asked == []


def test_what_signs_an_address_is_not_told(tmp_path: Path, web: Web) -> None:
    web.answers["/a.nc"] = redirect("/b.nc?X-Amz-Signature=geheim")
    given = storage(tmp_path, **LOOPBACK)
    for href in (f"{web.url}/a.nc", f"{web.url}/c.nc?sig=geheim", f"http://u:geheim@127.0.0.1:{web.port}/a.nc"):
        with pytest.raises((StorageError, GranuleError), match=r"\.nc") as raised:
            given.fetch(promised(href), "g1")
        assert "geheim" not in str(raised.value)
    web.files["/d.nc?sig=geheim"] = b"hail"
    with pytest.raises(GranuleError, match=r"/d\.nc\?\.\.\. has the checksum") as raised:
        given.fetch(promised(f"{web.url}/d.nc?sig=geheim"), "g1")
    assert "geheim" not in str(raised.value)


def test_a_server_that_drips_is_given_up(tmp_path: Path, web: Web) -> None:
    def drip(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        try:
            for _ in range(1000):
                request.wfile.write(b"x")
                request.wfile.flush()
                time.sleep(0.05)
        except OSError:
            return

    web.answers["/a.nc"] = drip
    begun = time.monotonic()
    with pytest.raises(StorageError, match="takes too long"):
        storage(tmp_path, **LOOPBACK, fetch_seconds=0.5).fetch(promised(f"{web.url}/a.nc", b"x" * 1000))
    assert time.monotonic() - begun < 10


def test_a_server_that_never_comes_to_its_answer_is_given_up(tmp_path: Path, web: Web) -> None:
    def stall(request: BaseHTTPRequestHandler) -> None:
        try:
            for _ in range(100):
                request.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                time.sleep(0.05)
        except OSError:
            return

    web.answers["/a.nc"] = stall
    begun = time.monotonic()
    with pytest.raises(StorageError, match="takes too long"):
        storage(tmp_path, **LOOPBACK, fetch_seconds=0.3).fetch(promised(f"{web.url}/a.nc"))
    assert time.monotonic() - begun < 3


def test_a_busy_server_is_asked_again_and_one_without_the_file_is_not(tmp_path: Path, web: Web) -> None:
    def busy(request: BaseHTTPRequestHandler) -> None:
        web.answers.pop("/a.nc")
        request.send_response(503)
        request.send_header("Content-Length", "0")
        request.end_headers()

    web.files["/a.nc"], web.answers["/a.nc"] = b"snow", busy
    assert storage(tmp_path, **LOOPBACK).fetch(promised(f"{web.url}/a.nc")).read_bytes() == b"snow"
    with pytest.raises(StorageError, match="answers 404"):
        storage(tmp_path, **LOOPBACK).fetch(promised(f"{web.url}/never.nc"))
    assert [path for path, _ in web.asked] == ["/a.nc", "/a.nc", "/never.nc"]


def test_a_token_goes_to_its_host_and_over_tls_only(tmp_path: Path, web: Web) -> None:
    authority = Authority(tmp_path / "ca", "ours")
    tokens = {"127.0.0.1": "geheim", "example.org": "other"}
    given = storage(tmp_path, **LOOPBACK, fetch_tokens=tokens, storage_ca=authority.certificate)
    web.files["/plain.nc"] = b"snow"
    given.fetch(promised(f"{web.url}/plain.nc"))
    assert "Authorization" not in web.asked[0][1]
    with Web(*authority.server("127.0.0.1")) as secure:
        secure.files["/a.nc"] = b"snow"
        assert given.fetch(promised(f"{secure.url}/a.nc")).read_bytes() == b"snow"
        assert secure.asked[0][1]["Authorization"] == "Bearer geheim"
        # From here it would go on in the clear.
        secure.answers["/b.nc"] = redirect(f"{web.url}/plain.nc")
        assert given.fetch(promised(f"{secure.url}/b.nc", b"snow")).read_bytes() == b"snow"
    assert "Authorization" not in web.asked[-1][1]
    assert "geheim" not in repr(load(fetch_tokens=tokens))


def test_a_token_is_for_its_host_however_that_is_written(tmp_path: Path, web: Web) -> None:
    assert list(Access.of(load(fetch_tokens={"Archive.Example": "geheim"})).tokens) == ["archive.example"]
    web.answers["/a.nc"] = lambda request: request.send_error(401)
    with pytest.raises(StorageError, match=r"answers 401; does it want a token \(fetch_tokens\)\?"):
        storage(tmp_path, **LOOPBACK).fetch(promised(f"{web.url}/a.nc"))


def test_a_certificate_that_is_not_trusted_or_of_another_host_is_refused(tmp_path: Path) -> None:
    ours, others = Authority(tmp_path / "ours", "ours"), Authority(tmp_path / "others", "others")
    given = storage(tmp_path, **LOOPBACK, storage_ca=ours.certificate)
    for certificate in (others.server("127.0.0.1"), ours.server("127.0.0.2")):
        with Web(*certificate) as secure:
            secure.files["/a.nc"] = b"snow"
            with pytest.raises(StorageError, match="CERTIFICATE_VERIFY_FAILED"):
                given.fetch(promised(f"{secure.url}/a.nc"))
            assert secure.asked == []


def test_certificates_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="storage_ca"):
        storage(tmp_path, storage_ca=tmp_path / "never.pem")


def test_a_file_without_a_checksum_is_fetched_once_to_learn_it(tmp_path: Path, web: Web) -> None:
    web.files["/a.nc"] = b"snow"
    given = storage(tmp_path, **LOOPBACK)
    learned = given.learn(f"{web.url}/a.nc")
    assert learned == promised(f"{web.url}/a.nc")
    assert given.fetch(learned).read_bytes() == b"snow"
    assert len(web.asked) == 1
    with pytest.raises(GranuleError, match="has 4 bytes; its message says 9"):
        given.learn(f"{web.url}/a.nc", size=9)


def test_a_network_that_is_none_is_told() -> None:
    with pytest.raises(SettingsError, match="fetch_private"):
        load(fetch_private="everything")
