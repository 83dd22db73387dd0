"""The watcher: directories in, announcements out. It looks at what notices name, and now and then at everything."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import structlog
from watchfiles import Change, watch

from icestream_core import naming
from icestream_core.collection import Collection, recognise
from icestream_core.errors import GranuleError
from icestream_core.granule import Granule, Mode
from icestream_runtime.broker import Broker, BrokerUnavailable, QueueMissing
from icestream_runtime.health import ANSWER_TIMEOUT, Check, reachable
from icestream_runtime.metrics import UNROUTABLE, WATCHED, Metrics
from icestream_runtime.tracing import Tracer
from icestream_watcher.announce import ChangedWhileRead, checksum_of, granule_of
from icestream_watcher.candidates import Candidates
from icestream_watcher.files import State, is_passed_over, leads_out, state_of, walk
from icestream_watcher.outbox import Outbox

TURN_MILLISECONDS: Final = 200
BURST_MILLISECONDS: Final = 500
"""For so long notices are collected while they come thick and fast."""
STANDSTILL_SECONDS: Final = 600.0
"""A turn may be long: a huge file is read whole. Longer than this, the file system hangs."""
NAMED: Final = 5
"""How many file names a log line lists."""


class Known(NamedTuple):
    """What was last made of a file; without a checksum where it was no granule."""

    state: State
    checksum: str = ""


class Watcher:
    """Announces the files of directories once they are whole, and again when their content changes.

    Memory holds one entry for each file, never content; files are read one after the other.
    """

    def __init__(
        self,
        directories: Sequence[Path],
        collections: Sequence[Collection],
        broker: Broker,
        metrics: Metrics,
        stable_seconds: float,
        rescan_seconds: float,
        mode: Mode = "forward",
        tracer: Tracer | None = None,
    ) -> None:
        self._roots = [directory.absolute() for directory in directories]
        self._real_roots = [root.resolve() for root in self._roots]
        self._collections, self._metrics, self._mode = collections, metrics, mode
        self._rescan_seconds = rescan_seconds
        self._candidates = Candidates(stable_seconds, self._tell_unreadable)
        self._broker = broker
        self._outbox = Outbox(broker, metrics, tracer=tracer)
        self._known: dict[Path, Known] = {}
        self._unroutable: dict[Path, str] = {}
        self._unknown: list[str] = []
        self._scan_at = 0.0
        self._scan_failed = False
        self._turned_at = time.monotonic()
        self.live = [Check("turning", self._stands_still)]
        self.ready = [
            Check("scan", lambda: None if self._scan_at > 0.0 else "the first look is not over yet"),
            reachable(broker, naming.INTAKE),
        ]
        self._log = structlog.stdlib.get_logger("icestream.watcher")

    def run(self, stop: threading.Event) -> None:
        """Watch until told to stop. Without notices (none to be had here) it only looks at everything in turn."""
        while not stop.is_set():
            try:
                self._watch(stop)
            except (OSError, RuntimeError) as error:
                self._log.warning("no notices of files; looking instead", error=str(error), every=self._rescan_seconds)
                self._scan_at = 0.0
                self._turn(stop)
                stop.wait(self._rescan_seconds)
        self._outbox.flush()

    def idle(self) -> bool:
        """Whether everything that has been seen is with the broker, or is read by no product."""
        return self._scan_at > 0.0 and len(self._candidates) == 0 and self._outbox.pending == 0

    def _watch(self, stop: threading.Event) -> None:
        """Turn with notices until told to stop, or until a watched directory is another one than before."""
        self._scan_at = 0.0
        self._real_roots = [root.resolve() for root in self._roots]
        watched = self._identities()
        notices = watch(
            *self._roots,
            watch_filter=None,
            debounce=BURST_MILLISECONDS,
            stop_event=stop,
            rust_timeout=TURN_MILLISECONDS,
            yield_on_timeout=True,
            raise_interrupt=False,
            ignore_permission_denied=True,
        )
        for changes in notices:
            self._notice(changes)
            if self._turn(stop) and self._identities() != watched:
                return

    def _turn(self, stop: threading.Event) -> bool:
        """Announce what is whole; returns whether everything was looked at before."""
        self._turned_at = time.monotonic()
        scanned = self._turned_at >= self._scan_at
        if scanned:
            self._scan()
            self._offer_again(stop)
            self._ask_broker()
            self._scan_at = time.monotonic() + self._rescan_seconds
        if not self._outbox.is_full():
            for path, state in self._candidates.whole():
                self._take(path, state)
                self._turned_at = time.monotonic()
                if self._outbox.is_full():
                    self._flush()
                if self._outbox.is_full() or stop.is_set():
                    break
        self._flush()
        self._tell_unknown()
        return scanned

    def _ask_broker(self) -> None:
        """Raise BrokerRefused where the broker will not have us: nothing may come for days that would tell."""
        with suppress(BrokerUnavailable, QueueMissing):
            self._broker.depth(naming.INTAKE, ANSWER_TIMEOUT)

    def _notice(self, changes: Iterable[tuple[Change, str]]) -> None:
        for change, name in changes:
            path = Path(name)
            root = next((root for root in self._roots if path.is_relative_to(root)), None)
            if root is None or any(map(is_passed_over, path.relative_to(root).parts)):
                continue
            if change is Change.deleted:
                self._forget(path)
            elif path.is_dir():
                self._look_at(walk(path, self._tell_unreadable))
            else:
                self._look_at([path])

    def _scan(self) -> None:
        """Look at everything, and forget what is gone."""
        self._scan_failed = False
        present: set[Path] = set()
        for root in self._roots:
            for path in walk(root, self._tell_unreadable):
                present.add(path)
                self._look_at([path])
        if not self._scan_failed:
            for path in self._known.keys() - present:
                self._forget(path)

    def _look_at(self, paths: Iterable[Path]) -> None:
        for path in paths:
            try:
                state = state_of(path)
            except OSError as error:
                self._tell_unreadable(error)
                continue
            known = self._known.get(path)
            if state is not None and (known is None or known.state != state):
                self._candidates.add(path, state)

    def _take(self, path: Path, state: State) -> None:
        """Put a whole file's granule into the outbox, unless there is nothing new to say of it."""
        known = self._known.get(path)
        if leads_out(path, self._real_roots):
            self._known[path] = Known(state)
            self._metrics.count(WATCHED, fate="refused")
            self._log.warning("refused: a link that leads out of the watched directory", path=str(path))
            return
        recognised = recognise(path.name, self._collections)
        if recognised is None:
            if known is None:
                self._metrics.count(WATCHED, fate="unknown")
                self._unknown.append(path.name)
            self._known[path] = Known(state)
            return
        try:
            checksum = checksum_of(path, state)
        except ChangedWhileRead:
            self._look_at([path])
            return
        except OSError as error:
            self._tell_unreadable(error)
            self._candidates.add_later(path, state)
            return
        if known is not None and known.checksum == checksum:
            self._known[path] = Known(state, checksum)
            return
        replaces = known is not None and known.checksum != ""
        try:
            self._outbox.put(granule_of(path, *recognised, state, checksum, self._mode, replaces))
        except GranuleError as error:
            self._known[path] = Known(state)
            self._metrics.count(WATCHED, fate="refused")
            self._log.warning("refused", reason=str(error))
            return
        self._known[path] = Known(state, checksum)

    def _flush(self) -> None:
        taken, unwanted = self._outbox.flush()
        for granule in taken:
            if self._unroutable.pop(_path(granule), None) is None:
                self._metrics.count(WATCHED, fate="announced")
        new = [granule for granule in unwanted if _path(granule) not in self._unroutable]
        self._unroutable.update((_path(granule), granule.collection) for granule in unwanted)
        self._metrics.show(UNROUTABLE, len(self._unroutable))
        for collection in sorted({granule.collection for granule in new}):
            count = sum(granule.collection == collection for granule in new)
            self._log.warning(
                "no registered product reads this; it is offered again", collection=collection, files=count
            )

    def _offer_again(self, stop: threading.Event) -> None:
        """Offer what no product read. A collection that is still unwanted is left after its first batch."""
        waiting: dict[str, list[Path]] = {}
        for path, collection in self._unroutable.items():
            waiting.setdefault(collection, []).append(path)
        for paths in waiting.values():
            for path in paths:
                known, recognised = self._known.get(path), recognise(path.name, self._collections)
                if known is None or recognised is None:
                    self._unroutable.pop(path)
                    continue
                self._outbox.put(granule_of(path, *recognised, known.state, known.checksum, self._mode))
                if self._outbox.is_full():
                    self._flush()
                if self._outbox.is_full() or stop.is_set():
                    return
                if path in self._unroutable and not self._outbox.pending:
                    break

    def _forget(self, path: Path) -> None:
        self._known.pop(path, None)
        self._unroutable.pop(path, None)

    def _tell_unreadable(self, error: OSError) -> None:
        self._scan_failed = True
        self._metrics.count(WATCHED, fate="unreadable")
        self._log.warning("cannot be read; tried again", path=str(error.filename), error=error.strerror)

    def _tell_unknown(self) -> None:
        if self._unknown:
            names = ", ".join(self._unknown[:NAMED])
            self._log.info("of no known collection; left alone", files=len(self._unknown), such_as=names)
            self._unknown.clear()

    def _stands_still(self) -> str | None:
        still = time.monotonic() - self._turned_at
        return f"no turn was finished for {still:.0f} s" if still > STANDSTILL_SECONDS + self._rescan_seconds else None

    def _identities(self) -> list[tuple[int, int] | None]:
        """Return what tells a directory from another one that was made in its place."""
        found: list[tuple[int, int] | None] = []
        for root in self._roots:
            try:
                status = root.stat()
                found.append((status.st_dev, status.st_ino))
            except OSError:
                found.append(None)
        return found


def _path(granule: Granule) -> Path:
    return Path(granule.assets[0].href)
