"""What a product was made from and with, as words and as JSON. No clock, no host, no path: a re-make says the same."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from icestream_core.collection import Collection
from icestream_core.product import Product
from icestream_core.task import Task
from icestream_generation.fetched import Fetched
from icestream_generation.learned import SIMULATED

Files = Mapping[str, Sequence[Fetched]]


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who runs this icestream and answers for its files."""

    name: str = "not stated"
    institution: str = "not stated"
    url: str = "not stated"
    email: str = "not stated"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Everything that the files of one make say about where they come from.

    learned : by input of fitted parameters, what they were learned from: "data", "ledger" or "simulated"
    inherited : those parameters behind the inputs that were learned from the simulated world
    """

    product: Product
    task: Task
    files: Files
    collections: Mapping[str, Collection]
    software: Mapping[str, str]
    publisher: Publisher
    learned: Mapping[str, str] = field(default_factory=dict)
    inherited: tuple[str, ...] = ()

    @property
    def created(self) -> str:
        return f"{self.task.created_at:%Y-%m-%dT%H:%M:%SZ}"

    @property
    def inputs(self) -> list[dict[str, Any]]:
        """Each granule, by input: its collection, id, checksum and step; void ones with their reason."""
        return [
            {
                "input": name,
                "collection": file.granule.collection,
                "granule": file.granule.granule_id,
                "checksum": file.granule.checksum,
                "step": file.step,
            }
            | ({"void": file.granule.void} if file.granule.void else {})
            for name, files in self.files.items()
            for file in files
        ]

    @property
    def record(self) -> str:
        """The whole of it as JSON, keys in order."""
        whole = {
            "product": self.product.name,
            "version": self.product.version,
            "slot": self.task.slot.key,
            "inputs_hash": self.task.inputs_hash,
            "inputs": self.inputs,
            "missing": list(self.task.missing),
            "options": dict(self.product.options),
            "software": dict(self.software),
        }
        return json.dumps(whole, sort_keys=True, ensure_ascii=True)

    @property
    def sources(self) -> list[str]:
        """The collections read, each with its title and DOI where they are known."""
        names = dict.fromkeys(file.granule.collection for files in self.files.values() for file in files)
        return [self._source(name) for name in names]

    @property
    def licence(self) -> str:
        terms = [
            f"{name}: {self.collections[name].licence}"
            for name in self.collections_used
            if name in self.collections and self.collections[name].licence
        ]
        return "Derived data; the terms of its inputs apply. " + ("; ".join(terms) or "No terms are stated by them.")

    @property
    def collections_used(self) -> list[str]:
        return list(dict.fromkeys(file.granule.collection for files in self.files.values() for file in files))

    @property
    def platforms(self) -> str:
        return self._words("platform")

    @property
    def sensors(self) -> str:
        return self._words("sensor")

    @property
    def missing(self) -> str:
        return "; ".join(self.task.missing) or "none"

    @property
    def parameters(self) -> dict[str, dict[str, str]]:
        """By input of fitted parameters, the set and what it was learned from."""
        return {
            name: {"set": self.files[name][0].granule.granule_id, "learned_from": origin or "not stated"}
            for name, origin in self.learned.items()
        }

    @property
    def simulated(self) -> list[str]:
        """The inputs of parameters that the simulated world taught."""
        return [name for name, origin in self.learned.items() if origin == SIMULATED]

    @property
    def history(self) -> str:
        count = sum(len(files) for files in self.files.values())
        return f"{self.created} icestream {self.product.name} {self.product.version}: made from {count} granules"

    def _words(self, field: str) -> str:
        words = {
            getattr(file.granule, field)
            for name, files in self.files.items()
            if not self.product.inputs[name].timeless
            for file in files
        }
        return ", ".join(sorted(words - {"", "none"}))

    def _source(self, name: str) -> str:
        known = self.collections.get(name)
        if known is None:
            return name
        return f"{name} ({known.title}" + (f", doi:{known.doi})" if known.doi else ")")
