"""Ingest: what becomes of a notice, from its bytes to the granule that is safe with the broker."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

import structlog

from icestream_core import naming
from icestream_core.collection import Collection
from icestream_core.errors import GranuleError, StorageError
from icestream_core.granule import Granule, Mode
from icestream_core.message import Letter, cloud_event, encode, event_id
from icestream_runtime.broker import Broker, BrokerUnavailable, Message, PublishNotConfirmed, TopologyMismatch
from icestream_runtime.metrics import NOTICES, PUBLISH_RETRIES, Metrics
from icestream_runtime.secret_url import readable
from icestream_runtime.storage import Storage
from icestream_watcher.announce import SOURCE, message_of
from icestream_watcher.notices.cnm import ErrorCode, repeated, response
from icestream_watcher.notices.formats import normalise
from icestream_watcher.notices.granules import asset_of, granule_of, made_newer, recognised
from icestream_watcher.notices.notice import MAX_BYTES, Notice, NoticedFile, NoticeError, read_json
from icestream_watcher.notices.seen import Policy, Seen

Fate = Literal["announced", "duplicate", "ignored", "unknown", "unwanted", "refused", "lost", "malformed"]
"""announced : the broker has it safe; duplicate : it was seen; ignored : of nothing that makes a granule
unknown : of no collection; unwanted : no registered product reads it
refused : by policy or by address; lost : its file cannot be had; malformed : it cannot be read. These are letters.
"""
LETTERS: Final = frozenset({"malformed", "refused", "lost"})
Respond = Callable[[dict[str, Any]], None]
"""Sends a CNM response to the producer."""

PAUSES_SECONDS: Final = (1.0, 5.0)
"""Between attempts to fetch a file; after the last it is lost, and its notice a letter."""
AGAIN_SECONDS: Final = 2.0
LONGEST_LETTER: Final = 45_000
LONGEST_REASON: Final = 3000


class Lost(Exception):
    """A file cannot be had, however often it is asked for."""


class Stopped(Exception):
    """Told to stop before the notice was through: whoever gave it gives it again."""


@dataclass(slots=True)
class Handled:
    """What became of a notice's files, and the first thing that was wrong with it; what makes a letter goes first.

    is_new : it was not seen through before, and is of files
    """

    fates: list[Fate] = field(default_factory=list)
    is_new: bool = False
    problem: str = ""
    where: str = ""
    code: ErrorCode | None = None

    def add(self, fate: Fate, error: Exception | None = None, code: ErrorCode | None = None) -> None:
        self.fates.append(fate)
        is_worse = fate in LETTERS and not LETTERS & set(self.fates[:-1])
        if error is not None and (is_worse or not self.problem):
            self.problem, self.code = str(error), code
            self.where = error.field if isinstance(error, NoticeError) else ""


class Ingest:
    """Handles notices, from several threads at once."""

    def __init__(
        self,
        collections: Sequence[Collection],
        broker: Broker,
        storage: Storage,
        seen: Seen,
        metrics: Metrics,
        *,
        roots: Sequence[Path] = (),
        mode: Mode = "forward",
        policies: Mapping[str, Policy] | None = None,
        by_content: Sequence[str] = (),
    ) -> None:
        """Take note of everything.

        roots : local directories that notices may name files of
        policies : what becomes of other content under a known name, by collection; "*" for all others
        by_content : collections in which the same content under another name is a duplicate; "*" for all
        """
        self._collections, self._broker, self._storage, self._seen = collections, broker, storage, seen
        self._metrics, self._mode = metrics, mode
        self._roots = [root.resolve() for root in roots]
        self._policies, self._by_content = policies or {}, frozenset(by_content)
        self._log = structlog.stdlib.get_logger("icestream.watcher")

    def handle(
        self,
        kind: str,
        body: bytes,
        headers: Mapping[str, str],
        stop: threading.Event,
        respond: Respond | None = None,
    ) -> Handled:
        """Announce what a message is of. When this returns, the message may be acked.

        respond : told of success or failure, where the producer wants to know; files are verified then
        Raises Stopped; StorageError where it cannot be noted what was seen, and the message must come again.
        """
        received = datetime.now(UTC)
        handled = Handled()
        reply: Mapping[str, Any] = {}
        try:
            for notice in normalise(kind, body, headers):
                reply = notice.reply or {}
                self._notice(notice, handled, stop, verify=respond is not None, received=received)
        except NoticeError as error:
            handled.add("malformed", error, "VALIDATION_ERROR")
            reply = _reply(kind, body) if respond else {}
        if not handled.fates:  # a response, a test, a message of no files
            handled.add("ignored")
        self._tell(kind, handled, body, headers, received, stop)
        # An answer to an answer would never end, and what was seen through was answered before.
        if respond is not None and (handled.is_new or "malformed" in handled.fates):
            respond(response(reply, received, datetime.now(UTC), handled.code, handled.problem[:1000]))
        return handled

    def take(self, kind: str, notice: Notice, stop: threading.Event) -> Handled:
        """Announce what a notice is of that nobody sent: it was found. Raises Stopped."""
        received, handled = datetime.now(UTC), Handled()
        self._notice(notice, handled, stop, verify=False, received=received)
        self._tell(kind, handled, repr(notice).encode(), {}, received, stop)
        return handled

    def _tell(
        self,
        kind: str,
        handled: Handled,
        body: bytes,
        headers: Mapping[str, str],
        received: datetime,
        stop: threading.Event,
    ) -> None:
        """Count the fates; keep what went wrong as a letter."""
        for fate in handled.fates:
            self._metrics.count(NOTICES, format=kind, fate=fate)
        if handled.problem and LETTERS & set(handled.fates):
            self._log.warning("notice is kept as a letter", format=kind, reason=handled.problem[:500])
            self._publish([_letter(kind, body, headers, handled.problem, received)], stop)

    def _notice(
        self, notice: Notice, handled: Handled, stop: threading.Event, *, verify: bool, received: datetime
    ) -> None:
        if notice.operation not in ("create", "update"):
            handled.add("ignored")
            return
        identities = (notice.identity, notice.event)
        if self._seen.knows(identities):
            handled.add("duplicate")
            return
        handled.is_new = True
        granules, through, before = [], True, len(handled.fates)
        for file in notice.files:
            try:
                granule = self._granule(notice, file, handled, stop, verify=verify, received=received)
            except (NoticeError, GranuleError) as error:
                code: ErrorCode = "VALIDATION_ERROR" if isinstance(error, NoticeError) else "TRANSFER_ERROR"
                handled.add("refused", error, code)
                through = False
                continue
            except Lost as error:
                handled.add("lost", error, "TRANSFER_ERROR")
                through = False
                continue
            if granule is not None:
                granules.append(granule)
        unwanted = {message.message_id for message in self._publish([message_of(each) for each in granules], stop)}
        announced = [each for each in granules if message_of(each).message_id not in unwanted]
        for granule in granules:
            if granule in announced:
                handled.add("announced")
            else:
                self._seen.abandon(granule)
                handled.add("unwanted", StorageError(f"no registered product reads {granule.collection}"))
                handled.code = handled.code or "PROCESSING_ERROR"
        # What was refused, not had or not wanted may be told again, and what is unknown may be of a plugin to come.
        through = through and not {"unknown", "unwanted"} & set(handled.fates[before:])
        self._seen.confirm(announced, identities if through else ())

    def _granule(
        self,
        notice: Notice,
        file: NoticedFile,
        handled: Handled,
        stop: threading.Event,
        *,
        verify: bool,
        received: datetime,
    ) -> Granule | None:
        """Return the granule to announce for a file, claimed; None where there is none."""
        found = recognised(file, self._collections)
        if found is None:
            error = NoticeError(notice.format, "name", f"{file.names[0][:100]!r} is of no known collection")
            handled.add("unknown", error, "VALIDATION_ERROR")
            return None
        collection, facts = found
        asset = self._asset(notice, file, stop, verify)
        granule = granule_of(notice, collection, facts, asset, self._mode, received)
        policy = self._policies.get(collection.name, self._policies.get("*", "version"))
        by_content = bool({collection.name, "*"} & self._by_content)
        verdict = self._seen.claim(granule, policy, by_content)
        if verdict == "duplicate":
            handled.add("duplicate")
            return None
        if verdict == "skipped":
            skipped = NoticeError(
                notice.format, "checksum", f"{granule.granule_id} is known with another one: it holds"
            )
            handled.add("duplicate", skipped, "VALIDATION_ERROR")
            return None
        if verdict == "refused":
            raise NoticeError(
                notice.format, "checksum", f"{granule.granule_id} is known with another one, and duplicates are errors"
            )
        return made_newer(granule) if verdict == "replaces" else granule

    def _asset(self, notice: Notice, file: NoticedFile, stop: threading.Event, verify: bool) -> Any:
        for pause in PAUSES_SECONDS:
            try:
                return asset_of(notice, file, self._roots, self._storage, verify)
            except StorageError as error:
                self._log.info("a file cannot be had yet", href=readable(file.href)[:200], reason=str(error)[:500])
                if stop.wait(pause):
                    raise Stopped from None
        try:
            return asset_of(notice, file, self._roots, self._storage, verify)
        except StorageError as error:
            raise Lost(str(error)) from error

    def _publish(self, messages: Sequence[Message], stop: threading.Event) -> Sequence[Message]:
        """Publish until the broker has it safe; return what no queue wanted. Raises Stopped."""
        said = ""
        while messages:
            try:
                return self._broker.publish(messages, 5.0)
            except (BrokerUnavailable, PublishNotConfirmed, TopologyMismatch) as error:
                self._metrics.count(PUBLISH_RETRIES, kind="granule")
                if str(error) != said:
                    said = str(error)
                    self._log.warning("broker is away; notices wait", error=said)
                if stop.wait(AGAIN_SECONDS):
                    raise Stopped from None
        return ()


def _reply(kind: str, body: bytes) -> dict[str, Any]:
    """Return what can be repeated of a notice that could not be read."""
    try:
        return repeated(read_json(kind, body))
    except NoticeError:
        return {}


def _letter(kind: str, body: bytes, headers: Mapping[str, str], reason: str, at: datetime) -> Message:
    letter = Letter(
        source=f"notice.{kind}",
        reason=reason.encode(errors="replace").decode()[:LONGEST_REASON],
        body=base64.b64encode(body[: min(LONGEST_LETTER, MAX_BYTES)]).decode(),
        headers={name[:255]: value[:1000] for name, value in list(headers.items())[:50]},
    )
    identity = event_id("letter", kind, reason, at.isoformat())
    return Message(
        body=encode(letter),
        routing_key=naming.letter_key(kind),
        headers=cloud_event(letter, SOURCE, identity, at),
        message_id=identity,
    )
