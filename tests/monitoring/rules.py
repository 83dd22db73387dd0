"""The rule files of the chart, and what an expression asks for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import promql_parser as promql
import yaml

from icestream_runtime.metrics import METRICS

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "helm" / "icestream" / "alerts").glob("*.yaml"))
RECORDING = ROOT / "helm" / "icestream" / "alerts" / "recording-rules.yaml"
PROMTOOL = Path(__file__).parent / "promtool"

OF_PROMETHEUS = {"job", "instance"}
"""Labels that the scraper adds."""
ELSEWHERE = ("process_", "rabbitmq_")
"""What others measure: prometheus-client of each process, and RabbitMQ of itself."""


class Asked(NamedTuple):
    """A metric that an expression asks for, with the labels that are matched, or summed up by."""

    metric: str
    labels: frozenset[str]


def rules(path: Path) -> list[dict[str, Any]]:
    """Return the rules of a file."""
    groups = yaml.safe_load(path.read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def alerts() -> dict[str, dict[str, Any]]:
    return {rule["alert"]: rule for path in FILES for rule in rules(path) if "alert" in rule}


def recorded() -> dict[str, str]:
    """Return the expressions of the recording rules by their names."""
    return {rule["record"]: rule["expr"] for path in FILES for rule in rules(path) if "record" in rule}


def asked(expression: str) -> list[Asked]:
    """Return the metrics that an expression asks for; raises ValueError for what is no PromQL."""
    return list(_selectors(promql.parse(expression)))


def measured(name: str) -> tuple[str, ...] | None:
    """Return the labels of a metric of ours, by the name of one of its series; None where we measure no such thing."""
    for metric in METRICS:
        if metric.kind == "histogram":
            if name == f"{metric.name}_bucket":
                return (*metric.labels, "le")
            if name in (f"{metric.name}_count", f"{metric.name}_sum"):
                return metric.labels
        elif name == metric.name:
            return metric.labels
    return None


def unknown(expression: str) -> list[str]:
    """Return what an expression asks for that nobody measures or records."""
    found = []
    for metric, labels in asked(expression):
        if metric in recorded() or metric.startswith(ELSEWHERE):
            continue
        known = measured(metric)
        if known is None:
            found.append(metric)
        else:
            found += [f"{label} of {metric}" for label in labels - set(known) - OF_PROMETHEUS]
    return found


def _selectors(node: Any, by: frozenset[str] = frozenset()) -> Iterator[Asked]:
    match node:
        case promql.VectorSelector():
            yield Asked(node.name, by | {matcher.name for matcher in node.matchers.matchers})
        case promql.MatrixSelector():
            yield from _selectors(node.vector_selector, by)
        case promql.AggregateExpr():
            is_by = node.modifier is not None and node.modifier.type == promql.AggModifierType.By
            yield from _selectors(node.expr, by | set(node.modifier.labels if is_by else ()))
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            yield from _selectors(node.expr, by)
        case promql.BinaryExpr():
            yield from _selectors(node.lhs, by)
            yield from _selectors(node.rhs, by)
        case promql.Call():
            for argument in node.args:
                yield from _selectors(argument, by)
