"""The chart as Helm renders it, for several sets of values."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from helm_python import Chart

ROOT = Path(__file__).parents[2]
CHART = ROOT / "helm" / "icestream"
NAME, NAMESPACE = "north", "ice"

EVERYTHING: dict[str, Any] = yaml.safe_load((CHART / "ci" / "everything-values.yaml").read_text("utf-8"))
OPERATOR: dict[str, Any] = {
    "rabbitmq": {"existingSecret": "", "operator": {"enabled": True, "cluster": "broker", "namespace": "messaging"}},
    "workerDefaults": {"scaling": {"enabled": True}},
}
BUCKET: dict[str, Any] = {
    "storage": {"out": "s3://products/north", "s3": {"existingSecret": "buckets"}, "incoming": {"enabled": False}},
    "settings": {"s3_endpoint_url": "https://s3.example.org", "fetch_buckets": ["landing"]},
    "watcher": {"enabled": False},
}
VALUES: dict[str, dict[str, Any]] = {"defaults": {}, "everything": EVERYTHING, "operator": OPERATOR, "bucket": BUCKET}


def texts(values: dict[str, Any]) -> dict[str, str]:
    """Return what each template gives, by its path."""
    with Chart.load(CHART) as chart:
        return chart.render(values, name=NAME, namespace=NAMESPACE)


def render(values: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the objects that are made with these values over the defaults."""
    made: list[dict[str, Any]] = []
    for path, text in texts(values).items():
        if not path.endswith(".txt"):
            made += [each for each in yaml.safe_load_all(text) if each]
    return made


@functools.cache
def rendered(case: str) -> list[dict[str, Any]]:
    """Return the objects of one of VALUES."""
    return render(VALUES[case])


def of_kind(objects: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    """Return the objects of a kind by their names."""
    return {each["metadata"]["name"]: each for each in objects if each["kind"] == kind}


def pod_specs(objects: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give name and pod spec of everything that runs."""
    for each in objects:
        if each["kind"] in ("Deployment", "Job"):
            yield each["metadata"]["name"], each["spec"]["template"]["spec"]
        elif each["kind"] == "Pod":
            yield each["metadata"]["name"], each["spec"]


def environment(objects: list[dict[str, Any]], container: dict[str, Any], secrets: dict[str, Any]) -> dict[str, str]:
    """Return the variables that a container is started with, as Kubernetes puts them together.

    secrets : those that are not among the objects, by name
    """
    configs = {name: each["data"] for name, each in of_kind(objects, "ConfigMap").items()}
    held = secrets | {name: each["stringData"] for name, each in of_kind(objects, "Secret").items()}
    found: dict[str, str] = {}
    for source in container.get("envFrom", ()):
        found |= configs[source["configMapRef"]["name"]]
    for entry in container.get("env", ()):
        reference = entry.get("valueFrom", {}).get("secretKeyRef")
        value = held[reference["name"]][reference["key"]] if reference else entry["value"]
        for name, known in list(found.items()):
            value = value.replace(f"$({name})", known)
        found[entry["name"]] = value
    return found


def custom_schemas() -> dict[str, dict[str, Any]]:
    """Return the schemas of custom resources by kind."""
    schemas = [json.loads(path.read_text("utf-8")) for path in (Path(__file__).parent / "schemas").glob("*.json")]
    return {schema["properties"]["kind"]["const"]: schema for schema in schemas}
