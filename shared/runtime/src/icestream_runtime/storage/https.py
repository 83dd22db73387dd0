"""https in: a file from a web server, within limits of time and size. No server and no redirect leads where it may not.

Proxies of the environment are not used: they would connect where we do not look.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urljoin, urlsplit

import httpcore

from icestream_core.errors import GranuleError, StorageError
from icestream_runtime.secret_url import readable
from icestream_runtime.storage.access import Access
from icestream_runtime.storage.addresses import CheckedNetwork, Guard, HostRefused
from icestream_runtime.storage.deadline import Deadline

REDIRECTS: Final = 5
MOVED: Final = (301, 302, 303, 307, 308)
TRIED_AGAIN: Final = (408, 425, 429, 500, 502, 503, 504)
PAUSES_SECONDS: Final = (0.5, 2.0)
"""Between attempts. After the last the slot is tried again, much later."""
CONNECTIONS: Final = 16


class Again(StorageError):
    """The server is busy or the connection broke: worth another attempt at once."""


class Web:
    """Downloads files. Safe to use from several threads; connections are kept and used again."""

    def __init__(self, access: Access) -> None:
        """Take note of what is allowed; raises ValueError for a network, OSError for certificates that are none."""
        self._access = access
        self._deadline = Deadline()
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl.create_default_context(cafile=access.ca),
            max_connections=CONNECTIONS,
            keepalive_expiry=30.0,
            network_backend=CheckedNetwork(Guard(access.hosts, access.private), self._deadline),
        )

    def download(self, href: str, to: Path, size: int = 0, granule_id: str = "") -> None:
        """Write the file of an address to a path.

        size : what is promised, bytes; 0 where nobody told
        Raises GranuleError for an address that is refused and a file that is larger than promised or allowed;
        StorageError where it cannot be had now.
        """
        deadline = time.monotonic() + self._access.deadline
        for pause in (*PAUSES_SECONDS, None):
            try:
                with self._deadline.at(deadline):
                    self._follow(href, to, size or self._access.limit, deadline)
                return
            except HostRefused as refused:
                raise GranuleError(
                    f"granule {granule_id}: {readable(href)} is refused: {refused}", granule_id
                ) from None
            except TooLarge as found:
                raise GranuleError(f"granule {granule_id}: {readable(href)} {found}", granule_id) from None
            except Again:
                if pause is None or time.monotonic() + pause > deadline:
                    raise
                time.sleep(pause)

    def _follow(self, href: str, to: Path, most: int, deadline: float) -> None:
        address = href
        for _ in range(REDIRECTS + 1):
            moved = self._get(address, to, most, deadline)
            if moved is None:
                return
            address = urljoin(address, moved)
        raise StorageError(f"{readable(href)} leads from one address to the next more than {REDIRECTS} times")

    def _get(self, address: str, to: Path, most: int, deadline: float) -> str | None:
        """Write what lies at an address, or return the address that it points to."""
        limits = dict.fromkeys(("connect", "read", "write", "pool"), self._access.timeout)
        try:
            headers = self._headers(address)
            with self._pool.stream("GET", address, headers=headers, extensions={"timeout": limits}) as response:
                if response.status in MOVED:
                    return _header(response, b"location") or _no_location(address)
                if response.status != 200:
                    kind = Again if response.status in TRIED_AGAIN else StorageError
                    hint = "; does it want a token (fetch_tokens)?" if response.status in (401, 403) else ""
                    raise kind(f"{readable(address)} cannot be fetched: the server answers {response.status}{hint}")
                _write(response.iter_stream(), to, most, deadline, address)
        except (httpcore.UnsupportedProtocol, httpcore.LocalProtocolError, ValueError) as error:
            raise HostRefused(f"{readable(address)!r} is no address: {error}") from error
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            is_late = time.monotonic() >= deadline
            reason = "it takes too long (see fetch_seconds)" if is_late else f"{type(error).__name__}: {error}"
            # A certificate does not become right by asking again.
            kind = StorageError if "CERTIFICATE" in reason else Again
            raise kind(f"{readable(address)} cannot be fetched: {reason}") from error
        return None

    def _headers(self, address: str) -> list[tuple[bytes | str, bytes | str]]:
        if not address.isascii():
            raise HostRefused(f"{readable(address)!r} holds what is not ASCII; wanted it quoted, as in %C3%A9")
        parts = urlsplit(address)
        if parts.scheme != "https" and not (parts.scheme == "http" and self._access.plain_http):
            raise HostRefused(f"it would be read by {parts.scheme or 'nothing'}; wanted https (see fetch_plain_http)")
        if parts.username or parts.password:
            raise HostRefused("it carries a user name; set fetch_tokens instead")
        host = parts.hostname
        if not host:
            raise HostRefused("it names no host")
        headers: list[tuple[bytes | str, bytes | str]] = [("User-Agent", "icestream"), ("Accept-Encoding", "identity")]
        token = self._access.tokens.get(host)
        # To its own host only, and never in the clear.
        if token is not None and parts.scheme == "https":
            headers.append(("Authorization", f"Bearer {token.get_secret_value()}"))
        return headers


class TooLarge(Exception):
    """More comes than was promised or is allowed."""


def _write(chunks: Iterator[bytes], to: Path, most: int, deadline: float, address: str) -> None:
    written = 0
    with to.open("wb") as file:
        for chunk in chunks:
            written += len(chunk)
            if written > most:
                raise TooLarge(f"has more than {most} bytes; that is what its message says, or what fetch_limit allows")
            if time.monotonic() > deadline:
                raise StorageError(f"{readable(address)} cannot be fetched: it takes too long (see fetch_seconds)")
            file.write(chunk)


def _header(response: httpcore.Response, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in response.headers if key.lower() == name), "")


def _no_location(address: str) -> str:
    raise StorageError(f"{readable(address)} cannot be fetched: the server says that it has moved, and not where to")
