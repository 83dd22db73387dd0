"""Hostile input: whatever comes, the answer is a message, a granule, or an error of ours; nobody crashes or hangs.

`make fuzz` does the same in bulk. What it found stands here by name.
"""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz import messages, notices, readers
from fuzz.__main__ import bulk
from fuzz.corpus import fitted, ours, real
from fuzz.mutations import mutated
from fuzz.spoiling import streams
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


@pytest.fixture(scope="module")
def files(granules: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What is quick to make: real files, fitted sets, and what products write; `make fuzz` has every collection."""
    place = tmp_path_factory.mktemp("corpus")
    return {path.name: path.read_bytes() for path in (*real(granules), *fitted(place), *ours(place))}


@pytest.mark.timeout(300)
def test_right_files_are_opened_and_spoilt_ones_are_refused_or_opened_and_nothing_is_written(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    child = readers.Child(tmp_path)
    for name, body in files.items():
        (tmp_path / name).write_bytes(body)
        assert child.open(name, tmp_path / name).said == "opened", name
        (tmp_path / name).unlink()
    child.close()
    tallies, kept = readers.fuzz(files, 200, 5, tmp_path)
    assert kept.keys() == set()
    counts = {name: tally.counts for name, tally in tallies.items()}
    assert len(counts) == len(files)
    assert sum(count["refused GranuleError"] for count in counts.values()) > 100
    assert sum(count["opened"] for count in counts.values()) > 10
    assert list(tmp_path.iterdir()) == []


def test_spoilt_files_are_the_same_for_a_seed_and_others_for_another(files: dict[str, bytes]) -> None:
    def some(seed: int) -> list[bytes]:
        return [next(stream) for stream in streams(files, seed).values() for _ in range(2)]

    assert some(1) == some(1) != some(2)


def test_what_a_reader_does_that_none_may_is_found_out(files: dict[str, bytes], tmp_path: Path) -> None:
    """The watch itself: a process that writes, one that dies, one that hangs, one that takes memory."""
    child = readers.Child(tmp_path, 3.0, "fuzz.misreading")
    said = {}
    for word in ("write", "make", "raise", "abort", "hang", "eat"):
        name = f"ground-temperature.20140201.{word}.csv"
        (tmp_path / name).write_text(word)
        said[word] = child.open("ground-temperature.20140201.csv", tmp_path / name).said
    child.close()
    assert said == {
        "write": f"wrote open {tmp_path / 'written'}",
        "make": f"wrote os.mkdir {tmp_path / 'made'}",
        "raise": "raised ZeroDivisionError: division by zero",
        "abort": "died of SIGABRT",
        "hang": "hung",
        "eat": "memory",
    }


def bomb(name: str) -> bytes:
    match name:
        case "EASE-F17-NL2014032A-V2.19H.gz" | "qaeh-a-ChJ07-033-036.sir.gz":
            return gzip.compress(bytes(2**27), 1)
        case "snow-depth-global-parameters.20260101.nc" | "made.nc":
            memory = io.BytesIO()
            with h5py.File(memory, "w") as file:
                # Sizes that are stated cost nothing.
                for given in ("slope", "intercept", "own"):
                    file.create_dataset(given, (10**5, 10**7), "f8", chunks=(64, 64), compression="gzip")
                file.attrs["icestream_grid"] = "{}"
            return memory.getvalue()
        case _:
            entities = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(12))
            laughs = f'<!DOCTYPE a [<!ENTITY a0 "ha">{entities}]><a>&a12;</a>'
            memory = io.BytesIO()
            stem = "s1a-iw-grd-vv-20150222t170750-001"
            with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
                for place in ("annotation/", "annotation/calibration/calibration-", "annotation/calibration/noise-"):
                    archive.writestr(f"x.SAFE/{place}{stem}.xml", laughs)
                archive.writestr(f"x.SAFE/measurement/{stem}.tiff", bytes(2**20))
            return memory.getvalue()


@pytest.mark.timeout(120)
def test_files_that_would_fill_memory_are_refused_before_they_do(tmp_path: Path) -> None:
    child = readers.Child(tmp_path)
    for name in (
        "EASE-F17-NL2014032A-V2.19H.gz",
        "qaeh-a-ChJ07-033-036.sir.gz",
        "snow-depth-global-parameters.20260101.nc",
        "made.nc",
        "S1A_IW_GRDH_1SSV_20150222T170750_20150222T170815_004739_005DD8_3768.SAFE.zip",
    ):
        (tmp_path / name).write_bytes(bomb(name))
        answer = child.open(name, tmp_path / name)
        assert answer.said == "refused GranuleError", (name, answer)
        assert answer.mib < 600
        assert answer.seconds < 10
    child.close()


@pytest.mark.skipif(sys.platform != "linux", reason="atheris has wheels for Linux only")
def test_a_fuzzer_that_is_guided_by_coverage_finds_nothing_in_decoding(root: Path, tmp_path: Path) -> None:
    command = [sys.executable, "tests/fuzz/decoding_by_coverage.py", "-runs=3000", "-max_total_time=10", "-verbosity=0"]
    done = subprocess.run(
        [*command, str(tmp_path)], cwd=root, env=os.environ, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
