"""Off by default; on demand, one trace tells the way of a granule from its file to the products of products."""

from __future__ import annotations

import importlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from icestream_core import naming
from icestream_core.errors import SettingsError
from icestream_core.granule import Granule
from icestream_gatherer.__main__ import run as run_gatherer
from icestream_runtime.ledger import Ledger, open_ledger
from icestream_runtime.memory import MemoryBroker
from icestream_runtime.metrics import Metrics
from icestream_runtime.settings import Settings
from icestream_runtime.storage import Storage
from icestream_runtime.topology import topology
from icestream_runtime.tracing import Tracer
from icestream_watcher.__main__ import watcher
from icestream_worker.__main__ import run as run_worker
from icestream_worker.children import InlineChildren
from worker.tasks import load_tally

SOON = 60.0


@pytest.fixture(autouse=True)
def tally(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugin `tally`, installed as a third party's is."""
    monkeypatch.syspath_prepend(root / "tests" / "parts" / "tally")
    importlib.invalidate_caches()


@contextmanager
def stream(root: Path, tracer: Tracer | None) -> Iterator[tuple[Ledger, Path]]:
    """Run watcher, gatherer and worker of the tally in threads, all with this tracer."""
    watched, plugins, stop = root / "watched", load_tally(), threading.Event()
    watched.mkdir()
    settings = Settings(out=str(root / "out"), stable_seconds=0.05, settle_seconds=0.5, tick_seconds=0.05)
    broker, ledger = MemoryBroker(), open_ledger(settings.ledger_url.get_secret_value(), migrate=True)
    broker.apply(topology((), [naming.registration_key("*")]))
    products = [plugins.products[name] for name in ("tally-square", "tally-sum")]
    storage, metrics = Storage.of(settings), Metrics()
    watching = watcher(settings, [watched], broker, list(plugins.collections.values()), metrics, tracer=tracer)
    with ThreadPoolExecutor(3) as threads:
        parts = [
            threads.submit(run_gatherer, settings, stop, broker=broker, ledger=ledger, storage=storage, tracer=tracer),
            threads.submit(
                run_worker, settings, products, stop,
                broker=broker, storage=storage, children=InlineChildren(plugins), tracer=tracer,
            ),
            threads.submit(watching.run, stop),
        ]  # fmt: skip
        try:
            yield ledger, watched
        finally:
            stop.set()
            for part in parts:
                part.result(SOON)
    broker.close()
    ledger.close()


def until(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + SOON
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def announced(ledger: Ledger, collection: str) -> list[Granule]:
    return [granule for granule, _ in ledger.granules(collection=collection)]


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracer(exporter: InMemorySpanExporter) -> Iterator[Tracer]:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = Tracer(provider)
    yield tracer
    tracer.close()


def test_one_trace_leads_from_a_file_to_the_product_of_its_product(
    tmp_path: Path, tracer: Tracer, exporter: InMemorySpanExporter
) -> None:
    with stream(tmp_path, tracer) as (ledger, watched):
        (watched / "count_20260301T120000_a.txt").write_text("3\n")
        until(lambda: any(row.slot.product == "tally-sum" and row.state == "made" for row in ledger.slots()))
        until(lambda: any(_of(span, "product") == "tally-sum" for span in _named(exporter, "product announced")))
        (square,) = announced(ledger, "tally-square")
    spans = exporter.get_finished_spans()
    assert {span.context.trace_id for span in spans if span.context} == {int(square.traceparent.split("-")[1], 16)}
    (seen,) = _named(exporter, "granule seen")
    assert seen.parent is None
    (recorded,) = _named(exporter, "granule recorded")
    first, second = sorted(_named(exporter, "slot made"), key=lambda span: span.start_time or 0)
    assert (_of(first, "product"), _of(second, "product")) == ("tally-square", "tally-sum")
    assert _follows(recorded, seen) and _follows(first, seen) and _follows(second, first)
    steps = [span.name for span in spans if _follows(span, first) and not span.name.startswith(("slot", "product"))]
    assert steps == ["fetch", "open", "compute", "write", "publish"]
    told = [span for span in _named(exporter, "product announced") if _follows(span, first)]
    assert [_of(span, "outcome") for span in told] == ["made"]
    assert all((span.end_time or 0) >= (span.start_time or 0) for span in spans)


def test_a_failure_is_an_error_in_the_trace(tmp_path: Path, tracer: Tracer, exporter: InMemorySpanExporter) -> None:
    with stream(tmp_path, tracer) as (_, watched):
        (watched / "count_20260301T120000_a.txt").write_text("three\n")
        until(lambda: bool(_named(exporter, "failure counted")))
    (made,) = _named(exporter, "slot made")
    assert not made.status.is_ok and "holds no number" in str(made.status.description)


def test_without_an_endpoint_nothing_is_traced_and_messages_are_what_they_were(tmp_path: Path) -> None:
    assert Tracer.of(Settings(), "worker") is None
    with stream(tmp_path, None) as (ledger, watched):
        (watched / "count_20260301T120000_a.txt").write_text("3\n")
        until(lambda: bool(announced(ledger, "tally-square")))
        (square,) = announced(ledger, "tally-square")
    assert square.traceparent == ""


def test_nothing_of_opentelemetry_is_imported_without_an_endpoint() -> None:
    code = (
        "import sys; from icestream_runtime.tracing import Tracer; from icestream_runtime.settings import Settings\n"
        "Tracer.of(Settings(), 'x'); print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_an_endpoint_without_the_packages_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(SettingsError, match=r"pip install .icestream-runtime\[traces\]"):
        Tracer.of(Settings(trace_endpoint="http://127.0.0.1:1/v1/traces"), "worker")


def _named(exporter: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [span for span in exporter.get_finished_spans() if span.name == name]


def _of(span: ReadableSpan, attribute: str) -> object:
    return (span.attributes or {}).get(f"icestream.{attribute}")


def _follows(span: ReadableSpan, other: ReadableSpan) -> bool:
    return span.parent is not None and other.context is not None and span.parent.span_id == other.context.span_id
