"""Slots and granules that were given up: found by reason, put aside, forgotten only with --yes; and what is pruned."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from icestream_cli.__main__ import cli
from icestream_cli.edge import Given
from icestream_core import naming
from icestream_core.outcome import Manifest, ManifestFile
from icestream_core.task import Task
from icestream_runtime.ledger import Ledger, open_ledger
from icestream_runtime.ledger.specimens import at_least, failed, granule, made, same_days, sha256, slot, tasked
from icestream_runtime.storage import Storage


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    monkeypatch.setenv("ICESTREAM_OUT", str(tmp_path / "out"))
    ledger = open_ledger(f"sqlite:///{tmp_path}/out/ledger.sqlite", migrate=True)
    yield ledger
    ledger.close()


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, words, obj=Given(), prog_name="icestream")


def answer(*words: str) -> Any:
    done = run(*words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def two_dead(ledger: Ledger) -> None:
    for day, reason in ((0, "out of ice"), (1, "out of snow")):
        ledger.record_granules([granule("a", day)])
        ledger.finalise([failed(tasked(ledger, slot(day)), reason=reason)], 1, lambda _: 0.0)


def test_dead_slots_are_listed_shown_put_aside_and_tried_again_by_their_reason(ledger: Ledger) -> None:
    two_dead(ledger)
    assert [row["slot"] for row in answer("slots", "list", "--reason", "of ice")] == [slot().key]
    assert answer("slots", "show", slot().key)["traceback"] == "..."
    assert answer("slots", "park", "--dead", "--reason", "of ice")["slots"] == [slot().key]
    assert answer("slots", "list", "--state", "parked")[0]["reason"] == "out of ice"
    assert answer("slots", "redrive", "--product", "depth")["slots"] == [slot(1).key]
    assert answer("slots", "redrive", "--parked")["slots"] == [slot().key]
    assert run("slots", "park", "--dead").exit_code == 1
    assert run("slots", "park").exit_code == 2


def test_what_is_named_is_chosen_by_reason_and_age_too(ledger: Ledger) -> None:
    two_dead(ledger)
    named = ("slots", "drop", slot().key, slot(1).key, "--yes")
    assert answer(*named, "--older-than", "1e6") == {"dropped": 0, "slots": []}
    assert answer(*named, "--reason", "of snow") == {"dropped": 1, "slots": [slot(1).key]}
    assert [row.slot for row in ledger.slots()] == [slot()]


def test_of_what_is_dropped_only_that_is_told_which_was_never_made(ledger: Ledger) -> None:
    two_dead(ledger)
    ledger.redrive([slot()])
    (task,) = ledger.look([slot()], same_days, at_least(1))
    ledger.finalise([made(task)], 1, lambda _: 0.0)
    ledger.record_granules([granule("b")])
    ledger.finalise([failed(tasked(ledger, slot(), 2))], 1, lambda _: 0.0)
    assert {row.state for row in ledger.slots()} == {"dead"}
    assert answer("slots", "drop", "--dead", "--yes") == {"dropped": 1, "slots": [slot(1).key]}


def test_a_slot_is_forgotten_only_with_yes(ledger: Ledger) -> None:
    two_dead(ledger)
    assert answer("slots", "drop", "--dead") == {"would_be_dropped": [slot().key, slot(1).key]}
    assert "with --yes they are" in run("slots", "drop", "--dead").output
    assert len(ledger.slots()) == 2
    assert answer("slots", "drop", slot().key, "--yes")["dropped"] == 1
    assert [row.slot for row in ledger.slots()] == [slot(1)]


def test_a_granule_is_put_aside_listed_by_its_reason_and_forgotten_only_with_yes(ledger: Ledger) -> None:
    ledger.record_granules([granule("a"), granule("b")])
    assert answer("granules", "park", "a.20140201", "--reason", "striped") == {"quarantined": 1}
    assert [each["quarantine"] for each in answer("granules", "list", "--reason", "stri")] == ["striped"]
    assert answer("granules", "list", "--reason", "stri", "--older-than", "1e9") == []
    assert answer("granules", "drop", "--reason", "stri") == {"would_be_dropped": ["a.20140201"]}
    assert len(ledger.granules()) == 2
    assert answer("granules", "drop", "--reason", "stri", "--yes") == {"dropped": ["a.20140201"]}
    assert [each.granule_id for each, _ in ledger.granules()] == ["b.20140201"]
    assert run("granules", "park", "c", "--reason", "x").exit_code == 1


def test_status_counts_all_that_needs_a_hand_and_lists_some(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("icestream_cli.status.LISTED", 1)
    monkeypatch.setattr("icestream_cli.status.SHOWN", 1)
    two_dead(ledger)
    for number in range(2):
        ledger.quarantine(granule("a", number).granule_id, "", "striped")
        ledger.keep_letter("icestream.intake", "nonsense", bytes([number]), {})
    shown = run("status").output
    assert "dead, 1 of 2;" in shown
    assert "2 granules are quarantined" in shown
    assert "2 messages could not be read" in shown


def publish(storage: Storage, task: Task) -> Manifest:
    staged = storage.stage(task.token)
    (staged / "a.nc").write_text("x")
    file = ManifestFile(name="a.nc", role="data", media_type="a/b", size=1, checksum=sha256(task.inputs_hash))
    (staged / "manifest.json").write_text(Manifest(href=".", files=(file,)).model_dump_json())
    return storage.publish(staged, naming.store_path(task.slot, task.inputs_hash)).manifest


def test_files_that_no_revision_is_of_are_removed_once_they_are_old_and_nothing_else_is(
    ledger: Ledger, tmp_path: Path
) -> None:
    storage = Storage(tmp_path / "out")
    ledger.record_granules([granule("a")])
    first = tasked(ledger, slot())
    ledger.finalise([made(first, manifest=publish(storage, first))], 5, lambda _: 0.0)
    ledger.record_granules([granule("b")])
    # Its worker has written, and its answer is on the way.
    second = tasked(ledger, slot(), 2)
    publish(storage, second)
    for name, of in (("left", slot()), ("fresh", slot()), ("of another ledger", slot(5))):
        publish(storage, second.model_copy(update={"slot": of, "inputs_hash": sha256(name).removeprefix("sha256:")}))
    store = tmp_path / "out" / "store"
    places = sorted(path.parent for path in store.rglob("manifest.json"))
    fresh = store.parent / naming.store_path(slot(), sha256("fresh").removeprefix("sha256:"))
    left = store.parent / naming.store_path(slot(), sha256("left").removeprefix("sha256:"))
    for place in places:
        if place != fresh:
            os.utime(place, (time.time() - 3 * 86400,) * 2)
    # A removal that somebody died in.
    half = left.with_name(f".{'e' * 24}-12345678")
    half.mkdir()
    os.utime(half, (time.time() - 3 * 86400,) * 2)

    assert answer("prune", "--directories", "2") == {
        "would_be_removed": {"directories": 2},
        "unknown_slots": 1,
    }
    assert len(list(store.rglob("manifest.json"))) == 5
    assert "1 directories are of slots that this ledger does not know" in run("prune", "--directories", "2").output
    assert answer("prune", "--directories", "2", "--yes") == {
        "removed": {"directories": 2},
        "unknown_slots": 1,
    }
    assert sorted(path.parent for path in store.rglob("manifest.json")) == [each for each in places if each != left]
    assert not half.exists()
    ledger.finalise(
        [made(second, manifest=storage.find(naming.store_path(slot(), second.inputs_hash)))], 5, lambda _: 0
    )
    assert answer("prune", "--directories", "2", "--yes") == {
        "removed": {"directories": 0},
        "unknown_slots": 1,
    }
    assert run("prune", "--directories", "0.1").exit_code == 2


def test_old_revisions_are_counted_first_and_removed_with_yes_and_the_current_one_stays(
    ledger: Ledger, tmp_path: Path
) -> None:
    storage = Storage(tmp_path / "out")
    for number in range(3):
        ledger.record_granules([granule("abc"[number])])
        task = tasked(ledger, slot(), number + 1)
        ledger.finalise([made(task, manifest=publish(storage, task))], 5, lambda _: 0.0)
    ledger.keep_letter("icestream.intake", "nonsense", b"\xc1", {})
    manifests = tmp_path / "out" / "store"
    assert len(list(manifests.rglob("manifest.json"))) == 3

    words = ("prune", "--revisions", "0", "--letters", "0", "--granules", "0")
    assert answer(*words) == {"would_be_removed": {"revisions": 2, "granules": 0, "letters": 1}}
    assert len(list(manifests.rglob("manifest.json"))) == 3
    assert answer("prune", "--revisions", "1", "--yes") == {"removed": {"revisions": 0}}
    assert answer(*words, "--yes") == {"removed": {"revisions": 2, "granules": 0, "letters": 1}}
    (left,) = manifests.rglob("manifest.json")
    (current,) = ledger.history(slot())
    assert str(left.parent) == current["manifest"]["href"]
    assert not list(manifests.rglob(".*"))
    assert run("prune").exit_code == 2
