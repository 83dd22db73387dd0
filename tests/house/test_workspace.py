"""The workspace is what uv, pip and the reader are told it is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]


def toml(path: str) -> dict[str, Any]:
    return tomllib.loads((ROOT / path).read_text())


WORKSPACE = toml("pyproject.toml")
MEMBERS = sorted(
    str(path.relative_to(ROOT))
    for pattern in WORKSPACE["tool"]["uv"]["workspace"]["members"]
    for path in ROOT.glob(pattern)
    if (path / "pyproject.toml").exists()
)
LOCK = {(package["name"], package["version"]): package for package in toml("uv.lock")["package"]}


def flat(member: str) -> str:
    return "icestream_" + Path(member).name.replace("-", "_")


def requirement(text: str) -> tuple[str, tuple[str, ...], str]:
    parsed = Requirement(text)
    return canonicalize_name(parsed.name), tuple(sorted(parsed.extras)), str(parsed.specifier)


def test_the_root_is_no_package() -> None:
    assert "project" not in WORKSPACE


@pytest.mark.parametrize("member", MEMBERS)
def test_a_member_is_one_typed_package_with_a_flat_name_in_src(member: str) -> None:
    packages = [path.name for path in (ROOT / member / "src").iterdir() if not path.name.endswith(".egg-info")]
    assert packages == [flat(member)]
    assert (ROOT / member / "src" / flat(member) / "__init__.py").exists()
    assert (ROOT / member / "src" / flat(member) / "py.typed").exists()


@pytest.mark.parametrize("member", MEMBERS)
def test_a_member_is_named_for_its_directory_and_licensed(member: str) -> None:
    project = toml(f"{member}/pyproject.toml")["project"]
    assert project["name"] == f"icestream-{Path(member).name}"
    assert project["license"] == "Apache-2.0"
    assert project["requires-python"] == ">=3.11"


@pytest.mark.parametrize("member", [member for member in MEMBERS if member.startswith("plugins/")])
def test_a_family_is_found_by_its_entry_point(member: str) -> None:
    project = toml(f"{member}/pyproject.toml")["project"]
    assert project["entry-points"]["icestream"] == {Path(member).name: flat(member)}


@pytest.mark.parametrize("member", MEMBERS)
def test_the_lock_knows_what_a_member_needs(member: str) -> None:
    project = toml(f"{member}/pyproject.toml")["project"]
    locked = LOCK[project["name"], project["version"]].get("metadata", {}).get("requires-dist", [])
    assert {(each["name"], tuple(each.get("extras", ())), each.get("specifier", "")) for each in locked} == {
        requirement(text)
        for texts in (project["dependencies"], *project.get("optional-dependencies", {}).values())
        for text in texts
    }, "run `make lock`"


def test_the_lock_names_no_host_but_the_public_index() -> None:
    hosts = set(re.findall(r"https?://([^/\"]+)", (ROOT / "uv.lock").read_text()))
    assert hosts == {"pypi.org", "files.pythonhosted.org"}


def test_the_lock_has_no_torch() -> None:
    assert {"torch", "torchvision"}.isdisjoint(name for name, _ in LOCK)


def test_constraints_are_the_lock() -> None:
    lines = (ROOT / "constraints.txt").read_text().split("\n")
    constrained = {tuple(line.partition(";")[0].strip().split("==")) for line in lines if line}
    ours = {f"icestream-{Path(member).name}" for member in MEMBERS}
    assert constrained == {(name, version) for name, version in LOCK if name not in ours}, "run `make lock`"


def test_pip_installs_every_member_and_every_tool() -> None:
    lines = (ROOT / "requirements-dev.txt").read_text().split("\n")
    assert "-c constraints.txt" in lines
    assert sorted(line.removeprefix("-e ./") for line in lines if line.startswith("-e ")) == MEMBERS
    tools = {requirement(line)[:2] for line in lines if re.match(r"[a-z]", line)}
    assert tools == {requirement(text)[:2] for text in WORKSPACE["dependency-groups"]["dev"]}


def test_import_contracts_cover_every_member() -> None:
    linter = WORKSPACE["tool"]["importlinter"]
    assert sorted(linter["root_packages"]) == sorted(map(flat, MEMBERS))
    services = {flat(member) for member in MEMBERS if member.startswith("services/")}
    families = {flat(member) for member in MEMBERS if member.startswith("plugins/")}
    contracts = {contract["name"]: contract for contract in linter["contracts"]}
    assert set(contracts["Families do not import each other"]["modules"]) == families
    apart = contracts["Services reach families only through entry points"]
    assert set(apart["source_modules"]) == services
    assert set(apart["forbidden_modules"]) == families
    everybody_else = set(linter["root_packages"]) - {"icestream_core"}
    assert set(contracts["Core imports nothing of ours"]["forbidden_modules"]) == everybody_else
