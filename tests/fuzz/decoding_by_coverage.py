"""Decoding under a fuzzer that is guided by coverage (atheris). The arguments are libFuzzer's.

.venv/bin/python tests/fuzz/decoding_by_coverage.py -runs=100000 [CORPUS]
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[1]))

with atheris.instrument_imports(include=["icestream_core.message", "icestream_core.problems"]):
    from fuzz import messages


def one(body: bytes) -> None:
    messages.read(body)


if __name__ == "__main__":
    directory = next((Path(word) for word in sys.argv[1:] if not word.startswith("-")), None)
    if directory is not None:
        for number, specimen in enumerate(messages.specimens()):
            (directory / f"specimen-{number}").write_bytes(specimen)
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
