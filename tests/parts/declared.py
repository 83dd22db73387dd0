"""Processes as chart and compose file declare them, started on this machine: the same words, the same variables.

What only a cluster has is replaced: an image by the installed package of its name, a volume by a directory, a pod's own
address by a port of its own.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from helm.rendered import environment, of_kind
from parts.process import Server, free_ports

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker" / "compose.yaml"


@dataclass(frozen=True)
class Declared:
    """One container.

    image : its name without registry, tag and `icestream-`
    words : what stands in place of the image's own entry point, or is given to it
    mounts : volumes by the path inside
    """

    name: str
    image: str
    variables: Mapping[str, str]
    words: Sequence[str] = ()
    instead: bool = False
    mounts: Mapping[str, str] = field(default_factory=dict)

    def command(self) -> list[str]:
        """Return how it is started with what is installed here."""
        if self.instead:
            first, *rest = self.words
            return [sys.executable, *rest] if first == "python" else [sys.executable, "-m", f"{first}_cli", *rest]
        service = self.image.partition("-")[0]
        return [sys.executable, "-m", f"icestream_{service}", *self.words]


def of_chart(objects: list[dict[str, Any]], secrets: Mapping[str, Any]) -> tuple[list[Declared], list[Declared]]:
    """Return jobs, in the order in which Helm runs them, and services."""

    def declared(name: str, spec: dict[str, Any]) -> Declared:
        (container,) = spec["containers"]
        image = re.search(r"/icestream-([^:/]+):", container["image"])
        assert image
        return Declared(
            name,
            image[1],
            environment(objects, container, dict(secrets)),
            container.get("command") or container.get("args", ()),
            "command" in container,
            {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]},
        )

    def order(job: dict[str, Any]) -> tuple[bool, int]:
        notes = job["metadata"]["annotations"]
        return notes["helm.sh/hook"].startswith("post"), int(notes["helm.sh/hook-weight"])

    jobs = sorted(of_kind(objects, "Job").values(), key=order)
    return (
        [declared(job["metadata"]["name"], job["spec"]["template"]["spec"]) for job in jobs],
        [declared(name, each["spec"]["template"]["spec"]) for name, each in of_kind(objects, "Deployment").items()],
    )


def of_compose() -> tuple[list[Declared], list[Declared]]:
    """Return jobs and services of the compose file that are icestream's own."""
    file = yaml.safe_load(COMPOSE.read_text("utf-8"))
    jobs, services = [], []
    for name, each in file["services"].items():
        if "build" not in each:
            continue
        words = each.get("entrypoint") or each.get("command", ())
        volumes = [volume.rsplit(":", 2)[-2] for volume in each.get("volumes", ())]
        mounts = {path: path.strip("/") for path in volumes} | {"/data": "data", "/tmp": "tmp"}
        one = Declared(
            name, each["image"].removeprefix("icestream-"), each["environment"], words, "entrypoint" in each, mounts
        )
        (jobs if one.instead else services).append(one)
    return jobs, services


class Running:
    """Declared processes on this machine.

    places : addresses that are others here, such as `rabbitmq:5672`, by what stands in the declaration
    shared : directories by the path inside, for volumes that several see
    """

    def __init__(self, root: Path, places: Mapping[str, str], shared: Mapping[str, Path], **settings: object) -> None:
        self._root, self._places, self._shared = root, places, shared
        self._settings = {f"ICESTREAM_{name.upper()}": str(value) for name, value in settings.items()}
        self.ports: dict[str, int] = {}
        self.web: dict[str, int] = {}
        self._servers: dict[str, Server] = {}

    def job(self, declared: Declared) -> str:
        """Run it to its end and return what it says; raises AssertionError where it fails."""
        done = subprocess.run(
            self._command(declared),
            env=self._environment(declared),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{declared.name}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def start(self, *several: Declared) -> None:
        """Start services, and return when each says that it is ready."""
        for declared in several:
            self.ports[declared.name], self.web[declared.name] = free_ports(2)
            variables = self._environment(declared) | {"ICESTREAM_METRICS_PORT": str(self.ports[declared.name])}
            if "ICESTREAM_CATALOGUE_PORT" in variables:
                variables["ICESTREAM_CATALOGUE_PORT"] = str(self.web[declared.name])
            command = self._command(declared)
            server = Server(command, variables, self._root / f"{declared.name}.log")
            self._servers[declared.name] = server
            server.start(lambda: True)
        for declared in several:
            self._servers[declared.name].wait(lambda port=self.ports[declared.name]: answers(port), 90)

    def stop(self) -> dict[str, int]:
        """SIGTERM all and return their exit codes."""
        for server in self._servers.values():
            if server.process is not None:
                server.process.terminate()
        return {name: server.process.wait(60) for name, server in self._servers.items() if server.process is not None}

    def close(self) -> None:
        for server in self._servers.values():
            server.kill()

    def log(self, name: str) -> str:
        return (self._root / f"{name}.log").read_text("utf-8", "replace")

    def _environment(self, declared: Declared) -> dict[str, str]:
        bare = {name: value for name, value in os.environ.items() if not name.startswith(("ICESTREAM_", "AWS_"))}
        given = {name: self._here(declared, str(value)) for name, value in declared.variables.items()}
        return bare | given | self._settings

    def _command(self, declared: Declared) -> list[str]:
        # The interpreter is of this machine, wherever it lies; the words are the declaration's.
        interpreter, *words = declared.command()
        return [interpreter, *(self._here(declared, word) for word in words)]

    def _here(self, declared: Declared, text: str) -> str:
        """Return a word or value with paths and addresses as they are on this machine."""
        for declared_place, place in self._places.items():
            text = text.replace(declared_place, place)
        for inside, volume in declared.mounts.items():
            if text == inside or text.startswith(f"{inside}/"):
                directory = self._shared.get(inside, self._root / declared.name / volume)
                directory.mkdir(parents=True, exist_ok=True)
                return str(directory) + text.removeprefix(inside)
        return text


def answers(port: int) -> bool:
    """Tell whether the service of this metrics port is ready."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
            return True
    except OSError:
        return False
