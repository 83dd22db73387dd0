"""TLS is verified, a service may do no more than it needs, and a secret stays one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pika
import pytest
from pika.exceptions import ChannelClosedByBroker

from icestream_core import naming
from icestream_core.errors import LedgerError
from icestream_runtime.broker import BrokerRefused, Message
from icestream_runtime.ledger import open_ledger
from icestream_runtime.permissions import PERMISSIONS
from icestream_runtime.rabbitmq import RabbitBroker
from icestream_runtime.topology import topology
from parts.certificates import Authority
from parts.postgresql import PrivatePostgreSQL
from parts.process import free_ports
from parts.rabbitmq import PrivateRabbitMQ

SECRET = "hunter2-and-a-half"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"), "icestream tests")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("stranger"), "somebody else")


@pytest.fixture
def amqps_url(authority: Authority, private_rabbitmq: PrivateRabbitMQ) -> Iterator[str]:
    """A broker that speaks TLS as well."""
    certificate, key = authority.server("127.0.0.1")
    (port,) = free_ports(1)
    configuration = (
        f"listeners.ssl.1 = 127.0.0.1:{port}\nssl_options.cacertfile = {authority.certificate}\n"
        f"ssl_options.certfile = {certificate}\nssl_options.keyfile = {key}\nssl_options.versions.1 = tlsv1.2\n"
    )
    broker = PrivateRabbitMQ(configuration=configuration)
    broker.start()
    yield f"amqps://guest:guest@127.0.0.1:{port}/"
    broker.close()


@pytest.mark.xdist_group("security")
def test_the_broker_is_reached_by_tls_where_its_certificate_is_trusted_and_only_there(
    amqps_url: str, authority: Authority, stranger: Authority
) -> None:
    trusting = RabbitBroker(amqps_url, "test", cafile=authority.certificate)
    trusting.apply(topology())
    assert trusting.depth(naming.INTAKE).ready == 0
    trusting.close()
    for cafile in (stranger.certificate, None):
        deceived = RabbitBroker(amqps_url, "test", cafile=cafile)
        with pytest.raises(BrokerRefused, match="certificate verify failed"):
            deceived.depth(naming.INTAKE)
        deceived.close()


@pytest.mark.xdist_group("security")
def test_the_ledger_is_reached_by_tls_where_its_certificate_is_trusted_and_only_there(
    authority: Authority, stranger: Authority, private_postgresql: PrivatePostgreSQL
) -> None:
    server = PrivatePostgreSQL(certificate=authority.server("127.0.0.1"))
    server.start()
    try:
        with server.database() as url:
            open_ledger(f"{url}?sslmode=verify-full&sslrootcert={authority.certificate}", migrate=True).close()
            with pytest.raises(LedgerError, match=r"refuses: .*certificate verify failed"):
                open_ledger(f"{url}?sslmode=verify-full&sslrootcert={stranger.certificate}")
    finally:
        server.close()


@pytest.fixture
def least(rabbitmq: PrivateRabbitMQ, amqp_url: str) -> Iterator[dict[str, str]]:
    """The URLs of users who may do what `permissions.py` says, by service; the topology is there."""
    full = RabbitBroker(amqp_url, "test")
    full.apply(topology(["snow"], ["granule.#"]))
    full.close()
    vhost = amqp_url.rpartition("/")[2]
    urls = {}
    for service, may in PERMISSIONS.items():
        user = f"{vhost}-{service}"
        rabbitmq.manage("PUT", f"users/{user}", {"password": SECRET, "tags": ",".join(may.tags)})
        given = {"configure": may.configure, "write": may.write, "read": may.read}
        rabbitmq.manage("PUT", f"permissions/{vhost}/{user}", given)
        topics = {"exchange": naming.EXCHANGE, "write": may.publishes, "read": may.listens}
        rabbitmq.manage("PUT", f"topic-permissions/{vhost}/{user}", topics)
        urls[service] = amqp_url.replace("guest:guest@", f"{quote(user)}:{SECRET}@")
    yield urls
    for service in urls:
        rabbitmq.manage("DELETE", f"users/{vhost}-{service}")


FORBIDDEN = {
    "consume the intake": lambda channel: channel.basic_get(naming.INTAKE),
    "consume outcomes": lambda channel: channel.basic_get(naming.OUTCOMES),
    "consume dead letters": lambda channel: channel.basic_get(naming.DEAD),
    "make a queue": lambda channel: channel.queue_declare("mine"),
    "delete its queue": lambda channel: channel.queue_delete(naming.make_queue("snow")),
    "purge the intake": lambda channel: channel.queue_purge(naming.INTAKE),
    "bind its queue": lambda channel: channel.queue_bind(naming.make_queue("snow"), naming.EXCHANGE, "granule.#"),
    "make an exchange": lambda channel: channel.exchange_declare("mine", "topic"),
    "announce a granule": lambda channel: channel.basic_publish(naming.EXCHANGE, "granule.a.b", b"x", mandatory=True),
    "announce a product": lambda channel: channel.basic_publish(naming.EXCHANGE, "product.a.b", b"x", mandatory=True),
}


@pytest.mark.xdist_group("security")
def test_a_worker_takes_tasks_sends_outcomes_and_records_and_may_do_nothing_else(least: dict[str, str]) -> None:
    worker = RabbitBroker(least["worker"], "test")
    assert worker.publish([Message(b"x", naming.registration_key("snow"))]) != []  # no binding takes it: it was let in
    assert worker.publish([Message(b"x", naming.OUTCOMES, exchange="")]) == []
    worker.subscribe([naming.make_queue("snow")], 1).close()
    worker.close()
    for what, attempt in FORBIDDEN.items():
        connection = pika.BlockingConnection(pika.URLParameters(least["worker"]))
        channel = connection.channel()
        channel.confirm_delivery()
        with pytest.raises(ChannelClosedByBroker) as refused:
            attempt(channel)
            pytest.fail(f"a worker could {what}")
        assert refused.value.reply_code == 403, what
        connection.close()


@pytest.mark.xdist_group("security")
def test_a_watcher_announces_granules_and_reads_nothing(least: dict[str, str]) -> None:
    watcher = RabbitBroker(least["watcher"], "test")
    assert watcher.publish([Message(b"x", "granule.ssmis.nsidc-0032")]) == []
    with pytest.raises(BrokerRefused, match="product"):
        watcher.publish([Message(b"x", "product.snow.snow")])
    with pytest.raises(BrokerRefused):
        watcher.subscribe([naming.INTAKE], 1)
    watcher.close()


@pytest.mark.parametrize("words", [("gatherer",), ("register",), ("slots", "list")], ids="-".join)
def test_a_secret_is_in_no_line_of_any_log(words: tuple[str, ...], tmp_path: Path) -> None:
    given = {
        "ICESTREAM_AMQP_URL": f"amqp://ice:{SECRET}@127.0.0.1:1/stream",
        "ICESTREAM_LEDGER_URL": f"postgresql://ice:{SECRET}@127.0.0.1:1/ledger",
        "ICESTREAM_OUT": str(tmp_path),
        "ICESTREAM_LOG_LEVEL": "debug",
        "ICESTREAM_METRICS_PORT": "nonsense" if words == ("register",) else "0",
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ICESTREAM_")}
    command = [sys.executable, "-m", "icestream_cli", "--debug", *words]
    said = tmp_path / "said"
    with said.open("wb") as log:
        process = subprocess.Popen(command, env=environment | given, stdout=log, stderr=log)
    deadline = time.monotonic() + 90
    while not any(word in said.read_text() for word in ("is away", "metrics_port")) and time.monotonic() < deadline:
        time.sleep(0.1)
    if words == ("gatherer",):
        process.kill()
    process.wait(60)
    assert "127.0.0.1" in said.read_text() or "metrics_port" in said.read_text(), "it said nothing of what is wrong"
    assert SECRET not in said.read_text()
