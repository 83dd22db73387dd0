"""The watcher against real files and the memory broker, by counting."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from icestream_core.collection import Collection, Facts
from icestream_core.errors import SettingsError
from icestream_core.granule import Granule
from icestream_core.message import decode
from icestream_core.naming import INTAKE
from icestream_runtime.broker import Broker, BrokerRefused, BrokerUnavailable, Message, PublishNotConfirmed
from icestream_runtime.memory import MemoryBroker
from icestream_runtime.metrics import PUBLISH_RETRIES, WATCHED, Metrics
from icestream_runtime.settings import load
from icestream_runtime.topology import topology
from icestream_watcher.__main__ import watcher
from icestream_watcher.announce import checksum_of, granule_of
from icestream_watcher.files import State
from icestream_watcher.watcher import Watcher

STABLE_SECONDS = 0.4
RESCAN_SECONDS = 0.8


def _facts(fields: Mapping[str, Any]) -> Facts | None:
    start = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=int(fields["day"]))
    return Facts(
        granule_id=f"gauge_{int(fields['day']):05d}", start=start, end=start + timedelta(days=1), platform="P1"
    )


GAUGE = Collection(
    name="gauge",
    title="A day's text",
    sensor="ruler",
    patterns=("gauge_{day:5d}.txt",),
    facts=_facts,
    opener="nowhere:never",
    media_type="text/plain",
)


class Stream:
    """What a watcher writes to, and what came of it."""

    def __init__(self) -> None:
        self.broker = MemoryBroker()
        self.metrics = Metrics()
        self.received: list[Granule] = []
        self.broker.apply(topology())

    def register(self) -> None:
        """Let the intake hear of the collection."""
        self.broker.bind(INTAKE, ["granule.*.gauge"])

    def collect(self) -> list[Granule]:
        """Take what has come since and return everything so far."""
        subscription = self.broker.subscribe([INTAKE], 100_000)
        deliveries = subscription.drain(100_000)
        subscription.ack(*deliveries)
        subscription.close()
        messages = [decode(delivery.body) for delivery in deliveries]
        self.received += [message for message in messages if isinstance(message, Granule)]
        return self.received

    def ids(self) -> list[str]:
        return sorted(granule.granule_id for granule in self.collect())


@pytest.fixture
def stream() -> Iterator[Stream]:
    made = Stream()
    made.register()
    yield made
    made.broker.close()


Watching = Callable[..., AbstractContextManager[Watcher]]


@pytest.fixture
def watching(tmp_path: Path, stream: Stream) -> Watching:
    """Watch a directory, on a thread of its own, for as long as the block lasts."""

    @contextmanager
    def watch(directory: Path, broker: Broker | None = None, mode: Any = "forward") -> Iterator[Watcher]:
        stop = threading.Event()
        watching = Watcher(
            [directory], [GAUGE], broker or stream.broker, stream.metrics, STABLE_SECONDS, RESCAN_SECONDS, mode
        )
        errors: list[BaseException] = []

        def turn() -> None:
            try:
                watching.run(stop)
            except BaseException as error:
                errors.append(error)
                raise

        thread = threading.Thread(target=turn)
        thread.start()
        try:
            yield watching
        finally:
            stop.set()
            thread.join(20)
        assert not thread.is_alive()
        assert errors == []

    return watch


def until(true: Callable[[], bool], seconds: float = 15.0) -> bool:
    """Wait until something holds; returns whether it came to."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def lay(path: Path, content: str = "snow", age: float = 60.0) -> Path:
    """Write a file that was modified so long ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    moment = time.time() - age
    os.utime(path, (moment, moment))
    return path


def test_files_that_lie_there_are_announced_whatever_the_folder(
    tmp_path: Path, stream: Stream, watching: Watching
) -> None:
    lay(tmp_path / "gauge_00001.txt")
    lay(tmp_path / "2020" / "01" / "gauge_00002.txt")
    with watching(tmp_path):
        assert until(lambda: stream.ids() == ["gauge_00001", "gauge_00002"])


def test_the_announcement_says_what_the_file_is(tmp_path: Path, stream: Stream, watching: Watching) -> None:
    path = lay(tmp_path / "gauge_00007.txt", "seven", age=3600)
    with watching(tmp_path, mode="reprocessing"):
        assert until(lambda: len(stream.collect()) == 1)
    (granule,) = stream.received
    assert granule.checksum == "sha256:" + hashlib.sha256(b"seven").hexdigest()
    assert (granule.collection, granule.sensor, granule.platform) == ("gauge", "ruler", "P1")
    assert granule.mode == "reprocessing"
    assert granule.published_at == datetime.fromtimestamp(path.stat().st_mtime, UTC)
    (asset,) = granule.assets
    assert (asset.href, asset.size, asset.checksum) == (str(path), 5, granule.checksum)
    assert (asset.media_type, asset.role) == ("text/plain", "data")


def test_a_watcher_is_not_idle_while_it_reads_the_last_file(
    tmp_path: Path, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(tmp_path / "gauge_00001.txt")
    reading = Watcher([tmp_path], [GAUGE], stream.broker, stream.metrics, STABLE_SECONDS, RESCAN_SECONDS)
    idle: list[bool] = []

    def reads(path: Path, state: State) -> str:
        idle.append(reading.idle())
        return checksum_of(path, state)

    monkeypatch.setattr("icestream_watcher.watcher.checksum_of", reads)
    reading._turn(threading.Event())
    assert idle == [False]
    assert reading.idle()


def test_a_file_is_announced_once_it_is_whole_and_not_before(
    tmp_path: Path, stream: Stream, watching: Watching
) -> None:
    with watching(tmp_path):
        with (tmp_path / "gauge_00001.txt").open("w") as file:
            for _ in range(8):
                file.write("a line\n")
                file.flush()
                time.sleep(STABLE_SECONDS / 2)
                assert stream.ids() == []
        assert until(lambda: len(stream.collect()) == 1)
        time.sleep(3 * RESCAN_SECONDS)
    assert [granule.assets[0].size for granule in stream.collect()] == [8 * len("a line\n")]


def test_a_file_renamed_into_its_place_is_announced(tmp_path: Path, stream: Stream, watching: Watching) -> None:
    with watching(tmp_path):
        hidden = lay(tmp_path / ".gauge_00001.txt.a8f3")
        part = lay(tmp_path / "gauge_00002.txt.part")
        time.sleep(STABLE_SECONDS + RESCAN_SECONDS)
        assert stream.ids() == []
        hidden.rename(tmp_path / "gauge_00001.txt")
        part.rename(tmp_path / "gauge_00002.txt")
        assert until(lambda: stream.ids() == ["gauge_00001", "gauge_00002"])


def test_what_comes_into_a_new_folder_is_announced(tmp_path: Path, stream: Stream, watching: Watching) -> None:
    outside, watched = tmp_path / "outside", tmp_path / "watched"
    lay(outside / "a" / "b" / "gauge_00001.txt")
    watched.mkdir()
    with watching(watched):
        time.sleep(0.5)
        (outside / "a").rename(watched / "a")
        lay(watched / "c" / "d" / "e" / "gauge_00002.txt")
        assert until(lambda: stream.ids() == ["gauge_00001", "gauge_00002"])


def test_hidden_folders_are_passed_over(tmp_path: Path, stream: Stream, watching: Watching) -> None:
    lay(tmp_path / ".staging" / "gauge_00001.txt")
    with watching(tmp_path):
        lay(tmp_path / ".staging" / "gauge_00002.txt")
        lay(tmp_path / "gauge_00003.txt")
        assert until(lambda: stream.ids() == ["gauge_00003"])
        time.sleep(2 * RESCAN_SECONDS)
        assert stream.ids() == ["gauge_00003"]


def test_new_content_is_a_correction_and_a_touch_is_none(tmp_path: Path, stream: Stream, watching: Watching) -> None:
    path = lay(tmp_path / "gauge_00001.txt", "first")
    with watching(tmp_path):
        assert until(lambda: len(stream.collect()) == 1)
        lay(path, "first", age=30)
        time.sleep(STABLE_SECONDS + 2 * RESCAN_SECONDS)
        assert len(stream.collect()) == 1
        lay(path, "other", age=10)
        assert until(lambda: len(stream.collect()) == 2)
    first, second = stream.received
    assert first.granule_id == second.granule_id
    assert first.checksum != second.checksum
    assert first.order < second.order


def test_replaced_content_is_newer_than_the_time_in_the_name() -> None:
    produced = datetime(2020, 1, 5, tzinfo=UTC)
    facts = _facts({"day": 1})
    assert facts is not None
    state = State(4, int(datetime(2020, 1, 9, tzinfo=UTC).timestamp()) * 10**9)
    first, again = (
        granule_of(
            Path("gauge_00001.txt"), GAUGE, facts._replace(produced=produced), state, "sha256:00", "forward", how
        )
        for how in (False, True)
    )
    assert first.published_at == produced
    assert again.published_at == datetime(2020, 1, 9, tzinfo=UTC)


def test_names_of_no_collection_are_counted_once(tmp_path: Path, stream: Stream, watching: Watching) -> None:
    lay(tmp_path / "SOURCE.txt")
    lay(tmp_path / "gauge_1.dat")
    lay(tmp_path / "gauge_00001.txt")
    with watching(tmp_path):
        assert until(lambda: stream.ids() == ["gauge_00001"])
        time.sleep(2 * RESCAN_SECONDS)
    assert stream.metrics.value(WATCHED, fate="unknown") == 2
    assert stream.metrics.value(WATCHED, fate="announced") == 1


def test_files_that_can_be_no_granules_are_refused_and_the_others_announced(
    tmp_path: Path, stream: Stream, watching: Watching
) -> None:
    half = tmp_path / os.fsdecode(b"d\xff")
    half.mkdir()
    (half / "gauge_00001.txt").write_text("a directory whose name is no UTF-8")
    # The first is of the year 2293.
    for name in ("gauge_99999.txt", "gauge_00002.txt"):
        (tmp_path / name).write_text("1")
    (tmp_path / "gauge_00003.txt").write_text("of the year 2299")
    os.utime(tmp_path / "gauge_00003.txt", (1e10 + 4e8, 1e10 + 4e8))
    with watching(tmp_path) as watcher:
        assert until(lambda: watcher.idle() and stream.ids() != [])
    assert stream.ids() == ["gauge_00002"]
    assert stream.metrics.value(WATCHED, fate="refused") == 3


def test_a_link_that_leads_out_is_refused_and_one_that_stays_is_not(
    tmp_path: Path, stream: Stream, watching: Watching
) -> None:
    watched = tmp_path / "watched"
    secret = lay(tmp_path / "secret" / "anything")
    lay(watched / "store" / "blob")
    (watched / "gauge_00001.txt").symlink_to(secret)
    (watched / "gauge_00002.txt").symlink_to(watched / "store" / "blob")
    (watched / "elsewhere").symlink_to(tmp_path / "secret")
    lay(tmp_path / "secret" / "gauge_00003.txt")
    with watching(watched):
        assert until(lambda: stream.ids() == ["gauge_00002"])
        lay(tmp_path / "secret" / "gauge_00004.txt")
        time.sleep(2 * RESCAN_SECONDS)
    assert stream.ids() == ["gauge_00002"]
    assert stream.metrics.value(WATCHED, fate="refused") >= 1


def test_what_no_product_reads_is_offered_again_until_one_does(tmp_path: Path, watching: Watching) -> None:
    silent = Stream()
    for day in range(250):
        lay(tmp_path / f"gauge_{day:05d}.txt", str(day))
    with watching(tmp_path, silent.broker):
        time.sleep(3 * RESCAN_SECONDS)
        assert silent.ids() == []
        silent.register()
        assert until(lambda: len(silent.ids()) == 250)
        time.sleep(2 * RESCAN_SECONDS)
    assert silent.ids() == [f"gauge_{day:05d}" for day in range(250)]


def test_a_burst_of_files_is_announced_each_once(tmp_path: Path, stream: Stream, watching: Watching) -> None:
    with watching(tmp_path):
        time.sleep(0.4)
        for day in range(2000):
            (tmp_path / f"gauge_{day:05d}.txt").write_text(str(day))
        assert until(lambda: len(stream.ids()) >= 2000, 60)
        time.sleep(2 * RESCAN_SECONDS)
    assert stream.ids() == [f"gauge_{day:05d}" for day in range(2000)]
    assert stream.metrics.value(WATCHED, fate="announced") == 2000


class Away:
    """A broker that can be away: it answers nobody, or takes everything and then the line is cut."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self.away = threading.Event()
        self.cut = 0
        self.attempts = 0

    def publish(self, messages: Sequence[Message], timeout: float = 30.0) -> list[Message]:
        self.attempts += 1
        if self.away.is_set():
            raise BrokerUnavailable("nobody answers")
        returned = self._broker.publish(messages, timeout)
        if self.cut:
            self.cut -= 1
            raise PublishNotConfirmed("the line was cut", messages)
        return returned

    def depth(self, *_: object) -> Any:
        raise BrokerUnavailable("nobody answers")


