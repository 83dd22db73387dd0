"""Striking: what a fault of the schedule does to the machine, and what is mended after it."""

from __future__ import annotations

import contextlib
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import psutil

from faults.disk import Disk
from faults.feed import Feed
from faults.proxy import Proxy
from faults.schedule import Fault
from parts.postgresql import PrivatePostgreSQL
from parts.rabbitmq import PrivateRabbitMQ
from parts.stream import Stream

ORPHAN_SECONDS = 10.0
CHILD_SECONDS = 20.0
RECOVERY_SECONDS = 1.5
LANES = ThreadPoolExecutor(32, "lane")
"""The kernel ends what a thread has started when that thread ends: these live as long as this process does."""


class Machine:
    """Everything that can be struck.

    done : the faults that took place
    left_behind : processes that outlived the one that they belonged to
    """

    def __init__(
        self,
        running: Stream,
        rabbitmq: PrivateRabbitMQ,
        postgresql: PrivatePostgreSQL,
        paths: dict[str, Proxy],
        disk: Disk | None,
        feed: Feed,
    ) -> None:
        self.running, self.rabbitmq, self.postgresql = running, rabbitmq, postgresql
        self.paths, self.disk, self.feed = paths, disk, feed
        self.done: list[Fault] = []
        self.left_behind: list[str] = []
        self._broker_since = time.monotonic()
        self._does: dict[str, Callable[[Fault], bool | None]] = {
            "kill worker": self._kill,
            "kill gatherer": self._kill,
            "kill watcher": self._kill,
            "stop worker": self._stop,
            "stop gatherer": self._stop,
            "stop watcher": self._stop,
            "kill child": self._kill_child,
            "stop child": self._stop_child,
            "kill broker": self._kill_broker,
            "stop broker": lambda fault: self._pause(self.rabbitmq, fault.seconds),
            "alarm broker": self._alarm,
            "kill database": self._kill_database,
            "stop database": lambda fault: self._pause(self.postgresql, fault.seconds),
            "slow path": lambda fault: self._path(fault, lambda path: path.slow(0.05)),
            "cut path": lambda fault: self._path(fault, Proxy.cut),
            "hang path": lambda fault: self._path(fault, Proxy.hang),
            "full disk": lambda fault: self.disk.fill(fault.seconds) if self.disk else None,
            "duplicate": lambda _: self.feed.duplicate(),
            "reorder": lambda fault: self.feed.reorder(fault.seconds),
            "clock jump": lambda fault: self.feed.clock_jump(fault.seconds),
            "correction": lambda _: self.feed.correct(),
            "move": lambda _: self.feed.move(),
        }

    def strike(self, faults: Sequence[Fault]) -> None:
        """Carry the schedule out: each lane on a thread of its own, each fault when its time has come or soon after."""
        lanes: dict[str, list[Fault]] = defaultdict(list)
        for fault in faults:
            lanes[fault.lane].append(fault)
        begun = time.monotonic()
        for turn in [LANES.submit(self._lane, each, begun) for each in lanes.values()]:
            turn.result()

    def heal(self) -> None:
        """Mend what may still be broken."""
        for path in self.paths.values():
            path.heal()
        self.rabbitmq.resume()
        if not self.rabbitmq.server.running:
            self._start_broker()
        self.postgresql.resume()
        self.postgresql.ensure()

    def _lane(self, faults: Sequence[Fault], begun: float) -> None:
        for fault in faults:
            time.sleep(max(0.0, begun + fault.at - time.monotonic()))
            if self._does[fault.kind](fault) is not False:
                self.done.append(fault)

    def _kill(self, fault: Fault) -> None:
        children = psutil.Process(self.running.processes[fault.target].pid).children(recursive=True)
        self.running.kill(fault.target)
        self.running.restart(fault.target)
        _, alive = psutil.wait_procs(children, ORPHAN_SECONDS)
        self.left_behind += [f"{fault.target}: {' '.join(each.cmdline())[:100]}" for each in alive]

    def _stop(self, fault: Fault) -> None:
        process = psutil.Process(self.running.processes[fault.target].pid)
        process.suspend()
        time.sleep(fault.seconds)
        process.resume()

    def _kill_child(self, fault: Fault) -> bool:
        child = self._child(fault)
        if child is None:
            return False
        with contextlib.suppress(psutil.NoSuchProcess):
            child.send_signal(signal.SIGKILL)
        return True

    def _stop_child(self, fault: Fault) -> bool:
        child = self._child(fault)
        if child is None:
            return False
        with contextlib.suppress(psutil.NoSuchProcess):
            child.suspend()
            time.sleep(fault.seconds)
            child.resume()
        return True

    def _child(self, fault: Fault) -> psutil.Process | None:
        """Return a child of a worker, of one and the other in turn; None where there is none for long."""
        deadline = time.monotonic() + CHILD_SECONDS
        while time.monotonic() < deadline:
            for name in ("worker-1", "worker-2")[:: 1 if int(fault.at * 1000) % 2 else -1]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    worker = psutil.Process(self.running.processes[name].pid)
                    for child in reversed(worker.children()):
                        if "spawn_main" in " ".join(child.cmdline()):
                            return child
            time.sleep(0.05)
        return None

    def _kill_broker(self, fault: Fault) -> None:
        # Killed while it recovers, RabbitMQ 3.10 may hang in its next recovery; that is not ours to test.
        time.sleep(max(0.0, self._broker_since + RECOVERY_SECONDS - time.monotonic()))
        self.rabbitmq.kill()
        time.sleep(fault.seconds)
        self._start_broker()

    def _start_broker(self) -> None:
        self.rabbitmq.start()
        self._broker_since = time.monotonic()

    def _kill_database(self, fault: Fault) -> None:
        self.postgresql.kill()
        time.sleep(fault.seconds)
        self.postgresql.start()

    def _pause(self, server: PrivateRabbitMQ | PrivatePostgreSQL, seconds: float) -> None:
        server.pause()
        time.sleep(seconds)
        server.resume()

    def _alarm(self, fault: Fault) -> None:
        self.rabbitmq.ctl("set_vm_memory_high_watermark", "0.00001")
        time.sleep(fault.seconds)
        self.rabbitmq.ctl("set_vm_memory_high_watermark", "absolute", "1GB")

    def _path(self, fault: Fault, worsen: Callable[[Proxy], None]) -> None:
        path = self.paths[fault.target]
        worsen(path)
        time.sleep(fault.seconds)
        path.heal()
