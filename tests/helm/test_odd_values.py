"""Values that are odd but possible stay what they are; those that cannot work are refused before an installation."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

import jsonschema
import kubernetes_validate
import pytest
import yaml
from helm_python import Chart, HelmError

from helm.rendered import BUCKET, CHART, EVERYTHING, NAMESPACE, OPERATOR, custom_schemas, of_kind, render

SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text("utf-8"))
CASES = {"everything": EVERYTHING, "operator": OPERATOR, "bucket": BUCKET}
NEWEST = "1.37"
PRODUCT = "snow-depth-china"


def texts_of(schema: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Give path and pattern of each value that is a text of the user's choice."""
    for name, each in schema.get("properties", {}).items():
        if each.get("type") == "string" and path != ("settings",):
            yield (*path, name), each.get("pattern", "")
        yield from texts_of(each, (*path, name))


@pytest.mark.parametrize(
    ("case", "word"), [("everything", "123"), ("operator", "123"), ("bucket", "true"), ("everything", "a: b")]
)
def test_a_text_is_never_taken_for_something_else(case: str, word: str) -> None:
    values, given = copy.deepcopy(CASES[case]), 0
    for path, pattern in texts_of(SCHEMA):
        if re.search(pattern, word) and path != ("rabbitmq", "existingSecret"):
            part = values
            for name in path[:-1]:
                part = part.setdefault(name, {})
            part[path[-1]] = word
            given += 1
    assert given > 5
    schemas = custom_schemas()
    for each in render(values):
        if each["metadata"]["labels"].get("icestream/product", PRODUCT) != PRODUCT:
            continue  # as the one
        if each["kind"] in schemas:
            jsonschema.validate(each, schemas[each["kind"]])
        else:
            kubernetes_validate.validate(each, NEWEST, strict=True)


@pytest.mark.parametrize("word", ["p@ss/word", "two words", "a+b", "50%", "{{ x }}"])
def test_a_password_or_virtual_host_is_in_its_url_what_it_was(word: str) -> None:
    given = {"vhost": word, "passwords": EVERYTHING["rabbitmq"]["passwords"] | {"worker": word, "scaler": word}}
    values = EVERYTHING | {"rabbitmq": EVERYTHING["rabbitmq"] | given}
    secret = of_kind(render(values), "Secret")["poles-rabbitmq"]["stringData"]
    for user in ("worker", "scaler"):
        url = urlsplit(secret[user])
        assert (unquote(url.password or ""), unquote(url.path.removeprefix("/"))) == (word, word)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"rabbitmq": {"existingSecret": ""}}, r"rabbitmq.passwords.\w+: give it, or rabbitmq.existingSecret"),
        (
            {
                "rabbitmq": EVERYTHING["rabbitmq"]
                | {"passwords": dict.fromkeys(("watcher", "gatherer", "worker", "catalogue", "topology"), "x")},
                "workerDefaults": {"scaling": {"enabled": True}},
            },
            "rabbitmq.passwords.scaler: give it for workers that scale",
        ),
        (
            {"workers": {"snow-depth-china": {"scaling": {"enabled": True, "minReplicas": 5, "maxReplicas": 2}}}},
            "workers.snow-depth-china.scaling: minReplicas is 5, and maxReplicas only 2",
        ),
        ({"image": {"registry": "my registry"}}, "does not match pattern"),
        ({"database": {"existingSecret": "My Secret"}}, "'My Secret' does not match pattern"),
    ],
)
def test_what_cannot_work_is_refused_with_its_name(values: dict[str, Any], words: str) -> None:
    with Chart.load(CHART) as chart, pytest.raises(HelmError, match=words):
        chart.render(values, name="north", namespace=NAMESPACE)


@pytest.mark.parametrize("name", ["123", "r" * 53])
def test_any_name_of_a_release_will_do(name: str) -> None:
    with Chart.load(CHART) as chart:
        texts = chart.render(EVERYTHING | {"fullnameOverride": ""}, name=name, namespace=NAMESPACE)
    for path, text in texts.items():
        for each in yaml.safe_load_all(text) if path.endswith(".yaml") else ():
            if each is not None:
                assert len(each["metadata"]["name"]) <= 63
                assert each["metadata"]["labels"]["app.kubernetes.io/instance"] == name
