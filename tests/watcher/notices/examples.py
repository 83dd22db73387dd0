"""Notices as producers send them: of one file of the collection `count` of the tests."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

NAME = "count_20240118T120000_alpha.txt"


def digest(content: bytes, algorithm: str) -> bytes:
    return hashlib.new(algorithm.replace("-", "_"), content).digest()


def cnm(href: str, content: bytes, *, name: str = NAME, checksum: bool = True, **more: Any) -> bytes:
    file: dict[str, Any] = {"type": "data", "uri": href, "name": name, "size": len(content)}
    if checksum:
        file |= {"checksumType": "SHA512", "checksum": digest(content, "sha512").hex()}
    browse = {"type": "browse", "uri": f"{href}.png", "name": f"{name}.png", "size": 1, "checksum": "1", "subtype": "x"}
    notice = {
        "version": "1.6.1",
        "provider": "PODAAC_SWOT",
        "collection": {"name": "SWOT_Prod_l2", "version": "1"},
        "submissionTime": "2024-01-18T12:05:00.405460Z",
        "identifier": f"id-{name}-{len(content)}",
        "trace": "NCMODIS_A-JPL",
        "product": {
            "name": "granule-1",
            "dataVersion": "001",
            "dataProcessingType": "forward",
            "filegroups": [{"id": "group", "files": [file, browse]}],
        },
        **more,
    }
    return json.dumps(notice).encode()


def wis2(href: str, content: bytes, *, name: str = NAME, hexadecimal: bool = False, rel: str = "canonical") -> bytes:
    found = digest(content, "sha512")
    value = found.hex() if hexadecimal else base64.b64encode(found).decode()
    notice = {
        "id": "e686f5cf-bacf-4703-9f94-217e2b5d5ebb",
        "conformsTo": ["http://wis.wmo.int/spec/wnm/1/conf/core"],
        "type": "Feature",
        "geometry": None,
        "properties": {
            "data_id": f"wis2/int-eumetsat/data/core/weather/space-based-observations/{name}",
            "metadata_id": "urn:wmo:md:int:eumetsat:EO:EUM:DAT:MSG:HRSEVIRI3",
            "pubtime": "2024-01-18T12:05:02Z",
            "integrity": {"method": "sha512", "value": value},
            "datetime": "2024-01-18T12:00:00Z",
        },
        "links": [
            {"href": href, "rel": rel, "type": "application/octet-stream", "length": len(content)},
            {"href": "https://example.org/about", "rel": "license"},
        ],
    }
    return json.dumps(notice).encode()


def sarracenia(base: str, path: str, content: bytes, **more: Any) -> bytes:
    notice: dict[str, Any] = {
        "pubTime": "20240118T120502.31",
        "baseUrl": base,
        "relPath": path,
        "size": len(content),
        "identity": {"method": "sha512", "value": base64.b64encode(digest(content, "sha512")).decode()},
        "mtime": "20240118T120459.00",
        "source": "ec_cmc",
        "contentType": "application/octet-stream",
        **more,
    }
    return json.dumps({key: value for key, value in notice.items() if value is not None}).encode()


def s3_event(bucket: str, key: str, size: int | str, *, name: str = "s3:ObjectCreated:Put", **more: Any) -> bytes:
    entity = {
        "s3SchemaVersion": "1.0",
        "bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"},
        "object": {"key": key, "size": size, "eTag": "0cc175b9c0f1b6a831c399e269772661", "sequencer": "17AB", **more},
    }
    record = {
        "eventVersion": "2.0",
        "eventSource": "minio:s3",
        "eventTime": "2024-01-18T12:05:02.000Z",
        "eventName": name,
        "s3": entity,
    }
    return json.dumps({"EventName": name, "Key": f"{bucket}/{key}", "Records": [record]}).encode()


def stac(href: str, content: bytes, **more: Any) -> bytes:
    item = {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": "count_20240118T120000",
        "collection": "count",
        "geometry": None,
        "properties": {"datetime": "2024-01-18T12:00:00Z", "created": "2024-01-18T12:31:07Z"},
        "links": [],
        "assets": {
            "thumbnail": {"href": "https://example.org/a.png", "roles": ["thumbnail"]},
            "data": {
                "href": href,
                "type": "text/plain",
                "roles": ["data"],
                "file:size": len(content),
                "file:checksum": "1220" + digest(content, "sha256").hex(),
            },
        },
        **more,
    }
    return json.dumps(item).encode()


def posttroll(uri: str, uid: str = NAME, kind: str = "file", **more: Any) -> bytes:
    data = {"uri": uri, "uid": uid, "platform_name": "NOAA-20", "sensor": ["viirs"], "orbit_number": 15081, **more}
    words = "2024-01-18T12:05:02.035595 v1.01 application/json"
    return f"pytroll://segment/CF/2 {kind} safusr.u@lxserv1043.smhi.se {words} {json.dumps(data)}".encode()


OF: dict[str, Callable[[], bytes]] = {
    "cnm": lambda: cnm(f"s3://bucket/{NAME}", b"1\n"),
    "wis2": lambda: wis2(f"https://example.org/{NAME}", b"1\n"),
    "sarracenia": lambda: sarracenia("https://example.org/", f"20240118/{NAME}", b"1\n"),
    "s3": lambda: s3_event("bucket", NAME, 2),
    "stac": lambda: stac(f"https://example.org/{NAME}", b"1\n"),
    "posttroll": lambda: posttroll(f"https://example.org/{NAME}"),
}
