"""A small world for the tests of the catalogue: a ledger with slots in every state, products on disk, a broker."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pystac
import shapely
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from icestream_catalogue.__main__ import run
from icestream_catalogue.entry import Entry, entry_of
from icestream_catalogue.store import Store
from icestream_core import naming
from icestream_core.granule import Granule
from icestream_core.message import encode
from icestream_core.outcome import Manifest, ManifestFile, Outcome
from icestream_core.plugins import load as load_plugins
from icestream_core.slot import Slot, Stage
from icestream_core.task import Task
from icestream_runtime.broker import Message
from icestream_runtime.ledger import Ledger, open_ledger
from icestream_runtime.ledger.specimens import at_least, granule, opening, same_days, sha256
from icestream_runtime.memory import MemoryBroker
from icestream_runtime.metrics import Metrics
from icestream_runtime.settings import Settings, load
from icestream_runtime.storage import Storage
from parts.process import free_ports

FIRST = datetime(2014, 2, 1, tzinfo=UTC)
CHINA = (60.0, 15.0, 140.0, 55.0)
ROLES = {
    ".nc": ("data", "application/netcdf"),
    ".png": ("quicklook", "image/png"),
    ".json": ("stac", "application/geo+json"),
}
PRODUCTS = load_plugins().products


def day_of(product: str, number: int, **given: str) -> Slot:
    """Return the slot of a product on a day after the first of February 2014."""
    start = FIRST + timedelta(days=number)
    return Slot(product=product, period=f"{start:%Y%m%d}", start=start, end=start + timedelta(days=1), **given)


class World:
    """Publishes and announces products as gatherer and worker would, without computing anything."""

    def __init__(self, root: Path, ledger_url: str = "", **given: Any) -> None:
        self.root = root
        asked = {"out": str(root), "ledger_url": ledger_url or None, "publisher_name": "Ice Office"}
        self.settings: Settings = load(**asked | {"catalogue_port": free_ports(1)[0]} | given)
        self.ledger: Ledger = open_ledger(self.settings.ledger_url.get_secret_value(), migrate=True)
        self.storage = Storage.of(self.settings)
        self.broker = MemoryBroker()
        self.metrics = Metrics()

    def register(self, *names: str) -> None:
        for name in names:
            self.ledger.register(PRODUCTS[name].record())

    def publish(
        self,
        slot: Slot,
        *,
        sources: Sequence[str] = (),
        bbox: Sequence[float] = CHINA,
        geometry: dict[str, Any] | None = None,
        content: str = "",
    ) -> Manifest:
        """Put the directory of a product in the store: a file, a picture and a STAC item."""
        target = naming.store_path(slot, sha256(slot.key + content).removeprefix("sha256:"))
        staged = self.storage.stage(slot.key)
        (staged / f"{slot.key}.nc").write_text(f"{slot.key} {content}")
        frame = PngInfo()
        frame.add_text("frame", "10 10 300 150")
        Image.new("RGB", (320, 200), (120, 170, 210)).save(staged / f"{slot.key}.png", pnginfo=frame)
        (staged / f"{slot.key}.stac.json").write_text(json.dumps(_item(slot, sources, bbox, geometry)))
        files = tuple(
            ManifestFile(
                name=path.name,
                role=ROLES[path.suffix][0],
                media_type=ROLES[path.suffix][1],
                size=path.stat().st_size,
                checksum=sha256(path.name + content),
            )
            for path in sorted(staged.iterdir())
        )
        manifest = Manifest(href=".", files=files, sensor="ssmis", platform="F17")
        (staged / "manifest.json").write_text(manifest.model_dump_json())
        return self.storage.publish(staged, target).manifest

    def make(self, slot: Slot, sources: Sequence[str] = (), *, mode: str = "forward", **published: Any) -> Granule:
        """Let a slot be made, through the ledger; return the announcement."""
        task = self.task(slot, f"input.{slot.key}.{published.get('content', '')}")
        manifest = self.publish(slot, sources=sources, **published)
        return self._finalise(task, {"status": "made", "manifest": manifest, "mode": mode})

    def void(self, slot: Slot, reason: str = "polar night") -> Granule:
        """Let a slot be void; return the announcement."""
        return self._finalise(self.task(slot, f"void.{slot.key}"), {"status": "void", "reason": reason})

    def fail(self, slot: Slot, reason: str = "the product stumbled") -> None:
        """Let a slot be dead."""
        task = self.task(slot, f"input.{slot.key}")
        self.ledger.finalise(
            [_outcome(task, {"status": "failed", "fault": "product", "reason": reason, "traceback": "..."})],
            1,
            lambda _: 0.0,
        )

    def wait_for(self, slot: Slot, *what: str, due: datetime | None = None) -> None:
        """Let a slot wait."""
        from icestream_runtime.ledger.contract import Change

        self.ledger.slots_touched(opening(slot))
        until = due or datetime.now(UTC) + timedelta(hours=6)
        self.ledger.look([slot], same_days, lambda *_: Change(state="waiting", waiting_for=what, due_at=until))

    def task(self, slot: Slot, content: str) -> Task:
        """Let a slot be tasked."""
        number = (slot.start - FIRST).days
        self.ledger.record_granules([granule(content, number, collection="tb")])
        self.ledger.slots_touched(opening(slot))
        (found,) = self.ledger.look([slot], same_days, at_least(1))
        self.ledger.task_published([found])
        return found

    def announce(self, *granules: Granule) -> None:
        for each in granules:
            family = PRODUCTS[each.collection].family if each.collection in PRODUCTS else "none"
            self.broker.publish([Message(encode(each), naming.product_key(family, each.collection))])

    def entry(self, announced: Granule) -> Entry:
        return entry_of(announced, self.storage)

    def _finalise(self, task: Task, given: dict[str, Any]) -> Granule:
        slot, outcome = task.slot, _outcome(task, given)
        self.ledger.finalise([outcome], 5, lambda _: 0.0)
        (pending,) = self.ledger.to_announce([slot])
        self.ledger.announced([pending])
        manifest = outcome.manifest
        checksum = manifest.checksum if manifest else f"sha256:{outcome.inputs_hash}"
        return naming.announcement(
            PRODUCTS[slot.product], slot, outcome, pending.revision, pending.stage, checksum, pending.finalised_at
        )

    def close(self) -> None:
        self.broker.close()
        self.ledger.close()


def again(announced: Granule, revision: int, stage: Stage = "final", **given: Any) -> Granule:
    """Return the announcement as one of another revision."""
    return announced.model_copy(update={"revision": revision, "stage": stage, **given})


def kept(store: Store, *entries: Entry) -> list[str]:
    return list(store.record(entries))


@contextmanager
def serving(world: World, **given: Any) -> Iterator[str]:
    """Run the catalogue of a world in a thread; give its address once it answers and has caught up."""
    stop = threading.Event()
    ended: list[BaseException] = []

    def be() -> None:
        try:
            run(world.settings, stop, broker=world.broker, ledger=world.ledger, storage=world.storage,
                metrics=world.metrics, **given)  # fmt: skip
        except BaseException as error:
            ended.append(error)
            raise

    thread = threading.Thread(target=be)
    thread.start()
    address = f"http://127.0.0.1:{world.settings.catalogue_port}"
    try:
        until(lambda: bool(ended) or answers(f"{address}/stac"))
        yield address
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive(), "the catalogue did not stop"
    assert ended == []


def until(true: Any, seconds: float = 20.0) -> None:
    waited = threading.Event()
    for _ in range(int(seconds / 0.05)):
        if true():
            return
        waited.wait(0.05)
    raise AssertionError(f"not within {seconds:g} s")


def answers(url: str) -> bool:
    try:
        return urllib.request.urlopen(url, timeout=5).status == 200
    except OSError:
        return False


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.loads(answer.read())


def _outcome(task: Task, given: dict[str, Any]) -> Outcome:
    asked = {"slot": task.slot, "version": task.version, "token": task.token, "inputs_hash": task.inputs_hash}
    return Outcome(**asked | {"finished_at": datetime.now(UTC), "worker": "test", "seconds": {"arrival": 4.2}} | given)


def _item(slot: Slot, sources: Sequence[str], bbox: Sequence[float], geometry: dict[str, Any] | None) -> dict[str, Any]:
    product = PRODUCTS[slot.product]
    item = pystac.Item(
        id=slot.key,
        geometry=geometry or shapely.geometry.mapping(shapely.box(*bbox)),
        bbox=list(bbox),
        datetime=slot.start,
        start_datetime=slot.start,
        end_datetime=slot.end,
        properties={
            "title": product.title,
            "icestream:version": product.version,
            "license": "other",
            "proj:code": "EPSG:4326",
            "proj:bbox": list(bbox),
        },
    )
    item.add_asset("data", pystac.Asset(f"./{slot.key}.nc", media_type="application/netcdf", roles=["data"]))
    item.add_asset(
        "quicklook", pystac.Asset(f"./{slot.key}.png", media_type="image/png", roles=["thumbnail", "overview"])
    )
    found = item.to_dict(include_self_link=False, transform_hrefs=False)
    found["links"] = [
        {
            "rel": "derived_from",
            "href": f"urn:icestream:{each.partition('.')[0]}:{each}",
            "title": each,
            "icestream:input": "tb",
            "icestream:checksum": sha256(each),
            "icestream:step": 0,
        }
        for each in sources
    ]
    return found
