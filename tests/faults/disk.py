"""A small disk that can be filled: a tmpfs of its own below a directory of the test."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path


class Disk:
    """A mounted tmpfs."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fill(self, seconds: float) -> None:
        """Leave no byte free for so long."""
        filler = self.path / ".filler"
        try:
            with filler.open("wb") as file:
                free = os.statvfs(self.path)
                with contextlib.suppress(OSError):
                    os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize)
                # What was freed meanwhile is taken too.
                with contextlib.suppress(OSError):
                    while True:
                        file.seek(0, os.SEEK_END)
                        file.write(b"\0" * 4096)
                        file.flush()
                time.sleep(seconds)
        except OSError:
            # Even the filler's own name found no room.
            time.sleep(seconds)
        finally:
            filler.unlink(missing_ok=True)

    @contextlib.contextmanager
    def nearly_full(self, share: float) -> Iterator[None]:
        """Have this share of it taken, within the block."""
        filler, room = self.path / ".filler", os.statvfs(self.path)
        with filler.open("wb") as file:
            free = room.f_bavail - (1 - share) * room.f_blocks
            os.posix_fallocate(file.fileno(), 0, int(free) * room.f_frsize)
        try:
            yield
        finally:
            filler.unlink()


@contextlib.contextmanager
def small_disk(path: Path, megabytes: int) -> Iterator[Disk | None]:
    """Mount a tmpfs of this size, and give it; None where this machine lets us mount nothing."""
    path.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(path)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        done = False
    if not done:
        yield None
        return
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], capture_output=True, check=False)
