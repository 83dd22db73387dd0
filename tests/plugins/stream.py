"""A small stream for tests: granules simulated in their real formats, and what our products make of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path

from icestream_core.collection import recognise
from icestream_core.fit import Fitted, parameter_filename
from icestream_core.granule import Asset, Granule
from icestream_core.naming import announcement
from icestream_core.outcome import Outcome
from icestream_core.period import Interval
from icestream_core.pick import library_granule
from icestream_core.plugins import Plugins, load
from icestream_core.product import OnGrid, Product
from icestream_core.slot import Slot
from icestream_core.task import Task, TaskInput, inputs_hash
from icestream_core.window import spans
from icestream_generation.fetched import Fetched
from icestream_generation.product_contract import Case
from icestream_readers.parameters_file import write_nc, write_toml
from icestream_simulator.radiometer import Pass
from icestream_simulator.simulate import COLLECTIONS, cold_pass, simulate
from icestream_simulator.training import TRAINING
from icestream_simulator.truth import Truth

TILE = "h25v05"
MICROWAVE = "microwave"
FITTED = "fitted"
"""A set of parameters that the product learns from simulated training rows."""
BOX = (78.0, 28.0, 92.0, 38.0)
"""West, south, east, north of the part of the globe on which global products are made here."""
ALTAI = (83.0, 41.0, 95.0, 45.0)
"""The same for QuikSCAT: here snow of the simulated world melts in the last days of March."""
RECIPES = {
    "cold-pass-tb": {"tb": MICROWAVE},
    "snow-depth-global": {
        "tb": "cold-pass-tb",
        "elevation": "library-altitude",
        "land": "library-land",
        "coefficients": FITTED,
    },
    "snow-depth-china": {"tb": "cold-pass-tb", "elevation": "library-altitude", "land": "library-land"},
    "snow-cover-hma": {"terra": "mod10a2", "aqua": "myd10a2"},
    "snow-cover-probability": {"cover": "snow-cover-hma"},
    "swe-tibet-005": {"depth": "snow-depth-tibet-005", "cover": "snow-cover-hma"},
    "snow-depth-tibet-005": {
        "depth": "snow-depth-china",
        "probability": "snow-cover-probability",
        "cover": "snow-cover-hma",
    },
    "freeze-thaw-three-river-source": {"tb": "cold-pass-tb", "land": "library-land", "thresholds": FITTED},
    "freeze-thaw-global-025": {"tb": "cold-pass-tb", "land": "library-land", "discriminants": FITTED},
    "sentinel1-gamma0-qtec": {"radar": "sentinel1-grd"},
    "seasonal-scaling-qtec": {"radar": "sentinel1-gamma0-qtec"},
    "frost-indicators-qtec": {"cold": "freeze-thaw-global-025", "lst": "mod11a1"},
    "freeze-thaw-qtec-100m": {"scaling": "seasonal-scaling-qtec", "indicators": "frost-indicators-qtec"},
    "freeze-thaw-global-005": {"coarse": "freeze-thaw-global-025", "lst": "myd11c1"},
    "melt-onset-high-asia": {"tb": "cold-pass-tb", "elevation": "library-altitude", "land": "library-land"},
    "melt-onset-high-asia-years": {"onset": "melt-onset-high-asia", "elevation": "library-altitude"},
    "melt-onset-quikscat": {"radar": "quikscat", "land": "library-land"},
    "melt-reference-greenland": {"tb": "cold-pass-tb"},
    "melt-reference-antarctica": {"tb": "cold-pass-tb"},
    "surface-melt-greenland": {
        "tb": "cold-pass-tb",
        "own_reference": "melt-reference-greenland",
        "reference": "melt-reference-greenland",
        "albedo": "glass-albedo",
        "ice": "ease-loci-mask",
        "land": "library-land",
    },
    "surface-melt-antarctica": {
        "tb": "cold-pass-tb",
        "own_reference": "melt-reference-antarctica",
        "reference": "melt-reference-antarctica",
        "albedo": "glass-albedo",
        "ice": "ease-loci-mask",
        "land": "library-land",
    },
}
"""What each product is made of: a simulated collection, a library's map, a product, or a set of parameters that is
fitted on the simulated world."""


@cache
def learned(name: str) -> Fitted:
    """Return what a product's parameters are in the simulated world."""
    fit = load().product(name).fit
    assert fit is not None
    return fit.learn(TRAINING[name](3, lambda _done, _total: None), 3)


