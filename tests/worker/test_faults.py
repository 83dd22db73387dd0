"""One table says whose fault an error is."""

from __future__ import annotations

import errno

import pytest

from icestream_core.errors import GranuleError, LimitError, PluginError, ProductError, StorageError, Void
from icestream_core.message import MAX_TEXT
from icestream_worker.faults import Answer, attempt, fault_of, readable


def answer_to(error: BaseException) -> Answer:
    def work() -> Answer:
        raise error

    return attempt(work)


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (GranuleError("truncated", "g1"), "granule"),
        (StorageError("away"), "storage"),
        (OSError(errno.ENOSPC, "No space left on device"), "storage"),
        (OSError(errno.EIO, "Input/output error"), "storage"),
        (ConnectionResetError("reset"), "storage"),
        (TimeoutError("timed out"), "storage"),
        (LimitError("too long"), "limit"),
        (MemoryError(), "limit"),
        (ProductError("m, not cm"), "product"),
        (PluginError("cannot be imported"), "product"),
        (FileNotFoundError(errno.ENOENT, "a table that the product forgot"), "product"),
        (ValueError("cold"), "product"),
        (SystemExit(1), "product"),
    ],
)
def test_an_error_is_somebodys_fault(error: BaseException, fault: str) -> None:
    assert fault_of(error) == fault
    answer = answer_to(error)
    assert (answer.status, answer.fault) == ("failed", fault)


def test_void_is_an_answer_and_not_a_failure() -> None:
    answer = answer_to(Void("polar night"))
    assert (answer.status, answer.reason, answer.fault, answer.traceback) == ("void", "polar night", "", "")


def test_a_granule_error_names_its_granule() -> None:
    assert answer_to(GranuleError("truncated", "g1")).granule_id == "g1"


def test_our_errors_speak_for_themselves_and_others_with_their_name() -> None:
    assert answer_to(ProductError("unit cm; wanted m")).reason == "unit cm; wanted m"
    assert answer_to(KeyError("tb")).reason == "KeyError: 'tb'"


def test_an_interrupt_is_not_an_answer() -> None:
    with pytest.raises(KeyboardInterrupt):
        answer_to(KeyboardInterrupt())


@pytest.mark.parametrize("text", ["snow\x00", "\udcff", "ice" * 100_000, "雪" * 100_000])
def test_text_is_made_fit_for_messages_and_databases(text: str) -> None:
    fit = readable(text, 15_000)
    assert "\x00" not in fit
    assert len(fit) <= 15_000
    assert len(fit.encode()) <= MAX_TEXT


def test_of_a_long_text_the_end_is_kept() -> None:
    assert readable("a" * 100 + "the error", 20) == "... aaaaaaathe error"
