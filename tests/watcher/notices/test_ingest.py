"""What becomes of notices, by counting what the intake has: granules and letters."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from icestream_core.collection import Collection, Facts
from icestream_core.errors import StorageError
from icestream_core.granule import Granule
from icestream_core.message import Letter, decode
from icestream_runtime.memory import MemoryBroker
from icestream_runtime.metrics import NOTICES, Metrics
from icestream_runtime.settings import load
from icestream_runtime.storage import Storage
from icestream_runtime.topology import INTAKE, topology
from icestream_watcher.notices import ingest as module
from icestream_watcher.notices.ingest import Handled, Ingest, Stopped
from icestream_watcher.notices.seen import Policy, Seen
from parts.web import Web
from watcher.notices.examples import NAME, cnm, posttroll, sarracenia, stac, wis2


def _facts(fields: Mapping[str, Any]) -> Facts:
    start = fields["start"]
    return Facts(f"count_{start:%Y%m%dT%H%M%S}_{fields['station']}", start, start + timedelta(seconds=1))


COUNT = Collection(
    name="count",
    title="A number",
    sensor="abacus",
    patterns=("count_{start:%Y%m%dT%H%M%S}_{station}.txt",),
    facts=_facts,
    opener="nowhere:never",
)


class Desk:
    """An ingest over the memory broker, and what came of it."""

    def __init__(self, root: Path, policies: Mapping[str, Policy] | None = None, by_content: tuple[str, ...] = ()):
        self.broker, self.metrics = MemoryBroker(), Metrics()
        self.broker.apply(topology(bindings=["granule.*.count", "letter.*"]))
        settings = load(out=str(root / "out"), fetch_private="127.0.0.0/8", fetch_plain_http=True)
        self.watched = root / "watched"
        self.watched.mkdir()
        self.stop = threading.Event()
        self.answers: list[dict[str, Any]] = []
        self.ingest = Ingest(
            [COUNT],
            self.broker,
            Storage.of(settings),
            Seen(root / "notices.sqlite", 3600),
            self.metrics,
            roots=[self.watched],
            policies=policies,
            by_content=by_content,
        )

    def handle(self, kind: str, body: bytes, respond: bool = False) -> Handled:
        return self.ingest.handle(kind, body, {}, self.stop, self.answers.append if respond else None)

    def fates(self, kind: str, body: bytes) -> list[str]:
        return list(self.handle(kind, body).fates)

    def messages(self) -> list[Any]:
        subscription = self.broker.subscribe([INTAKE], 1000)
        deliveries = subscription.drain(1000)
        subscription.ack(*deliveries)
        subscription.close()
        return [decode(delivery.body) for delivery in deliveries]

    def granules(self) -> list[Granule]:
        return [message for message in self.messages() if isinstance(message, Granule)]

    def letters(self) -> list[Letter]:
        return [message for message in self.messages() if isinstance(message, Letter)]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(module, "PAUSES_SECONDS", (0.01,))
    made = Desk(tmp_path)
    yield made
    made.broker.close()


def test_a_notice_with_a_checksum_is_announced_without_a_look_at_its_file(desk: Desk, web: Web) -> None:
    assert desk.fates("wis2", wis2(f"{web.url}/{NAME}", b"1\n")) == ["announced"]
    (granule,) = desk.granules()
    assert web.asked == []
    assert (granule.collection, granule.sensor, granule.source_format) == ("count", "abacus", "wis2")
    assert granule.start == datetime(2024, 1, 18, 12, tzinfo=UTC)
    assert granule.published_at == datetime(2024, 1, 18, 12, 5, 2, tzinfo=UTC)
    assert (granule.assets[0].href, granule.assets[0].size) == (f"{web.url}/{NAME}", 2)
    assert granule.checksum.startswith("sha512:")


def test_a_notice_without_a_checksum_has_its_file_fetched_once_to_take_it(desk: Desk, web: Web) -> None:
    web.files[f"/{NAME}"] = b"1\n"
    assert desk.fates("cnm", cnm(f"{web.url}/{NAME}", b"1\n", checksum=False)) == ["announced"]
    (granule,) = desk.granules()
    assert granule.checksum == "sha256:4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865"
    assert len(web.asked) == 1


def test_the_same_data_from_another_cache_is_a_duplicate(desk: Desk) -> None:
    assert desk.fates("wis2", wis2(f"https://cache-1.example/{NAME}", b"1\n")) == ["announced"]
    assert desk.fates("wis2", wis2(f"https://cache-2.example/{NAME}", b"1\n")) == ["duplicate"]
    assert desk.fates("sarracenia", sarracenia("https://e.org/", f"a/{NAME}", b"1\n")) == ["duplicate"]
    assert len(desk.granules()) == 1


def test_other_checksums_of_one_content_are_told_apart_by_nobody(desk: Desk) -> None:
    """A checksum of another algorithm makes a correction: the ledger and its slots take it, which changes nothing."""
    desk.handle("wis2", wis2(f"https://e.org/{NAME}", b"1\n"))
    assert desk.fates("stac", stac(f"https://e.org/{NAME}", b"1\n")) == ["announced"]


@pytest.mark.parametrize(
    ("policy", "fates"),
    [("version", ["announced"]), ("replace", ["announced"]), ("skip", ["duplicate"]), ("error", ["refused"])],
)
def test_other_content_under_a_known_name_goes_by_the_policy_of_its_collection(
    tmp_path: Path, policy: Policy, fates: list[str]
) -> None:
    desk = Desk(tmp_path, {"count": policy, "*": "version"})
    desk.handle("sarracenia", sarracenia("https://e.org/", NAME, b"1\n"))
    assert desk.fates("sarracenia", sarracenia("https://e.org/", NAME, b"22\n")) == fates
    messages = desk.messages()
    granules = [each for each in messages if isinstance(each, Granule)]
    assert len(granules) == (2 if fates == ["announced"] else 1)
    if policy == "replace":
        assert granules[1].published_at > granules[0].published_at, "what came last holds"
    if policy == "error":
        assert "checksum" in messages[-1].reason


def test_the_same_content_under_another_name_is_a_duplicate_where_it_is_wanted(tmp_path: Path) -> None:
    desk = Desk(tmp_path, by_content=("count",))
    desk.handle("sarracenia", sarracenia("https://e.org/", NAME, b"1\n"))
    assert desk.fates("sarracenia", sarracenia("https://e.org/", NAME.replace("alpha", "beta"), b"1\n")) == [
        "duplicate"
    ]


def test_a_malformed_notice_is_a_letter_that_names_the_field(desk: Desk) -> None:
    body = wis2(f"https://e.org/{NAME}", b"1\n").replace(b"data_id", b"data")
    handled = desk.handle("wis2", body)
    assert (handled.fates, handled.where) == (["malformed"], "properties.data_id")
    (letter,) = desk.letters()
    assert (letter.source, letter.content) == ("notice.wis2", body)
    assert "properties.data_id" in letter.reason
    assert desk.metrics.value(NOTICES, format="wis2", fate="malformed") == 1


def test_a_removal_makes_nothing_and_is_no_letter(desk: Desk) -> None:
    body = sarracenia("https://e.org/", NAME, b"1\n", fileOp={"remove": ""})
    assert desk.fates("sarracenia", body) == ["ignored"]
    assert desk.fates("wis2", wis2(f"https://e.org/{NAME}", b"1\n", rel="deletion")) == ["ignored"]
    assert desk.fates("cnm", b'{"response": {"status": "SUCCESS"}}') == ["ignored"]
    assert desk.metrics.value(NOTICES, format="cnm", fate="ignored") == 1
    assert desk.messages() == []


def test_what_is_of_no_collection_is_counted_and_nothing_more(desk: Desk) -> None:
    assert desk.fates("sarracenia", sarracenia("https://e.org/", "other.txt", b"1\n")) == ["unknown"]
    assert desk.messages() == []


def test_what_no_product_reads_is_not_remembered(desk: Desk) -> None:
    other = MemoryBroker()
    other.apply(topology())
    known, desk.ingest._broker = desk.ingest._broker, other
    body = wis2(f"https://e.org/{NAME}", b"1\n")
    assert desk.fates("wis2", body) == ["unwanted"]
    desk.ingest._broker = known
    assert desk.fates("wis2", body) == ["announced"]


def test_a_file_that_cannot_be_had_is_a_letter_and_may_be_told_again(desk: Desk, web: Web) -> None:
    body = cnm(f"{web.url}/{NAME}", b"1\n", checksum=False)
    assert desk.fates("cnm", body) == ["lost"]
    assert len(web.asked) == 2, "it was tried again"
    assert "answers 404" in desk.letters()[0].reason
    web.files[f"/{NAME}"] = b"1\n"
    assert desk.fates("cnm", body) == ["announced"]


@pytest.mark.parametrize(
    "href", ["/etc/count_20240118T120000_alpha.txt", "file:///etc/passwd", "ftp://e.org/a", "a/b", "https://10.0.0.1/a"]
)
def test_a_notice_leads_neither_into_our_files_nor_into_our_network(desk: Desk, href: str) -> None:
    assert desk.fates("cnm", cnm(href, b"1\n", checksum=False)) == ["refused"]
    assert desk.granules() == []


@pytest.mark.parametrize(
    ("href", "name"),
    [
        ("/data/\0", NAME),
        ("https://[e.org/a", NAME),
        ("https://e.org/\u00e9", NAME),
        ("https://e.org/a", "count_15000101T000000_alpha.txt"),
    ],
)
def test_one_file_that_can_be_no_granule_is_a_letter_and_the_next_notice_is_heard(
    desk: Desk, href: str, name: str
) -> None:
    handled = desk.handle("cnm", cnm(href, b"1\n", name=name, checksum=name != NAME))
    assert handled.fates == ["refused"]
    assert len(desk.letters()) == 1


def test_parts_that_make_a_much_too_long_address_are_a_letter(desk: Desk) -> None:
    body = sarracenia("https://e.org/" + "x" * 4000, "y" * 4000 + "/" + NAME, b"1\n")
    assert desk.fates("sarracenia", body) == ["refused"]


def test_a_name_of_the_last_day_that_calendars_have_is_of_no_collection(desk: Desk) -> None:
    assert desk.fates("cnm", cnm("https://e.org/a", b"1\n", name="count_99991231T235959_a.txt")) == ["unknown"]


def test_a_password_in_an_address_is_not_told(desk: Desk) -> None:
    for href in ("ftp://u:geheim@e.org/a", "https://u:geheim@e.org/a", "https://10.0.0.1/a?sig=geheim"):
        handled = desk.handle("cnm", cnm(href, b"1\n", checksum=False))
        assert handled.fates == ["refused"]
        assert "geheim" not in handled.problem


def test_an_item_that_tells_neither_time_nor_checksum_is_known_by_its_content(desk: Desk, web: Web) -> None:
    item = json.loads(stac(f"{web.url}/{NAME}", b""))
    del item["properties"]["created"], item["assets"]["data"]["file:checksum"], item["assets"]["data"]["file:size"]
    fates = []
    for content in (b"1\n", b"1\n", b"22\n"):
        web.files[f"/{NAME}"] = content
        fates += desk.fates("stac", json.dumps(item).encode())
    assert fates == ["announced", "duplicate", "announced"]


def test_a_letter_tells_why_it_is_one(desk: Desk, web: Web) -> None:
    """Not that another file of the notice is of no collection, which is no letter."""
    notice = json.loads(cnm(f"{web.url}/{NAME}", b"1\n", checksum=False))
    (group,) = notice["product"]["filegroups"]
    group["files"].insert(0, group["files"][0] | {"name": "other.txt", "uri": f"{web.url}/other.txt"})
    assert desk.fates("cnm", json.dumps(notice).encode()) == ["unknown", "lost"]
    assert "answers 404" in desk.letters()[0].reason


def test_half_a_character_in_the_id_of_an_event_does_no_harm(desk: Desk) -> None:
    event = {"specversion": "1.0", "id": "\ud800", "source": "s", "type": "t"}
    body = json.dumps({**event, "data": json.loads(wis2(f"https://e.org/{NAME}", b"1\n"))}).encode()
    handled = desk.ingest.handle("wis2", body, {"Content-Type": "application/cloudevents+json"}, desk.stop)
    assert handled.fates == ["announced"]


def test_a_local_path_is_taken_below_a_watched_directory_only(desk: Desk, tmp_path: Path) -> None:
    for folder in (desk.watched, tmp_path):
        (folder / NAME).write_bytes(b"1\n")
    (desk.watched / "link.txt").symlink_to(tmp_path / NAME)
    assert desk.fates("posttroll", posttroll(f"ssh://host{tmp_path}/{NAME}")) == ["refused"]
    assert desk.fates("posttroll", posttroll(str(desk.watched / "link.txt"))) == ["refused"]
    assert desk.fates("posttroll", posttroll(f"ssh://host{desk.watched}/{NAME}")) == ["announced"]


def test_a_memory_that_cannot_be_written_to_loses_no_notice(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StorageError("notices.sqlite cannot be used: database or disk is full")

    monkeypatch.setattr(desk.ingest._seen, "claim", full)
    with pytest.raises(StorageError, match="is full"):
        desk.handle("wis2", wis2(f"https://e.org/{NAME}", b"1\n"))
    assert desk.messages() == [], "no letter says that the file cannot be had"


# The producer is told


def test_the_producer_is_told_that_its_file_came_whole(desk: Desk, web: Web) -> None:
    web.files[f"/{NAME}"] = b"1\n"
    desk.handle("cnm", cnm(f"{web.url}/{NAME}", b"1\n"), respond=True)
    (answer,) = desk.answers
    assert answer["response"] == {"status": "SUCCESS"}
    assert (answer["identifier"], answer["provider"]) == (f"id-{NAME}-2", "PODAAC_SWOT")
    desk.handle("cnm", cnm(f"{web.url}/{NAME}", b"1\n"), respond=True)
    assert len(desk.answers) == 1, "a duplicate was answered before"


def test_another_notice_of_a_file_that_the_stream_has_is_answered_too(desk: Desk, web: Web) -> None:
    """Its producer waits for an answer to this one: it has another identifier."""
    web.files[f"/{NAME}"] = b"1\n"
    body = cnm(f"{web.url}/{NAME}", b"1\n")
    for number in range(2):
        desk.handle("cnm", body.replace(b'"id-', b'"%d-' % number), respond=True)
    assert [answer["response"] for answer in desk.answers] == [{"status": "SUCCESS"}] * 2
    assert desk.answers[1]["identifier"] == f"1-{NAME}-2"
    assert len(desk.granules()) == 1


def test_other_content_that_the_policy_leaves_out_is_no_success(tmp_path: Path, web: Web) -> None:
    desk = Desk(tmp_path, {"count": "skip"})
    for content in (b"1\n", b"22\n"):
        web.files[f"/{NAME}"] = content
        desk.handle("cnm", cnm(f"{web.url}/{NAME}", content), respond=True)
    assert [answer["response"]["status"] for answer in desk.answers] == ["SUCCESS", "FAILURE"]
    assert "is known with another one" in desk.answers[1]["response"]["errorMessage"]


def test_what_is_of_no_collection_is_heard_again_once_a_plugin_knows_it(desk: Desk) -> None:
    known, desk.ingest._collections = desk.ingest._collections, []
    body = wis2(f"https://e.org/{NAME}", b"1\n")
    assert desk.fates("wis2", body) == ["unknown"]
    desk.ingest._collections = known
    assert desk.fates("wis2", body) == ["announced"]


def test_the_producer_is_told_what_was_wrong_with_it(desk: Desk, web: Web) -> None:
    web.files[f"/{NAME}"] = b"2\n"
    broken = json.loads(cnm(f"{web.url}/{NAME}", b"1\n"))
    del broken["product"]["name"]
    for body in (
        cnm(f"{web.url}/{NAME}", b"1\n"),
        cnm(f"{web.url}/never/{NAME}", b"1\n"),
        json.dumps(broken).encode(),
        cnm(f"{web.url}/a", b"1\n", name="other.txt"),
        b"hello",
    ):
        desk.handle("cnm", body, respond=True)
    codes = [answer["response"]["errorCode"] for answer in desk.answers]
    assert codes == ["TRANSFER_ERROR", "TRANSFER_ERROR", "VALIDATION_ERROR", "VALIDATION_ERROR", "VALIDATION_ERROR"]
    assert "checksum" in desk.answers[0]["response"]["errorMessage"]
    assert "product.name" in desk.answers[2]["response"]["errorMessage"]
    assert desk.answers[2]["identifier"] == f"id-{NAME}-2"


def test_who_is_told_to_stop_leaves_the_notice_to_be_given_again(desk: Desk, web: Web) -> None:
    desk.stop.set()
    with pytest.raises(Stopped):
        desk.handle("cnm", cnm(f"{web.url}/{NAME}", b"1\n", checksum=False))
    assert desk.messages() == []