SCENES = (date(2016, 2, 10), date(2016, 7, 27))
"""Winter and summer of the radar, before its day."""
EARLIER = {"sentinel1-grd": SCENES, "quikscat": (date(2007, 1, 20), date(2007, 1, 24), date(2007, 1, 28))}
"""Days before that of the stream of which there are granules too."""
PASSES: dict[str, list[Pass]] = {"quikscat": ["D"]}
"""Of collections that are read of one pass alone here."""
RADAR_DAY = date(2016, 9, 13)
"""A descending scene over Nagqu on which a sixth of the ground is frozen."""
CORRIDOR = ("sentinel1-gamma0-qtec", "seasonal-scaling-qtec", "frost-indicators-qtec", "freeze-thaw-qtec-100m")
ELSEWHERE = {
    **dict.fromkeys(CORRIDOR, ("NL", RADAR_DAY)),
    "melt-onset-quikscat": ("ChJ", date(2007, 3, 26)),
    "melt-reference-antarctica": ("SL", date(2013, 7, 10)),
    "surface-melt-antarctica": ("SL", date(2014, 2, 4)),
}
"""Products of another hemisphere or season than the stream's: the EASE-Grid and the day that they are made of."""
NAGQU = (396_000.0, 3_477_000.0, 414_000.0, 3_494_000.0)
CUTS = {
    "surface-melt-antarctica": (-75.0, -75.0, -55.0, -62.0),
    "melt-onset-quikscat": ALTAI,
    "snow-depth-global": (5_226_579.0, 4_336_682.0, 10_240_083.0, 5_840_733.0),
} | {name: NAGQU for name in CORRIDOR if name != "frost-indicators-qtec"}
"""West, south, east and north, in the grid's own coordinates: a part of a grid, where the whole of it is large."""