def test_nothing_is_lost_while_the_broker_is_away(tmp_path: Path, stream: Stream, watching: Watching) -> None:
    broker = Away(stream.broker)
    broker.away.set()
    broker.cut = 1
    for day in range(300):
        lay(tmp_path / f"gauge_{day:05d}.txt", str(day))
    with watching(tmp_path, cast(Broker, broker)):
        assert until(lambda: broker.attempts >= 2)
        lay(tmp_path / "gauge_00300.txt")
        time.sleep(1)
        assert stream.ids() == []
        assert broker.attempts <= 4, "it must not hammer a broker that is away"
        broker.away.clear()
        assert until(lambda: len(set(stream.ids())) == 301, 30)
    assert stream.metrics.value(WATCHED, fate="announced") == 301
    assert stream.metrics.value(PUBLISH_RETRIES, kind="granule") >= 3


def test_a_directory_that_goes_and_comes_back_is_watched_again(
    tmp_path: Path, stream: Stream, watching: Watching
) -> None:
    watched = tmp_path / "watched"
    lay(watched / "gauge_00001.txt")
    with watching(watched):
        assert until(lambda: stream.ids() == ["gauge_00001"])
        shutil.rmtree(watched)
        time.sleep(2 * RESCAN_SECONDS)
        lay(watched / "gauge_00002.txt")
        assert until(lambda: stream.ids() == ["gauge_00001", "gauge_00002"])
        time.sleep(2 * RESCAN_SECONDS)
        lay(watched / "gauge_00003.txt", age=-0.1)
        assert until(lambda: stream.ids() == ["gauge_00001", "gauge_00002", "gauge_00003"])


def test_a_directory_that_is_none_is_refused_with_its_name(tmp_path: Path, stream: Stream) -> None:
    settings = load(out=str(tmp_path / "out"))
    with pytest.raises(SettingsError, match="nowhere is no directory; make it"):
        watcher(settings, [tmp_path / "nowhere"], stream.broker, [GAUGE], stream.metrics)


def test_a_watcher_with_nothing_to_announce_finds_that_its_broker_refuses_it(tmp_path: Path) -> None:
    class Refusing(MemoryBroker):
        def depth(self, *_: object) -> Any:
            raise BrokerRefused("a wrong password")

    watching = Watcher([tmp_path], [GAUGE], Refusing(), Metrics(), STABLE_SECONDS, RESCAN_SECONDS)
    with pytest.raises(BrokerRefused, match="a wrong password"):
        watching.run(threading.Event())
