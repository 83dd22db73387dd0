"""Dashboards are those of their source, Grafana's own types read them, and they show what is measured, all of it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.models.dashboard import Dashboard

from icestream_runtime.metrics import METRICS
from monitoring.dashboards import FILES, FOLDER, ROOT, board, panels, shown
from monitoring.rules import alerts, asked, measured, recorded, unknown

UNITS = {"short", "s", "bytes", "percentunit", "cpm", "cps"}
"""Of Grafana: numbers, seconds, bytes, shares of one, in a minute, in a second."""


def test_the_files_are_what_their_source_writes(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import write, pathlib\n"
        "for name in write.BOARDS: pathlib.Path(sys.argv[2], name + '.json').write_text(write.text(name), 'utf-8')"
    )
    subprocess.run([sys.executable, "-c", code, ROOT / "helm" / "dashboards", tmp_path], check=True, timeout=60)
    written = {path.name: path.read_text("utf-8") for path in tmp_path.glob("*.json")}
    assert {path.name: path.read_text("utf-8") for path in FILES} == written, "run: make dashboards"


def test_there_is_a_dashboard_of_the_stream_of_products_of_the_broker_and_of_the_catalogue() -> None:
    assert {path.stem for path in FILES} == {"stream", "product", "broker", "catalogue"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_grafanas_own_types_read_a_dashboard(path: Path) -> None:
    content = board(path)
    read = Dashboard.from_json(content)
    assert read.title == content["title"]
    assert read.uid == f"icestream-{path.stem}"
    assert len(read.panels or []) == len(content["panels"])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_panel_says_what_it_shows_in_which_unit_and_has_its_place(path: Path) -> None:
    taken: set[tuple[int, int]] = set()
    everything: list[dict[str, Any]] = board(path)["panels"]
    assert len({panel["id"] for panel in everything}) == len(everything)
    for panel in everything:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, f"{panel['title']} lies over another panel"
        taken |= cells
    for panel in panels(path):
        assert len(panel["description"]) > 5, panel["title"]
        unit = panel["fieldConfig"]["defaults"].get("unit") or panel["options"]["yAxis"]["unit"]
        assert unit in UNITS, panel["title"]
        assert panel["datasource"]["uid"] == "${datasource}"
        assert all(target["datasource"]["uid"] == "${datasource}" for target in panel["targets"])
        assert all(target["legendFormat"] for target in panel["targets"])


@pytest.mark.parametrize("each", shown(), ids=lambda each: f"{each.board}: {each.panel}")
def test_an_expression_asks_for_what_is_measured_with_its_labels(each: Any) -> None:
    assert asked(each.asked)
    assert [name for name in unknown(each.asked) if name != "ALERTS"] == []


@pytest.mark.parametrize("each", shown(), ids=lambda each: f"{each.board}: {each.panel}")
def test_a_legend_names_labels_that_the_expression_leaves(each: Any) -> None:
    named = set(re.findall(r"\{\{(\w+)\}\}", each.legend))
    groups = re.findall(r"(?:by|group_left) \(([\w, ]*)\)", each.asked)
    by = {label for labels in groups for label in labels.split(", ")}
    plain = {
        label
        for metric, _ in asked(each.asked)
        for label in (*(measured(metric) or ()), "instance", *_of_record(metric))
    }
    assert named <= (by | ({"instance"} if "group_left" in each.asked else set()) if by else plain)


def _of_record(metric: str) -> list[str]:
    found = re.search(r"by \(([\w, ]+)\)", recorded().get(metric, ""))
    return found[1].split(", ") if found else []


def test_everything_that_is_measured_is_shown_or_watched() -> None:
    expressions = [each.asked for each in shown()]
    expressions += [str(rule["expr"]) for rule in alerts().values()] + list(recorded().values())
    seen = {re.sub(r"_(bucket|count|sum)$", "", metric) for text in expressions for metric, _ in asked(text)}
    assert [metric.name for metric in METRICS if metric.name not in seen] == []


def test_grafana_and_prometheus_are_told_where_the_chart_has_its_files() -> None:
    docker = ROOT / "docker"
    prometheus = yaml.safe_load((docker / "prometheus" / "prometheus.yaml").read_text("utf-8"))
    assert prometheus["rule_files"] == ["/etc/prometheus/alerts/*.yaml"]
    assert {job["job_name"] for job in prometheus["scrape_configs"]} == {"icestream", "rabbitmq"}
    (provider,) = yaml.safe_load((docker / "grafana/provisioning/dashboards/icestream.yaml").read_text())["providers"]
    assert provider["options"]["path"] == "/var/lib/grafana/dashboards"
    (source,) = yaml.safe_load((docker / "grafana/provisioning/datasources/prometheus.yaml").read_text())["datasources"]
    assert (source["type"], source["isDefault"]) == ("prometheus", True)
    assert FOLDER.is_dir()
