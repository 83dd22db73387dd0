"""The watcher service: wiring. Directories, the collections that are installed, and a broker."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from icestream_core.collection import Collection
from icestream_core.errors import SettingsError
from icestream_core.granule import Mode
from icestream_core.plugins import load
from icestream_runtime.broker import Broker
from icestream_runtime.metrics import Metrics
from icestream_runtime.settings import Settings
from icestream_watcher.watcher import Watcher


def watcher(
    settings: Settings,
    directories: Sequence[Path],
    broker: Broker,
    collections: Sequence[Collection] = (),
    metrics: Metrics | None = None,
    mode: Mode = "forward",
) -> Watcher:
    """Return a watcher, wired.

    collections : all that are installed where empty
    mode : reprocessing for a backfill, which never delays new passes
    Raises SettingsError for a directory that is none.
    """
    if missing := [str(directory) for directory in directories if not directory.is_dir()]:
        raise SettingsError(f"{', '.join(missing)} is no directory; make it, or name another one to watch")
    return Watcher(
        directories,
        collections or list(load(settings.plugins).collections.values()),
        broker,
        metrics or Metrics(),
        settings.stable_seconds,
        settings.rescan_seconds,
        mode,
    )


def run(
    settings: Settings,
    directories: Sequence[Path],
    stop: threading.Event,
    broker: Broker,
    metrics: Metrics | None = None,
    mode: Mode = "forward",
) -> None:
    """Watch directories until `stop` is set."""
    watcher(settings, directories, broker, metrics=metrics, mode=mode).run(stop)
