"""The web server: uvicorn on a thread of its own, with bounds on what a client may hold up."""

from __future__ import annotations

import socket
import threading
import time
from typing import Final, Self

import uvicorn
from fastapi import FastAPI

from icestream_core.errors import SettingsError

MOST_AT_ONCE: Final = 500
KEEP_ALIVE_SECONDS: Final = 15
STOP_SECONDS: Final = 5
BACKLOG: Final = 512


class WebServer:
    """Use it as a context manager: it answers inside. The port is bound at once: one in use is told at start."""

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        """Bind the port; 0 takes any free one. Raises SettingsError where it cannot be had."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((host, port))
        except OSError as error:
            self._socket.close()
            raise SettingsError(f"the catalogue cannot listen on {host}:{port}: {error}; set catalogue_port") from None
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            proxy_headers=False,
            limit_concurrency=MOST_AT_ONCE,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=STOP_SECONDS,
            backlog=BACKLOG,
            h11_max_incomplete_event_size=128 * 1024,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="web", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(2 * STOP_SECONDS)
        self._socket.close()

    def ended(self) -> str | None:
        """Return what is wrong where it answers no more."""
        return None if self._thread.is_alive() else "the web server has ended"
