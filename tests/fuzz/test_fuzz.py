"""Hostile input: whatever comes, the answer is a message, a granule, or an error of ours; nobody crashes or hangs.

`make fuzz` does the same in bulk. What it found stands here by name.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz import messages, notices, readers
from fuzz.__main__ import bulk, real
from fuzz.mutations import mutated
from icestream_watcher.notices.formats import FORMATS

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)
CONTENT = st.dictionaries(
    st.sampled_from(["granule_id", "checksum", "collection", "start", "end", "assets", "footprint", "stage", "mode"]),
    JSON,
)


def test_mutated_messages_and_settings_are_read_or_refused() -> None:
    found = bulk(6000, seed=3)
    assert found["refused"] > 3000
    assert found["granule"] + found["task"] + found["outcome"] > 10, "no mutation reached a model"
    assert found["settings refused"] == 30


def test_spoilt_notices_of_every_format_are_read_or_refused_with_the_field() -> None:
    found = notices.fuzz(3000, seed=3)
    assert {kind for kind in FORMATS if found[f"{kind} read"] > 20 and found[f"{kind} refused"] > 20} == set(FORMATS)


@given(content=CONTENT)
@settings(max_examples=200, deadline=None)
def test_a_granule_of_any_json_is_read_or_refused(content: dict[str, object]) -> None:
    assert messages.read(messages.wrapped("granule", content)) in ("granule", "refused")


@given(body=st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    assert messages.read(body) == "refused"


def test_mutations_are_the_same_for_a_seed_and_others_for_another() -> None:
    def some(seed: int) -> list[bytes]:
        stream = mutated([b"granule" * 20, b"task" * 30], seed)
        return [next(stream) for _ in range(20)]

    assert some(1) == some(1) != some(2)


@pytest.mark.timeout(300)
def test_mutated_files_are_opened_or_refused_in_a_child_that_writes_nothing(granules: Path, tmp_path: Path) -> None:
    files = {path.name: path.read_bytes() for path in real(granules)}
    assert len(files) >= 2
    found, kept = readers.fuzz(files, 40, 5, tmp_path)
    assert kept.keys() == set()
    assert found["opened"] + found["refused GranuleError"] > 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="atheris has wheels for Linux only")
def test_a_fuzzer_that_is_guided_by_coverage_finds_nothing_in_decoding(root: Path, tmp_path: Path) -> None:
    command = [sys.executable, "tests/fuzz/decoding_by_coverage.py", "-runs=3000", "-max_total_time=10", "-verbosity=0"]
    done = subprocess.run(
        [*command, str(tmp_path)], cwd=root, env=os.environ, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
