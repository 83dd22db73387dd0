"""`make` alone says what can be made."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def targets() -> list[str]:
    declared = re.search(r"^\.PHONY:(.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert declared
    return declared[1].split()


def test_make_prints_every_target_with_a_line_of_help() -> None:
    printed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    described = dict(re.findall(r"^  make ([a-z-]+) +(\S.*)$", printed, re.MULTILINE))
    assert sorted(described) == sorted(targets())


def test_what_people_are_told_to_type_is_a_target() -> None:
    told = {
        name
        for document in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
        for name in re.findall(r"^(?:    |\$ |`)?make ([a-z]+)\b", document.read_text(), re.MULTILINE)
    }
    assert {"install", "test"} <= told
    assert told <= set(targets())
