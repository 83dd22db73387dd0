"""See that the tests find a RabbitMQ and a PostgreSQL; as root on Debian or Ubuntu, install what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from parts.postgresql import find_postgresql
from parts.rabbitmq import find_rabbitmq

ADVICE = """\
The tests run against a real RabbitMQ and a real PostgreSQL, and this machine lacks: {names}.
Either install them (each test run starts private ones of its own, no service needs to run):
    sudo apt-get install --no-install-recommends {packages}
or start both in containers and point the tests at them:
    docker compose -f docker/compose.yaml up -d --wait
    export ICESTREAM_TEST_AMQP_URL=amqp://guest:guest@localhost:5672/
    export ICESTREAM_TEST_POSTGRES_URL=postgresql://icestream:icestream@localhost:5432/icestream
"""


def main() -> int:
    missing = {}
    if not find_rabbitmq() and "ICESTREAM_TEST_AMQP_URL" not in os.environ:
        missing["RabbitMQ"] = "rabbitmq-server"
    if not find_postgresql() and "ICESTREAM_TEST_POSTGRES_URL" not in os.environ:
        missing["PostgreSQL"] = "postgresql"
    if not missing:
        return 0
    if os.getuid() != 0 or not shutil.which("apt-get"):
        sys.stderr.write(ADVICE.format(names=" and ".join(missing), packages=" ".join(missing.values())))
        return 1
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], check=True, env=quiet)
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing.values()]
    subprocess.run(command, check=True, env=quiet)
    return 0


if __name__ == "__main__":
    sys.exit(main())
