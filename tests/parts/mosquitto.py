"""A private MQTT broker on loopback: mosquitto."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

from parts.process import Server, free_ports, private_directory

HOMES = ("/usr/sbin/mosquitto", "/opt/homebrew/sbin/mosquitto")


def find_mosquitto() -> Path | None:
    """Return the program, or None where it is not installed."""
    found = shutil.which("mosquitto")
    return Path(found) if found else next((Path(home) for home in HOMES if Path(home).exists()), None)


class PrivateMosquitto:
    """Takes everybody; keeps sessions while it lives."""

    def __init__(self) -> None:
        directory = private_directory("mosquitto")
        (self.port,) = free_ports(1)
        settings = directory / "mosquitto.conf"
        settings.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
        program = find_mosquitto()
        assert program is not None
        self._server = Server([str(program), "-c", str(settings)], dict(os.environ), directory / "log")

    def start(self) -> None:
        self._server.start(self._answers)

    def close(self) -> None:
        self._server.kill()

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True
