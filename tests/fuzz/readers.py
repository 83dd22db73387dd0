"""Readers: mutated files, opened in a child under limits as a worker does; who dies of one is replaced."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from fuzz.mutations import mutated

SECONDS = 20.0
TESTS = Path(__file__).parents[1]


class Child:
    """One child at a time."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    def open(self, name: str, path: Path) -> str:
        """Return what became of a file: opened, refused, raised, died or hung."""
        process = self._process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{name}\t{path}\n".encode())
        process.stdin.flush()
        if not select.select([process.stdout], [], [], SECONDS)[0]:
            self.close()
            return "hung"
        answer = process.stdout.readline().decode().strip()
        if answer:
            return answer
        code = process.wait()
        self._process = None
        return f"died of {-code if code < 0 else code}"

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, str(TESTS / "fuzz" / "reader_child.py")]
        process = subprocess.Popen(
            command,
            cwd=self._directory,
            env={**os.environ, "HOME": str(self._directory)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        # Its imports are no file's fault.
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n", "the child did not start"
        return process


def fuzz(files: dict[str, bytes], count: int, seed: int, directory: Path) -> tuple[Counter[str], dict[str, bytes]]:
    """Open so many mutated files; return what became of them, and one file for each finding.

    files : what is right, by file name
    directory : empty; whatever else lies in it in the end was written by a reader
    """
    found: Counter[str] = Counter()
    kept: dict[str, bytes] = {}
    names = sorted(files)
    streams: dict[str, Iterator[bytes]] = {name: mutated([files[name]], seed) for name in names}
    child = Child(directory)
    for number in range(count):
        name = names[number % len(names)]
        body, path = next(streams[name]), directory / name
        path.write_bytes(body)
        answer = child.open(name, path)
        found[answer if not answer.startswith("raised") else f"{name}: {answer}"] += 1
        if answer.startswith(("raised", "hung")):
            kept.setdefault(f"{name}: {answer}", body)
        path.unlink()
    child.close()
    return found, kept
