"""Each format's notices are read as its standard and its producers have them; what is wrong is named by its field."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icestream_watcher.notices.cnm import response
from icestream_watcher.notices.formats import FORMATS, normalise
from icestream_watcher.notices.notice import Notice, NoticeError
from watcher.notices.examples import NAME, OF, cnm, posttroll, s3_event, sarracenia, stac, wis2

ONE = b"1\n"
SHA512 = f"sha512:{hashlib.sha512(ONE).hexdigest()}"
SHA256 = f"sha256:{hashlib.sha256(ONE).hexdigest()}"


def one(kind: str, body: bytes, **headers: str) -> Notice:
    (notice,) = normalise(kind, body, headers)
    return notice


def field_of(kind: str, body: bytes) -> str:
    with pytest.raises(NoticeError) as raised:
        normalise(kind, body, {})
    assert f"{kind} notice: {raised.value.field}: " in str(raised.value)
    return raised.value.field


def changed(body: bytes, path: str, value: Any) -> bytes:
    """Return JSON with one value replaced, or taken away where it is `...`."""
    content = json.loads(body)
    *way, last = [int(word) if word.isdigit() else word for word in path.split("/")]
    place = content
    for word in way:
        place = place[word]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return json.dumps(content).encode()


@pytest.mark.parametrize("kind", FORMATS)
def test_a_notice_names_its_file_and_when_it_was_published(kind: str) -> None:
    notice = one(kind, OF[kind]())
    (file,) = notice.files
    assert (notice.format, notice.operation) == (kind, "create")
    assert NAME in file.names
    assert file.href.endswith(NAME)
    assert notice.published_at is not None
    assert notice.published_at.date() == datetime(2024, 1, 18, tzinfo=UTC).date()
    assert notice.identity == one(kind, OF[kind]()).identity


# CNM


def test_only_the_data_files_of_a_cnm_count() -> None:
    notice = one("cnm", cnm(f"s3://bucket/{NAME}", ONE))
    assert [(file.href, file.size, file.checksum) for file in notice.files] == [(f"s3://bucket/{NAME}", 2, SHA512)]


def test_the_published_sample_of_cnm_1_6_0_is_read() -> None:
    sample = {
        "version": "1.6.0",
        "provider": "PODAAC_SWOT",
        "collection": "SWOT_Prod_l2:1",
        "submissionTime": "2020-07-28T04:48:22.405460Z",
        "identifier": "1234-abcd-efg0-9876",
        "product": {
            "name": "sampleGranuleName001",
            "dataVersion": "001",
            "dataProcessingType": "forward",
            "files": [
                {
                    "type": "data",
                    "uri": "s3://sampleIngestBucket/prod_20170926T11:30:36/production_file.nc",
                    "name": "production_file.nc",
                    "size": 123456,
                },
                {
                    "type": "browse",
                    "uri": "s3://sampleIngestBucket/prod_20170926T11:30:36/production_file.png",
                    "name": "production_file.png",
                    "checksum": "12312312312313",
                    "checksumType": "SHA512",
                    "size": 12345,
                },
            ],
        },
    }
    notice = one("cnm", json.dumps(sample).encode())
    assert [(file.names[0], file.checksum) for file in notice.files] == [("production_file.nc", "")]


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "1.3", "1.4", "1.4.1", "1.5", "1.5.1", "1.6.0", "1.6.1"])
def test_every_version_of_cnm_is_read(version: str) -> None:
    collection: Any = {"name": "c", "version": "1"} if version == "1.6.1" else "c"
    assert one("cnm", cnm("s3://b/a", ONE, version=version, collection=collection)).files


def test_older_producers_of_cnm_write_a_hyphen_and_md5_is_the_default() -> None:
    file = "product/filegroups/0/files/0/"
    body = changed(changed(cnm("s3://b/a", ONE), f"{file}checksumType", ...), f"{file}checksum-type", "sha256")
    body = changed(body, f"{file}checksum", hashlib.sha256(ONE).hexdigest().upper())
    assert one("cnm", body).files[0].checksum == SHA256
    body = changed(changed(body, f"{file}checksum-type", ...), f"{file}checksum", hashlib.md5(ONE).hexdigest())
    assert one("cnm", body).files[0].checksum == f"md5:{hashlib.md5(ONE).hexdigest()}"


def test_a_cnm_of_reprocessing_is_a_backfill() -> None:
    assert one("cnm", changed(OF["cnm"](), "product/dataProcessingType", "reprocessing")).mode == "reprocessing"


def test_somebodys_cnm_response_is_of_no_files() -> None:
    now = datetime(2024, 1, 18, 13, tzinfo=UTC)
    reply = one("cnm", OF["cnm"]()).reply
    assert reply is not None
    answer = response(reply, now, now, "TRANSFER_ERROR", "no such file")
    assert answer["response"] == {
        "status": "FAILURE",
        "errorCode": "TRANSFER_ERROR",
        "errorMessage": "no such file",
    }
    assert (answer["identifier"], answer["version"]) == (f"id-{NAME}-2", "1.6.1")
    assert answer["receivedTime"] == answer["processCompleteTime"] == "2024-01-18T13:00:00Z"
    assert answer["product"] == {"name": "granule-1"}
    assert response(reply, now, now)["response"] == {"status": "SUCCESS"}
    assert normalise("cnm", json.dumps(answer).encode(), {}) == []


# WIS2


@pytest.mark.parametrize("hexadecimal", [False, True])
def test_integrity_of_wis2_is_read_in_base64_and_in_the_hexadecimal_of_some(hexadecimal: bool) -> None:
    notice = one("wis2", wis2(f"https://example.org/{NAME}", ONE, hexadecimal=hexadecimal))
    assert (notice.files[0].checksum, notice.files[0].size) == (SHA512, 2)


def test_the_same_data_from_two_caches_of_wis2_is_one() -> None:
    here, there = wis2("https://cache-1.example/a", ONE), wis2("https://cache-2.example/b", ONE)
    there = changed(there, "id", "another")
    assert one("wis2", here).identity == one("wis2", there).identity
    update = wis2("https://cache-1.example/a", ONE, rel="update")
    assert one("wis2", update).operation == "update"
    assert one("wis2", here).identity != one("wis2", update).identity


def test_older_senders_of_wis2_say_version_v04_and_no_length() -> None:
    body = changed(changed(OF["wis2"](), "conformsTo", ...), "version", "v04")
    assert one("wis2", changed(body, "links/0/length", ...)).files[0].size == 0


def test_a_file_of_wis2_is_known_by_its_data_id_where_the_address_does_not_tell() -> None:
    assert NAME in one("wis2", wis2("https://example.org/download?id=7", ONE)).files[0].names


# Sarracenia


def test_a_post_of_sarracenia_says_where_its_file_is() -> None:
    file = one("sarracenia", sarracenia("https://example.org/data", "/a b/x.txt", ONE)).files[0]
    assert (file.href, file.size, file.checksum) == ("https://example.org/data/a%20b/x.txt", 2, SHA512)
    elsewhere = sarracenia("https://example.org/", "x.txt", ONE, retrievePath="api/get?id=4")
    file = one("sarracenia", elsewhere).files[0]
    assert file.href == "https://example.org/api/get?id=4"
    assert file.names[0] == "x.txt"


@pytest.mark.parametrize("base", ["http://[::1", "http://[not-an-address]/"])
def test_a_post_of_sarracenia_whose_base_is_no_address_is_refused_by_its_field(base: str) -> None:
    """Found by fuzzing: it ended the thread that listens."""
    with pytest.raises(NoticeError) as error:
        normalise("sarracenia", sarracenia(base, "x.txt", ONE), {})
    assert error.value.field == "baseUrl"


def test_older_posts_of_sarracenia_have_other_names() -> None:
    value = base64.b64encode(hashlib.md5(ONE).digest()).decode()
    body = sarracenia(
        "https://example.org/",
        "x.txt",
        ONE,
        identity=None,
        size=None,
        integrity={"method": "md5", "value": value},
        parts="1,2,1,0,0",
        retPath="y/x.txt",
    )
    file = one("sarracenia", body).files[0]
    assert (file.href, file.size) == ("https://example.org/y/x.txt", 2)
    assert file.checksum == f"md5:{hashlib.md5(ONE).hexdigest()}"


@pytest.mark.parametrize("operation", ["remove", "link", "hlink", "rename", "directory"])
def test_a_post_that_is_of_no_content_makes_nothing(operation: str) -> None:
    notice = one("sarracenia", sarracenia("https://e.org/", NAME, ONE, fileOp={operation: "x"}))
    assert (notice.operation, notice.files) == ("delete" if operation == "remove" else "none", ())


@pytest.mark.parametrize("method", ["cod", "cod,sha512", "random", "arbitrary"])
def test_a_checksum_that_is_to_be_taken_on_arrival_is_none_yet(method: str) -> None:
    body = sarracenia("https://e.org/", NAME, ONE, identity={"method": method, "value": "sha512"})
    assert one("sarracenia", body).files[0].checksum == ""


# S3


def test_the_key_of_an_s3_event_is_decoded_and_ceph_writes_sizes_as_text() -> None:
    notice = one("s3", s3_event("bucket", "a+dir/b%20%C3%A9.txt", "12", versionId="v7"))
    (file,) = notice.files
    assert (file.href, file.names, file.size) == ("s3://bucket/a dir/b é.txt", ("b é.txt",), 12)
    assert notice.identity == "s3 bucket/a dir/b é.txt v7"


def test_a_removed_object_makes_nothing_and_a_test_event_is_none() -> None:
    assert one("s3", s3_event("b", "k", 1, name="s3:ObjectRemoved:Delete")).operation == "delete"
    assert one("s3", s3_event("b", "k", 1, name="ObjectCreated:CompleteMultipartUpload")).operation == "create"
    assert one("s3", s3_event("b", "k", 1, name="s3:ObjectAccessed:Get")).operation == "none"
    assert normalise("s3", b'{"Service": "Amazon S3", "Event": "s3:TestEvent"}', {}) == []


# STAC


def test_the_data_of_a_stac_item_are_its_assets_of_that_role() -> None:
    (file,) = one("stac", stac(f"s3://bucket/{NAME}", ONE)).files
    assert (file.href, file.size, file.checksum) == (f"s3://bucket/{NAME}", 2, SHA256)


@pytest.mark.parametrize(
    ("algorithm", "code"),
    [("sha1", "1114"), ("sha512", "1340"), ("sha384", "2030"), ("md5", "d50110"), ("sha3-256", "1620")],
)
def test_a_multihash_says_its_algorithm(algorithm: str, code: str) -> None:
    found = hashlib.new(algorithm.replace("-", "_"), ONE).hexdigest()
    body = changed(OF["stac"](), "assets/data/file:checksum", code + found)
    assert one("stac", body).files[0].checksum == f"{algorithm}:{found}"


def test_a_collection_of_features_is_many_items() -> None:
    item = json.loads(OF["stac"]())
    body = json.dumps({"type": "FeatureCollection", "features": [item, {**item, "id": "b"}], "process": []}).encode()
    assert len(normalise("stac", body, {})) == 2


# posttroll


def test_the_published_example_of_posttroll_is_read() -> None:
    example = (
        "pytroll://segment/CF/2/CMA/norrkoping/utv/polar/direct_readout/ file safusr.u@lxserv1043.smhi.se "
        '2020-10-16T08:01:59.035595 v1.01 application/json {"module": "ppsCmask", "platform_name": "NOAA-20", "uri": '
        '"ssh://lxserv1043.smhi.se/san1/S_NWC_CMA_noaa20_15081.nc", "uid": "S_NWC_CMA_noaa20_15081.nc"}'
    )
    notice = one("posttroll", example.encode())
    assert notice.files[0].href == "/san1/S_NWC_CMA_noaa20_15081.nc"
    assert notice.published_at == datetime(2020, 10, 16, 8, 1, 59, 35595, UTC)


def test_a_dataset_and_a_collection_of_posttroll_are_many_files() -> None:
    each = [{"uri": f"/data/{name}", "uid": name} for name in ("a", "b")]
    assert len(one("posttroll", posttroll("x", kind="dataset", dataset=each)).files) == 2
    nested = [{"dataset": each}, {"uri": "/data/c", "uid": "c"}]
    assert len(one("posttroll", posttroll("x", kind="collection", collection=nested)).files) == 3


def test_posttroll_is_read_in_latin_1_with_an_offset_and_on_s3() -> None:
    body = posttroll(f"/bucket/{NAME}", filesystem={"protocol": "s3"}).replace(b"v1.01", b"v1.2")
    body = body.replace(b"02.035595", b"02+01:00").replace(b"CF/2", "Malmö".encode("iso-8859-1"))
    notice = one("posttroll", body)
    assert notice.files[0].href == f"s3://bucket/{NAME}"
    assert notice.published_at == datetime(2024, 1, 18, 11, 5, 2, tzinfo=UTC)


@pytest.mark.parametrize("kind", ["beat", "info", "ack", "del"])
def test_other_messages_of_posttroll_are_of_no_files(kind: str) -> None:
    assert normalise("posttroll", posttroll("x", kind=kind), {}) == []


# CloudEvents around any of them


@pytest.mark.parametrize("prefix", ["ce-", "cloudEvents_", "cloudEvents:"])
def test_the_headers_of_a_cloud_event_say_which_event_it_is(prefix: str) -> None:
    headers = {f"{prefix}{name}": f"the {name}" for name in ("specversion", "id", "source", "type")}
    assert one("stac", OF["stac"](), **headers).event == "event the source the id 0"


@pytest.mark.parametrize("kind", FORMATS)
def test_a_structured_cloud_event_is_taken_off(kind: str) -> None:
    event: dict[str, Any] = {"specversion": "1.0", "id": "7", "source": "/here", "type": "new"}
    event["data_base64"] = base64.b64encode(OF[kind]()).decode()
    headers = {"Content-Type": "application/cloudevents+json; charset=utf-8"}
    (notice,) = normalise(kind, json.dumps(event).encode(), headers)
    assert notice.files == one(kind, OF[kind]()).files
    assert notice.event == "event /here 7 0"


# What is wrong is named


FILE = "product/filegroups/0/files/0"
WRONG: list[tuple[str, Callable[[], bytes], str]] = [
    ("cnm", lambda: changed(OF["cnm"](), "version", "2.0"), "version"),
    ("cnm", lambda: changed(OF["cnm"](), "identifier", ...), "identifier"),
    ("cnm", lambda: changed(OF["cnm"](), "submissionTime", "yesterday"), "submissionTime"),
    ("cnm", lambda: changed(OF["cnm"](), "product/files", []), "product"),
    ("cnm", lambda: changed(OF["cnm"](), f"{FILE}/uri", ...), "product.filegroups.0.files.0.uri"),
    ("cnm", lambda: changed(OF["cnm"](), f"{FILE}/size", -1), "product.filegroups.0.files.0.size"),
    ("cnm", lambda: changed(OF["cnm"](), f"{FILE}/type", "metadata"), "product.filegroups.files"),
    ("cnm", lambda: changed(OF["cnm"](), f"{FILE}/checksum", "12"), "product.filegroups.0.files.0.checksum"),
    ("cnm", lambda: changed(OF["cnm"](), f"{FILE}/checksumType", "crc"), "product.filegroups.0.files.0.checksumType"),
    ("wis2", lambda: changed(OF["wis2"](), "conformsTo", []), "conformsTo"),
    ("wis2", lambda: changed(OF["wis2"](), "properties/data_id", ...), "properties.data_id"),
    ("wis2", lambda: changed(OF["wis2"](), "properties/pubtime", "2024-01-18"), "properties.pubtime"),
    ("wis2", lambda: changed(OF["wis2"](), "properties/integrity/method", "md5"), "properties.integrity.method"),
    ("wis2", lambda: changed(OF["wis2"](), "properties/integrity/value", "5a4c"), "properties.integrity.value"),
    ("wis2", lambda: changed(OF["wis2"](), "links/1/rel", "update"), "links"),
    ("wis2", lambda: changed(OF["wis2"](), "links", []), "links"),
    ("wis2", lambda: changed(OF["wis2"](), "links/0/length", "long"), "links.0.length"),
    ("sarracenia", lambda: changed(OF["sarracenia"](), "pubTime", "2024-01-18T12:00:00Z"), "pubTime"),
    ("sarracenia", lambda: changed(OF["sarracenia"](), "baseUrl", ...), "baseUrl"),
    ("sarracenia", lambda: changed(OF["sarracenia"](), "identity/method", "crc"), "identity.method"),
    ("sarracenia", lambda: changed(OF["sarracenia"](), "identity/value", "<base64>"), "identity.value"),
    ("sarracenia", lambda: sarracenia("https://e.org/", "x", ONE, size=None, parts="p,1,2,0,1"), "parts"),
    (
        "sarracenia",
        lambda: sarracenia("https://e.org/", "x", ONE, size=None, blocks={"method": "partitioned", "size": 1}),
        "blocks",
    ),
    ("s3", lambda: changed(OF["s3"](), "Records", []), "Records"),
    ("s3", lambda: changed(OF["s3"](), "Records/0/s3/object/key", ...), "Records.0.s3.object.key"),
    ("s3", lambda: changed(OF["s3"](), "Records/0/s3/object/key", "%ff"), "Records.0.s3.object.key"),
    ("s3", lambda: changed(OF["s3"](), "Records/0/s3/bucket/name", "a/../b"), "Records.0.s3.bucket.name"),
    ("stac", lambda: changed(OF["stac"](), "stac_version", ...), "stac_version"),
    ("stac", lambda: changed(OF["stac"](), "assets", {}), "assets"),
    ("stac", lambda: changed(OF["stac"](), "assets/data/href", "../a.nc"), "assets.data.href"),
    ("stac", lambda: changed(OF["stac"](), "assets/data/roles", ["overview"]), "assets"),
    ("stac", lambda: changed(OF["stac"](), "assets/data/file:checksum", "1220ff"), "assets.data.file:checksum"),
    ("posttroll", lambda: b"hello", "magick"),
    ("posttroll", lambda: b"pytroll://a file", "sender"),
    ("posttroll", lambda: OF["posttroll"]().replace(b"v1.01", b"v9"), "version"),
    ("posttroll", lambda: OF["posttroll"]().replace(b"2024-01", b"24-1"), "time"),
    ("posttroll", lambda: OF["posttroll"]().replace(b"application/json", b"text/ascii"), "mime"),
    ("posttroll", lambda: OF["posttroll"]().replace(b'"uri"', b'"url"'), "data.uri"),
    ("posttroll", lambda: posttroll("x", filesystem={"protocol": "sftp"}), "data.filesystem.protocol"),
]


@pytest.mark.parametrize(("kind", "body", "field"), WRONG, ids=[f"{kind}-{field}" for kind, _, field in WRONG])
def test_what_is_wrong_is_named_by_its_field(kind: str, body: Callable[[], bytes], field: str) -> None:
    assert field_of(kind, body()) == field


@pytest.mark.parametrize("kind", [kind for kind in FORMATS if kind != "posttroll"])
@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"a": NaN}', b"[" * 100_000, b"9" * 5000, b"x" * 2**21]
)
def test_what_is_no_notice_at_all_is_said_to_be_none(kind: str, body: bytes) -> None:
    assert field_of(kind, body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def places(content: Any, path: str = "") -> list[str]:
    """Return the path of every value."""
    items = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    found = []
    for key, value in items:
        found += [f"{path}{key}", *places(value, f"{path}{key}/")]
    return found


@pytest.mark.parametrize("kind", [kind for kind in FORMATS if kind != "posttroll"])
def test_a_notice_with_anything_anywhere_is_read_or_refused_by_a_field(kind: str) -> None:
    example = OF[kind]()
    somewhere = st.sampled_from(places(json.loads(example)))

    @settings(max_examples=60, deadline=None)
    @given(somewhere, JSON)
    def holds(place: str, value: Any) -> None:
        try:
            normalise(kind, changed(example, place, value), {})
        except NoticeError as error:
            assert error.field

    holds()


@pytest.mark.parametrize("kind", FORMATS)
def test_bytes_of_any_kind_are_read_or_refused_by_a_field(kind: str) -> None:
    example = OF[kind]()

    @settings(max_examples=60, deadline=None)
    @given(st.binary(max_size=40), st.integers(0, len(example)), st.integers(0, 40))
    def holds(inserted: bytes, at: int, cut: int) -> None:
        try:
            normalise(kind, example[:at] + inserted + example[at + cut :], {"content-type": "application/json"})
        except NoticeError as error:
            assert error.field

    holds()
