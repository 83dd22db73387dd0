"""Metrics have bounded labels and one form of name; the lifecycle hooks fill them."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pluggy
import pytest
from prometheus_client import REGISTRY, generate_latest

from icestream_core import hookspecs
from icestream_core.granule import Asset, Granule
from icestream_core.outcome import Manifest, ManifestFile, Outcome
from icestream_core.slot import Slot
from icestream_runtime.meter import MeterLifecycle
from icestream_runtime.metrics import (
    ADOPTED,
    ARRIVAL_LATENCY,
    CHILDREN_BUSY,
    CLOCK_SKEW,
    DEATHS,
    DISK_FREE,
    GRANULE_SPAN,
    GRANULES,
    INFO,
    INTAKE_LAG,
    LAST_GRANULE,
    MAKE_SECONDS,
    METRICS,
    OUTCOMES,
    PRODUCT_LATENCY,
    REVISIONS,
    SLOTS,
    VALID,
    WAITS,
    Metrics,
)
from icestream_runtime.storage import Storage

NOW = datetime.now(UTC)
MANIFEST = Manifest(
    href="/store/made",
    files=(ManifestFile(name="made.nc", role="data", media_type="", size=1, checksum="sha256:0"),),
)
SLOT = Slot(product="snow-depth-china", period="a", start=NOW - timedelta(hours=25), end=NOW - timedelta(hours=1))
BOUNDED = {
    *("product", "family", "sensor", "collection", "outcome", "fault", "stage", "state", "step", "queue", "kind"),
    *("input", "variable", "place", "of", "what", "probe", "check", "service", "version", "new", "cause", "fate"),
    "format",
    *("route", "status"),
}


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def hooks(metrics: Metrics) -> Any:
    """The hooks as services call them, with the meter attached as a plugin."""
    meter = MeterLifecycle(metrics, {"snow-depth-china": "snow-depth"}.__getitem__)
    manager = pluggy.PluginManager(hookspecs.GROUP)
    manager.add_hookspecs(hookspecs)
    manager.register(meter)
    manager.check_pending()
    return manager.hook


def outcome(**changes: Any) -> Outcome:
    fields = {
        "slot": SLOT,
        "version": "1.0.0",
        "token": "ab" * 8,
        "inputs_hash": "c" * 64,
        "status": "made",
        "manifest": MANIFEST,
        "seconds": {"compute": 0.2, "total": 0.3, "arrival": 7.0},
        "finished_at": datetime.now(UTC),
    }
    return Outcome(**(fields | changes))


def granule(**changes: Any) -> Granule:
    fields = {
        "granule_id": "snow-depth-china.a",
        "checksum": "md5:00",
        "collection": "snow-depth-china",
        "sensor": "ssmis",
        "start": SLOT.start,
        "end": SLOT.end,
        "assets": (Asset(href="/a", size=1, checksum="md5:00"),),
        "published_at": NOW,
        "received_at": NOW,
    }
    return Granule(**(fields | changes))


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_name_tells_noun_unit_and_kind(metric: Any) -> None:
    assert re.fullmatch(r"icestream(_[a-z]+)+", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert (metric.kind == "histogram") == bool(metric.buckets)
    assert metric.buckets == tuple(sorted(metric.buckets))
    assert len(metric.description) > 10


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_labels_are_bounded(metric: Any) -> None:
    assert set(metric.labels) <= BOUNDED


def test_names_are_unique_and_everything_is_in_the_registry(metrics: Metrics) -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    text = generate_latest(metrics.registry).decode()
    assert all(f"# TYPE {metric.name} {metric.kind}" in text for metric in METRICS)


def test_two_services_in_one_process_do_not_share_a_registry() -> None:
    one, other = Metrics(), Metrics()
    one.count(WAITS, product="p")
    assert one.value(WAITS, product="p") == 1
    assert other.value(WAITS, product="p") == 0
    assert "icestream_waits_total" not in generate_latest(REGISTRY).decode()


def test_latency_runs_from_the_end_of_the_period_to_the_announcement(metrics: Metrics, hooks: Any) -> None:
    # NOW is when the module was imported; the outcome is of this moment.
    since = (datetime.now(UTC) - NOW).total_seconds()
    hooks.product_made(slot=SLOT, outcome=outcome(), revision=1, announcement=granule())
    labels = {"product": "snow-depth-china", "family": "snow-depth"}
    assert value(metrics, "icestream_product_latency_seconds_sum", stage="final", **labels) == pytest.approx(
        3600 + since, abs=5
    )
    assert value(metrics, "icestream_arrival_latency_seconds_sum", **labels) == pytest.approx(7, abs=2)
    assert value(metrics, "icestream_make_seconds_sum", product="snow-depth-china", step="compute") == 0.2
    assert metrics.value(MAKE_SECONDS, product="snow-depth-china", step="arrival") == 0
    assert metrics.value(OUTCOMES, outcome="made", fault="", **labels) == 1


def test_backfill_does_not_count_as_latency(metrics: Metrics, hooks: Any) -> None:
    hooks.product_made(slot=SLOT, outcome=outcome(mode="reprocessing"), revision=1, announcement=granule())
    labels = {"product": "snow-depth-china", "family": "snow-depth"}
    assert metrics.value(PRODUCT_LATENCY, stage="final", **labels) == 0
    assert metrics.value(ARRIVAL_LATENCY, **labels) == 0
    assert metrics.value(OUTCOMES, outcome="made", fault="", **labels) == 1


def test_a_provisional_product_before_the_end_of_its_period_has_no_negative_latency(
    metrics: Metrics, hooks: Any
) -> None:
    going_on = SLOT.model_copy(update={"end": NOW + timedelta(hours=5)})
    hooks.product_made(slot=going_on, outcome=outcome(), revision=1, announcement=granule(stage="provisional"))
    labels = {"product": "snow-depth-china", "family": "snow-depth", "stage": "provisional"}
    assert value(metrics, "icestream_product_latency_seconds_sum", **labels) == 0


def test_failures_count_by_fault_and_deaths_apart(metrics: Metrics, hooks: Any) -> None:
    failed = outcome(status="failed", fault="limit", reason="SIGSEGV")
    hooks.product_failed(slot=SLOT, outcome=failed, attempts=4, dead=False)
    hooks.product_failed(slot=SLOT, outcome=failed, attempts=5, dead=True)
    labels = {"product": "snow-depth-china", "family": "snow-depth"}
    assert metrics.value(OUTCOMES, outcome="failed", fault="limit", **labels) == 2
    assert metrics.value(DEATHS, **labels) == 1


def test_granules_count_by_sensor_and_collection(metrics: Metrics, hooks: Any) -> None:
    hooks.granule_received(granule=granule(), new=True)
    hooks.granule_received(granule=granule(), new=False)
    labels = {"sensor": "ssmis", "collection": "snow-depth-china"}
    assert metrics.value(GRANULES, new="yes", **labels) == 1
    assert metrics.value(GRANULES, new="no", **labels) == 1
    assert metrics.value(LAST_GRANULE, **labels) == pytest.approx(datetime.now(UTC).timestamp(), abs=5)


def test_waits_and_adoptions_count(metrics: Metrics, hooks: Any) -> None:
    hooks.slot_waiting(slot=SLOT, waiting_for=("tb: 37h",), due_at=None)
    hooks.product_made(slot=SLOT, outcome=outcome(adopted=True), revision=1, announcement=None)
    assert metrics.value(WAITS, product="snow-depth-china") == 1
    assert metrics.value(ADOPTED, product="snow-depth-china") == 1


def test_a_state_that_no_slot_has_any_more_is_nought(metrics: Metrics) -> None:
    metrics.show_slots({"snow-depth-china": {"waiting": 2, "dead": 1}})
    metrics.show_slots({"snow-depth-china": {"made": 3}})
    shown = {
        state: metrics.value(SLOTS, product="snow-depth-china", state=state) for state in ("waiting", "dead", "made")
    }
    assert shown == {"waiting": 0, "dead": 0, "made": 3}


@pytest.mark.parametrize("of_no_sensor", [{"mode": "reprocessing"}, {"source_format": "icestream"}], ids=str)
def test_a_backfill_and_a_product_say_nothing_of_when_a_sensor_delivered(
    metrics: Metrics, hooks: Any, of_no_sensor: dict[str, Any]
) -> None:
    hooks.granule_received(granule=granule(**of_no_sensor), new=True)
    labels = {"sensor": "ssmis", "collection": "snow-depth-china"}
    assert metrics.value(GRANULES, new="yes", **labels) == 1
    assert value(metrics, "icestream_last_granule_timestamp_seconds", **labels) is None


def test_how_long_a_granule_is_and_how_long_it_was_on_its_way_are_shown(metrics: Metrics, hooks: Any) -> None:
    hooks.granule_received(granule=granule(received_at=datetime.now(UTC) - timedelta(seconds=30)), new=True)
    assert metrics.value(GRANULE_SPAN, sensor="ssmis", collection="snow-depth-china") == 86_400
    assert metrics.value(INTAKE_LAG) == 1
    assert value(metrics, "icestream_intake_lag_seconds_sum") == pytest.approx(30, abs=5)
    assert metrics.value(CLOCK_SKEW, of="watcher") == 0


def test_a_clock_that_is_before_ours_is_seen(metrics: Metrics, hooks: Any) -> None:
    ahead = datetime.now(UTC) + timedelta(minutes=5)
    hooks.granule_received(granule=granule(received_at=ahead), new=True)
    hooks.product_made(slot=SLOT, outcome=outcome(finished_at=ahead), revision=1, announcement=None)
    assert metrics.value(CLOCK_SKEW, of="watcher") == pytest.approx(300, abs=5)
    assert metrics.value(CLOCK_SKEW, of="worker") == pytest.approx(300, abs=5)


def test_revisions_after_the_first_count_and_what_is_valid_is_shown(metrics: Metrics, hooks: Any) -> None:
    for revision, share in ((1, 0.9), (2, 0.4)):
        made = outcome(valid={"snow_depth": share})
        hooks.product_made(slot=SLOT, outcome=made, revision=revision, announcement=None)
    assert metrics.value(REVISIONS, product="snow-depth-china", family="snow-depth") == 1
    assert metrics.value(VALID, product="snow-depth-china", variable="snow_depth") == 0.4


def test_a_gauge_may_follow_what_it_shows(metrics: Metrics) -> None:
    busy = [0]
    metrics.follow(CHILDREN_BUSY, lambda: busy[0])
    busy[0] = 3
    assert metrics.value(CHILDREN_BUSY) == 3


def test_a_service_says_its_name_and_version_and_how_much_room_it_has(metrics: Metrics, tmp_path: Path) -> None:
    metrics.introduce("worker")
    metrics.show_disk(Storage(tmp_path / "not" / "there").space())
    assert metrics.value(INFO, service="worker", version=version("icestream-runtime")) == 1
    free = metrics.value(DISK_FREE, place="output")
    assert free == pytest.approx(shutil.disk_usage(tmp_path).free, rel=0.2)
    assert {place: metrics.value(DISK_FREE, place=place) > 0 for place in ("staging", "cache")} == {
        "staging": True,
        "cache": True,
    }
