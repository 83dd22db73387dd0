"""The contract of a product, as tests: subclass it and give a fixture `case`, and pytest runs it on your product.

    class TestMyProduct(ProductContract):
        @pytest.fixture
        def case(self, tmp_path): return Case(PRODUCT, task, files, collections)

It needs compliance-checker and pystac's validation, which are development dependencies.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from icestream_core.collection import Collection
from icestream_core.errors import Void
from icestream_core.naming import canonical_filename, dataset_path, delivery_filename
from icestream_core.product import Product, product_of
from icestream_core.slot import Slot
from icestream_core.task import Task
from icestream_core.variable import Variable
from icestream_generation.compliance import findings
from icestream_generation.delivery_values import described
from icestream_generation.fetched import Fetched
from icestream_generation.generate import Generated, compute, generate
from icestream_generation.inputs import Gathered, open_inputs
from icestream_generation.manifest import MANIFEST, sha256
from icestream_generation.product_output import open_output
from icestream_generation.stac import validate_item


@dataclass(frozen=True, slots=True)
class Case:
    """A product and something small to make it of."""

    product: Product
    task: Task
    files: Mapping[str, Sequence[Fetched]]
    collections: Mapping[str, Collection]

    def gather(self) -> Gathered:
        return open_inputs(self.product, self.files, self.collections)

    def make(self, out: Path) -> Generated:
        out.mkdir(parents=True)
        return generate(self.product, self.task, self.files, self.collections, out, {"icestream": "0.0.0"})


@dataclass(frozen=True, slots=True)
class Made:
    """What came of a case, and where it lies."""

    out: Path
    generated: Generated

    @classmethod
    def of(cls, case: Case, out: Path) -> Made:
        return cls(out, case.make(out))


class ProductContract:
    """What every product keeps. A product that takes long to make may be made once: give a fixture `made` as well."""

    @pytest.fixture
    def made(self, case: Case, tmp_path: Path) -> Made:
        return Made.of(case, tmp_path / "made")

    def test_its_record_survives_the_way_through_json(self, case: Case) -> None:
        assert product_of(case.product.record()).record() == case.product.record()

    def test_its_record_says_what_people_need_to_know(self, case: Case) -> None:
        product = case.product
        assert len(product.title) > 10
        assert len(product.summary) > len(product.title)
        assert product.keywords, "keywords"
        assert product.references, "references: the paper or dataset that it rests on"
        assert product.fidelity == "published-formula" or product.designed, "designed: what is not the paper's"
        assert all(written.long_name for written in product.writes.values())
        taken = _taken_for_missing(product)
        assert not taken, f"no data that a value may be: {', '.join(taken)}"

    def test_its_function_changes_none_of_its_inputs(self, case: Case) -> None:
        given, kept = case.gather(), case.gather()
        compute(case.product, case.task, given)
        for name, data in kept.inputs.items():
            if isinstance(data, xr.Dataset):
                assert data.identical(given.inputs[name]), f"input {name} was changed"
            else:
                assert data == given.inputs[name], f"input {name} was changed"

    def test_its_function_answers_the_same_twice(self, case: Case) -> None:
        first, second = (compute(case.product, case.task, case.gather()) for _ in range(2))
        if not hasattr(first, "keys"):
            assert first == second
            return
        assert set(first.keys()) == set(second.keys())
        for name in first.keys():  # noqa: SIM118 - a Dataset iterates over its data alone
            np.testing.assert_array_equal(np.asarray(first[name]), np.asarray(second[name]), str(name))

    def test_where_nothing_was_seen_it_makes_nothing_up(self, case: Case) -> None:
        gathered = case.gather()
        blank = {
            name: _blanked(data) if case.product.inputs[name].triggers else data
            for name, data in gathered.inputs.items()
        }
        try:
            returned = compute(case.product, case.task, gathered._replace(inputs=blank))
        except Void as void:
            assert str(void), "a void outcome says why"
            return
        for name, written in case.product.writes.items():
            if isinstance(written, Variable):
                made_up = int(np.isfinite(np.asarray(returned[name], np.float64)).sum())
                assert made_up == 0, f"{name} has {made_up} values where no input has one"

    def test_it_keeps_its_promises(self, case: Case, made: Made) -> None:
        manifest = made.generated.manifest
        for file in manifest.files:
            path = made.out / file.name
            assert (path.stat().st_size, f"sha256:{sha256(path)}") == (file.size, file.checksum), file.name
        (master,) = manifest.of_role("data")
        if master.name.endswith(".nc"):
            opened = open_output(made.out / master.name)
            assert case.product.writes.keys() <= set(opened.data.data_vars)
        assert len(manifest.of_role("delivery")) >= len(case.product.deliveries)

    def test_the_same_inputs_give_the_same_bytes(self, case: Case, made: Made, tmp_path: Path) -> None:
        again = Made.of(case, tmp_path / "again")
        assert again.generated.manifest == made.generated.manifest
        assert (again.out / MANIFEST).read_bytes() == (made.out / MANIFEST).read_bytes()

    def test_no_two_of_its_files_have_one_name(self, case: Case) -> None:
        product, slot = case.product, case.task.slot
        slots = [slot, *_neighbours(product, slot)]
        names = [
            f"{dataset_path(each)}/{delivery_filename(delivery, each)}"
            for each in slots
            for delivery in product.deliveries
        ]
        names += [canonical_filename(each) for each in slots]
        assert sorted(names) == sorted(set(names))

    def test_the_cf_and_acdd_checker_finds_nothing(self, case: Case, made: Made) -> None:
        unnamed = [name for name, written in case.product.writes.items() if not written.standard_name]
        for file in made.generated.manifest.files:
            if file.name.endswith(".nc"):
                found = findings(made.out / file.name)
                assert [each for each in found if not _excused(each, unnamed)] == []

    def test_its_stac_item_is_valid(self, case: Case, made: Made) -> None:
        (entry,) = made.generated.manifest.of_role("stac")
        item = validate_item(made.out / entry.name)
        granules = {file.granule.granule_id for files in case.files.values() for file in files}
        assert {link["title"] for link in item["links"] if link["rel"] == "derived_from"} == granules


def _taken_for_missing(product: Product) -> list[str]:
    """Return the deliveries whose nodata is a value that may occur, or the code of another class than the fill."""
    found = []
    for delivery in product.deliveries:
        form = described(delivery, product.writes[delivery.variable])
        if isinstance(form, Variable):
            lowest, highest = form.valid
            taken = lowest <= delivery.nodata <= highest
        else:
            taken = form.fill not in (None, delivery.nodata) and delivery.nodata in form.meanings
        if taken:
            found.append(f"{delivery.name}: {delivery.nodata:g} {delivery.unit}")
    return found


def _blanked(data: Any) -> Any:
    if not isinstance(data, xr.Dataset):
        return data
    seen = {name: field for name, field in data.data_vars.items() if field.dtype.kind == "f"}
    return data.assign({name: xr.full_like(field, np.nan) for name, field in seen.items()})


def _neighbours(product: Product, slot: Slot) -> list[Slot]:
    found = []
    later = product.period.shift(slot.interval, 1)
    if later is not None:
        found.append(slot.model_copy(update={"start": later.start, "end": later.end, "period": later.label}))
    if product.tiled:
        found.append(slot.model_copy(update={"tile": f"{slot.tile}-other"}))
    found += [slot.model_copy(update={"variant": other}) for other in product.variants if other != slot.variant]
    return found


def _excused(finding: str, unnamed: Sequence[str]) -> bool:
    """ACDD recommends a standard name; CF has none for some quantities, and then the record says none."""
    return any(
        re.search(rf'variable "{re.escape(name)}" missing the following attributes:: standard_name$', finding)
        for name in unnamed
    )
