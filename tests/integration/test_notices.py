"""Notices of every format, through real brokers, to products in a bucket; malformed ones to letters.

One stream of real processes: a watcher that hears RabbitMQ, mosquitto, HTTP and a bucket; a gatherer; a worker.
"""

from __future__ import annotations

import base64
import http.client
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paho.mqtt.publish as mqtt
import pika
import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from parts.mosquitto import PrivateMosquitto
from parts.process import free_ports
from parts.s3 import PrivateS3
from parts.stream import Stream, stream
from parts.web import Web
from watcher.notices.examples import cnm, posttroll, s3_event, sarracenia, stac, wis2

TOKEN = "a-token-of-the-tests"
STATIONS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda")
FORMATS = ("cnm", "wis2", "sarracenia", "s3", "stac", "posttroll")


def name_of(station: str) -> str:
    return f"count_20240118T1200{STATIONS.index(station):02d}_{station}.txt"


class Producers:
    """Who publish: each by its own protocol."""

    def __init__(self, amqp_url: str, mosquitto: PrivateMosquitto, port: int) -> None:
        self._mosquitto, self._port = mosquitto, port
        self._connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
        self._channel = self._connection.channel()
        self._channel.exchange_declare("producers", "topic", durable=True)
        self._channel.queue_declare("answers")
        self._channel.queue_bind("answers", "producers", "cnm.response")

    def amqp(self, key: str, body: bytes, **properties: Any) -> None:
        self._channel.basic_publish("producers", key, body, pika.BasicProperties(**properties))

    def mqtt(self, topic: str, body: bytes) -> None:
        mqtt.single(
            topic, body, qos=1, hostname="127.0.0.1", port=self._mosquitto.port, protocol=MQTTProtocolVersion.MQTTv5
        )

    def http(self, kind: str, body: bytes, **headers: str) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        connection.request("POST", f"/notices/{kind}", body, {"Authorization": f"Bearer {TOKEN}", **headers})
        answer = connection.getresponse()
        content = json.loads(answer.read())
        connection.close()
        return answer.status, content

    def answers(self) -> list[dict[str, Any]]:
        found = []
        while (body := self._channel.basic_get("answers", auto_ack=True)[2]) is not None:
            found.append(json.loads(body))
        return found

    def close(self) -> None:
        self._connection.close()


def until(true: Callable[[], bool], seconds: float, what: Callable[[], object]) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, what()
        time.sleep(0.2)


def sources(amqp_url: str, mosquitto: PrivateMosquitto, bucket: str) -> str:
    """Return the setting `notices`."""
    queues = [
        f"{kind}+{amqp_url}?queue=in.{kind}&exchange=producers&key={kind}.in.%23"
        + ("&respond=cnm.response" if kind == "cnm" else "")
        for kind in FORMATS
    ]
    broker = f"mqtt://127.0.0.1:{mosquitto.port}"
    topics = [
        f"wis2+{broker}?topic=cache/a/wis2/%23&client=wis2",
        f"sarracenia+{broker}?topic=xpublic/v03/%23&client=sarra",
    ]
    return " ".join([*queues, *topics, f"s3://{bucket}/polled?every=0.5"])


