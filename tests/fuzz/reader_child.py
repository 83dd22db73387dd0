"""Children that open files under limits, one after another: a path a line comes in, what became of it goes out.

This process has loaded every reader and opens nothing itself: it forks one that does, waits for its answer as long as
it may, and forks another where it died or hung. So a crash costs milliseconds, and is told of the file that caused it.
"""

from __future__ import annotations

import importlib
import os
import resource
import select
import signal
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

from icestream_core import plugins
from icestream_core.collection import Collection, recognise
from icestream_core.errors import IcestreamError
from icestream_core.granule import Asset, Granule
from icestream_core.task import TaskInput
from icestream_generation.fetched import Fetched
from icestream_generation.opened import open_fetched
from icestream_worker.compute_child import more_memory

MEMORY = 3 * 2**30
"""Bytes that a reader may take: who asks for more is refused, as a worker's child is."""
TOUCHES = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.link", "os.chmod", "os.truncate")
STARTS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "socket.connect", "pickle.find_class")


def main(seconds: float, instead: str) -> None:
    warnings.simplefilter("ignore")
    sys.dont_write_bytecode = True
    collections = list(plugins.load().collections.values())
    if instead:
        collections = [replace(each, opener=f"{instead}:open_file") for each in collections]
    for module in ("rasterio", "pyogrio", "shapely", *{each.opener.partition(":")[0] for each in collections}):
        importlib.import_module(module)
    opener = Opener(collections)
    print("ready", flush=True)
    for line in sys.stdin.buffer:
        print(opener.ask(line, seconds), flush=True)


class Opener:
    """The process that opens; another one follows it where it ends."""

    def __init__(self, collections: Sequence[Collection]) -> None:
        self._collections = collections
        self._pid = 0

    def ask(self, line: bytes, seconds: float) -> str:
        """Return what became of a file, its seconds, and the most memory it took, MiB, each behind a tab."""
        if not self._pid:
            self._fork()
        begun = time.monotonic()
        os.write(self._to, line)
        if not select.select([self._from], [], [], seconds)[0]:
            os.kill(self._pid, signal.SIGKILL)
            self._end()
            return f"hung\t{seconds}\t0"
        answer = os.read(self._from, 65536).decode()
        if not answer:
            return f"died of {self._end()}\t{time.monotonic() - begun:.3f}\t0"
        word, _, memory = answer.rpartition("\t")
        return f"{word}\t{time.monotonic() - begun:.3f}\t{memory}"

    def _end(self) -> str:
        _, status = os.waitpid(self._pid, 0)
        self._pid = 0
        os.close(self._to)
        os.close(self._from)
        code = os.waitstatus_to_exitcode(status)
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"

    def _fork(self) -> None:
        questions, self._to = os.pipe()
        self._from, answers = os.pipe()
        self._pid = os.fork()
        if not self._pid:
            os.close(self._to)
            os.close(self._from)
            self._serve(questions, answers)
        # Only its own end may be open, or nobody would see it die.
        os.close(questions)
        os.close(answers)

    def _serve(self, questions: int, answers: int) -> NoReturn:
        # Libraries print what they think of a file; that is no answer.
        os.dup2(2, 1)
        limit()
        wrote = watch()
        with os.fdopen(questions) as lines:
            for line in lines:
                name, _, place = line.rstrip("\n").partition("\t")
                forget_peak()
                wrote.clear()
                said = opened(Path(place), name, self._collections)
                os.write(answers, f"{f'wrote {wrote[0]}' if wrote else said}\t{peak_mib()}".encode())
        os._exit(0)


def limit() -> None:
    """Let this process write no byte into any file: it dies of SIGXFSZ."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)


def watch() -> list[str]:
    """Return the list that takes whatever Python is asked to write, make, remove, start or connect to."""
    found: list[str] = []

    def hook(event: str, given: tuple[Any, ...]) -> None:
        writes = event == "open" and isinstance(given[2], int) and given[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if (writes and given[0] != os.devnull) or event in TOUCHES or event in STARTS:
            found.append(f"{event} {given[0]}")

    sys.addaudithook(hook)
    return found


def forget_peak() -> None:
    """Have the kernel count the peak of memory anew."""
    descriptor = os.open("/proc/self/clear_refs", os.O_WRONLY)
    os.write(descriptor, b"5")
    os.close(descriptor)


def peak_mib() -> int:
    words = Path("/proc/self/status").read_text().split()
    return int(words[words.index("VmHWM:") + 1]) // 1024


def opened(path: Path, name: str, collections: Sequence[Collection]) -> str:
    """Return what becomes of a file that is opened as a worker's child does."""
    granule = granule_of(path, name, collections)
    by_name = {each.name: each for each in collections}
    try:
        with more_memory(MEMORY):
            data = open_fetched(Fetched(TaskInput(granule=granule), path), by_name, None).data
            if hasattr(data, "load"):
                data.load()
    except IcestreamError as error:
        return f"refused {type(error).__name__}"
    except MemoryError:
        return "memory"
    except Exception as error:  # noqa: BLE001 - any other is a finding, and is named
        return f"raised {type(error).__name__}: {' '.join(str(error).split())[:150]}"
    return "opened"


def granule_of(path: Path, name: str, collections: Sequence[Collection]) -> Granule:
    """Return the granule of a file; of one that no collection knows it is said that a product has made it."""
    checksum, now = "sha256:" + "0" * 64, datetime(2026, 1, 1, tzinfo=UTC)
    assets = (Asset(href=str(path), size=path.stat().st_size, checksum=checksum),)
    found = recognise(name, collections)
    if found is None:
        return Granule(
            granule_id=name, checksum=checksum, collection="sample-field", sensor="none", source_format="icestream",
            start=now, end=now + timedelta(days=1), assets=assets, published_at=now, received_at=now,
        )  # fmt: skip
    collection, facts = found
    return Granule(
        **facts._asdict(),
        checksum=checksum,
        collection=collection.name,
        sensor=collection.sensor_of(facts.platform),
        assets=assets,
        published_at=now,
        received_at=now,
    )


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2])
