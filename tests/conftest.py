"""What every test may ask for: real granules, a broker of its own, a database of its own.

The servers are private child processes, one of each for a pytest worker, started when the first test asks.
ICESTREAM_TEST_AMQP_URL and ICESTREAM_TEST_POSTGRES_URL point the tests at running ones instead.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest
from playwright.sync_api import Browser

from parts.chromium import chromium, find_chromium
from parts.mosquitto import PrivateMosquitto, find_mosquitto
from parts.postgresql import Database, PrivatePostgreSQL, find_postgresql
from parts.rabbitmq import Broker, PrivateRabbitMQ, find_rabbitmq
from parts.web import Web

if TYPE_CHECKING:
    from parts.s3 import PrivateS3

ROOT = Path(__file__).parents[1]


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name bytes by their length: a gzip file holds the time, so each process would collect a test of its own."""
    return f"{len(val)} bytes" if isinstance(val, bytes) else None


def lacks(what: str) -> NoReturn:
    """Skip for a person who lacks something; fail in CI, where nothing is skipped."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def granules() -> Path:
    """The directory of real granules: ICESTREAM_GRANULES, else `shared/granules` beside the repository."""
    directory = Path(os.environ.get("ICESTREAM_GRANULES") or ROOT.parent / "shared" / "granules")
    if not directory.is_dir():
        lacks(f"There are no real granules at {directory}. Set ICESTREAM_GRANULES to the directory that holds them.")
    return directory


@pytest.fixture(scope="session")
def private_rabbitmq() -> Iterator[PrivateRabbitMQ]:
    if find_rabbitmq() is None:
        lacks("This test kills the broker, so it needs a private one: apt-get install rabbitmq-server")
    broker = PrivateRabbitMQ()
    broker.start()
    yield broker
    broker.close()


@pytest.fixture
def rabbitmq(private_rabbitmq: PrivateRabbitMQ) -> Iterator[PrivateRabbitMQ]:
    """A private RabbitMQ that the test may kill, start again, pause and resume."""
    private_rabbitmq.ensure()
    yield private_rabbitmq
    private_rabbitmq.resume()
    private_rabbitmq.ensure()


@pytest.fixture
def amqp_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The AMQP URL of an empty virtual host, on the broker of the fixture `rabbitmq` where that is private."""
    outside = os.environ.get("ICESTREAM_TEST_AMQP_URL")
    # A test that asks for the broker itself means to kill it: never the outside one.
    private = outside is None or "rabbitmq" in request.fixturenames
    broker: Broker = request.getfixturevalue("rabbitmq") if private else Broker.at(str(outside))
    with broker.vhost() as url:
        yield url
        if isinstance(broker, PrivateRabbitMQ):
            broker.resume()
            broker.ensure()


@pytest.fixture(scope="session")
def private_postgresql() -> Iterator[PrivatePostgreSQL]:
    if find_postgresql() is None:
        lacks("This test kills the database, so it needs a private one: apt-get install postgresql")
    server = PrivatePostgreSQL()
    server.start()
    yield server
    server.close()


@pytest.fixture
def postgresql(private_postgresql: PrivatePostgreSQL) -> Iterator[PrivatePostgreSQL]:
    """A private PostgreSQL that the test may kill, start again, pause and resume."""
    private_postgresql.ensure()
    yield private_postgresql
    private_postgresql.resume()
    private_postgresql.ensure()


@pytest.fixture
def postgres_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The SQLAlchemy URL of an empty database, on the server of the fixture `postgresql` where that is private."""
    outside = os.environ.get("ICESTREAM_TEST_POSTGRES_URL")
    private = outside is None or "postgresql" in request.fixturenames
    server: Database = request.getfixturevalue("postgresql") if private else Database(str(outside))
    with server.database() as url:
        yield url
        if isinstance(server, PrivatePostgreSQL):
            server.resume()
            server.ensure()


@pytest.fixture(scope="session")
def s3() -> Iterator[PrivateS3]:
    """A private S3."""
    from parts.s3 import PrivateS3

    server = PrivateS3()
    server.start()
    yield server
    server.close()


@pytest.fixture
def web() -> Iterator[Web]:
    """A web server with no files yet."""
    with Web() as server:
        yield server


@pytest.fixture(scope="session")
def mosquitto() -> Iterator[PrivateMosquitto]:
    """A private MQTT broker."""
    if find_mosquitto() is None:
        lacks("This test needs an MQTT broker: apt-get install mosquitto")
    broker = PrivateMosquitto()
    broker.start()
    yield broker
    broker.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium, for a module only: Playwright holds the event loop of the thread while it is open."""
    if find_chromium() is None:
        lacks("This test drives a browser: apt-get install chromium")
    with chromium() as browser:
        yield browser
