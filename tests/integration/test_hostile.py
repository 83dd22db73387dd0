"""What is broken or hostile is kept with its reason, and the stream goes on."""

from __future__ import annotations

import hashlib
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import h5py
import msgpack
import pytest

from icestream_core import naming
from icestream_core.collection import recognise
from icestream_core.granule import Asset, Granule
from icestream_core.message import MAX_BYTES, encode
from icestream_readers import icestream_collections
from icestream_runtime.broker import Message
from icestream_runtime.rabbitmq import RabbitBroker
from icestream_simulator.simulate import simulate
from parts.stream import Stream, stream

DAY = date(2014, 2, 1)


def nested(levels: int) -> object:
    return [nested(levels - 1)] if levels else 1


def announced(path: Path, checksum: str) -> Message:
    """Return the message of a file whose checksum is said to be another."""
    found = recognise(path.name, icestream_collections())
    assert found is not None
    collection, facts = found
    granule = Granule(
        granule_id=facts.granule_id,
        checksum=checksum,
        collection=collection.name,
        sensor=collection.sensor_of(facts.platform),
        platform=facts.platform,
        tile=facts.tile,
        part=facts.part,
        variant=facts.variant,
        start=facts.start,
        end=facts.end,
        assets=(Asset(href=str(path), size=path.stat().st_size, checksum=checksum),),
        published_at=datetime.now(UTC),
        received_at=datetime.now(UTC),
    )
    return Message(encode(granule), naming.granule_key(granule))


def hostile_messages() -> dict[str, bytes]:
    """Return bodies by a word of the reason that must be kept."""
    good = {"schema": "granule", "version": 1, "content": {}}
    return {
        "FormatError": b"\xc1 this is no msgpack",
        "deeper": msgpack.packb({**good, "content": nested(40)}),
        "version '7'": msgpack.packb({**good, "version": 7}),
        "Field required": msgpack.packb(good),
        "bounds": msgpack.packb({**good, "content": {"granule_id": "x" * (MAX_BYTES // 2)}}),
    }


@pytest.fixture
def granule_files(tmp_path: Path) -> dict[str, list[Path]]:
    """Four F17 days and one AMSR2 day: the second day truncated, the third of a wrong size, AMSR2 without a dataset."""
    ease = tmp_path / "ease"
    simulate("nsidc-0032", DAY, DAY + timedelta(days=3), ease, platform="F17", passes=("D",))
    days = [sorted(ease.glob(f"*{DAY + timedelta(days=n):%Y%j}*")) for n in range(4)]
    truncated = next(path for path in days[1] if path.suffix == ".37H")
    truncated.write_bytes(truncated.read_bytes()[:1000])
    oversized = next(path for path in days[2] if path.suffix == ".19V")
    oversized.write_bytes(oversized.read_bytes() + b"\0" * 4096)
    amsr2 = simulate("amsr2-l3-tb", DAY, DAY, tmp_path / "amsr2", passes=("D",))
    with h5py.File(next(path for path in amsr2 if "SGT36" in path.name), "a") as file:
        del file["Brightness Temperature (H)"]
    return {"good": days[0], "truncated": days[1], "oversized": days[2], "mislabelled": days[3], "holed": amsr2}


@pytest.mark.timeout(300)
@pytest.mark.xdist_group("rabbitmq-stream")
def test_bad_granules_and_hostile_messages_are_kept_with_their_reason_and_the_stream_goes_on(
    tmp_path: Path, amqp_url: str, postgres_url: str, granule_files: dict[str, list[Path]]
) -> None:
    with stream(tmp_path, amqp_url, postgres_url) as running:
        running.start("gatherer", "gatherer")
        running.start("worker", "worker", "--product", "cold-pass-tb")
        running.start("watcher", "watch", str(running.watched))
        running.wait_until_ready()
        mislabelled = next(path for path in granule_files["mislabelled"] if path.suffix == ".37H")
        broker = RabbitBroker(amqp_url, "test")
        try:
            for body in hostile_messages().values():
                broker.publish([Message(body, naming.INTAKE, exchange="")])
            broker.publish([announced(mislabelled, f"sha256:{hashlib.sha256(b'another').hexdigest()}")])
        finally:
            broker.close()
        for paths in granule_files.values():
            for path in paths:
                if path != mislabelled:
                    shutil.copy(path, running.watched / path.name)
        rows = {row.slot.key: row for row in running.wait_until_quiet(150)}

        assert rows["cold-pass-tb.20140201.nl.cold"].state == "made"
        for slot in ("20140202.nl", "20140203.nl", "20140204.nl", "20140201.eq25"):
            row = rows[f"cold-pass-tb.{slot}.cold"]
            assert (row.state, row.revision) == ("hopeless", 0), f"{slot}: {row.state} {row.reason}"
            assert "closed without" in row.reason
        check_quarantine(running)
        check_letters(running)
        assert set(running.stop().values()) == {0}


def check_quarantine(running: Stream) -> None:
    reasons = {granule.granule_id: reason for granule, reason in running.ledger.granules(quarantined=True)}
    wanted = {
        "EASE-F17-NL2014033D-V2.37H": "1000",
        "EASE-F17-NL2014034D-V2.19V": "1043778",
        "EASE-F17-NL2014035D-V2.37H": "checksum",
        "GW1AM2_20140201_01D_EQMD_L3SGT36L": "Brightness Temperature (H)",
    }
    assert reasons.keys() == wanted.keys()
    for granule_id, word in wanted.items():
        assert word in reasons[granule_id], f"{granule_id}: {reasons[granule_id]}"


def check_letters(running: Stream) -> None:
    reasons = [letter["reason"] for letter in running.ledger.letters()]
    for word in hostile_messages():
        assert any(word in reason for reason in reasons), f"no letter says {word!r}: {reasons}"
    assert len(reasons) == len(hostile_messages())
