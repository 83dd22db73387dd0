"""A stream of real processes: watcher, gatherers and workers as an operator starts them, and what tests ask of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from icestream_core.errors import LedgerError
from icestream_runtime.ledger import open_ledger
from icestream_runtime.ledger.contract import Ledger, SlotRow

TALLY = Path(__file__).parent / "tally"
"""The third party's plugin of the tests: on the path of every process that is started with `tally=True`."""


class Stream:
    """Starts processes of `icestream` with one environment, and looks at the ledger to see how far they are.

    root : everything is written below it: watched/, out/, logs/
    settings : ICESTREAM_* by their lower-case names
    """

    def __init__(self, root: Path, amqp_url: str, ledger_url: str, *, tally: bool = False, **settings: object) -> None:
        self.root, self.out, self.watched, self.logs = root, root / "out", root / "watched", root / "logs"
        for directory in (self.out, self.watched, self.logs):
            directory.mkdir(parents=True, exist_ok=True)
        given = {"settle_seconds": 2, "tick_seconds": 0.2, "backoff_seconds": 0.5, "grace_seconds": 20, **settings}
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ICESTREAM_")},
            "ICESTREAM_AMQP_URL": amqp_url,
            "ICESTREAM_LEDGER_URL": ledger_url,
            "ICESTREAM_OUT": str(self.out),
            "ICESTREAM_LOG_FORMAT": "json",
            **{f"ICESTREAM_{name.upper()}": str(value) for name, value in given.items()},
        }
        if tally:
            self.environment["PYTHONPATH"] = str(TALLY)
        self.ledger_url = ledger_url
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._commands: dict[str, tuple[Sequence[str], Sequence[str]]] = {}
        self._ledger: Ledger | None = None

    @property
    def ledger(self) -> Ledger:
        if self._ledger is None:
            self._ledger = open_ledger(self.ledger_url)
        return self._ledger

    def command(self, *words: str) -> str:
        """Run an icestream command to its end and return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "icestream_cli", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, (
            f"icestream {' '.join(words)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        )
        return done.stdout

    def start(self, name: str, *words: str, under: Sequence[str] = ()) -> subprocess.Popen[bytes]:
        """Start a service under a name; its log goes to logs/<name>.log.

        under : a command that runs the command that follows it, such as `env`
        """
        self._commands[name] = words, under
        with (self.logs / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                # The kernel kills it when the test is killed: nothing is left behind.
                ["setpriv", "--pdeathsig", "KILL", "--", *under, sys.executable, "-m", "icestream_cli", *words],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.processes[name] = process
        return process

    def kill(self, name: str) -> None:
        """SIGKILL one process, its children apart: they must go by themselves."""
        process = self.processes[name]
        process.send_signal(signal.SIGKILL)
        process.wait(10)

    def restart(self, name: str) -> None:
        words, under = self._commands[name]
        self.start(name, *words, under=under)

    def stop(self) -> dict[str, int]:
        """SIGTERM all, watcher first, and return exit codes; what does not stop in its grace is killed and shows so."""
        order = sorted(self.processes, key=lambda name: not name.startswith("watch"))
        for name in order:
            if self.processes[name].poll() is None:
                self.processes[name].terminate()
        codes = {}
        for name in order:
            try:
                codes[name] = self.processes[name].wait(40)
            except subprocess.TimeoutExpired:
                self._kill_group(name)
                codes[name] = -signal.SIGKILL
        return codes

    def close(self) -> None:
        """Leave nothing behind."""
        for name, process in self.processes.items():
            if process.poll() is None:
                self._kill_group(name)
        if self._ledger is not None:
            self._ledger.close()

    def wait_until_ready(self, timeout: float = 90.0) -> None:
        """Wait until every worker that was started has its queues: then its products are registered."""
        workers = [name for name in self.processes if name.startswith("worker")]
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            self._assert_alive()
            texts = [(self.logs / f"{name}.log").read_text(errors="replace") for name in workers]
            if all('"event": "ready"' in text for text in texts):
                return
            time.sleep(0.2)
        raise AssertionError(f"workers are not ready after {timeout} s: {workers}")

    def rows(self) -> list[SlotRow]:
        return self.ledger.slots(limit=100_000)

    def wait_until_quiet(self, timeout: float, quiet_seconds: float = 3.0, least_made: int = 1) -> list[SlotRow]:
        """Wait until nothing is tasked or due, for a while, and return the slots.

        Raises AssertionError that says what is still going on.
        """
        deadline, quiet_since = time.monotonic() + timeout, None
        busy: dict[str, Any] = {}
        while time.monotonic() < deadline:
            self._assert_alive()
            try:
                rows, soon = self.rows(), self.ledger.clock().timestamp() + 60
                unannounced = len(self.ledger.to_announce(limit=10))
            except LedgerError:
                time.sleep(0.2)
                continue
            busy = {
                "tasked": [row.slot.key for row in rows if row.state == "tasked"][:5],
                "due": [row.slot.key for row in rows if row.due_at and row.due_at.timestamp() < soon][:5],
                "unannounced": unannounced,
                "made": sum(row.state in ("made", "void") for row in rows),
            }
            if busy["tasked"] or busy["due"] or busy["unannounced"] or busy["made"] < least_made:
                quiet_since = None
            elif quiet_since is None:
                quiet_since = time.monotonic()
            elif time.monotonic() - quiet_since >= quiet_seconds:
                return rows
            time.sleep(0.25)
        raise AssertionError(
            f"the stream is not quiet after {timeout} s: {busy}; {Counter(row.state for row in self.rows())}"
        )

    def log(self, event: str) -> Iterator[dict[str, Any]]:
        """Return the log lines of an event, of all processes."""
        for path in sorted(self.logs.glob("*.log")):
            for line in path.read_text(errors="replace").splitlines():
                if line.startswith("{"):
                    entry = json.loads(line)
                    if entry.get("event") == event:
                        yield entry

    def _assert_alive(self) -> None:
        for name, process in self.processes.items():
            code = process.poll()
            if code not in (None, -signal.SIGKILL):
                tail = (self.logs / f"{name}.log").read_text(errors="replace")[-2000:]
                raise AssertionError(f"{name} ended with {code}:\n{tail}")

    def _kill_group(self, name: str) -> None:
        process = self.processes[name]
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        process.wait(10)


@contextmanager
def stream(root: Path, amqp_url: str, ledger_url: str, **settings: Any) -> Iterator[Stream]:
    """Give a stream whose ledger is migrated and whose topology is applied; nothing of it outlives the block."""
    running = Stream(root, amqp_url, ledger_url, **settings)
    try:
        open_ledger(ledger_url, migrate=True).close()
        running.command("topology", "apply")
        yield running
    finally:
        running.close()
