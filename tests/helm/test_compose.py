"""The compose file is one, runs every service and product, and names only what there is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import check_jsonschema
import jsonschema
import pytest
import yaml

from icestream_core.plugins import load
from icestream_runtime.settings import PREFIX, Settings
from parts.declared import COMPOSE, ROOT, of_compose

FILE: dict[str, Any] = yaml.safe_load(COMPOSE.read_text("utf-8"))
SCHEMA = Path(check_jsonschema.__file__).parent / "builtin_schemas" / "vendor" / "compose-spec.json"


def test_it_is_what_the_compose_specification_asks_for() -> None:
    schema = json.loads(SCHEMA.read_text("utf-8"))
    jsonschema.validate(FILE, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(FILE | {"services": {"watcher": {"imag": "x"}}}, schema)


def test_every_service_runs_and_every_product_has_a_worker() -> None:
    _, services = of_compose()
    there = {path.parent.name for path in ROOT.glob("services/*/pyproject.toml")}
    assert {each.image.partition("-")[0] for each in services} == there - {"cli"}
    products = {each.variables["ICESTREAM_PRODUCTS"]: each.image for each in services if "worker" in each.image}
    assert products == {name: f"worker-{product.family}" for name, product in load().products.items()}


def test_every_variable_is_a_setting_and_what_icestream_takes() -> None:
    jobs, services = of_compose()
    for each in (*jobs, *services):
        ours = {name[len(PREFIX) :].lower(): value for name, value in each.variables.items()}
        assert ours.keys() <= Settings.model_fields.keys(), each.name
        Settings(**ours)


def test_without_its_profile_it_starts_just_the_servers_of_the_tests() -> None:
    assert {name for name, each in FILE["services"].items() if "profiles" not in each} == {"rabbitmq", "postgresql"}


def test_what_is_mounted_exists() -> None:
    for name, each in FILE["services"].items():
        for volume in each.get("volumes", ()):
            source = volume.partition(":")[0]
            if source.startswith("."):
                assert (COMPOSE.parent / source).exists(), f"{name}: {source}"


def test_everything_of_ours_runs_on_a_root_that_nobody_writes_to() -> None:
    for name, each in FILE["services"].items():
        if "build" in each:
            assert each["read_only"] is True, name
            assert each["cap_drop"] == ["ALL"], name
