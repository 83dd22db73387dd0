"""A server as a child process on loopback that cannot outlive the tests."""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import psutil

DIRECTORY = re.compile(r"icestream-(?P<part>[a-z]+)-(?P<pid>\d+)-")
IDLE_SHARE = 0.03
"""Who computes less than this share of the time does nothing but wait."""


def free_ports(count: int) -> list[int]:
    """Return ports on loopback that nobody listens on now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def private_directory(part: str) -> Path:
    """Make a directory that goes when this process does, and remove those of runs that were killed."""
    for old in Path(tempfile.gettempdir()).glob(f"icestream-{part}-*"):
        owner = DIRECTORY.match(old.name)
        if owner and not psutil.pid_exists(int(owner["pid"])):
            shutil.rmtree(old, ignore_errors=True)
    directory = Path(tempfile.mkdtemp(prefix=f"icestream-{part}-{os.getpid()}-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return directory


class Server:
    """One process and its children: started, killed as a whole, stopped and continued as a whole.

    The kernel kills the process when ours dies (PDEATHSIG, by setpriv), so that a killed pytest leaves nothing behind.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        user: str | None = None,
        *,
        first: bool = False,
    ) -> None:
        """Take note of everything.

        first : whether it goes before others on this machine, where we may say so; elsewhere it has one of its own
        """
        drop = ["--reuid", user, "--regid", user, "--init-groups"] if user else []
        ahead = ["nice", "-n", "-10"] if first and os.getuid() == 0 else []
        self.command = ["setpriv", *drop, "--pdeathsig", "KILL", "--", *ahead, *command]
        self.environment = dict(environment)
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None
        atexit.register(self.kill)

    def start(self, answers: Callable[[], bool], timeout: float = 180, idle_seconds: float | None = None) -> None:
        """Start and return once it answers.

        idle_seconds : as long as it computes nothing and does not answer, it hangs
        Raises RuntimeError with the end of its log when it dies first, TimeoutError when it never answers.
        """
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=self.environment,
                cwd=self.log.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.wait(answers, timeout, idle_seconds)

    def wait(self, answers: Callable[[], bool], timeout: float, idle_seconds: float | None = None) -> None:
        """Return once it answers; raises as `start` does."""
        assert self.process is not None, "start it first"
        give_up = time.monotonic() + timeout
        computed, since = 0.0, time.monotonic()
        while not answers():
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.command[-1]} ended with {self.process.returncode}:\n{self.last_words()}")
            if time.monotonic() > give_up:
                self.kill()
                raise TimeoutError(f"{self.command[-1]} did not answer in {timeout:g} s:\n{self.last_words()}")
            now = self._computed()
            if now - computed > IDLE_SHARE * (time.monotonic() - since):
                computed, since = now, time.monotonic()
            elif idle_seconds is not None and time.monotonic() - since > idle_seconds:
                self.kill()
                raise TimeoutError(f"{self.command[-1]} hung for {idle_seconds:g} s:\n{self.last_words()}")
            time.sleep(0.05)

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """SIGKILL the process and every child at once, as a lost machine would; return when all have gone."""
        family = list(self._family())
        for each in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
        if self.process is not None:
            self.process.wait(10)
        while any(_lives(each) for each in family):
            time.sleep(0.01)

    def pause(self) -> None:
        """SIGSTOP everything: the sockets stay open, nothing answers."""
        for each in self._family():
            with contextlib.suppress(psutil.NoSuchProcess):
                each.suspend()

    def resume(self) -> None:
        for each in self._family():
            with contextlib.suppress(psutil.NoSuchProcess):
                each.resume()

    def last_words(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])

    def _computed(self) -> float:
        """Return how long it has computed, s; nought where it is gone."""
        with contextlib.suppress(psutil.NoSuchProcess):
            times = psutil.Process(self.process.pid).cpu_times() if self.process else None
            return times.user + times.system + times.children_user + times.children_system if times else 0.0
        return 0.0

    def _family(self) -> Iterator[psutil.Process]:
        # By descent, not by process group: PostgreSQL's children each lead a group of their own.
        if self.running and self.process is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                head = psutil.Process(self.process.pid)
                yield head
                yield from head.children(recursive=True)


def _lives(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        # Its number may be another's by now.
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
