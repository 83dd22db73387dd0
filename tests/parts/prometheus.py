"""A private Prometheus on loopback: it scrapes what a test tells it to, and evaluates the rules of the chart."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from parts.process import Server, free_ports, private_directory


def find_prometheus() -> Path | None:
    """Return the program `prometheus`, `promtool` beside it, or None where they are not installed."""
    server, tool = shutil.which("prometheus"), shutil.which("promtool")
    return Path(server) if server and tool else None


class PrivatePrometheus:
    """A Prometheus of our own.

    targets : of each job, ports on loopback by the name of their instance
    rules : rule files
    every : seconds between scrapes, and between evaluations
    """

    def __init__(self, targets: Mapping[str, Mapping[str, int]], rules: Sequence[Path], every: str = "1s") -> None:
        program = find_prometheus()
        if program is None:
            raise FileNotFoundError("Prometheus is not installed. Install it: apt-get install prometheus")
        (self.port,) = free_ports(1)
        directory = private_directory("prometheus")
        configuration = {
            "global": {"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": every},
            "rule_files": [str(path) for path in rules],
            "scrape_configs": [
                {
                    "job_name": job,
                    "static_configs": [
                        {"targets": [f"127.0.0.1:{port}"], "labels": {"instance": name}}
                        for name, port in instances.items()
                    ],
                }
                for job, instances in targets.items()
            ],
        }
        # JSON is YAML.
        (directory / "prometheus.yaml").write_text(json.dumps(configuration))
        command = [
            str(program),
            f"--config.file={directory}/prometheus.yaml",
            f"--storage.tsdb.path={directory}/data",
            f"--web.listen-address=127.0.0.1:{self.port}",
        ]
        self._server = Server(command, os.environ, directory / "server.log")

    def start(self) -> None:
        self._server.start(self._answers)

    def close(self) -> None:
        """End it for good; its data go with this process."""
        self._server.kill()

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the series that an expression gives now."""
        found: list[dict[str, Any]] = self._ask("query", query=expression)["result"]
        return found

    def range(self, expression: str, start: float, end: float, step: float) -> list[dict[str, Any]]:
        """Return the series that an expression gives from a time to another."""
        found: list[dict[str, Any]] = self._ask("query_range", query=expression, start=start, end=end, step=step)[
            "result"
        ]
        return found

    def firing(self) -> dict[str, list[dict[str, str]]]:
        """Return the labels of the alerts that fire, by alert."""
        found: dict[str, list[dict[str, str]]] = {}
        for alert in self._ask("alerts")["alerts"]:
            if alert["state"] == "firing":
                found.setdefault(alert["labels"]["alertname"], []).append(alert["labels"])
        return found

    def rules(self) -> list[dict[str, Any]]:
        """Return every rule with its health and its last error."""
        return [rule for group in self._ask("rules")["groups"] for rule in group["rules"]]

    def _ask(self, what: str, **parameters: object) -> Any:
        query = urllib.parse.urlencode({name: str(value) for name, value in parameters.items()})
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{what}?{query}", timeout=30) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from None

    def _answers(self) -> bool:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=1) as answer,
        ):
            return bool(answer.status == 200)
        return False
