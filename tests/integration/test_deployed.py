"""What chart and compose file declare works: the same words and variables start real processes, end to end.

RabbitMQ and PostgreSQL are real, the bucket is moto's, two families make products of simulated granules. By the chart,
every service has its own user on the broker with no more rights than it needs.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from sqlalchemy import make_url

from helm.rendered import of_kind, render
from icestream_core.plugins import load
from icestream_runtime.broker import BrokerError, Message
from icestream_runtime.ledger import open_ledger
from icestream_runtime.permissions import PERMISSIONS
from icestream_runtime.rabbitmq.rabbit import RabbitBroker
from icestream_runtime.topology import catalogue_topology, topology
from icestream_simulator.simulate import simulate
from parts.declared import Declared, Running, of_chart, of_compose
from parts.rabbitmq import PrivateRabbitMQ
from parts.s3 import KEY, SECRET, PrivateS3

PRODUCTS = {"cold-pass-tb", "snow-depth-china"}
DAY = date(2014, 2, 1)
QUICK = {"settle_seconds": 2, "tick_seconds": 0.2, "stable_seconds": 0.2, "grace_seconds": 20}
PASSWORDS = {user: f"p@ss/{user}" for user in PERMISSIONS}


def values(rabbitmq: PrivateRabbitMQ, vhost: str, postgres_url: str, s3: PrivateS3, bucket: str) -> dict[str, Any]:
    """Return values that a new operator would give, for the servers of the test."""
    return {
        "rabbitmq": {
            "existingSecret": "",
            "host": rabbitmq.host,
            "port": rabbitmq.port,
            "vhost": vhost,
            "passwords": PASSWORDS,
            "management": {"port": rabbitmq.management_port},
            "definitions": {"enabled": True},
        },
        "database": {
            "existingSecret": "",
            "url": make_url(postgres_url).set(drivername="postgresql").render_as_string(hide_password=False),
        },
        "storage": {"out": f"s3://{bucket}/north", "s3": {"existingSecret": "keys"}},
        "settings": {
            "s3_endpoint_url": s3.endpoint_url,
            "s3_region": "us-east-1",
            "settle_seconds": 2,
            "tick_seconds": 0.2,
            "stable_seconds": 0.2,
        },
        "workers": {name: {"enabled": name in PRODUCTS} for name in load().products},
    }


def make_users(rabbitmq: PrivateRabbitMQ, objects: list[dict[str, Any]]) -> None:
    """Give the broker the chart's definitions, as `rabbitmqctl import_definitions` does."""
    held = of_kind(objects, "Secret")["north-icestream-rabbitmq-definitions"]["stringData"]
    rabbitmq.manage("POST", "definitions", json.loads(held["definitions.json"]), timeout=120)


def wait_until_made(postgres_url: str, running: Running) -> dict[str, str]:
    """Return the states of the slots of both products, once all have ended and both have made some."""
    deadline, rows = time.monotonic() + 120, {}
    with closing(open_ledger(postgres_url)) as ledger:
        while time.monotonic() < deadline:
            rows = {row.slot.key: row.state for row in ledger.slots(limit=1000)}
            made = {key.partition(".")[0] for key, state in rows.items() if state == "made"}
            if made == PRODUCTS and not {"tasked", "waiting"} & set(rows.values()):
                return rows
            time.sleep(0.3)
    raise AssertionError(f"not made after 120 s: {rows}")


def ask(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=20) as answer:
        return json.load(answer)


def see_that_it_works(
    running: Running, services: list[Declared], landing: Path, postgres_url: str, s3: PrivateS3, out: str
) -> None:
    """Start the services, drop granules, and find the products in the bucket and in the catalogue."""
    running.start(*services)
    for _ in simulate("nsidc-0032", DAY, DAY, landing):
        pass
    wait_until_made(postgres_url, running)
    stored = s3.filesystem().find(out)
    for product in PRODUCTS:
        assert any(path.endswith(".nc") and "/store/" in path and product in path for path in stored), stored[:20]
    catalogue = next(each.name for each in services if each.image == "catalogue")
    deadline = time.monotonic() + 30
    found: set[str] = set()
    while found != PRODUCTS and time.monotonic() < deadline:
        answer = ask(f"http://127.0.0.1:{running.web[catalogue]}/stac/search?limit=100")
        found = {item["collection"] for item in answer["features"]}
        time.sleep(0.3)
    assert found == PRODUCTS
    assert set(running.stop().values()) == {0}


@pytest.fixture
def bucket(s3: PrivateS3) -> str:
    return s3.bucket()


