"""When a file is whole, told by clocks that the test sets."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from icestream_watcher.candidates import UNREADABLE_SECONDS, Candidates
from icestream_watcher.files import State, is_passed_over, state_of


class Clocks:
    """A monotonic clock and the wall's, which the test sets; files are modified by the wall's."""

    def __init__(self) -> None:
        self.monotonic, self.wall = 100.0, 1_700_000_000.0
        self.errors: list[OSError] = []
        self.candidates = Candidates(2.0, self.errors.append, lambda: self.monotonic, lambda: self.wall)

    def pass_(self, seconds: float) -> None:
        self.monotonic += seconds
        self.wall += seconds

    def write(self, path: Path, content: str, age: float = 0.0) -> None:
        path.write_text(content)
        os.utime(path, (self.wall - age, self.wall - age))

    def see(self, path: Path) -> None:
        state = state_of(path)
        assert state is not None
        self.candidates.add(path, state)

    def whole(self) -> list[Path]:
        return [path for path, _ in self.candidates.whole()]


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


def test_a_file_modified_long_ago_is_whole_at_first_sight(tmp_path: Path, clocks: Clocks) -> None:
    path = tmp_path / "a"
    clocks.write(path, "x", age=5)
    clocks.see(path)
    assert clocks.whole() == [path]
    assert clocks.whole() == []


def test_a_fresh_file_is_whole_when_it_has_stood_still(tmp_path: Path, clocks: Clocks) -> None:
    path = tmp_path / "a"
    clocks.write(path, "x", age=0.5)
    clocks.see(path)
    clocks.pass_(1.4)
    assert clocks.whole() == []
    clocks.pass_(0.2)
    assert clocks.whole() == [path]


def test_every_change_begins_the_wait_anew(tmp_path: Path, clocks: Clocks) -> None:
    path = tmp_path / "a"
    clocks.write(path, "x")
    clocks.see(path)
    for length in range(2, 5):
        clocks.pass_(1.9)
        clocks.write(path, "x" * length)
        clocks.see(path)
        assert clocks.whole() == []
    clocks.pass_(2.1)
    assert clocks.whole() == [path]


def test_a_change_that_nobody_noticed_begins_the_wait_anew(tmp_path: Path, clocks: Clocks) -> None:
    path = tmp_path / "a"
    clocks.write(path, "x")
    clocks.see(path)
    clocks.pass_(2.1)
    clocks.write(path, "xy")
    assert clocks.whole() == []
    clocks.pass_(2.1)
    assert clocks.whole() == [path]


def test_a_modification_time_in_the_future_only_has_to_stand_still(tmp_path: Path, clocks: Clocks) -> None:
    path = tmp_path / "a"
    clocks.write(path, "x", age=-86_400)
    clocks.see(path)
    assert clocks.whole() == []
    clocks.pass_(2.1)
    assert clocks.whole() == [path]


def test_empty_and_vanished_files_are_candidates_no_more(tmp_path: Path, clocks: Clocks) -> None:
    empty, gone = tmp_path / "empty", tmp_path / "gone"
    clocks.write(empty, "", age=9)
    clocks.write(gone, "x", age=9)
    clocks.see(empty)
    clocks.see(gone)
    gone.unlink()
    assert clocks.whole() == []
    assert len(clocks.candidates) == 0


def test_a_file_that_cannot_be_looked_at_is_said_and_tried_later(
    tmp_path: Path, clocks: Clocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    clocks.write(path, "x", age=9)
    clocks.see(path)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "stat", lambda *_, **__: (_ for _ in ()).throw(PermissionError(13, "denied", str(path))))
        assert clocks.whole() == []
    assert [error.filename for error in clocks.errors] == [str(path)]
    assert clocks.whole() == []
    clocks.pass_(UNREADABLE_SECONDS + 0.1)
    assert clocks.whole() == [path]


@pytest.mark.parametrize("name", [".hidden", "a.tmp", "a.part", "a.h5.PART", "a~", "a.hdf.filepart", ".a.h5.Xy12"])
def test_hidden_and_temporary_names_are_passed_over(name: str) -> None:
    assert is_passed_over(name)


@pytest.mark.parametrize("name", ["a.h5", "EASE-F17-NL2014032D-V2.19H", "part", "tmp.gz", "x.parts"])
def test_other_names_are_not(name: str) -> None:
    assert not is_passed_over(name)


def test_a_directory_has_no_state(tmp_path: Path) -> None:
    assert state_of(tmp_path) is None
    assert state_of(tmp_path / "nothing" / "here") is None
    (tmp_path / "a").write_text("four")
    assert state_of(tmp_path / "a") == State(4, (tmp_path / "a").stat().st_mtime_ns)