@pytest.mark.timeout(500)
def test_notices_of_every_format_become_products_and_malformed_ones_letters(
    amqp_url: str, mosquitto: PrivateMosquitto, s3: PrivateS3, web: Web, tmp_path: Path
) -> None:
    content = {station: f"{number + 2}\n".encode() for number, station in enumerate(STATIONS)}
    for station in STATIONS:
        web.files[f"/data/{name_of(station)}"] = content[station]
    archive, products = s3.bucket(), s3.bucket()
    for station in ("zeta", "eta"):
        place = f"{archive}/{'polled' if station == 'eta' else 'pushed'}/{name_of(station)}"
        s3.filesystem().pipe_file(place, content[station])
    (port,) = free_ports(1)
    producers = Producers(amqp_url, mosquitto, port)
    settings = {
        **s3.settings(),
        "out": f"s3://{products}/icestream",
        "staging": tmp_path / "staging",
        "cache_dir": tmp_path / "cache",
        "fetch_private": "127.0.0.0/8",
        "fetch_plain_http": "true",
        "notices": sources(amqp_url, mosquitto, archive),
        "notices_file": tmp_path / "notices.sqlite",
        "notices_port": port,
        "notices_token": TOKEN,
    }
    with stream(tmp_path, amqp_url, f"sqlite:///{tmp_path / 'ledger.sqlite'}", tally=True, **settings) as running:
        running.start("gatherer", "gatherer")
        running.start("worker", "worker", "--product", "tally-square")
        running.wait_until_ready()
        running.start("watch", "watch")
        until(
            lambda: len(list(running.log("notices are heard"))) == 8, 60, lambda: list(running.log("notices are heard"))
        )

        def href(station: str) -> str:
            return f"{web.url}/data/{name_of(station)}"

        def told(kind: Callable[..., bytes], station: str, **more: Any) -> bytes:
            return kind(href(station), content[station], name=name_of(station), **more)

        producers.amqp("cnm.in.a", told(cnm, "alpha"))
        producers.mqtt("cache/a/wis2/de-dwd/data", told(wis2, "beta", hexadecimal=True))
        producers.amqp("wis2.in.a", told(wis2, "gamma"))
        producers.amqp("wis2.in.b", told(wis2, "gamma").replace(b"e686f5cf", b"00000000"))
        path = f"data/{name_of('delta')}"
        producers.amqp("sarracenia.in.v03.data", sarracenia(web.url, path, content["delta"]))
        removed = sarracenia(web.url, "data/count_20240118T130000_gone.txt", b"1\n", fileOp={"remove": ""})
        producers.amqp("sarracenia.in.v03.data", removed)
        path = f"data/{name_of('epsilon')}"
        cod = {"method": "cod", "value": "sha512"}
        producers.mqtt("xpublic/v03/data", sarracenia(web.url, path, content["epsilon"], identity=cod))
        producers.amqp("s3.in.a", s3_event(archive, f"pushed/{name_of('zeta')}", str(len(content["zeta"]))))
        event = {"specversion": "1.0", "id": "7", "source": "/stac", "type": "item"}
        event["data_base64"] = base64.b64encode(stac(href("theta"), content["theta"])).decode()
        producers.amqp("stac.in.a", json.dumps(event).encode(), content_type="application/cloudevents+json")
        producers.amqp("posttroll.in.a", posttroll(href("iota"), uid=name_of("iota")))
        ce = {"ce-specversion": "1.0", "ce-id": "8", "ce-source": "/stac", "ce-type": "item"}
        assert producers.http("stac", stac(href("kappa"), content["kappa"]), **ce) == (202, {"fates": ["announced"]})
        assert producers.http("stac", stac(href("kappa"), content["kappa"]), **ce) == (202, {"fates": ["duplicate"]})

        (tmp_path / "notice.json").write_bytes(stac(href("lambda"), content["lambda"]))
        running.command("announce", "--notice", "stac", str(tmp_path / "notice.json"))

        broken = {
            "cnm": (told(cnm, "alpha").replace(b'"identifier"', b'"id"'), "identifier"),
            "wis2": (told(wis2, "beta").replace(b'"canonical"', b'"about"'), "links"),
            "sarracenia": (removed.replace(b"20240118T120502.31", b"2024-01-18"), "pubTime"),
            "s3": (s3_event(archive, "%ff", 1), "Records.0.s3.object.key"),
            "stac": (stac("../a.nc", b"1\n"), "assets.data.href"),
            "posttroll": (posttroll("x").replace(b"v1.01", b"v9"), "version"),
        }
        for kind, (body, _) in broken.items():
            producers.amqp(f"{kind}.in.broken", body)
        status, answer = producers.http("wis2", broken["wis2"][0])
        assert (status, answer["field"]) == (400, "links")

        def made() -> dict[str, str]:
            return {row.slot.tile: row.state for row in running.rows() if row.slot.product == "tally-square"}

        until(lambda: made() == dict.fromkeys(STATIONS, "made"), 120, made)
        letters = {kind: f"{kind} notice: {field}: " for kind, (_, field) in broken.items()}
        # The one of wis2 came twice: the same letter is kept once.
        until(lambda: len(running.ledger.letters(100)) == 6, 30, lambda: running.ledger.letters(100))
        for letter in running.ledger.letters(100):
            assert str(letter["reason"]).startswith(letters[str(letter["queue"]).removeprefix("notice.")])

        until(lambda: not running.ledger.to_announce(limit=10), 60, made)
        assert_products_are_whole(s3, products)
        # A file that is as promised and cannot be read came safely, and a file that is not as promised did not.
        web.files["/data/torn.txt"] = b"no number\n"
        producers.amqp(
            "cnm.in.a", cnm(f"{web.url}/data/torn.txt", b"no number\n", name="count_20240118T120058_torn.txt")
        )
        producers.amqp(
            "cnm.in.a", cnm(f"{web.url}/data/torn.txt", b"No number\n", name="count_20240118T120059_lost.txt")
        )
        until(lambda: running.ledger.granules(quarantined=True) != [], 60, made)
        ((quarantined, why),) = running.ledger.granules(quarantined=True)
        assert quarantined.tile == "torn"
        assert "holds no number" in why
        until(lambda: len(running.ledger.letters(100)) == 7, 30, lambda: running.ledger.letters(100))
        answers = [each["response"] for each in producers.answers()]
        assert [each["status"] for each in answers].count("SUCCESS") == 2
        assert sorted(each["errorCode"] for each in answers if each["status"] == "FAILURE") == [
            "TRANSFER_ERROR",
            "VALIDATION_ERROR",
        ]
        assert_what_was_seen_is_not_taken_again(running, made)
        assert set(running.stop().values()) == {0}
    producers.close()


def assert_products_are_whole(s3: PrivateS3, bucket: str) -> None:
    """Every slot has its file in the dataset tree, and behind it a manifest whose files are all there."""
    filesystem = s3.filesystem()
    shown = [path for path in filesystem.find(f"{bucket}/icestream/datasets") if path.endswith(".nc")]
    assert len(shown) == len(STATIONS)
    paths = filesystem.find(f"{bucket}/icestream/store")
    published = [path for path in paths if path.count("/") == 7 and path.endswith("manifest.json")]
    assert len(published) == len(STATIONS)
    for path in published:
        manifest = json.loads(filesystem.cat_file(path))
        prefix = path.removesuffix("manifest.json") + manifest["href"].removeprefix("./")
        sizes = {each.rpartition("/")[2]: filesystem.info(each)["size"] for each in filesystem.find(prefix)}
        assert all(sizes[file["name"]] == file["size"] for file in manifest["files"])


def assert_what_was_seen_is_not_taken_again(running: Stream, made: Callable[[], dict[str, str]]) -> None:
    """Killed and started again, the watcher takes nothing from the bucket that it took before."""
    before = len(running.ledger.granules(limit=1000))
    running.kill("watch")
    running.restart("watch")
    until(lambda: len(list(running.log("notices are heard"))) == 16, 60, made)
    time.sleep(1.5)
    assert len(running.ledger.granules(limit=1000)) == before
    assert {tile for tile, state in made().items() if state == "made"} == set(STATIONS)
