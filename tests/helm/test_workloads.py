"""What the chart runs is what icestream needs: a worker a product, least rights, time to finish, real settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from helm.rendered import EVERYTHING, VALUES, environment, of_kind, pod_specs, render, rendered
from icestream_core.plugins import load
from icestream_runtime.settings import PREFIX, Settings

USERS = ("watcher", "gatherer", "worker", "catalogue", "topology")
OUTSIDE: dict[str, dict[str, str]] = {
    "icestream-rabbitmq": {user: f"amqp://icestream-{user}:x@rabbitmq/icestream" for user in USERS},
    "icestream-database": dict.fromkeys(("ledger", "catalogue"), "postgresql://icestream:x@database/icestream"),
    "buckets": {"access-key": "one", "secret-key": "two"},
    **{f"north-icestream-{user}-user-credentials": {"username": "u", "password": "p"} for user in USERS},
}


def named(part: Any) -> Iterator[tuple[str, str]]:
    """Give kind and name of every other object that a pod spec names."""
    match part:
        case {"configMapRef": {"name": name}}:
            yield "ConfigMap", name
        case {"secretKeyRef": {"name": name}} | {"secret": {"secretName": name}}:
            yield "Secret", name
        case {"persistentVolumeClaim": {"claimName": name}}:
            yield "PersistentVolumeClaim", name
        case dict():
            for each in part.values():
                yield from named(each)
        case list():
            for each in part:
                yield from named(each)


def worker_deployments(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the Deployments of workers by product."""
    return {
        each["metadata"]["labels"]["icestream/product"]: each
        for each in objects
        if each["kind"] == "Deployment" and "icestream/product" in each["metadata"]["labels"]
    }


def test_every_product_has_a_deployment_in_the_image_of_its_family() -> None:
    found = worker_deployments(rendered("defaults"))
    products = load().products
    assert found.keys() == products.keys()
    for name, deployment in found.items():
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        assert f"/icestream-worker-{products[name].family}:" in container["image"]
        assert {"name": "ICESTREAM_PRODUCTS", "value": name} in container["env"]


@pytest.mark.parametrize("case", VALUES)
def test_a_worker_has_longer_than_its_slowest_slot_to_stop(case: str) -> None:
    products = load().products
    for name, deployment in worker_deployments(rendered(case)).items():
        spec = deployment["spec"]["template"]["spec"]
        variables = {each["name"]: each.get("value") for each in spec["containers"][0]["env"]}
        limit = float(variables["ICESTREAM_TIME_LIMIT_SECONDS"])
        assert limit >= products[name].time_limit.total_seconds()
        assert limit < float(variables["ICESTREAM_GRACE_SECONDS"]) < spec["terminationGracePeriodSeconds"]


