"""The chart is valid: for Helm, for Kubernetes, for the operators whose objects it makes, and for a reader."""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml
from helm_python import Chart, Config, HelmError, lint
from yamllint import linter
from yamllint.config import YamlLintConfig

from helm.rendered import CHART, EVERYTHING, NAME, NAMESPACE, VALUES, custom_schemas, of_kind, rendered, texts

OLDEST, NEWEST = "1.27", "1.37"
"""The oldest Kubernetes that the chart is for, and the newest whose schemas there are."""
CUSTOM = ("keda.sh/", "monitoring.coreos.com/", "rabbitmq.com/")
TIDY = YamlLintConfig("""
extends: default
rules:
  line-length: disable
  document-start: disable
  comments-indentation: disable
  indentation: {spaces: consistent, indent-sequences: whatever}
  # JSON within YAML.
  commas: disable
""")


def findings(text: str) -> list[str]:
    return [str(problem) for problem in linter.run(text, TIDY)]


def test_helm_finds_nothing_to_complain_of() -> None:
    report = lint(str(CHART), strict=True)
    assert report["errors"] == []
    # An icon is of use in a shop window only.
    assert [each for each in report["messages"] if each["error"] != "icon is recommended"] == []


@pytest.mark.parametrize(("case", "version"), [("defaults", OLDEST), ("everything", NEWEST), ("operator", NEWEST)])
def test_every_object_is_one_that_kubernetes_takes(case: str, version: str) -> None:
    plain = [each for each in rendered(case) if not each["apiVersion"].startswith(CUSTOM)]
    assert plain
    for each in plain:
        kubernetes_validate.validate(each, version, strict=True)


def test_an_object_that_kubernetes_refuses_would_be_noticed() -> None:
    gatherer = next(each for each in rendered("defaults") if each["kind"] == "Deployment")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(gatherer | {"spec": gatherer["spec"] | {"replica": 2}}, NEWEST, strict=True)


@pytest.mark.parametrize("case", VALUES)
def test_every_custom_object_is_one_that_its_operator_takes(case: str) -> None:
    schemas = custom_schemas()
    for each in rendered(case):
        if each["apiVersion"].startswith(CUSTOM):
            jsonschema.validate(each, schemas[each["kind"]])


def test_every_custom_schema_is_used() -> None:
    kinds = {each["kind"] for case in VALUES for each in rendered(case)}
    assert custom_schemas().keys() <= kinds, "these are rendered by no set of values"


