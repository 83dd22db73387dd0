"""Messages: whatever the bytes, a message comes out, or a MessageError that says why not."""

from __future__ import annotations

from collections.abc import Iterator

import msgpack

from core.specimens import granule, product, slot
from icestream_core.errors import MessageError, RecordError, SettingsError
from icestream_core.message import Registration, decode, encode
from icestream_core.outcome import Outcome
from icestream_core.product import product_of
from icestream_core.task import Task, TaskInput
from icestream_runtime.settings import Settings, load

SECRET = "hunter2-and-a-half"


def specimens() -> list[bytes]:
    """Return a message of each schema, and some that are none."""
    given = granule(part="19h", footprint=(60.0, 20.0, 140.0, 55.0))
    task = Task(
        slot=slot(),
        version="1.0.0",
        token="0" * 32,
        inputs_hash="0" * 64,
        inputs={"tb": (TaskInput(granule=given, step=-1),)},
        created_at=given.start,
    )
    outcome = Outcome(
        slot=slot(),
        version="1.0.0",
        token="0" * 32,
        inputs_hash="0" * 64,
        status="failed",
        reason="torn",
        finished_at=given.start,
    )
    messages = [encode(each) for each in (given, task, outcome, Registration(record=product().record()))]
    return [*messages, msgpack.packb([[[]]]), msgpack.packb({"schema": "granule", "version": 1, "content": None}), b""]


def read(body: bytes) -> str:
    """Read a body as the services do; return what it was. Any other error than ours is a finding."""
    try:
        message = decode(body)
    except MessageError:
        return "refused"
    if isinstance(message, Registration):
        try:
            product_of(message.record)
        except RecordError:
            return "refused record"
        return "record"
    # What was read can be sent on.
    assert decode(encode(message)) == message
    return type(message).__name__.lower()


def settings(texts: Iterator[bytes]) -> str:
    """Give every setting a text of the environment's; return whether they could be used."""
    given = {name: next(texts).decode("latin-1").replace("\0", "")[:200] for name in Settings.model_fields}
    for name in ("amqp_url", "ledger_url"):
        given[name] = SECRET + given[name]
    try:
        load(**given)
    except SettingsError as error:
        assert SECRET not in str(error)
        return "refused"
    return "taken"


def wrapped(schema: str, content: object) -> bytes:
    """Return a message of any content, right or not: it reaches the models where random bytes rarely do."""
    try:
        return bytes(msgpack.packb({"schema": schema, "version": 1, "content": content}))
    except (OverflowError, UnicodeEncodeError):
        # No sender could have sent it.
        return b""