def test_a_worker_may_use_the_memory_of_its_children_and_some_more() -> None:
    deployment = worker_deployments(rendered("everything"))["snow-depth-china"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["resources"] == {
        "requests": {"cpu": 2, "memory": "4Gi"},
        "limits": {"cpu": 3, "memory": f"{3 * 4096 + 512}Mi"},
    }


@pytest.mark.parametrize("case", VALUES)
def test_everything_runs_with_the_least_rights(case: str) -> None:
    for name, spec in pod_specs(rendered(case)):
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in spec["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert {"requests", "limits"} <= container["resources"].keys(), name


@pytest.mark.parametrize("case", VALUES)
def test_services_are_probed(case: str) -> None:
    for name, deployment in of_kind(rendered(case), "Deployment").items():
        for container in deployment["spec"]["template"]["spec"]["containers"]:
            assert container["livenessProbe"]["httpGet"]["path"] == "/livez", name
            assert container["readinessProbe"]["httpGet"]["path"] == "/readyz", name
            # A service asks its broker for up to two seconds before it answers.
            assert container["livenessProbe"]["timeoutSeconds"] > 2


@pytest.mark.parametrize("case", VALUES)
def test_every_variable_is_a_setting_and_what_icestream_takes(case: str) -> None:
    objects = rendered(case)
    for name, spec in pod_specs(objects):
        for container in spec["containers"]:
            given = environment(objects, container, OUTSIDE)
            ours = {key[len(PREFIX) :].lower(): value for key, value in given.items() if key.startswith(PREFIX)}
            assert ours.keys() <= Settings.model_fields.keys(), name
            Settings(**ours)


@pytest.mark.parametrize("case", VALUES)
def test_a_selector_holds_nothing_that_an_upgrade_changes(case: str) -> None:
    for deployment in of_kind(rendered(case), "Deployment").values():
        selector = deployment["spec"]["selector"]["matchLabels"]
        assert not any("version" in label or "chart" in label for label in selector)
        assert selector.items() <= deployment["spec"]["template"]["metadata"]["labels"].items()


def test_what_is_selected_is_one_thing() -> None:
    chosen = [each["spec"]["selector"]["matchLabels"] for each in of_kind(rendered("defaults"), "Deployment").values()]
    assert len({tuple(sorted(labels.items())) for labels in chosen}) == len(chosen)


def test_a_worker_scales_on_its_queues_by_http_so_that_tasks_in_hand_count() -> None:
    objects = rendered("everything")
    scaled, deployments = of_kind(objects, "ScaledObject"), worker_deployments(objects)
    assert set(scaled) == {f"poles-{name}" for name in deployments if name != "snow-cover-hma"}
    chief = scaled["poles-snow-depth-china"]["spec"]
    assert chief["minReplicaCount"] == 0
    assert [trigger["metadata"]["queueName"] for trigger in chief["triggers"]] == [
        "icestream.make.snow-depth-china",
        "icestream.make.snow-depth-china.bulk",
    ]
    assert {trigger["metadata"]["protocol"] for trigger in chief["triggers"]} == {"http"}
    assert chief["scaleTargetRef"]["name"] in of_kind(objects, "Deployment")
    # Who scales says how many there are, and nobody else.
    assert "replicas" not in deployments["snow-depth-china"]["spec"]
    assert deployments["snow-cover-hma"]["spec"]["replicas"] == 2
    assert "snow-cover-probability" not in deployments


def test_every_deployment_but_the_watchers_has_a_disruption_budget() -> None:
    objects = rendered("everything")
    covered = [each["spec"]["selector"]["matchLabels"] for each in of_kind(objects, "PodDisruptionBudget").values()]
    for name, deployment in of_kind(objects, "Deployment").items():
        assert (deployment["spec"]["selector"]["matchLabels"] in covered) == (not name.endswith("-watcher"))


def test_products_are_registered_in_the_image_of_their_family() -> None:
    jobs = of_kind(rendered("everything"), "Job")
    families = {product.family for product in load().products.values() if product.name != "snow-cover-probability"}
    assert {name for name in jobs if "register" in name} == {f"poles-register-{family}" for family in families}
    (container,) = jobs["poles-register-snow-depth"]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "registry.example.org:5000/polar/icestream-worker-snow-depth:1.2.3"
    named = next(each["value"] for each in container["env"] if each["name"] == "ICESTREAM_PRODUCTS")
    assert set(named.split(",")) == {
        name for name, product in load().products.items() if product.family == "snow-depth"
    }


@pytest.mark.parametrize("case", VALUES)
def test_a_job_that_runs_before_the_release_needs_nothing_of_it(case: str) -> None:
    objects = rendered(case)
    early = {
        (each["kind"], each["metadata"]["name"])
        for each in objects
        if "pre-install" in each["metadata"].get("annotations", {}).get("helm.sh/hook", "")
    }
    given = {("Secret", name) for name in (*OUTSIDE, "broker-ca")}
    for kind, name in early:
        if kind == "Job":
            spec = of_kind(objects, "Job")[name]["spec"]["template"]["spec"]
            needed = set(named(spec))
            assert needed <= early | given, f"{name} needs {needed - early - given}"
            assert "serviceAccountName" not in spec


def test_settings_of_the_values_reach_every_service() -> None:
    settings = of_kind(rendered("everything"), "ConfigMap")["poles-settings"]["data"]
    assert settings["ICESTREAM_PLUGINS"] == "readers,foundation,snow-depth"
    assert settings["ICESTREAM_SETTLE_SECONDS"] == "900"
    assert settings["ICESTREAM_TICK_SECONDS"] == "0.5"
    assert settings["ICESTREAM_OUT"] == "/products"
    assert settings["ICESTREAM_TLS_CA"] == "/etc/icestream/tls/ca.crt"


def test_passwords_survive_their_urls() -> None:
    secret = of_kind(rendered("everything"), "Secret")["poles-rabbitmq"]["stringData"]
    assert secret["watcher"] == "amqps://icestream-watcher:w%40tch%2Fer@broker.example.org:5671/ice%2Fstream"
    assert secret["scaler"].startswith("https://icestream-scaler:s")
    assert secret.keys() == EVERYTHING["rabbitmq"]["passwords"].keys()


def test_a_new_secret_rolls_the_pods() -> None:
    def checksum(values: dict[str, Any]) -> str:
        gatherer = of_kind(render(values), "Deployment")["poles-gatherer"]
        return str(gatherer["spec"]["template"]["metadata"]["annotations"])

    rotated = EVERYTHING | {"database": {"existingSecret": "", "url": "postgresql://icestream:new@database/icestream"}}
    assert checksum(EVERYTHING) != checksum(rotated)
    assert checksum(EVERYTHING) == checksum(dict(EVERYTHING))


def test_nothing_but_metrics_is_reached_and_each_reaches_only_what_it_needs() -> None:
    policies = of_kind(rendered("everything"), "NetworkPolicy")
    closed = policies["poles"]["spec"]
    assert set(closed["policyTypes"]) == {"Ingress", "Egress"}
    assert [port["port"] for rule in closed["ingress"] for port in rule["ports"]] == ["metrics"]
    assert {port["port"] for rule in closed["egress"] for port in rule["ports"]} == {53}
    database = policies["poles-database"]["spec"]
    (chosen,) = database["podSelector"]["matchExpressions"]
    assert "worker" not in chosen["values"]
    assert "watcher" not in chosen["values"]
