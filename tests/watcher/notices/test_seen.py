"""What was announced is remembered on disk, for a while, and one at a time."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from icestream_core.errors import StorageError
from icestream_core.granule import Asset, Granule
from icestream_runtime.settings import POLICIES as SETTINGS_POLICIES
from icestream_watcher.notices.seen import POLICIES, Seen

START = datetime(2024, 1, 18, tzinfo=UTC)


def granule(checksum: str = "aa", name: str = "g1") -> Granule:
    return Granule(
        granule_id=name,
        checksum=f"sha256:{checksum}",
        collection="count",
        sensor="abacus",
        start=START,
        end=START + timedelta(days=1),
        assets=(Asset(href="a", size=1, checksum=f"sha256:{checksum}"),),
        published_at=START,
        received_at=START,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "notices.sqlite"


def test_an_announced_granule_is_a_duplicate_and_still_is_after_a_restart(path: Path) -> None:
    first = Seen(path, 60)
    assert not first.knows(["n1"])
    assert first.claim(granule(), "version") == "new"
    first.confirm([granule()], ["n1", ""])
    first.close()
    again = Seen(path, 60)
    assert again.knows(["n0", "n1"])
    assert not again.knows([""])
    assert again.claim(granule(), "version") == "duplicate"


def test_who_died_between_claim_and_confirm_may_claim_again(path: Path) -> None:
    assert Seen(path, 60).claim(granule(), "error") == "new"
    assert Seen(path, 60).claim(granule(), "error") == "new"


@pytest.mark.parametrize(
    ("policy", "verdict"), [("version", "new"), ("replace", "replaces"), ("skip", "skipped"), ("error", "refused")]
)
@pytest.mark.parametrize("confirmed", [True, False])
def test_other_content_under_a_known_name_is_judged_by_policy(
    path: Path, policy: Any, verdict: str, confirmed: bool
) -> None:
    seen = Seen(path, 60)
    seen.claim(granule("aa"), policy)
    if confirmed:
        seen.confirm([granule("aa")], [])
    assert seen.claim(granule("bb"), policy) == verdict
    assert seen.claim(granule("bb", "g2"), policy) == "new"


def test_the_same_content_under_another_name_is_a_duplicate_only_where_it_is_wanted(path: Path) -> None:
    seen = Seen(path, 60)
    seen.claim(granule(), "version")
    assert seen.claim(granule(name="g2"), "version") == "new"
    assert seen.claim(granule(name="g3"), "version", by_content=True) == "duplicate"


def test_what_nobody_wanted_may_be_claimed_again(path: Path) -> None:
    seen = Seen(path, 60)
    seen.claim(granule("aa"), "error")
    seen.abandon(granule("aa"))
    assert seen.claim(granule("bb"), "error") == "new"


def test_what_is_too_old_is_as_if_it_had_never_been(path: Path) -> None:
    now = [1000.0]
    seen = Seen(path, 60, lambda: now[0])
    seen.claim(granule(), "error")
    seen.confirm([granule()], ["n1"])
    now[0] += 59
    assert seen.knows(["n1"])
    now[0] += 2
    assert not seen.knows(["n1"])
    assert seen.claim(granule("bb"), "error") == "new"
    now[0] += 1000
    seen.confirm([], ["n2"])
    rows = [seen._database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("notice", "granule")]
    assert rows == [1, 0], "the file does not grow for ever"


def test_of_many_contents_claimed_at_once_exactly_one_is_first(path: Path) -> None:
    def one(number: int) -> str:
        return Seen(path, 60).claim(granule(f"{number:02x}"), "skip")

    Seen(path, 60)
    with ThreadPoolExecutor(8) as threads:
        verdicts = list(threads.map(one, range(16)))
    assert sorted(verdicts) == ["new"] + ["skipped"] * 15


def test_of_two_processes_that_claim_at_once_one_is_first(path: Path) -> None:
    Seen(path, 60)
    code = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from watcher.notices.test_seen import Seen, granule\n"
        "seen = Seen(sys.argv[1], 60)\n"
        "print(sum(seen.claim(granule(sys.argv[2] + f'{n:02x}', f'g{n}'), 'skip') == 'new' for n in range(100)))"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", code, str(path), each], stdout=subprocess.PIPE, text=True)
        for each in ("aa", "bb")
    ]
    counts = [int(process.communicate(timeout=60)[0]) for process in both]
    assert sum(counts) == 100


def test_a_place_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be used"):
        Seen(tmp_path / "file" / "notices.sqlite", 60)


def test_settings_know_the_policies_that_there_are() -> None:
    assert SETTINGS_POLICIES == POLICIES


def test_a_full_disk_is_called_full(path: Path) -> None:
    seen = Seen(path, 60)
    (pages,) = seen._database.execute("PRAGMA page_count").fetchone()
    seen._database.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StorageError, match="is full"):
        seen.confirm([], [f"notice {number} {'x' * 200}" for number in range(1000)])
