"""Faults: what an error means for the slot that it ended. One table, and the one place that catches whatever comes."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from icestream_core.errors import GranuleError, IcestreamError, LimitError, StorageError, Void
from icestream_core.outcome import Fault, Manifest

TABLE: Final[tuple[tuple[type[BaseException], Fault], ...]] = (
    (GranuleError, "granule"),
    (StorageError, "storage"),
    (LimitError, "limit"),
    (MemoryError, "limit"),
    (ConnectionError, "storage"),
    (TimeoutError, "storage"),
    (BaseException, "product"),
)
"""The first that an error is an instance of says whose fault it is. An OSError is told by its number first."""

STORAGE_ERRNOS: Final = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EIO,
        errno.EROFS,
        errno.ESTALE,
        errno.ENETDOWN,
        errno.ENETUNREACH,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
        errno.EMFILE,
        errno.ENFILE,
    }
)
"""What the system says when a disk is full, gone or broken, whoever wrote to it."""

LONGEST_REASON: Final = 3_000
LONGEST_TRACEBACK: Final = 15_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a task: the part of an outcome that does not follow from the task itself.

    seconds : by step
    valid : share of what has a value, by variable
    resident : memory of the child that made it, bytes
    """

    status: Literal["made", "void", "failed"]
    reason: str = ""
    fault: Fault = ""
    granule_id: str = ""
    traceback: str = ""
    manifest: Manifest | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    valid: Mapping[str, float] = field(default_factory=dict)
    resident: int = 0
    adopted: bool = False


def attempt(work: Callable[[], Answer]) -> Answer:
    """Return what the work answers, or the answer that its error stands for."""
    try:
        return work()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a product may raise anything; the stream goes on
        return answer_to(error)


def answer_to(error: BaseException) -> Answer:
    """Return the answer that an error stands for: void with its reason, or failed and whose fault it is."""
    if isinstance(error, Void):
        return Answer("void", reason=readable(str(error) or "nothing to make", LONGEST_REASON))
    return Answer(
        "failed",
        reason=readable(_reason(error), LONGEST_REASON),
        fault=fault_of(error),
        granule_id=error.granule_id if isinstance(error, GranuleError) else "",
        traceback=_traceback(error),
    )


def fault_of(error: BaseException) -> Fault:
    """Return whose fault an error is."""
    if isinstance(error, OSError) and error.errno in STORAGE_ERRNOS:
        return "storage"
    return next(fault for kind, fault in TABLE if isinstance(error, kind))


def readable(text: str, longest: int) -> str:
    """Return text that every message and database takes: no half characters, no NUL, the end of it where too long."""
    clean = text.encode(errors="replace").decode().replace("\x00", "")
    return clean if len(clean) <= longest else "... " + clean[4 - longest :]


def _traceback(error: BaseException) -> str:
    """Return where an error came from; nothing for those whose text says it all."""
    if isinstance(error, GranuleError | StorageError | LimitError):
        return ""
    return readable("".join(traceback.format_exception(error)), LONGEST_TRACEBACK)


def _reason(error: BaseException) -> str:
    """Return our own errors in their words, and anybody else's with the name that it goes by."""
    if isinstance(error, IcestreamError):
        return str(error) or type(error).__name__
    return f"{type(error).__name__}: {error}"
