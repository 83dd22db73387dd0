"""Messages are read within bounds and strict in types, and written so that they are read again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.specimens import DAY, FIRST, granule, product, sha256, slot
from icestream_core import granule as granules
from icestream_core.errors import MessageError, RecordError
from icestream_core.granule import Asset, Granule
from icestream_core.message import MAX_BYTES, Registration, cloud_event, decode, encode, event_id
from icestream_core.outcome import Manifest, ManifestFile, Outcome
from icestream_core.period import END_OF_TIME, EPOCH
from icestream_core.task import Task, TaskInput, inputs_hash


def wire(content: Any, schema: Any = "granule", version: Any = 1, **more: Any) -> bytes:
    return bytes(msgpack.packb({"schema": schema, "version": version, "content": content, **more}))


def content(**changed: Any) -> dict[str, Any]:
    return granule().model_dump(mode="json") | changed


moments = st.datetimes(
    datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)  # noqa: DTZ001 - hypothesis adds the zone
)  # fmt: skip
names = st.from_regex(granules.NAME_PATTERN, fullmatch=True).filter(str.isascii)
words = st.from_regex(granules.WORD_PATTERN, fullmatch=True).filter(str.isascii)
checksums = st.binary(min_size=32, max_size=32).map(lambda each: f"sha256:{each.hex()}")
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
assets = st.builds(
    Asset,
    href=texts.filter(bool),
    size=st.integers(0, 2**50),
    checksum=checksums,
    role=texts,
    media_type=texts,
)


@st.composite
def some_granules(draw: st.DrawFn) -> Granule:
    start = draw(moments)
    return Granule(
        granule_id=draw(names),
        checksum=draw(checksums),
        collection="tb",
        sensor=draw(words),
        platform=draw(words),
        tile=draw(words),
        part=draw(words),
        variant=draw(words),
        start=start,
        end=start + draw(st.timedeltas(timedelta(microseconds=1), timedelta(days=4000))),
        footprint=draw(st.none() | st.tuples(*[st.floats(-360, 360)] * 4)),
        assets=tuple(draw(st.lists(assets, max_size=3))),
        void=draw(texts.filter(bool)),
        published_at=draw(moments),
        received_at=draw(moments),
        mode=draw(st.sampled_from(["forward", "reprocessing"])),
        revision=draw(st.integers(0, 2**31 - 1)),
        stage=draw(st.sampled_from(["provisional", "final"])),
        source_format=draw(texts),
    )


@st.composite
def some_tasks(draw: st.DrawFn) -> Task:
    inputs = {
        name: tuple(
            TaskInput(granule=each, step=draw(st.integers(-5000, 400)))
            for each in draw(st.lists(some_granules(), max_size=3))
        )
        for name in draw(st.lists(st.sampled_from(["tb", "dem", "cover"]), unique=True))
    }
    return Task(
        slot=slot(draw(st.integers(-2000, 2000)), tile=draw(words), variant=draw(words)),
        version="1.2.3",
        token=draw(st.uuids()).hex,
        inputs_hash=inputs_hash(inputs, {}),
        inputs=inputs,
        missing=tuple(draw(st.lists(texts, max_size=3))),
        created_at=draw(moments),
    )


manifests = st.builds(
    Manifest,
    href=texts.filter(bool),
    files=st.lists(
        st.builds(
            ManifestFile, name=names, role=texts, media_type=texts, size=st.integers(0, 2**50), checksum=checksums
        ),
        min_size=1,
        max_size=4,
    ).map(tuple),
)


def outcomes_of(status: str, **given: st.SearchStrategy[Any]) -> st.SearchStrategy[Outcome]:
    fields = {
        "slot": st.just(slot()),
        "version": st.just("1.0.0"),
        "token": texts.filter(lambda text: "\0" not in text),
        "inputs_hash": texts.filter(lambda text: "\0" not in text),
        "reason": texts,
        "fault": st.sampled_from(["", "product", "granule", "storage", "limit"]),
        "traceback": texts,
        "manifest": st.none() | manifests,
        "seconds": st.dictionaries(texts, st.floats(allow_nan=False, allow_infinity=False), max_size=4),
        "adopted": st.booleans(),
        "finished_at": moments,
    }
    return st.builds(Outcome, status=st.just(status), **(fields | given))


some_outcomes = st.one_of(
    outcomes_of("made", manifest=manifests), outcomes_of("void", reason=texts.filter(bool)), outcomes_of("failed")
)
registrations = st.dictionaries(
    texts,
    st.recursive(st.none() | st.booleans() | st.integers(-(2**60), 2**60) | texts, st.lists, max_leaves=5),
    max_size=5,
).map(lambda record: Registration(record=record))


@given(st.one_of(some_granules(), some_tasks(), some_outcomes, registrations))
def test_what_is_written_is_read_again(message: Granule | Task | Outcome | Registration) -> None:
    assert decode(encode(message)) == message


def test_a_time_of_another_zone_stays_the_same_moment() -> None:
    given_granule = granule(published_at=datetime.fromisoformat("2014-02-01T08:00:00+08:00"))
    read = decode(encode(given_granule))
    assert isinstance(read, Granule)
    assert read.published_at == FIRST


@pytest.mark.parametrize("field", ["token", "inputs_hash", "granule_id", "granule_checksum"])
def test_an_outcome_asks_the_ledger_for_nothing_that_it_cannot_hold(field: str) -> None:
    given = {"slot": slot(), "version": "1.0.0", "token": "", "inputs_hash": "", "status": "void", "finished_at": FIRST}
    with pytest.raises(ValueError, match=field):
        Outcome.model_validate({**given, field: "a\0"})


@pytest.mark.parametrize(("status", "lacks"), [("made", "a manifest"), ("void", "a reason")])
def test_an_outcome_of_which_nothing_could_be_announced_is_refused(status: str, lacks: str) -> None:
    whole = Outcome(slot=slot(), version="1.0.0", token="", inputs_hash="", status="failed", finished_at=FIRST)
    sent = msgpack.unpackb(encode(whole))
    sent["content"]["status"] = status
    with pytest.raises(MessageError, match=f"{status} needs {lacks}"):
        decode(msgpack.packb(sent))


def test_a_field_that_nobody_knows_is_ignored() -> None:
    assert decode(wire(content(from_a_newer_sender=1), also_here=[1])) == granule()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("revision", "1"),
        ("revision", 1.5),
        ("revision", True),
        ("revision", -1),
        ("revision", 2**31),
        ("revision", None),
        ("published_at", "9999-12-31T23:59:59-14:00"),
        ("received_at", "0001-01-01T00:00:00+14:00"),
        ("granule_id", 7),
        ("granule_id", "../../etc/passwd"),
        ("granule_id", "a\n"),
        ("granule_id", ""),
        ("granule_id", "x" * 201),
        ("checksum", "sha256:nothing but words"),
        ("checksum", "crc32:00"),
        ("collection", "Tb"),
        ("tile", "a/b"),
        ("start", "yesterday"),
        ("start", "2014-02-01T00:00:00"),
        ("start", "2014-02-02T00:00:00Z"),
        ("start", "0001-01-01T00:00:00Z"),
        ("end", "9999-12-31T23:59:59Z"),
        ("assets", {}),
        ("assets", [{"href": "a"}]),
        ("assets", []),
        ("assets", [{"href": "a", "size": 1, "checksum": sha256("a")}] * 257),
        ("footprint", [1, 2, 3]),
        ("mode", "backwards"),
        ("stage", "nearly"),
    ],
)
def test_a_field_of_a_wrong_type_or_beyond_its_bounds_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(MessageError, match="granule message: ") as raised:
        decode(wire(content(**{field: value})))
    assert len(str(raised.value)) < 1500


def test_a_field_that_is_missing_is_named() -> None:
    given_content = content()
    del given_content["sensor"]
    with pytest.raises(MessageError, match="sensor: Field required"):
        decode(wire(given_content))


def test_many_problems_are_counted() -> None:
    with pytest.raises(MessageError, match=r"and [0-9]+ more"):
        decode(wire({}))


@pytest.mark.parametrize("version", [2, 0, "1", 1.0, True, None, [1]])
def test_another_version_is_refused_with_a_reason(version: object) -> None:
    with pytest.raises(MessageError, match="this icestream reads version 1: upgrade it"):
        decode(wire(content(), version=version))


@pytest.mark.parametrize("schema", ["grain", "", None, 1, ["granule"]])
def test_an_unknown_schema_is_refused_with_those_that_are_known(schema: object) -> None:
    with pytest.raises(MessageError, match="known: granule, task, outcome, registration"):
        decode(wire(content(), schema=schema))


def nested(depth: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(depth):
        found = [found]
    return found


def doubled() -> bytes:
    """Return a map that has the key `version` twice."""
    words = [msgpack.packb(word) for word in ("schema", "granule", "version", 1, "version", 2, "content", {})]
    return bytes(b"\x84" + b"".join(words))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not a msgpack message"),
        (b"{'a': 1}", "not a msgpack message"),
        (wire(content())[:-1], "not a msgpack message"),
        (wire(content()) + b"\x00", "not a msgpack message"),
        (b"\xc1", "not a msgpack message"),
        (msgpack.packb(1), "found a int"),
        (msgpack.packb([1, 2]), "found a list"),
        (msgpack.packb({"granule": 1}), "found a map of granule"),
        (msgpack.packb({1: 2}), "not a msgpack message"),
        (msgpack.packb({b"schema": 2}), "not a msgpack message"),
        (doubled(), "one key twice"),
        (wire(nested(13)), "nested deeper than 12"),
        (wire(nested(500)), "nested deeper than 12"),
        (b"\x91" * 3000 + b"\xc0", "not a msgpack message"),
        (wire("x" * 70_000), "not a msgpack message"),
        (wire(list(range(20_001))), "not a msgpack message"),
        (b"\xdd\xff\xff\xff\xff", "not a msgpack message"),
        (b"\xdf\xff\xff\xff\xff", "not a msgpack message"),
        (wire(b"bytes"), "not a msgpack message"),
        (wire(content(void=b"")), "holds what JSON cannot"),
        (wire(msgpack.ExtType(5, b"x")), "not a msgpack message"),
        (wire(msgpack.Timestamp(1)), "not a msgpack message"),
        (wire(content(footprint=[float("nan"), 0, 0, 0])), "holds what JSON cannot"),
        (wire(content(footprint=[float("inf"), 0, 0, 0])), "holds what JSON cannot"),
        (b"\x81\xa1\xff\x01", "not a msgpack message"),
        (b"\xc0" * (MAX_BYTES + 1), f"at most {MAX_BYTES} are read"),
    ],
)
def test_nonsense_is_refused_with_a_reason(body: bytes, reason: str) -> None:
    with pytest.raises(MessageError, match=reason):
        decode(body)


@given(st.binary(max_size=300))
def test_no_bytes_do_anything_but_be_refused(body: bytes) -> None:
    with pytest.raises(MessageError):
        decode(body)


@given(st.data())
def test_a_message_with_a_byte_changed_is_read_or_refused(data: st.DataObject) -> None:
    body = bytearray(encode(granule()))
    body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        decode(bytes(body))
    except MessageError as error:
        assert str(error)


def test_four_mebibytes_are_read() -> None:
    text = "x" * 60_000
    record = {str(number): text for number in range(69)}
    body = encode(Registration(record=record))
    assert MAX_BYTES - 70_000 < len(body) <= MAX_BYTES
    assert decode(body) == Registration(record=record)


def test_only_messages_of_the_stream_are_written() -> None:
    with pytest.raises(TypeError, match="Slot is not one of the messages"):
        encode(slot())


def test_a_repeated_event_repeats_its_id() -> None:
    assert event_id("product", "a", 1) == event_id("product", "a", 1)
    assert event_id("product", "a", 1) != event_id("product", "a1")


def test_the_headers_are_those_of_cloud_events() -> None:
    headers = cloud_event(granule(), "icestream/watcher", "id", FIRST)
    assert headers == {
        "ce-specversion": "1.0",
        "ce-id": "id",
        "ce-source": "icestream/watcher",
        "ce-type": "icestream.granule.v1",
        "ce-time": "2014-02-01T00:00:00+00:00",
    }


def test_a_granule_is_of_a_time_that_the_calendar_holds() -> None:
    assert granule(start=EPOCH, end=END_OF_TIME).end == END_OF_TIME
    with pytest.raises(ValueError, match="wanted a time from 1800"):
        granule(start=EPOCH - DAY)


@pytest.mark.parametrize("name", ["..", ".", ".hidden", "a/b", "a\\b", "a\x00", ""])
def test_a_manifest_names_files_and_no_paths(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        ManifestFile(name=name, role="data", media_type="a/b", size=1, checksum=sha256("a"))


def test_the_inputs_hash_knows_ids_checksums_steps_and_options_and_neither_places_nor_order() -> None:
    one, other = granule(0), granule(1)
    moved = one.model_copy(update={"assets": (Asset(href="s3://elsewhere", size=1, checksum=sha256("a")),)})
    hashed = inputs_hash({"tb": [TaskInput(granule=one), TaskInput(granule=other, step=1)]}, {"a": 1})
    assert hashed == inputs_hash({"tb": [TaskInput(granule=other, step=1), TaskInput(granule=moved)]}, {"a": 1})
    assert hashed != inputs_hash({"tb": [TaskInput(granule=one), TaskInput(granule=other)]}, {"a": 1})
    assert hashed != inputs_hash({"tb": [TaskInput(granule=one), TaskInput(granule=other, step=1)]}, {"a": 2})
    assert hashed != inputs_hash({"air": [TaskInput(granule=one), TaskInput(granule=other, step=1)]}, {"a": 1})


def test_a_registration_that_is_no_record_says_so_in_a_line() -> None:
    from icestream_core.product import product_of

    with pytest.raises(RecordError, match="product record '': ") as raised:
        product_of({"wormhole": True})
    assert "\n" not in str(raised.value)
    assert product_of(product().record()).name == "depth"
