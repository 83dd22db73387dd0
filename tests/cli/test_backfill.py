"""`icestream backfill`: killed and given again it makes nothing twice, and it goes by the queues that yield."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest

from core.specimens import product as specimen
from icestream_cli.backfill import Standstill, _batches, _paced, _publish, _unknown, _unopened
from icestream_cli.backfill_scope import Scope
from icestream_core.granule import Asset, Granule
from icestream_core.inputs import Input, source
from icestream_core.naming import INTAKE
from icestream_core.window import steps
from icestream_runtime.ledger import open_ledger
from icestream_runtime.ledger.specimens import granule, sha256
from icestream_runtime.memory import MemoryBroker
from icestream_runtime.topology import topology
from icestream_runtime.turns import NICENESS
from parts.stream import Stream, stream

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
COUNT = 60
WORDS = ("backfill", "tally-square", "--from", "2024-01-01", "--to", "2024-01-01")


def archive(directory: Path) -> Path:
    directory.mkdir()
    for number in range(COUNT):
        (directory / f"count_{FIRST + timedelta(minutes=number):%Y%m%dT%H%M%S}_a.txt").write_text(f"{number}\n")
    (directory / f"count_{FIRST + timedelta(days=2):%Y%m%dT%H%M%S}_a.txt").write_text("1\n")
    return directory


def killed(running: Stream, *words: str) -> None:
    """Start a command and kill it when some of its work is done."""
    process = subprocess.Popen([sys.executable, "-m", "icestream_cli", *words], env=running.environment)
    deadline = time.monotonic() + 60
    while len(running.rows()) < COUNT // 4:
        assert process.poll() is None, "it ended before it was killed"
        assert time.monotonic() < deadline, "it did not begin"
        time.sleep(0.05)
    assert psutil.Process(process.pid).nice() == min(19, os.nice(0) + NICENESS), "new passes do not go first"
    process.kill()
    process.wait()


@pytest.mark.timeout(300)
@pytest.mark.xdist_group("rabbitmq-cli")
def test_a_backfill_that_is_killed_and_given_again_makes_nothing_twice(
    tmp_path: Path, amqp_url: str, postgres_url: str
) -> None:
    files = ("--files", str(archive(tmp_path / "archive")))
    # The STAC API of this test is on loopback, which is refused unless it is allowed.
    fetching = {"fetch_private": "127.0.0.0/8", "fetch_plain_http": True}
    given = {"plugins": "tally", "settle_seconds": 0.5, **fetching}
    with stream(tmp_path, amqp_url, postgres_url, tally=True, **given) as running:
        running.start("gatherer", "gatherer")
        running.start("worker", "worker", "--product", "tally-square", "--product", "tally-sum")
        running.wait_until_ready()
        dry = json.loads(running.command(*WORDS, *files, "--dry-run", "--json"))
        assert dry == {"granules_would_be_announced": COUNT, "are_known": 0}

        killed(running, *WORDS, *files, "--rate", "10")
        said = json.loads(running.command(*WORDS, *files, "--rate", "1000", "--json"))
        assert 0 < said["are_known"] < COUNT
        assert said["granules_were_announced"] + said["are_known"] == COUNT
        rows = [row for row in running.wait_until_quiet(120, least_made=COUNT) if row.slot.product == "tally-square"]
        assert [(row.state, row.revision) for row in rows] == [("made", 1)] * COUNT
        squares = [each for each in running.log("product made") if each["product"] == "tally-square"]
        assert {each["mode"] for each in squares} == {"reprocessing"}
        assert len([each for each in running.log("slot answered") if each["product"] == "tally-square"]) == COUNT

        # The ledger knows the granules now, and another product is made of them.
        words = ("backfill", "tally-nothing", *WORDS[2:])
        running.start("worker-nothing", "worker", "--product", "tally-nothing")
        running.wait_until_ready()
        running.wait_until_quiet(60)
        said = json.loads(running.command(*words, "--rate", "1000", "--json"))
        assert said["slots_were_asked_for"] + said["stay_as_they_are"] == COUNT
        assert json.loads(running.command(*words, "--dry-run", "--json"))["slots_would_be_asked_for"] == 0
        void = [row for row in running.rows() if row.slot.product == "tally-nothing"]
        assert [(row.state, row.revision) for row in void] == [("void", 1)] * COUNT

        with StacApi() as api:
            words = (*WORDS, "--stac", api.url, "--collection", "counts", "--bbox", "79", "39", "85", "45")
            said = json.loads(running.command(*words, "--dry-run", "--json"))
            assert said == {"granules_would_be_announced": 3, "are_known": 0}
            said = json.loads(running.command(*words, "--rate", "1000", "--json"))
            assert said == {"granules_were_announced": 3, "are_known": 0, "were_not_taken": 0}
            rows = {row.slot.key: row for row in running.wait_until_quiet(120, least_made=2 * COUNT + 4)}
            assert {rows[f"tally-square.20240101T120{number}00.b"].state for number in range(3)} == {"made"}
            assert json.loads(running.command(*words, "--json"))["are_known"] == 3
            (asked, *_) = [each for each in api.searches if "token" not in each]
            assert asked["collections"] == ["counts"] and asked["bbox"] == ["79.0,39.0,85.0,45.0"]
            assert asked["datetime"] == ["2024-01-01T00:00:00Z/2024-01-02T00:00:00Z"]
        nowhere = failing(running, *WORDS, "--stac", "http://127.0.0.1:9/", "--collection", "counts")
        assert "was searched as a STAC API" in nowhere
        assert set(running.stop().values()) == {0}


def failing(running: Stream, *words: str) -> str:
    command = [sys.executable, "-m", "icestream_cli", *words]
    done = subprocess.run(command, env=running.environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode not in (0, -9)
    return done.stderr


class StacApi:
    """A STAC API with five items on two pages: three of counts, one of nothing that we know, one that is torn."""

    def __init__(self) -> None:
        self.searches: list[dict[str, list[str]]] = []
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                body = api.answer(parts.path, parse_qs(parts.query))
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> StacApi:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str, query: dict[str, list[str]]) -> bytes | None:
        if path.startswith("/files/count"):
            return b"7\n"
        if path == "/search":
            self.searches.append(query)
            return json.dumps(self._page(second="token" in query)).encode()
        if path != "/":
            return None
        landing = {
            "type": "Catalog",
            "id": "archive",
            "stac_version": "1.0.0",
            "description": "An archive",
            "conformsTo": ["https://api.stacspec.org/v1.0.0/core", "https://api.stacspec.org/v1.0.0/item-search"],
            "links": [{"rel": "search", "href": f"{self.url}/search", "method": "GET", "type": "application/geo+json"}],
        }
        return json.dumps(landing).encode()

    def _page(self, *, second: bool) -> dict[str, object]:
        names = (
            ["count_20240101T120200_b.txt", "holiday.jpg", "count_15000101T120200_b.txt"]
            if second
            else [f"count_20240101T120{n}00_b.txt" for n in (0, 1)]
        )
        items = [
            {
                "type": "Feature",
                "stac_version": "1.0.0",
                "id": name,
                "geometry": None,
                "properties": {"datetime": "2024-01-01T12:00:00Z"},
                "links": [],
                "assets": {"data": {"href": f"{self.url}/files/{name}", "roles": ["data"]}},
            }
            for name in names
        ]
        torn = [{"type": "Feature", "stac_version": "1.0.0", "id": "torn", "properties": {}, "assets": {}, "links": []}]
        links = [] if second else [{"rel": "next", "href": f"{self.url}/search?token=2", "method": "GET"}]
        return {"type": "FeatureCollection", "features": items + (torn if second else []), "links": links}


def test_a_backfill_that_stands_still_says_so_once(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    standstill = Standstill("depth", lambda: now[0])
    for second, given, waiting in (
        (0, 5, 5),
        (50, 5, 4),
        (100, 5, 4),
        (111, 5, 4),
        (200, 5, 4),
        (300, 5, 0),
        (400, 5, 0),
    ):
        now[0] = second
        standstill.look(given, waiting)
    told = capsys.readouterr().err
    assert told.count("nothing was answered for 60 s, and 4 are under way") == 1
    assert "icestream slots list --product depth" in told


def test_a_file_of_an_archive_that_cannot_be_read_is_told_and_the_others_are_announced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broker = MemoryBroker()
    broker.apply(topology(bindings=["granule.#"]))
    found = []
    for day, name in enumerate(("first", "lost", "last")):
        asset = Asset(href=str(tmp_path / name), size=1, checksum=sha256(name))
        found.append(granule("a", day).model_copy(update={"assets": (asset,)}))
    for name in ("first", "last"):
        (tmp_path / name).write_text("x")
    unreadable: list[Path] = []
    assert _publish(unreadable, broker, found) == 2
    assert unreadable == [tmp_path / "lost"]
    assert f"{tmp_path}/lost cannot be read: No such file" in capsys.readouterr().err
    assert broker.depth(INTAKE).ready == 2
    broker.close()


def test_files_that_are_known_are_asked_for_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("icestream_cli.backfill.ASKED_AT_ONCE", 2)
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite", migrate=True)
    found = [granule("a", day) for day in range(5)]
    ledger.record_granules(found[1:4])
    assert [each for some in _batches(found) for each in _unknown(ledger, some)] == [found[0], found[4]]
    scope = Scope(specimen(), {}, found[1].start, found[2].end)
    ledger.ask(scope.opened_by(found[2]), "backfill")
    wanted, opened = _unopened(ledger, scope)
    assert ([each.key for each in wanted], opened) == (["depth.20140202"], 1)
    ledger.close()


def test_a_granule_concerns_a_product_that_is_made_of_products_of_it() -> None:
    near = specimen({"tb": Input(sources=(source("tb"),), window=steps(-3, 3))}, name="depth")
    far = specimen({"depth": Input(sources=(source("depth"),), window=steps(-2, 2))}, name="fine")
    scope = Scope(far, {"depth": near, "fine": far}, FIRST, FIRST + timedelta(days=1))
    assert scope.collections == {"tb", "depth"}

    def concerns(days: int) -> bool:
        return scope.concerns(observed(FIRST + timedelta(days=days)))

    assert [concerns(days) for days in (-6, -5, 0, 5, 6)] == [False, True, True, True, False]


def observed(start: datetime, tile: str = "") -> Granule:
    checksum = "sha256:0"
    return Granule(
        granule_id=f"tb.{start:%Y%m%d}",
        checksum=checksum,
        collection="tb",
        sensor="ssmis",
        tile=tile,
        start=start,
        end=start + timedelta(days=1),
        assets=(Asset(href="/a", size=1, checksum=checksum),),
        published_at=start,
        received_at=start,
    )


def test_no_more_are_given_than_may_be_under_way() -> None:
    waiting = [0]

    def under_way(given: int) -> int:
        waiting[0] = max(0, waiting[0] - 1)
        return waiting[0]

    seen = []
    for batch in _paced(list(range(20)), 1e6, 4, under_way):
        waiting[0] += len(batch)
        seen.append(waiting[0])
    assert max(seen) == 4


def test_a_rate_is_kept() -> None:
    begun = time.monotonic()
    assert sum(len(batch) for batch in _paced(list(range(16)), 20, 1000, lambda _: 0)) == 16
    assert time.monotonic() - begun > 0.6
