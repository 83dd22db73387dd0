"""See that the tests find the programs that they run against; as root on Debian or Ubuntu, install what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from parts.chromium import find_chromium
from parts.faketime import find_faketime
from parts.images import find_buildah, find_mmdebstrap
from parts.mosquitto import find_mosquitto
from parts.postgresql import find_postgresql
from parts.prometheus import find_prometheus
from parts.rabbitmq import find_rabbitmq


class Part(NamedTuple):
    """A program that tests run against.

    find : tells whether it is here
    package : of Debian
    instead : the variable that points the tests at one that runs elsewhere, where that is possible
    """

    name: str
    find: Callable[[], object]
    package: str
    instead: str = ""


PARTS = (
    Part("RabbitMQ", find_rabbitmq, "rabbitmq-server", "ICESTREAM_TEST_AMQP_URL"),
    Part("PostgreSQL", find_postgresql, "postgresql", "ICESTREAM_TEST_POSTGRES_URL"),
    Part("mosquitto", find_mosquitto, "mosquitto"),
    Part("Prometheus", find_prometheus, "prometheus"),
    Part("faketime", find_faketime, "faketime"),
    Part("Chromium", find_chromium, "chromium"),
    Part("buildah", find_buildah, "buildah"),
    Part("mmdebstrap", find_mmdebstrap, "mmdebstrap"),
)

ADVICE = """\
The tests run against real programs, and this machine lacks: {names}.
Install them (each test run starts private ones of its own, no service needs to run):
    sudo apt-get install --no-install-recommends {packages}
RabbitMQ and PostgreSQL may run in containers instead:
    docker compose -f docker/compose.yaml up -d --wait
    export ICESTREAM_TEST_AMQP_URL=amqp://guest:guest@localhost:5672/
    export ICESTREAM_TEST_POSTGRES_URL=postgresql://icestream:icestream@localhost:5432/icestream
"""


def main() -> int:
    missing = [part for part in PARTS if not part.find() and part.instead not in os.environ]
    if not missing:
        return 0
    packages = [part.package for part in missing]
    if os.getuid() != 0 or not shutil.which("apt-get"):
        names = ", ".join(part.name for part in missing)
        sys.stderr.write(ADVICE.format(names=names, packages=" ".join(packages)))
        return 1
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], check=True, env=quiet)
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    subprocess.run(command, check=True, env=quiet)
    return 0


if __name__ == "__main__":
    sys.exit(main())
