"""How to reach RabbitMQ: from an AMQP URL to the parameters of one connection."""

from __future__ import annotations

import os
import socket
import ssl
from pathlib import Path
from typing import Final

import pika

from icestream_runtime.secret_url import parts_of, without_password

CONNECT_TIMEOUT: Final = 10.0
"""For the socket and for each handshake, seconds."""

TCP_OPTIONS: Final = {
    # A silent firewall drops an idle connection without a word; the kernel must notice within a minute or so.
    "TCP_KEEPIDLE": 30,
    "TCP_KEEPINTVL": 10,
    "TCP_KEEPCNT": 3,
    # Milliseconds that sent data may stay unanswered.
    "TCP_USER_TIMEOUT": 60_000,
}


def connection_parameters(
    url: str,
    name: str,
    heartbeat: int,
    cafile: Path | None = None,
    certfile: Path | None = None,
    keyfile: Path | None = None,
) -> pika.URLParameters:
    """Return pika's parameters for a connection that the broker's operator sees under `name`.

    url : amqp://user:password@host:port/vhost, or amqps:// for TLS
    heartbeat : s
    cafile : certificates to trust instead of the system's; certfile, keyfile : our own, where the broker wants one
    Raises ValueError for a URL that is none.
    """
    parts = parts_of(url)
    if parts.scheme not in ("amqp", "amqps") or not parts.hostname:
        raise ValueError(
            f"the broker's URL is {without_password(url)!r}; wanted amqp://user:password@host:port/vhost, or amqps://"
        )
    parameters = pika.URLParameters(url)
    parameters.heartbeat = heartbeat
    parameters.client_properties = {"connection_name": name, "product": "icestream"}
    parameters.socket_timeout = CONNECT_TIMEOUT
    parameters.stack_timeout = 2 * CONNECT_TIMEOUT
    parameters.connection_attempts = 1
    parameters.tcp_options = dict(TCP_OPTIONS)
    if parts.scheme == "amqps":
        context = ssl.create_default_context(cafile=cafile)
        if certfile is not None:
            context.load_cert_chain(certfile, keyfile)
        parameters.ssl_options = pika.SSLOptions(context, parts.hostname)
    return parameters


def connection_name(service: str, role: str) -> str:
    """Return the name under which RabbitMQ lists a connection of this process."""
    return f"icestream-{service}-{socket.gethostname()}-{os.getpid()}-{role}"
