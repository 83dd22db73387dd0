"""A schedule of faults: what goes wrong, where, when and for how long. A seed gives the same one again."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final, NamedTuple

WORKERS: Final = ("worker-1", "worker-2")
GATHERERS: Final = ("gatherer-1", "gatherer-2")
PATHS: Final = ("broker", "database")
HEARTBEAT_SECONDS: Final = 5
SHORT: Final = (0.3, 3.0)
OUTLASTING: Final = (12.0, 14.0)
"""Longer than two heartbeats: the broker gives the process up and gives its messages to another, and then it wakes."""


class Kind(NamedTuple):
    """A kind of fault.

    targets : one of them is struck; faults of one target come one after another, those of several at once
    seconds : how long it lasts, from and to
    weight : how often it is drawn beside the others
    outlasts : now and then it lasts longer than heartbeats do
    """

    targets: Sequence[str]
    seconds: tuple[float, float]
    weight: float
    outlasts: bool = False


KINDS: Final[Mapping[str, Kind]] = {
    "kill worker": Kind(WORKERS, (0, 0), 8),
    "stop worker": Kind(WORKERS, SHORT, 8, outlasts=True),
    "kill child": Kind(("children",), (0, 0), 18),
    "stop child": Kind(("children",), (0.3, 2.0), 10),
    "kill gatherer": Kind(GATHERERS, (0, 0), 8),
    "stop gatherer": Kind(GATHERERS, SHORT, 8, outlasts=True),
    "kill watcher": Kind(("watcher",), (0, 0), 2),
    "stop watcher": Kind(("watcher",), SHORT, 2, outlasts=True),
    "kill broker": Kind(("broker",), (0, 0.5), 2),
    "stop broker": Kind(("broker",), SHORT, 3),
    "alarm broker": Kind(("broker",), SHORT, 1.5),
    "kill database": Kind(("database",), (0, 1.0), 5),
    "stop database": Kind(("database",), SHORT, 3),
    "slow path": Kind(PATHS, (0.5, 3.0), 4),
    "cut path": Kind(PATHS, (0, 0), 5),
    "hang path": Kind(PATHS, SHORT, 3),
    "full disk": Kind(("disk",), (0.5, 3.0), 3),
    "duplicate": Kind(("messages",), (0, 0), 4),
    "reorder": Kind(("messages",), (0.5, 3.0), 4),
    "clock jump": Kind(("messages",), (0.5, 3.0), 4),
    "correction": Kind(("messages",), (0, 0), 4),
    "move": Kind(("messages",), (0, 0), 4),
}
EACH_OF_FIVE: Final = dict.fromkeys(
    ("kill worker", "kill child", "kill gatherer", "kill broker", "kill database"), 20
)  # fmt: skip
"""Twenty kills of each that a stream consists of."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    at : when, seconds after the stream was ready
    seconds : how long it lasts; nought for what is over at once
    """

    at: float
    kind: str
    target: str
    seconds: float = 0.0

    @property
    def lane(self) -> str:
        """Who is struck: faults of one lane never overlap, those of several do."""
        return f"path to the {self.target}" if self.kind.endswith("path") else self.target

    def __str__(self) -> str:
        lasting = f" for {self.seconds:.1f} s" if self.seconds else ""
        return f"{self.at:7.2f} s  {self.kind:14} {self.target}{lasting}"


def draw(
    seed: int, count: int, span: float, least: Mapping[str, int] | None = None, without: Iterable[str] = ()
) -> list[Fault]:
    """Return so many faults within `span` seconds, in their order.

    least : how many of a kind there must be; the others are drawn by their weights
    without : kinds that this machine cannot have
    """
    chance = random.Random(seed)
    kinds = [kind for kind in KINDS if kind not in set(without)]
    drawn = [kind for kind, times in (least or {}).items() for _ in range(times)]
    # Of every kind at least one, where there is room: a kind that is never drawn is not tested.
    drawn += [kind for kind in kinds if kind not in drawn]
    drawn += chance.choices(kinds, [KINDS[kind].weight for kind in kinds], k=max(0, count - len(drawn)))
    faults = []
    for kind in drawn[:count] if least is None else drawn:
        given = KINDS[kind]
        long = given.outlasts and span > 60 and chance.random() < 0.15
        seconds = chance.uniform(*(OUTLASTING if long else given.seconds))
        faults.append(Fault(round(chance.uniform(0, span), 3), kind, chance.choice(given.targets), round(seconds, 3)))
    return sorted(faults, key=lambda fault: (fault.at, fault.kind))


def kinds_of(faults: Iterable[Fault]) -> dict[str, int]:
    """Return how many faults there are of each kind."""
    found = Counter(fault.kind for fault in faults)
    return {kind: found[kind] for kind in KINDS if found[kind]}


def to_json(faults: Sequence[Fault]) -> str:
    return json.dumps([asdict(fault) for fault in faults], indent=1)


def from_json(text: str) -> list[Fault]:
    return [Fault(**fault) for fault in json.loads(text)]
