"""Addresses: to which hosts a message may make us connect. A name that leads into our own network is refused.

The address that was checked is the one that is connected to: a name that says another one the next time gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Sequence
from typing import Any

import httpcore

from icestream_core.errors import IcestreamError, StorageError
from icestream_runtime.storage.deadline import Deadline, TimedStream

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
NOT_PUBLIC = tuple(ipaddress.ip_network(each) for each in ("192.0.0.0/24", "fec0::/10"))
"""Which Python takes for public: of protocols, where a cloud keeps its metadata (192.0.0.192), and of sites."""


class HostRefused(IcestreamError):
    """A host to which icestream does not connect for a message."""


class Guard:
    """Which hosts and addresses are allowed.

    hosts : allowed names, sub-domains included; any where empty
    private : networks that are allowed although they are not public; raises ValueError for what is none
    """

    def __init__(self, hosts: Sequence[str] = (), private: Sequence[str] = ()) -> None:
        self._hosts = tuple(host.lower().strip(".") for host in hosts)
        self._private = tuple(ipaddress.ip_network(network) for network in private)

    def check_host(self, host: str) -> None:
        """Raise HostRefused for a name that is not among the allowed ones."""
        name = host.lower().strip(".")
        if self._hosts and not any(name == each or name.endswith(f".{each}") for each in self._hosts):
            raise HostRefused(f"host {host} is not among the allowed ones; allow it with fetch_hosts")

    def addresses(self, host: str, port: int) -> list[str]:
        """Return the addresses of a host that may be connected to.

        Raises HostRefused where none may; StorageError where the name is not known.
        """
        self.check_host(host)
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except UnicodeError as error:
            raise HostRefused(f"host {host[:100]} is no name that a host may have: {error}") from error
        except OSError as error:
            raise StorageError(f"host {host} is not known: {error}") from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        allowed = [address for address in addresses if self.allows(address)]
        if not allowed:
            raise HostRefused(
                f"host {host} is at {', '.join(addresses)}, which is no public address; "
                "allow its network with fetch_private"
            )
        return allowed

    def allows(self, address: str) -> bool:
        """Whether an address is public, or in a network that is allowed by name."""
        found = _inner(ipaddress.ip_address(address.partition("%")[0]))
        if any(found.version == network.version and found in network for network in self._private):
            return True
        if any(found.version == network.version and found in network for network in NOT_PUBLIC):
            return False
        return found.is_global and not found.is_multicast and not found.is_reserved


def _inner(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address stands for, where it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)


class CheckedNetwork(httpcore.NetworkBackend):
    """Connects for httpcore, to allowed addresses only. Every hop of a redirect comes through here."""

    def __init__(self, guard: Guard, deadline: Deadline) -> None:
        self._guard, self._deadline, self._sockets = guard, deadline, httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        error: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in self._guard.addresses(host, port):
            wait = self._deadline.within(timeout)
            try:
                stream = self._sockets.connect_tcp(address, port, wait, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                error = failed
            else:
                return TimedStream(stream, self._deadline)
        raise error or httpcore.ConnectError(f"{host} has no address")

    def sleep(self, seconds: float) -> None:
        self._sockets.sleep(seconds)
