"""A private RabbitMQ on loopback, and the virtual hosts that give every test a broker of its own."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import socket
import subprocess
import urllib.error
import urllib.request
import uuid
import warnings
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pika

from parts.process import Server, free_ports, private_directory

# Not the command on PATH: Debian's wrapper there changes the user and the directories.
HOMES = ("/usr/lib/rabbitmq/bin", "/opt/rabbitmq/sbin", "/opt/homebrew/opt/rabbitmq/sbin")

STARTS = 5
HANGS_SECONDS = 6.0
PROBE_SECONDS = 20.0
PLUGINS = ("rabbitmq_management", "rabbitmq_prometheus")


def find_rabbitmq() -> Path | None:
    """Return the directory of RabbitMQ's own scripts, or None where it is not installed."""
    return next((Path(home) for home in HOMES if Path(home, "rabbitmq-server").exists()), None)


class Broker:
    """A running RabbitMQ, reached by AMQP and by its management interface."""

    def __init__(self, host: str, port: int, management_port: int, user: str, password: str) -> None:
        self.host = host
        self.port = port
        self.management_port = management_port
        self.user = user
        self.password = password

    @classmethod
    def at(cls, url: str) -> Broker:
        """Return the broker of an AMQP URL; its management interface is expected 10,000 ports higher, as is usual."""
        parts = urlsplit(url)
        port = parts.port or 5672
        user, password = unquote(parts.username or "guest"), unquote(parts.password or "guest")
        return cls(parts.hostname or "localhost", port, port + 10_000, user, password)

    def url(self, vhost: str = "/") -> str:
        return f"amqp://{quote(self.user)}:{quote(self.password)}@{self.host}:{self.port}/{quote(vhost, safe='')}"

    @contextlib.contextmanager
    def vhost(self) -> Iterator[str]:
        """Make an empty virtual host, give its AMQP URL and remove it with all its queues afterwards."""
        name = f"test-{uuid.uuid4().hex[:12]}"
        self.manage("PUT", f"vhosts/{name}")
        self.manage("PUT", f"permissions/{name}/{quote(self.user)}", {"configure": ".*", "write": ".*", "read": ".*"})
        try:
            yield self.url(name)
        finally:
            self._remove(name)

    def _remove(self, vhost: str) -> None:
        self.manage("DELETE", f"vhosts/{vhost}")

    def manage(self, method: str, path: str, body: object = None, timeout: float = 30) -> Any:
        """Call the management interface, for example `manage("GET", "queues/<vhost>")`; return what it answers."""
        request = urllib.request.Request(
            f"http://{self.host}:{self.management_port}/api/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode(),
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            text = answer.read()
        return json.loads(text) if text else None


class PrivateRabbitMQ(Broker):
    """A RabbitMQ of our own: killed, started again on the same ports and data, paused, resumed, closed."""

    def __init__(
        self, plugins: Sequence[str] = ("rabbitmq_management", "rabbitmq_prometheus"), configuration: str = ""
    ) -> None:
        home = find_rabbitmq()
        if home is None:
            raise FileNotFoundError(
                f"RabbitMQ is in none of {', '.join(HOMES)}. Install it: apt-get install rabbitmq-server"
            )
        self.home = home
        self.directory = private_directory("rabbitmq")
        port, management_port, distribution_port, epmd_port, self.prometheus_port = free_ports(5)
        super().__init__("127.0.0.1", port, management_port, "guest", "guest")
        self.node = f"icestream-{uuid.uuid4().hex[:8]}@localhost"
        self.environment = self._environment(distribution_port, epmd_port)
        self._configure(plugins, configuration)
        # A name server of our own, or the first broker's would serve, and die with, everybody's.
        self.epmd = Server(
            ["epmd", "-address", "127.0.0.1", "-port", str(epmd_port)], self.environment, self.directory / "epmd.log"
        )
        log = self.directory / "server.log"
        self.server = Server([str(home / "rabbitmq-server")], self.environment, log, first=True)
        self.epmd_port = epmd_port
        self._struck = False

    def start(self, timeout: float = 180) -> None:
        """Start, or start again after a kill, on the same ports and the same data.

        RabbitMQ 3.10 now and then hangs or ends while it starts, most of all where it was killed while it started; what
        hangs computes nothing. It is started again, as a supervisor would.
        """
        if not self.epmd.running:
            self.epmd.start(lambda: _listens(self.epmd_port))
        for _ in range(STARTS - 1):
            with contextlib.suppress(TimeoutError, RuntimeError):
                return self.server.start(self._answers, timeout, HANGS_SECONDS)
        return self.server.start(self._answers, timeout)

    def ensure(self) -> None:
        """Start unless it runs, and make it anew where a test struck it: for the test that comes after that one.

        RabbitMQ 3.10 that was killed often, or starved, now and then answers every queue with INTERNAL_ERROR or takes
        no message any more. So its data are thrown away: the next test wants an empty one.
        """
        if self._struck:
            self._make_anew()
        elif not self.server.running:
            self.start()
        self._struck = False

    @contextlib.contextmanager
    def vhost(self) -> Iterator[str]:
        """Make an empty virtual host that takes messages. A broker may fall ill long after it was killed."""
        for _ in range(STARTS):
            with super().vhost() as url:
                if self._takes_messages(url.rpartition("/")[2]):
                    yield url
                    return
                warnings.warn(f"RabbitMQ is not well and is made anew:\n{self._last_words()}", stacklevel=2)
                self._make_anew()
        raise RuntimeError(f"RabbitMQ takes no message, {STARTS} times made anew:\n{self._last_words()}")

    def _make_anew(self) -> None:
        if self.server.running:
            self.server.kill()
        shutil.rmtree(self.directory / "data")
        self.start()

    def kill(self) -> None:
        """SIGKILL. A quorum queue survives if it was declared at least three seconds before."""
        self._struck = True
        self.server.kill()

    def pause(self) -> None:
        self._struck = True
        self.server.pause()

    def resume(self) -> None:
        self.server.resume()

    def close(self) -> None:
        """End it for good; its data go with this process."""
        # A clean stop takes six seconds and nobody reads the data again.
        self.server.kill()
        self.epmd.kill()

    def ctl(self, *arguments: str) -> str:
        """Run rabbitmqctl on this node and return what it prints."""
        command = [str(self.home / "rabbitmqctl"), "-q", "-n", self.node, *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=240, check=True)
        return done.stdout

    def _remove(self, vhost: str) -> None:
        try:
            super()._remove(vhost)
        except urllib.error.HTTPError as error:
            # What was made anew has it no more. Who answers with an error of its own is looked at before the next test.
            if error.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
                self._struck = True
            elif error.code != HTTPStatus.NOT_FOUND:
                raise

    def _takes_messages(self, vhost: str) -> bool:
        """Tell whether a new queue takes a message and confirms it, within a time that a loaded machine has too."""
        parameters = pika.ConnectionParameters(
            self.host,
            self.port,
            vhost,
            blocked_connection_timeout=PROBE_SECONDS,
            socket_timeout=PROBE_SECONDS,
            heartbeat=10,
        )
        queue = f"probe-{uuid.uuid4().hex[:8]}"
        try:
            with contextlib.closing(pika.BlockingConnection(parameters)) as connection:
                connection.call_later(PROBE_SECONDS, connection.close)
                channel = connection.channel()
                channel.confirm_delivery()
                channel.queue_declare(queue, durable=True, arguments={"x-queue-type": "quorum"})
                channel.basic_publish("", queue, b"", mandatory=True)
                channel.queue_delete(queue)
        except pika.exceptions.AMQPError:
            return False
        return True

    def _last_words(self) -> str:
        logs = sorted((self.directory / "log").glob("*.log"), key=lambda path: path.stat().st_mtime)
        return logs[-1].read_text(errors="replace")[-4000:] if logs else "it kept no log"

    def _answers(self) -> bool:
        """Tell whether the broker answers an AMQP handshake: its port opens earlier than that."""
        with contextlib.suppress(OSError), socket.create_connection((self.host, self.port), 1) as connection:
            connection.settimeout(5)
            connection.sendall(b"AMQP\x00\x00\x09\x01")
            return bool(connection.recv(1)) and _listens(self.management_port)
        return False

    def _environment(self, distribution_port: int, epmd_port: int) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("RABBITMQ_", "ERL_"))}
        directory = str(self.directory)
        return inherited | {
            "HOME": directory,
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_MNESIA_BASE": f"{directory}/data",
            "RABBITMQ_LOG_BASE": f"{directory}/log",
            "RABBITMQ_CONFIG_FILE": f"{directory}/rabbitmq",
            "RABBITMQ_ADVANCED_CONFIG_FILE": f"{directory}/advanced",
            "RABBITMQ_CONF_ENV_FILE": f"{directory}/rabbitmq-env.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{directory}/enabled_plugins",
            "RABBITMQ_GENERATED_CONFIG_DIR": directory,
            "RABBITMQ_PLUGINS_EXPAND_DIR": f"{directory}/plugins",
            "RABBITMQ_PID_FILE": f"{directory}/pid",
            "RABBITMQ_DIST_PORT": str(distribution_port),
            # Idle schedulers must not spin: the tests need the cores.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}"
            " +sbwt none +sbwtdcpu none +sbwtdio none",
            "ERL_EPMD_PORT": str(epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            # The script then becomes the broker, instead of waiting for it: our child is the broker itself.
            "RUNNING_UNDER_SYSTEMD": "1",
        }

    def _configure(self, plugins: Sequence[str], configuration: str) -> None:
        cookie = self.directory / ".erlang.cookie"
        cookie.write_text(uuid.uuid4().hex)
        cookie.chmod(0o400)
        (self.directory / "enabled_plugins").write_text(f"[{','.join(plugins)}].\n")
        (self.directory / "rabbitmq-env.conf").touch()
        (self.directory / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\n"
            f"management.tcp.ip = 127.0.0.1\n"
            f"management.tcp.port = {self.management_port}\n"
            f"prometheus.tcp.ip = 127.0.0.1\n"
            f"prometheus.tcp.port = {self.prometheus_port}\n"
            f"disk_free_limit.absolute = 50MB\n"
            f"vm_memory_high_watermark.absolute = 1GB\n"
            f"{configuration}\n"
        )


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
