"""Alerts, metrics, runbook and the tests of alerts agree; promtool says that each alert fires when it should."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import lacks
from docs.pages import ROOT, section, table
from icestream_cli.commands import COMMANDS
from monitoring.rules import FILES, PROMTOOL, RECORDING, alerts, asked, recorded, rules, unknown
from parts.prometheus import find_prometheus

ALERTS = alerts()
PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")
RUNBOOK = section(PAGE, "When something is wrong")
WATCHED = (
    ("a sensor that should deliver and does not", "IcestreamSensorSilent"),
    ("latency over its objective", "IcestreamLatencyOverObjective"),
    ("a queue that grows", "IcestreamQueueGrowing"),
    ("dead slots", "IcestreamSlotsDead"),
    ("a worker alive but deaf", "IcestreamDeaf"),
    ("a gatherer that is behind", "IcestreamGathererBehind"),
    ("slots past their patience", "IcestreamSlotsPastPatience"),
    ("the ledger away", "IcestreamLedgerAway"),
    ("the storage away", "IcestreamStorageAway"),
    ("the disk", "IcestreamDiskFilling"),
    ("clocks", "IcestreamClockSkew"),
    ("a storm of revisions", "IcestreamRevisionStorm"),
)


def heading_of(anchor: str) -> str:
    """Return the heading of the runbook that an anchor leads to, as GitHub makes them."""
    headings = re.findall(r"^### (.+)$", RUNBOOK, re.MULTILINE)
    found = [each for each in headings if re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") == anchor]
    assert found, f"no heading of the runbook for #{anchor}"
    return str(found[0])


@pytest.fixture(scope="module")
def promtool() -> Path:
    found = find_prometheus()
    if found is None:
        lacks("Alerts are tested by promtool: apt-get install prometheus")
    return found.with_name("promtool")


@pytest.mark.parametrize(("trouble", "alert"), WATCHED)
def test_an_operator_is_told_of(trouble: str, alert: str) -> None:
    assert alert in ALERTS


@pytest.mark.parametrize("path", [path for path in FILES if path != RECORDING], ids=lambda path: path.stem)
def test_a_file_holds_one_alert_and_promtool_a_test_of_it(path: Path) -> None:
    (rule,) = rules(path)
    tested = yaml.safe_load((PROMTOOL / path.name).read_text("utf-8"))
    looked = [each for test in tested["tests"] for each in test["alert_rule_test"]]
    assert {each["alertname"] for each in looked} == {rule["alert"]}
    assert {bool(each["exp_alerts"]) for each in looked} == {True, False}, "it fires once, and once it does not"


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_says_what_is_wrong_and_where_to_read_what_to_do(alert: str) -> None:
    rule = ALERTS[alert]
    assert re.fullmatch(r"Icestream[A-Z]\w+", alert)
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert {"summary", "description", "runbook"} == rule["annotations"].keys()
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert page == "docs/operations.md"
    told = section(RUNBOOK, heading_of(anchor))
    assert f"`{alert}`" in told, "the runbook names the alerts by which it is seen"
    commands = set(re.findall(r"(?:`|^ {4})icestream\s([a-z]+)", told, re.MULTILINE))
    assert commands, "the runbook names a command"
    assert commands <= COMMANDS.keys()


def test_the_table_of_alerts_is_that_of_the_files() -> None:
    written = [
        (row[0].strip("`"), row[1], row[2])
        for row in table(section(PAGE, "Alerts and dashboards"))
        if "Icestream" in row[0]
    ]
    wanted = []
    for name, rule in ALERTS.items():
        anchor = rule["annotations"]["runbook"].partition("#")[2]
        wanted.append((name, rule["labels"]["severity"], f"[{heading_of(anchor)}](#{anchor})"))
    assert written == wanted


@pytest.mark.parametrize("name", [*ALERTS, *recorded()])
def test_what_a_rule_asks_for_is_measured_with_its_labels(name: str) -> None:
    expression = ALERTS[name]["expr"] if name in ALERTS else recorded()[name]
    assert asked(expression)
    assert unknown(expression) == []


def test_what_nobody_measures_is_found() -> None:
    expression = 'sum by (nobody) (rate(icestream_granules_total{sensor="a", colour="b"}[5m]))'
    assert sorted(unknown(expression)) == ["colour of icestream_granules_total", "nobody of icestream_granules_total"]
    assert unknown("icestream_nothing_total > 0") == ["icestream_nothing_total"]


def test_what_is_recorded_is_used_or_told() -> None:
    used = "".join(str(rule["expr"]) for rule in ALERTS.values()) + PAGE + dashboards_text()
    assert [name for name in recorded() if name not in used] == []


def dashboards_text() -> str:
    return "".join(path.read_text("utf-8") for path in (ROOT / "helm" / "icestream" / "dashboards").glob("*.json"))


def test_promtool_takes_every_rule(promtool: Path) -> None:
    run(promtool, "check", "rules", "--lint-fatal", *FILES)


def test_each_alert_fires_when_it_should_and_not_when_it_should_not(promtool: Path) -> None:
    run(promtool, "test", "rules", *sorted(PROMTOOL.glob("*.yaml")))


def run(*command: Any) -> None:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
