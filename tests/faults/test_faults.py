"""Random faults over a live stream: nothing lost, nothing doubled, nothing wrong, by counting.

`make faults` runs the same with more of them. Here each that a stream consists of is killed twenty times.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.harness import run
from faults.oracle import Current, Heard, judge
from faults.proxy import Proxy
from faults.schedule import EACH_OF_FIVE, KINDS, Fault, draw, from_json, kinds_of, to_json
from faults.shrink import shrink
from parts.postgresql import PrivatePostgreSQL
from parts.rabbitmq import PrivateRabbitMQ

SEED = 20
SPAN_SECONDS = 110.0


@pytest.mark.timeout(900)
@pytest.mark.xdist_group("faults")
def test_nothing_is_lost_or_doubled_or_wrong_whatever_is_killed_stopped_cut_or_filled(
    tmp_path: Path, rabbitmq: PrivateRabbitMQ, postgresql: PrivatePostgreSQL, amqp_url: str, postgres_url: str
) -> None:
    faults = draw(SEED, 130, SPAN_SECONDS, EACH_OF_FIVE)
    report = run(tmp_path, rabbitmq, postgresql, amqp_url, postgres_url, faults, SEED)
    assert report.verdict.holds, f"seed {SEED}: {report.verdict}"
    done = kinds_of(report.done)
    assert all(done[kind] >= count for kind, count in EACH_OF_FIVE.items()), done
    # One whose target is just starting again when its moment comes is passed over.
    assert len(report.done) >= 0.9 * len(faults)
    assert report.slots > 150


@pytest.mark.timeout(300)
@pytest.mark.xdist_group("faults")
def test_a_worker_that_acks_before_its_outcome_is_safe_is_found_out(
    tmp_path: Path, rabbitmq: PrivateRabbitMQ, postgresql: PrivatePostgreSQL, amqp_url: str, postgres_url: str
) -> None:
    """Broken on purpose: what was in its hands when it was killed is lost, and the verdict says so."""
    kills = [Fault(at / 2, "kill worker", f"worker-{1 + at % 2}") for at in range(2, 14)]
    broken = Path(__file__).parent / "broken"
    given = (tmp_path, rabbitmq, postgresql, amqp_url, postgres_url, kills, SEED)
    report = run(*given, broken=broken, quiet_seconds=8)
    assert report.verdict.lost and not report.verdict.holds
    assert "tasked" in report.verdict.lost[0]


def test_a_seed_gives_the_same_schedule_again_and_every_kind() -> None:
    faults = draw(7, 60, 100.0)
    assert faults == draw(7, 60, 100.0) != draw(8, 60, 100.0)
    assert kinds_of(faults).keys() == KINDS.keys()
    assert len(faults) == 60
    assert from_json(to_json(faults)) == faults


def test_faults_of_one_lane_are_of_one_target() -> None:
    assert {fault.lane for fault in draw(1, 300, 10.0, EACH_OF_FIVE)} >= {"broker", "database", "path to the broker"}


def test_a_failing_schedule_is_shrunk_to_what_makes_it_fail() -> None:
    events, tried = list(range(64)), []

    def fails(some: list[int]) -> bool:
        tried.append(some)
        return {13, 40} <= set(some)

    assert shrink(events, fails, 200) == [13, 40]
    assert len(tried) < 100


def test_shrinking_ends_when_its_runs_are_used_up() -> None:
    tried = []
    short = shrink(list(range(64)), lambda some: tried.append(some) or 5 in some, 3)
    assert 5 in short
    assert len(tried) == 3


GOOD = {"a": Current("made", 1, "final", ["1"], 9.0, shown=True)}
STORE = {"1": "a"}
TOLD = [Heard("a", 1, "final", "event")]


def test_the_oracle_is_content_with_what_is_right() -> None:
    assert judge({"a": 9.0}, {"a": 1}, GOOD, TOLD * 2, STORE).holds


@pytest.mark.parametrize(
    ("found", "heard", "published", "what"),
    [
        ({}, TOLD, {}, "lost"),
        ({"a": GOOD["a"]._replace(state="dead")}, TOLD, STORE, "lost"),
        (GOOD, [], STORE, "lost"),
        (GOOD, [Heard("a", 1, "provisional", "event")], STORE, "lost"),
        (GOOD, TOLD, {}, "lost"),
        ({"a": GOOD["a"]._replace(value=None)}, TOLD, STORE, "lost"),
        ({"a": GOOD["a"]._replace(value=4.0)}, TOLD, STORE, "wrong"),
        ({"a": GOOD["a"]._replace(shown=False)}, TOLD, STORE, "wrong"),
        (GOOD, [*TOLD, Heard("a", 2, "final", "late")], STORE, "wrong"),
        (GOOD, [*TOLD, Heard("a", 1, "final", "another")], STORE, "doubled"),
        (GOOD | {"b": GOOD["a"]._replace(makes=["2"])}, TOLD, STORE | {"2": "b"}, "doubled"),
        (GOOD, TOLD, STORE | {"2": "a"}, "doubled"),
        ({"a": GOOD["a"]._replace(makes=["1", "1"])}, TOLD, STORE, "doubled"),
        (
            {"a": GOOD["a"]._replace(revision=2, makes=["1", "2"])},
            [Heard("a", 2, "final", "event")],
            STORE | {"2": "a"},
            "doubled",
        ),
    ],
)
def test_the_oracle_names_what_is_not(
    found: dict[str, Current], heard: list[Heard], published: dict[str, str], what: str
) -> None:
    verdict = judge({"a": 9.0}, {"a": 1}, found, heard, published)
    assert not verdict.holds
    assert getattr(verdict, what)


def test_a_directory_of_no_make_is_left_only_where_a_task_of_its_slot_was_answered_twice() -> None:
    verdict = judge({"a": 9.0}, {"a": 1}, GOOD, TOLD, STORE | {"2": "a"}, failed={"a"})
    assert verdict.holds and verdict.left == ["2"]
    assert not judge({"a": 9.0}, {"a": 1}, GOOD, TOLD, STORE | {"2": "a"}, failed={"b"}).holds


@pytest.fixture
def echo() -> Iterator[Proxy]:
    """A path to a server that sends back what it gets."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        with Proxy(server.getsockname()[1]) as path:
            yield path


def answer(connection: socket.socket) -> None:
    with connection:
        while data := connection.recv(1024):
            connection.sendall(data)


def test_a_path_is_slow_hangs_and_is_cut_as_it_is_told(echo: Proxy) -> None:
    with socket.create_connection(("127.0.0.1", echo.port), 5) as connection:
        connection.sendall(b"a")
        assert connection.recv(1) == b"a"
        echo.slow(0.2)
        begun = time.monotonic()
        connection.sendall(b"b")
        assert connection.recv(1) == b"b"
        assert time.monotonic() - begun >= 0.4
        echo.heal()

        echo.hang()
        connection.sendall(b"c")
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(5)
        echo.heal()
        assert connection.recv(1) == b"c"

        echo.cut()
        with pytest.raises(ConnectionError):
            while True:
                connection.sendall(b"d")
                if not connection.recv(1):
                    raise ConnectionResetError
