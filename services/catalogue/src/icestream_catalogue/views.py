"""What the page asks beside the STAC API: how products do, their slots, lineage, and what changes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, HTTPException, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent

from icestream_catalogue.live import Live, TooManyListeners
from icestream_catalogue.mesh import NoMesh, mesh
from icestream_catalogue.store import Store
from icestream_catalogue.timeline import QUEUED, described, quantiles, time_limits
from icestream_core.errors import LedgerError
from icestream_runtime.ledger.contract import Ledger

MOST_SLOTS: Final = 1000
MOST_NODES: Final = 400
MAKES: Final = 400
TOLD: Final = (
    "name", "version", "title", "summary", "family", "datasets", "fidelity", "designed", "accuracy", "keywords",
    "references", "tiled", "variants",
)  # fmt: skip
"""What of a record the page shows."""

Name = Annotated[str, Query(pattern=r"^[a-z0-9][a-z0-9-]{0,99}$")]
Steps = Annotated[int, Query(ge=0, le=6)]


class Views:
    """Reads the ledger by its contract, and writes nothing."""

    def __init__(self, store: Store, ledger: Ledger, live: Live, publisher: Mapping[str, str]) -> None:
        self._store, self._ledger, self._live, self._publisher = store, ledger, live, publisher

    def router(self) -> APIRouter:
        routes = APIRouter(prefix="/api", tags=["page"])
        routes.add_api_route("/overview", self.overview, methods=["GET"], summary="How every product does")
        routes.add_api_route("/slots", self.slots, methods=["GET"], summary="The slots of a product")
        routes.add_api_route("/products/{name}", self.product, methods=["GET"], summary="A product")
        routes.add_api_route("/items/{item_id}/lineage", self.lineage, methods=["GET"], summary="From what, to what")
        routes.add_api_route("/items/{item_id}/mesh", self.mesh, methods=["GET"], summary="Where its cells lie")
        routes.add_api_route(
            "/events", self.events, methods=["GET"], response_class=EventSourceResponse, summary="What changes"
        )
        return routes

    def overview(self) -> dict[str, Any]:
        """Return every product with its items, the states of its slots and its latency."""
        records, extents = self._store.records(), self._store.extents()
        counts: dict[str, dict[str, int]] = {}
        away = ""
        try:
            counts = self._ledger.counts()
        except LedgerError:
            away = "the ledger is away: what is late or waits cannot be told"
        products = []
        for name in sorted(records.keys() | extents.keys() | counts.keys()):
            record, extent = records.get(name, {}), extents.get(name)
            products.append(
                {
                    "name": name,
                    "title": record.get("title", name),
                    "family": record.get("family", ""),
                    "datasets": record.get("datasets", []),
                    "items": extent.items if extent else 0,
                    "bbox": extent.bbox if extent else None,
                    "start": extent.start if extent else None,
                    "end": extent.end if extent else None,
                    "announced": extent.announced if extent else None,
                    "latest": self._store.latest(name) if extent else None,
                    "states": counts.get(name, {}),
                    "latency": quantiles(self._store.latencies(name)) if extent else None,
                }
            )
        return {"now": self._store.clock(), "publisher": self._publisher, "away": away, "products": products}

    def slots(self, product: Name, limit: Annotated[int, Query(ge=1, le=MOST_SLOTS)] = 400) -> dict[str, Any]:
        """Return the slots of a product that changed last."""
        limits = time_limits(self._store.records())
        try:
            now = self._ledger.clock()
            rows = self._ledger.slots(product=product, limit=limit)
        except LedgerError:
            raise HTTPException(503, "the ledger is away; ask again in a while") from None
        found = [described(row, now, limits.get(product, QUEUED)) for row in rows]
        return {"now": now, "slots": sorted(found, key=lambda each: (each["start"], each["slot"]))}

    def product(self, name: str) -> dict[str, Any]:
        """Return what is told of a product, and its latencies."""
        record = self._store.records().get(name)
        if record is None:
            raise HTTPException(404, f"there is no record of a product {name}")
        arrivals: list[float] | None = None
        try:
            makes = self._ledger.recent(MAKES)
            arrivals = [
                make["seconds"]["arrival"]
                for make in makes
                if make["product"] == name and make["mode"] == "forward" and "arrival" in make["seconds"]
            ]
        except LedgerError:
            arrivals = None
        latencies = self._store.latencies(name)
        reads = [
            {
                "input": input_name,
                "role": entry["role"],
                "collections": [source["collection"] for source in entry["sources"]],
            }
            for input_name, entry in record["inputs"].items()
        ]
        return {
            "record": {key: record.get(key) for key in TOLD},
            "reads": reads,
            "writes": [_written(key, written) for key, written in record["writes"].items()],
            "latencies": latencies,
            "latency": quantiles(latencies),
            "arrival": quantiles(arrivals) if arrivals else None,
            "publisher": self._publisher,
        }

    def lineage(self, item_id: str, back: Steps = 4, forward: Steps = 4) -> dict[str, Any]:
        """Return the graph around an item or a granule."""
        graph = self._store.lineage(item_id[:200], back, forward, MOST_NODES)
        if len(graph.nodes) == 1 and graph.nodes[0].kind == "granule":
            raise HTTPException(404, f"nothing is known of {item_id[:200]}")
        return {
            "nodes": [node._asdict() for node in graph.nodes],
            "edges": [edge._asdict() for edge in graph.edges],
            "left_out": graph.left_out,
        }

    def mesh(self, item_id: str) -> dict[str, Any]:
        """Return where the cells of a raster lie."""
        found = self._store.item(item_id[:200])
        if found is None:
            raise HTTPException(404, f"there is no item {item_id[:200]}")
        try:
            return mesh(found.body["properties"])
        except NoMesh as error:
            raise HTTPException(404, f"{item_id[:200]} cannot be laid on a map: {error}") from None

    async def events(self) -> AsyncIterator[ServerSentEvent]:
        """Tell what changes, until the page is closed."""
        try:
            with self._live.listen() as listener:
                yield ServerSentEvent(event="hello", data={}, retry=3000)
                async for event in listener.events():
                    if event is None:
                        yield ServerSentEvent(comment="still here")
                    else:
                        yield ServerSentEvent(event=event[0], data=event[1])
        except TooManyListeners:
            # The page falls back to asking now and then; it tries again after the time given here.
            yield ServerSentEvent(event="full", data={}, retry=60_000)


def _written(name: str, written: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "unit": written.get("unit", ""), "long_name": written.get("long_name", "")}
