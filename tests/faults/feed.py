"""The feed: granules that arrive by two ways for as long as a run lasts, and what must have come of them in the end."""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from icestream_core import naming
from icestream_core.granule import Asset, Granule
from icestream_core.message import cloud_event, encode, event_id
from icestream_runtime.broker import Broker, BrokerUnavailable, Message, PublishNotConfirmed

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
STEP: Final = timedelta(minutes=30)
STATIONS: Final = 3
WATCHED_OF: Final = 4
"""One of so many granules is a file that the watcher finds; the others are announced by messages, as notices are."""
MOST_BEHIND: Final = 100
LOOK_SECONDS: Final = 2.0
JUMPS: Final = (timedelta(days=-400), timedelta(days=-1), timedelta(hours=6), timedelta(days=300))


@dataclass(slots=True)
class Sent:
    """What was sent under one id.

    granules : every content of it, in the order of sending; the one with the highest `order` holds
    values : by checksum, the number in the file
    """

    station: str
    start: datetime
    granules: list[Granule]
    values: dict[str, int]

    @property
    def value(self) -> int:
        return self.values[max(self.granules, key=lambda each: each.order).checksum]


class Feed:
    """Sends counts, `per_second`, until it is stopped; what is done to the messages is asked of it from outside."""

    def __init__(
        self,
        root: Path,
        watched: Path,
        broker: Broker,
        per_second: float,
        seed: int,
        behind: Callable[[], int] = lambda: 0,
    ) -> None:
        """Take note of everything.

        behind : how many slots wait to be made; a machine that is slow is fed no faster than it makes
        """
        self._behind = behind
        self._given, self._watched, self._broker = root / "given", watched, broker
        self._given.mkdir(exist_ok=True)
        self._pause, self._chance = 1 / per_second, random.Random(seed)
        self.sent: dict[str, Sent] = {}
        self._files: list[Path] = []
        self._waiting: list[Granule] = []
        self._held: list[Granule] | None = None
        self._jump = timedelta(0)
        self._lock = threading.Lock()
        self._stop, self._ended = threading.Event(), threading.Event()
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._send, self._publish)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End it; when this returns, the broker has every message."""
        self._stop.set()
        self._threads[0].join()
        self._ended.set()
        self._threads[1].join()

    def duplicate(self) -> None:
        """Announce some granules again that were announced before."""
        with self._lock:
            known = [granule for sent in self.sent.values() for granule in sent.granules]
            self._waiting += self._chance.sample(known, min(10, len(known)))

    def reorder(self, seconds: float) -> None:
        """Hold everything back for a while, then announce it in any order."""
        with self._lock:
            self._held = []
        time.sleep(seconds)
        with self._lock:
            held, self._held = self._held, None
            self._chance.shuffle(held)
            self._waiting += held

    def clock_jump(self, seconds: float) -> None:
        """Let the sender's clock be wrong for a while: by hours, or by more than a year."""
        self._jump = self._chance.choice(JUMPS)
        time.sleep(seconds)
        self._jump = timedelta(0)

    def correct(self) -> None:
        """Send some granules again with another content; one in three is an older one that comes late."""
        with self._lock:
            known = [sent for sent in self.sent.values() if "given" in Path(sent.granules[0].assets[0].href).parts]
            for sent in self._chance.sample(known, min(3, len(known))):
                number = len(sent.granules)
                first = sent.granules[0]
                shift = timedelta(hours=-1 if self._chance.random() < 1 / 3 else number)
                path = self._given / f"{first.granule_id}.{number}"
                self._add(sent, path, sent.values[first.checksum] + 100 * number, first.published_at + shift)

    def move(self) -> None:
        """Move some files that the watcher has found, or is about to find."""
        with self._lock:
            for number in self._chance.sample(range(len(self._files)), min(3, len(self._files))):
                path = self._files[number]
                target = self._watched / f"moved-{self._chance.randrange(10**9)}" / path.name
                target.parent.mkdir()
                self._files[number] = path.rename(target)

    def wanted(self) -> dict[str, float]:
        """Return the value that each slot must have in the end, by its key."""
        squares = {}
        days: dict[str, float] = {}
        for sent in self.sent.values():
            square = float(sent.value**2)
            squares[f"tally-square.{sent.start:%Y%m%dT%H%M%S}.{sent.station}"] = square
            day = f"tally-sum.{sent.start:%Y%m%d}"
            days[day] = days.get(day, 0.0) + square
        return squares | days

    def contents(self) -> dict[str, int]:
        """Return how many contents the granule of each square has had, by the slot's key."""
        return {
            f"tally-square.{sent.start:%Y%m%dT%H%M%S}.{sent.station}": len(sent.values) for sent in self.sent.values()
        }

    def _send(self) -> None:
        number, look_at = 0, 0.0
        while not self._stop.wait(self._pause):
            if time.monotonic() >= look_at:
                if self._behind() > MOST_BEHIND:
                    self._stop.wait(LOOK_SECONDS)
                    continue
                look_at = time.monotonic() + LOOK_SECONDS
            start, station = START + number * STEP, f"s{number % STATIONS}"
            name = f"count_{start:%Y%m%dT%H%M%S}_{station}"
            watched = number % WATCHED_OF == 0
            path = (self._watched if watched else self._given) / f"{name}.txt"
            with self._lock:
                sent = self.sent[name] = Sent(station, start, [], {})
                self._add(sent, path, number % 97, datetime.now(UTC) + self._jump, announce=not watched)
                if watched:
                    self._files.append(path)
            number += 1

    def _add(self, sent: Sent, path: Path, value: int, published: datetime, *, announce: bool = True) -> None:
        body = f"{value}\n".encode()
        partial = path.with_name(f".{path.name}.part")
        partial.write_bytes(body)
        partial.rename(path)
        checksum = f"sha256:{hashlib.sha256(body).hexdigest()}"
        granule = Granule(
            granule_id=f"count_{sent.start:%Y%m%dT%H%M%S}_{sent.station}",
            checksum=checksum,
            collection="count",
            sensor="abacus",
            platform="abacus",
            tile=sent.station,
            start=sent.start,
            end=sent.start + timedelta(seconds=1),
            assets=(Asset(href=str(path), size=len(body), checksum=checksum, media_type="text/plain"),),
            published_at=published,
            received_at=datetime.now(UTC) + self._jump,
        )
        sent.granules.append(granule)
        sent.values[checksum] = value
        if not announce:
            return
        if self._held is not None:
            self._held.append(granule)
        else:
            self._waiting.append(granule)

    def _publish(self) -> None:
        """Publish until every message is confirmed, as any sender must."""
        while True:
            last = self._ended.is_set()
            with self._lock:
                batch, self._waiting = self._waiting, []
            if batch:
                self._stubbornly([_message(granule) for granule in batch])
            elif last:
                return
            time.sleep(0.05)

    def _stubbornly(self, messages: Sequence[Message]) -> None:
        while messages:
            try:
                messages = self._broker.publish(messages, timeout=5)
            except PublishNotConfirmed as error:
                messages = error.messages
            except BrokerUnavailable:
                continue
            if messages:
                time.sleep(0.2)


def _message(granule: Granule) -> Message:
    identity = event_id("granule", granule.granule_id, granule.checksum)
    headers = cloud_event(granule, "faults", identity, granule.received_at)
    return Message(encode(granule), naming.granule_key(granule), headers=headers, message_id=identity)