@pytest.mark.timeout(300)
def test_the_chart_runs_the_stream_with_the_least_rights(
    tmp_path: Path, rabbitmq: PrivateRabbitMQ, amqp_url: str, postgres_url: str, s3: PrivateS3, bucket: str
) -> None:
    vhost = urlsplit(amqp_url).path.removeprefix("/")
    objects = render(values(rabbitmq, vhost, postgres_url, s3, bucket))
    make_users(rabbitmq, objects)
    landing = tmp_path / "landing"
    landing.mkdir()
    jobs, services = of_chart(objects, {"keys": {"access-key": KEY, "secret-key": SECRET}})
    running = Running(tmp_path, {}, {"/incoming": landing}, grace_seconds=20)
    try:
        assert [job.name.removeprefix("north-icestream-") for job in jobs] == [
            "migrate", "topology", "register-foundation", "register-snow-depth",
        ]  # fmt: skip
        for job in jobs:
            running.job(job)
        see_that_it_works(running, services, landing, postgres_url, s3, f"{bucket}/north")
    finally:
        running.close()


@pytest.mark.timeout(300)
def test_the_compose_file_runs_the_stream(
    tmp_path: Path, rabbitmq: PrivateRabbitMQ, amqp_url: str, postgres_url: str, s3: PrivateS3, bucket: str
) -> None:
    jobs, services = of_compose()
    chosen = [each for each in services if each.variables.get("ICESTREAM_PRODUCTS") in {None, *PRODUCTS}]
    assert {each.image for each in chosen} == {
        "watcher", "gatherer", "catalogue", "worker-foundation", "worker-snow-depth",
    }  # fmt: skip
    database = make_url(postgres_url)
    places = {
        "guest:guest@rabbitmq:5672/%2F": urlsplit(amqp_url).netloc + urlsplit(amqp_url).path,
        "postgresql://icestream:icestream@postgresql:5432/icestream": database.set(
            drivername="postgresql"
        ).render_as_string(hide_password=False),
        "http://bucket:9000": s3.endpoint_url,
        "s3://products/": f"s3://{bucket}/",
    }
    landing = tmp_path / "landing"
    landing.mkdir()
    running = Running(tmp_path, places, {"/incoming": landing}, **QUICK)
    try:
        for job in jobs:
            running.job(job)
        see_that_it_works(running, chosen, landing, postgres_url, s3, f"{bucket}/icestream")
    finally:
        running.close()


@pytest.fixture
def users(rabbitmq: PrivateRabbitMQ, amqp_url: str, postgres_url: str, s3: PrivateS3) -> Iterator[dict[str, str]]:
    """The AMQP URL of each user of the chart, on a broker that has them and the queues."""
    vhost = urlsplit(amqp_url).path.removeprefix("/")
    objects = render(values(rabbitmq, vhost, postgres_url, s3, "none"))
    make_users(rabbitmq, objects)
    with closing(RabbitBroker(amqp_url, "test")) as broker:
        broker.apply(topology())
        broker.apply(catalogue_topology())
    yield {
        user: f"amqp://icestream-{user}:{quote(password, safe='')}@{rabbitmq.host}:{rabbitmq.port}/{vhost}"
        for user, password in PASSWORDS.items()
    }


@pytest.mark.parametrize(
    ("user", "key"),
    [("watcher", "product.foundation.cold-pass-tb"), ("watcher", "register.x"), ("worker", "granule.ssmis.nsidc-0032"),
     ("worker", "product.foundation.cold-pass-tb"), ("gatherer", "granule.ssmis.nsidc-0032"),
     ("catalogue", "product.x.y"), ("topology", "granule.ssmis.nsidc-0032"), ("scaler", "granule.ssmis.nsidc-0032")],
)  # fmt: skip
def test_a_user_publishes_nothing_that_is_not_its_own(users: dict[str, str], user: str, key: str) -> None:
    with closing(RabbitBroker(users[user], "test")) as broker, pytest.raises(BrokerError):
        broker.publish([Message(b"x", key)], timeout=5)


@pytest.mark.parametrize(
    ("user", "queue"),
    [("watcher", "icestream.intake"), ("worker", "icestream.intake"), ("worker", "icestream.outcomes"),
     ("catalogue", "icestream.intake"), ("scaler", "icestream.intake")],
)  # fmt: skip
def test_a_user_reads_nothing_that_is_not_its_own(users: dict[str, str], user: str, queue: str) -> None:
    with closing(RabbitBroker(users[user], "test")) as broker, pytest.raises(BrokerError):
        broker.subscribe([queue], 1)


def test_the_scaler_sees_how_long_a_queue_is_and_no_message(users: dict[str, str], rabbitmq: PrivateRabbitMQ) -> None:
    vhost = urlsplit(users["scaler"]).path.removeprefix("/")
    request = urllib.request.Request(
        f"http://{rabbitmq.host}:{rabbitmq.management_port}/api/queues/{vhost}/icestream.intake"
    )
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    passwords.add_password(None, request.full_url, "icestream-scaler", PASSWORDS["scaler"])
    opener = urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(passwords))
    with opener.open(request, timeout=20) as answer:
        assert json.load(answer)["name"] == "icestream.intake"
    take = urllib.request.Request(
        f"{request.full_url}/get",
        method="POST",
        data=json.dumps({"count": 1, "ackmode": "ack_requeue_true", "encoding": "auto"}).encode(),
    )
    passwords.add_password(None, take.full_url, "icestream-scaler", PASSWORDS["scaler"])
    with pytest.raises(urllib.error.HTTPError):
        opener.open(take, timeout=20)
