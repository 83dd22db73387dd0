"""`icestream demo`: the whole stream in one command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from icestream_core.plugins import load


def demo(directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the demo with a broker and a ledger in the environment that nobody can reach: it must not need them."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ICESTREAM_")}
    away = {"ICESTREAM_AMQP_URL": "amqp://127.0.0.1:1/", "ICESTREAM_LEDGER_URL": "postgresql://127.0.0.1:1/none"}
    return subprocess.run(
        [sys.executable, "-m", "icestream_cli", "demo", *words],
        cwd=directory,
        env=clean | away,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


def test_the_demo_makes_every_product_near_the_truth(tmp_path: Path) -> None:
    done = demo(tmp_path, "--days", "2", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    products = {each["product"]: each for each in found["products"]}
    # Each product that is installed is made on the stream here; some of them on RabbitMQ and PostgreSQL too.
    assert products.keys() == load().products.keys()
    assert all(each["made"] + each["void"] == each["slots"] and each["made"] for each in products.values())
    # Of the seasons, one is the winter of an ice sheet; the summer of the radar has no winter before it.
    assert {name for name, each in products.items() if each["void"]} == {
        "melt-reference-antarctica",
        "seasonal-scaling-qtec",
        "freeze-thaw-qtec-100m",
    }
    assert all(each["latency_seconds"] > 0 for each in products.values())
    assert found["not_made"] == []
    assert {score["product"] for score in found["scores"]} == {
        "snow-depth-china",
        "snow-cover-hma",
        "snow-depth-global",
        "snow-depth-tibet-005",
        "swe-tibet-005",
        "surface-melt-greenland",
        "surface-melt-antarctica",
    }
    assert [score for score in found["scores"] if not score["holds"]] == []
    assert len(found["quicklooks"]) == sum(each["made"] for each in products.values())
    assert all(Path(path).read_bytes().startswith(b"\x89PNG") for path in found["quicklooks"])
    assert (tmp_path / "demo-output" / "datasets" / "snow-depth-china" / "2014" / "2014029.txt").exists()


def test_the_demo_takes_real_granules(tmp_path: Path, granules: Path) -> None:
    done = demo(tmp_path, "--granules", str(granules))
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stdout.splitlines() if "snow-depth-china" in line)
    assert line.split()[-1] == "6"
    assert "against the truth" not in done.stdout


def test_the_demo_clears_nobody_elses_directory(tmp_path: Path) -> None:
    mine = tmp_path / "demo-output" / "mine"
    mine.mkdir(parents=True)
    done = demo(tmp_path)
    assert done.returncode == 2
    assert "not of an earlier demo" in done.stderr
    assert mine.is_dir()


@pytest.mark.parametrize("words", [["--days", "0"], ["--granules", "nowhere"]])
def test_what_the_demo_cannot_use_is_refused(tmp_path: Path, words: list[str]) -> None:
    assert demo(tmp_path, *words).returncode == 2
