"""A package imports what it declares, declares what it imports, and a family stays free of the stream it runs in."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
MEMBERS = sorted(
    str(path.parent.relative_to(ROOT))
    for top in ("shared", "services", "plugins")
    for path in (ROOT / top).glob("*/pyproject.toml")
)
PROVIDERS = packages_distributions()
PLUMBING = {
    "aiohttp", "alembic", "boto3", "botocore", "fsspec", "httpx", "pika", "prometheus_client", "psycopg",
    "pydantic_settings", "requests", "s3fs", "sqlalchemy", "structlog", "urllib3",
}  # fmt: skip
# Needed, though no import names them.
BY_NAME_ONLY = {
    "h5netcdf": "xarray's engine for NetCDF-4",
    "icestream-generation": "what a worker's child computes with",
    "icestream-readers": "its collections come in by its entry point",
    "pvlib": "its file is read, without the library",
    "psycopg": "SQLAlchemy's driver, chosen by the URL of the ledger",
}
# Writes what the package ships, with development tools that the package does not need.
RUN_BY_HAND = set((ROOT / "shared/physics/src/icestream_physics/tables").glob("generate*.py"))


def imported(member: str) -> set[str]:
    """Return the top-level modules that a member's source imports anywhere, also inside functions."""
    names: set[str] = set()
    # Contract tests are shipped for those who test: they have pytest.
    contracts = set((ROOT / member / "src").rglob("*_contract.py"))
    for path in set((ROOT / member / "src").rglob("*.py")) - RUN_BY_HAND - contracts:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                names.add(node.module.partition(".")[0])
    itself = "icestream_" + Path(member).name.replace("-", "_")
    return names - sys.stdlib_module_names - {itself}


def declared(member: str, *, extras: bool = False) -> set[str]:
    """Return the distributions that a member needs; with extras, those too that it takes where they are asked for."""
    project = tomllib.loads((ROOT / member / "pyproject.toml").read_text())["project"]
    more = [text for texts in project.get("optional-dependencies", {}).values() for text in texts if extras]
    return {canonicalize_name(Requirement(text).name) for text in [*project["dependencies"], *more]}


def distributions(module: str) -> set[str]:
    return {canonicalize_name(name) for name in PROVIDERS.get(module, [module])}


@pytest.mark.parametrize("member", MEMBERS)
def test_a_package_declares_what_it_imports(member: str) -> None:
    known = declared(member, extras=True)
    undeclared = {module for module in imported(member) if distributions(module).isdisjoint(known)}
    assert undeclared == set()


@pytest.mark.parametrize("member", MEMBERS)
def test_a_package_imports_what_it_declares(member: str) -> None:
    used = {name for module in imported(member) for name in distributions(module)}
    assert declared(member) - used - set(BY_NAME_ONLY) == set()


@pytest.mark.parametrize("family", sorted({point.value for point in entry_points(group="icestream")}))
def test_importing_a_family_loads_no_plumbing(family: str) -> None:
    code = f"import json, sys, {family}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    loaded = {module.partition(".")[0] for module in json.loads(done.stdout)}
    assert family in loaded
    assert loaded & PLUMBING == set()
