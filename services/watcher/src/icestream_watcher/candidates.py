"""Candidates: files that have come or changed, and wait until nobody writes to them any more."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from icestream_watcher.files import State, state_of

UNREADABLE_SECONDS: Final = 10.0
"""Before a file whose state could not be read is looked at again."""


class Seen(NamedTuple):
    """A file's state, and when to look again, on the monotonic clock, s."""

    state: State
    look_at: float


class Candidates:
    """Files by path. A file is whole when its size and modification time have stood still for `stable_seconds`.

    A file that was modified longer ago than that is whole at first sight: it was renamed into its place, or lay there.
    """

    def __init__(
        self,
        stable_seconds: float,
        unreadable: Callable[[OSError], None],
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._stable_seconds, self._unreadable = stable_seconds, unreadable
        self._monotonic, self._wall = monotonic, wall
        self._seen: dict[Path, Seen] = {}

    def __len__(self) -> int:
        return len(self._seen)

    def __contains__(self, path: Path) -> bool:
        return path in self._seen

    def add(self, path: Path, state: State) -> None:
        """Take note of a file in the state that was just seen."""
        now = self._monotonic()
        known = self._seen.get(path)
        if known is not None and known.state == state:
            return
        age = self._wall() - state.modified_ns / 1e9
        # A modification time in the future is a foreign clock: then only standing still counts.
        first_seen_in_its_past = known is None and age >= 0
        wait = max(0.0, self._stable_seconds - age) if first_seen_in_its_past else self._stable_seconds
        self._seen[path] = Seen(state, now + wait)

    def add_later(self, path: Path, state: State) -> None:
        """Take note of a file that could not be read just now."""
        self._seen[path] = Seen(state, self._monotonic() + UNREADABLE_SECONDS)

    def whole(self) -> Iterator[tuple[Path, State]]:
        """Yield the files that are whole now; each is a candidate until whoever asked has taken it, and no more."""
        now = self._monotonic()
        for path, seen in [(path, seen) for path, seen in self._seen.items() if seen.look_at <= now]:
            try:
                state = state_of(path)
            except OSError as error:
                self._unreadable(error)
                self._seen[path] = seen._replace(look_at=now + UNREADABLE_SECONDS)
                continue
            if state is not None and state != seen.state:
                self._seen[path] = Seen(state, now + self._stable_seconds)
                continue
            try:
                # Some programs make the name first and write much later: that change brings the file back.
                if state is not None and state.size > 0:
                    yield path, state
            finally:
                # Unless it was seen in another state meanwhile.
                if self._seen.get(path) is seen:
                    del self._seen[path]