def places(part: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the path of every field of an object."""
    for name, each in part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ():
        if isinstance(part, dict):
            yield (*path, name)
        yield from places(each, (*path, name))


@pytest.mark.parametrize("kind", custom_schemas())
def test_a_misspelt_field_is_refused_wherever_it_stands(kind: str) -> None:
    """An API server drops what its schema does not know, and says nothing."""
    schema = custom_schemas()[kind]
    validator = jsonschema.validators.validator_for(schema)(schema)
    taken = set()
    for each in (each for case in VALUES for each in rendered(case) if each["kind"] == kind):
        for *path, name in places(each):
            wrong = copy.deepcopy(each)
            part = functools.reduce(lambda part, step: part[step], path, wrong)
            part[f"{name}X"] = part.pop(name)
            if validator.is_valid(wrong):
                taken.add(path[-1] if len(path) > 1 else f"{kind}.{path[0]}")
    # Maps whose keys are their owner's.
    free = {"labels", "matchLabels", "annotations", "arguments"} | ({"metadata"} if kind == "ScaledObject" else set())
    assert taken <= free


def test_a_trigger_says_what_the_rabbitmq_scaler_reads() -> None:
    """To the schema this is a map of anything; the names are those of KEDA's page of its RabbitMQ scaler."""
    known = {"host", "protocol", "mode", "value", "activationValue", "queueName", "vhostName", "unsafeSsl", "timeout"}
    for case in VALUES:
        for scaled in of_kind(rendered(case), "ScaledObject").values():
            for trigger in scaled["spec"]["triggers"]:
                assert trigger["type"] == "rabbitmq"
                assert {"protocol", "mode", "value", "queueName"} <= trigger["metadata"].keys() <= known
        for given in of_kind(rendered(case), "TriggerAuthentication").values():
            parameters = {each["parameter"] for each in given["spec"]["secretTargetRef"]}
            assert parameters in ({"host"}, {"username", "password"})


@pytest.mark.parametrize("case", VALUES)
def test_no_two_objects_have_one_name(case: str) -> None:
    names = [(each["kind"], each["metadata"]["name"]) for each in rendered(case)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("case", VALUES)
def test_what_is_rendered_is_tidy_yaml(case: str) -> None:
    texts_of = {path: text for path, text in texts(VALUES[case]).items() if path.endswith(".yaml") and text.strip()}
    untidy = {path: found for path, text in texts_of.items() if (found := findings(text.strip() + "\n"))}
    # Blanks at ends of lines and empty lines are what Go's templates leave; they mean nothing.
    meant = ("trailing spaces", "too many blank lines")
    assert {p: [f for f in found if not any(m in f for m in meant)] for p, found in untidy.items()} == {
        path: [] for path in untidy
    }


@pytest.mark.parametrize("path", ["values.yaml", "Chart.yaml", "ci/everything-values.yaml"])
def test_what_is_written_by_hand_is_tidy_yaml(path: str) -> None:
    assert findings((CHART / path).read_text("utf-8")) == []


@pytest.mark.parametrize("case", VALUES)
def test_helm_would_install_it(case: str) -> None:
    release = Config(storage_driver="memory").install(
        str(CHART), NAME, VALUES[case], namespace=NAMESPACE, dry_run="client"
    )
    assert release["name"] == NAME
    assert "kind: Deployment" in release["manifest"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"gatherer": {"replicas": 0}}, ["gatherer", "replicas", "minimum", "1"]),
        ({"gatherer": {"replica": 3}}, ["gatherer", "replica", "not allowed"]),
        ({"settings": {"settle_second": 3}}, ["settings", "settle_second", "not allowed"]),
        ({"settings": {"tick_seconds": "often"}}, ["tick_seconds", "string", "number"]),
        ({"workers": {"snow-depth-mars": {"replicas": 1}}}, ["snow-depth-mars", "family"]),
        ({"workers": {"snow-depth-china": {"concurrency": 0}}}, ["snow-depth-china", "concurrency", "minimum"]),
        ({"storage": {"output": {"size": "plenty"}}}, ["storage", "output", "size", "pattern"]),
        ({"database": {"existingSecret": "", "url": "mysql://x"}}, ["database", "url", "pattern"]),
    ],
)
def test_a_wrong_value_is_refused_with_its_place_and_what_was_wanted(values: dict[str, Any], words: list[str]) -> None:
    with Chart.load(CHART) as chart, pytest.raises(HelmError) as refused:
        chart.render(values, name=NAME, namespace=NAMESPACE)
    assert [word for word in words if word not in str(refused.value)] == [], str(refused.value)


def test_neither_url_nor_secret_of_the_ledger_is_refused() -> None:
    with Chart.load(CHART) as chart, pytest.raises(HelmError, match=r"database.url: give it, or"):
        chart.render({"database": {"existingSecret": ""}}, name=NAME, namespace=NAMESPACE)


def test_everything_is_everything() -> None:
    """Every part that can be turned on is on in that file, apart from what excludes something else."""
    defaults = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
    off: list[str] = []

    def walk(default: dict[str, Any], given: dict[str, Any], path: str) -> None:
        for name, value in default.items():
            if isinstance(value, dict):
                walk(value, given.get(name, {}) or {}, f"{path}{name}.")
            elif name == "enabled" and not given.get(name, value):
                off.append(path.rstrip("."))

    walk({name: value for name, value in defaults.items() if name != "workers"}, EVERYTHING, "")
    assert off == ["rabbitmq.operator"]
