"""CNM, the Cloud Notification Message of NASA's archives, versions 1.0 to 1.6.1; and the response to its producer.

https://github.com/podaac/cloud-notification-message-schema
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal, Self

from pydantic import AliasChoices, Field, model_validator

from icestream_watcher.notices.integrity import DIGITS, from_hex
from icestream_watcher.notices.notice import (
    MAX_FILES,
    Lenient,
    Moment,
    Notice,
    NoticedFile,
    NoticeError,
    Size,
    Text,
    last_name,
    read_json,
    read_model,
)

KIND: Final = "cnm"
Version = Literal["1.0", "1.1", "1.2", "1.3", "1.4", "1.4.1", "1.5", "1.5.1", "1.6.0", "1.6.1"]
SHA2: Final = {64: "sha256", 96: "sha384", 128: "sha512"}
ErrorCode = Literal["VALIDATION_ERROR", "PROCESSING_ERROR", "TRANSFER_ERROR"]


class File(Lenient):
    type: Literal["data", "browse", "metadata", "ancillary", "linkage"]
    uri: Text
    name: Text
    size: Size
    # Older producers write it with a hyphen.
    checksum_type: str = Field(default="md5", validation_alias=AliasChoices("checksumType", "checksum-type"))
    checksum: str = ""


class Group(Lenient):
    files: tuple[File, ...] = Field(max_length=MAX_FILES)


class Product(Lenient):
    name: Text
    mode: Literal["forward", "reprocessing"] = Field(default="forward", alias="dataProcessingType")
    files: tuple[File, ...] | None = Field(default=None, max_length=MAX_FILES)
    groups: tuple[Group, ...] | None = Field(default=None, alias="filegroups", max_length=MAX_FILES)

    @model_validator(mode="after")
    def _has_one_of_both(self) -> Self:
        if (self.files is None) == (self.groups is None):
            raise ValueError("wanted exactly one of files and filegroups")
        return self


class CollectionName(Lenient):
    name: Text
    version: str = ""


class Message(Lenient):
    version: Version
    submitted: Moment = Field(alias="submissionTime")
    identifier: Text
    collection: CollectionName | Text
    product: Product
    response: None = None


def normalise(body: bytes) -> list[Notice]:
    """Return the notice that a CNM is; raises NoticeError. Files of the type data count, all others are let be."""
    content = read_json(KIND, body)
    if isinstance(content, dict) and isinstance(content.get("response"), dict):
        # Somebody's answer on the same topic: it is of no files.
        return []
    message = read_model(KIND, Message, content)
    product = message.product
    groups = product.groups if product.groups is not None else (Group(files=product.files or ()),)
    where = "product.filegroups" if product.groups is not None else "product"
    files = [
        _file(file, f"{where}.{index}.files.{number}" if product.groups is not None else f"{where}.files.{number}")
        for index, group in enumerate(groups)
        for number, file in enumerate(group.files)
        if file.type == "data"
    ]
    if not files:
        raise NoticeError(KIND, f"{where}.files", "has no file of the type data")
    return [
        Notice(
            format=KIND,
            operation="create",
            identity=f"cnm {message.identifier} {message.submitted.isoformat()}",
            files=tuple(files),
            published_at=message.submitted,
            mode=product.mode,
            reply=repeated(content),
        )
    ]


def repeated(content: Any) -> dict[str, Any]:
    """Return what a response repeats of a notice, as far as it is there."""
    if not isinstance(content, dict):
        return {}
    wanted = ("version", "provider", "collection", "submissionTime", "identifier")
    found = {name: content[name] for name in wanted if name in content}
    product = content.get("product")
    if isinstance(product, dict) and isinstance(product.get("name"), str):
        found["product"] = {"name": product["name"]}
    return found


def response(
    reply: Mapping[str, Any], received: datetime, completed: datetime, code: ErrorCode | None = None, why: str = ""
) -> dict[str, Any]:
    """Return the CNM response to a notice: success, or failure with a code and the reason.

    reply : what is repeated of the notice
    """
    told: dict[str, Any] = {"status": "SUCCESS"}
    if code is not None:
        told = {"status": "FAILURE", "errorCode": code, "errorMessage": why}
    return {
        "version": "1.3",
        "provider": "",
        "collection": "",
        "submissionTime": _iso(received),
        "identifier": "",
        **reply,
        "receivedTime": _iso(received),
        "processCompleteTime": _iso(completed),
        "response": told,
    }


def _file(file: File, where: str) -> NoticedFile:
    checksum = ""
    if file.checksum:
        algorithm = file.checksum_type.lower().replace("-", "")
        if algorithm == "sha2":
            algorithm = SHA2.get(len(file.checksum), algorithm)
        if algorithm not in DIGITS:
            raise NoticeError(KIND, f"{where}.checksumType", f"found {file.checksum_type!r}; wanted SHA512, SHA256 ...")
        try:
            checksum = from_hex(algorithm, file.checksum)
        except ValueError as error:
            raise NoticeError(KIND, f"{where}.checksum", str(error)) from None
    return NoticedFile(file.uri, (last_name(file.name), last_name(file.uri)), file.size, checksum)


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
