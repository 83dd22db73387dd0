"""A notice: what a producer says of files, whatever its format. And the one error of all that read them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from icestream_core.errors import MessageError
from icestream_core.granule import Mode

MAX_BYTES: Final = 2**20
MAX_FILES: Final = 1000
LONGEST: Final = 300

Operation = Literal["create", "update", "delete", "none"]
"""None: the notice is of something that makes no granule, such as a link or a directory."""


class NoticeError(MessageError):
    """A notice that cannot be read.

    field : what is wrong, as a path into the notice
    """

    def __init__(self, kind: str, field: str, problem: str) -> None:
        super().__init__(f"{kind} notice: {field}: {problem[:LONGEST]}")
        self.field, self.problem = field, problem


@dataclass(frozen=True, slots=True)
class NoticedFile:
    """One file that a notice is of.

    names : by which its collection is recognised; the first that fits decides
    size : bytes; 0 where nobody told
    checksum : algorithm:hex; empty where nobody told
    """

    href: str
    names: tuple[str, ...]
    size: int = 0
    checksum: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """What a producer says.

    identity : two notices with the same one are one, however they came; empty where nothing tells one from the next
    event : of the CloudEvent around it, source and id; empty where there is none
    published_at : when the producer says that it published; None where it does not say
    reply : what an answer to the producer repeats, where its format knows answers
    """

    format: str
    operation: Operation
    identity: str
    files: tuple[NoticedFile, ...] = ()
    published_at: datetime | None = None
    mode: Mode = "forward"
    reply: Mapping[str, Any] | None = None
    event: str = ""


class Lenient(BaseModel):
    """The fields of a notice that matter here; what else is there is let be."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


def _in_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
Text = Annotated[str, Field(min_length=1, max_length=4096)]
Size = Annotated[int, Field(ge=0, le=2**50)]
Model = TypeVar("Model", bound=Lenient)


def read_json(kind: str, body: bytes) -> Any:
    """Return what JSON text holds; raises NoticeError for what is none, or larger than a notice may be."""
    if len(body) > MAX_BYTES:
        raise NoticeError(kind, "body", f"has {len(body)} bytes; at most {MAX_BYTES} are read")
    try:
        return json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise NoticeError(kind, "body", f"is no JSON: {type(error).__name__} {error}") from None


def read_model(kind: str, model: type[Model], content: Any, where: str = "") -> Model:
    """Return the fields that matter; raises NoticeError that names the first wrong one.

    where : path to the content within the notice, with a dot at its end
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False)[0]
        field = where + (".".join(str(word) for word in problem["loc"]) or "body")
        raise NoticeError(kind, field, f"{problem['msg']} (found {str(problem['input'])[:80]!r})") from None
    except (RecursionError, OverflowError) as error:
        raise NoticeError(kind, where + "body", type(error).__name__) from None


def last_name(path: str) -> str:
    """Return the last part of a path or address."""
    return path.rsplit("/", 1)[-1]


def _no_number(text: str) -> object:
    raise ValueError(f"{text} is no number of JSON")
