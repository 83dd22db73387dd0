"""`icestream doctor` finds what is broken, with real parts that are, and says what to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import pytest

from icestream_cli.examine.broker import examine_broker
from icestream_cli.examine.finding import Finding
from icestream_cli.examine.ledger import _clock, examine_ledger
from icestream_cli.examine.plugins import examine_plugins
from icestream_cli.examine.storage import examine_storage
from icestream_cli.registration import topology_of
from icestream_core import naming
from icestream_core.inputs import Input, source
from icestream_core.plugins import load
from icestream_core.product import Product
from icestream_runtime.broker import Message
from icestream_runtime.ledger import Ledger, open_ledger
from icestream_runtime.rabbitmq import RabbitBroker
from icestream_runtime.settings import Settings
from icestream_runtime.topology import Queue, Topology
from parts.process import free_ports
from parts.rabbitmq import PrivateRabbitMQ
from parts.s3 import PrivateS3

SECONDS = 5.0


@pytest.fixture(scope="module")
def products() -> list[Product]:
    return list(load(["snow-depth", "foundation"]).products.values())


def doctor(tmp_path: Path, **settings: object) -> tuple[int, dict[str, Any]]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ICESTREAM_")}
    environment |= {f"ICESTREAM_{name.upper()}": str(value) for name, value in settings.items()}
    command = [sys.executable, "-m", "icestream_cli", "doctor", "--json"]
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode, json.loads(done.stdout)


def found(findings: Sequence[Finding], state: str) -> str:
    return "\n".join(f"{each.part}: {each.found} -> {each.advice}" for each in findings if each.state == state)


def test_a_stream_that_is_well_is_called_so(amqp_url: str, postgres_url: str, tmp_path: Path) -> None:
    broker = RabbitBroker(amqp_url, "test")
    broker.apply(topology_of(list(load(["snow-depth"]).products.values())))
    broker.close()
    open_ledger(postgres_url, migrate=True).close()
    code, answer = doctor(
        tmp_path, amqp_url=amqp_url, ledger_url=postgres_url, out=tmp_path / "out", plugins="snow-depth"
    )
    assert (code, answer["ok"]) == (0, True), answer
    states = {(each["part"], each["state"]) for each in answer["findings"]}
    assert states >= {
        (part, "ok")
        for part in ("settings", "plugins", "broker", "permissions", "topology", "ledger", "clock", "storage")
    }
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []


def test_settings_that_cannot_be_used_are_the_only_finding(tmp_path: Path) -> None:
    code, answer = doctor(tmp_path, amqp_urk="amqp://localhost")
    (finding,) = answer["findings"]
    assert (code, finding["part"], finding["state"]) == (1, "settings", "wrong")
    assert "did you mean ICESTREAM_AMQP_URL?" in finding["found"]


def test_a_broker_that_is_away_or_refuses_us_is_wrong(amqp_url: str, products: list[Product]) -> None:
    (port,) = free_ports(1)
    away = examine_broker(Settings(amqp_url=f"amqp://guest:guest@127.0.0.1:{port}/"), products, 1.0)
    assert "broker" in found(away, "wrong") and "ICESTREAM_AMQP_URL" in found(away, "wrong")
    user = f"{urlsplit(amqp_url).username}:"
    refused = examine_broker(Settings(amqp_url=amqp_url.replace(user, f"{user}not-", 1)), products, SECONDS)
    assert "look at user, password and virtual host" in found(refused, "wrong")


def test_certificates_that_are_not_there_are_named(products: list[Product]) -> None:
    settings = Settings(amqp_url="amqps://guest:guest@localhost/", tls_ca=Path("/nowhere/ca.pem"))
    told = found(examine_broker(settings, products, SECONDS), "wrong")
    assert "ICESTREAM_TLS_CA=/nowhere/ca.pem" in told and "No such file" in told


def test_no_broker_is_no_fault_of_one_process(products: list[Product]) -> None:
    (finding,) = examine_broker(Settings(), products, SECONDS)
    assert finding.state == "look"


def test_a_broker_without_our_topology_is_told_to_get_it(amqp_url: str, products: list[Product]) -> None:
    told = found(examine_broker(Settings(amqp_url=amqp_url), products, SECONDS), "wrong")
    wanted = len(topology_of(products).queues)
    assert f"{wanted} of {wanted} queues are missing: icestream.dead" in told
    assert naming.make_queue(products[0].name) in told and f"and {wanted - 6} more" in told
    assert "icestream topology apply" in told


def test_a_queue_with_other_arguments_is_found_and_nothing_is_made(amqp_url: str, products: list[Product]) -> None:
    broker = RabbitBroker(amqp_url, "test")
    broker.apply(Topology(queues=(Queue(naming.INTAKE, {"x-queue-type": "classic"}),)))
    told = found(examine_broker(Settings(amqp_url=amqp_url), products, SECONDS), "wrong")
    assert "queue icestream.intake exists with other arguments" in told
    again = found(examine_broker(Settings(amqp_url=amqp_url), products, SECONDS), "wrong")
    assert again == told, "the first look made none of what is missing"
    broker.close()


def test_messages_that_nobody_consumes_are_pointed_at(amqp_url: str, products: list[Product]) -> None:
    broker = RabbitBroker(amqp_url, "test")
    broker.apply(topology_of(products))
    broker.publish([Message(b"a task", naming.make_queue(products[0].name), exchange="")])
    findings = examine_broker(Settings(amqp_url=amqp_url), products, SECONDS)
    broker.close()
    assert f"1 in {naming.make_queue(products[0].name)}" in found(findings, "look")
    assert found(findings, "wrong") == ""


def test_a_narrow_user_is_told_what_cannot_be_seen(
    rabbitmq: PrivateRabbitMQ, amqp_url: str, products: list[Product]
) -> None:
    broker = RabbitBroker(amqp_url, "test")
    broker.apply(topology_of(products))
    broker.close()
    vhost = urlsplit(amqp_url).path.strip("/")
    rabbitmq.manage("PUT", "users/narrow", {"password": "narrow", "tags": ""})
    rabbitmq.manage("PUT", f"permissions/{vhost}/narrow", {"configure": "^$", "write": "^$", "read": ".*"})
    narrow = amqp_url.replace("guest:guest", "narrow:narrow", 1)
    findings = examine_broker(Settings(amqp_url=narrow), products, SECONDS)
    rabbitmq.manage("DELETE", "users/narrow")
    assert "may not publish" in found(findings, "look")
    assert "may not compare the arguments of icestream.dead" in found(findings, "unknown")


def test_a_ledger_without_tables_is_told_to_migrate(postgres_url: str, products: list[Product]) -> None:
    told = found(examine_ledger(Settings(ledger_url=postgres_url, amqp_url="amqp://a"), products), "wrong")
    assert "has no tables" in told and "icestream ledger migrate" in told


def test_a_ledger_that_is_away_is_wrong(products: list[Product]) -> None:
    (port,) = free_ports(1)
    settings = Settings(ledger_url=f"postgresql://icestream@127.0.0.1:{port}/icestream")
    assert "mend ICESTREAM_LEDGER_URL" in found(examine_ledger(settings, products), "wrong")


def test_a_clock_that_is_off_is_wrong() -> None:
    class Late:
        def clock(self) -> datetime:
            return datetime.now(UTC) - timedelta(seconds=60)

    told = found(list(_clock(cast("Ledger", Late()))), "wrong")
    assert "60.0 s behind this machine's" in told and "NTP" in told


def test_products_and_their_records_in_the_stream_are_compared(tmp_path: Path, products: list[Product]) -> None:
    settings = Settings(out=str(tmp_path))
    ledger = open_ledger(settings.ledger_url.get_secret_value(), migrate=True)
    for product, version in zip(products, ("9.0.0", "0.0.1"), strict=False):
        ledger.register(product.model_copy(update={"version": version}).record())
    ledger.close()
    findings = examine_ledger(settings, products)
    assert f"{products[0].name} is {products[0].version} here, and 9.0.0 in the stream" in found(findings, "wrong")
    assert f"{products[1].name} is {products[1].version} here, and still 0.0.1" in found(findings, "look")
    assert f"does not know {products[2].name}" in found(findings, "look")


def test_an_output_root_that_is_no_directory_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    assert "look at ICESTREAM_OUT" in found(examine_storage(Settings(out=str(tmp_path / "out"))), "wrong")


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="no second file system is at hand")
def test_staging_on_another_file_system_is_wrong(tmp_path: Path) -> None:
    staging = Path("/dev/shm") / f"icestream-{os.getpid()}"
    settings = Settings(out=str(tmp_path), staging=staging)
    assert "on two file systems" in found(examine_storage(settings), "wrong")
    staging.rmdir()
    assert list((tmp_path / "store").iterdir()) == list((tmp_path / "datasets").iterdir()) == []


def test_a_bucket_that_takes_what_is_published_is_well(s3: PrivateS3, tmp_path: Path) -> None:
    given: dict[str, Any] = s3.settings()
    settings = Settings(out=f"s3://{s3.bucket()}/out", staging=tmp_path, cache_dir=tmp_path / "cache", **given)
    assert found(examine_storage(settings), "wrong") == ""
    missing = settings.model_copy(update={"out": "s3://no-such-bucket/out"})
    assert "cannot be written, read and removed" in found(examine_storage(missing), "wrong")


def test_every_plugin_that_cannot_be_imported_is_named(tmp_path: Path) -> None:
    for name in ("one", "other"):
        info = tmp_path / f"broken_{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: broken-{name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[icestream]\nbroken-{name} = broken_{name}\n")
        (tmp_path / f"broken_{name}.py").write_text(f"import nothing_of_{name}\n")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    code = (
        "from icestream_cli.examine.plugins import examine_plugins; from icestream_runtime.settings import Settings\n"
        "for each in examine_plugins(Settings())[0]: print(each.state, each.found)"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    for name in ("one", "other"):
        assert f"wrong plugin 'broken-{name}'" in done.stdout
        assert f"No module named 'nothing_of_{name}'" in done.stdout


def test_a_product_that_reads_what_no_package_here_knows_is_worth_a_look(
    monkeypatch: pytest.MonkeyPatch, products: list[Product]
) -> None:
    plugins = load(["snow-depth", "foundation"])
    product = plugins.products["snow-depth-china"]
    inputs = dict(product.inputs) | {"tb": Input(sources=(source("nobodys"),))}
    plugins.products[product.name] = product.model_copy(update={"inputs": inputs})
    monkeypatch.setattr("icestream_cli.examine.plugins.load", lambda *_given, **_named: plugins)
    findings, _ = examine_plugins(Settings())
    told = found(findings, "look").splitlines()
    assert any("snow-depth-china reads nobodys (tb)" in line and "is not made without it" in line for line in told)
    assert any("reads forest-fraction-025 (forest)" in line and "is made without it" in line for line in told)