class Stream:
    """One day of one microwave sensor and the eight days of MODIS around it; everything is made once.

    microwave : the collection of the sensor
    platform : the one in orbit where empty
    extra : more inputs by product and input: files that lie in the folder of the stream
    grid : the EASE-Grid of the sensor's files
    """

    def __init__(
        self,
        root: Path,
        plugins: Plugins,
        day: date,
        microwave: str = "nsidc-0032",
        platform: str | None = None,
        extra: Mapping[str, Mapping[str, Path]] | None = None,
        grid: str = "NL",
    ) -> None:
        self.root, self.plugins, self.day = root, plugins, day
        self.microwave, self.platform, self.extra = microwave, platform, extra or {}
        self.morning = datetime.combine(day, time(), tzinfo=UTC)
        self.truth = Truth(seed=3)
        self.grid = grid
        self.others: dict[tuple[str, date], Stream] = {}
        self.seen: dict[str, list[Fetched]] = {}
        self.made: dict[str, list[Fetched]] = {}

    def observed(self, collection: str) -> list[Fetched]:
        """Return the granules of the day, of the cold pass or of the eight days, of a collection."""
        if collection not in self.seen:
            microwave = collection in ("nsidc-0032", "nsidc-0071", "amsr2-l3-tb")
            earlier = EARLIER.get(collection, ())
            passes = [cold_pass(collection, self.day, self.platform)] if microwave else PASSES.get(collection)
            folder = self.root / collection
            folder.mkdir()
            paths = [
                path
                for day in (*earlier, self.day)
                for path in simulate(
                    collection,
                    day,
                    day,
                    folder,
                    truth=self.truth,
                    platform=self.platform if microwave else None,
                    passes=passes,
                    grid=self.grid,
                    tiles=(TILE,),
                    box=ALTAI if collection == "quikscat" else BOX,
                )
            ]
            self.seen[collection] = [self.fetched(path) for path in paths if path.suffix != ".TIM"]
        return self.seen[collection]

    def of(self, product: str) -> Stream:
        """Return the stream of which a product is made: this one, or one of another hemisphere or season."""
        grid, day = ELSEWHERE.get(product, (self.grid, self.day))
        if (grid, day) == (self.grid, self.day):
            return self
        if (grid, day) not in self.others:
            root = self.root / f"{grid}-{day:%Y%m%d}"
            root.mkdir()
            self.others[grid, day] = Stream(root, self.plugins, day, grid=grid)
            self.others[grid, day].truth = self.truth
            self.others[grid, day].others = self.others
        return self.others[grid, day]

    def output(self, product: str) -> list[Fetched]:
        """Return what a product of ours makes, as the granule that others read."""
        if self.of(product) is not self:
            return self.of(product).output(product)
        if product not in self.made:
            self.made[product] = [
                self._made(case, self.root / (product if number == 0 else f"{product}-{number}"))
                for number, case in enumerate(self.cases(product))
            ]
        return self.made[product]

    def _made(self, case: Case, folder: Path) -> Fetched:
        manifest = case.make(folder).manifest
        (master,) = manifest.of_role("data")
        outcome = Outcome(
            slot=case.task.slot,
            version=case.product.version,
            token=case.task.token,
            inputs_hash=case.task.inputs_hash,
            status="made",
            manifest=manifest,
            finished_at=self.morning,
        )
        told = announcement(case.product, case.task.slot, outcome, 1, "final", manifest.checksum, self.morning)
        return Fetched(TaskInput(granule=told), folder / master.name)

    def cases(self, name: str) -> list[Case]:
        """Return the cases of a product: one for each granule, where each is a period of its own."""
        if self.plugins.product(name).period.kind != "granule":
            return [self.case(name)]
        files = self.files(name)
        (entry,) = files
        return [self.case(name, given={entry: [file]}) for file in files[entry]]

    def case(
        self,
        name: str,
        recipe: Mapping[str, str] | None = None,
        given: Mapping[str, Sequence[Fetched]] | None = None,
    ) -> Case:
        """Return a product with what it is made of.

        recipe : another one than that of RECIPES
        given : the files themselves, instead of a recipe
        """
        if self.of(name) is not self:
            return self.of(name).case(name, recipe, given)
        if given is None and self.plugins.product(name).period.kind == "granule":
            return self.cases(name)[-1]
        product, files = self.plugins.product(name), given or self.files(name, recipe)
        if name in CUTS and isinstance(product.kind, OnGrid):
            cut = product.kind.grid.cut(f"{product.kind.grid.name}-cut", *CUTS[name])
            product = product.model_copy(update={"kind": OnGrid(grid=cut)})
        elif isinstance(product.kind, OnGrid) and product.kind.grid.width * product.kind.grid.cell[0] == 360.0:
            window = product.kind.grid.cut(f"{product.kind.grid.name}-part", *BOX)
            product = product.model_copy(update={"kind": OnGrid(grid=window)})
        first = next(iter(files.values()))[-1].granule
        alone = product.period.kind == "granule"
        interval = (
            product.period.of_granule(first.start, first.end)[0] if alone else product.period.containing(self.morning)
        )
        assert interval is not None
        files = {entry: _placed(product, entry, interval, found) for entry, found in files.items()}
        slot = Slot(
            product=name,
            period=interval.label,
            start=interval.start,
            end=interval.end,
            tile=first.tile if product.tiled else "",
            variant=first.variant if first.variant in product.variants else (*product.variants, "")[0],
        )
        inputs = {entry: tuple(file.entry for file in found) for entry, found in files.items()}
        task = Task(
            slot=slot,
            version=product.version,
            token="0" * 16,
            inputs_hash=inputs_hash(inputs, product.options),
            inputs=inputs,
            created_at=self.morning + timedelta(days=1, hours=6),
        )
        return Case(product, task, files, self.plugins.collections)

    def files(self, name: str, recipe: Mapping[str, str] | None = None) -> dict[str, Sequence[Fetched]]:
        """Return the files of a product's inputs, by name; of the microwave sensor those parts that it reads."""
        found: dict[str, Sequence[Fetched]] = {}
        for entry, origin in (recipe or RECIPES[name]).items():
            if origin == MICROWAVE:
                sources = [
                    s for s in self.plugins.product(name).inputs[entry].sources if s.collection == self.microwave
                ]
                seen = self.observed(self.microwave)
                platform = seen[0].granule.platform
                (source,) = [s for s in sources if not s.platforms or platform in s.platforms]
                parts = source.needs + source.wants
                found[entry] = [file for file in seen if file.granule.part in parts]
            elif origin == FITTED:
                found[entry] = [self.fetched(self.fitted(name))]
            elif origin.startswith("library-"):
                found[entry] = [Fetched(TaskInput(granule=library_granule(origin)))]
            else:
                seen = self.observed(origin) if origin in COLLECTIONS else self.output(origin)
                sources = self.plugins.product(name).inputs[entry].sources
                parts = next(source.needs for source in sources if source.collection == origin)
                found[entry] = [file for file in seen if not parts or file.granule.part in parts]
        for entry, path in self.extra.get(name, {}).items():
            found[entry] = [self.fetched(path)]
        return found

    def fitted(self, name: str) -> Path:
        """Return the set of parameters of a product, learned from simulated training rows."""
        product = self.plugins.product(name)
        assert product.fit is not None
        (source,) = product.inputs[product.fit.parameters].sources
        collection = self.plugins.collections[source.collection]
        path = self.root / parameter_filename(collection, self.morning)
        if not path.exists():
            write = write_nc if path.suffix == ".nc" else write_toml
            write(path, learned(name), collection.columns, {"product": name, "learned_from": "simulated"})
        return path

    def fetched(self, path: Path) -> Fetched:
        """Return a file as a fetched granule."""
        known = recognise(path.name, self.plugins.collections.values())
        assert known is not None, f"no collection knows {path.name}"
        collection, facts = known
        told = {key: value for key, value in facts._asdict().items() if key != "produced"}
        checksum = f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
        granule = Granule(
            **told,
            checksum=checksum,
            collection=collection.name,
            sensor=collection.sensor_of(facts.platform),
            assets=(Asset(href=path.name, size=path.stat().st_size, checksum=checksum),),
            published_at=self.morning,
            received_at=self.morning,
        )
        return Fetched(TaskInput(granule=granule), path)


def _placed(product: Product, entry: str, interval: Interval, files: Sequence[Fetched]) -> Sequence[Fetched]:
    """Return the files of an input, each in the step of the window that it lies in."""
    windows = spans(product.inputs[entry].window, product.period, interval)
    steps = {
        file.granule.granule_id: step
        for file in files
        for step, near in windows
        if step and near.start <= file.granule.start < near.end
    }
    return [
        Fetched(file.entry.model_copy(update={"step": steps.get(file.granule.granule_id, 0)}), file.path)
        for file in files
    ]
