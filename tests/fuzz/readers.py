"""Readers: spoilt files, opened in a child under limits as a worker does; who dies of one is replaced."""

from __future__ import annotations

import math
import os
import select
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from fuzz.spoiling import streams

SECONDS = 20.0
"""That a file may take."""
LARGEST_MIB = 4096
"""Resident, while a file is opened: what a worker lets a slot take."""
TESTS = Path(__file__).parents[1]
TURNS = {"MYD11C1": 12, "GLASS": 4, "S1A": 6, "MOD": 2, "MYD": 2}
"""Every how many turns a file is spoilt that takes long to open, by the beginning of its name."""


class Answer(NamedTuple):
    """What became of a file.

    said : opened, refused, memory; raised, hung, died or wrote, with what
    mib : the most memory the child took meanwhile, of which its libraries take 200
    """

    said: str
    seconds: float
    mib: int

    @property
    def is_finding(self) -> bool:
        """Whether it is what no reader may do.

        That a format's library crashes or hangs over a damaged file is what workers keep children and limits for.
        """
        return self.said.startswith(("raised", "wrote", "memory")) or self.mib > LARGEST_MIB

    @property
    def is_worth_keeping(self) -> bool:
        """Whether somebody should look at the file."""
        return self.is_finding or self.said.startswith(("hung", "died"))


@dataclass
class Tally:
    """What became of the files of one name."""

    counts: Counter[str] = field(default_factory=Counter)
    findings: int = 0
    slowest: float = 0.0
    largest: int = 0

    def add(self, answer: Answer) -> None:
        self.counts[answer.said] += 1
        self.slowest, self.largest = max(self.slowest, answer.seconds), max(self.largest, answer.mib)


class Child:
    """The process that has children open files."""

    def __init__(self, directory: Path, seconds: float = SECONDS, instead: str = "") -> None:
        """Start it; it opens in this directory.

        instead : the module whose `open_file` reads everything, instead of the readers
        """
        command = [sys.executable, str(TESTS / "fuzz" / "reader_child.py"), str(seconds), instead]
        self._seconds = seconds
        self._process = subprocess.Popen(
            command,
            cwd=directory,
            env={**os.environ, "PYTHONPATH": str(TESTS), "HOME": str(directory), "TMPDIR": str(directory)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        # Its imports are no file's fault.
        assert self._read() == "ready", "the child did not start"

    def open(self, name: str, path: Path) -> Answer:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{name}\t{path}\n".encode())
        self._process.stdin.flush()
        said, seconds, mib = self._read().split("\t")
        return Answer(said, float(seconds), int(mib))

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def _read(self) -> str:
        assert self._process.stdout is not None
        patience = self._seconds + 60.0
        assert select.select([self._process.stdout], [], [], patience)[0], "nobody answers, not even that it hung"
        return self._process.stdout.readline().decode().rstrip("\n")


def fuzz(
    files: dict[str, bytes], count: int, seed: int, directory: Path, seconds: float = math.inf
) -> tuple[dict[str, Tally], dict[str, bytes]]:
    """Open so many spoilt files; return what became of them by name, and one file for each way that is worth a look.

    files : what is right, by file name
    directory : empty; whatever else lies in it in the end was written by a reader
    seconds : after which no other file is opened
    """
    tallies: dict[str, Tally] = defaultdict(Tally)
    kept: dict[str, bytes] = {}
    spoilt = streams(files, seed)
    child, deadline = Child(directory), time.monotonic() + seconds
    for name, _ in zip(_names(sorted(files), TURNS), range(count), strict=False):
        if time.monotonic() > deadline:
            break
        body, path = next(spoilt[name]), directory / name
        path.write_bytes(body)
        answer = child.open(name, path)
        path.unlink()
        tallies[name].add(answer)
        if answer.is_worth_keeping:
            tallies[name].findings += answer.is_finding
            kept.setdefault(f"{name}: {answer.said}", body)
    child.close()
    return tallies, kept


def _names(names: list[str], turns: dict[str, int]) -> Iterator[str]:
    """Give names in turn without end, those of files that take long less often."""
    rare = {name: next((turn for begin, turn in turns.items() if name.startswith(begin)), 1) for name in names}
    number = 0
    while True:
        yield from (name for name in names if number % rare[name] == 0)
        number += 1
