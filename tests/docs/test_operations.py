"""docs/operations.md agrees with the settings, metrics, exit codes, queues and states that there are."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Any, get_args

import pytest
from pydantic import ByteSize
from pydantic.fields import FieldInfo

from docs.pages import ROOT, section, table
from icestream_cli.commands import COMMANDS
from icestream_cli.edge import EXIT_CODES
from icestream_core.outcome import Fault
from icestream_core.slot import SlotState
from icestream_runtime import metrics
from icestream_runtime.metrics import METRICS
from icestream_runtime.settings import PREFIX, Settings

PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")
SERVICES = ("watcher", "gatherer", "worker", "catalogue")


def shown(field: FieldInfo) -> str:
    """Return a setting's default as the table writes it."""
    value: Any = field.default
    match value:
        case None | "" | () | dict():
            return ""
        case bool():
            return "yes" if value else "no"
        case ByteSize():
            return value.human_readable(decimal=True)
        case float() | int():
            return f"{value:g}"
        case str() | PurePath():
            return str(value)
        case _:
            return str(value.get_secret_value())


def table_of_settings() -> list[str]:
    return [
        f"| `{name}` | {shown(field)} | {field.description or ''} |".replace("|  |", "| |")
        for name, field in Settings.model_fields.items()
    ]


def shared_source(service: str) -> str:
    """Return what shows metrics for a service in the libraries that it shares with others."""
    runtime = ROOT / "shared" / "runtime" / "src" / "icestream_runtime"
    metrics_source = (runtime / "metrics.py").read_text("utf-8")
    shared = metrics_source[metrics_source.index("\nclass Metrics") :] + (runtime / "health.py").read_text("utf-8")
    return shared + ((runtime / "meter.py").read_text("utf-8") if service == "gatherer" else "")


def test_the_table_of_settings_is_that_of_the_code() -> None:
    written = [line for line in section(PAGE, "Settings").splitlines() if line.startswith("| `")]
    # Where this fails, take the table from the message.
    assert written == table_of_settings(), "\n".join(["", *table_of_settings()])


def test_every_metric_is_in_the_table_with_its_kind_and_labels() -> None:
    written = [tuple(row[:3]) for row in table(section(PAGE, "Metrics"))]
    wanted = [(f"`{each.name}`", each.kind, ", ".join(each.labels)) for each in METRICS]
    assert written == wanted


def test_a_metric_comes_from_the_service_that_the_table_names() -> None:
    names = {each.name: name for name, each in vars(metrics).items() if isinstance(each, metrics.Metric)}
    for name, _, _, by, _ in table(section(PAGE, "Metrics")):
        word = re.compile(rf"\b{names[name.strip('`')]}\b")
        for service in filter(None, by.split(", ")):
            assert service in SERVICES
            folder = ROOT / "services" / service / "src" / f"icestream_{service}"
            source = "".join(path.read_text("utf-8") for path in folder.rglob("*.py"))
            assert word.search(source + shared_source(service)), f"{name} is not counted by the {service}"


def test_exit_codes_are_those_of_the_command() -> None:
    written = {int(row[0]): row[1] for row in table(section(PAGE, "Exit codes"))}
    assert written == EXIT_CODES


def test_every_state_of_a_slot_is_told() -> None:
    written = {row[0].strip("`") for row in table(section(PAGE, "What becomes of a slot"))}
    assert written == set(get_args(SlotState))


def test_every_fault_is_told() -> None:
    written = {row[0].strip("`") for row in table(section(PAGE, "Failures, and whose fault they are"))}
    assert written == set(get_args(Fault)) - {""}


def test_every_variable_that_is_named_is_a_setting() -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | {f"{PREFIX}CONFIG"}
    assert set(re.findall(rf"{PREFIX}[A-Z0-9_]+", PAGE)) <= known


def test_every_metric_that_is_named_is_measured() -> None:
    named = {re.sub(r"_(count|sum|bucket)$", "", name) for name in re.findall(r"\bicestream_[a-z_]+", PAGE)}
    packages = {path.name for path in ROOT.glob("*/*/src/icestream_*")}
    assert named - packages - {each.name for each in METRICS} == set()


def test_every_service_and_tool_of_an_operator_is_told() -> None:
    wanted = (
        "run",
        "watch",
        "gatherer",
        "worker",
        "register",
        "catalogue",
        "status",
        "slots",
        "granules",
        "letters",
        "ledger",
    )
    for command in wanted:
        assert command in COMMANDS
        assert f"icestream {command}" in PAGE


@pytest.mark.parametrize(
    "trouble",
    [
        "The broker is away",
        "The ledger is away",
        "The disk is full",
        "Slots are dead",
        "Granules are quarantined",
        "Messages could not be read",
        "A service is deaf",
        "Tasks pile up",
        "A slot waits and waits",
    ],
)
def test_the_runbook_knows_what_to_do_when(trouble: str) -> None:
    assert "icestream " in section(section(PAGE, "When something is wrong"), trouble)
